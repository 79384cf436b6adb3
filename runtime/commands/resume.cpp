// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/pause.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"

namespace ocikit::runtime {
namespace {

result<int> run(const invocation& call) {
  const auto found = OCIKIT_TRY(load_container(call, container::locking::exclusive));
  const auto resumed = container::resume(found);
  if (resumed) return 0;
  hint_at_cgroup_permissions(call, "resume", resumed.error());
  return tl::unexpected(resumed.error());
}

constexpr command self{
    .name = "resume",
    .purpose = "resume a paused container",
    .usage = "<container-id>",
    .description = "Thaws the cgroup that `pause` has frozen.",
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& resume_command() noexcept { return self; }

}  // namespace ocikit::runtime
