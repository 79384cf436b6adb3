// SPDX-License-Identifier: Apache-2.0
//
// Runs a command in a cgroup of its own with at most 64 processes, lets it stand still for a moment, and says what it
// used. The library does not care whether the host has cgroup v1 or v2: in_cgroup NAME COMMAND [ARGUMENT...], as root.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <memory>

#include <ocikit/cgroups/fs.hpp>
#include <ocikit/cgroups/fs2.hpp>
#include <ocikit/cgroups/read_statistics.hpp>

namespace {

using namespace ocikit;

result<std::unique_ptr<cgroups::driver>> open(const cgroups::request& wanted) {
  cgroups::fs2_opener v2;
  auto opened = v2.open(wanted);
  if (opened || opened.error().kind() != errc::unsupported) return opened;
  cgroups::fs_opener v1;
  return v1.open(wanted);
}

/// A process that waits at a gate, so that it does nothing before it is in the cgroup.
pid_t spawn(char** command, int gate) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  char byte = 0;
  if (::read(gate, &byte, 1) != 1) ::_exit(125);
  ::execvp(command[0], command);
  ::_exit(127);
}

result<int> run(const std::string& name, char** command) {
  auto cgroup = OCIKIT_TRY(open({name, "/" + name, false, {}}));
  OCIKIT_TRY(cgroup->create());
  spec::resources limits;
  limits.pids = spec::pids{64};
  if (const auto set = cgroup->apply(limits, cgroups::driver::device_policy::keep); !set)
    std::cerr << "no limit: " << set.error().message() << '\n';

  int gate[2];
  if (::pipe(gate) != 0) return tl::unexpected(error::from_errno(errno, "pipe"));
  const pid_t pid = spawn(command, gate[0]);
  OCIKIT_TRY(cgroup->attach(pid));
  OCIKIT_TRY(cgroup->freeze());
  (void)!::write(gate[1], "g", 1);
  std::cout << "processes: " << OCIKIT_TRY(cgroup->pids()).size() << (OCIKIT_TRY(cgroup->frozen()) ? ", frozen" : "")
            << '\n';
  OCIKIT_TRY(cgroup->thaw());

  int status = 0;
  (void)::waitpid(pid, &status, 0);
  const auto used = OCIKIT_TRY(cgroups::read_statistics(cgroup->paths()));
  std::cout << "processor time: " << used.cpu.usage.total / 1000 << " us\nlimit of processes: " << used.pids.limit
            << '\n';
  OCIKIT_TRY(cgroup->kill(SIGKILL));
  OCIKIT_TRY(cgroup->remove());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: in_cgroup NAME COMMAND [ARGUMENT...]\n";
    return 2;
  }
  const auto done = run(argv[1], argv + 2);
  if (!done) std::cerr << done.error().message() << '\n';
  return done ? *done : 1;
}
