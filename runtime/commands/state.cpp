// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"

namespace ocikit::runtime {
namespace {

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("state is not implemented yet")); }

constexpr command self{
    .name = "state",
    .purpose = "print a container's state",
    .usage = "<container-id>",
    .description = "Prints one JSON object to standard output.",
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& state_command() noexcept { return self; }

}  // namespace ocikit::runtime
