// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/spec/capability_names.hpp>
#include <ocikit/spec/extensions.hpp>
#include <ocikit/spec/ids.hpp>
#include <ocikit/spec/limits.hpp>
#include <ocikit/spec/syntax.hpp>
#include <ocikit/spec/sysctl.hpp>
#include <ocikit/spec/tables.hpp>
#include <ocikit/spec/types.hpp>

/// Whether a configuration makes sense as a whole, in the order and with the words of runc. Pure: what depends on the
/// host comes in as facts, what depends on files is left to the planners.
namespace ocikit::spec {

/// What the host adds to the question. The defaults are a rootful runtime on a kernel without the optional parts.
struct validation_facts {
  bool rootless_euid = false;  ///< the runtime's effective uid is not 0
  bool intel_rdt_enabled = false;
  bool intel_rdt_l3_enabled = false;   ///< cache allocation
  bool intel_rdt_mba_enabled = false;  ///< memory bandwidth allocation
  bool no_pivot = false;               ///< `--no-pivot` was given
  bool network_path_is_own = false;    ///< the network namespace's path leads to the one the runtime is in
  std::size_t capability_count = capability_names.size();  ///< the kernel's cap_last_cap and one
};

/// Something runc logs and goes on. `pointer` is the JSON pointer of its cause.
struct warning {
  std::string pointer;
  std::string text;
  bool operator==(const warning&) const = default;
};

namespace detail {

[[nodiscard]] inline tl::unexpected<error> refuse(std::string pointer, std::string why) {
  return tl::unexpected(error::config(std::move(pointer), std::move(why)));
}

// Not called "quoted": for a std::string, std::quoted would be found too.
[[nodiscard]] inline std::string in_quotes(std::string_view text) { return '"' + shown(text) + '"'; }

[[nodiscard]] inline std::string element(std::string_view pointer, std::size_t i) {
  return std::string{pointer} + '/' + std::to_string(i);
}

/// `/linux/sysctl` and `net/ipv4` to `/linux/sysctl/net~1ipv4`.
[[nodiscard]] inline std::string entry(std::string_view pointer, std::string_view key) {
  std::string out{pointer};
  out += '/';
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
  return out;
}

[[nodiscard]] inline bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

[[nodiscard]] inline bool contains_slash(std::string_view text) { return text.find('/') != std::string_view::npos; }

/// `2MB`, `1GB`: part of a file name in the cgroup. See: runtime-spec config-linux.md, "Huge page limits".
[[nodiscard]] inline bool is_page_size(std::string_view text) {
  if (text.size() < 3 || text.back() != 'B') return false;
  const auto digits = text.substr(0, text.size() - 2);
  return std::string_view{"KMG"}.find(text[text.size() - 2]) != std::string_view::npos && digits[0] != '0' &&
         digits.find_first_not_of("0123456789") == std::string_view::npos;
}

[[nodiscard]] inline const linux_namespace* find_namespace(const linux_platform& platform, namespace_type type) {
  const auto found = std::ranges::find(platform.namespaces, type, &linux_namespace::type);
  return found == platform.namespaces.end() ? nullptr : &*found;
}

// ---- process ----

[[nodiscard]] inline result<void> validate_env(const std::vector<std::string>& env, std::string_view pointer) {
  for (std::size_t i = 0; i < env.size(); ++i) {
    const auto equals = env[i].find('=');
    if (equals == std::string::npos) return refuse(element(pointer, i), "invalid environment variable: missing '='");
    if (equals == 0) return refuse(element(pointer, i), "invalid environment variable: name cannot be empty");
  }
  return {};
}

[[nodiscard]] inline result<void> validate_argument_bytes(const process& p, const std::string& pointer) {
  std::size_t total = 0;
  for (const auto& text : p.args) total += text.size() + 1;
  if (p.env)
    for (const auto& text : *p.env) total += text.size() + 1;
  if (total <= limits::arguments_bytes) return {};
  return refuse(pointer, "args and env take " + std::to_string(total) + " bytes, more than " +
                             std::to_string(limits::arguments_bytes));
}

[[nodiscard]] inline result<void> validate_user(const user& u, const std::string& pointer) {
  static constexpr std::string_view why = "4294967295 is not an id: the kernel reads it as \"leave alone\"";
  static constexpr std::uint32_t permissions = 0777;  // umask(2) would drop what is above without a word
  if (u.umask.value_or(0) > permissions)
    return refuse(pointer + "/umask", "umask " + std::to_string(*u.umask) + " is not in 0 to 511");
  if (u.uid > limits::id) return refuse(pointer + "/uid", std::string{why});
  if (u.gid > limits::id) return refuse(pointer + "/gid", std::string{why});
  for (std::size_t i = 0; i < u.additional_gids.size(); ++i)
    if (u.additional_gids[i] > limits::id) return refuse(element(pointer + "/additionalGids", i), std::string{why});
  return {};
}

/// The kernel's struct winsize has 16 bits for each. See: ioctl_tty(2).
[[nodiscard]] inline result<void> validate_console_size(const console_size& size, const std::string& pointer) {
  static constexpr std::uint64_t most = 65535;
  const auto why = [](std::uint64_t value) {
    return "console size " + std::to_string(value) + " is not in 0 to 65535";
  };
  if (size.height > most) return refuse(pointer + "/height", why(size.height));
  if (size.width > most) return refuse(pointer + "/width", why(size.width));
  return {};
}

[[nodiscard]] inline result<void> validate_scheduler(const scheduler& s, const std::string& pointer) {
  using policy = scheduler_policy;
  if (!s.policy) return refuse(pointer + "/policy", "scheduler policy is required");
  const auto is_one_of = [&](policy a, policy b) { return *s.policy == a || *s.policy == b; };
  if (is_one_of(policy::other, policy::batch) && (s.nice < -20 || s.nice > 19))
    return refuse(pointer + "/nice", "invalid scheduler.nice: " + std::to_string(s.nice) +
                                         " when scheduler.policy is " + std::string{name_of(*s.policy)});
  if (s.priority != 0 && !is_one_of(policy::fifo, policy::rr))
    return refuse(pointer + "/priority", "scheduler.priority can only be specified for SchedFIFO or SchedRR policy");
  if ((s.runtime != 0 || s.deadline != 0 || s.period != 0) && *s.policy != policy::deadline)
    return refuse(pointer, "scheduler runtime/deadline/period can only be specified for SchedDeadline policy");
  return {};
}

[[nodiscard]] inline result<void> validate_io_priority(const io_priority& p, const std::string& pointer) {
  if (p.priority >= 0 && p.priority <= 7) return {};
  return refuse(pointer + "/priority", "invalid ioPriority.Priority: " + std::to_string(p.priority));
}

[[nodiscard]] inline result<void> validate_affinity(const std::string& list, std::string_view which,
                                                    const std::string& pointer) {
  if (const auto parsed_list = parse_id_list(list, limits::cpu); !parsed_list)
    return refuse(pointer + '/' + std::string{which}, "invalid execCPUAffinity." + std::string{which} + ' ' +
                                                          in_quotes(list) + ": " + parsed_list.error().message());
  return {};
}

/// Names in several sets are reported once, in the order in which they are first met.
inline void warn_of_capabilities(const capabilities& sets, std::size_t known, const std::string& pointer,
                                 std::vector<warning>& warnings) {
  std::vector<std::string> strange;
  for (const auto* set : {&sets.bounding, &sets.effective, &sets.inheritable, &sets.permitted, &sets.ambient})
    for (const auto& name : *set) {
      const auto number = capability_number(name);
      if ((!number || *number >= known) && !contains(strange, name)) strange.push_back(name);
    }
  if (!strange.empty()) {
    std::string list;
    for (const auto& name : strange) list += (list.empty() ? "" : " ") + shown(name);
    warnings.push_back({pointer, "ignoring unknown or unavailable capabilities: [" + list + "]"});
  }
  for (std::size_t i = 0; i < sets.ambient.size(); ++i) {
    const auto& name = sets.ambient[i];
    const bool can_raise = contains(sets.inheritable, name) && contains(sets.permitted, name);
    if (!can_raise && !contains(strange, name))
      warnings.push_back({element(pointer + "/ambient", i),
                          "can't raise ambient capability " + shown(name) + ": operation not permitted"});
  }
}

/// What runc checks while it loads: the words are those of its `create`.
[[nodiscard]] inline result<void> validate_program(const process& p, const std::string& pointer) {
  if (p.cwd.empty()) return refuse(pointer + "/cwd", "Cwd property must not be empty");
  if (p.cwd[0] != '/') return refuse(pointer + "/cwd", "Cwd must be an absolute path");
  if (p.args.empty()) return refuse(pointer + "/args", "args must not be empty");
  OCIKIT_TRY(validate_argument_bytes(p, pointer));
  OCIKIT_TRY(validate_user(p.user, pointer + "/user"));
  if (p.env) OCIKIT_TRY(validate_env(*p.env, pointer + "/env"));
  if (p.console_size) OCIKIT_TRY(validate_console_size(*p.console_size, pointer + "/consoleSize"));
  return {};
}

/// What runc checks last.
[[nodiscard]] inline result<void> validate_scheduling(const process& p, const std::string& pointer) {
  if (p.scheduler) OCIKIT_TRY(validate_scheduler(*p.scheduler, pointer + "/scheduler"));
  if (p.io_priority) OCIKIT_TRY(validate_io_priority(*p.io_priority, pointer + "/ioPriority"));
  if (!p.exec_cpu_affinity) return {};
  const auto affinity = pointer + "/execCPUAffinity";
  OCIKIT_TRY(validate_affinity(p.exec_cpu_affinity->initial, "initial", affinity));
  return validate_affinity(p.exec_cpu_affinity->final, "final", affinity);
}

// ---- id maps ----

/// The kernel answers a bad map with a bare EINVAL, long after it could have been explained.
[[nodiscard]] inline result<void> validate_mappings(const std::vector<id_mapping>& map, std::string_view pointer) {
  const auto overlap = [](std::uint32_t a, std::uint32_t a_size, std::uint32_t b, std::uint32_t b_size) {
    return a < std::uint64_t{b} + b_size && b < std::uint64_t{a} + a_size;
  };
  for (std::size_t i = 0; i < map.size(); ++i) {
    const auto& m = map[i];
    const auto here = element(pointer, i);
    if (m.size == 0) return refuse(here + "/size", "id mapping of size 0");
    if (std::uint64_t{m.container_id} + m.size - 1 > limits::id || std::uint64_t{m.host_id} + m.size - 1 > limits::id)
      return refuse(here, "id mapping goes beyond 4294967294");
    for (std::size_t j = 0; j < i; ++j)
      if (overlap(m.container_id, m.size, map[j].container_id, map[j].size) ||
          overlap(m.host_id, m.size, map[j].host_id, map[j].size))
        return refuse(here, "id mapping overlaps the one at " + element(pointer, j));
  }
  return {};
}

[[nodiscard]] inline bool is_mapped(const std::vector<id_mapping>& map, std::uint32_t id) {
  return std::ranges::any_of(map,
                             [&](const id_mapping& m) { return id >= m.container_id && id - m.container_id < m.size; });
}

// ---- one function for each station of runc's validation ----

struct subject {
  const spec::config& config;
  const linux_platform& platform;
  const validation_facts& facts;

