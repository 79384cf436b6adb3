// SPDX-License-Identifier: Apache-2.0
//
// The first acts of a privileged program, before it looks at anything.
#pragma once

#include <fcntl.h>
#include <linux/prctl.h>
#include <poll.h>
#include <sys/auxv.h>

#include <ocikit/base/error.hpp>
#include <ocikit/sys/raw.hpp>

namespace ocikit::container {

/// Opens /dev/null on each of the descriptors 0 to 2 that is closed, so that no file opened later becomes somebody's
/// standard output. Errors: system.
[[nodiscard]] inline result<void> ensure_stdio() {
  struct ::pollfd streams[3] = {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}};
  constexpr struct ::timespec at_once {};
  const auto polled = sys::raw::ppoll(streams, 3, &at_once);
  if (!sys::raw::failed(polled) && ((streams[0].revents | streams[1].revents | streams[2].revents) & POLLNVAL) == 0)
    return {};
  for (int fd = 0; fd <= 2; ++fd) {
    if (!sys::raw::failed(sys::raw::fcntl(fd, F_GETFD, 0))) continue;
    const auto opened = sys::raw::call(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0);  // the lowest free number: fd
    if (sys::raw::failed(opened))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(opened), "opening /dev/null as standard stream"));
  }
  return {};
}

/// Refuses to run with privileges that the caller does not have: as a set-user-ID program, or with file capabilities.
/// A container runtime believes its command line, so it must never run for somebody else. Errors: unsupported.
[[nodiscard]] inline result<void> refuse_borrowed_privileges() {
  if (::getauxval(AT_SECURE) == 0) return {};
  return tl::unexpected(error::unsupported("running set-user-ID or with file capabilities"));
}

/// Makes the process non-dumpable: nobody without CAP_SYS_PTRACE can attach to it or look through its /proc entries,
/// not even from inside a container that it is joining. See: prctl(2), PR_SET_DUMPABLE; CVE-2016-9962. Errors: system.
[[nodiscard]] inline result<void> become_undumpable() {
  const auto r = sys::raw::prctl(PR_SET_DUMPABLE, 0);
  if (!sys::raw::failed(r)) return {};
  return tl::unexpected(error::from_errno(sys::raw::errno_of(r), "prctl(PR_SET_DUMPABLE, 0)"));
}

/// All of the above, in this order.
[[nodiscard]] inline result<void> protect_self() {
  OCIKIT_TRY(ensure_stdio());
  OCIKIT_TRY(refuse_borrowed_privileges());
  return become_undumpable();
}

}  // namespace ocikit::container
