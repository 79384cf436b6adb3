// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/events.hpp>

#include <cerrno>
#include <chrono>

#include <ocikit/sys/call.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"
#include "resctrl.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    {"interval", "", option_kind::duration, "DURATION", "5s", "the time between two samples"},
    {"stats", "", option_kind::flag, "", "", "print one sample and end"},
};

/// A line at a time: whoever reads them must not wait for the next.
result<void> print(const container::event& what) { return sys::write_all(fd_view{1}, container::event_line(what)); }

result<void> follow(const invocation& call, const container::loaded_container& found) {
  const auto trouble = [&](const error& e) { call.log.error(e.message()); };
  auto ended = container::follow_events(found, find_resctrl(), call.duration("interval"), print, trouble);
  if (!ended && ended.error().code() == EPIPE) return {};  // nobody reads them any more
  return ended;
}

result<int> run(const invocation& call) {
  const auto found = OCIKIT_TRY(load_container(call, container::locking::none));
  if (call.duration("interval") <= std::chrono::nanoseconds{})
    return tl::unexpected(error::config("", "duration interval must be greater than 0"));
  OCIKIT_TRY(container::expect_events(found));
  if (call.flag("stats"))
    OCIKIT_TRY(print(OCIKIT_TRY(container::stats_event(found, find_resctrl()))));
  else
    OCIKIT_TRY(follow(call, found));
  return 0;
}

constexpr command self{
    .name = "events",
    .purpose = "print a container's events and statistics",
    .usage = "<container-id>",
    .description =
        "Prints one JSON object per line: the statistics of the container's cgroup at each interval, and an event\n"
        "of type `oom` when it has no memory left. Ends when the container is gone.\n"
        "A duration is a number with its unit such as 500ms, 5s or 1m30s.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& events_command() noexcept { return self; }

}  // namespace ocikit::runtime