  [[nodiscard]] bool has(namespace_type type) const { return find_namespace(platform, type) != nullptr; }
};

[[nodiscard]] inline result<void> validate_root(const subject& s) {
  if (!s.config.root) return refuse("/root", "root must be specified");
  const auto wanted = s.platform.rootfs_propagation;
  if (s.facts.no_pivot && (wanted == propagation::private_ || wanted == propagation::rprivate))
    return refuse("/linux/rootfsPropagation", "rootfsPropagation of [r]private is not safe without pivot_root");
  return {};
}

/// A node needs a name, and a number that the kernel can hold: mknod(2) would cut a larger one to that of another
/// device. See: new_decode_dev() of include/linux/kdev_t.h, 12 and 20 bits.
[[nodiscard]] inline result<void> validate_devices(const std::vector<device>& list) {
  constexpr std::int64_t last_major = 0xfff, last_minor = 0xfffff;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const device& d = list[i];
    const auto here = element("/linux/devices", i);
    if (d.path.find_first_not_of("/.") == std::string::npos)
      return refuse(here + "/path", "invalid device path " + in_quotes(d.path));
    if (d.type == device_type::fifo) continue;
    if (d.major < 0 || d.major > last_major)
      return refuse(here + "/major", "device number " + std::to_string(d.major) + " is not in 0 to 4095");
    if (d.minor < 0 || d.minor > last_minor)
      return refuse(here + "/minor", "device number " + std::to_string(d.minor) + " is not in 0 to 1048575");
  }
  return {};
}

/// What the kernel takes as a name: IFNAMSIZ is 16 with the NUL. See: dev_valid_name() of net/core/dev.c.
[[nodiscard]] inline bool is_interface_name(std::string_view name) {
  return !name.empty() && name.size() < 16 && name != "." && name != ".." &&
         name.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
}

[[nodiscard]] inline result<void> validate_net_devices(const subject& s) {
  static constexpr std::string_view pointer = "/linux/netDevices";
  if (s.platform.net_devices.empty()) return {};
  if (!s.has(namespace_type::network))
    return refuse(std::string{pointer}, "unable to move network devices without a NET namespace");
  if (s.facts.rootless_euid)
    return refuse(std::string{pointer}, "network devices are not supported for rootless containers");
  for (const auto& [name, device] : s.platform.net_devices) {
    if (!is_interface_name(name)) return refuse(entry(pointer, name), "invalid network device name " + in_quotes(name));
    if (!device.name.empty() && !is_interface_name(device.name))
      return refuse(entry(pointer, name) + "/name", "invalid network device name " + in_quotes(device.name));
  }
  return {};
}

[[nodiscard]] inline result<void> validate_names(const subject& s) {
  if (s.has(namespace_type::uts)) return {};
  if (!s.config.hostname.empty()) return refuse("/hostname", "unable to set hostname without a private UTS namespace");
  if (!s.config.domainname.empty())
    return refuse("/domainname", "unable to set domainname without a private UTS namespace");
  return {};
}

[[nodiscard]] inline result<void> validate_restricted_paths(const subject& s) {
  const auto& masked = s.platform.masked_paths;
  const auto& readonly = s.platform.readonly_paths;
  const std::string pointer = masked.empty() ? "/linux/readonlyPaths" : "/linux/maskedPaths";
  if (masked.size() + readonly.size() > limits::items)
    return refuse(pointer, "more than " + std::to_string(limits::items) + " masked and read-only paths");
  if (masked.empty() && readonly.empty()) return {};
  if (s.has(namespace_type::mount)) return {};
  return refuse(pointer, "unable to restrict sys entries without a private MNT namespace");
}

[[nodiscard]] inline result<void> validate_namespace_list(const std::vector<linux_namespace>& list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto here = element("/linux/namespaces", i);
    const auto same = [&](const linux_namespace& other) { return other.type == list[i].type; };
    if (std::any_of(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(i), same))
      return refuse(here, "malformed spec file: duplicated ns {" + in_quotes(name_of(list[i].type)) + ' ' +
                              in_quotes(list[i].path) + "}");
    if (list[i].path.find(',') != std::string::npos)
      return refuse(here + "/path", "invalid namespace path " + shown(list[i].path));
  }
  return {};
}

