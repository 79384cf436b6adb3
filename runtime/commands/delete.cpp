// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    {"force", "f", option_kind::flag, "", "",
     "kill the container first if it is still running; an unknown container is no error"},
};

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("delete is not implemented yet")); }

constexpr command self{
    .name = "delete",
    .purpose = "delete a stopped container",
    .usage = "<container-id>",
    .description =
        "Removes what is left of a stopped container: its cgroup and its state. A created container is\n"
        "killed first.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& delete_command() noexcept { return self; }

}  // namespace ocikit::runtime
