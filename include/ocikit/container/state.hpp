// SPDX-License-Identifier: Apache-2.0
//
// What is kept of a container between two calls of the runtime: the file ROOT/ID/state.json.
//
// The keys are runc's where programs other than the runtime read them (cAdvisor, checkpoint managers): `id`,
// `init_process_pid`, `init_process_start`, `created`, `rootless`, `cgroup_paths`, `namespace_paths`,
// `external_descriptors`, `intel_rdt_path`, and in `config` the keys `rootfs`, `labels`, `hostname`, `namespaces`,
// `cgroups.path` and `mounts[].source|destination`. What is ours alone is in the object `ocikit`.
//
// `config` is both documents in one: every property of config.json under its own name, as read when the container was
// created (so that exec, update and the poststop hooks need no bundle, which may be gone), and beside them the four
// keys of libcontainer that config.json does not have. No name occurs in both with different types, and Go's JSON
// reader, which ignores case, takes `hooks` for `Hooks`.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <ocikit/spec/types.hpp>

namespace ocikit::container {

/// The version of runtime-spec that hooks and `state` are told.
inline constexpr std::string_view specification_version = "1.3.0";

/// A namespace as libcontainer names it: `NEWPID`. An empty path is a namespace made for this container.
struct saved_namespace {
  std::string type;
  std::string path;
  bool operator==(const saved_namespace&) const = default;
};

/// The part of libcontainer's cgroup object that others read.
struct saved_cgroup {
  std::string path;  ///< below the cgroup mount
  bool systemd = false;
  bool rootless = false;
  bool operator==(const saved_cgroup&) const = default;
};

/// config.json and what libcontainer's readers look for beside it.
struct saved_config : spec::config {
  std::string rootfs;               ///< absolute
  std::vector<std::string> labels;  ///< `key=value`: the annotations, then `bundle=PATH`
  std::vector<saved_namespace> namespaces;
  saved_cgroup cgroups;
  bool no_new_keyring = false;  ///< nor do further processes get one
  bool operator==(const saved_config&) const = default;
};

/// What only this runtime reads.
struct runtime_facts {
  static constexpr std::uint32_t current_schema = 1;

  std::uint32_t schema = current_schema;  ///< a file with another number is refused
  std::string bundle;                     ///< absolute
  std::string cgroup_manager;             ///< the driver's name, such as `cgroup-fs2`; empty: no cgroup
  bool owns_cgroup = false;               ///< the cgroup was made for this container, so all in it may be killed
  bool private_pid_namespace = false;     ///< made for this container: the death of its init ends every process
  bool owns_resctrl_group = false;        ///< `intel_rdt_path` was made for this container
  std::string resctrl_monitor;            ///< the monitoring group that was; empty: none
  bool operator==(const runtime_facts&) const = default;
};

/// state.json.
struct state {
  std::string id;
  std::int64_t init_process_pid = 0;     ///< in the host's pid namespace; 0: none yet
  std::uint64_t init_process_start = 0;  ///< field 22 of /proc/PID/stat, clock ticks since boot
  std::string created;                   ///< RFC 3339 with nanoseconds, UTC
  saved_config config;
  bool rootless = false;
  spec::string_map cgroup_paths;                  ///< v2: one entry with an empty key; v1: one per controller
  spec::string_map namespace_paths;               ///< `NEWPID` to `/proc/PID/ns/pid`
  std::vector<std::string> external_descriptors;  ///< where the init's descriptors 0, 1 and 2 lead
  std::string intel_rdt_path;
  runtime_facts ocikit;
  bool operator==(const state&) const = default;
};

/// `NEWPID` for `pid`, and so on: CLONE_'s names, which libcontainer uses as keys.
[[nodiscard]] constexpr std::string_view libcontainer_name(spec::namespace_type type) noexcept {
  switch (type) {
    case spec::namespace_type::pid:
      return "NEWPID";
    case spec::namespace_type::network:
      return "NEWNET";
    case spec::namespace_type::mount:
      return "NEWNS";
    case spec::namespace_type::ipc:
      return "NEWIPC";
    case spec::namespace_type::uts:
      return "NEWUTS";
    case spec::namespace_type::user:
      return "NEWUSER";
    case spec::namespace_type::cgroup:
      return "NEWCGROUP";
    case spec::namespace_type::time:
      return "NEWTIME";
  }
  return {};
}

/// The name in /proc/PID/ns: `pid`, `net`, `mnt` and so on.
[[nodiscard]] constexpr std::string_view procfs_name(spec::namespace_type type) noexcept {
  switch (type) {
    case spec::namespace_type::pid:
      return "pid";
    case spec::namespace_type::network:
      return "net";
    case spec::namespace_type::mount:
      return "mnt";
    case spec::namespace_type::ipc:
      return "ipc";
    case spec::namespace_type::uts:
      return "uts";
    case spec::namespace_type::user:
      return "user";
    case spec::namespace_type::cgroup:
      return "cgroup";
    case spec::namespace_type::time:
      return "time";
  }
  return {};
}

/// True when the configuration asks for a pid namespace of the container's own. Pure.
[[nodiscard]] inline bool has_private_pid_namespace(const spec::config& config) {
  if (!config.platform) return false;
  for (const auto& one : config.platform->namespaces)
    if (one.type == spec::namespace_type::pid) return one.path.empty();
  return false;
}

/// The state of a container as it is known before its first process: everything that follows from the configuration.
/// `bundle` and `rootfs` are absolute. The pid, the cgroup and the paths that follow from it are for the caller to
/// fill in. Pure.
[[nodiscard]] inline state make_state(std::string id, spec::config config, std::string bundle, std::string rootfs) {
  state made;
  made.id = std::move(id);
  made.ocikit.private_pid_namespace = has_private_pid_namespace(config);
  static_cast<spec::config&>(made.config) = std::move(config);
  made.config.rootfs = std::move(rootfs);
  for (const auto& [key, value] : made.config.annotations) made.config.labels.push_back(key + "=" + value);
  made.config.labels.push_back("bundle=" + bundle);
  made.ocikit.bundle = std::move(bundle);
  if (made.config.platform)
    for (const auto& one : made.config.platform->namespaces)
      made.config.namespaces.push_back({std::string{libcontainer_name(one.type)}, one.path});
  return made;
}

/// Records the init process: its pid, its start time and the paths of its namespaces. Pure.
inline void set_init_process(state& of, pid_t pid, std::uint64_t start) {
  of.init_process_pid = pid;
  of.init_process_start = start;
  of.namespace_paths.clear();
  constexpr spec::namespace_type all[] = {
      spec::namespace_type::cgroup, spec::namespace_type::ipc, spec::namespace_type::network,
      spec::namespace_type::mount,  spec::namespace_type::pid, spec::namespace_type::time,
      spec::namespace_type::user,   spec::namespace_type::uts,
  };
  for (const auto type : all)
    of.namespace_paths.emplace_back(libcontainer_name(type),
                                    "/proc/" + std::to_string(pid) + "/ns/" + std::string{procfs_name(type)});
}

}  // namespace ocikit::container
