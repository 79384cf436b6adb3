// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/sched.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/planned.hpp>
#include <ocikit/namespaces/steps.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::namespaces {

/// CLONE_NEW* of a type. See namespaces(7).
[[nodiscard]] constexpr std::uint64_t clone_flag(spec::namespace_type type) noexcept {
  switch (type) {
    case spec::namespace_type::pid:
      return CLONE_NEWPID;
    case spec::namespace_type::network:
      return CLONE_NEWNET;
    case spec::namespace_type::mount:
      return CLONE_NEWNS;
    case spec::namespace_type::ipc:
      return CLONE_NEWIPC;
    case spec::namespace_type::uts:
      return CLONE_NEWUTS;
    case spec::namespace_type::user:
      return CLONE_NEWUSER;
    case spec::namespace_type::cgroup:
      return CLONE_NEWCGROUP;
    case spec::namespace_type::time:
      return CLONE_NEWTIME;
  }
  return 0;
}

/// The types in `flags` by their names in config.json: `pid, network`.
[[nodiscard]] inline std::string type_names(std::uint64_t flags) {
  constexpr std::pair<std::uint64_t, std::string_view> names[] = {
      {CLONE_NEWUSER, "user"}, {CLONE_NEWPID, "pid"}, {CLONE_NEWNET, "network"},   {CLONE_NEWNS, "mount"},
      {CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"}, {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"}};
  std::string out;
  for (const auto& [flag, name] : names)
    if ((flags & flag) != 0) out += (out.empty() ? "" : ", ") + std::string{name};
  return out;
}

/// One namespace of the config: new, or joined by path.
struct wanted {
  const spec::linux_namespace* entry = nullptr;
  std::size_t index = 0;
  [[nodiscard]] bool is_new() const noexcept { return entry != nullptr && entry->path.empty(); }
  [[nodiscard]] bool joined() const noexcept { return entry != nullptr && !entry->path.empty(); }
  [[nodiscard]] std::string where() const { return "/linux/namespaces/" + std::to_string(index); }
};

/// What the config says of one type; `entry` is null when the container shares the runtime's namespace.
[[nodiscard]] inline wanted find(std::span<const spec::linux_namespace> all, spec::namespace_type type) noexcept {
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].type == type) return {&all[i], i};
  return {};
}

/// How a container's namespaces come about: some at clone3(2), the rest by steps of the init.
struct arrangement {
  /// Flags for clone3(2): the user and pid namespaces, which only a child can be born into.
  std::uint64_t at_clone = 0;
  /// A pid namespace that the child must be born into by path; see setns(2) on pid_for_children.
  wanted pid_to_join;
  /// A user namespace to join before everything else; its members own what is made afterwards.
  wanted user_to_join;
  /// Steps for the init before the cgroup namespace: joins first, then one unshare.
  step_list<step> steps;
};

/// Arranges the namespaces of `all`. `next_slot` numbers the descriptors that the runtime must open for joins; it is
/// advanced by one per join. Pure. See: runtime-spec config-linux.md, "Namespaces".
[[nodiscard]] inline arrangement plan_namespaces(std::span<const spec::linux_namespace> all, text_pool& texts,
                                                 std::uint32_t& next_slot) {
  using enum spec::namespace_type;
  arrangement out;
  std::uint64_t fresh = 0;
  std::string first_fresh;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const wanted one{&all[i], i};
    const bool born_into = one.entry->type == pid || one.entry->type == user;
    if (born_into && one.is_new()) {
      out.at_clone |= clone_flag(one.entry->type);
    } else if (born_into) {
      (one.entry->type == pid ? out.pid_to_join : out.user_to_join) = one;
    } else if (one.joined()) {
      out.steps.push_back({join{clone_flag(one.entry->type), texts.keep(one.entry->path), next_slot++}, one.where()});
    } else if (one.entry->type != cgroup && one.entry->type != time) {
      fresh |= clone_flag(one.entry->type);
    }
  }
  if (fresh != 0) out.steps.push_back({unshare{fresh}, "/linux/namespaces"});
  return out;
}

/// The step that makes the cgroup namespace: taken when the init already is in its cgroup, which becomes the root.
[[nodiscard]] inline step_list<step> plan_cgroup_namespace(std::span<const spec::linux_namespace> all) {
  const wanted one = find(all, spec::namespace_type::cgroup);
  if (!one.is_new()) return {};
  return {{unshare{CLONE_NEWCGROUP}, one.where()}};
}

