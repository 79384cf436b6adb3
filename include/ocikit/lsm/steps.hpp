// SPDX-License-Identifier: Apache-2.0
//
// The one step of this domain. Plain data: no allocation, nothing of the C++ runtime, fit for the container's init.
#pragma once

#include <string_view>
#include <tuple>
#include <variant>

#include <ocikit/base/members.hpp>
#include <ocikit/base/zstring_view.hpp>

namespace ocikit::lsm {

/// Writes `text` to the file `path` of a procfs: one of the calling thread's own, below thread-self/attr. `failure`
/// tells people what the kernel's refusal means. See: proc_pid_attr(5).
struct write_attribute {
  static constexpr std::string_view name = "set a security attribute";
  zstring_view path = {};
  zstring_view text = {};
  zstring_view failure = {};
  static constexpr auto members =
      std::make_tuple(member{"path", &write_attribute::path}, member{"text", &write_attribute::text},
                      member{"failure", &write_attribute::failure});
  bool operator==(const write_attribute&) const = default;
};

using step = std::variant<write_attribute>;

}  // namespace ocikit::lsm
