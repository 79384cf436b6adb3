// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <utility>

#include <ocikit/container/notify_socket.hpp>
#include <ocikit/container/start.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"
#include "readiness.hpp"

namespace ocikit::runtime {
namespace {

result<int> run(const invocation& call) {
  auto found = OCIKIT_TRY(load_container(call, container::locking::exclusive));
  const zstring_view manager = service_manager();
  if (manager.empty()) {
    OCIKIT_TRY(container::start(found));
    return 0;
  }
  auto notify = container::notify_socket::listen(found.directory.directory());
  if (!notify && notify.error().code() != ENOENT) return tl::unexpected(std::move(notify).error());
  const auto process = OCIKIT_TRY(container::open_process(found.init()));
  OCIKIT_TRY(container::start(found));
  found.directory.unlock();
  if (notify && process) OCIKIT_TRY(tell_manager(call, *notify, manager, found.init().pid, *process));
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
