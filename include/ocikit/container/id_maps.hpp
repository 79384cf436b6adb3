// SPDX-License-Identifier: Apache-2.0
//
// The id maps of a process's user namespace: written by ourselves where the kernel lets us, else by the set-user-ID
// helpers newuidmap(1) and newgidmap(1), which know the ranges that /etc/subuid and /etc/subgid give to a user.
// See: user_namespaces(7), "User and group ID mappings".
#pragma once

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/container/captured_program.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// The maps of a user namespace, each lines of `inside outside size`; an empty one is left alone.
struct id_maps {
  zstring_view uids;
  zstring_view gids;
};

namespace detail {

/// One of the two maps: its file in /proc/PID and the helper that may write it for others.
struct id_map_kind {
  const char* file;
  const char* helper;
  const char* id;  ///< as runc's message has it
};
inline constexpr id_map_kind uid_map{"uid_map", "newuidmap", "uid"};
inline constexpr id_map_kind gid_map{"gid_map", "newgidmap", "gid"};

[[nodiscard]] inline result<void> write_process_file(fd_view process, zstring_view file, std::string_view text) {
  const unique_fd fd = OCIKIT_TRY(sys::openat(process, file, O_WRONLY | O_NOFOLLOW));
  return sys::write_all(fd, text);
}

/// The numbers of a map, whatever its blanks.
[[nodiscard]] inline std::vector<std::uint64_t> map_numbers(std::string_view text) {
  std::vector<std::uint64_t> out;
  while (!text.empty()) {
    std::uint64_t number = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad == std::errc{}) out.push_back(number);
    text.remove_prefix(bad == std::errc{} ? static_cast<std::size_t>(end - text.data()) : 1);
  }
  return out;
}

/// Whether the map is one that needs no privileges, once setgroups(2) is denied.
[[nodiscard]] inline bool maps_own_group_alone(std::string_view map) {
  const auto numbers = map_numbers(map);
  return numbers.size() == 3 && numbers[1] == ::getegid() && numbers[2] == 1;
}

/// Where `name` is in $PATH. Only absolute directories count: the current one is the bundle.
[[nodiscard]] inline std::optional<std::string> find_in_path(std::string_view name) {
  const char* const path = ::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/sbin:/usr/bin:/sbin:/bin" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string_view directory = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!directory.starts_with('/')) continue;
    std::string candidate = std::string{directory} + '/' + std::string{name};
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

/// Lets the helper write a map, and reads back that it did.
[[nodiscard]] inline result<void> write_map_by_helper(const id_map_kind& kind, pid_t pid, fd_view process,
                                                      std::string_view map) {
  constexpr std::size_t longest_map = 65536;
  const auto failed = [&](const std::string& why) {
    return tl::unexpected(
        error::state("failed to use new" + std::string{kind.id} + " map on " + std::to_string(pid) + ": " + why));
  };
  auto helper = find_in_path(kind.helper);
  if (!helper) return failed(std::string{kind.helper} + " is not in $PATH");
  const auto numbers = map_numbers(map);
  program what{.path = *helper, .args = {kind.helper, std::to_string(pid)}, .env = {}, .input = {}, .timeout = {}};
  what.timeout = std::chrono::seconds{30};
  for (const std::uint64_t number : numbers) what.args.push_back(std::to_string(number));
  const program_end end = OCIKIT_TRY(run_captured(what));
  if (end.timed_out) return failed(std::string{kind.helper} + " took more than 30 seconds");
  if (end.status != 0) {
    const std::string_view said = end.error_output;
    return failed(end_text(end.status) + ": " + std::string{said.substr(0, said.find('\n'))});
  }
  if (map_numbers(OCIKIT_TRY(sys::read_file(process, kind.file, longest_map))) == numbers) return {};
  return failed(std::string{kind.helper} + " has written another map");
}

/// Whether a refused map is one for the helper. As root, what the kernel refuses us it refuses everyone.
[[nodiscard]] inline bool may_try_helper(const error& refusal) { return refusal.code() == EPERM && ::geteuid() != 0; }

[[nodiscard]] inline result<void> write_map(const id_map_kind& kind, pid_t pid, fd_view process, zstring_view map) {
  if (map.empty()) return {};
  auto done = write_process_file(process, kind.file, map);
  if (done || !may_try_helper(done.error())) return done;
  return write_map_by_helper(kind, pid, process, map);
}

/// Makes this process, and with it a child that shares its memory, belong to its user in /proc, as long as it lives:
/// the files of a process that is not dumpable belong to root. What is in a container below cannot use that: its user
/// namespace has no privileges over this one's. See: prctl(2), PR_SET_DUMPABLE; ptrace(2).
class dumpable_for_now {
 public:
  dumpable_for_now() noexcept : before_{sys::raw::prctl(PR_GET_DUMPABLE, 0)} {
    (void)sys::raw::prctl(PR_SET_DUMPABLE, 1);
  }
  dumpable_for_now(const dumpable_for_now&) = delete;
  dumpable_for_now& operator=(const dumpable_for_now&) = delete;
  ~dumpable_for_now() {
    if (before_ == 0) (void)sys::raw::prctl(PR_SET_DUMPABLE, 0);
  }

 private:
  sys::raw::outcome before_;
};

}  // namespace detail

/// Writes the maps of a user namespace, of which `pid` is a process that shares our memory or is dumpable.
/// A group map of one entry, for our own group, needs setgroups(2) to be denied where we have no privileges.
/// Errors: system, from the kernel; state, when a helper fails, is missing or wrote another map.
[[nodiscard]] inline result<void> write_id_maps(pid_t pid, const id_maps& maps) {
  std::optional<detail::dumpable_for_now> ours;
  const bool privileged = ::geteuid() == 0;
  if (!privileged) ours.emplace();
  const std::string path = "/proc/" + std::to_string(pid);
  const unique_fd process = OCIKIT_TRY(sys::openat(sys::at_fdcwd, path, O_PATH | O_DIRECTORY));
  if (!privileged && detail::maps_own_group_alone(maps.gids))
    OCIKIT_TRY(detail::write_process_file(process, "setgroups", "deny"));
  OCIKIT_TRY(detail::write_map(detail::gid_map, pid, process, maps.gids));
  return detail::write_map(detail::uid_map, pid, process, maps.uids);
}

}  // namespace ocikit::container
