// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <ocikit/container/processes.hpp>
#include <ocikit/sys/call.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"
#include "shared_options.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    shared::table_or_json,
};

result<int> run(const invocation& call) {
  const auto found = OCIKIT_TRY(load_container(call, container::locking::none));
  const auto pids = container::processes(found);
  if (!pids) {
    hint_at_cgroup_permissions(call, "ps", pids.error());
    return tl::unexpected(pids.error());
  }
  const std::string_view format = call.text("format");
  if (format != "table" && format != "json") return tl::unexpected(error::config("", "invalid format option"));
  const std::vector<std::string> arguments{call.positionals.begin() + 1, call.positionals.end()};
  const auto text = format == "json" ? container::pids_as_json(*pids) : OCIKIT_TRY(container::run_ps(arguments, *pids));
  OCIKIT_TRY(sys::write_all(fd_view{1}, text));
  return 0;
}

constexpr command self{
    .name = "ps",
    .purpose = "show a container's processes",
    .usage = "<container-id> [ps options]",
    .description =
        "Runs ps(1) with the given options (-ef when there are none) and prints the rows of the container's\n"
        "processes. The process ids are those of the host.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = any_number,
    .stops_at_first_positional = true,
    .run = run,
};

}  // namespace

const command& ps_command() noexcept { return self; }

}  // namespace ocikit::runtime
