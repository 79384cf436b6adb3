// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <string>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/process_identity.hpp>

namespace ocikit::container {

/// The error for a container without a living init; clients look for these words.
[[nodiscard]] inline error not_running() { return error::state("container not running"); }

/// True for that error.
[[nodiscard]] inline bool is_not_running(const error& e) { return e.message() == not_running().message(); }

/// What went right, but not as it should: sentences for the log.
using warnings = std::vector<std::string>;

namespace detail {

inline result<void> signal_init(const loaded_container& of, int signal) {
  const auto sent = send_signal(of.init(), signal);
  if (!sent && sent.error().code() != 0)
    return tl::unexpected(error::from_errno(sent.error().code(), "unable to signal init"));
  if (!sent) return tl::unexpected(error{sent.error()}.within("unable to signal init"));
  if (!*sent) return tl::unexpected(not_running());
  return {};
}

/// A process that was killed while frozen dies when it is thawed, not before.
inline void thaw_if_frozen(const loaded_container& of) {
  if (of.cgroup->frozen().value_or(false)) (void)of.cgroup->thaw();  // the signal was sent; this is best effort
}

/// True when there was something to kill in the cgroup.
inline result<bool> kill_cgroup(const loaded_container& of) {
  if (OCIKIT_TRY(of.cgroup->pids()).empty()) return false;
  OCIKIT_TRY(of.cgroup->kill(SIGKILL));
  thaw_if_frozen(of);
  return true;
}

inline result<warnings> kill_every_process(const loaded_container& of) {
  auto killed = kill_cgroup(of);
  if (killed && *killed) return warnings{};
  if (!killed && !of.saved.rootless)
    return tl::unexpected(std::move(killed).error().within("unable to kill all processes"));
  OCIKIT_TRY(signal_init(of, SIGKILL));
  if (killed) return warnings{};
  return warnings{"failed to kill all processes, possibly due to lack of cgroup (Hint: enable cgroup v2 delegation): " +
                  killed.error().message()};
}

}  // namespace detail

/// Sends `signal` (0: only asks) to the container's init. SIGKILL ends the container whatever its state: without a pid
/// namespace of its own every process of its cgroup gets it, and a paused container is let go to die. Other signals
/// stay pending in a paused container. The init gets it only if it is still the recorded process.
/// Errors: state `container not running`; system `unable to signal init: invalid argument`, `unable to kill all
/// processes: ...`.
[[nodiscard]] inline result<warnings> kill(const loaded_container& of, int signal) {
  if (signal == SIGKILL && !of.saved.ocikit.private_pid_namespace) return detail::kill_every_process(of);
  OCIKIT_TRY(detail::signal_init(of, signal));
  if (signal == SIGKILL) detail::thaw_if_frozen(of);
  return warnings{};
}

}  // namespace ocikit::container
