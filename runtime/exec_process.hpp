// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/container/state.hpp>
#include <ocikit/spec/types.hpp>

#include "command_line.hpp"

namespace ocikit::runtime {

/// The process that an `exec` asks for: from --process FILE, or from the bundle's config.json of now and the options;
/// what neither says is the container's own. Reads the file system. Errors: config, system.
[[nodiscard]] result<spec::process> read_exec_process(const invocation& call, const container::state& in);

}  // namespace ocikit::runtime
