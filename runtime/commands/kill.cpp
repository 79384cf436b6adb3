// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    {"all", "a", option_kind::flag, "", "", "obsolete: makes a stopped container no error, and nothing else", true},
};

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("kill is not implemented yet")); }

constexpr command self{
    .name = "kill",
    .purpose = "send a signal to a container's first process",
    .usage = "<container-id> [signal]",
    .description = "The signal is a number or a name, with or without SIG, in any case; SIGTERM when left out.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 2,
    .run = run,
};

}  // namespace

const command& kill_command() noexcept { return self; }

}  // namespace ocikit::runtime
