// SPDX-License-Identifier: Apache-2.0
//
// The v1 hierarchies of this host, and where the calling process is in them.
#pragma once

#include <fcntl.h>

#include <string>
#include <string_view>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/cgroups/driver.hpp>
#include <ocikit/cgroups/location.hpp>
#include <ocikit/cgroups/mounts_v1.hpp>
#include <ocikit/cgroups/tree.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::cgroups {

/// The hierarchies that are mounted, and the unified one of a hybrid host.
/// Errors: unsupported when there is none; system.
[[nodiscard]] inline result<std::vector<hierarchy>> read_hierarchies(const host_paths& host) {
  const unique_fd file = OCIKIT_TRY(sys::openat(sys::at_fdcwd, host.proc_self + "/mountinfo", O_RDONLY));
  auto found = parse_hierarchies(OCIKIT_TRY(sys::read_all(file, detail::longest_file)), host.cgroups + "/unified");
  // Without permission a file system may still be there; v2 alone is what has no hierarchies.
  if (found.empty()) return tl::unexpected(error::unsupported("no cgroup v1 hierarchy is mounted"));
  return found;
}

/// The caller's own cgroups, a line for each hierarchy. Errors: system.
[[nodiscard]] inline result<std::vector<own_cgroup>> read_own_cgroups(const host_paths& host) {
  return parse_proc_cgroup(OCIKIT_TRY(read_file(sys::at_fdcwd, host.proc_self + "/cgroup")));
}

/// The caller's own cgroup in a hierarchy, below its mount point. Pure.
[[nodiscard]] inline std::string own_place(const hierarchy& h, const std::vector<own_cgroup>& own) {
  for (const auto& line : own) {
    const bool here = h.unified ? line.controllers.empty() : line.controllers == h.keys;
    if (!here) continue;
    std::string_view path{line.path};
    if (h.root != "/" && path.starts_with(h.root)) path.remove_prefix(h.root.size());
    return clean_path(path);
  }
  return "";
}

/// The caller's own cgroups by their absolute paths, keyed as `driver::paths` does. Errors: as `read_hierarchies`.
[[nodiscard]] inline result<path_map> read_own_paths(const host_paths& host = {}) {
  const auto own = OCIKIT_TRY(read_own_cgroups(host));
  path_map out;
  for (const hierarchy& h : OCIKIT_TRY(read_hierarchies(host))) {
    const std::string place = own_place(h, own);
    for (const std::string& key : h.keys) out.emplace_back(key, h.mount_point + (place.empty() ? "" : "/" + place));
  }
  return out;
}

}  // namespace ocikit::cgroups
