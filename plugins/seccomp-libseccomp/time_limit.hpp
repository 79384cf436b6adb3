// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include <ocikit/base/unique_fd.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::seccomp {

/// Runs `work` in a child process and returns what it returned (a trivially copyable value). Nothing else of what it
/// did to memory is seen here; descriptors are shared. The caller must have one thread.
///
/// Errors: system, with ETIME when `limit` is over (the child is killed) and EIO when the child died.
template <class Work>
[[nodiscard]] auto with_time_limit(std::chrono::milliseconds limit, Work&& work) -> result<decltype(work())> {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return tl::unexpected(error::from_errno(errno, "pipe2"));
  const unique_fd from{adopt_fd, ends[0]};
  unique_fd to{adopt_fd, ends[1]};
  const pid_t child = ::fork();
  if (child < 0) return tl::unexpected(error::from_errno(errno, "fork"));
  if (child == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto done = work();
    (void)sys::raw::write(to.get(), &done, sizeof done);
    sys::raw::exit_group(0);
  }
  to.reset();
  ::pollfd wait{from.get(), POLLIN, 0};
  decltype(work()) done{};
  int ready = -1;
  do {
    ready = ::poll(&wait, 1, static_cast<int>(limit.count()));
  } while (ready < 0 && errno == EINTR);  // a signal of the caller's: the limit starts anew
  const auto size = ready > 0 ? sys::raw::read(from.get(), &done, sizeof done) : 0;
  (void)::kill(child, SIGKILL);  // the child may have ended; until the next line its number is its own
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
  if (ready == 0) return tl::unexpected(error::from_errno(ETIME, "libseccomp"));
  if (size != static_cast<long>(sizeof done)) return tl::unexpected(error::from_errno(EIO, "libseccomp's process"));
  return done;
}

}  // namespace ocikit::seccomp