/// The step for a new time namespace and its clocks. See: runtime-spec config-linux.md, "Offset for Time Namespace".
[[nodiscard]] inline step_list<step> plan_time_namespace(const spec::linux_platform& platform, text_pool& texts) {
  const wanted one = find(platform.namespaces, spec::namespace_type::time);
  if (!one.is_new()) return {};
  std::string offsets;
  const auto add = [&](std::string_view clock, const std::optional<spec::time_offset>& offset) {
    if (offset)
      offsets +=
          std::string{clock} + ' ' + std::to_string(offset->secs) + ' ' + std::to_string(offset->nanosecs) + '\n';
  };
  if (platform.time_offsets) {
    add("monotonic", platform.time_offsets->monotonic);
    add("boottime", platform.time_offsets->boottime);
  }
  const std::string where = offsets.empty() ? one.where() : "/linux/timeOffsets";
  return {{enter_time_namespace{texts.keep(std::move(offsets))}, where}};
}

/// Loopback in a network namespace of the container's own.
[[nodiscard]] inline step_list<step> plan_loopback(std::span<const spec::linux_namespace> all) {
  const wanted one = find(all, spec::namespace_type::network);
  if (!one.is_new()) return {};
  return {{bring_up_loopback{}, one.where()}};
}

/// One step for each device of /linux/netDevices, in the order of the document. See: runtime-spec config-linux.md,
/// "Network Devices".
[[nodiscard]] inline step_list<step> plan_net_devices(const spec::linux_platform& platform) {
  step_list<step> out;
  for (const auto& [name, device] : platform.net_devices) {
    const zstring_view renamed = device.name.empty() ? zstring_view{name} : zstring_view{device.name};
    out.push_back({move_network_device{name, renamed}, "/linux/netDevices/" + name});
  }
  return out;
}

/// Host and domain name. See: runtime-spec config.md, "Hostname", "Domainname".
[[nodiscard]] inline step_list<step> plan_names(const spec::config& config) {
  step_list<step> out;
  if (!config.hostname.empty()) out.push_back({set_hostname{config.hostname}, "/hostname"});
  if (!config.domainname.empty()) out.push_back({set_domainname{config.domainname}, "/domainname"});
  return out;
}

/// A kernel parameter's path below /proc/sys. The first separator of the key decides: in `net/ipv4/conf/eth0.1/mtu`
/// dots are literal; in `net.ipv4.conf.eth0/1.mtu` dots separate and a slash stands for a dot. See: sysctl(8).
[[nodiscard]] inline std::string sysctl_path(std::string key) {
  const std::size_t first = key.find_first_of("./");
  if (first == std::string::npos || key[first] == '/') return key;
  for (char& c : key) c = c == '.' ? '/' : c == '/' ? '.' : c;
  return key;
}

/// `key` as a part of a JSON pointer. See: RFC 6901, section 3.
[[nodiscard]] inline std::string pointer_part(std::string_view key) {
  std::string out;
  for (const char c : key) out += c == '~' ? std::string{"~0"} : c == '/' ? std::string{"~1"} : std::string(1, c);
  return out;
}

/// One step per entry of /linux/sysctl. Errors: config, for a key that could name anything but one parameter.
[[nodiscard]] inline result<step_list<step>> plan_sysctl(const spec::string_map& sysctl, text_pool& texts) {
  step_list<step> out;
  for (const auto& [key, value] : sysctl) {
    const std::string where = "/linux/sysctl/" + pointer_part(key);
    std::string path = sysctl_path(key);
    const std::string framed = "/" + path + "/";
    const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
             c == '/' || c == '.' || c == ':' || c == '@';
    });
    if (path.empty() || !plain || framed.find("//") != std::string::npos || framed.find("/./") != std::string::npos ||
        framed.find("/../") != std::string::npos)
      return tl::unexpected(error::config(where, "sysctl key \"" + key + "\" is not the name of a kernel parameter"));
    if (value.find('\n') != std::string::npos)
      return tl::unexpected(error::config(where, "sysctl value must be one line"));
    out.push_back({write_sysctl{texts.keep("sys/" + path), texts.keep(value)}, where});
  }
  return out;
}

}  // namespace ocikit::namespaces