[[nodiscard]] inline result<void> validate_user_namespace(const subject& s) {
  const auto* const own = find_namespace(s.platform, namespace_type::user);
  if (own == nullptr) return {};  // mappings without the namespace are ignored
  const auto& uids = s.platform.uid_mappings;
  const auto& gids = s.platform.gid_mappings;
  if (own->path.empty() && uids.empty() && gids.empty())
    return refuse("/linux/namespaces",
                  "user namespaces enabled, but no namespace path to join nor mappings to apply specified");
  OCIKIT_TRY(validate_mappings(uids, "/linux/uidMappings"));
  return validate_mappings(gids, "/linux/gidMappings");
}

[[nodiscard]] inline result<void> validate_mapped_user(const subject& s) {
  const auto* const own = find_namespace(s.platform, namespace_type::user);
  if (own == nullptr || !own->path.empty()) return {};  // the map in force is the joined one's
  const auto& who = s.config.process->user;
  if (!is_mapped(s.platform.uid_mappings, who.uid))
    return refuse("/process/user/uid",
                  "cannot setuid to unmapped uid " + std::to_string(who.uid) + " in user namespace");
  if (!is_mapped(s.platform.gid_mappings, who.gid))
    return refuse("/process/user/gid",
                  "cannot setgid to unmapped gid " + std::to_string(who.gid) + " in user namespace");
  return {};
}

