// SPDX-License-Identifier: Apache-2.0
#include "plugin_files.hpp"

namespace ocikit::runtime {

plugin::image_opener plugin_file_opener() noexcept { return &plugin::open_by_dlopen; }

result<void> become_able_to_load(const globals&, std::string_view) { return {}; }

result<void> become_able_to_load_any(const globals&) { return {}; }

}  // namespace ocikit::runtime
