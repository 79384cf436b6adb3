// SPDX-License-Identifier: Apache-2.0
//
// The steps of this domain, taken; one call of the file system each.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/resctrl/schema.hpp>
#include <ocikit/resctrl/steps.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::resctrl {

namespace detail {

inline constexpr std::size_t longest_file = 65536;

inline result<void> write_file(const std::string& path, std::string_view text) {
  return sys::write_all(OCIKIT_TRY(sys::openat(sys::at_fdcwd, path, O_WRONLY)), text);
}

/// The kernel's own words for why it has refused the last command of any group below `root`; empty when it has none.
inline std::string last_refusal(std::string_view root) {
  const auto text = sys::read_file(sys::at_fdcwd, std::string{root} + "/info/last_cmd_status", longest_file);
  if (!text) return {};
  const auto why = trimmed(std::string_view{*text}.substr(0, text->find('\n')));
  return why.empty() || why == "ok" ? std::string{} : "Intel RDT last cmd status: " + std::string{why};
}

inline error with_refusal(error e, std::string_view root) {
  const std::string why = last_refusal(root);
  return why.empty() ? std::move(e) : std::move(e).within(why);
}

}  // namespace detail

/// Whether there is a group at `path`.
[[nodiscard]] inline bool has_group(zstring_view path) {
  return sys::openat(sys::at_fdcwd, path, O_PATH | O_DIRECTORY).has_value();
}

/// Makes a control group; true when it is new. `root` is where the file system is mounted.
/// Errors: state for one that must exist and does not; system: ENOSPC when the processor has no class left.
[[nodiscard]] inline result<bool> execute(const make_group& s, std::string_view root) {
  if (has_group(s.path)) return false;
  if (s.must_exist)
    return tl::unexpected(error::from_errno(ENOENT,
                                            "clos dir not accessible (must be pre-created when schemata, l3CacheSchema "
                                            "and memBwSchema are empty): stat " +
                                                std::string{s.path}));
  auto made = sys::mkdirat(sys::at_fdcwd, s.path, 0755);
  if (made) return true;
  if (made.error().code() == EEXIST && has_group(s.path)) return false;
  return tl::unexpected(detail::with_refusal(std::move(made).error(), root));
}

/// Sets a schema, or compares it: `is_new` tells whether the group was made for this container.
/// Errors: state when a group that others use has another schema; system, with the kernel's reason.
[[nodiscard]] inline result<void> execute(const set_schema& s, bool is_new, std::string_view root) {
  const std::string file = std::string{s.group} + "/schemata";
  if (s.agreed && !is_new) {
    const auto found = OCIKIT_TRY(sys::read_file(sys::at_fdcwd, file, detail::longest_file));
    if (agrees(found, std::string_view{s.line})) return {};
    return tl::unexpected(error::state("the group " + std::string{s.group} + " exists and has another schema than " +
                                       std::string{s.line}));
  }
  return detail::write_file(file, std::string{s.line} + '\n').map_error([&](error e) {
    return detail::with_refusal(std::move(e), root);
  });
}

/// Makes a monitoring group. Errors: system: EEXIST; ENOSPC when the processor has no monitoring id left.
[[nodiscard]] inline result<void> execute(const make_monitoring_group& s, std::string_view root) {
  return sys::mkdirat(sys::at_fdcwd, s.path, 0755).map_error([&](error e) {
    return detail::with_refusal(std::move(e), root);
  });
}

/// Puts the process `pid`, of one thread, into the groups; its later children go with it. Errors: system.
[[nodiscard]] inline result<void> execute(const join_group& s, pid_t pid) {
  const std::string text = std::to_string(pid);
  OCIKIT_TRY(detail::write_file(std::string{s.group} + "/tasks", text));
  if (s.monitor.empty()) return {};
  return detail::write_file(std::string{s.monitor} + "/tasks", text);
}

/// Removes a control or monitoring group; processes in it go to the group above it. None there is fine.
/// Errors: system.
[[nodiscard]] inline result<void> remove_group(zstring_view path) {
  auto gone = sys::unlinkat(sys::at_fdcwd, path, AT_REMOVEDIR);
  if (!gone && gone.error().code() == ENOENT) return {};
  return gone;
}

/// The same for a control group that others may have come to use: only while no process is in it.
[[nodiscard]] inline result<void> remove_empty_group(zstring_view path) {
  const auto tasks = sys::read_file(sys::at_fdcwd, std::string{path} + "/tasks", detail::longest_file);
  if (tasks && tasks->empty()) return remove_group(path);
  return {};
}

}  // namespace ocikit::resctrl
