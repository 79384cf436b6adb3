// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/container/update.hpp>

#include "command_line.hpp"

namespace ocikit::runtime {

/// What the options of `update` ask for: the document of --resources, else the other options one by one. Warns of what
/// has no effect. Errors: config, with runc's sentence for a value that is none; system for a document that cannot be
/// read.
[[nodiscard]] result<container::update_request> read_update_request(const invocation& call);

}  // namespace ocikit::runtime
