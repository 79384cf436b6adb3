// SPDX-License-Identifier: Apache-2.0
//
// Being there for a container in the foreground: its signals, its terminal, its end.
#pragma once

#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <span>
#include <string>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/container/signal_inbox.hpp>
#include <ocikit/container/stdio_copy.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// The process that is waited for: a child of ours, by number and by descriptor.
struct foreground_child {
  pid_t pid;
  fd_view pidfd;
};

/// Which children are reaped meanwhile: all, as a subreaper must, or only the one that is waited for.
enum class reaping { every_child, one_child };

/// How a process in the foreground ended.
struct foreground_end {
  int status = 0;        ///< its exit status, or 128 + N when signal N killed it
  int output_error = 0;  ///< errno when its output could not be written to ours (EPIPE: nobody reads it), else 0
};

/// One more descriptor to be watched meanwhile: `ready` is called when it can be read, and says whether to go on.
struct watched_descriptor {
  fd_view fd;
  std::function<bool()> ready;
};

/// What a wait status is to a shell: the exit status, or 128 + the signal.
[[nodiscard]] constexpr int shell_status(int wait_status) noexcept {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/// Reaps every child that has ended already; waits for none.
inline void reap_orphans() noexcept {
  int ignored = 0;
  while (sys::raw::wait4(-1, &ignored, WNOHANG | __WALL) > 0) {
  }
}

namespace detail {

class foreground_wait {
 public:
  foreground_wait(signal_inbox& inbox, foreground_child child, stdio_copy& stdio, reaping whom, watched_descriptor also)
      : inbox_{inbox}, child_{child}, stdio_{stdio}, whom_{whom}, also_{std::move(also)} {}

  result<foreground_end> run() {
    while (!gone_) OCIKIT_TRY(turn());
    stdio_.begin_draining();
    while (!stdio_.drained() && !given_up_) OCIKIT_TRY(drain_turn());
    end_.output_error = stdio_.output_error();
    return end_;
  }

 private:
  static constexpr std::size_t own_polled = 3;
  using poll_set = std::array<::pollfd, own_polled + stdio_copy::most_polled>;

  result<poll_set> poll(fd_view pidfd) {
    poll_set set{{{inbox_.fd().get(), POLLIN, 0}, {pidfd.get(), POLLIN, 0}, {also_.fd.get(), POLLIN, 0}}};
    stdio_.fill(stdio_part(set));
    constexpr struct ::timespec look_again { 0, 100'000'000 };
    sys::raw::outcome r = -EINTR;
    while (r == -EINTR) r = sys::raw::ppoll(set.data(), set.size(), stdio_.resting() ? &look_again : nullptr);
    if (!sys::raw::failed(r)) return set;
    return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("ppoll", set.size())));
  }

  static std::span<::pollfd, stdio_copy::most_polled> stdio_part(poll_set& set) {
    return std::span{set}.subspan<own_polled, stdio_copy::most_polled>();
  }

  result<void> turn() {
    poll_set set = OCIKIT_TRY(poll(child_.pidfd));
    const bool rested = stdio_.resting();
    stdio_.pump(stdio_part(set));
    if (rested) stdio_.wake();
    if (set[2].revents != 0 && !also_.ready()) also_ = {};
    bool look_for_the_dead = set[1].revents != 0;
    if (set[0].revents != 0)
      for (const auto& signal : inbox_.take()) look_for_the_dead |= answer(signal);
    if (look_for_the_dead) reap();
    if (set[1].revents != 0 && !gone_)
      return tl::unexpected(error::state("process " + std::to_string(child_.pid) + " ended, but is not our child"));
    return {};
  }

  // Nobody is left to forward a signal to: those that ask us to end, end the wait for a reader that takes nothing.
  result<void> drain_turn() {
    poll_set set = OCIKIT_TRY(poll(fd_view{}));
    stdio_.pump(stdio_part(set));
    stdio_.drain();
    if (set[0].revents != 0)
      for (const auto& signal : inbox_.take()) given_up_ |= asks_to_end(static_cast<int>(signal.ssi_signo));
    return {};
  }

  static bool asks_to_end(int signal) {
    return signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGTERM;
  }

  // True when a child may have ended.
  bool answer(const ::signalfd_siginfo& signal) {
    const int number = static_cast<int>(signal.ssi_signo);
    if (number == SIGWINCH) stdio_.resize();
    const bool our_own_broken_pipe = number == SIGPIPE && static_cast<long>(signal.ssi_pid) == sys::raw::getpid();
    if (number != SIGCHLD && number != SIGWINCH && number != SIGURG && !our_own_broken_pipe)
      (void)sys::raw::pidfd_send_signal(child_.pidfd.get(), number);  // it may be gone, or not ours to signal
    return number == SIGCHLD;
  }

  void reap() {
    int status = 0;
    for (;;) {
      const auto pid = sys::raw::wait4(whom_ == reaping::every_child ? -1 : child_.pid, &status, WNOHANG | __WALL);
      if (pid <= 0) return;
      if (pid != child_.pid) continue;
      gone_ = true;
      end_.status = shell_status(status);
    }
  }

  signal_inbox& inbox_;
  foreground_child child_;
  stdio_copy& stdio_;
  reaping whom_;
  watched_descriptor also_;
  foreground_end end_;
  bool gone_ = false;
  bool given_up_ = false;
};

}  // namespace detail

/// Waits for `child`, forwarding signals to it and copying `stdio`, and returns how it ended.
///
/// Forwarded is everything that can be caught but SIGCHLD, SIGURG and SIGWINCH, which resizes the terminal. After the
/// end, the output it left behind is written out; only SIGHUP, SIGINT, SIGQUIT or SIGTERM end the wait for a reader
/// that takes nothing. `also` is watched until the child ends. With `stdio_copy::inherited()` a run costs a ppoll(2), a
/// read(2) and a wait4(2) or two. Errors: system; state when `child` is not a child of the caller.
[[nodiscard]] inline result<foreground_end> wait_in_foreground(signal_inbox& inbox, foreground_child child,
                                                               stdio_copy& stdio, reaping whom,
                                                               watched_descriptor also = {}) {
  return detail::foreground_wait{inbox, child, stdio, whom, std::move(also)}.run();
}

}  // namespace ocikit::container
