// SPDX-License-Identifier: Apache-2.0
//
// Being told when a cgroup has no memory left, and when it is gone.
#pragma once

#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/cgroups/directories.hpp>
#include <ocikit/cgroups/event_control.hpp>
#include <ocikit/cgroups/parse_statistics.hpp>
#include <ocikit/cgroups/tree.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::cgroups {

/// What came to pass since the last look.
struct oom_news {
  bool out_of_memory = false;  ///< v1: the limit was met and nothing could be freed; v2: a process was killed for it
  bool gone = false;           ///< the cgroup was removed or, on v2, has no process any more: no news will follow
  bool operator==(const oom_news&) const = default;
};

/// Watches one cgroup. Wait with poll(2) for POLLIN on `fd`, then `take` the news.
///
/// v1: an eventfd in cgroup.event_control, for memory.oom_control; the kernel also signals it when the cgroup is
/// removed. v2: inotify(7) on memory.events and cgroup.events; without the memory controller on the latter alone.
/// Since: Linux 2.6.34 (v1), 4.5 (v2).
/// See: kernel admin-guide/cgroup-v1/memory.rst, "OOM Control"; admin-guide/cgroup-v2.rst, "memory.events".
class oom_watcher {
 public:
  /// `paths` as `driver::paths` told them. A v2 cgroup without a process is gone at the first look.
  /// Errors: as `directories::open`; unsupported without cgroup, and on v1 without the memory controller; system.
  [[nodiscard]] static result<oom_watcher> open(const path_map& paths, const host_paths& host = {}) {
    auto in = OCIKIT_TRY(directories::open(paths, host));
    const fd_view memory = in.find("memory");
    if (!memory)
      return tl::unexpected(error::unsupported("no news of memory without a cgroup and its memory controller"));
    oom_watcher made{in.is_unified(), OCIKIT_TRY(sys::openat(memory, ".", O_PATH | O_DIRECTORY))};
    OCIKIT_TRY(made.unified_ ? made.watch_v2() : made.watch_v1());
    return made;
  }

  /// Readable when there is news.
  [[nodiscard]] fd_view fd() const noexcept { return fd_; }

  /// The news, which are then no news any more. Does not wait. Errors: system.
  [[nodiscard]] result<oom_news> take() {
    OCIKIT_TRY(drain());
    return unified_ ? take_v2() : take_v1();
  }

 private:
  oom_watcher(bool unified, unique_fd dir) : unified_{unified}, dir_{std::move(dir)} {}

  result<void> watch_v1() {
    fd_ = OCIKIT_TRY(register_event(dir_, "memory.oom_control", ""));
    return {};
  }

  result<void> watch_v2() {
    const auto fd = sys::raw::call(SYS_inotify_init1, IN_CLOEXEC | IN_NONBLOCK);
    fd_ = OCIKIT_TRY(sys::detail::explain_fd(fd, "inotify_init1"));
    OCIKIT_TRY(add("cgroup.events"));
    if (const auto added = add("memory.events"); !added && added.error().code() != ENOENT) return added;
    killed_ = kills();  // after the watch has begun: none falls between
    return ring();
  }

  /// inotify takes paths alone; that of the descriptor cannot be exchanged.
  result<void> add(const char* file) {
    const std::string path = "/proc/self/fd/" + std::to_string(dir_.get()) + "/" + file;
    return sys::detail::explain_void(sys::raw::call(SYS_inotify_add_watch, fd_.get(), path.c_str(), IN_MODIFY),
                                     "inotify_add_watch", fd_.view(), std::string_view{path}, "IN_MODIFY");
  }

  /// What is so already is news too.
  result<void> ring() {
    if (!is_empty()) return {};
    fd_ = OCIKIT_TRY(sys::detail::explain_fd(sys::raw::call(SYS_eventfd2, 1, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd2"));
    return {};
  }

  result<void> drain() {
    alignas(::inotify_event) char letters[4096];
    for (;;) {
      const auto r = sys::raw::read(fd_.get(), letters, sizeof letters);
      if (r == -EINTR) continue;
      if (r == -EAGAIN) return {};
      if (sys::raw::failed(r)) return sys::detail::explain_void(r, "read", fd_.view());
      heard_ = true;
    }
  }

  /// The kernel signals for the removal too, and not for anything that is left to see.
  result<oom_news> take_v1() {
    if (!std::exchange(heard_, false)) return oom_news{};
    const bool gone = !sys::openat(dir_, "memory.oom_control", O_PATH).has_value();
    return oom_news{!gone, gone};
  }

  result<oom_news> take_v2() {
    heard_ = false;
    const auto before = std::exchange(killed_, std::max(killed_, kills()));
    return oom_news{killed_ > before, is_empty()};
  }

  [[nodiscard]] std::uint64_t kills() const {
    const auto text = read_file(dir_, "memory.events");
    return text ? parse_memory_events(*text).oom_kill : 0;
  }

  /// A cgroup that cannot be read any more is gone, and so empty.
  [[nodiscard]] bool is_empty() const {
    const auto text = read_file(dir_, "cgroup.events");
    return !text || count_named(parse_keyed_counts(*text), "populated") == 0;
  }

  bool unified_;
  unique_fd dir_;
  unique_fd fd_;
  bool heard_ = false;
  std::uint64_t killed_ = 0;
};

}  // namespace ocikit::cgroups
