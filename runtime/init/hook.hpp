// SPDX-License-Identifier: Apache-2.0
//
// Hooks that run in the container's namespaces, started by the init itself.
#pragma once

#include <poll.h>
#include <signal.h>

#include <ocikit/container/steps.hpp>
#include <ocikit/container/wire.hpp>
#include <ocikit/sys/raw.hpp>

#include "text.hpp"

namespace ocikit::init {

using sys::raw::failed;
using sys::raw::outcome;
using detail_text = bounded_text<container::wire::longest_detail>;

/// How a hook ended. The outcome of a hook that ran but failed is -ECANCELED.
struct hook_end {
  int wait_status = 0;
  detail_text output;
};

/// Where the streams of a hook go; -1: into the report.
struct hook_files {
  int output = -1;
  int errors = -1;
};

namespace detail {

struct kernel_sigaction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  std::uint64_t mask;
};

inline void set_sigpipe(void (*handler)(int)) noexcept {
  const kernel_sigaction action{handler, 0, nullptr, 0};
  (void)sys::raw::rt_sigaction(SIGPIPE, &action, nullptr);
}

/// A text in two parts around a number, written bit by bit as the reader takes it.
struct state_source {
  std::string_view parts[3];
  int current = 0;

  /// False when all is written or nobody reads any more.
  [[nodiscard]] bool pump(int to) noexcept {
    while (current < 3) {
      std::string_view& part = parts[current];
      if (part.empty()) {
        ++current;
        continue;
      }
      const outcome r = sys::raw::write(to, part.data(), part.size());
      if (r == -EAGAIN) return true;
      if (failed(r)) return false;
      part.remove_prefix(static_cast<std::size_t>(r));
    }
    return false;
  }
};

struct pipe_ends {
  int read = -1;
  int write = -1;
};

[[nodiscard]] inline outcome make_pipe(pipe_ends& to) noexcept {
  int ends[2];
  const outcome r = sys::raw::pipe2(ends, O_CLOEXEC);
  if (!failed(r)) to = {ends[0], ends[1]};
  return r;
}

struct hook_pipes {
  pipe_ends input, output, errors;
};

[[noreturn]] inline void become_hook(const char* path, char* const* arguments, char* const* environment,
                                     const hook_pipes& pipes, const hook_files& files) noexcept {
  outcome r = sys::raw::dup3(pipes.input.read, 0, 0);
  if (!failed(r)) r = sys::raw::dup3(files.output >= 0 ? files.output : pipes.output.write, 1, 0);
  if (!failed(r)) r = sys::raw::dup3(files.errors >= 0 ? files.errors : pipes.errors.write, 2, 0);
  set_sigpipe(SIG_DFL);
  const std::uint64_t nothing = 0;
  (void)sys::raw::rt_sigprocmask(SIG_SETMASK, &nothing, nullptr);
  (void)sys::raw::close_range(3, ~0U, 0);
  if (!failed(r)) r = sys::raw::execve(path, arguments, environment);
  bounded_text<512> why;
  why << "exec " << std::string_view{path} << ": " << errno_words(sys::raw::errno_of(r));
  (void)sys::raw::write(2, why.data(), why.size());
  sys::raw::exit_group(127);
}

/// Milliseconds of the monotonic clock.
[[nodiscard]] inline std::int64_t now_ms() noexcept {
  struct ::timespec now {};
  (void)sys::raw::call(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

/// Feeds and drains the hook until it has ended; -ETIMEDOUT when `deadline` (0: none) passes first.
[[nodiscard]] inline outcome attend(int pidfd, hook_pipes& pipes, state_source source, std::int64_t deadline,
                                    bounded_text<768>& out, bounded_text<1024>& err) noexcept {
  (void)sys::raw::fcntl(pipes.input.write, F_SETFL, O_NONBLOCK);
  (void)sys::raw::fcntl(pipes.output.read, F_SETFL, O_NONBLOCK);
  (void)sys::raw::fcntl(pipes.errors.read, F_SETFL, O_NONBLOCK);
  int input = pipes.input.write;
  const auto drain = [](int fd, auto& into) {
    char buffer[512];
    outcome got = 0;
    while ((got = sys::raw::read(fd, buffer, sizeof buffer)) > 0)
      into << std::string_view{buffer, static_cast<std::size_t>(got)};
    return got == -EAGAIN;
  };
  bool out_open = true, err_open = true;
  for (;;) {
    if (input >= 0 && !source.pump(input)) {
      (void)sys::raw::close(input);
      pipes.input.write = input = -1;
    }
    const std::int64_t left = deadline == 0 ? 0 : deadline - now_ms();
    if (deadline != 0 && left <= 0) return -ETIMEDOUT;
    struct ::pollfd set[4] = {{pidfd, POLLIN, 0},
                              {input, POLLOUT, 0},
                              {out_open ? pipes.output.read : -1, POLLIN, 0},
                              {err_open ? pipes.errors.read : -1, POLLIN, 0}};
    const struct ::timespec wait { left / 1000, left % 1000 * 1'000'000 };
    const outcome r = sys::raw::ppoll(set, 4, deadline == 0 ? nullptr : &wait);
    if (failed(r) && r != -EINTR) return r;
    if (set[2].revents != 0) out_open = drain(pipes.output.read, out);
    if (set[3].revents != 0) err_open = drain(pipes.errors.read, err);
    if (set[0].revents != 0) {  // ended: what it wrote before is there
      if (out_open) (void)drain(pipes.output.read, out);
      if (err_open) (void)drain(pipes.errors.read, err);
      return 0;
    }
  }
}

inline void close_all(const hook_pipes& pipes) noexcept {
  for (const int fd : {pipes.input.read, pipes.input.write, pipes.output.read, pipes.output.write, pipes.errors.read,
                       pipes.errors.write})
    if (fd >= 0) (void)sys::raw::close(fd);
}

}  // namespace detail

/// Runs one hook and waits for its end. `arguments` and `environment` end in a null pointer, `pid` is what the hook
/// is told. Errors: ETIMEDOUT past its timeout; ECANCELED when it failed; the kernel's errno when it cannot run.
[[nodiscard]] inline outcome execute(const container::execute_hook& s, char* const* arguments, char* const* environment,
                                     std::string_view pid, const hook_files& files, hook_end& end) noexcept {
  detail::hook_pipes pipes;
  outcome r = detail::make_pipe(pipes.input);
  if (!failed(r)) r = detail::make_pipe(pipes.output);
  if (!failed(r)) r = detail::make_pipe(pipes.errors);
  if (failed(r)) return detail::close_all(pipes), r;
  int pidfd = -1;
  const std::int64_t deadline = s.timeout == 0 ? 0 : detail::now_ms() + std::int64_t{s.timeout} * 1000;
  const outcome child = sys::raw::call(SYS_clone, SIGCHLD | CLONE_PIDFD, 0, &pidfd, 0, 0);
  if (child == 0) detail::become_hook(s.path.c_str(), arguments, environment, pipes, files);
  if (failed(child)) return detail::close_all(pipes), child;
  for (int* theirs : {&pipes.input.read, &pipes.output.write, &pipes.errors.write}) {
    (void)sys::raw::close(*theirs);
    *theirs = -1;
  }
  detail::set_sigpipe(SIG_IGN);
  bounded_text<768> out;
  bounded_text<1024> err;
  r = detail::attend(pidfd, pipes, {{s.state_before, pid, s.state_after}}, deadline, out, err);
  detail::set_sigpipe(SIG_DFL);
  if (failed(r)) (void)sys::raw::kill(static_cast<pid_t>(child), SIGKILL);
  outcome reaped = -EINTR;
  while (reaped == -EINTR) reaped = sys::raw::wait4(static_cast<pid_t>(child), &end.wait_status, 0);
  (void)sys::raw::close(pidfd);
  detail::close_all(pipes);
  end.output << "stdout: " << out.view() << ", stderr: " << err.view();
  return failed(r) ? r : end.wait_status == 0 ? 0 : -ECANCELED;
}

}  // namespace ocikit::init
