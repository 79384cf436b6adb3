// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"

namespace ocikit::runtime {
namespace {

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("start is not implemented yet")); }

constexpr command self{
    .name = "start",
    .purpose = "execute the program of a created container",
    .usage = "<container-id>",
    .description = "Returns once the waiting process has been released; see `create`.",
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& start_command() noexcept { return self; }

}  // namespace ocikit::runtime
