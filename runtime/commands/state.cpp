// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/listing.hpp>
#include <ocikit/container/status.hpp>
#include <ocikit/sys/call.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"

namespace ocikit::runtime {
namespace {

result<int> run(const invocation& call) {
  const auto found = OCIKIT_TRY(load_container(call, container::locking::none));
  const auto status = OCIKIT_TRY(container::read_status(found));
  OCIKIT_TRY(sys::write_all(fd_view{1}, container::state_as_json(container::summarize(found.saved, status))));
  return 0;
}

constexpr command self{
    .name = "state",
    .purpose = "print a container's state",
    .usage = "<container-id>",
    .description = "Prints one JSON object to standard output.",
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& state_command() noexcept { return self; }

}  // namespace ocikit::runtime
