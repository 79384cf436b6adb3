// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ocikit/container/process_identity.hpp>

namespace ocikit::testing {

/// A child that runs `body` (or sleeps) until it is killed; killed and reaped at the end at the latest.
class child_process {
 public:
  child_process() : child_process{[] {}} {}

  template <class Body>
  explicit child_process(Body body) : pid_{::fork()} {
    if (pid_ != 0) return;
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    for (;;) (void)::pause();
  }
  ~child_process() { (void)end(); }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] container::process_identity identity() const { return container::identify(pid_).value().value(); }

  /// Kills it but leaves the zombie.
  void make_zombie() const {
    (void)::kill(pid_, SIGKILL);
    ::siginfo_t info{};
    (void)::waitid(P_PID, static_cast<::id_t>(pid_), &info, WEXITED | WNOWAIT);
  }

  /// Kills it and returns its wait status; -1 when it was reaped before.
  int end() {
    if (pid_ <= 0) return -1;
    (void)::kill(pid_, SIGKILL);
    return reap();
  }

  /// Waits for its end and returns its wait status.
  int reap() {
    int status = -1;
    (void)::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

}  // namespace ocikit::testing
