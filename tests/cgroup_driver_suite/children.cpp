// SPDX-License-Identifier: Apache-2.0
#include "children.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <new>
#include <thread>
#include <utility>

#include <ocikit/sys/call.hpp>

#include "report.hpp"

namespace driver_suite {

using namespace ocikit;

namespace {

struct pipe_ends {
  unique_fd read, write;
};
pipe_ends make_pipe() {
  int ends[2];
  expect(::pipe2(ends, O_CLOEXEC) == 0, "pipe2(2) fails");
  return {unique_fd{adopt_fd, ends[0]}, unique_fd{adopt_fd, ends[1]}};
}

/// What `child` is: joins, tells so by closing `joined`, waits for the end of `go`, and does its errand.
[[noreturn]] void live(const cgroups::entrance& way, pipe_ends& joined, pipe_ends& go,
                       const std::function<int()>& errand) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (const auto* write = std::get_if<cgroups::enter_by_write>(&way))
    for (const fd_view procs : write->procs)
      if (sys::raw::write(procs.get(), "0", 1) != 1) ::_exit(99);
  joined = {};
  go.write.reset();
  char byte = 0;
  (void)!::read(go.read.get(), &byte, 1);
  ::_exit(errand());
}

void wait_for_end_of(const unique_fd& pipe) {
  char byte = 0;
  while (::read(pipe.get(), &byte, 1) < 0 && errno == EINTR) {
  }
}

}  // namespace

child::~child() {
  if (pid_ > 0) (void)::kill(pid_, SIGKILL);
}

int child::end() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

child start_outside(const std::function<int()>& errand) {
  const pid_t pid = ::fork();
  expect(pid >= 0, "fork(2) fails");
  if (pid != 0) return child{pid};
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::_exit(errand());
}

child start(cgroups::driver& in, const std::function<int()>& errand) {
  const auto way = must(in.enter(), "enter");
  pipe_ends joined = make_pipe(), go = make_pipe();
  clone_args args{};
  args.exit_signal = SIGCHLD;
  if (const auto* clone = std::get_if<cgroups::enter_by_clone>(&way)) {
    args.flags = CLONE_INTO_CGROUP;
    args.cgroup = static_cast<unsigned>(clone->directory.get());
  }
  const auto pid = static_cast<pid_t>(sys::raw::call(SYS_clone3, &args, sizeof args));
  expect(pid >= 0, "clone3(2) into the directory that the driver opened: " + errno_text(-pid));
  if (pid == 0) live(way, joined, go, errand);
  child made{pid};
  joined.write.reset();
  go.read.reset();
  wait_for_end_of(joined.read);
  if (std::holds_alternative<cgroups::enter_by_attach>(way)) must(in.attach(pid), "attach");
  return made;
}

int sleep_forever() {
  for (;;) ::pause();
}

counter::counter() {
  void* page = ::mmap(nullptr, sizeof *value_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw std::bad_alloc{};
  value_ = static_cast<volatile unsigned long*>(page);
}
counter::~counter() { (void)::munmap(const_cast<unsigned long*>(value_), sizeof *value_); }

int counter::count_forever() const {
  for (;;) *value_ = *value_ + 1;
}

bool counter::moves() const {
  const auto before = *value_;
  for (int tries = 0; tries < 100 && *value_ == before; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  return *value_ != before;
}

bool counter::stands() const {
  const auto before = *value_;
  std::this_thread::sleep_for(std::chrono::milliseconds{60});
  return *value_ == before;
}

}  // namespace driver_suite
