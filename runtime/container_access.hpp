// SPDX-License-Identifier: Apache-2.0
//
// How the commands on existing containers get at them.
#pragma once

#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/from_plugin.hpp>
#include <ocikit/cgroups/no_cgroup.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/state_root.hpp>

#include "command_line.hpp"
#include "plugin_files.hpp"
#include "plugin_search.hpp"

namespace ocikit::runtime {

/// Reopens the cgroups of saved containers with the plugin that made each, which is loaded once, when it is first
/// needed. A container without a cgroup needs none. As `become_able_to_load`, it may begin the command anew.
class cgroup_reopener {
 public:
  explicit cgroup_reopener(const globals& options) : options_{&options} {}

  [[nodiscard]] result<std::unique_ptr<cgroups::driver>> operator()(const container::state& saved) {
    if (saved.cgroup_paths.empty()) return std::make_unique<cgroups::no_cgroup>();
    auto& opener = openers_[saved.ocikit.cgroup_manager];
    if (!opener) {
      OCIKIT_TRY(become_able_to_load(*options_, saved.ocikit.cgroup_manager));
      opener = OCIKIT_TRY(cgroups::load_opener(plugin_search(*options_), saved.ocikit.cgroup_manager));
    }
    return opener->reopen(saved.cgroup_paths, saved.rootless);
  }

 private:
  const globals* options_;
  std::map<std::string, std::shared_ptr<cgroups::opener>, std::less<>> openers_;
};

/// The directory of container `id`. Without a state root there is no container.
/// Errors: config for a bad id; state `container does not exist`, or for a root that is not to be trusted; system.
[[nodiscard]] inline result<container::state_directory> find_container(const globals& options, std::string_view id) {
  const auto parsed = OCIKIT_TRY(container::container_id::parse(id));
  const auto root = container::state_root::open(options.root);
  if (!root && root.error().code() == ENOENT) return tl::unexpected(container::no_such_container());
  if (!root) return tl::unexpected(root.error());
  return root->find(parsed);
}

/// The container that the first positional argument names. Errors: as `find_container` and `container::load`.
[[nodiscard]] inline result<container::loaded_container> load_container(const invocation& call,
                                                                        container::locking how) {
  auto directory = OCIKIT_TRY(find_container(call.globals, call.positionals.at(0)));
  return container::load(std::move(directory), how, cgroup_reopener{call.globals});
}

/// Logs a hint when `ended` failed for want of permission. `doing` is the command: `pause`.
inline void hint_at_cgroup_permissions(const invocation& call, std::string_view doing, const error& failure) {
  if (failure.code() != EACCES && failure.code() != EPERM) return;
  call.log.warning(std::string{call.globals.program} + " " + std::string{doing} +
                   " failure might be caused by lack of full access to cgroups");
}

}  // namespace ocikit::runtime