[[nodiscard]] inline result<void> validate_time_namespace(const subject& s) {
  if (!s.platform.time_offsets) return {};
  const auto* const own = find_namespace(s.platform, namespace_type::time);
  if (own == nullptr)
    return refuse("/linux/timeOffsets",
                  "time namespace offsets specified, but time namespace isn't enabled in the config");
  if (!own->path.empty())
    return refuse("/linux/timeOffsets",
                  "time namespace enabled, but both namespace path and time offsets specified -- you may only provide "
                  "one");
  return {};
}

[[nodiscard]] inline result<void> validate_namespaces(const subject& s) {
  OCIKIT_TRY(validate_user_namespace(s));
  return validate_time_namespace(s);
}

// The parameters that follow the IPC namespace. See: ipc_namespaces(7).
inline constexpr std::array<std::string_view, 8> ipc_sysctls = {
    "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem",
    "kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced",
};

/// Why a container with these namespaces may not set `name`, empty when it may. `path` is where it is below /proc/sys.
[[nodiscard]] inline std::string sysctl_refusal(const subject& s, std::string_view name, std::string_view path) {
  const auto sentence = [&](std::string_view rest) { return "sysctl " + in_quotes(name) + ' ' + std::string{rest}; };
  if (path.starts_with("fs/mqueue/") || std::ranges::find(ipc_sysctls, path) != ipc_sysctls.end())
    return s.has(namespace_type::ipc) ? "" : sentence("is not allowed in the hosts ipc namespace");
  if (path.starts_with("net/")) {
    const bool own = s.has(namespace_type::network) && !s.facts.network_path_is_own;
    return own ? "" : sentence("not allowed in host network namespace");
  }
  if (path.starts_with("user/"))
    return s.has(namespace_type::user) ? "" : "setting ucounts without a user namespace not allowed: " + shown(name);
  if (path == "kernel/hostname") return sentence("is not allowed as it conflicts with the OCI \"hostname\" field");
  if (path == "kernel/domainname" && s.has(namespace_type::uts)) return "";
  return sentence("is not in a separate kernel namespace");
}

