// SPDX-License-Identifier: Apache-2.0
#include "command.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace compare {

namespace {

std::int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

measure ended(const running& command, int status, const struct ::rusage& used) {
  const auto taken = static_cast<double>(now() - command.started) / 1e6;
  return {taken, used.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
}

}  // namespace

running spawn(const words& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t streams;
  ::posix_spawn_file_actions_init(&streams);
  ::posix_spawn_file_actions_addopen(&streams, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&streams, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&streams, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  running made;
  made.started = now();
  const int code = ::posix_spawn(&made.pid, arguments[0], &streams, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&streams);
  if (code != 0) throw std::system_error{code, std::generic_category(), command.front()};
  return made;
}

measure wait_for(const running& command) {
  int status = 0;
  struct ::rusage used {};
  while (::wait4(command.pid, &status, 0, &used) < 0)
    if (errno != EINTR) throw std::system_error{errno, std::generic_category(), "wait4"};
  return ended(command, status, used);
}

measure wait_for_any(std::vector<running>& commands) {
  for (;;) {
    int status = 0;
    struct ::rusage used {};
    const pid_t pid = ::wait4(-1, &status, 0, &used);
    if (pid < 0 && errno != EINTR) throw std::system_error{errno, std::generic_category(), "wait4"};
    const auto which = std::ranges::find(commands, pid, &running::pid);
    if (which == commands.end()) continue;  // an orphan of some container
    const measure taken = ended(*which, status, used);
    commands.erase(which);
    return taken;
  }
}

}  // namespace compare
