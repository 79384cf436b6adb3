// SPDX-License-Identifier: Apache-2.0
#include "cases.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "children.hpp"
#include "report.hpp"

namespace driver_suite {

namespace {

using namespace ocikit;
using cgroups::driver;
using cgroups::path_map;

constexpr int killed = 128 + SIGKILL;

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

bool all_exist(const path_map& paths) {
  return std::ranges::all_of(paths, [](const auto& entry) { return exists(entry.second); });
}
bool any_exists(const path_map& paths) {
  return std::ranges::any_of(paths, [](const auto& entry) { return exists(entry.second); });
}

/// What a new container asks for: a name, and a path of its own.
cgroups::request new_request(const subject& s) {
  static unsigned count = 0;
  cgroups::request wanted;
  wanted.id = "ocikit-suite-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  wanted.cgroups_path = s.cgroups_path;
  if (const auto at = wanted.cgroups_path.find('%'); at != std::string::npos)
    wanted.cgroups_path.replace(at, 1, wanted.id);
  return wanted;
}

/// A driver whose cgroup goes when this goes, however its case ended; so do the processes that are left in it.
class held {
 public:
  explicit held(std::unique_ptr<driver> it) : it_{std::move(it)} {}
  held(held&&) = default;
  held& operator=(held&&) = delete;
  ~held() {
    if (it_ == nullptr) return;
    (void)it_->kill(SIGKILL);
    (void)it_->thaw();
    (void)it_->kill(SIGKILL);
    for (int tries = 0; tries < 500 && ::waitpid(-1, nullptr, WNOHANG) >= 0; ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    (void)it_->remove();
  }
  driver& operator*() const { return *it_; }
  driver* operator->() const { return it_.get(); }

 private:
  std::unique_ptr<driver> it_;
};

/// A new cgroup, without limits, with the default device rules.
held created(const subject& s, const cgroups::request& wanted) {
  held d{must(s.backend.open(wanted), "open")};
  must(d->create(), "create");
  must(d->apply({}, driver::device_policy::enforce), "apply without limits");
  return d;
}
held created(const subject& s) { return created(s, new_request(s)); }

std::vector<pid_t> sorted_pids(driver& d) {
  auto found = must(d.pids(), "pids");
  std::ranges::sort(found);
  return found;
}

void need(bool there, const char* what) {
  if (!there) throw skipped{std::string{"the driver has no "} + what};
}

// ---- life ---------------------------------------------------------------------------------------------------------

void lives(const subject& s) {
  const held d = created(s);
  expect(must(d->pids(), "pids").empty(), "a new cgroup has processes");
  child one = start(*d, sleep_forever), two = start(*d, sleep_forever);
  const auto paths = d->paths();
  expect(!paths.empty(), "paths tells none, so that the cgroup cannot be found again");
  expect(all_exist(paths), "one of the paths is not there");
  std::vector<pid_t> both{one.pid(), two.pid()};
  std::ranges::sort(both);
  expect(sorted_pids(*d) == both, "pids does not list the two processes that entered");
  (void)must_fail(d->remove(), "remove succeeds while processes live in the cgroup");
  must(d->kill(SIGKILL), "kill");
  expect(one.end() == killed && two.end() == killed, "a process survives SIGKILL to the cgroup");
  must(d->remove(), "remove");
  expect(!any_exists(paths), "a directory is left behind remove");
}

void signals(const subject& s) {
  const held d = created(s);
  child one = start(*d, [] {
    ::signal(SIGTERM, [](int) { ::_exit(7); });
    return sleep_forever();
  });
  std::this_thread::sleep_for(std::chrono::milliseconds{50});  // for its signal(2)
  must(d->kill(SIGTERM), "kill with SIGTERM");
  expect(one.end() == 7, "a process does not get the signal that was sent to its cgroup");
}

void freezes(const subject& s) {
  need(s.table.freeze != nullptr && s.table.thaw != nullptr, "freeze and thaw");
  const held d = created(s);
  const counter count;
  child busy = start(*d, [&] { return count.count_forever(); });
  expect(count.moves(), "the process does not run");
  expect(!must(d->frozen(), "frozen"), "a new cgroup is frozen");
  must(d->freeze(), "freeze");
  expect(count.stands(), "a process runs in a frozen cgroup");
  if (s.table.frozen != nullptr) expect(must(d->frozen(), "frozen"), "frozen does not tell so");
  must(d->thaw(), "thaw");
  expect(!must(d->frozen(), "frozen"), "frozen, though thawed");
  expect(count.moves(), "the process does not go on");
  must(d->freeze(), "freeze again");
  must(d->kill(SIGKILL), "kill a frozen one");
  if (s.table.kill == nullptr) must(d->thaw(), "thaw");
  expect(busy.end() == killed, "a frozen process survives SIGKILL to the cgroup");
}

void is_found_again(const subject& s) {
  const held d = created(s);
  child one = start(*d, sleep_forever);
  const auto paths = d->paths();
  const auto again = must(s.backend.reopen(paths, false), "reopen");
  expect(again->paths() == paths, "reopen forgets or changes paths");
  child late = start_outside(sleep_forever);
  must(again->attach(late.pid()), "attach through the reopened one");
  expect(must(again->pids(), "pids").size() == 2, "the reopened one does not see both processes");
  must(again->undo(), "undo of a reopened one");
  expect(all_exist(paths), "undo of a reopened cgroup removed what another one made");
  must(again->kill(SIGKILL), "kill through the reopened one");
  expect(one.end() == killed && late.end() == killed, "a process survives");
  must(again->remove(), "remove through the reopened one");
  expect(!any_exists(paths), "a directory is left");
}

void takes_what_is_below(const subject& s) {
  const held d = created(s);
  child above = start(*d, sleep_forever), below = start(*d, sleep_forever);
  const auto paths = d->paths();
  for (const auto& [key, path] : paths) {
    (void)::mkdir((path + "/below").c_str(), 0755);
    (void)::mkdir((path + "/below/deeper").c_str(), 0755);
    std::ofstream{path + "/below/deeper/cgroup.procs"} << below.pid();
  }
  expect(must(d->pids(), "pids").size() == 2, "pids misses a process of a cgroup below");
  must(d->kill(SIGKILL), "kill");
  expect(above.end() == killed && below.end() == killed, "a process of a cgroup below survives");
  must(d->remove(), "remove with cgroups below");
  expect(!any_exists(paths), "a directory is left");
}

void bears_that_it_is_gone(const subject& s) {
  const held d = created(s);
  path_map paths;
  {
    child one = start(*d, sleep_forever);
    paths = d->paths();
    must(d->kill(SIGKILL), "kill");
    (void)one.end();
  }
  for (int tries = 0; tries < 100 && any_exists(paths); ++tries) {
    for (const auto& [key, path] : paths) (void)::rmdir(path.c_str());
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  expect(!any_exists(paths), "the cgroup cannot be removed from outside");
  expect(must(d->pids(), "pids of one that is gone").empty(), "a cgroup that is gone has processes");
  expect(!must(d->frozen(), "frozen of one that is gone"), "a cgroup that is gone is frozen");
  must(d->kill(SIGKILL), "kill of one that is gone");
  must(d->remove(), "remove of one that is gone");
  const auto again = must(s.backend.reopen(paths, false), "reopen of one that is gone");
  must(again->remove(), "remove of a reopened one that is gone");
}

// ---- failures -----------------------------------------------------------------------------------------------------

void is_undone(const subject& s) {
  const auto wanted = new_request(s);
  const held d = created(s, wanted);
  child one = start(*d, sleep_forever);
  const auto paths = d->paths();
  must(d->kill(SIGKILL), "kill");
  (void)one.end();
  must(d->undo(), "undo");
  expect(!any_exists(paths), "a directory is left behind undo");
  must(d->undo(), "undo once more");
  const held once_more = created(s, wanted);
}

void is_refused_while_in_use(const subject& s) {
  const auto wanted = new_request(s);
  const held first = created(s, wanted);
  child one = start(*first, sleep_forever);
  const auto paths = first->paths();
  {
    auto second = must(s.backend.open(wanted), "open of one in use");
    (void)must_fail(second->create(), "create takes a cgroup that has a process");
    must(second->undo(), "undo behind a refusal");
  }
  expect(all_exist(paths) && sorted_pids(*first) == std::vector<pid_t>{one.pid()},
         "the refused one changed what was there");
  if (s.table.freeze == nullptr) return;
  must(first->freeze(), "freeze");
  auto third = must(s.backend.open(wanted), "open of a frozen one");
  (void)must_fail(third->create(), "create takes a frozen cgroup");
  must(third->undo(), "undo behind a refusal");
  expect(must(first->frozen(), "frozen"), "the refused one thawed what was there");
}

void stays_below_the_root(const subject& s) {
  const std::array<std::string, 9> hostile{"/",
                                           "/..",
                                           "/../../..",
                                           "/../../../../etc/%",
                                           std::string{"/a\0b", 4},
                                           "/a\nb",
                                           "/a/b/" + std::string(256, 'c'),
                                           "/" + std::string(70000, 'd'),
                                           std::string(70000, '/')};
  for (const auto& path : hostile) {
    auto wanted = new_request(s);
    wanted.cgroups_path = path;
    if (const auto at = path.find('%'); at != std::string::npos) wanted.cgroups_path.replace(at, 1, wanted.id);
    auto opened = s.backend.open(wanted);
    if (!opened) continue;
    const held d{*std::move(opened)};
    const auto paths = d->paths();
    for (const auto& [key, place] : paths)
      expect(place.starts_with("/sys/fs/cgroup/") && place.find("/../") == std::string::npos,
             "linux.cgroupsPath leads to " + place.substr(0, 200));
    if (!d->create()) continue;
    must(d->undo(), "undo");
    expect(!any_exists(d->paths()), "a directory is left");
  }
}

// ---- resources ----------------------------------------------------------------------------------------------------

/// Opening a device node that is made outside any container; 0 or errno.
int try_device(unsigned major, unsigned minor, int flags) {
  const std::string path = "/tmp/ocikit-suite-device-" + std::to_string(::getpid());
  (void)::unlink(path.c_str());
  if (::mknod(path.c_str(), S_IFCHR | 0600, makedev(major, minor)) != 0) return errno;
  const int fd = ::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC);
  const int code = fd < 0 ? errno : 0;
  (void)::unlink(path.c_str());
  return code;
}

/// What opening a character device yields in the cgroup.
int outcome(driver& d, unsigned major, unsigned minor, int flags) {
  return start(d, [=] { return try_device(major, minor, flags); }).end();
}

/// /dev/kmsg (1:11) is there on every machine, and in no container.
void enforces_devices(const subject& s) {
  if (!s.enforces_devices) throw skipped{"the driver does not enforce device rules, says --no-devices"};
  using policy = driver::device_policy;
  constexpr auto character = spec::device_rule_type::character;
  const held d = created(s);
  child keeps_it_there = start(*d, sleep_forever);
  expect(outcome(*d, 1, 3, O_RDWR) == 0, "without rules, /dev/null is denied");
  expect(outcome(*d, 1, 11, O_RDONLY) == EPERM, "without rules, /dev/kmsg is allowed");
  spec::resources read_only;
  read_only.devices = {{false, {}, {}, {}, "rwm"}, {true, character, 1, 11, "r"}};
  must(d->apply(read_only, policy::keep), "apply, keeping the device rules");
  expect(outcome(*d, 1, 11, O_RDONLY) == EPERM, "an update of other limits changed the device rules");
  must(d->apply(read_only, policy::enforce), "apply");
  expect(outcome(*d, 1, 11, O_RDONLY) == 0, "what a rule allows is denied");
  expect(outcome(*d, 1, 11, O_RDWR) == EPERM, "a rule allows more than its access");
  spec::resources all_but;
  all_but.devices = {{true, {}, {}, {}, "rwm"}, {false, character, 1, 11, "w"}};
  must(d->apply(all_but, policy::enforce), "apply");
  expect(outcome(*d, 1, 11, O_RDONLY) == 0, "a rule denies more than its access");
  expect(outcome(*d, 1, 11, O_RDWR) == EPERM, "a later rule does not override an earlier one");
}

/// Forks until it fails or ten live; yields how many, when they are gone again.
int count_forks() {
  std::vector<pid_t> made;
  while (made.size() < 10) {
    const pid_t pid = ::fork();
    if (pid < 0) break;
    if (pid == 0) {
      (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
      sleep_forever();
    }
    made.push_back(pid);
  }
  for (const pid_t pid : made) (void)::kill(pid, SIGKILL);
  for (const pid_t pid : made) (void)::waitpid(pid, nullptr, 0);
  return static_cast<int>(made.size());
}

void limits_processes(const subject& s) {
  need(s.table.apply != nullptr, "apply");
  const held d = created(s);
  spec::resources few, many;
  few.pids = spec::pids{3};
  many.pids = spec::pids{-1};
  child keeps_it_there = start(*d, sleep_forever);
  if (const auto set = d->apply(few, driver::device_policy::keep); !set) {
    expect(set.error().where().starts_with("/linux/resources/pids"),
           "a limit that cannot be set does not name its place: " + set.error().message());
    throw skipped{set.error().message()};
  }
  expect(start(*d, count_forks).end() == 1, "a limit of three processes does not hold");
  must(d->apply({}, driver::device_policy::keep), "apply of nothing");
  expect(start(*d, count_forks).end() == 1, "what is absent changed a limit");
  must(d->apply(many, driver::device_policy::keep), "apply of no limit");
  expect(start(*d, count_forks).end() == 10, "a limit that was taken away holds");
}

void names_what_it_cannot_set(const subject& s) {
  need(s.table.apply != nullptr, "apply");
  const held d = created(s);
  child keeps_it_there = start(*d, sleep_forever);
  const auto refused = [&](const spec::resources& r, std::string_view where) {
    const auto e = must_fail(d->apply(r, driver::device_policy::keep), std::string{where} + ": nonsense is taken");
    expect(e.where().starts_with("/linux/resources"), "an error does not name its place: " + e.message());
  };
  spec::resources cpus, unified, slash, pages;
  cpus.cpu.emplace().cpus = "4096";
  refused(cpus, "/linux/resources/cpu/cpus");
  unified.unified = {{"ocikit.nonsense", "1"}};
  refused(unified, "/linux/resources/unified");
  slash.unified = {{"../cgroup.procs", "1"}};
  refused(slash, "/linux/resources/unified");
  pages.hugepage_limits = {{"../x", 1}};
  refused(pages, "/linux/resources/hugepageLimits");
}

// ---- many ---------------------------------------------------------------------------------------------------------

void bears_many_at_once(const subject& s) {
  constexpr int many = 50;
  std::vector<child> workers;
  for (int i = 0; i < many; ++i)
    workers.push_back(start_outside([&s, i] {
      try {
        lives(s);
        return 0;
      } catch (const failure& f) {
        if (i == 0) std::printf("# the first says: %s\n", f.what.c_str());
        return 1;
      }
    }));
  int failures = 0;
  for (auto& worker : workers) failures += worker.end() == 0 ? 0 : 1;
  expect(failures == 0, std::to_string(failures) + " of " + std::to_string(many) + " failed");
}

constexpr test_case cases[] = {
    {"processes enter, are listed, killed, and the cgroup removed", lives},
    {"a signal reaches the processes", signals},
    {"processes are frozen, thawed, and killed while frozen", freezes},
    {"a cgroup is found again by its paths", is_found_again},
    {"cgroups below belong to it", takes_what_is_below},
    {"a cgroup that somebody else removed is no error", bears_that_it_is_gone},
    {"what was made is undone, and can be made again", is_undone},
    {"a cgroup in use or frozen is refused, and left alone", is_refused_while_in_use},
    {"no path leads out of the cgroups, and none is left", stays_below_the_root},
    {"device rules hold, and an update keeps them", enforces_devices},
    {"a limit of processes holds, and can be taken away", limits_processes},
    {"what cannot be set is an error with its place", names_what_it_cannot_set},
    {"fifty lives at once", bears_many_at_once},
};

}  // namespace

std::span<const test_case> all_cases() { return cases; }

}  // namespace driver_suite