[[nodiscard]] inline result<void> validate_sysctl(const subject& s) {
  static constexpr std::string_view pointer = "/linux/sysctl";
  for (const auto& [name, setting] : s.platform.sysctl) {
    const auto path = sysctl_path(name);
    if (!path) return refuse(entry(pointer, name), "sysctl " + in_quotes(name) + " is not a name below /proc/sys");
    if (auto why = sysctl_refusal(s, name, *path); !why.empty()) return refuse(entry(pointer, name), std::move(why));
  }
  return {};
}

/// What config-linux.md says of the lines themselves.
[[nodiscard]] inline result<void> validate_schemata(const intel_rdt& rdt, const std::string& pointer) {
  const auto is_one_line = [](std::string_view text) { return text.find('\n') == std::string_view::npos; };
  if (!rdt.mem_bw_schema.empty() && (!rdt.mem_bw_schema.starts_with("MB:") || !is_one_line(rdt.mem_bw_schema)))
    return refuse(pointer + "/memBwSchema", "intelRdt.memBwSchema is not one line that begins with MB:");
  for (std::size_t i = 0; i < rdt.schemata.size(); ++i)
    if (rdt.schemata[i].empty() || !is_one_line(rdt.schemata[i]))
      return refuse(element(pointer + "/schemata", i), "an element of intelRdt.schemata is not one line");
  return {};
}

[[nodiscard]] inline result<void> validate_intel_rdt(const subject& s) {
  if (!s.platform.intel_rdt) return {};
  const auto& rdt = *s.platform.intel_rdt;
  const std::string pointer = "/linux/intelRdt";
  if (!s.facts.intel_rdt_enabled)
    return refuse(pointer, "intelRdt is specified in config, but Intel RDT is not enabled");
  if (rdt.clos_id == "." || rdt.clos_id == ".." || (rdt.clos_id.size() > 1 && contains_slash(rdt.clos_id)))
    return refuse(pointer + "/closID", "invalid intelRdt.ClosID " + in_quotes(rdt.clos_id));
  if (!rdt.l3_cache_schema.empty() && !s.facts.intel_rdt_l3_enabled)
    return refuse(pointer + "/l3CacheSchema",
                  "intelRdt.l3CacheSchema is specified in config, but Intel RDT/CAT is not enabled");
  if (!rdt.mem_bw_schema.empty() && !s.facts.intel_rdt_mba_enabled)
    return refuse(pointer + "/memBwSchema",
                  "intelRdt.memBwSchema is specified in config, but Intel RDT/MBA is not enabled");
  return validate_schemata(rdt, pointer);
}

/// `uid=5` and `gid=5` must mean something inside; what is no number is left to the file system.
[[nodiscard]] inline result<void> validate_rootless_option(const subject& s, const std::string& option,
                                                           const std::string& pointer) {
  const bool uid = option.starts_with("uid=");
  if (!uid && !option.starts_with("gid=")) return {};
  const auto id = parse_id(std::string_view{option}.substr(4));
  const auto& map = uid ? s.platform.uid_mappings : s.platform.gid_mappings;
  if (id && is_mapped(map, *id)) return {};
  const std::string why = id ? std::to_string(*id) + " is not mapped" : id.error().message();
  return refuse(pointer, "cannot specify " + shown(option) + " mount option for rootless container: " + why);
}

