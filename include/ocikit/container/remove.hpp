// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/container/hooks.hpp>
#include <ocikit/container/kill.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/process_identity.hpp>
#include <ocikit/container/resctrl_groups.hpp>
#include <ocikit/container/state_directory.hpp>
#include <ocikit/container/status.hpp>

namespace ocikit::container {

/// Waits until `who` is dead, a zombie counting as dead; false when it still lives after `patience`. Errors: system.
[[nodiscard]] inline result<bool> wait_for_death(process_identity who, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  auto process = open_process(who);
  if (!process && process.error().code() != ENOSYS) return tl::unexpected(std::move(process).error());
  if (process && !*process) return true;
  while (OCIKIT_TRY(is_alive(who))) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    ::pollfd watched{process ? (*process)->get() : -1, POLLIN, 0};
    const int at_most = process ? 1000 : 10;  // without a pidfd, before Linux 5.3, look again and again
    (void)::poll(&watched, 1, static_cast<int>(std::min<long long>(left.count(), at_most)));
  }
  return true;
}

namespace detail {

inline result<void> run_poststop(const state& saved) {
  if (!saved.config.hooks) return {};
  return run_hooks("poststop", saved.config.hooks->poststop, hook_state(saved, spec::container_status::stopped));
}

inline result<void> remove_cgroup(const loaded_container& of) {
  if (!of.saved.ocikit.private_pid_namespace) (void)kill_cgroup(of);  // what cannot be killed keeps the cgroup busy
  thaw_if_frozen(of);
  return of.cgroup->remove().map_error(
      [](error e) { return std::move(e).within("unable to remove container's cgroup"); });
}

}  // namespace detail

/// Removes what is left of a container whose init is dead: its remaining processes, its cgroup, its resctrl groups, its
/// directory, in this order; then runs the poststop hooks, whose failure is reported when all else is done.
/// Errors: system; state from a hook.
[[nodiscard]] inline result<void> destroy(loaded_container& of) {
  OCIKIT_TRY(detail::remove_cgroup(of));
  OCIKIT_TRY(remove_resctrl_groups(of.saved));
  OCIKIT_TRY(of.directory.remove().map_error(
      [](error e) { return std::move(e).within("unable to remove container state dir"); }));
  return detail::run_poststop(of.saved);
}

/// Kills the container, waits up to ten seconds for its init, and destroys it. A container that is stopped already is
/// just destroyed. Errors: state `container init still running`; as `destroy`.
[[nodiscard]] inline result<void> kill_and_destroy(loaded_container& of,
                                                   std::chrono::milliseconds patience = std::chrono::seconds{10}) {
  (void)kill(of, SIGKILL);  // whether it helped is seen by what comes next
  if (!OCIKIT_TRY(wait_for_death(of.init(), patience)))
    return tl::unexpected(error::state("container init still running"));
  return destroy(of);
}

/// Whether `remove` may kill a running container.
enum class removal { of_stopped, of_any };

/// `delete`: destroys a stopped container, kills and destroys a created one, and any other with `removal::of_any`. The
/// container should be loaded with its lock.
/// Errors: state `cannot delete container ID that is not stopped: running`; as `kill_and_destroy`.
[[nodiscard]] inline result<void> remove(loaded_container& of, removal how) {
  if (how == removal::of_any) return kill_and_destroy(of);
  const auto status = OCIKIT_TRY(read_status(of));
  if (status == spec::container_status::stopped) return destroy(of);
  if (status == spec::container_status::created) return kill_and_destroy(of);
  return tl::unexpected(error::state("cannot delete container " + of.saved.id +
                                     " that is not stopped: " + std::string{status_name(status)}));
}

namespace detail {

// A cgroup that was only planned may be another container's: it goes if nobody is in it.
inline result<void> remove_unfinished_cgroup(const loaded_container& of) {
  if (of.saved.ocikit.owns_cgroup) {
    (void)kill_cgroup(of);
    thaw_if_frozen(of);
  } else if (!OCIKIT_TRY(of.cgroup->pids()).empty()) {
    return {};
  }
  return of.cgroup->remove();
}

}  // namespace detail

/// Cleans up after a `create` that was killed: `directory`, locked, has no state.json. What creating.json names is
/// killed and removed, then the directory; no hook runs, since the container never was.
/// Errors: system; as `reopen`.
[[nodiscard]] inline result<void> remove_unfinished(state_directory directory, const reopen_cgroup& reopen) {
  auto planned = OCIKIT_TRY(directory.read_creating());
  if (!planned) return directory.remove();
  auto cgroup = OCIKIT_TRY(reopen(*planned));
  loaded_container of{std::move(directory), *std::move(planned), std::move(cgroup)};
  (void)send_signal(of.init(), SIGKILL);  // whether it helped is seen by what comes next
  if (!OCIKIT_TRY(wait_for_death(of.init(), std::chrono::seconds{10})))
    return tl::unexpected(error::state("container init still running"));
  OCIKIT_TRY(detail::remove_unfinished_cgroup(of));
  OCIKIT_TRY(remove_resctrl_groups(of.saved));
  return of.directory.remove();
}

}  // namespace ocikit::container
