// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/eventfd.h>

#include <string>
#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/cgroups/tree.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::cgroups {

/// An eventfd, non-blocking, that the kernel signals for the file `file` of the v1 cgroup `dir`, and when that cgroup
/// is removed. `argument` is what the file takes: a level of memory.pressure_level.
/// Errors: system. Since: Linux 2.6.34. See: kernel admin-guide/cgroup-v1/cgroups.rst, "Notification API".
[[nodiscard]] inline result<unique_fd> register_event(fd_view dir, zstring_view file, std::string_view argument) {
  const unique_fd watched = OCIKIT_TRY(sys::openat(dir, file, O_RDONLY | O_NOFOLLOW));
  unique_fd event =
      OCIKIT_TRY(sys::detail::explain_fd(sys::raw::call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd2", 0));
  std::string request = std::to_string(event.get()) + " " + std::to_string(watched.get());
  if (!argument.empty()) (request += ' ') += argument;
  OCIKIT_TRY(write_file(dir, "cgroup.event_control", request));
  return event;
}

}  // namespace ocikit::cgroups
