// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <tuple>
#include <variant>

#include <ocikit/base/members.hpp>
#include <ocikit/base/zstring_view.hpp>

/// Steps that put a process into its namespaces and set what a namespace holds. Plain values that only borrow.
namespace ocikit::namespaces {

/// unshare(2): new namespaces of the types in `flags` (CLONE_NEW*).
struct unshare {
  static constexpr std::string_view name = "new namespaces";
  std::uint64_t flags = 0;
  static constexpr auto members = std::make_tuple(member{"flags", &unshare::flags});
  bool operator==(const unshare&) const = default;
};

/// setns(2) into the namespace that the runtime opened from `path` and put into `slot`.
struct join {
  static constexpr std::string_view name = "join a namespace";
  std::uint64_t type = 0;  ///< CLONE_NEW*
  zstring_view path = {};
  std::uint32_t slot = 0;
  static constexpr auto members =
      std::make_tuple(member{"type", &join::type}, member{"path", &join::path}, member{"slot", &join::slot});
  bool operator==(const join&) const = default;
};

/// A time namespace of its own with these offsets to the host's clocks, entered at once. `offsets` is the text for
/// /proc/self/timens_offsets. See: time_namespaces(7).
struct enter_time_namespace {
  static constexpr std::string_view name = "new time namespace";
  zstring_view offsets = {};
  static constexpr auto members = std::make_tuple(member{"offsets", &enter_time_namespace::offsets});
  bool operator==(const enter_time_namespace&) const = default;
};

/// Becomes user and group 0 of the user namespace, without which execve(2) would drop every capability.
struct become_root {
  static constexpr std::string_view name = "become root of the user namespace";
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  static constexpr auto members = std::make_tuple(member{"uid", &become_root::uid}, member{"gid", &become_root::gid});
  bool operator==(const become_root&) const = default;
};

/// Sets the interface `lo` of a new network namespace up.
struct bring_up_loopback {
  static constexpr std::string_view name = "bring up the loopback interface";
  static constexpr auto members = std::make_tuple();
  bool operator==(const bring_up_loopback&) const = default;
};

/// sethostname(2).
struct set_hostname {
  static constexpr std::string_view name = "set the host name";
  zstring_view hostname = {};
  static constexpr auto members = std::make_tuple(member{"hostname", &set_hostname::hostname});
  bool operator==(const set_hostname&) const = default;
};

/// setdomainname(2).
struct set_domainname {
  static constexpr std::string_view name = "set the domain name";
  zstring_view domainname = {};
  static constexpr auto members = std::make_tuple(member{"domainname", &set_domainname::domainname});
  bool operator==(const set_domainname&) const = default;
};

/// Writes a namespaced kernel parameter. `path` is below /proc: `sys/...`. See: sysctl(5).
struct write_sysctl {
  static constexpr std::string_view name = "set a kernel parameter";
  zstring_view path = {};
  zstring_view value = {};
  static constexpr auto members =
      std::make_tuple(member{"path", &write_sysctl::path}, member{"value", &write_sysctl::value});
  bool operator==(const write_sysctl&) const = default;
};

/// Moves the device `device` of the runtime's network namespace into the container's, where it is called `renamed`.
/// Taken by the runtime, while the init waits. See: net_device.hpp.
struct move_network_device {
  static constexpr std::string_view name = "move a network device";
  zstring_view device = {};
  zstring_view renamed = {};
  static constexpr auto members =
      std::make_tuple(member{"device", &move_network_device::device}, member{"renamed", &move_network_device::renamed});
  bool operator==(const move_network_device&) const = default;
};

using step = std::variant<unshare, join, enter_time_namespace, become_root, bring_up_loopback, set_hostname,
                          set_domainname, write_sysctl, move_network_device>;

}  // namespace ocikit::namespaces
