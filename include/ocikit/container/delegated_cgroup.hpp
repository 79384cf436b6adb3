// SPDX-License-Identifier: Apache-2.0
//
// A cgroup below the container's that its root may manage: the annotation `run.oci.delegate-cgroup`, for cgroup v2.
#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// Makes the cgroup at `path`, hands what cgroups(7) names to `owner` and `group`, moves the process `pid` into it and
/// lets it have every controller of the cgroup above, which has no process of its own then. Errors: system.
/// Since: Linux 4.5. See: cgroups(7), "Delegation"; kernel admin-guide/cgroup-v2.rst, "Delegation".
[[nodiscard]] inline result<void> delegate(zstring_view path, uid_t owner, gid_t group, pid_t pid) {
  constexpr std::size_t longest = 4096;
  OCIKIT_TRY(sys::mkdirat(sys::at_fdcwd, path, 0755));
  const unique_fd made = OCIKIT_TRY(sys::openat(sys::at_fdcwd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  OCIKIT_TRY(sys::write_all(OCIKIT_TRY(sys::openat(made, "cgroup.procs", O_WRONLY)), std::to_string(pid)));
  const std::string controllers = OCIKIT_TRY(sys::read_file(made, "../cgroup.controllers", longest));
  std::string wanted;
  for (std::string_view rest = controllers; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find_first_of(" \n"));
    if (!name.empty()) wanted += (wanted.empty() ? "+" : " +") + std::string{name};
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  if (!wanted.empty())
    OCIKIT_TRY(sys::write_all(OCIKIT_TRY(sys::openat(made, "../cgroup.subtree_control", O_WRONLY)), wanted));
  if (owner == ::geteuid() && group == ::getegid()) return {};
  for (const zstring_view file : {zstring_view{""}, zstring_view{"cgroup.procs"}, zstring_view{"cgroup.threads"},
                                  zstring_view{"cgroup.subtree_control"}})
    OCIKIT_TRY(sys::fchownat(made, file, owner, group, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
  return {};
}

/// Gives the cgroup at `path` to `owner`, with those of its files that the kernel says may be delegated. Its group
/// stays. Errors: system. Since: Linux 4.15 (/sys/kernel/cgroup/delegate; before, three files are known).
[[nodiscard]] inline result<void> chown_cgroup(zstring_view path, uid_t owner) {
  constexpr std::size_t longest = 4096;
  const unique_fd cgroup = OCIKIT_TRY(sys::openat(sys::at_fdcwd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  constexpr auto same_group = static_cast<gid_t>(-1);
  OCIKIT_TRY(sys::fchownat(cgroup, "", owner, same_group, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
  const std::string files = sys::read_file(sys::at_fdcwd, "/sys/kernel/cgroup/delegate", longest)
                                .value_or("cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n");
  for (std::string_view rest = files; !rest.empty();) {
    const std::string file{rest.substr(0, rest.find('\n'))};
    rest.remove_prefix(std::min(file.size() + 1, rest.size()));
    if (file.empty()) continue;
    auto done = sys::fchownat(cgroup, file, owner, same_group, AT_SYMLINK_NOFOLLOW);
    if (!done && done.error().code() != ENOENT) return done;  // a controller's that is not enabled
  }
  return {};
}

}  // namespace ocikit::container
