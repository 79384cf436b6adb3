// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace ocikit::testing {

/// openat2(2) answers `answer` from here on: an older kernel (ENOSYS) or an outer filter that does not know it (EPERM).
inline bool deny_openat2(int answer) {
  ::sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0 /* seccomp_data.nr */),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(answer)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const ::sock_fprog program{4, filter};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
         ::syscall(SYS_openat2, AT_FDCWD, "/", nullptr, 0) == -1 && errno == answer;
}

/// What `say` returns in a child process that has no openat2(2).
template <class Say>
std::string said_without_openat2(int answer, Say say) {
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) return "(no pipe)";
  const ::pid_t child = ::fork();
  if (child == 0) {
    const std::string text = deny_openat2(answer) ? say() : "(the filter does not hold)";
    for (std::size_t done = 0; done < text.size();) {
      const ::ssize_t n = ::write(ends[1], text.data() + done, text.size() - done);
      if (n <= 0) break;
      done += static_cast<std::size_t>(n);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (::ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  (void)::waitpid(child, &status, 0);
  return status == 0 ? text : "(the child died)";
}

}  // namespace ocikit::testing
