// SPDX-License-Identifier: Apache-2.0
#include "supported.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/mounts/options.hpp>
#include <ocikit/seccomp/kernel.hpp>
#include <ocikit/spec/capability_names.hpp>
#include <ocikit/spec/extensions.hpp>
#include <ocikit/spec/tables.hpp>

#include "version.hpp"

namespace ocikit::runtime {
namespace {

using strings = std::vector<std::string>;

/// The names of an enum of config.json, sorted.
template <class Enum>
strings names_of() {
  strings out;
  for (const auto& entry : spec::names<Enum>.all) out.emplace_back(entry.name);
  std::sort(out.begin(), out.end());
  return out;
}

bool can_load(const plugin::search& where, std::string_view kind, std::string_view name) {
  return plugin::load(where, kind, name).has_value();
}

struct seccomp_flag_name {
  std::string_view name;
  std::uint32_t bit;
};
constexpr seccomp_flag_name seccomp_flags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", seccomp::filter_flag::tsync},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", seccomp::filter_flag::spec_allow},
    {"SECCOMP_FILTER_FLAG_LOG", seccomp::filter_flag::log},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", seccomp::filter_flag::wait_killable_recv},
};

spec::seccomp_features probe_seccomp(const plugin::search& where) {
  spec::seccomp_features out;
  out.enabled = can_load(where, "seccomp", "seccomp-libseccomp");
  out.actions = names_of<spec::seccomp_action>();
  out.operators = names_of<spec::seccomp_operator>();
  out.archs = names_of<spec::seccomp_arch>();
  out.known_flags.emplace();
  out.supported_flags.emplace();
  const seccomp::kernel_facts kernel = seccomp::probe_kernel();
  for (const auto& flag : seccomp_flags) {
    out.known_flags->emplace_back(flag.name);
    if ((kernel.flags & flag.bit) != 0) out.supported_flags->emplace_back(flag.name);
  }
  return out;
}

spec::cgroup_features probe_cgroup(const plugin::search& where) {
  spec::cgroup_features out;
  out.v1 = can_load(where, "cgroup", "cgroup-fs");
  out.v2 = can_load(where, "cgroup", "cgroup-fs2");
  out.systemd = can_load(where, "cgroup", "cgroup-systemd");
  out.systemd_user = out.systemd;
  out.rdma = *out.v1 || *out.v2;
  return out;
}

spec::linux_features probe_linux(const plugin::search& where) {
  spec::linux_features out;
  out.namespaces = names_of<spec::namespace_type>();
  out.capabilities.emplace(spec::capability_names.begin(), spec::capability_names.end());
  out.cgroup = probe_cgroup(where);
  out.seccomp = probe_seccomp(where);
  out.apparmor.emplace().enabled = can_load(where, "lsm", "lsm-apparmor");
  out.selinux.emplace().enabled = can_load(where, "lsm", "lsm-selinux");
  out.intel_rdt = spec::intel_rdt_features{.enabled = true, .schemata = true, .monitoring = true};
  out.memory_policy = spec::memory_policy_features{.modes = names_of<spec::memory_policy_mode>(),
                                                   .flags = names_of<spec::memory_policy_flag>()};
  out.mount_extensions.emplace().idmap.emplace().enabled = true;
  out.net_devices.emplace().enabled = true;
  return out;
}

}  // namespace

spec::features probe_features(const plugin::search& where) {
  spec::features out;
  out.oci_version_min = "1.0.0";
  out.oci_version_max = spec_version;
  out.hooks = {{"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}};
  out.mount_options = mounts::option_names();
  std::sort(out.mount_options->begin(), out.mount_options->end());
  out.platform = probe_linux(where);
  if (!commit.empty()) out.annotations.emplace_back("io.ocikit.ocirun.commit", commit);
  out.annotations.emplace_back("io.ocikit.ocirun.version", version);
  out.potentially_unsafe_config_annotations = {{"bundle", "org.systemd.property.", "org.criu.config"}};
  out.potentially_unsafe_config_annotations->insert(out.potentially_unsafe_config_annotations->end(),
                                                    spec::annotation::all.begin(), spec::annotation::all.end());
  return out;
}

}  // namespace ocikit::runtime
