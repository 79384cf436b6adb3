// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"
#include "shared_options.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    shared::bundle,
    shared::no_pivot,
    shared::no_new_keyring,
    shared::preserve_fds,
    {"format", "f", option_kind::text, "FORMAT", "text", "how to print: `text` or `json`"},
};

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("explain is not implemented yet")); }

constexpr command self{
    .name = "explain",
    .purpose = "print what run would do, and do nothing",
    .usage = "[container-id]",
    .description =
        "Reads config.json, plans the container and prints the plan: every step with the place in config.json\n"
        "that asks for it.",
    .options = options,
    .max_positionals = 1,
    .stateless = true,
    .run = run,
};

}  // namespace

const command& explain_command() noexcept { return self; }

}  // namespace ocikit::runtime
