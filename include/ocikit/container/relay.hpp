// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/unique_fd.hpp>
#include <ocikit/sys/raw.hpp>

namespace ocikit::container {

/// Writes that never wait. A descriptor of the caller must stay blocking for whoever shares it, so a pipe or terminal
/// is opened a second time, a socket is told so per call, and the rest is written to in small pieces.
class patient_output {
 public:
  /// Borrows a descriptor that is ours and has O_NONBLOCK.
  [[nodiscard]] static patient_output ours(fd_view fd) { return patient_output{fd}; }

  /// Borrows a descriptor that others share.
  [[nodiscard]] static patient_output shared(fd_view fd) {
    patient_output made{fd};
    struct ::statx found {};
    (void)sys::raw::statx(fd.get(), "", AT_EMPTY_PATH, STATX_TYPE, found);  // a closed one shows at the first write
    const auto type = found.stx_mode & S_IFMT;
    made.is_socket_ = type == S_IFSOCK;
    if (type == S_IFIFO || (type == S_IFCHR && is_terminal(fd))) made.open_again();
    if (!made.twin_ && !made.is_socket_ && type != S_IFREG) made.piece_ = PIPE_BUF;
    return made;
  }

  [[nodiscard]] fd_view fd() const noexcept { return twin_ ? twin_.view() : fd_; }

  /// write(2): the bytes taken, or a negative errno.
  [[nodiscard]] sys::raw::outcome write(std::string_view data) const noexcept {
    const auto size = std::min(data.size(), piece_);
    if (is_socket_) return sys::raw::sendto(fd_.get(), data.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sys::raw::write(fd().get(), data.data(), size);
  }

 private:
  explicit patient_output(fd_view fd) : fd_{fd} {}

  // Not a pty's master: opening that again would make another pty.
  static bool is_terminal(fd_view fd) {
    unsigned number = 0;
    return ::isatty(fd.get()) == 1 && sys::raw::failed(sys::raw::ioctl(fd.get(), TIOCGPTN, sys::raw::reg(&number)));
  }

  // Fails for somebody else's terminal, after su(1) for example.
  void open_again() {
    const std::string path = "/proc/self/fd/" + std::to_string(fd_.get());
    const auto opened = sys::raw::openat(AT_FDCWD, path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY);
    if (!sys::raw::failed(opened)) twin_ = unique_fd{adopt_fd, static_cast<int>(opened)};
  }

  fd_view fd_;
  unique_fd twin_;
  std::size_t piece_ = std::string_view::npos;  // PIPE_BUF is what poll(2) promises to be taken without waiting
  bool is_socket_ = false;
};

/// One end of a relay: whose descriptor, and what stands behind it.
struct relay_end {
  enum class kind { shared, pipe, pty_master };
  fd_view fd;
  kind what;
};

/// Copies bytes one way, never waiting: whoever owns it polls `source()` and `sink()` and calls `pump`.
///
/// Nothing read is lost: what the sink does not take is kept, and no more is read until it does.
class relay {
 public:
  /// Borrows both descriptors. A pipe or pty master must have O_NONBLOCK; what is shared is left as it is.
  relay(relay_end from, relay_end to)
      : from_{from},
        to_kind_{to.what},
        to_{to.what == kind::shared ? patient_output::shared(to.fd) : patient_output::ours(to.fd)} {
    buffer_.resize(capacity);
  }

  /// Nothing will be read or written any more.
  [[nodiscard]] bool finished() const noexcept { return ended_ && pending().empty(); }
  /// The errno that made the sink unusable, EPIPE for one; 0 while it works.
  [[nodiscard]] int write_error() const noexcept { return write_error_; }
  /// A pty without a slave: it may get one again, so that it is worth another look from time to time.
  [[nodiscard]] bool resting() const noexcept { return resting_ && !ended_; }

  /// What to poll the source for, if anything.
  [[nodiscard]] ::pollfd source() const noexcept {
    return {ended_ || resting_ || !pending().empty() ? -1 : from_.fd.get(), POLLIN, 0};
  }
  /// What to poll the sink for, if anything.
  [[nodiscard]] ::pollfd sink() const noexcept { return {pending().empty() ? -1 : to_.fd().get(), POLLOUT, 0}; }

  /// Moves what can be moved, after poll(2) said that an end is ready.
  void pump(bool source_ready, bool sink_ready) {
    if (source_ready && pending().empty() && !ended_) read_some();
    if (sink_ready && !pending().empty()) write_some();
  }

  /// Makes a pty without a slave worth another look.
  void wake() noexcept { resting_ = false; }

  /// The source's writers are gone: from here an empty source is an ended one, and so is one that has given more than
  /// the kernel can have kept for them, because then somebody who stayed behind is still writing.
  void begin_draining() noexcept {
    draining_ = true;
    resting_ = false;
  }
  /// Reads the next of what is left, if all before it is written.
  void drain() {
    while (!ended_ && pending().empty()) read_some();
  }

  /// Gives up what is not written yet, and the rest.
  void abandon() noexcept {
    ended_ = true;
    size_ = 0;
  }

 private:
  using kind = relay_end::kind;
  static constexpr std::size_t capacity = 32768;
  static constexpr std::size_t most_kept = 1U << 20;  // fs.pipe-max-size; a pty keeps less

  [[nodiscard]] std::string_view pending() const noexcept { return std::string_view{buffer_}.substr(begin_, size_); }

  void read_some() {
    const auto r = sys::raw::read(from_.fd.get(), buffer_.data(), capacity);
    if (r == -EINTR) return;
    if (r > 0) {
      keep(static_cast<std::size_t>(r));
    } else if (draining_ || (r != -EAGAIN && !(r == -EIO && from_.what == kind::pty_master))) {
      end_of_source(r == 0);
    } else {
      resting_ = r == -EIO;
    }
  }

  void keep(std::size_t size) {
    begin_ = 0;
    size_ = size;
    at_line_start_ = buffer_[size - 1] == '\n';
    if (!draining_) return;
    drained_ += size;
    ended_ = drained_ >= most_kept;
  }

  void end_of_source(bool properly) {
    ended_ = true;
    if (properly && to_kind_ == kind::pty_master) send_end_of_file();
  }

  // A terminal has no end, but a key for it, while it edits lines. In the middle of a line the first press only hands
  // over what is there.
  void send_end_of_file() {
    ::termios mode{};
    if (::tcgetattr(to_.fd().get(), &mode) != 0 || (mode.c_lflag & ICANON) == 0) return;
    begin_ = 0;
    size_ = at_line_start_ ? 1 : 2;
    buffer_[0] = buffer_[1] = static_cast<char>(mode.c_cc[VEOF]);
  }

  void write_some() {
    const auto r = to_.write(pending());
    if (r == -EAGAIN || r == -EINTR) return;
    if (!sys::raw::failed(r)) {
      begin_ += static_cast<std::size_t>(r);
      size_ -= static_cast<std::size_t>(r);
      return;
    }
    write_error_ = sys::raw::errno_of(r);
    abandon();
  }

  relay_end from_;
  kind to_kind_;
  patient_output to_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
  std::size_t drained_ = 0;
  int write_error_ = 0;
  bool at_line_start_ = true;
  bool resting_ = false;
  bool draining_ = false;
  bool ended_ = false;
};

}  // namespace ocikit::container