[[nodiscard]] inline result<void> validate_rootless(const subject& s) {
  if (!s.facts.rootless_euid) return {};
  const auto* const own = find_namespace(s.platform, namespace_type::user);
  if (own == nullptr) return refuse("/linux/namespaces", "rootless container requires user namespaces");
  if (own->path.empty() && s.platform.uid_mappings.empty())
    return refuse("/linux/uidMappings", "rootless containers requires at least one UID mapping");
  if (own->path.empty() && s.platform.gid_mappings.empty())
    return refuse("/linux/gidMappings", "rootless containers requires at least one GID mapping");
  if (own->path.empty())
    for (std::size_t i = 0; i < s.config.mounts.size(); ++i)
      if (const auto& options = s.config.mounts[i].options)
        for (std::size_t j = 0; j < options->size(); ++j)
          OCIKIT_TRY(validate_rootless_option(s, (*options)[j], element(element("/mounts", i) + "/options", j)));
  if (!s.config.process->user.additional_gids.empty())
    return refuse("/process/user/additionalGids", "cannot set any additional groups in a rootless container");
  return {};
}

/// Why `m`, which asks for id mapping, cannot have it; empty when it can.
[[nodiscard]] inline std::string id_map_refusal(const subject& s, const mount& m, bool bind) {
  if (!bind) return "id-mapped mounts are only supported for bind-mounts";
  if (s.facts.rootless_euid) return "id-mapped mounts are not supported for rootless containers";
  const bool none = m.uid_mappings.empty() && m.gid_mappings.empty();
  const bool both = !m.uid_mappings.empty() && !m.gid_mappings.empty();
  const bool from_container = none && s.has(namespace_type::user);
  return both || from_container ? "" : "id-mapped mounts must have both uid and gid mappings specified";
}

[[nodiscard]] inline result<void> validate_mount(const subject& s, const mount& m, const std::string& pointer) {
  if (m.destination.empty()) return refuse(pointer + "/destination", "mount destination must not be empty");
  const auto has_option = [&](std::string_view option) { return m.options && contains(*m.options, option); };
  if (has_option("idmap") || has_option("ridmap") || !m.uid_mappings.empty() || !m.gid_mappings.empty()) {
    const auto why = id_map_refusal(s, m, has_option("bind") || has_option("rbind"));
    if (!why.empty()) return refuse(pointer, "invalid mount {" + shown(m.destination) + "}: " + why);
  }
  OCIKIT_TRY(validate_mappings(m.uid_mappings, pointer + "/uidMappings"));
  return validate_mappings(m.gid_mappings, pointer + "/gidMappings");
}

[[nodiscard]] inline result<void> validate_mounts(const subject& s) {
  for (std::size_t i = 0; i < s.config.mounts.size(); ++i)
    OCIKIT_TRY(validate_mount(s, s.config.mounts[i], element("/mounts", i)));
  return {};
}

[[nodiscard]] inline result<void> validate_memory_policy(const subject& s) {
  if (!s.platform.memory_policy) return {};
  using mode = memory_policy_mode;
  const auto& policy = *s.platform.memory_policy;
  const std::string pointer = "/linux/memoryPolicy";
  if (!policy.mode) return refuse(pointer + "/mode", "invalid memory policy mode \"\"");
  const auto nodes = parse_id_list(policy.nodes, limits::node);
  if (!nodes)
    return refuse(pointer + "/nodes",
                  "invalid memory policy nodes " + in_quotes(policy.nodes) + ": " + nodes.error().message());
  std::size_t count = 0;
  for (const auto& range : *nodes) count += range.last - range.first + 1;
  const bool takes_none = *policy.mode == mode::default_ || *policy.mode == mode::local;
  if (takes_none && count != 0)
    return refuse(pointer + "/nodes", "memory policy mode requires 0 nodes but got " + std::to_string(count));
  if (!takes_none && *policy.mode != mode::preferred && count == 0)
    return refuse(pointer + "/nodes", "memory policy mode requires at least one node but got 0");
  return {};
}

// ---- what runc meets while it converts the document ----

[[nodiscard]] inline result<void> validate_hook_list(const std::vector<hook>& list, const std::string& pointer) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto here = element(pointer, i);
    if (!list[i].path.starts_with('/'))
      return refuse(here + "/path", "hook path " + in_quotes(list[i].path) + " is not absolute");
    if (list[i].timeout && *list[i].timeout < 0)
      return refuse(here + "/timeout", "hook timeout " + std::to_string(*list[i].timeout) + " is negative");
  }
  return {};
}

