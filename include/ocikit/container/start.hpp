// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <ocikit/base/error.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/status.hpp>

namespace ocikit::container {

/// Lets the init of a created container execute the container's program. Returns when the init has been told, before
/// its execve(2) has succeeded. The container should be loaded with its lock, so that of two only one starts it.
/// Errors: state `cannot start an already running container`, `cannot start a container that has stopped`, `cannot
/// start a container in the paused state`, `container process is already dead`; system.
[[nodiscard]] inline result<void> start(loaded_container& of) {
  switch (OCIKIT_TRY(read_status(of))) {
    case spec::container_status::created:
      return of.directory.release_init();
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
