// SPDX-License-Identifier: Apache-2.0
//
// From linux.cgroupsPath to the place in a hierarchy. Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/base/error.hpp>

namespace ocikit::cgroups {

/// `path` without empty components, `.` and `..`; as relative to the hierarchy's root, so "" is the root. `..` cannot
/// climb above it. This is lexical: nothing is looked up.
[[nodiscard]] inline std::string clean_path(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      const auto slash = out.rfind('/');
      out.resize(slash == std::string::npos ? 0 : slash);
      continue;
    }
    if (!out.empty()) out += '/';
    out += name;
  }
  return out;
}

/// Refuses what can be no path of a cgroup, before anything is tried with it. The kernel itself refuses a newline,
/// which would forge lines of /proc/PID/cgroup. Errors: config at `/linux/cgroupsPath`.
[[nodiscard]] inline result<void> check_cgroups_path(std::string_view path) {
  const auto refuse = [](const char* why) {
    return tl::unexpected(error::config("/linux/cgroupsPath", std::string{"the cgroup's path "} + why));
  };
  if (path.size() >= 4096) return refuse("is longer than 4095 bytes");
  if (path.find('\0') != std::string_view::npos) return refuse("contains a NUL byte");
  if (path.find('\n') != std::string_view::npos) return refuse("contains a newline");
  for (auto rest = path; !rest.empty();) {
    const auto name = rest.substr(0, rest.find('/'));
    if (name.size() > 255) return refuse("has a component of more than 255 bytes");
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  return {};
}

/// Refuses the root of a hierarchy as a container's cgroup, before there is a driver for it: every process of the host
/// would be the container's, for `kill` too. `path` is cleaned. Errors: config at `/linux/cgroupsPath`.
[[nodiscard]] inline result<void> check_not_root(std::string_view path) {
  if (!path.empty()) return {};
  return tl::unexpected(error::config("/linux/cgroupsPath", "the root of all cgroups is no container's cgroup"));
}

/// `a/b` below `base`, both cleaned.
[[nodiscard]] inline std::string joined(std::string_view base, std::string_view path) {
  std::string out{base};
  if (!out.empty() && !path.empty()) out += '/';
  return out += path;
}

/// The directory above a cleaned path.
[[nodiscard]] inline std::string parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string{path.substr(0, slash == std::string_view::npos ? 0 : slash)};
}

/// One line of /proc/PID/cgroup.
struct own_cgroup {
  std::vector<std::string> controllers;  ///< empty on v2; `name=systemd` for a named hierarchy
  std::string path;
};

/// /proc/PID/cgroup, which has lines `ID:CONTROLLERS:PATH`.
[[nodiscard]] inline std::vector<own_cgroup> parse_proc_cgroup(std::string_view text) {
  std::vector<own_cgroup> out;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto first = line.find(':');
    const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    auto names = line.substr(first + 1, second - first - 1);
    auto& made = out.emplace_back();
    made.path = line.substr(second + 1);
    while (!names.empty()) {
      const auto name = names.substr(0, names.find(','));
      names.remove_prefix(std::min(name.size() + 1, names.size()));
      made.controllers.emplace_back(name);
    }
  }
  return out;
}

}  // namespace ocikit::cgroups
