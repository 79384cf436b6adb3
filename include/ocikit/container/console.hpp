// SPDX-License-Identifier: Apache-2.0
//
// Terminals: handing a pty master to whoever asked for it, and the caller's own terminal while a container uses it.
#pragma once

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/container/descriptor_message.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// What goes with a pty master in its message; receivers use it only as a name to show.
inline constexpr std::string_view pty_master_name = "/dev/ptmx";

/// Hands `master` to the listener at `socket_path`, as --console-socket promises: one message, one descriptor. The
/// receiver owns its copy. Errors: as `connect_to` and `send_descriptor`.
[[nodiscard]] inline result<void> send_console(zstring_view socket_path, fd_view master) {
  const unique_fd socket = OCIKIT_TRY(connect_to(socket_path));
  return send_descriptor(socket, master, pty_master_name);
}

/// Whose pidfd is sent: the container's first process, or one that joined it later.
enum class pidfd_of { init, joined };

/// The text that goes with a pidfd, as --pidfd-socket promises.
[[nodiscard]] constexpr std::string_view pidfd_payload(pidfd_of whose) noexcept {
  return whose == pidfd_of::init ? "standard" : "setns";
}

/// Hands `pidfd` to the listener at `socket_path`. Errors: as `connect_to` and `send_descriptor`.
[[nodiscard]] inline result<void> send_pidfd(zstring_view socket_path, fd_view pidfd, pidfd_of whose) {
  const unique_fd socket = OCIKIT_TRY(connect_to(socket_path));
  return send_descriptor(socket, pidfd, pidfd_payload(whose));
}

namespace detail {

[[nodiscard]] inline result<::termios> terminal_mode(fd_view terminal) {
  ::termios mode{};
  if (::tcgetattr(terminal.get(), &mode) == 0) return mode;
  const int code = errno;
  return tl::unexpected(error::from_errno(code, sys::call_text("tcgetattr", terminal)));
}

// At once, not after the output has drained: that could wait for ever on a terminal stopped by ^S.
[[nodiscard]] inline result<void> set_terminal_mode(fd_view terminal, const ::termios& mode) {
  if (::tcsetattr(terminal.get(), TCSANOW, &mode) == 0) return {};
  const int code = errno;
  return tl::unexpected(error::from_errno(code, sys::call_text("tcsetattr", terminal)));
}

}  // namespace detail

/// Switches off the pty's translation of "\n" to "\r\n". For the foreground alone, where the caller's terminal does it;
/// a master that is sent away keeps the kernel's default.
[[nodiscard]] inline result<void> disable_newline_translation(fd_view master) {
  ::termios mode = OCIKIT_TRY(detail::terminal_mode(master));
  mode.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
  return detail::set_terminal_mode(master, mode);
}

/// The window size of a terminal or pty.
[[nodiscard]] inline result<::winsize> window_size(fd_view terminal) {
  ::winsize size{};
  const auto r = sys::raw::ioctl(terminal.get(), TIOCGWINSZ, sys::raw::reg(&size));
  if (!sys::raw::failed(r)) return size;
  return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("ioctl", terminal, "TIOCGWINSZ")));
}

/// Sets the window size of a pty; its foreground process group gets SIGWINCH when that changes anything.
[[nodiscard]] inline result<void> set_window_size(fd_view pty, const ::winsize& size) {
  const auto r = sys::raw::ioctl(pty.get(), TIOCSWINSZ, sys::raw::reg(&size));
  if (!sys::raw::failed(r)) return {};
  return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("ioctl", pty, "TIOCSWINSZ")));
}

/// Gives `pty` the window size of `terminal`.
[[nodiscard]] inline result<void> copy_window_size(fd_view terminal, fd_view pty) {
  return set_window_size(pty, OCIKIT_TRY(window_size(terminal)));
}

/// The caller's terminal: the first of stderr, stdout and stdin that is one, else the controlling terminal.
/// A borrowed descriptor is duplicated, so the result is always owned.
/// Errors: system, `open /dev/tty: no such device or address` where there is none.
[[nodiscard]] inline result<unique_fd> open_own_terminal() {
  for (const int number : {STDERR_FILENO, STDOUT_FILENO, STDIN_FILENO}) {
    if (!window_size(fd_view{number})) continue;
    const auto copy = sys::raw::fcntl(number, F_DUPFD_CLOEXEC, 3);
    if (!sys::raw::failed(copy)) return unique_fd{adopt_fd, static_cast<int>(copy)};
  }
  const auto opened = sys::raw::openat(AT_FDCWD, "/dev/tty", O_RDWR);
  if (!sys::raw::failed(opened)) return unique_fd{adopt_fd, static_cast<int>(opened)};
  return tl::unexpected(error::from_errno(sys::raw::errno_of(opened), "open /dev/tty"));
}

/// A terminal in raw mode for as long as this object lives: every key goes to the container, ^C too.
///
/// Output processing stays on, so that "\n" still returns the carriage. A fatal signal would leave the terminal raw:
/// open a `signal_inbox` first.
class raw_terminal {
 public:
  /// Borrows `terminal`, which must outlive the result. Errors: system.
  [[nodiscard]] static result<raw_terminal> enter(fd_view terminal) {
    const ::termios before = OCIKIT_TRY(detail::terminal_mode(terminal));
    ::termios raw = before;
    ::cfmakeraw(&raw);
    raw.c_oflag |= OPOST;
    OCIKIT_TRY(detail::set_terminal_mode(terminal, raw));
    return raw_terminal{terminal, before};
  }

  raw_terminal(raw_terminal&& other) noexcept
      : terminal_{other.terminal_}, before_{std::exchange(other.before_, std::nullopt)} {}
  raw_terminal& operator=(raw_terminal&&) = delete;
  ~raw_terminal() {
    if (before_) (void)detail::set_terminal_mode(terminal_, *before_);  // a terminal that is gone needs no mode
  }

 private:
  raw_terminal(fd_view terminal, const ::termios& before) : terminal_{terminal}, before_{before} {}

  fd_view terminal_;
  std::optional<::termios> before_;
};

}  // namespace ocikit::container
