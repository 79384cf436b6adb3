// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/start.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"

namespace ocikit::runtime {
namespace {

result<int> run(const invocation& call) {
  auto found = OCIKIT_TRY(load_container(call, container::locking::exclusive));
  OCIKIT_TRY(container::start(found));
  return 0;
}

constexpr command self{
    .name = "start",
    .purpose = "execute the program of a created container",
    .usage = "<container-id>",
    .description = "Returns once the waiting process has been released; see `create`.",
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& start_command() noexcept { return self; }

}  // namespace ocikit::runtime
