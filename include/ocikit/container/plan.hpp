// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <ocikit/base/planned.hpp>
#include <ocikit/container/steps.hpp>

namespace ocikit::container {

/// Who takes a step.
enum class actor : std::uint8_t {
  runtime,  ///< this process, on the host's side
  init,     ///< the container's first process, with the container's view
};

/// One step of a plan: what, by whom, and the JSON pointer of the config value that asked for it.
struct plan_step {
  step what;
  std::string where;
  actor by = actor::init;
};

/// Everything that happens from a config to a started container, in order. Its steps borrow from the config that it
/// was made from, which must outlive it, and from `texts`.
struct plan {
  std::vector<plan_step> steps;
  text_pool texts;
  std::uint32_t slots = 0;            ///< how many descriptors steps hand to each other
  std::uint32_t hook_output = 0;      ///< the slot, plus one, of what the init's hooks write to; 0: into its report
  std::uint32_t hook_errors = 0;      ///< the same for their standard error
  std::vector<std::string> warnings;  ///< for people; nothing is left out silently

  /// Adds one step.
  void add(actor by, step what, std::string where = {}) { steps.push_back({std::move(what), std::move(where), by}); }
  /// Adds the steps of a domain.
  template <class Step>
  void add(actor by, step_list<Step> list) {
    for (planned<Step>& one : list)
      std::visit([&](auto& what) { add(by, step{std::move(what)}, std::move(one.where)); }, one.what);
  }
};

}  // namespace ocikit::container
