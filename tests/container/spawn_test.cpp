// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/spawn.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "temporary_directory.hpp"

using namespace ocikit;
using namespace ocikit::container;

namespace {

unique_fd opened(const std::string& path, int flags = O_PATH | O_CLOEXEC) {
  return unique_fd{adopt_fd, ::open(path.c_str(), flags)};
}

/// A shell that is to run `script`.
birth shell(fd_view executable, const char* script) {
  birth out;
  out.executable = executable.get();
  out.arguments = {"sh", "-c", script, nullptr, nullptr};
  return out;
}

int status_of(const newborn& child) {
  int status = -1;
  (void)::waitpid(child.pid, &status, __WALL);
  return status;
}

bool has_children() { return !(::waitpid(-1, nullptr, WNOHANG | __WALL) == -1 && errno == ECHILD); }

int lowest_free_descriptor() { return opened("/").get(); }

struct pipe_pair {
  unique_fd read, write;
  pipe_pair() {
    int ends[2] = {-1, -1};
    (void)::pipe2(ends, O_CLOEXEC);
    read = unique_fd{adopt_fd, ends[0]};
    write = unique_fd{adopt_fd, ends[1]};
  }
  std::string content() {
    write.reset();
    return sys::read_all(read, 4096).value_or("(unreadable)");
  }
};

}  // namespace

TEST_CASE("a program is born from a descriptor, as a child with a pidfd") {
  const unique_fd program = opened("/bin/true");
  birth wanted;
  wanted.executable = program.get();
  wanted.arguments = {"true", nullptr, nullptr, nullptr, nullptr};
  const auto child = spawn(std::move(wanted));
  REQUIRE(child);
  CHECK(child->pid > 0);
  CHECK(::fcntl(child->pidfd.get(), F_GETFD) == FD_CLOEXEC);
  CHECK(child->failure().step == nullptr);
  CHECK(status_of(*child) == 0);
  CHECK(!has_children());
}

TEST_CASE("the newborn has its arguments, no environment, its streams, and of the descriptors those it inherits") {
  const unique_fd sh = opened("/bin/sh");
  pipe_pair output, inherited, other;
  ::setenv("OCIKIT_TEST_SECRET", "leaked", 1);
  const std::string script = "echo \"$0:$OCIKIT_TEST_SECRET\"; echo here >&" + std::to_string(inherited.write.get()) +
                             "; [ -e /proc/self/fd/" + std::to_string(other.read.get()) + " ] || exit 7";
  birth wanted = shell(sh, script.c_str());
  wanted.arguments[3] = "zero";
  wanted.streams[1] = output.write.get();
  wanted.inherited = {-1, inherited.write.get()};
  const auto child = spawn(std::move(wanted));
  ::unsetenv("OCIKIT_TEST_SECRET");
  REQUIRE(child);
  CHECK(WEXITSTATUS(status_of(*child)) == 7);
  CHECK(output.content() == "zero:\n");
  CHECK(inherited.content() == "here\n");
  CHECK(::fcntl(other.read.get(), F_GETFD) == FD_CLOEXEC);  // ours are as they were
}

TEST_CASE("a newborn with a gate waits for the word before it becomes the init") {
  const unique_fd sh = opened("/bin/sh");
  pipe_pair gate, output;
  birth wanted = shell(sh, "echo born");
  wanted.gate = gate.read.get();
  wanted.streams[1] = output.write.get();
  const auto child = spawn(std::move(wanted));
  REQUIRE(child);
  const auto program_of = [](const std::string& pid) {
    return sys::readlinkat(sys::at_fdcwd, "/proc/" + pid + "/exe").value_or("(none)");
  };
  CHECK(program_of(std::to_string(child->pid)) == program_of("self"));
  REQUIRE(sys::write_all(gate.write, "g"));
  CHECK(output.content() == "born\n");
  CHECK(status_of(*child) == 0);
}

TEST_CASE("a gate that breaks ends the newborn, which tells why through the memory it shares") {
  const unique_fd sh = opened("/bin/sh");
  birth wanted = shell(sh, "exit 0");
  pipe_pair gate;
  wanted.gate = gate.read.get();
  wanted.gate_writer = gate.write.get();
  const auto child = spawn(std::move(wanted));
  REQUIRE(child);
  gate.write.reset();  // as when the runtime is killed: the child must not keep it open itself
  CHECK(WEXITSTATUS(status_of(*child)) == 1);
  REQUIRE(child->failure().step != nullptr);
  CHECK(std::string_view{child->failure().step} == "wait for the runtime");
  CHECK(child->failure().error == EPIPE);
}

TEST_CASE("a birth that fails names its step and its errno, and leaves neither a zombie nor a descriptor") {
  const testing::temporary_directory directory;
  testing::write_file(directory / "plain", "x", 0644);
  testing::write_file(directory / "nonsense", "not a program", 0755);
  const unique_fd plain = opened(directory / "plain"), nonsense = opened(directory / "nonsense"), root = opened("/");
  const unique_fd good = opened("/bin/true");
  const unique_fd unwritable = opened(directory / "plain", O_RDONLY | O_CLOEXEC);

  struct row {
    int executable;
    std::vector<int> cgroup_procs;
    const char* message;
  };
  const row rows[] = {
      {plain.get(), {}, "execute the init: permission denied"},
      {nonsense.get(), {}, "execute the init: exec format error"},
      {root.get(), {}, "execute the init: permission denied"},
      {-1, {}, "execute the init: bad file descriptor"},
      {good.get(), {unwritable.get()}, "join the cgroup: bad file descriptor"},
  };
  const int before = lowest_free_descriptor();
  for (const row& one : rows) {
    CAPTURE(one.message);
    birth wanted;
    wanted.executable = one.executable;
    wanted.arguments = {"init", nullptr, nullptr, nullptr, nullptr};
    wanted.cgroup_procs = one.cgroup_procs;
    const auto child = spawn(std::move(wanted));
    REQUIRE(!child);
    CHECK(child.error().message() == one.message);
    CHECK(child.error().kind() == errc::system);
    CHECK(!has_children());
    CHECK(lowest_free_descriptor() == before);
  }
  birth impossible;
  impossible.executable = good.get();
  impossible.cgroup = root.get();  // no cgroup
  const auto child = spawn(std::move(impossible));
  REQUIRE(!child);
  CHECK(child.error().message() == "clone3: bad file descriptor");
  CHECK(!has_children());
}
