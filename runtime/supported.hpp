// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/plugin/loader.hpp>
#include <ocikit/spec/features.hpp>

namespace ocikit::runtime {

/// What this build of ocirun, with the plugins in `where`, can do. A back end counts when its plugin can be loaded; the
/// kernel is asked for seccomp's flags alone.
[[nodiscard]] spec::features probe_features(const plugin::search& where);

}  // namespace ocikit::runtime
