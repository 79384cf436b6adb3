// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <ocikit/cgroups/tree.hpp>
#include <ocikit/spec/default_config.hpp>
#include <ocikit/spec/write.hpp>
#include <ocikit/sys/call.hpp>

#include "command_line.hpp"
#include "commands.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    {"bundle", "b", option_kind::text, "DIR", "", "the directory to write to (default: the current one)"},
    {"rootless", "", option_kind::flag, "", "", "for a container that an ordinary user can start"},
};

spec::config document(bool rootless) {
  // On cgroup v2 alone a container can have a cgroup namespace without losing sight of any controller.
  const spec::default_config_options host{.cgroup_namespace = cgroups::host_is_unified()};
  return rootless ? spec::default_rootless_config(::geteuid(), ::getegid(), host) : spec::default_config(host);
}

/// O_EXCL refuses whatever has the name already, a dangling link included.
result<unique_fd> create_new(fd_view dir, zstring_view name) {
  auto file = sys::openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (file || file.error().code() != EEXIST) return file;
  return tl::unexpected(error::config("", "File " + std::string{std::string_view{name}} + " exists. Remove it first"));
}

result<int> run(const invocation& call) {
  const zstring_view bundle = call.text("bundle").empty() ? "." : call.text("bundle");
  const unique_fd dir = OCIKIT_TRY(sys::openat(sys::at_fdcwd, bundle, O_PATH | O_DIRECTORY).map_error([](error e) {
    return std::move(e).within("opening the bundle");
  }));
  const std::string text = spec::write(document(call.flag("rootless")), {.indent = "\t"});
  const unique_fd file = OCIKIT_TRY(create_new(dir, "config.json"));
  OCIKIT_TRY(sys::write_all(file, text));
  return 0;
}

constexpr command self{
    .name = "spec",
    .purpose = "write a config.json to start from",
    .description =
        "Writes config.json, for a shell in a read-only root file system `rootfs`, to the current directory.\n"
        "An existing file is left alone, and is an error.",
    .options = options,
    .stateless = true,
    .run = run,
};

}  // namespace

const command& spec_command() noexcept { return self; }

}  // namespace ocikit::runtime
