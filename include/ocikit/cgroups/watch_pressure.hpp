// SPDX-License-Identifier: Apache-2.0
//
// Being told when the processes of a cgroup wait for a resource, before it has run out.
#pragma once

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/cgroups/directories.hpp>
#include <ocikit/cgroups/event_control.hpp>
#include <ocikit/cgroups/tree.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::cgroups {

/// memory.pressure_level of v1: what the kernel has to do to find memory.
enum class memory_level { low, medium, critical };

/// What of a pressure file counts.
enum class stalled { some, full };

/// A threshold of v2: tasks waited for `stall` altogether within `window`, which the kernel takes from 500 ms to 10 s;
/// without CAP_SYS_RESOURCE, since Linux 6.5, only multiples of 2 s.
struct pressure_threshold {
  std::string file;  ///< `memory.pressure`, `cpu.pressure`, `io.pressure`
  stalled by = stalled::some;
  std::chrono::microseconds stall{150000};
  std::chrono::microseconds window{2000000};
};

/// Watches one cgroup. Each time poll(2) tells `events()` of `fd` is news; `rearm` then. On v1 the removal of the
/// cgroup is told like news.
class pressure_watcher {
 public:
  /// v1. Errors: as `directories::open`; unsupported without the memory controller of v1; system.
  /// Since: Linux 3.10. See: kernel admin-guide/cgroup-v1/memory.rst, "Memory Pressure".
  [[nodiscard]] static result<pressure_watcher> open(const path_map& paths, memory_level level,
                                                     const host_paths& host = {}) {
    const auto in = OCIKIT_TRY(directories::open(paths, host));
    const fd_view memory = in.is_unified() ? fd_view{} : in.find("memory");
    if (!memory) return tl::unexpected(error::unsupported("memory.pressure_level is of the memory controller of v1"));
    return pressure_watcher{OCIKIT_TRY(register_event(memory, "memory.pressure_level", name_of(level))), POLLIN};
  }

  /// v2. Errors: as `directories::open`; unsupported on v1 and on kernels without pressure files; system: EINVAL for a
  /// threshold that the kernel does not take.
  /// Since: Linux 5.2. See: kernel accounting/psi.rst, "Monitoring for pressure thresholds".
  [[nodiscard]] static result<pressure_watcher> open(const path_map& paths, const pressure_threshold& of,
                                                     const host_paths& host = {}) {
    const auto in = OCIKIT_TRY(directories::open(paths, host));
    const fd_view dir = in.is_unified() ? in.find("") : fd_view{};
    auto file = dir ? sys::openat(dir, of.file, O_RDWR | O_NONBLOCK | O_NOFOLLOW) : result<unique_fd>{unique_fd{}};
    if (!dir || (!file && (file.error().code() == ENOENT || file.error().code() == EOPNOTSUPP)))
      return tl::unexpected(error::unsupported("this cgroup has no " + of.file));
    if (!file) return tl::unexpected(std::move(file).error());
    const std::string trigger = std::string{of.by == stalled::some ? "some " : "full "} +
                                std::to_string(of.stall.count()) + " " + std::to_string(of.window.count());
    OCIKIT_TRY(sys::write_all(*file, std::string_view{trigger.c_str(), trigger.size() + 1}));  // with its NUL
    return pressure_watcher{*std::move(file), POLLPRI};
  }

  [[nodiscard]] fd_view fd() const noexcept { return fd_; }
  /// What to ask poll(2) for. POLLERR besides it: the cgroup is gone.
  [[nodiscard]] short events() const noexcept { return events_; }

  /// Makes ready for the next news; call it when poll(2) has told `events()`. Of v2, poll(2) itself takes the news; of
  /// v1, the eventfd stays readable until it is read. Does not wait. Errors: system.
  [[nodiscard]] result<void> rearm() const {
    if (events_ != POLLIN) return {};
    std::uint64_t count = 0;
    const auto r = sys::raw::read(fd_.get(), &count, sizeof count);
    if (r == -EAGAIN) return {};
    return sys::detail::explain_void(r, "read", fd_.view());
  }

 private:
  pressure_watcher(unique_fd fd, short events) : fd_{std::move(fd)}, events_{events} {}

  [[nodiscard]] static std::string_view name_of(memory_level level) noexcept {
    switch (level) {
      case memory_level::low:
        return "low";
      case memory_level::medium:
        return "medium";
      case memory_level::critical:
        return "critical";
    }
    return {};
  }

  unique_fd fd_;
  short events_;
};

}  // namespace ocikit::cgroups
