// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <ocikit/container/remove.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    {"force", "f", option_kind::flag, "", "",
     "kill the container first if it is still running; an unknown container is no error"},
};

result<void> delete_container(const invocation& call) {
  const auto how = call.flag("force") ? container::removal::of_any : container::removal::of_stopped;
  auto directory = OCIKIT_TRY(find_container(call.globals, call.positionals.at(0)));
  OCIKIT_TRY(directory.lock());
  const container::reopen_cgroup reopen = cgroup_reopener{call.globals};
  if (!OCIKIT_TRY(directory.has_state())) {
    OCIKIT_TRY(container::remove_unfinished(std::move(directory), reopen));
    return tl::unexpected(container::no_such_container());
  }
  auto saved = directory.read_state();
  if (!saved && saved.error().kind() == errc::state && call.flag("force")) {
    const auto removed = container::remove_unfinished(std::move(directory), reopen);  // may begin anew, so says nothing
    call.log.warning("removing a container whose state cannot be read: " + saved.error().message());
    return removed;
  }
  auto found = OCIKIT_TRY(container::load(std::move(directory), OCIKIT_TRY(std::move(saved)), reopen));
  return container::remove(found, how);
}

result<int> run(const invocation& call) {
  const auto deleted = delete_container(call);
  if (deleted || (call.flag("force") && container::is_no_such_container(deleted.error()))) return 0;
  return tl::unexpected(deleted.error());
}

constexpr command self{
    .name = "delete",
    .purpose = "delete a stopped container",
    .usage = "<container-id>",
    .description =
        "Removes what is left of a stopped container: its cgroup and its state. A created container is\n"
        "killed first.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& delete_command() noexcept { return self; }

}  // namespace ocikit::runtime
