// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    {"interval", "", option_kind::text, "DURATION", "5s", "the time between two samples"},
    {"stats", "", option_kind::flag, "", "", "print one sample and end"},
};

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("events is not supported yet")); }

constexpr command self{
    .name = "events",
    .purpose = "print a container's events and statistics",
    .usage = "<container-id>",
    .description = "Prints one JSON object per line. Not available yet.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& events_command() noexcept { return self; }

}  // namespace ocikit::runtime
