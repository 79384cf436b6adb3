// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"
#include "shared_options.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    shared::console_socket,
    shared::pidfd_socket,
    {"cwd", "", option_kind::text, "DIR", "", "the working directory in the container"},
    {"env", "e", option_kind::texts, "NAME=VALUE", "", "a variable added to the environment; repeatable"},
    {"tty", "t", option_kind::flag, "", "", "give the process a pseudo-terminal"},
    {"user", "u", option_kind::text, "UID[:GID]", "", "the user id, and the group id, as numbers"},
    {"additional-gids", "g", option_kind::numbers, "GID", "", "a supplementary group id; repeatable"},
    {"process", "p", option_kind::text, "FILE", "",
     "take the whole process object from this JSON file, and ignore the command"},
    shared::detach,
    shared::pid_file,
    {"process-label", "", option_kind::text, "LABEL", "", "the SELinux label of the process"},
    {"apparmor", "", option_kind::text, "PROFILE", "", "the AppArmor profile of the process"},
    {"no-new-privs", "", option_kind::flag, "", "", "set, or with =false clear, no_new_privs"},
    {"cap", "c", option_kind::texts, "CAP", "",
     "a capability added to the bounding, effective and permitted sets; repeatable"},
    shared::preserve_fds,
    {"cgroup", "", option_kind::texts, "[CONTROLLERS:]PATH", "",
     "a cgroup below the container's to run in, on cgroup v1 for these controllers; repeatable"},
    {"ignore-paused", "", option_kind::flag, "", "", "allow a paused container; the process starts when it is resumed"},
};

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("exec is not implemented yet")); }

constexpr command self{
    .name = "exec",
    .purpose = "execute a further process in a container",
    .usage = "<container-id> <command> [arguments], or --process FILE <container-id>",
    .description =
        "Starts a program in a created or running container with the environment, user, capabilities and\n"
        "limits of the container's own process, where no option says otherwise. Everything after the\n"
        "container's id belongs to the program.\n"
        "\n"
        "The exit status is the program's (128 + N when signal N ended it), or 255 when it could not be\n"
        "started.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = any_number,
    .stops_at_first_positional = true,
    .failure_prefix = "exec failed: ",
    .failure_status = 255,
    .run = run,
};

}  // namespace

const command& exec_command() noexcept { return self; }

}  // namespace ocikit::runtime
