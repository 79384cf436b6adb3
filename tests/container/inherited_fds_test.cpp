// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ocikit/container/inherited_fds.hpp>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::container;

namespace {

/// Runs `check` in a child, so that it may do what it likes to its descriptors; true when it returns true.
template <class Check>
bool in_a_child(Check check) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(check() ? 0 : 1);
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int null_at(int fd) { return ::dup2(0, fd); }

}  // namespace

TEST_CASE("socket activation counts only for the process that it names") {
  CHECK(listen_fds("42", "2", 42) == 2);
  CHECK(listen_fds("42", "2", 43) == 0);
  CHECK(listen_fds(nullptr, "2", 42) == 0);
  CHECK(listen_fds("42", nullptr, 42) == 0);
  for (const char* bad : {"", "-1", "2x", " 2", "99999999999"}) CHECK(listen_fds("42", bad, 42) == 0);
  CHECK(listen_environment(2) == std::vector<std::string>{"LISTEN_FDS=2", "LISTEN_PID=1"});
  CHECK(listen_environment(0).empty());
}

TEST_CASE("descriptors of socket activation come first, the preserved ones behind them") {
  CHECK(in_a_child([] {
    for (int fd = 3; fd < 6; ++fd) null_at(fd);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", "1", 1);
    const auto found = find_inherited_fds(2);
    return found && *found == inherited_fds{1, 2} && found->end() == 6;
  }));
}

TEST_CASE("asking for more descriptors than are open is an error that names the first missing one") {
  CHECK(in_a_child([] {
    null_at(3);
    (void)::close(4);
    const auto found = find_inherited_fds(3);
    return !found && found.error().kind() == errc::config &&
           found.error().message() == "unable to stat preserved-fd 1 (of 3): fcntl(4, F_GETFD): bad file descriptor";
  }));
}

TEST_CASE("what is not passed on is closed by the next execve, on old kernels too") {
  for (const auto close_rest : {&close_on_exec_from, &container::detail::close_on_exec_one_by_one})
    CHECK(in_a_child([close_rest] {
      for (const int fd : {3, 4, 5, 900}) null_at(fd);
      if (!close_rest(4)) return false;
      const auto flags = [](int fd) { return ::fcntl(fd, F_GETFD); };
      return flags(3) == 0 && flags(4) == FD_CLOEXEC && flags(5) == FD_CLOEXEC && flags(900) == FD_CLOEXEC;
    }));
}
