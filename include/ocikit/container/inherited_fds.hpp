// SPDX-License-Identifier: Apache-2.0
//
// Which of the caller's descriptors the container's process gets, from 3 upwards: those of socket activation
// (LISTEN_FDS), then those asked for (--preserve-fds). All others are kept from it.
#pragma once

#include <linux/close_range.h>

#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// How many descriptors are passed on, counted from 3.
struct inherited_fds {
  static constexpr unsigned first = 3;
  unsigned listen = 0;     ///< by socket activation
  unsigned preserved = 0;  ///< by --preserve-fds, behind those
  /// The first descriptor that is not passed on.
  [[nodiscard]] constexpr unsigned end() const noexcept { return first + listen + preserved; }
  friend constexpr bool operator==(const inherited_fds&, const inherited_fds&) = default;
};

namespace detail {

template <class Number>
[[nodiscard]] Number decimal_or_zero(const char* text) noexcept {
  const std::string_view digits = text == nullptr ? "" : text;
  Number value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return parsed.ec == std::errc{} && parsed.ptr == digits.data() + digits.size() ? value : Number{0};
}

}  // namespace detail

/// The count in LISTEN_FDS, if LISTEN_PID says that they are meant for process `self`; else 0. Pure; either variable
/// may be null. See: sd_listen_fds(3).
[[nodiscard]] inline unsigned listen_fds(const char* listen_pid, const char* listen_fds, pid_t self) noexcept {
  if (detail::decimal_or_zero<pid_t>(listen_pid) != self) return 0;
  return detail::decimal_or_zero<unsigned>(listen_fds);
}

/// What the environment and `preserve` ask for, each descriptor looked at once.
/// Errors: config for a descriptor that is not open, e.g. `unable to stat preserved-fd 2 (of 3): ...`.
[[nodiscard]] inline result<inherited_fds> find_inherited_fds(unsigned preserve) {
  const char* pid = std::getenv("LISTEN_PID");
  const auto self = pid == nullptr ? pid_t{-1} : static_cast<pid_t>(sys::raw::getpid());
  const inherited_fds found{listen_fds(pid, std::getenv("LISTEN_FDS"), self), preserve};
  const auto is_open = [](unsigned fd) { return !sys::raw::failed(sys::raw::fcntl(static_cast<int>(fd), F_GETFD, 0)); };
  for (unsigned i = 0; i < found.listen; ++i)
    if (!is_open(inherited_fds::first + i))
      return tl::unexpected(error::config("", "LISTEN_FDS is " + std::to_string(found.listen) + ", but descriptor " +
                                                  std::to_string(inherited_fds::first + i) + " is not open"));
  for (unsigned i = 0; i < preserve; ++i)
    if (const unsigned fd = inherited_fds::first + found.listen + i; !is_open(fd))
      return tl::unexpected(error::config("", "unable to stat preserved-fd " + std::to_string(i) + " (of " +
                                                  std::to_string(preserve) + "): fcntl(" + std::to_string(fd) +
                                                  ", F_GETFD): " + errno_text(EBADF)));
  return found;
}

/// What the container's process finds in its environment when `count` descriptors come from socket activation: it is
/// process 1 of its own namespace. Empty for 0.
[[nodiscard]] inline std::vector<std::string> listen_environment(unsigned count) {
  if (count == 0) return {};
  return {"LISTEN_FDS=" + std::to_string(count), "LISTEN_PID=1"};
}

namespace detail {

// Before Linux 5.11 close_range(2) has no CLOSE_RANGE_CLOEXEC, before 5.9 there is none.
[[nodiscard]] inline result<void> close_on_exec_one_by_one(unsigned first) {
  struct ::rlimit open_files {};
  (void)sys::raw::prlimit64(0, RLIMIT_NOFILE, nullptr, &open_files);  // cannot fail for oneself
  constexpr rlim_t most = 1U << 20;                                   // fs.nr_open: no descriptor lies above
  for (rlim_t fd = first; fd < std::min(open_files.rlim_max, most); ++fd)
    (void)sys::raw::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);  // EBADF: not open
  return {};
}

}  // namespace detail

/// Marks every descriptor from `first` on close-on-exec. Errors: system.
/// Since: Linux 5.11; older kernels are asked descriptor by descriptor.
[[nodiscard]] inline result<void> close_on_exec_from(unsigned first) {
  const auto r = sys::raw::close_range(first, ~0U, CLOSE_RANGE_CLOEXEC);
  if (!sys::raw::failed(r)) return {};
  if (r == -ENOSYS || r == -EINVAL) return detail::close_on_exec_one_by_one(first);
  return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("close_range", first, ~0U)));
}

}  // namespace ocikit::container
