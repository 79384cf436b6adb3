// SPDX-License-Identifier: Apache-2.0
#include "filtered_process.hpp"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <stdexcept>

#include <ocikit/base/unique_fd.hpp>
#include <ocikit/seccomp/execute.hpp>

namespace seccomp_bench {

namespace {

long once(probe what) {
  constexpr unsigned long ask = 0xffffffff;
  return what == probe::getppid ? ::syscall(SYS_getppid) : ::syscall(SYS_personality, ask);
}

bool put_behind(const ocikit::seccomp::compiled_filter* filter) {
  if (filter == nullptr) return true;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return !ocikit::sys::raw::failed(ocikit::seccomp::execute(filter->step()));
}

double processor_seconds() {
  ::timespec now{};
  (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// The child's whole life. It writes to a descriptor that it has, and ends by exit_group: profiles allow both.
[[noreturn]] void measure(probe what, long calls, const ocikit::seccomp::compiled_filter* filter, int to) {
  if (!put_behind(filter) || once(what) < 0) ::_exit(1);
  const double start = processor_seconds();
  for (long i = 0; i < calls; ++i) (void)once(what);
  const double seconds = processor_seconds() - start;
  ::_exit(::write(to, &seconds, sizeof seconds) == sizeof seconds ? 0 : 1);
}

}  // namespace

double seconds_for(probe what, long calls, const ocikit::seccomp::compiled_filter* filter) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error{"pipe"};
  const ocikit::unique_fd from{ocikit::adopt_fd, ends[0]};
  ocikit::unique_fd to{ocikit::adopt_fd, ends[1]};
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error{"fork"};
  if (child == 0) measure(what, calls, filter, to.get());
  to.reset();
  double seconds = 0;
  const bool told = ::read(from.get(), &seconds, sizeof seconds) == sizeof seconds;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (!told || status != 0) throw std::runtime_error{"the process behind the filter ended badly"};
  return seconds;
}

}  // namespace seccomp_bench
