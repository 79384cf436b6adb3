// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"

namespace ocikit::runtime {
namespace {

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("resume is not implemented yet")); }

constexpr command self{
    .name = "resume",
    .purpose = "resume a paused container",
    .usage = "<container-id>",
    .description = "Thaws the cgroup that `pause` has frozen.",
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& resume_command() noexcept { return self; }

}  // namespace ocikit::runtime
