// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/plugin/loader.hpp>

#include "built_in_plugins.hpp"
#include "command_line.hpp"
#include "plugin_files.hpp"

namespace ocikit::runtime {

/// Where ocirun looks for plugins: among those that are linked in, beside itself, in the directory it was installed
/// with, then in each --plugin-dir. The environment has no say.
[[nodiscard]] inline plugin::search plugin_search(const globals& options) {
  plugin::search where{.built_in = built_in_plugins(),
                       .directories = plugin::program_directories(OCIKIT_PLUGIN_DIRECTORY),
                       .trusted = {},
                       .open = plugin_file_opener()};
  where.directories.insert(where.directories.end(), options.plugin_dirs.begin(), options.plugin_dirs.end());
  return where;
}

}  // namespace ocikit::runtime
