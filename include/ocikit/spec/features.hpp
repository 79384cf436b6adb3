// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <ocikit/spec/types.hpp>

/// What `features` prints. See: runtime-spec features.md and features-linux.md.
///
/// An absent value means unknown, an empty list or false means unsupported, so nearly everything is optional.
namespace ocikit::spec {

struct cgroup_features {
  std::optional<bool> v1 = {};
  std::optional<bool> v2 = {};
  std::optional<bool> systemd = {};
  std::optional<bool> systemd_user = {};
  std::optional<bool> rdma = {};
  bool operator==(const cgroup_features&) const = default;
};

struct seccomp_features {
  std::optional<bool> enabled = {};
  std::optional<std::vector<std::string>> actions = {};
  std::optional<std::vector<std::string>> operators = {};
  std::optional<std::vector<std::string>> archs = {};
  std::optional<std::vector<std::string>> known_flags = {};
  std::optional<std::vector<std::string>> supported_flags = {};
  bool operator==(const seccomp_features&) const = default;
};

/// For the features of which only `enabled` is told: apparmor, selinux, idmap, netDevices.
struct enabled_feature {
  std::optional<bool> enabled = {};
  bool operator==(const enabled_feature&) const = default;
};

struct intel_rdt_features {
  std::optional<bool> enabled = {};
  std::optional<bool> schemata = {};
  std::optional<bool> monitoring = {};
  bool operator==(const intel_rdt_features&) const = default;
};

struct memory_policy_features {
  std::optional<std::vector<std::string>> modes = {};
  std::optional<std::vector<std::string>> flags = {};
  bool operator==(const memory_policy_features&) const = default;
};

struct mount_extensions {
  std::optional<enabled_feature> idmap = {};
  bool operator==(const mount_extensions&) const = default;
};

struct linux_features {
  std::optional<std::vector<std::string>> namespaces = {};
  std::optional<std::vector<std::string>> capabilities = {};
  std::optional<cgroup_features> cgroup = {};
  std::optional<seccomp_features> seccomp = {};
  std::optional<enabled_feature> apparmor = {};
  std::optional<enabled_feature> selinux = {};
  std::optional<intel_rdt_features> intel_rdt = {};
  std::optional<memory_policy_features> memory_policy = {};
  std::optional<spec::mount_extensions> mount_extensions = {};
  std::optional<enabled_feature> net_devices = {};
  bool operator==(const linux_features&) const = default;
};

struct features {
  std::string oci_version_min = {};
  std::string oci_version_max = {};
  std::optional<std::vector<std::string>> hooks = {};
  std::optional<std::vector<std::string>> mount_options = {};
  std::optional<linux_features> platform = {};  ///< the property is called `linux`
  string_map annotations = {};
  std::optional<std::vector<std::string>> potentially_unsafe_config_annotations = {};
  bool operator==(const features&) const = default;
};

}  // namespace ocikit::spec
