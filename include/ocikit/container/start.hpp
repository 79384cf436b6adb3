// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <string>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/container/hooks.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/status.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

namespace detail {

/// Waits until nobody reads `fifo` any more.
[[nodiscard]] inline result<void> await_last_reader(fd_view fifo) {
  struct ::pollfd readers {
    fifo.get(), 0, 0
  };
  sys::raw::outcome r = -EINTR;
  while (r == -EINTR) r = sys::raw::ppoll(&readers, 1, nullptr);
  if (!sys::raw::failed(r)) return {};
  return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("ppoll", fifo)));
}

/// Releases the init. Hooks of poststart run when its program does: then the container is started.
[[nodiscard]] inline result<void> release(loaded_container& of) {
  const unique_fd fifo = OCIKIT_TRY(of.directory.release_init());
  const auto& hooks = of.saved.config.hooks;
  if (!hooks || hooks->poststart.empty()) return {};
  OCIKIT_TRY(await_last_reader(fifo));
  of.directory.unlock();  // hooks may use the container
  return run_hooks("poststart", hooks->poststart, hook_state(of.saved, spec::container_status::running));
}

}  // namespace detail

/// Lets the init of a created container execute the container's program. Returns when the init has been told, before
/// its execve(2) has succeeded; with poststart hooks, when those have run after it. The container should be loaded with
/// its lock, so that of two only one starts it. Errors: state `cannot start an already running container`, `cannot
/// start a container that has stopped`, `cannot start a container in the paused state`, `container process is already
/// dead`; system.
[[nodiscard]] inline result<void> start(loaded_container& of) {
  switch (OCIKIT_TRY(read_status(of))) {
    case spec::container_status::created:
      return detail::release(of);
    case spec::container_status::stopped:
      return tl::unexpected(error::state("cannot start a container that has stopped"));
    case spec::container_status::paused:
      return tl::unexpected(error::state("cannot start a container in the paused state"));
    case spec::container_status::running:
    case spec::container_status::creating:
      break;
  }
  return tl::unexpected(error::state("cannot start an already running container"));
}

}  // namespace ocikit::container
