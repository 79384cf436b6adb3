// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"

namespace ocikit::runtime {
namespace {

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("features is not implemented yet")); }

constexpr command self{
    .name = "features",
    .purpose = "print what this runtime supports",
    .description = "Prints the features object of the OCI runtime specification as JSON.",
    .run = run,
};

}  // namespace

const command& features_command() noexcept { return self; }

}  // namespace ocikit::runtime
