// SPDX-License-Identifier: Apache-2.0
//
// A mapping of ids as the kernel takes it for id-mapped mounts: a user namespace. Nobody is in it; the descriptor keeps
// it alive.
#pragma once

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/container/id_maps.hpp>
#include <ocikit/container/spawn.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

namespace detail {

/// In the process whose only purpose is its user namespace: waits to be killed, at the latest with its parent. Two
/// processes share this memory, so it touches nothing but its argument.
OCIKIT_IN_CHILD inline void hold_user_namespace(void* argument) noexcept {
  const pid_t parent = *static_cast<const pid_t*>(argument);
  (void)sys::raw::prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (sys::raw::getppid() == parent) (void)sys::raw::ppoll(nullptr, 0, nullptr);
  sys::raw::exit_group(0);
}

/// Ends and reaps a process when it goes out of scope.
struct short_lived_process {
  pid_t pid = -1;
  short_lived_process() = default;
  short_lived_process(const short_lived_process&) = delete;
  short_lived_process& operator=(const short_lived_process&) = delete;
  ~short_lived_process() {
    if (pid <= 0) return;
    (void)sys::raw::kill(pid, SIGKILL);
    int status = 0;
    while (sys::raw::wait4(pid, &status, __WALL) == -EINTR) {
    }
  }
};

}  // namespace detail

/// The descriptor of a new user namespace with these maps, each lines of `inside outside size`.
/// Errors: system; the kernel refuses maps that overlap, have more than 340 lines or name ids that we may not give.
/// Since: Linux 5.3 (clone3). See: user_namespaces(7).
[[nodiscard]] inline result<unique_fd> open_id_mapping(zstring_view uids, zstring_view gids) {
  pid_t parent = ::getpid();
  const auto stack = std::make_unique_for_overwrite<detail::birth_stack>();
  detail::short_lived_process holder;
  struct ::clone_args args {};
  args.flags = CLONE_VM | CLONE_NEWUSER;  // no exit signal: whoever waits for children of ours is not to see this one
  detail::set_stack(args, *stack);
  const auto r = detail::clone3_call(args, &detail::hold_user_namespace, &parent);
  if (sys::raw::failed(r))
    return tl::unexpected(error::from_errno(sys::raw::errno_of(r), "clone3(CLONE_NEWUSER) for a mapping of ids"));
  holder.pid = static_cast<pid_t>(r);
  OCIKIT_TRY(write_id_maps(holder.pid, {uids, gids}));
  return sys::openat(sys::at_fdcwd, "/proc/" + std::to_string(holder.pid) + "/ns/user", O_RDONLY);
}

}  // namespace ocikit::container
