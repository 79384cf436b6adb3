// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"

namespace ocikit::runtime {
namespace {

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("pause is not implemented yet")); }

constexpr command self{
    .name = "pause",
    .purpose = "suspend all of a container's processes",
    .usage = "<container-id>",
    .description = "Freezes the cgroup of a created or running container; `resume` thaws it.",
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& pause_command() noexcept { return self; }

}  // namespace ocikit::runtime
