// SPDX-License-Identifier: Apache-2.0
//
// A container runtime in one file: minimal_runtime STATE-DIRECTORY BUNDLE ID, as root. It runs the bundle's program in
// its container, passes signals on to it, and ends with its exit status; 1 and one line of error when it cannot.
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include <ocikit/cgroups/fs.hpp>
#include <ocikit/cgroups/fs2.hpp>
#include <ocikit/container/create.hpp>
#include <ocikit/container/embedded_init.hpp>
#include <ocikit/container/foreground.hpp>
#include <ocikit/container/inherited_fds.hpp>
#include <ocikit/container/self_protection.hpp>
#include <ocikit/process/capabilities.hpp>
#include <ocikit/spec/extensions.hpp>
#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/validate.hpp>
#include <ocikit/sys/call.hpp>

namespace {

using namespace ocikit;

// [backends]
/// What this runtime makes containers with: the init, the cgroup drivers that work with files, and nothing else.
container::backends make_backends() {
  container::backends with;
  with.init_image = container::embedded_init();
  with.cgroup_opener = [](std::string_view name) -> result<std::unique_ptr<cgroups::opener>> {
    if (name == "cgroup-fs2") return std::make_unique<cgroups::fs2_opener>();
    return std::make_unique<cgroups::fs_opener>();
  };
  with.translate_labels = [](std::string_view, const lsm::request&) -> result<lsm::labels> {
    return tl::unexpected(error::unsupported("this runtime knows no AppArmor and no SELinux"));
  };
  with.compile_seccomp = [](const spec::seccomp&) -> result<seccomp::compiled_filter> {
    return tl::unexpected(error::unsupported("this runtime knows no seccomp").at("/linux/seccomp"));
  };
  return with;
}
// [backends]

// [spec]
/// The absolute path of a directory that is there.
result<std::string> directory(const std::filesystem::path& path) {
  std::error_code failed;
  auto found = std::filesystem::canonical(path / ".", failed);  // which only a directory has
  if (failed) return tl::unexpected(error::from_errno(failed.value(), "open " + path.string()));
  return found.string();
}

/// What config.json says, checked as a whole. Warnings go to standard error.
result<spec::config> read_config(const std::string& bundle) {
  const std::string text =
      OCIKIT_TRY(sys::read_file(sys::at_fdcwd, bundle + "/config.json", spec::limits::document_bytes));
  spec::config config = OCIKIT_TRY(spec::parse_config(text)).value;
  OCIKIT_TRY(spec::expand_extensions(config));
  for (const spec::warning& one : OCIKIT_TRY(spec::validate(config)))
    std::cerr << "warning: " << one.text << " (config.json#" << one.pointer << ")\n";
  if (config.process->terminal)
    return tl::unexpected(error::unsupported("this runtime makes no terminals").at("/process/terminal"));
  return config;
}
// [spec]

// [plan]
result<container::create_request> make_request(const std::string& id, const std::string& path) {
  container::create_request wanted{.id = OCIKIT_TRY(container::container_id::parse(id))};
  wanted.bundle = OCIKIT_TRY(directory(path));
  wanted.config = OCIKIT_TRY(read_config(wanted.bundle));
  const std::filesystem::path root = wanted.config.root ? wanted.config.root->path : "rootfs";
  wanted.rootfs = OCIKIT_TRY(directory(wanted.bundle / root).map_error([](error e) {  // an absolute one stays itself
    return std::move(e).at("/root/path");
  }));
  wanted.unified_cgroups = cgroups::host_is_unified();
  wanted.cgroup_manager = wanted.unified_cgroups ? "cgroup-fs2" : "cgroup-fs";
  wanted.last_capability = process::read_last_capability();
  wanted.started_by_runtime = true;
  return wanted;
}
// [plan]

// [run]
result<int> run(const std::string& state, const std::string& bundle, const std::string& id) {
  const container::backends with = make_backends();  // which `made` refers to
  auto wanted = OCIKIT_TRY(make_request(id, bundle));
  const auto root = OCIKIT_TRY(container::state_root::open_or_create(state));
  auto inbox = OCIKIT_TRY(container::signal_inbox::open());  // before there is a process to pass signals on to
  const auto made = OCIKIT_TRY(container::creation::create(root, std::move(wanted), with, [](unique_fd) {
    return result<void>{};  // a terminal's master, which no container of ours has
  }));
  OCIKIT_TRY(made->start());  // an error from here on: `made` ends the container and removes all of it
  auto streams = container::stdio_copy::inherited();
  const auto end = OCIKIT_TRY(
      container::wait_in_foreground(inbox, {made->pid(), made->pidfd()}, streams, container::reaping::one_child));
  made->ended();
  OCIKIT_TRY(made->destroy());
  return end.status;
}
// [run]

// [main]
/// Nobody may look into us, and of our descriptors the container gets the three standard streams.
result<void> prepare_self() {
  OCIKIT_TRY(container::protect_self());
  return container::close_on_exec_from(container::inherited_fds::first);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: minimal_runtime STATE-DIRECTORY BUNDLE ID\n";
    return 2;
  }
  const auto status = prepare_self().and_then([&] { return run(argv[1], argv[2], argv[3]); });
  if (!status) std::cerr << status.error().message() << '\n';
  return status.value_or(1);
}
// [main]
