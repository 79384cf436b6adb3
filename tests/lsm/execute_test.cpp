// SPDX-License-Identifier: Apache-2.0
//
// The write against a /proc in which somebody mounted things over the files: it reaches the kernel or fails, and what
// covers the file stays as it was. Each case is a process of its own in a user and a mount namespace of its own.
#include <ocikit/lsm/execute.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "catch.hpp"
#include "sys/without_openat2.hpp"

using namespace ocikit;
namespace fs = std::filesystem;

namespace {

constexpr int unavailable = 250;

/// What `body` returns in a child that may mount: an errno, or `unavailable`.
int in_mount_namespace(const std::function<int()>& body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::_exit(::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? body() : unavailable);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

bool cover(const std::string& target, const std::string& source) {
  return ::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

int write_nonsense() {
  const auto procfs = sys::raw::open_procfs();
  if (sys::raw::failed(procfs)) return sys::raw::errno_of(procfs);
  lsm::write_attribute step;
  step.path = "thread-self/attr/exec";
  step.text = "no such label";
  return sys::raw::errno_of(lsm::execute(step, static_cast<int>(procfs)));
}

std::string own_attributes() {
  const std::string pid = std::to_string(::getpid());
  return "/proc/" + pid + "/task/" + pid + "/attr";
}

/// An empty file that anybody may write, in a directory of its own.
class decoy {
 public:
  decoy() {
    std::string path = fs::temp_directory_path() / "ocikit-decoy-XXXXXX";
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    directory_ = path;
    std::ofstream{file()};
    fs::permissions(directory_, fs::perms::all);
    fs::permissions(file(), fs::perms::all);
  }
  decoy(const decoy&) = delete;
  decoy& operator=(const decoy&) = delete;
  ~decoy() { fs::remove_all(directory_); }

  [[nodiscard]] std::string directory() const { return directory_; }
  [[nodiscard]] std::string file() const { return directory_ / "exec"; }

 private:
  fs::path directory_;
};

/// An outcome, unless there was none to be had.
bool available(int outcome) {
  if (outcome == unavailable) WARN("SKIP: no user and mount namespaces for tests here");
  return outcome != unavailable;
}

}  // namespace

TEST_CASE("a label reaches the kernel, which judges it") {
  // EINVAL: there is no security module, or SELinux knows no such context; ENOENT: AppArmor has no such profile.
  const int got = in_mount_namespace(write_nonsense);
  if (available(got)) CHECK((got == EINVAL || got == ENOENT || got == EACCES));
}

TEST_CASE("a file that covers the attribute, or its directory, is not written: the label would confine nothing") {
  for (const bool openat2 : {true, false})
    for (const bool directory : {true, false}) {
      CAPTURE(openat2, directory);
      const decoy there;
      const int got = in_mount_namespace([&] {
        const std::string attributes = own_attributes();
        if (!(directory ? cover(attributes, there.directory()) : cover(attributes + "/exec", there.file())))
          return unavailable;
        return openat2 || testing::deny_openat2(ENOSYS) ? write_nonsense() : unavailable;
      });
      if (available(got)) CHECK(got == EXDEV);
      CHECK(fs::is_empty(there.file()));
    }
}

TEST_CASE("another file of the same procfs over the attribute is not written either") {
  for (const bool openat2 : {true, false}) {
    CAPTURE(openat2);
    const int got = in_mount_namespace([=] {
      if (!cover(own_attributes() + "/exec", "/proc/self/comm")) return unavailable;
      if (!openat2 && !testing::deny_openat2(EPERM)) return unavailable;
      return write_nonsense();
    });
    if (available(got)) CHECK(got == EXDEV);
  }
}

TEST_CASE("what is no procfs, or only a part of one, is not taken for it") {
  const int none = in_mount_namespace([] {
    return ::mount("tmpfs", "/proc", "tmpfs", 0, nullptr) == 0 ? sys::raw::errno_of(sys::raw::open_procfs())
                                                               : unavailable;
  });
  if (available(none)) CHECK(none == EXDEV);
  const int part = in_mount_namespace(
      [] { return cover("/proc", "/proc/self") ? sys::raw::errno_of(sys::raw::open_procfs()) : unavailable; });
  if (available(part)) CHECK(part == EXDEV);
}
