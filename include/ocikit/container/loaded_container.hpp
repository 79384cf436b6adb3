// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/driver.hpp>
#include <ocikit/container/container_id.hpp>
#include <ocikit/container/process_identity.hpp>
#include <ocikit/container/state.hpp>
#include <ocikit/container/state_directory.hpp>
#include <ocikit/container/state_root.hpp>

namespace ocikit::container {

/// Finds the cgroup of a saved container again: picks the driver that made it (`ocikit.cgroup_manager`) and reopens
/// `cgroup_paths`. Never yields a null pointer. Where drivers come from is the caller's business.
using reopen_cgroup = std::function<result<std::unique_ptr<cgroups::driver>>(const state&)>;

/// An existing container: what the commands on it need.
struct loaded_container {
  state_directory directory;
  state saved;
  std::unique_ptr<cgroups::driver> cgroup;

  /// The init process as it was recorded.
  [[nodiscard]] process_identity init() const noexcept {
    return {static_cast<pid_t>(saved.init_process_pid), saved.init_process_start};
  }
};

/// Whether to take the container's lock before its state is read. What changes the container does; what only looks, or
/// sends a signal, does not, so that it works while `create` runs its hooks.
enum class locking { none, exclusive };

/// The container that `directory` is for, whose state has been read: `saved`.
/// Errors: plugin or unsupported from `reopen`.
[[nodiscard]] inline result<loaded_container> load(state_directory directory, state saved,
                                                   const reopen_cgroup& reopen) {
  auto cgroup = OCIKIT_TRY(reopen(saved));
  return loaded_container{std::move(directory), std::move(saved), std::move(cgroup)};
}

/// Loads the container that `directory` is for.
/// Errors: state `container does not exist`, `invalid state: ...`, `container is in use by another command`; plugin or
/// unsupported from `reopen`; system.
[[nodiscard]] inline result<loaded_container> load(state_directory directory, locking how,
                                                   const reopen_cgroup& reopen) {
  if (how == locking::exclusive) OCIKIT_TRY(directory.lock());
  state saved = OCIKIT_TRY(directory.read_state());
  return load(std::move(directory), std::move(saved), reopen);
}

/// Loads container `id` of `root`. Errors: as above.
[[nodiscard]] inline result<loaded_container> load(const state_root& root, const container_id& id, locking how,
                                                   const reopen_cgroup& reopen) {
  return load(OCIKIT_TRY(root.find(id)), how, reopen);
}

}  // namespace ocikit::container
