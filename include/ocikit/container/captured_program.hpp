// SPDX-License-Identifier: Apache-2.0
//
// Runs a program of the host's to its end: text in, bounded text out. Nothing of the caller's reaches it but the
// three descriptors made here.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/container/blocked_sigpipe.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// What to run, and how far to go along with it.
struct program {
  std::string path;               ///< without a `/` it is looked for in this process's $PATH
  std::vector<std::string> args;  ///< argv, the program's own name included; empty: just `path`
  std::vector<std::string> env;   ///< the entire environment
  std::string input;              ///< written to its standard input; it need not read it
  std::optional<std::chrono::milliseconds> timeout;
  std::size_t longest_output = 65536;  ///< bytes kept of each output; the rest is read and dropped
  fd_view output_to{-1};               ///< where its standard output goes instead, above 2; nothing of it is kept then
  fd_view errors_to{-1};               ///< the same for its standard error
};

/// How it ended. `status` is as wait(2) has it, and meaningless when `timed_out`.
struct program_end {
  int status = 0;
  std::string output;
  std::string error_output;
  bool timed_out = false;
};

/// `exit status 3`, `signal: killed`, `signal: aborted (core dumped)`: the words of Go's os/exec. Pure.
[[nodiscard]] inline std::string end_text(int status) {
  if (WIFEXITED(status)) return "exit status " + std::to_string(WEXITSTATUS(status));
  if (!WIFSIGNALED(status)) return "wait status " + std::to_string(status);
  const char* name = ::sigdescr_np(WTERMSIG(status));
  std::string text = name == nullptr ? "signal " + std::to_string(WTERMSIG(status)) : std::string{name};
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return "signal: " + text + (WCOREDUMP(status) ? " (core dumped)" : "");
}

namespace detail {

struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

inline result<pipe_ends> make_pipe() {
  int ends[2];
  OCIKIT_TRY(sys::detail::explain_void(sys::raw::pipe2(ends, O_CLOEXEC), "pipe2"));
  return pipe_ends{unique_fd{adopt_fd, ends[0]}, unique_fd{adopt_fd, ends[1]}};
}

inline result<void> set_nonblocking(fd_view fd) {
  return sys::detail::explain_void(sys::raw::fcntl(fd.get(), F_SETFL, O_NONBLOCK), "fcntl", fd, F_SETFL, O_NONBLOCK);
}

/// `strings` as execve(2) wants them. Borrows them.
inline std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> made;
  made.reserve(strings.size() + 1);
  for (const auto& one : strings) made.push_back(const_cast<char*>(one.c_str()));
  made.push_back(nullptr);
  return made;
}

std::vector<char*> pointers(std::vector<std::string>&&) = delete;

/// posix_spawn(3) with three descriptors, default signals, an empty mask and a process group of its own.
class spawn_settings {
 public:
  spawn_settings(fd_view in, fd_view out, fd_view err) {
    ::sigset_t set;
    (void)::posix_spawnattr_init(&attributes_);
    (void)::sigemptyset(&set);
    (void)::posix_spawnattr_setsigmask(&attributes_, &set);
    (void)::sigfillset(&set);
    (void)::posix_spawnattr_setsigdefault(&attributes_, &set);
    (void)::posix_spawnattr_setflags(&attributes_,
                                     POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    (void)::posix_spawn_file_actions_init(&actions_);
    (void)::posix_spawn_file_actions_adddup2(&actions_, in.get(), 0);
    (void)::posix_spawn_file_actions_adddup2(&actions_, out.get(), 1);
    (void)::posix_spawn_file_actions_adddup2(&actions_, err.get(), 2);
    (void)::posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
  }
  ~spawn_settings() {
    (void)::posix_spawn_file_actions_destroy(&actions_);
    (void)::posix_spawnattr_destroy(&attributes_);
  }
  spawn_settings(const spawn_settings&) = delete;
  spawn_settings& operator=(const spawn_settings&) = delete;

  result<pid_t> spawn(const program& what) const {
    const std::vector<std::string> just_path{what.path};
    const auto args = pointers(what.args.empty() ? just_path : what.args);
    const auto env = pointers(what.env);
    pid_t pid = 0;
    const int code = ::posix_spawnp(&pid, what.path.c_str(), &actions_, &attributes_, args.data(), env.data());
    if (code != 0) return tl::unexpected(error::from_errno(code, "fork/exec " + what.path));
    return pid;
  }

 private:
  ::posix_spawnattr_t attributes_;
  ::posix_spawn_file_actions_t actions_;
};

/// The runtime's side of a running program.
class program_run {
 public:
  using clock = std::chrono::steady_clock;

