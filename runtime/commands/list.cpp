// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"
#include "shared_options.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    shared::table_or_json,
    {"quiet", "q", option_kind::flag, "", "", "print the ids alone"},
};

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("list is not implemented yet")); }

constexpr command self{
    .name = "list",
    .purpose = "list containers",
    .description = "Lists the containers whose state is kept under --root, whatever their status.",
    .options = options,
    .run = run,
};

}  // namespace

const command& list_command() noexcept { return self; }

}  // namespace ocikit::runtime
