// SPDX-License-Identifier: Apache-2.0
//
// Executes a plan of writes; decides nothing.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/cgroups/kernel_number.hpp>
#include <ocikit/cgroups/tree.hpp>
#include <ocikit/cgroups/writes.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::cgroups {

namespace detail {

[[nodiscard]] inline error no_such_file(const file_write& write) {
  if (write.where.starts_with("/linux/resources/unified"))
    return error::config(write.where, "unified resource \"" + write.file + "\" can't be set: controller \"" +
                                          write.controller + "\" not available");
  return error::unsupported("cannot set " + write.file + " to " + write.value +
                            ": this cgroup does not have it; is the " + write.controller +
                            " controller there and enabled?")
      .at(write.where);
}

/// One write with its choices. Errors carry the pointer.
[[nodiscard]] inline result<void> execute_one(fd_view dir, const file_write& write) {
  auto done = write_file(dir, write.file, write.value);
  const auto missing = [&] { return !done && done.error().code() == ENOENT; };
  if (missing() && !write.other_file.empty()) done = write_file(dir, write.other_file, write.other_value);
  if (done || (missing() && write.may_be_missing)) return {};
  if (missing()) return tl::unexpected(no_such_file(write));
  return tl::unexpected(std::move(done).error().at(write.where));
}

}  // namespace detail

/// Executes the writes in order. `directory_of(controller)` yields a result<fd_view>: where the controller's files are.
///
/// Errors: at the pointer of the write. unsupported when the file is not there; config for `unified`; system.
template <class DirectoryOf>
[[nodiscard]] result<void> execute(std::span<const file_write> plan, DirectoryOf directory_of) {
  std::vector<const file_write*> again;
  for (const auto& write : plan) {
    const fd_view dir =
        OCIKIT_TRY(directory_of(write.controller).map_error([&](error e) { return std::move(e).at(write.where); }));
    auto done = detail::execute_one(dir, write);
    if (!done && write.again_at_end && done.error().code() == EINVAL)
      again.push_back(&write);
    else if (!done)
      return done;
  }
  for (const auto* write : again) {
    const fd_view dir = OCIKIT_TRY(directory_of(write->controller));
    OCIKIT_TRY(detail::execute_one(dir, *write));
  }
  return {};
}

/// Writes a pid into cgroup.procs of `dir`. EINVAL comes while the kernel still makes the task: five more tries, 30 ms
/// apart.
[[nodiscard]] inline result<void> write_pid(fd_view dir, pid_t pid) {
  for (int tries = 0;; ++tries) {
    auto done = write_file(dir, "cgroup.procs", std::to_string(pid));
    if (done || done.error().code() != EINVAL || tries == 5) return done;
    detail::sleep_for(std::chrono::milliseconds{30});
  }
}

/// Signals each process. One that is gone is as good.
inline void signal_each(std::span<const pid_t> pids, int signal) {
  for (const pid_t pid : pids) (void)sys::raw::kill(pid, signal);
}

namespace detail {

/// The two reasons not to take a cgroup that was there before.
[[nodiscard]] inline result<void> refuse_populated(std::size_t processes, bool frozen) {
  if (processes != 0)
    return tl::unexpected(
        error::state("container's cgroup is not empty: " + std::to_string(processes) + " process(es) found")
            .at("/linux/cgroupsPath"));
  if (frozen) return tl::unexpected(error::state("container's cgroup unexpectedly frozen").at("/linux/cgroupsPath"));
  return {};
}

[[nodiscard]] inline bool is_permission(const error& e) {
  return e.code() == EACCES || e.code() == EPERM || e.code() == EROFS;
}

/// Whether we may make a cgroup in `directory`. When in doubt, yes: the attempt will tell.
[[nodiscard]] inline bool may_make_in(const std::string& directory) {
  const auto r = sys::raw::faccessat2(AT_FDCWD, directory.c_str(), W_OK, AT_EACCESS);
  const int code = sys::raw::errno_of(r);
  return code != EACCES && code != EPERM && code != EROFS;
}

/// Whether the caller lives in a user namespace, whose capabilities do not reach the host's devices. When in doubt, no.
[[nodiscard]] inline bool in_user_namespace(const host_paths& host) {
  const auto map = sys::read_file(sys::at_fdcwd, host.proc_self + "/uid_map", longest_file);
  if (!map) return false;
  std::string_view text = *map;
  const std::int64_t inside = take_number(text), outside = take_number(text), count = take_number(text);
  const bool is_map = count != 0;  // no line of a map is for no ids
  return is_map && !(inside == 0 && outside == 0 && count == 4294967295);
}

[[nodiscard]] inline bool is_gone(const error& e) { return e.code() == ENOENT || e.code() == ENODEV; }

/// Makes the directory `path` and those above it that are missing, below `root`; yields the descriptor of its parent
/// directory. Each one that was made is added to `made`, the outermost first.
struct directory_maker {
  fd_view root;
  std::vector<std::string>& made;

  /// Makes one level. Yields whether it is new.
  result<bool> one(fd_view parent, const std::string& name, const std::string& path) {
    auto done = sys::mkdirat(parent, name, 0755);
    if (!done && done.error().code() == EEXIST) return false;
    if (!done) return tl::unexpected(std::move(done).error().at("/linux/cgroupsPath"));
    made.push_back(path);
    return true;
  }

  /// The directory at `path`, made when missing. In the usual case it is there: one openat2.
  result<unique_fd> all(const std::string& path) {
    auto there = open_below(root, path, O_PATH | O_DIRECTORY);
    if (there || there.error().code() != ENOENT) return there;
    // Iterative: a path of 4095 bytes has two thousand levels.
    unique_fd at = OCIKIT_TRY(sys::openat(root, ".", O_PATH | O_DIRECTORY));
    for (std::size_t end = 0; end < path.size();) {
      const auto start = end == 0 ? 0 : end + 1;
      end = std::min(path.find('/', start), path.size());
      const auto name = path.substr(start, end - start);
      OCIKIT_TRY(one(at, name, path.substr(0, end)));
      at = OCIKIT_TRY(sys::openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    }
    return at;
  }
};

/// Removes what was made, the innermost first. What somebody else uses by now stays (EBUSY), and so does what is above.
inline void remove_made(fd_view root, std::vector<std::string>& made) {
  for (; !made.empty(); made.pop_back()) (void)sys::raw::unlinkat(root.get(), made.back().c_str(), AT_REMOVEDIR);
}

}  // namespace detail

}  // namespace ocikit::cgroups