[[nodiscard]] inline result<void> validate_hooks(const hooks& h) {
  OCIKIT_TRY(validate_hook_list(h.prestart, "/hooks/prestart"));
  OCIKIT_TRY(validate_hook_list(h.create_runtime, "/hooks/createRuntime"));
  OCIKIT_TRY(validate_hook_list(h.create_container, "/hooks/createContainer"));
  OCIKIT_TRY(validate_hook_list(h.start_container, "/hooks/startContainer"));
  OCIKIT_TRY(validate_hook_list(h.poststart, "/hooks/poststart"));
  return validate_hook_list(h.poststop, "/hooks/poststop");
}

[[nodiscard]] inline result<void> validate_notify(const seccomp& filter, const std::string& pointer) {
  bool used = false;
  if (filter.default_action == seccomp_action::notify)
    return refuse(pointer + "/defaultAction", "SCMP_ACT_NOTIFY cannot be used as default action");
  for (std::size_t i = 0; i < filter.syscalls.size(); ++i) {
    if (filter.syscalls[i].action != seccomp_action::notify) continue;
    used = true;
    if (contains(filter.syscalls[i].names, "write"))
      return refuse(element(pointer + "/syscalls", i), "SCMP_ACT_NOTIFY cannot be used for the write syscall");
  }
  if (used && filter.listener_path.empty()) return refuse(pointer + "/listenerPath", "seccomp listenerPath is not set");
  return {};
}

[[nodiscard]] inline result<void> validate_seccomp(const seccomp& filter) {
  static constexpr std::uint32_t last_argument = 5;
  const std::string pointer = "/linux/seccomp";
  if (!filter.default_action && !filter.syscalls.empty())
    return refuse(pointer + "/defaultAction", "string  is not a valid action for seccomp");
  for (std::size_t i = 0; i < filter.syscalls.size(); ++i) {
    const auto here = element(pointer + "/syscalls", i);
    const auto& call = filter.syscalls[i];
    if (call.names.empty()) return refuse(here + "/names", "names must not be empty");
    for (std::size_t j = 0; j < call.args.size(); ++j)
      if (call.args[j].index > last_argument)
        return refuse(element(here + "/args", j) + "/index",
                      "system calls have no argument " + std::to_string(call.args[j].index) + ", only 0 to 5");
  }
  return validate_notify(filter, pointer);
}

inline void warn_of_annotations(const config& c, std::vector<warning>& warnings) {
  for (const auto& [key, value] : c.annotations) {
    if (is_strange_annotation(key))
      warnings.push_back({entry("/annotations", key), "annotation " + shown(key) + " is not supported: ignored"});
    if (key == annotation::keep_original_groups && value != "0" && !c.process->user.additional_gids.empty())
      warnings.push_back({"/process/user/additionalGids",
                          "additionalGids are ignored: the annotation " + key + " keeps the caller's groups"});
  }
}

inline void warn_of_mounts(const std::vector<mount>& mounts, std::vector<warning>& warnings) {
  for (std::size_t i = 0; i < mounts.size(); ++i)
    if (!mounts[i].destination.starts_with('/'))
      warnings.push_back(
          {element("/mounts", i) + "/destination", "mount destination " + in_quotes(mounts[i].destination) +
                                                       " is relative, taken as /" + shown(mounts[i].destination)});
}

/// Linux took the first away in 5.16; of neither does runc set anything.
inline void warn_of_kernel_memory(const memory& m, std::vector<warning>& warnings) {
  const std::string pointer = m.kernel ? "/linux/resources/memory/kernel" : "/linux/resources/memory/kernelTCP";
  if (m.kernel || m.kernel_tcp) warnings.push_back({pointer, "kernel memory limits are ignored, as in runc"});
}

/// Engines have been seen to write `rwa`; runc takes it for `rw`.
inline void warn_of_device_access(const resources& r, std::vector<warning>& warnings) {
  for (std::size_t i = 0; i < r.devices.size(); ++i)
    if (r.devices[i].access.find('a') != std::string::npos)
      warnings.push_back({element("/linux/resources/devices", i) + "/access",
                          "device access " + in_quotes(r.devices[i].access) + ": a means nothing, only r, w and m do"});
}

}  // namespace detail

/// What deserves a warning, of a configuration that is refused, too.
[[nodiscard]] inline std::vector<warning> find_warnings(const config& c, const validation_facts& facts = {}) {
  std::vector<warning> warnings;
  if (c.oci_version.empty()) warnings.push_back({"/ociVersion", "ociVersion is missing"});
  if (c.process && c.process->capabilities)
    detail::warn_of_capabilities(*c.process->capabilities, facts.capability_count, "/process/capabilities", warnings);
  detail::warn_of_mounts(c.mounts, warnings);
  detail::warn_of_annotations(c, warnings);
  if (c.platform && c.platform->personality && !c.platform->personality->flags.empty())
    warnings.push_back({"/linux/personality/flags", "ignoring personality flags: none is supported"});
  if (c.platform && c.platform->resources) detail::warn_of_device_access(*c.platform->resources, warnings);
  if (c.platform && c.platform->resources && c.platform->resources->memory)
    detail::warn_of_kernel_memory(*c.platform->resources->memory, warnings);
  return warnings;
}

