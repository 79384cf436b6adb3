// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include <ocikit/container/kill.hpp>
#include <ocikit/container/signal_name.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    {"all", "a", option_kind::flag, "", "", "obsolete: makes a stopped container no error, and nothing else", true},
};

result<int> run(const invocation& call) {
  const auto found = OCIKIT_TRY(load_container(call, container::locking::none));
  const std::string_view wanted = call.positionals.size() > 1 ? std::string_view{call.positionals[1]} : "SIGTERM";
  const int signal = OCIKIT_TRY(container::parse_signal(wanted));
  const auto killed = container::kill(found, signal);
  if (!killed && call.flag("all") && container::is_not_running(killed.error())) return 0;
  if (!killed) return tl::unexpected(killed.error());
  for (const auto& warning : *killed) call.log.warning(warning);
  return 0;
}

constexpr command self{
    .name = "kill",
    .purpose = "send a signal to a container's first process",
    .usage = "<container-id> [signal]",
    .description = "The signal is a number or a name, with or without SIG, in any case; SIGTERM when left out.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 2,
    .run = run,
};

}  // namespace

const command& kill_command() noexcept { return self; }

}  // namespace ocikit::runtime
