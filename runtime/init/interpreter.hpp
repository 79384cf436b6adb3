// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ocikit::init {

/// Takes the steps of a plan and ends in the container's program. The arguments are the init's name and, in decimal,
/// the descriptors of the plan and of the socket to the runtime.
[[noreturn]] void interpret(int count, const char* const* arguments) noexcept;

}  // namespace ocikit::init
