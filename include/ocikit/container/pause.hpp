// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/base/error.hpp>
#include <ocikit/container/kill.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/status.hpp>

namespace ocikit::container {

/// Freezes a created or running container. Errors: state `container not running`; unsupported without a freezer;
/// system.
[[nodiscard]] inline result<void> pause(const loaded_container& of) {
  const auto status = OCIKIT_TRY(read_status(of));
  if (status != spec::container_status::running && status != spec::container_status::created)
    return tl::unexpected(not_running());
  return of.cgroup->freeze();
}

/// Thaws a paused container. Errors: state `container not paused`; system.
[[nodiscard]] inline result<void> resume(const loaded_container& of) {
  if (OCIKIT_TRY(read_status(of)) != spec::container_status::paused)
    return tl::unexpected(error::state("container not paused"));
  return of.cgroup->thaw();
}

}  // namespace ocikit::container
