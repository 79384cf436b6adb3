// SPDX-License-Identifier: Apache-2.0
//
// What a program can do with plugins that are files depends on how it is linked. A dynamic one opens them
// (plugin_files_by_dlopen.cpp). A static one cannot: it has a twin that can, and becomes it (plugin_files_by_twin.cpp).
// Each program links one of the two.
#pragma once

#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/plugin/loader.hpp>

#include "command_line.hpp"

namespace ocikit::runtime {

/// How this program makes a plugin's file part of itself; null: it cannot.
[[nodiscard]] plugin::image_opener plugin_file_opener() noexcept;

/// To be called before anything is done that would be done twice or could be seen: where the plugin called `name` is
/// neither linked in nor to be opened by this program, the process starts anew as the twin, with the command line,
/// environment and descriptors that it has, and this does not return.
/// Errors: plugin, with the twin's path, when that is missing or not to be trusted.
[[nodiscard]] result<void> become_able_to_load(const globals& options, std::string_view name);

/// The same for whoever wants to know of every plugin that there is.
[[nodiscard]] result<void> become_able_to_load_any(const globals& options);

}  // namespace ocikit::runtime
