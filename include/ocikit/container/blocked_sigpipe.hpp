// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <cerrno>
#include <ctime>

namespace ocikit::container {

/// While it lives, writing to a pipe that nobody reads fails with EPIPE and raises nothing in this thread. The
/// process's signal dispositions, which children would inherit, stay as they are.
class blocked_sigpipe {
 public:
  blocked_sigpipe() noexcept {
    ::sigset_t pending;
    (void)::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    (void)::pthread_sigmask(SIG_BLOCK, just_sigpipe(), &before_);
  }
  ~blocked_sigpipe() {
    const ::timespec at_once{};
    if (!was_pending_)
      while (::sigtimedwait(just_sigpipe(), nullptr, &at_once) < 0 && errno == EINTR) continue;
    (void)::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  blocked_sigpipe(const blocked_sigpipe&) = delete;
  blocked_sigpipe& operator=(const blocked_sigpipe&) = delete;

 private:
  static const ::sigset_t* just_sigpipe() noexcept {
    static const ::sigset_t set = [] {
      ::sigset_t made;
      (void)::sigemptyset(&made);
      (void)::sigaddset(&made, SIGPIPE);
      return made;
    }();
    return &set;
  }

  ::sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace ocikit::container
