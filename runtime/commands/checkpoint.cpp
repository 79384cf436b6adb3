// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    {"image-path", "", option_kind::text, "DIR", "./checkpoint", "the directory of the image files"},
    {"work-path", "", option_kind::text, "DIR", "",
     "the directory for logs and pid files (default: the image directory)"},
    {"parent-path", "", option_kind::text, "DIR", "", "the previous pre-dump, relative to the image directory"},
    {"leave-running", "", option_kind::flag, "", "", "let the container run on"},
    {"tcp-established", "", option_kind::flag, "", "", "allow open TCP connections"},
    {"tcp-skip-in-flight", "", option_kind::flag, "", "", "skip TCP connections that are being opened"},
    {"link-remap", "", option_kind::flag, "", "", "allow unlinked files"},
    {"ext-unix-sk", "", option_kind::flag, "", "", "allow external Unix sockets"},
    {"shell-job", "", option_kind::flag, "", "", "allow shell jobs"},
    {"lazy-pages", "", option_kind::flag, "", "", "serve memory pages on demand"},
    {"status-fd", "", option_kind::number, "N", "-1", "the descriptor that is told when the page server is ready"},
    {"page-server", "", option_kind::text, "ADDRESS:PORT", "", "the page server to send memory to"},
    {"file-locks", "", option_kind::flag, "", "", "handle file locks"},
    {"pre-dump", "", option_kind::flag, "", "", "save memory only, and let the container run on"},
    {"manage-cgroups-mode", "", option_kind::text, "MODE", "",
     "how to save cgroups: `soft`, `full`, `strict` or `ignore`"},
    {"empty-ns", "", option_kind::texts, "NAMESPACE", "", "a namespace that is made anew at restore; only `network`"},
    {"auto-dedup", "", option_kind::flag, "", "", "drop memory pages that the parent image has"},
};

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("checkpoint is not supported yet")); }

constexpr command self{
    .name = "checkpoint",
    .purpose = "checkpoint a running container",
    .usage = "<container-id>",
    .description = "Saves a running container to image files. Not available yet.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& checkpoint_command() noexcept { return self; }

}  // namespace ocikit::runtime
