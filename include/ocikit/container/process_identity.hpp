// SPDX-License-Identifier: Apache-2.0
//
// Which process was meant. A pid alone names another process once the first is gone; a pid together with the moment
// of its start does not.
#pragma once

#include <linux/magic.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// A process by pid and start time. `start` is field 22 of /proc/PID/stat: clock ticks since boot.
struct process_identity {
  pid_t pid = 0;
  std::uint64_t start = 0;
  bool operator==(const process_identity&) const = default;
};

/// What /proc/PID/stat says of a process, as far as it matters here.
struct process_stat {
  pid_t pid = 0;
  char run_state = 0;  ///< field 3: `R`, `S`, `Z` and so on
  std::uint64_t start = 0;
  bool operator==(const process_stat&) const = default;

  /// A zombie, or past even that: it runs no more and holds no descriptor.
  [[nodiscard]] bool is_dead() const noexcept { return run_state == 'Z' || run_state == 'X' || run_state == 'x'; }
};

namespace detail {

/// Takes the next field off `text`; fields are separated by one space.
inline std::string_view next_field(std::string_view& text) noexcept {
  const auto end = std::min(text.find_first_of(" \n"), text.size());
  const auto field = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return field;
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) noexcept {
  Number value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace detail

/// The line of /proc/PID/stat, taken apart. The second field, the command, may hold spaces and parentheses: it ends at
/// the last `)`. Nothing when the line is not one. Pure.
[[nodiscard]] inline std::optional<process_stat> parse_process_stat(std::string_view line) {
  const auto open = line.find(" (");
  const auto close = line.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  const auto pid = detail::whole_number<pid_t>(line.substr(0, open));
  auto rest = line.substr(close + 2);
  const auto run_state = detail::next_field(rest);
  for (int field = 4; field < 22; ++field) (void)detail::next_field(rest);
  const auto start = detail::whole_number<std::uint64_t>(detail::next_field(rest));
  if (!pid || !start || run_state.size() != 1) return std::nullopt;
  return process_stat{*pid, run_state[0], *start};
}

namespace detail {

[[nodiscard]] inline error no_procfs() { return error::unsupported("/proc is not a procfs"); }

/// For a pid that /proc does not show: nothing, if /proc is one.
[[nodiscard]] inline result<std::optional<process_stat>> no_process() {
  const auto proc = OCIKIT_TRY(sys::openat(sys::at_fdcwd, "/proc", O_PATH | O_DIRECTORY));
  if (OCIKIT_TRY(sys::fstatfs(proc)).f_type != PROC_SUPER_MAGIC) return tl::unexpected(no_procfs());
  return std::nullopt;
}

}  // namespace detail

/// /proc/PID/stat of `pid`; nothing when there is no such process. A /proc that is no procfs is refused.
/// Errors: system; unsupported when /proc is not what it should be.
[[nodiscard]] inline result<std::optional<process_stat>> read_process_stat(pid_t pid) {
  if (pid <= 0) return std::nullopt;
  const auto gone = [](const error& e) { return e.code() == ENOENT || e.code() == ESRCH; };
  const auto file = sys::openat(sys::at_fdcwd, "/proc/" + std::to_string(pid) + "/stat", O_RDONLY | O_NOFOLLOW);
  if (!file && gone(file.error())) return detail::no_process();
  if (!file) return tl::unexpected(file.error());
  if (OCIKIT_TRY(sys::fstatfs(*file)).f_type != PROC_SUPER_MAGIC) return tl::unexpected(detail::no_procfs());
  char line[4096];  // which is longer than any: a read(2) shows all of it
  const auto size = sys::raw::read(file->get(), line, sizeof line);
  if (size == -ESRCH) return std::nullopt;
  OCIKIT_TRY(sys::detail::explain_void(size, "read", file->view()));
  auto parsed = parse_process_stat({line, static_cast<std::size_t>(size)});
  if (!parsed) return tl::unexpected(error::unsupported("/proc/" + std::to_string(pid) + "/stat makes no sense"));
  return parsed;
}

/// The identity of the living or dead process that has `pid` now; nothing when there is none. Errors: system.
[[nodiscard]] inline result<std::optional<process_identity>> identify(pid_t pid) {
  const auto found = OCIKIT_TRY(read_process_stat(pid));
  if (!found) return std::nullopt;
  return process_identity{found->pid, found->start};
}

/// True while `who` runs: the pid exists, belongs to the same process, and is no zombie. Errors: system.
[[nodiscard]] inline result<bool> is_alive(process_identity who) {
  const auto found = OCIKIT_TRY(read_process_stat(who.pid));
  return found && found->start == who.start && !found->is_dead();
}

/// Opens a pidfd of `who`; nothing when that process is gone or a zombie. The descriptor is opened first and the start
/// time read after it, so what it refers to is what was checked.
/// Errors: system; ENOSYS before Linux 5.3. See: pidfd_open(2).
[[nodiscard]] inline result<std::optional<unique_fd>> open_process(process_identity who) {
  if (who.pid <= 0) return std::nullopt;
  auto pidfd = sys::pidfd_open(who.pid);
  if (!pidfd && (pidfd.error().code() == ESRCH || pidfd.error().code() == EINVAL)) return std::nullopt;
  if (!pidfd) return tl::unexpected(std::move(pidfd).error());
  if (!OCIKIT_TRY(is_alive(who))) return std::nullopt;
  return std::optional<unique_fd>{*std::move(pidfd)};
}

namespace detail {

/// kill(2) after the identity was checked: the pid may change hands in between, which pidfds exist to prevent.
inline result<bool> send_signal_by_pid(process_identity who, int signal) {
  if (!OCIKIT_TRY(is_alive(who))) return false;
  OCIKIT_TRY(sys::kill(who.pid, signal));
  return true;
}

}  // namespace detail

/// Sends `signal` to `who` and to nobody else, whatever became of the pid; false when that process is gone. Before
/// Linux 5.3, which has no pidfd_open(2), a window of microseconds remains.
/// Errors: system: EINVAL for a number that is no signal, EPERM.
[[nodiscard]] inline result<bool> send_signal(process_identity who, int signal) {
  const auto process = open_process(who);
  if (!process && process.error().code() == ENOSYS) return detail::send_signal_by_pid(who, signal);
  if (!process) return tl::unexpected(process.error());
  if (!*process) return false;
  const auto sent = sys::pidfd_send_signal(**process, signal);
  if (!sent && sent.error().code() == ESRCH) return false;
  if (!sent) return tl::unexpected(sent.error());
  return true;
}

}  // namespace ocikit::container
