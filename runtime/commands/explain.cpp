// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <ocikit/cgroups/tree.hpp>
#include <ocikit/container/compose.hpp>
#include <ocikit/container/describe.hpp>
#include <ocikit/container/labels.hpp>
#include <ocikit/mounts/bind.hpp>
#include <ocikit/process/capabilities.hpp>
#include <ocikit/sys/call.hpp>

#include "backends.hpp"
#include "bundle.hpp"
#include "command_line.hpp"
#include "commands.hpp"
#include "host.hpp"
#include "plugin_files.hpp"
#include "shared_options.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    shared::bundle,
    shared::no_pivot,
    shared::no_new_keyring,
    shared::preserve_fds,
};

/// The cgroup that the container would get, where that can be known; its driver is asked, nothing is made.
spec::string_map find_cgroup(const invocation& call, const container::create_facts& facts, const spec::config& config) {
  const auto manager = choose_cgroup_manager(call.globals, facts.mounts.unified_cgroups);
  if (!manager || !become_able_to_load(call.globals, *manager)) return {};
  const auto opener = make_backends(call).cgroup_opener(*manager);
  if (!opener) return {};
  cgroups::request request{facts.state.id, {}, is_rootless(call.globals), {}};
  if (config.platform) request.cgroups_path = config.platform->cgroups_path;
  const auto driver = (*opener)->open(request);
  return driver ? (*driver)->paths() : spec::string_map{};
}

result<int> run(const invocation& call) {
  container::create_facts facts;
  facts.process.last_capability = process::read_last_capability();
  facts.mounts.no_pivot = call.flag("no-pivot");
  facts.mounts.kcore = mounts::has_kcore();
  spec::validation_facts checks = read_validation_facts(facts.mounts.no_pivot, facts.process.last_capability);
  checks.rootless_euid = false;  // explained is what root would do
  const bundle from = OCIKIT_TRY(load_bundle(call, call.text("bundle"), checks));
  const auto has = [&](spec::namespace_type type) {
    return from.config.platform && namespaces::find(from.config.platform->namespaces, type).entry != nullptr;
  };
  facts.state.id = call.positionals.empty() ? std::string{"container"} : std::string{call.positionals.front()};
  facts.state.oci_version = container::specification_version;
  facts.state.bundle = from.directory;
  facts.mounts.rootfs = from.rootfs;
  facts.mounts.bundle = from.directory;
  facts.mounts.user_namespace = has(spec::namespace_type::user);
  facts.mounts.mount_namespace = has(spec::namespace_type::mount);
  facts.mounts.cgroup_namespace = has(spec::namespace_type::cgroup);
  facts.mounts.unified_cgroups = cgroups::host_is_unified();
  facts.mounts.cgroup_paths = find_cgroup(call, facts, from.config);
  facts.cgroup_path = facts.mounts.cgroup_paths.empty() ? facts.state.id : facts.mounts.cgroup_paths.front().second;
  facts.new_keyring = !call.flag("no-new-keyring");
  facts.process.preserved_fds = static_cast<std::uint32_t>(call.number("preserve-fds"));
  facts.resctrl_root = from.resctrl.root;
  facts.started_by_runtime = true;
  OCIKIT_TRY(container::find_labels(from.config, make_backends(call), facts));
  const container::plan plan = OCIKIT_TRY(container::compose_create(from.config, facts));
  std::string text;
  for (const spec::warning& one : from.warnings) text += "warning  " + one.text + "  [" + one.pointer + "]\n";
  OCIKIT_TRY(sys::write_all(fd_view{1}, text + container::describe(plan)));
  return 0;
}

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
