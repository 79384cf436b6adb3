// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/spec/types.hpp>

/// The document that `spec` writes into an empty bundle: `sh` on a terminal in a read-only root, with few capabilities.
/// Written with `write(..., {.indent = "\t"})` it has the bytes of runc's.
namespace ocikit::spec {

struct default_config_options {
  std::string hostname = "runc";
  bool cgroup_namespace = false;  ///< add one, as runc does on a host with cgroup v2 alone
};

namespace detail {

[[nodiscard]] inline process default_process() {
  const std::vector<std::string> granted = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
  process made;
  made.terminal = true;
  made.args = {"sh"};
  made.env = {{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"}};
  made.cwd = "/";
  made.capabilities = capabilities{.bounding = granted, .effective = granted, .permitted = granted};
  made.rlimits = {{rlimit_type::nofile, 1024, 1024}};
  made.no_new_privileges = true;
  return made;
}

[[nodiscard]] inline mount default_mount(std::string destination, std::string type, std::string source,
                                         std::optional<std::vector<std::string>> options = std::nullopt) {
  mount made;
  made.destination = std::move(destination);
  made.type = std::move(type);
  made.source = std::move(source);
  made.options = std::move(options);
  return made;
}

[[nodiscard]] inline std::vector<mount> default_mounts() {
  using options = std::vector<std::string>;
  return {
      default_mount("/proc", "proc", "proc"),
      default_mount("/dev", "tmpfs", "tmpfs", options{"nosuid", "strictatime", "mode=755", "size=65536k"}),
      default_mount("/dev/pts", "devpts", "devpts",
                    options{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      default_mount("/dev/shm", "tmpfs", "shm", options{"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
      default_mount("/dev/mqueue", "mqueue", "mqueue", options{"nosuid", "noexec", "nodev"}),
      default_mount("/sys", "sysfs", "sysfs", options{"nosuid", "noexec", "nodev", "ro"}),
      default_mount("/sys/fs/cgroup", "cgroup", "cgroup", options{"nosuid", "noexec", "nodev", "relatime", "ro"}),
  };
}

[[nodiscard]] inline linux_platform default_platform(bool cgroup_namespace) {
  linux_platform made;
  made.resources.emplace().devices.push_back({.allow = false, .access = "rwm"});
  for (const auto type :
       {namespace_type::pid, namespace_type::network, namespace_type::ipc, namespace_type::uts, namespace_type::mount})
    made.namespaces.push_back({type, {}});
  if (cgroup_namespace) made.namespaces.push_back({namespace_type::cgroup, {}});
  made.masked_paths = {"/proc/acpi",          "/proc/asound",     "/proc/kcore",       "/proc/keys",
                       "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
                       "/sys/firmware",       "/proc/scsi"};
  made.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  return made;
}

}  // namespace detail

/// What `spec` writes.
[[nodiscard]] inline config default_config(const default_config_options& options = {}) {
  config made;
  made.oci_version = "1.3.0";
  made.process = detail::default_process();
  made.root = root{"rootfs", true};
  made.hostname = options.hostname;
  made.mounts = detail::default_mounts();
  made.platform = detail::default_platform(options.cgroup_namespace);
  return made;
}

/// What `spec --rootless` writes: for an unprivileged user `uid` and group `gid`, who become root inside. No network
/// namespace, as nobody could configure it; /sys from the host, as sysfs needs one; no ids in mount options and no
/// resources, as neither could be honoured.
[[nodiscard]] inline config default_rootless_config(std::uint32_t uid, std::uint32_t gid,
                                                    const default_config_options& options = {}) {
  config made = default_config(options);
  auto& platform = *made.platform;
  std::erase_if(platform.namespaces, [](const linux_namespace& n) { return n.type == namespace_type::network; });
  platform.namespaces.push_back({namespace_type::user, {}});
  platform.uid_mappings = {{.container_id = 0, .host_id = uid, .size = 1}};
  platform.gid_mappings = {{.container_id = 0, .host_id = gid, .size = 1}};
  platform.resources.reset();
  for (auto& entry : made.mounts) {
    if (entry.destination == "/sys")
      entry = detail::default_mount("/sys", "none", "/sys",
                                    std::vector<std::string>{"rbind", "nosuid", "noexec", "nodev", "ro"});
    if (entry.options)
      std::erase_if(*entry.options, [](std::string_view o) { return o.starts_with("uid=") || o.starts_with("gid="); });
  }
  return made;
}

}  // namespace ocikit::spec
