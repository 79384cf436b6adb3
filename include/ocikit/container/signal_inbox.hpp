// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

namespace detail {
/// A signal's place in the kernel's mask.
[[nodiscard]] constexpr std::uint64_t bit_of(int signal) noexcept { return std::uint64_t{1} << (signal - 1); }
}  // namespace detail

/// Signals as messages: all that can be caught are blocked and read from a descriptor, until the inbox is gone.
///
/// Open it before the container's process is made, so that no signal falls between; the process must start with
/// `mask_before()`. A blocked SIGPIPE also turns a closed stdout into EPIPE. For programs of one thread.
class signal_inbox {
 public:
  /// Also gives SIGCHLD its default action: a caller that ignored it would leave us no exit status to wait for.
  /// Errors: system.
  [[nodiscard]] static result<signal_inbox> open() {
    constexpr struct {
      void (*handler)(int) = nullptr;
      std::uint64_t flags = 0;
      void (*restorer)() = nullptr;
      std::uint64_t mask = 0;
    } by_default;                                                 // the kernel's struct sigaction, not the C library's
    (void)sys::raw::rt_sigaction(SIGCHLD, &by_default, nullptr);  // cannot fail with these arguments
    std::uint64_t before = 0;
    const auto masked = sys::raw::rt_sigprocmask(SIG_BLOCK, &caught, &before);
    if (sys::raw::failed(masked))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(masked), sys::call_text("rt_sigprocmask", SIG_BLOCK)));
    const auto fd = sys::raw::call(SYS_signalfd4, -1, &caught, sizeof caught, SFD_CLOEXEC | SFD_NONBLOCK);
    if (!sys::raw::failed(fd)) return signal_inbox{unique_fd{adopt_fd, static_cast<int>(fd)}, before};
    (void)sys::raw::rt_sigprocmask(SIG_SETMASK, &before, nullptr);
    return tl::unexpected(error::from_errno(sys::raw::errno_of(fd), sys::call_text("signalfd4", -1, sys::hex{caught})));
  }

  signal_inbox(signal_inbox&&) noexcept = default;
  signal_inbox& operator=(signal_inbox&&) = delete;
  ~signal_inbox() {
    if (fd_) (void)sys::raw::rt_sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

  /// Readable while a signal waits.
  [[nodiscard]] fd_view fd() const noexcept { return fd_; }
  /// The caller's signal mask, one bit per signal: what the container's process must start with.
  [[nodiscard]] const std::uint64_t& mask_before() const noexcept { return before_; }

  /// Takes up to 16 waiting signals; none is an empty span. The span lives until the next call.
  [[nodiscard]] std::span<const ::signalfd_siginfo> take() noexcept {
    const auto size = sys::raw::read(fd_.get(), letters_.data(), sizeof letters_);
    if (sys::raw::failed(size)) return {};
    return std::span{letters_}.first(static_cast<std::size_t>(size) / sizeof letters_[0]);
  }

 private:
  signal_inbox(unique_fd fd, std::uint64_t before) : fd_{std::move(fd)}, before_{before} {}

  // All but the two that cannot be caught, and the two that the C library keeps for itself (32 and 33).
  static constexpr std::uint64_t caught =
      ~(detail::bit_of(SIGKILL) | detail::bit_of(SIGSTOP) | detail::bit_of(32) | detail::bit_of(33));

  unique_fd fd_;
  std::uint64_t before_;
  std::array<::signalfd_siginfo, 16> letters_{};
};

}  // namespace ocikit::container
