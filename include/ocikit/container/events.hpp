// SPDX-License-Identifier: Apache-2.0
//
// A container's events, as they come.
#pragma once

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/watch_oom.hpp>
#include <ocikit/container/event_document.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/statistics.hpp>
#include <ocikit/container/status.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// Takes one event. An error ends `follow_events`.
using event_sink = std::function<result<void>(const event&)>;

/// Takes what went wrong with one sample; there will be others.
using event_trouble = std::function<void(const error&)>;

/// Refuses a container that has no events any more. Errors: state `container with id ID is not running`; system.
[[nodiscard]] inline result<void> expect_events(const loaded_container& of) {
  if (OCIKIT_TRY(read_status(of)) != spec::container_status::stopped) return {};
  return tl::unexpected(error::state("container with id " + of.saved.id + " is not running"));
}

/// An event of type `stats`. Errors: as `statistics`.
[[nodiscard]] inline result<event> stats_event(const loaded_container& of, const resctrl::facts& rdt) {
  return event{"stats", of.saved.id, event_data{OCIKIT_TRY(statistics(of, rdt)), {}}};
}

namespace detail {

/// Waits for the watcher or until `until`; true: there is news. A signal that does not end the process only interrupts.
[[nodiscard]] inline result<bool> news_before(fd_view watcher, std::chrono::steady_clock::time_point until) {
  for (;;) {
    const auto left = std::max(until - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration{});
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const struct ::timespec timeout { seconds.count(), std::chrono::nanoseconds{left - seconds}.count() };
    struct ::pollfd look {
      watcher.get(), POLLIN, 0
    };
    const auto r = sys::raw::ppoll(&look, 1, &timeout);
    if (r == -EINTR) continue;
    if (sys::raw::failed(r))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("ppoll", watcher)));
    return r > 0;
  }
}

[[nodiscard]] inline bool is_gone(const error& e) { return e.code() == ENOENT || e.code() == ENODEV; }

/// `interval` from now; a year at most, which a clock can add.
[[nodiscard]] inline std::chrono::steady_clock::time_point after(std::chrono::nanoseconds interval) {
  return std::chrono::steady_clock::now() + std::min<std::chrono::nanoseconds>(interval, std::chrono::hours{24 * 365});
}

}  // namespace detail

/// Gives `sink` a `stats` event every `interval`, the first after one, and an `oom` event whenever the container has no
/// memory left, until its cgroup is gone or, on v2, empty. A sample that fails is told to `trouble`.
/// Errors: what `sink` returns; as `cgroups::oom_watcher::open`; system.
[[nodiscard]] inline result<void> follow_events(const loaded_container& of, const resctrl::facts& rdt,
                                                std::chrono::nanoseconds interval, const event_sink& sink,
                                                const event_trouble& trouble) {
  auto watcher = OCIKIT_TRY(cgroups::oom_watcher::open(of.saved.cgroup_paths));
  auto next = detail::after(interval);
  for (;;) {
    if (OCIKIT_TRY(detail::news_before(watcher.fd(), next))) {
      const auto news = OCIKIT_TRY(watcher.take());
      if (news.out_of_memory) OCIKIT_TRY(sink(event{"oom", of.saved.id, {}}));
      if (news.gone) return {};
      continue;
    }
    next = detail::after(interval);
    const auto sample = stats_event(of, rdt);
    if (!sample && detail::is_gone(sample.error())) return {};
    if (!sample)
      trouble(sample.error());
    else
      OCIKIT_TRY(sink(*sample));
  }
}

}  // namespace ocikit::container
