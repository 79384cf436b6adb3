// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <ocikit/container/backends.hpp>

#include "command_line.hpp"

namespace ocikit::runtime {

/// The embedded init, and plugins found as the command line says. Each plugin is loaded when it is first asked for.
[[nodiscard]] container::backends make_backends(const invocation& call);

/// The cgroup driver that a new container gets: --cgroup-manager, or what suits the host.
/// Errors: unsupported for --systemd-cgroup where no systemd runs.
[[nodiscard]] result<std::string> choose_cgroup_manager(const globals& options, bool unified);

}  // namespace ocikit::runtime
