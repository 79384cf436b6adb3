// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    {"bundle", "b", option_kind::text, "DIR", "", "the directory to write to (default: the current one)"},
    {"rootless", "", option_kind::flag, "", "", "for a container that an ordinary user can start"},
};

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("spec is not implemented yet")); }

constexpr command self{
    .name = "spec",
    .purpose = "write a config.json to start from",
    .description =
        "Writes config.json, for a shell in a read-only root file system `rootfs`, to the current directory.\n"
        "An existing file is left alone, and is an error.",
    .options = options,
    .run = run,
};

}  // namespace

const command& spec_command() noexcept { return self; }

}  // namespace ocikit::runtime
