// SPDX-License-Identifier: Apache-2.0
//
// Which v1 hierarchies this host has, and where. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/sys/mountinfo.hpp>

namespace ocikit::cgroups {

/// A mounted hierarchy.
struct hierarchy {
  std::vector<std::string> keys;  ///< its controllers; `name=systemd`; "" for the unified one of a hybrid host
  std::string mount_point;
  std::string root;  ///< the part of the hierarchy that is mounted there, usually `/`
  bool unified = false;

  [[nodiscard]] bool has(std::string_view key) const { return std::find(keys.begin(), keys.end(), key) != keys.end(); }
};

/// The controllers of v1 by which runc knows a container's cgroups.
inline constexpr std::array<std::string_view, 14> v1_controllers = {
    "cpuset",  "devices", "memory",   "cpu",        "cpuacct", "pids", "blkio",
    "hugetlb", "net_cls", "net_prio", "perf_event", "freezer", "rdma", "misc"};

namespace detail {

/// The fields of a line, by blanks.
[[nodiscard]] inline std::vector<std::string_view> fields(std::string_view line) {
  std::vector<std::string_view> out;
  while (!line.empty()) {
    const auto field = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(field.size() + 1, line.size()));
    out.push_back(field);
  }
  return out;
}

/// The controllers among a mount's super options: `rw,cpu,cpuacct`, `rw,xattr,name=systemd`.
[[nodiscard]] inline std::vector<std::string> keys_of(std::string_view options) {
  std::vector<std::string> out;
  while (!options.empty()) {
    const auto option = options.substr(0, options.find(','));
    options.remove_prefix(std::min(option.size() + 1, options.size()));
    if (option == "name=systemd" ||
        std::find(v1_controllers.begin(), v1_controllers.end(), option) != v1_controllers.end())
      out.emplace_back(option);
  }
  return out;
}

}  // namespace detail

/// The hierarchies in a /proc/PID/mountinfo, each once. The unified one counts when it is mounted at `unified`, where a
/// hybrid host has it. See: proc_pid_mountinfo(5).
[[nodiscard]] inline std::vector<hierarchy> parse_hierarchies(std::string_view mountinfo, std::string_view unified) {
  std::vector<hierarchy> out;
  while (!mountinfo.empty()) {
    const auto line = mountinfo.substr(0, mountinfo.find('\n'));
    mountinfo.remove_prefix(std::min(line.size() + 1, mountinfo.size()));
    const auto separator = line.find(" - ");
    if (separator == std::string_view::npos) continue;
    const auto type = line.substr(separator + 3);
    if (!type.starts_with("cgroup")) continue;  // most lines are something else
    const auto left = detail::fields(line.substr(0, separator)), right = detail::fields(type);
    if (left.size() < 5 || right.size() < 3) continue;
    hierarchy found{{}, sys::unescape_mount_field(left[4]), sys::unescape_mount_field(left[3]), right[0] == "cgroup2"};
    if (found.unified && found.mount_point == unified) found.keys = {""};
    if (right[0] == "cgroup") found.keys = detail::keys_of(right[2]);
    const auto known = [&](const hierarchy& h) { return h.keys == found.keys; };
    if (!found.keys.empty() && std::none_of(out.begin(), out.end(), known)) out.push_back(std::move(found));
  }
  return out;
}

}  // namespace ocikit::cgroups