/// Checks the rules of one resources object that a file name or a kernel file is made of, for `update` too.
///
/// Errors: config, with pointers that begin with `pointer`.
[[nodiscard]] inline result<void> validate_resources(const resources& r, const std::string& pointer) {
  for (std::size_t i = 0; i < r.devices.size(); ++i)
    if (r.devices[i].access.find_first_not_of("rwma") != std::string::npos)
      return detail::refuse(detail::element(pointer + "/devices", i) + "/access",
                            "invalid device access " + detail::in_quotes(r.devices[i].access));
  for (std::size_t i = 0; i < r.hugepage_limits.size(); ++i)
    if (!detail::is_page_size(r.hugepage_limits[i].page_size))
      return detail::refuse(detail::element(pointer + "/hugepageLimits", i) + "/pageSize",
                            "invalid hugepage size " + detail::in_quotes(r.hugepage_limits[i].page_size));
  for (const auto& [file, content] : r.unified)
    if (file.empty() || file == "." || file == ".." || detail::contains_slash(file))
      return detail::refuse(detail::entry(pointer + "/unified", file),
                            "unified resource " + detail::in_quotes(file) + " must be a file name (no slashes)");
  return {};
}

/// Checks a process on its own, as `exec --process FILE` gives it. Returns the warnings.
///
/// Errors: config, with pointers that begin with `pointer`: empty for a document that is a process.
/// See: runtime-spec config.md, "Process".
[[nodiscard]] inline result<std::vector<warning>> validate_process(const process& p, const validation_facts& facts,
                                                                   const std::string& pointer = {}) {
  OCIKIT_TRY(detail::validate_program(p, pointer));
  OCIKIT_TRY(detail::validate_scheduling(p, pointer));
  std::vector<warning> warnings;
  if (p.capabilities)
    detail::warn_of_capabilities(*p.capabilities, facts.capability_count, pointer + "/capabilities", warnings);
  return warnings;
}

/// Checks a whole configuration before anything is created. Returns what deserves a warning.
///
/// Errors: config, with the pointer of the first value at fault, in runc's order: process, root, devices,
/// network devices, names, restricted paths, namespaces, sysctl, Intel RDT, rootless demands, the user's mapping,
/// mounts, scheduling, memory policy.
[[nodiscard]] inline result<std::vector<warning>> validate(const config& c, const validation_facts& facts = {}) {
  static const linux_platform no_platform;
  if (!c.process) return detail::refuse("/process", "process property must not be empty");
  OCIKIT_TRY(detail::validate_program(*c.process, "/process"));
  const detail::subject s{c, c.platform ? *c.platform : no_platform, facts};
  OCIKIT_TRY(detail::validate_root(s));
  OCIKIT_TRY(detail::validate_namespace_list(s.platform.namespaces));
  if (c.hooks) OCIKIT_TRY(detail::validate_hooks(*c.hooks));
  OCIKIT_TRY(read_extensions(c.annotations));
  if (s.platform.resources) OCIKIT_TRY(validate_resources(*s.platform.resources, "/linux/resources"));
  if (s.platform.seccomp) OCIKIT_TRY(detail::validate_seccomp(*s.platform.seccomp));
  OCIKIT_TRY(detail::validate_devices(s.platform.devices));
  OCIKIT_TRY(detail::validate_net_devices(s));
  OCIKIT_TRY(detail::validate_names(s));
  OCIKIT_TRY(detail::validate_restricted_paths(s));
  OCIKIT_TRY(detail::validate_namespaces(s));
  OCIKIT_TRY(detail::validate_sysctl(s));
  OCIKIT_TRY(detail::validate_intel_rdt(s));
  OCIKIT_TRY(detail::validate_rootless(s));
  OCIKIT_TRY(detail::validate_mapped_user(s));
  OCIKIT_TRY(detail::validate_mounts(s));
  OCIKIT_TRY(detail::validate_scheduling(*c.process, "/process"));
  OCIKIT_TRY(detail::validate_memory_policy(s));
  return find_warnings(c, facts);
}

}  // namespace ocikit::spec
