// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/planned.hpp>
#include <ocikit/lsm/labels.hpp>
#include <ocikit/lsm/steps.hpp>

namespace ocikit::lsm {

/// The write of `one`, asked for by the value at `where`; none where it names no file. Pure.
[[nodiscard]] inline step_list<step> plan_attribute(const attribute& one, std::string where, text_pool& texts) {
  if (one.file.empty()) return {};
  const write_attribute write{texts.keep("thread-self/attr/" + one.file), texts.keep(one.text),
                              texts.keep(one.failure)};
  return {{write, std::move(where)}};
}

/// What takes back `one` when the thing that it was for is made. Pure. See: proc_pid_attr(5), "keycreate".
[[nodiscard]] inline step_list<step> plan_reset(attribute one, std::string where, text_pool& texts) {
  one.text.clear();
  return plan_attribute(one, std::move(where), texts);
}

}  // namespace ocikit::lsm
