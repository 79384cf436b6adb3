// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/state_root.hpp>

#include "fake_cgroup.hpp"
#include "temporary_directory.hpp"

namespace ocikit::testing {

inline container::container_id id(std::string_view text = "c1") { return container::container_id::parse(text).value(); }

/// The state of a container with a pid namespace of its own.
inline container::state example_state(std::string name = "c1") {
  spec::config config;
  config.oci_version = "1.0.2";
  config.root = spec::root{.path = "rootfs"};
  config.hostname = "box";
  config.annotations = {{"org.b", "2"}, {"org.a", "<1>"}};
  config.mounts.push_back({.destination = "/proc", .type = "proc", .source = "proc"});
  config.platform.emplace();
  config.platform->namespaces = {{spec::namespace_type::pid, ""}, {spec::namespace_type::network, "/run/netns/n"}};
  auto made = container::make_state(std::move(name), std::move(config), "/b", "/b/rootfs");
  made.created = "2026-11-21T23:06:41.123456789Z";
  made.cgroup_paths = {{"", "/sys/fs/cgroup/c1"}};
  made.external_descriptors = {"/dev/null", "pipe:[1]", "pipe:[2]"};
  made.ocikit.cgroup_manager = "cgroup-fs2";
  made.ocikit.owns_cgroup = true;
  return made;
}

/// A state root in a temporary directory, and containers in it over one fake cgroup.
struct example_root {
  temporary_directory directory;
  container::state_root root = container::state_root::open_or_create(directory / "root").value();
  fake_cgroup cgroup;

  /// Makes the container that `saved` describes, with `init` as its process.
  container::loaded_container make(container::state saved, container::process_identity init = {}) {
    container::set_init_process(saved, init.pid, init.start);
    auto made = root.create(id(saved.id)).value();
    (void)made.write_state(saved);  // load() below tells if it failed
    made.unlock();
    return container::load(std::move(made), container::locking::none, reopen(cgroup)).value();
  }

  [[nodiscard]] std::string path(std::string_view below) const { return directory / ("root/" + std::string{below}); }
};

}  // namespace ocikit::testing
