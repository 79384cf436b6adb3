// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/cgroups/driver.hpp>
#include <ocikit/cgroups/location.hpp>
#include <ocikit/cgroups/mounts_v1.hpp>
#include <ocikit/cgroups/own_v1.hpp>
#include <ocikit/cgroups/tree.hpp>

namespace ocikit::cgroups {

/// The open directories of a container's cgroup, by what `driver::paths` told when it was made: for those who look at
/// its files and need no driver. Each is opened below the root of its hierarchy, whose file system is checked.
class directories {
 public:
  /// Errors: state for a path outside of its hierarchy; unsupported when something else is mounted there; system:
  /// ENOENT when the whole cgroup is gone. One that was never made (`paths` is empty) has no directories.
  [[nodiscard]] static result<directories> open(const path_map& paths, const host_paths& host = {}) {
    directories out;
    out.unified_ = is_unified(paths);
    const auto hierarchies =
        paths.empty() || out.unified_ ? std::vector<hierarchy>{} : OCIKIT_TRY(read_hierarchies(host));
    for (const auto& [key, path] : paths) {
      const auto mounted = std::ranges::find_if(hierarchies, [&, k = key](const hierarchy& h) { return h.has(k); });
      if (!out.unified_ && mounted == hierarchies.end()) continue;  // unmounted since
      const bool v2 = out.unified_ || mounted->unified;
      auto dir = open_one(path, out.unified_ ? host.cgroups : mounted->mount_point,
                          host.verify_magic ? (v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC) : 0);
      if (!dir && dir.error().code() == ENOENT) continue;
      if (!dir) return tl::unexpected(std::move(dir).error());
      out.open_.emplace_back(key, *std::move(dir));
    }
    if (!paths.empty() && out.open_.empty())
      return tl::unexpected(
          error::from_errno(ENOENT, "the container's cgroup " + paths.front().second.substr(0, 4096)));
    return out;
  }

  /// Whether such paths are those of cgroup v2; else they are of v1, perhaps with the unified hierarchy beside it.
  [[nodiscard]] static bool is_unified(const path_map& paths) {
    return paths.size() == 1 && paths.front().first.empty();
  }
  [[nodiscard]] bool is_unified() const noexcept { return unified_; }

  /// Where the files of `controller` are; on v2 all are in one place. Not open when there is none.
  [[nodiscard]] fd_view find(std::string_view controller) const {
    const auto found =
        std::ranges::find(open_, unified_ ? std::string_view{} : controller, &std::pair<std::string, unique_fd>::first);
    return found == open_.end() ? fd_view{} : found->second.view();
  }

 private:
  [[nodiscard]] static result<unique_fd> open_one(const std::string& path, const std::string& mount_point, long magic) {
    if (!path.starts_with(mount_point + "/"))
      return tl::unexpected(
          error::state("the saved cgroup \"" + path.substr(0, 256) + "\" is not below " + mount_point));
    OCIKIT_TRY(check_cgroups_path(path));
    const unique_fd root = OCIKIT_TRY(sys::openat(sys::at_fdcwd, mount_point, O_PATH | O_DIRECTORY));
    if (magic != 0) OCIKIT_TRY(detail::check_magic(root, magic));
    return open_below(root, clean_path(path.substr(mount_point.size())), O_PATH | O_DIRECTORY);
  }

  std::vector<std::pair<std::string, unique_fd>> open_;
  bool unified_ = false;
};

}  // namespace ocikit::cgroups
