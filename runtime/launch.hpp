// SPDX-License-Identifier: Apache-2.0
//
// What `create` and `run` have in common.
#pragma once

#include "command_line.hpp"

namespace ocikit::runtime {

/// Makes a container that waits for `start`, and returns. Errors: of every kind; nothing is left behind then.
[[nodiscard]] result<int> create_container(const invocation& call);

/// Makes a container, starts it and, unless detached, waits for its end: returns its exit status.
[[nodiscard]] result<int> run_container(const invocation& call);

}  // namespace ocikit::runtime