  [[nodiscard]] result<void> start(const program& what) {
    // Made in this order, no end that the program gets is overwritten by an earlier dup2(2), even where 0 to 2 are
    // free.
    pipe_ends in = OCIKIT_TRY(make_pipe());
    pipe_ends out = OCIKIT_TRY(make_pipe());
    pipe_ends err = OCIKIT_TRY(make_pipe());
    for (const fd_view end : {in.write.view(), out.read.view(), err.read.view()}) OCIKIT_TRY(set_nonblocking(end));
    const fd_view output = what.output_to.get() >= 0 ? what.output_to : out.write.view();
    const fd_view errors = what.errors_to.get() >= 0 ? what.errors_to : err.write.view();
    pid_ = OCIKIT_TRY(spawn_settings(in.read, output, errors).spawn(what));
    if (what.timeout) deadline_ = clock::now() + *what.timeout;
    if (auto opened = sys::pidfd_open(pid_)) pidfd_ = *std::move(opened);
    in_ = std::move(in.write);
    out_ = std::move(out.read);
    err_ = std::move(err.read);
    input_ = what.input;
    limit_ = what.longest_output;
    return {};
  }

  /// Serves the pipes until the program itself has ended; processes that it left behind with them are not waited for.
  [[nodiscard]] result<program_end> finish() {
    const blocked_sigpipe quiet;
    for (;;) {
      wait_for_something();
      pump();
      if (OCIKIT_TRY(has_ended())) break;
      if (deadline_ && clock::now() >= *deadline_ && !give_up()) break;
    }
    pump();
    return std::move(end_);
  }

 private:
  // Without a pidfd (before Linux 5.3) only the clock tells when to ask again.
  void wait_for_something() {
    ::pollfd watched[] = {
        {pidfd_.get(), POLLIN, 0}, {in_.get(), POLLOUT, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}};
    using std::chrono::milliseconds;
    milliseconds patience = pidfd_ ? milliseconds{INT_MAX} : milliseconds{10};
    if (deadline_)
      patience = std::clamp(std::chrono::ceil<milliseconds>(*deadline_ - clock::now()), milliseconds{0}, patience);
    (void)::poll(watched, std::size(watched), patience.count() == INT_MAX ? -1 : static_cast<int>(patience.count()));
  }

  void pump() {
    pump_input();
    pump_output(out_, end_.output);
    pump_output(err_, end_.error_output);
  }

  void pump_input() {
    while (in_ && !input_.empty()) {
      const auto r = sys::raw::write(in_.get(), input_.data(), input_.size());
      if (r == -EINTR) continue;
      if (r == -EAGAIN) return;
      if (sys::raw::failed(r)) break;  // EPIPE: it does not want to know
      input_.remove_prefix(static_cast<std::size_t>(r));
    }
    in_.reset();
  }

  // At most a megabyte at a time, so that a program that writes without end cannot keep us from its deadline.
  void pump_output(unique_fd& from, std::string& to) const {
    char buffer[16384];
    for (int rounds = 0; from && rounds < 64; ++rounds) {
      const auto r = sys::raw::read(from.get(), buffer, sizeof buffer);
      if (r == -EAGAIN || r == -EINTR) return;
      if (r <= 0) return from.reset();
      to.append(buffer, std::min(static_cast<std::size_t>(r), limit_ - std::min(limit_, to.size())));
    }
  }

  result<bool> has_ended() {
    const auto r = sys::raw::wait4(pid_, &end_.status, WNOHANG);
    if (r == -EINTR) return false;
    if (sys::raw::failed(r))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("wait4", pid_)));
    return r == pid_;
  }

  // Kills the program with its process group, once; then gives the kernel ten seconds to let it go.
  bool give_up() {
    if (std::exchange(end_.timed_out, true)) return false;
    (void)sys::raw::kill(-pid_, SIGKILL);
    deadline_ = clock::now() + std::chrono::seconds{10};
    return true;
  }

  pid_t pid_ = 0;
  unique_fd pidfd_, in_, out_, err_;
  std::string_view input_;
  std::size_t limit_ = 0;
  std::optional<clock::time_point> deadline_;
  program_end end_;
};

}  // namespace detail

/// Runs `what` to its end. Its descriptors are 0, 1, 2 and no others; its signals are the default ones; it leads a
/// process group of its own, which is killed as a whole when the time is up.
/// Errors: system, `fork/exec PATH: ...`, when it cannot be started. See: posix_spawn(3).
[[nodiscard]] inline result<program_end> run_captured(const program& what) {
  detail::program_run run;
  OCIKIT_TRY(run.start(what));
  return run.finish();
}

}  // namespace ocikit::container
