// SPDX-License-Identifier: Apache-2.0
//
// The labels of a config, translated by the backends that they call for.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/container/backends.hpp>
#include <ocikit/container/compose.hpp>
#include <ocikit/lsm/labels.hpp>
#include <ocikit/spec/extensions.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::container {

inline constexpr std::string_view apparmor_backend = "lsm-apparmor";
inline constexpr std::string_view selinux_backend = "lsm-selinux";

/// What the labels of `process`, and of mounts (`mount_label`; empty: none), are for the kernel.
/// Errors: of every kind, with the place in config.json; above all when the kernel lacks the module.
[[nodiscard]] inline result<process_labels> find_labels(const spec::process& process, const backends& with,
                                                        const std::string& mount_label = {}) {
  process_labels out;
  if (!process.apparmor_profile.empty())
    out.apparmor =
        OCIKIT_TRY(with.translate_labels(apparmor_backend, {process.apparmor_profile, ""}).map_error([](error e) {
          return std::move(e).at("/process/apparmorProfile");
        }));
  if (!process.selinux_label.empty() || !mount_label.empty()) {
    const char* pointer = process.selinux_label.empty() ? "/linux/mountLabel" : "/process/selinuxLabel";
    out.selinux =
        OCIKIT_TRY(with.translate_labels(selinux_backend, {process.selinux_label, mount_label}).map_error([&](error e) {
          return std::move(e).at(pointer);
        }));
  }
  return out;
}

/// The same for a new container, noted among the facts that its planning needs.
[[nodiscard]] inline result<void> find_labels(const spec::config& config, const backends& with, create_facts& to) {
  if (config.platform) to.mounts.label = config.platform->mount_label;
  to.labels = OCIKIT_TRY(find_labels(config.process.value_or(spec::process{}), with, to.mounts.label));
  to.mounts.label_option = to.labels.selinux.mount_option;
  constexpr std::string_view usual = "context";
  const auto said = OCIKIT_TRY(spec::read_extensions(config.annotations));
  if (!said.mount_context_type.empty() && to.mounts.label_option.starts_with(usual))
    to.mounts.label_option.replace(0, usual.size(), said.mount_context_type);
  return {};
}

}  // namespace ocikit::container
