// SPDX-License-Identifier: Apache-2.0
//
// A container's resctrl groups, by its state.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/container/state.hpp>
#include <ocikit/resctrl/execute.hpp>

namespace ocikit::container {

/// Puts one more process into the groups. Where they are gone the container is in the group above, and the process
/// stays where it is: in the root group. Errors: system.
[[nodiscard]] inline result<void> join_resctrl_groups(const state& of, pid_t pid) {
  if (of.intel_rdt_path.empty()) return {};
  auto joined = resctrl::execute(resctrl::join_group{of.intel_rdt_path, of.ocikit.resctrl_monitor}, pid);
  if (!joined && joined.error().code() == ENOENT) return {};
  return joined.map_error([](error e) { return std::move(e).at("/linux/intelRdt"); });
}

/// Removes the groups that were made for the container alone; what the config names by closID is for others too, and
/// stays. None there is fine. Errors: system.
[[nodiscard]] inline result<void> remove_resctrl_groups(const state& of) {
  if (!of.ocikit.resctrl_monitor.empty()) OCIKIT_TRY(resctrl::remove_group(of.ocikit.resctrl_monitor));
  if (!of.ocikit.owns_resctrl_group) return {};
  return resctrl::remove_group(of.intel_rdt_path);
}

}  // namespace ocikit::container
