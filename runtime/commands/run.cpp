// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"
#include "launch.hpp"
#include "shared_options.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    shared::bundle,         shared::console_socket,
    shared::pidfd_socket,   shared::pid_file,
    shared::detach,         {"keep", "", option_kind::flag, "", "", "do not delete the container when it has stopped"},
    shared::no_subreaper,   shared::no_pivot,
    shared::no_new_keyring, shared::preserve_fds,
};

constexpr command self{
    .name = "run",
    .purpose = "create and run a container",
    .usage = "<container-id>",
    .description =
        "Is `create` and `start` in one. Without --detach it then waits for the container, passes signals on,\n"
        "deletes the container when it has stopped and returns its exit status (128 + N when signal N ended\n"
        "it).\n"
        "\n"
        "The id is what later commands call the container: letters, digits and any of `_+.-`.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 1,
    .failure_prefix = "{} run failed: ",
    .run = run_container,
};

}  // namespace

const command& run_command() noexcept { return self; }

}  // namespace ocikit::runtime
