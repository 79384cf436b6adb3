// SPDX-License-Identifier: Apache-2.0
//
// What every cgroup driver must do with real cgroups and real processes. Needs root.
#pragma once

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <ocikit/cgroups/driver.hpp>
#include <ocikit/sys/call.hpp>

#include "catch.hpp"

namespace driver_suite {

using namespace ocikit;
using namespace ocikit::cgroups;

/// Fails the test with the error's message.
template <class T>
void must(const result<T>& r) {
  if (!r) FAIL(r.error().message());
}

/// What a child does once it is in its cgroup; the return value is its exit status.
using errand = std::function<int()>;

/// A child that enters the way the driver says, and then runs `what`.
inline pid_t start(driver& d, const errand& what) {
  const auto way = d.enter();
  must(way);
  int go[2], joined[2];
  REQUIRE(::pipe2(go, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(joined, O_CLOEXEC) == 0);
  clone_args args{};
  args.exit_signal = SIGCHLD;
  if (const auto* clone = std::get_if<enter_by_clone>(&*way)) {
    args.flags = CLONE_INTO_CGROUP;
    args.cgroup = static_cast<unsigned>(clone->directory.get());
  }
  const auto pid = static_cast<pid_t>(sys::raw::call(SYS_clone3, &args, sizeof args));
  REQUIRE(pid >= 0);
  if (pid == 0) {
    if (const auto* write = std::get_if<enter_by_write>(&*way))
      for (const fd_view procs : write->procs)
        if (sys::raw::write(procs.get(), "0", 1) != 1) ::_exit(99);
    char byte = 0;
    ::close(joined[1]);
    ::close(go[1]);
    (void)!::read(go[0], &byte, 1);
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a failed check must leave no process behind
    ::_exit(what());
  }
  char byte = 0;
  ::close(joined[1]);
  (void)!::read(joined[0], &byte, 1);  // the end of file: it is in
  ::close(joined[0]);
  ::close(go[0]);
  if (std::holds_alternative<enter_by_attach>(*way)) must(d.attach(pid));
  ::close(go[1]);
  return pid;
}

inline int status_of(pid_t pid) {
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

inline int sleep_forever() {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) ::pause();
}

inline bool exists(const std::string& path) {
  struct ::stat found {};
  return ::stat(path.c_str(), &found) == 0;
}

/// All of the driver's directories, without those that several controllers share.
inline std::size_t directories_left(const path_map& paths) {
  std::size_t left = 0;
  for (const auto& [key, path] : paths) left += exists(path) ? 1U : 0U;
  return left;
}

/// Counts up in shared memory, so that standing still can be seen.
struct counter {
  volatile unsigned long* value;
  counter()
      : value{static_cast<volatile unsigned long*>(
            ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))} {}
  [[nodiscard]] bool moves() const {
    const auto before = *value;
    for (int tries = 0; tries < 100; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
      if (*value != before) return true;
    }
    return false;
  }
  [[nodiscard]] bool stands() const {
    const auto before = *value;
    std::this_thread::sleep_for(std::chrono::milliseconds{60});
    return *value == before;
  }
};

inline request wish(const std::string& path) {
  request wanted;
  wanted.id = "ocikit-test-" + std::to_string(::getpid());
  wanted.cgroups_path = path;
  return wanted;
}

/// The whole life of a cgroup.
inline void life(opener& backend, const request& wanted) {
  auto opened = backend.open(wanted);
  must(opened);
  auto& d = **opened;
  must(d.create());
  const auto paths = d.paths();
  REQUIRE(!paths.empty());
  CHECK(directories_left(paths) == paths.size());
  CHECK(d.pids()->empty());
  CHECK(*d.frozen() == false);

  const counter count;
  const pid_t busy = start(d, [&]() -> int {
    for (;;) *count.value = *count.value + 1;
  });
  const pid_t idle = start(d, sleep_forever);
  auto found = *d.pids();
  std::sort(found.begin(), found.end());
  CHECK(found == std::vector<pid_t>{std::min(busy, idle), std::max(busy, idle)});
  CHECK(count.moves());

  must(d.freeze());
  CHECK(*d.frozen());
  CHECK(count.stands());
  must(d.thaw());
  CHECK(!*d.frozen());
  CHECK(count.moves());

  // From another process's point of view: found again by the saved paths, with a sub-cgroup of the container's own.
  auto again = backend.reopen(paths, false);
  must(again);
  CHECK((*again)->paths() == paths);
  for (const auto& [key, path] : paths) (void)::mkdir((path + "/below").c_str(), 0755);
  const pid_t late = ::fork();
  if (late == 0) sleep_forever();
  must((*again)->attach(late));
  CHECK((*again)->pids()->size() == 3);
  CHECK(!(*again)->remove());  // it lives

  must((*again)->freeze());
  must((*again)->kill(SIGKILL));  // frozen ones too
  for (const pid_t pid : {busy, idle, late}) CHECK(status_of(pid) == 128 + SIGKILL);
  must((*again)->remove());
  CHECK(directories_left(paths) == 0);

  // Gone: none of these is an error.
  must((*again)->kill(SIGKILL));
  must((*again)->remove());
  CHECK((*again)->pids()->empty());
  CHECK(*(*again)->frozen() == false);
}

/// A cgroup in use is left alone.
inline void refusals(opener& backend, const request& wanted) {
  auto first = backend.open(wanted);
  must(first);
  must((*first)->create());
  const pid_t pid = start(**first, sleep_forever);
  auto second = backend.open(wanted);
  must(second);
  const auto busy = (*second)->create();
  REQUIRE(!busy);
  CHECK(busy.error().message() ==
        "container's cgroup is not empty: 1 process(es) found (config.json#/linux/cgroupsPath)");
  must((*second)->undo());
  must((*first)->kill(SIGKILL));
  CHECK(status_of(pid) == 128 + SIGKILL);
  must((*first)->freeze());
  auto third = backend.open(wanted);
  must(third);
  const auto frozen = (*third)->create();
  REQUIRE(!frozen);
  CHECK(frozen.error().message() == "container's cgroup unexpectedly frozen (config.json#/linux/cgroupsPath)");
  must((*first)->thaw());
  must((*first)->remove());
}

/// A failure after `create` leaves nothing, and what was there before stays.
inline void undoing(opener& backend, const std::string& above) {
  auto d = backend.open(wish("/" + above + "/deep/c1"));
  must(d);
  must((*d)->create());
  const auto paths = (*d)->paths();
  CHECK(directories_left(paths) == paths.size());
  must((*d)->undo());
  for (const auto& [key, path] : paths) CHECK(!exists(path.substr(0, path.find("/" + above) + above.size() + 1)));
}

/// Opening a device node that is made outside any container; 0 or errno.
inline int try_device(unsigned major, unsigned minor, int flags) {
  const std::string path = "/tmp/ocikit-test-dev-" + std::to_string(::getpid());
  (void)::unlink(path.c_str());
  if (::mknod(path.c_str(), S_IFCHR | 0600, makedev(major, minor)) != 0) return errno;
  const int fd = ::open(path.c_str(), flags | O_NONBLOCK);
  const int code = fd < 0 ? errno : 0;
  (void)::unlink(path.c_str());
  return code;
}

/// Device rules hold for what runs in the cgroup. /dev/kmsg (1:11) is there on every machine and in no container.
inline void devices(opener& backend, const request& wanted) {
  auto d = backend.open(wanted);
  must(d);
  must((*d)->create());
  const auto outcome = [&](unsigned major, unsigned minor, int flags) {
    return status_of(start(**d, [=] { return try_device(major, minor, flags); }));
  };
  CHECK(outcome(1, 11, O_RDONLY) == 0);  // before: what the host allows
  spec::resources none;
  must((*d)->apply(none, driver::device_policy::enforce));
  CHECK(outcome(1, 3, O_RDWR) == 0);
  CHECK(outcome(1, 11, O_RDONLY) == EPERM);
  spec::resources read_only;
  read_only.devices = {{false, {}, {}, {}, "rwm"}, {true, spec::device_rule_type::character, 1, 11, "r"}};
  must((*d)->apply(read_only, driver::device_policy::keep));
  CHECK(outcome(1, 11, O_RDONLY) == EPERM);  // an update leaves them alone
  must((*d)->apply(read_only, driver::device_policy::enforce));
  CHECK(outcome(1, 11, O_RDONLY) == 0);
  CHECK(outcome(1, 11, O_RDWR) == EPERM);
  spec::resources all_but;
  all_but.devices = {{true, {}, {}, {}, "rwm"}, {false, spec::device_rule_type::character, 1, 11, "w"}};
  must((*d)->apply(all_but, driver::device_policy::enforce));
  CHECK(outcome(1, 11, O_RDONLY) == 0);
  CHECK(outcome(1, 11, O_RDWR) == EPERM);
  CHECK(outcome(10, 229, O_RDONLY) != EPERM);
  spec::resources everything;
  everything.devices = {{true, {}, {}, {}, "rwm"}};
  must((*d)->apply(everything, driver::device_policy::enforce));
  CHECK(outcome(1, 11, O_RDWR) == 0);
  must((*d)->remove());
}

}  // namespace driver_suite
