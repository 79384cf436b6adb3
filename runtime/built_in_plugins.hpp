// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <ocikit/plugin/abi.h>

namespace ocikit::runtime {

/// The plugins that this build has linked in: those of CMake's OCIKIT_BUILT_IN_PLUGINS.
[[nodiscard]] std::span<const ocikit_plugin_info* const> built_in_plugins();

}  // namespace ocikit::runtime
