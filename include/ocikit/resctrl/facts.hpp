// SPDX-License-Identifier: Apache-2.0
//
// What the resource control file system of a host offers.
#pragma once

#include <linux/magic.h>

#include <string>
#include <string_view>

#include <ocikit/base/zstring_view.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::resctrl {

/// Where the kernel makes a mount point for it. See: kernel filesystems/resctrl.rst.
inline constexpr zstring_view usual_root = "/sys/fs/resctrl";

/// A mounted resctrl file system; the defaults are a host without one.
struct facts {
  std::string root = {};              ///< where it is mounted; empty: nowhere
  bool cache_allocation = false;      ///< of the third level: Intel's CAT
  bool bandwidth_allocation = false;  ///< of memory: Intel's MBA
  bool monitoring = false;            ///< of any resource
  [[nodiscard]] bool mounted() const noexcept { return !root.empty(); }
  bool operator==(const facts&) const = default;
};

/// The facts of the tree at `root`, whatever file system it is on: those that its folder `info` shows.
[[nodiscard]] inline facts read_facts(zstring_view root) {
  const auto has = [&](std::string_view name) {
    struct ::statx found {};
    const std::string path = std::string{root} + "/info/" + std::string{name};
    return !sys::raw::failed(sys::raw::statx(AT_FDCWD, path.c_str(), 0, STATX_TYPE, found));
  };
  return {.root = std::string{root},
          .cache_allocation = has("L3"),
          .bandwidth_allocation = has("MB"),
          .monitoring = has("L3_MON")};
}

/// The facts of `root` if a resctrl file system is mounted there; else those of a host without one.
/// Since: Linux 4.10; monitoring 4.14.
[[nodiscard]] inline facts probe_facts(zstring_view root = usual_root) {
  struct ::statfs found {};
  const auto r = sys::raw::call(SYS_statfs, root.c_str(), &found);
  if (sys::raw::failed(r) || found.f_type != RDTGROUP_SUPER_MAGIC) return {};
  return read_facts(root);
}

}  // namespace ocikit::resctrl
