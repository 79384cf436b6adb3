// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"
#include "shared_options.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    shared::table_or_json,
};

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("plugins is not implemented yet")); }

constexpr command self{
    .name = "plugins",
    .purpose = "list the plugins that can be used",
    .description =
        "Looks through the installed directory and each --plugin-dir, and tells of a file that was refused\n"
        "why.",
    .options = options,
    .run = run,
};

}  // namespace

const command& plugins_command() noexcept { return self; }

}  // namespace ocikit::runtime
