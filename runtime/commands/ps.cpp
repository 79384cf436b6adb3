// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"
#include "shared_options.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    shared::table_or_json,
};

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("ps is not implemented yet")); }

constexpr command self{
    .name = "ps",
    .purpose = "show a container's processes",
    .usage = "<container-id> [ps options]",
    .description =
        "Runs ps(1) with the given options (-ef when there are none) and prints the rows of the container's\n"
        "processes. The process ids are those of the host.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = any_number,
    .stops_at_first_positional = true,
    .run = run,
};

}  // namespace

const command& ps_command() noexcept { return self; }

}  // namespace ocikit::runtime
