// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/plugin/loader.hpp>

#include "command_line.hpp"

namespace ocikit::runtime {

/// Where ocirun looks for plugins: beside itself, in the directory it was installed with, then in each --plugin-dir.
/// The environment has no say.
[[nodiscard]] inline plugin::search plugin_search(const globals& options) {
  plugin::search where;
  where.directories = plugin::program_directories(OCIKIT_PLUGIN_DIRECTORY);
  where.directories.insert(where.directories.end(), options.plugin_dirs.begin(), options.plugin_dirs.end());
  return where;
}

}  // namespace ocikit::runtime
