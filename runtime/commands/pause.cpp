// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/pause.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"

namespace ocikit::runtime {
namespace {

result<int> run(const invocation& call) {
  const auto found = OCIKIT_TRY(load_container(call, container::locking::exclusive));
  const auto paused = container::pause(found);
  if (paused) return 0;
  hint_at_cgroup_permissions(call, "pause", paused.error());
  return tl::unexpected(paused.error());
}

constexpr command self{
    .name = "pause",
    .purpose = "suspend all of a container's processes",
    .usage = "<container-id>",
    .description = "Freezes the cgroup of a created or running container; `resume` thaws it.",
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& pause_command() noexcept { return self; }

}  // namespace ocikit::runtime
