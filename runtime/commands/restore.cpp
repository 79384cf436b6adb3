// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"
#include "shared_options.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    shared::console_socket,
    {"image-path", "", option_kind::text, "DIR", "./checkpoint", "the directory of the image files"},
    {"work-path", "", option_kind::text, "DIR", "",
     "the directory for logs and pid files (default: the image directory)"},
    {"tcp-established", "", option_kind::flag, "", "", "allow open TCP connections"},
    {"ext-unix-sk", "", option_kind::flag, "", "", "allow external Unix sockets"},
    {"shell-job", "", option_kind::flag, "", "", "allow shell jobs"},
    {"file-locks", "", option_kind::flag, "", "", "handle file locks"},
    {"manage-cgroups-mode", "", option_kind::text, "MODE", "",
     "how to restore cgroups: `soft`, `full`, `strict` or `ignore`"},
    shared::bundle,
    shared::detach,
    shared::pid_file,
    shared::no_subreaper,
    shared::no_pivot,
    {"empty-ns", "", option_kind::texts, "NAMESPACE", "", "a namespace that is made anew; only `network`"},
    {"auto-dedup", "", option_kind::flag, "", "", "drop memory pages once they are restored"},
    {"lazy-pages", "", option_kind::flag, "", "", "fetch memory pages on demand"},
    {"lsm-profile", "", option_kind::text, "TYPE:NAME", "", "the LSM profile of the processes"},
    {"lsm-mount-context", "", option_kind::text, "CONTEXT", "", "the LSM mount context"},
};

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("restore is not supported yet")); }

constexpr command self{
    .name = "restore",
    .purpose = "restore a checkpointed container",
    .usage = "<container-id>",
    .description = "Makes a container from image files that `checkpoint` saved. Not available yet.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& restore_command() noexcept { return self; }

}  // namespace ocikit::runtime
