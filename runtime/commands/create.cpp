// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"
#include "launch.hpp"
#include "shared_options.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    shared::bundle,   shared::console_socket, shared::pidfd_socket, shared::pid_file,
    shared::no_pivot, shared::no_new_keyring, shared::preserve_fds,
};

constexpr command self{
    .name = "create",
    .purpose = "create a container",
    .usage = "<container-id>",
    .description =
        "Sets up a container from a bundle: a directory with config.json and, as a rule, a root file\n"
        "system. The container's process waits, ready to execute the program, until `start`.\n"
        "\n"
        "The id is what later commands call the container: letters, digits and any of `_+.-`.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 1,
    .failure_prefix = "{} create failed: ",
    .run = create_container,
};

}  // namespace

const command& create_command() noexcept { return self; }

}  // namespace ocikit::runtime
