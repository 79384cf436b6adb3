// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace ocikit::runtime {

/// ocirun with the command line `arguments`, argv[0] among them: returns the exit status.
[[nodiscard]] int run_program(std::span<const char* const> arguments);

}  // namespace ocikit::runtime
