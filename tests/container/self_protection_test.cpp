// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/self_protection.hpp>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::container;

namespace {

/// What `check` returns in a process of its own, so that it may spoil that process.
template <class Check>
bool in_child(Check check) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = -1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

bool is_dev_null(int fd) {
  struct stat opened {
  }, null{};
  return ::fstat(fd, &opened) == 0 && ::stat("/dev/null", &null) == 0 && opened.st_rdev == null.st_rdev;
}

}  // namespace

TEST_CASE("closed standard streams become /dev/null, and open ones stay what they are") {
  CHECK(in_child([] {
    (void)::close(0);
    (void)::close(2);
    struct stat before {
    }, after{};
    (void)::fstat(1, &before);
    return ensure_stdio() && is_dev_null(0) && is_dev_null(2) && ::fstat(1, &after) == 0 &&
           before.st_ino == after.st_ino && before.st_dev == after.st_dev;
  }));
}

TEST_CASE("standard streams are inherited by what is executed, unlike every other descriptor") {
  CHECK(in_child([] {
    (void)::close(1);
    return ensure_stdio() && (::fcntl(1, F_GETFD) & FD_CLOEXEC) == 0;
  }));
}

TEST_CASE("once protected, the process can be looked into by nobody") {
  CHECK(in_child([] { return ::prctl(PR_GET_DUMPABLE) == 1 && become_undumpable() && ::prctl(PR_GET_DUMPABLE) == 0; }));
}

TEST_CASE("an ordinary caller is not taken for a set-user-ID program") { CHECK(refuse_borrowed_privileges()); }
