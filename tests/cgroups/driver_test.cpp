// SPDX-License-Identifier: Apache-2.0
//
// The drivers with real cgroups, from headers and from their .so. Needs root; makes ocikit-test-* cgroups and removes
// them.
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include <ocikit/cgroups/fs.hpp>
#include <ocikit/cgroups/fs2.hpp>
#include <ocikit/cgroups/read_statistics.hpp>
#include <ocikit/cgroups/watch_oom.hpp>
#include <ocikit/cgroups/watch_pressure.hpp>

#include "catch.hpp"
#include "cgroup_driver_suite/children.hpp"

using namespace ocikit;
using namespace ocikit::cgroups;
using driver_suite::sleep_forever;
using driver_suite::start;

namespace {

/// Fails the test with the error's message.
template <class T>
void must(const result<T>& r) {
  if (!r) FAIL(r.error().message());
}

enum class view { as_is, pure_v2 };

bool unified_host() {
  struct ::statfs found {};
  return ::statfs("/sys/fs/cgroup", &found) == 0 && found.f_type == CGROUP2_SUPER_MAGIC;
}

/// Gives the calling process a mount namespace in which /sys/fs/cgroup is cgroup2.
bool enter_pure_v2() {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::umount2("/sys/fs/cgroup", MNT_DETACH) == 0 &&
         ::mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, nullptr) == 0;
}

/// Runs the tests of this view, or says why not. Catch runs all cases in one process, so the program is started once
/// for each view (see CMakeLists.txt) and the view is chosen by OCIKIT_TEST_VIEW.
bool ready(view wanted) {
  static const bool v2 = [] {
    const char* chosen = ::getenv("OCIKIT_TEST_VIEW");
    const bool asked = chosen != nullptr && std::string{chosen} == "v2";
    if (asked && ::geteuid() == 0 && !unified_host() && !enter_pure_v2()) std::cout << "cannot make a v2 view\n";
    return asked;
  }();
  if (v2 != (wanted == view::pure_v2)) return false;  // the other run's business
  std::string why;
  if (::geteuid() != 0) why = "needs root";
  if (v2 && why.empty() && !unified_host()) why = "no pure cgroup v2 view could be made";
  if (!v2 && why.empty() && unified_host()) why = "the host has no cgroup v1";
  if (!why.empty()) std::cout << "skipped: " << why << "\n";
  return why.empty();
}

std::string name() { return "ocikit-test-" + std::to_string(::getpid()); }

request wish(const std::string& path) { return {name(), path, false, {}}; }

/// A cgroup below one that is not there yet; the upper one stays, as other containers may be in it by then.
void below(opener& backend) {
  const auto d = backend.open(wish("/" + name() + "-above/c1"));
  must(d);
  must((*d)->create());
  must((*d)->remove());
  for (const auto& [key, path] : (*d)->paths()) CHECK(::rmdir(path.substr(0, path.rfind('/')).c_str()) == 0);
}

std::string file_of(const driver& d, std::string_view key, const std::string& file) {
  for (const auto& [k, path] : d.paths())
    if (k == key) {
      std::ifstream in{path + "/" + file};
      std::string line;
      std::getline(in, line);
      return line;
    }
  return "no such controller";
}

}  // namespace

TEST_CASE("whether the host has v2 alone is what the file system says") {
  CHECK(host_is_unified() == unified_host());
  CHECK_FALSE(host_is_unified({"/proc", "/proc/self", true}));
  CHECK_FALSE(host_is_unified({"/does/not/exist", "/proc/self", true}));
}

TEST_CASE("v1: the cgroup above stays") {
  if (!ready(view::as_is)) return;
  fs_opener direct;
  below(direct);
}

TEST_CASE("v1: limits are what the kernel shows afterwards") {
  if (!ready(view::as_is)) return;
  fs_opener direct;
  auto d = direct.open(wish("/" + name()));
  must(d);
  must((*d)->create());
  spec::resources r;
  r.memory.emplace().limit = 64 << 20;
  r.memory->swap = 128 << 20;
  r.memory->reservation = 32 << 20;
  r.memory->swappiness = 10;
  r.cpu.emplace().shares = 512;
  r.cpu->quota = 20000;
  r.cpu->period = 50000;
  r.cpu->cpus = "0";
  r.pids = spec::pids{12};
  must((*d)->apply(r, driver::device_policy::keep));
  CHECK(file_of(**d, "memory", "memory.limit_in_bytes") == "67108864");
  CHECK(file_of(**d, "memory", "memory.memsw.limit_in_bytes") == "134217728");
  CHECK(file_of(**d, "memory", "memory.soft_limit_in_bytes") == "33554432");
  CHECK(file_of(**d, "memory", "memory.swappiness") == "10");
  CHECK(file_of(**d, "cpu", "cpu.shares") == "512");
  CHECK(file_of(**d, "cpu", "cpu.cfs_quota_us") == "20000");
  CHECK(file_of(**d, "cpu", "cpu.cfs_period_us") == "50000");
  CHECK(file_of(**d, "cpuset", "cpuset.cpus") == "0");
  CHECK(file_of(**d, "pids", "pids.max") == "12");
  r.memory->limit = 256 << 20;  // wider than the old sum: the sum must go first
  r.memory->swap = 512 << 20;
  must((*d)->apply(r, driver::device_policy::keep));
  r.memory->limit = 32 << 20;  // and the other way round
  r.memory->swap = 64 << 20;
  must((*d)->apply(r, driver::device_policy::keep));
  CHECK(file_of(**d, "memory", "memory.memsw.limit_in_bytes") == "67108864");

  spec::resources shares;
  shares.cpu.emplace().shares = 1;
  CHECK((*d)->apply(shares, driver::device_policy::keep).error().message() ==
        "the minimum allowed cpu-shares is 2 (config.json#/linux/resources/cpu/shares)");
  spec::resources cpus;
  cpus.cpu.emplace().cpus = "4096";
  CHECK((*d)->apply(cpus, driver::device_policy::keep).error().where() == "/linux/resources/cpu/cpus");
  spec::resources huge;
  huge.hugepage_limits = {{"2MB", 0}};
  CHECK((*d)->apply(huge, driver::device_policy::keep).error().message() ==
        "cannot set hugetlb limit: container could not join or create cgroup "
        "(config.json#/linux/resources/hugepageLimits/0)");
  must((*d)->remove());
}

namespace {

/// Waits for news, as long as a busy machine may take.
oom_news next_news(oom_watcher& of) {
  ::pollfd look{of.fd().get(), POLLIN, 0};
  REQUIRE(::poll(&look, 1, 30000) == 1);
  const auto news = of.take();
  must(news);
  return *news;
}

bool is_told(const pressure_watcher& of, int milliseconds) {
  ::pollfd look{of.fd().get(), of.events(), 0};
  return ::poll(&look, 1, milliseconds) == 1 && look.revents == of.events();
}

/// Uses more memory than any limit here allows.
int use_up_memory() {
  for (int i = 0; i < 256; ++i) {
    void* page = ::mmap(nullptr, 1U << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (page == MAP_FAILED) return 1;
  }
  return 0;
}

}  // namespace

TEST_CASE("v1: memory that runs out is news, and so is the removal") {
  if (!ready(view::as_is)) return;
  fs_opener direct;
  auto d = direct.open(wish("/" + name()));
  must(d);
  must((*d)->create());
  spec::resources r;
  r.memory.emplace().limit = 16 << 20;
  r.memory->swap = 16 << 20;
  must((*d)->apply(r, driver::device_policy::keep));
  auto watcher = oom_watcher::open((*d)->paths());
  must(watcher);
  CHECK(watcher->take() == oom_news{false, false});
  CHECK(start(**d, use_up_memory).end() == 128 + SIGKILL);
  CHECK(next_news(*watcher) == oom_news{true, false});
  const auto statistics = read_statistics((*d)->paths());
  must(statistics);
  CHECK(statistics->memory.events.oom_kill == 1);
  CHECK(statistics->memory.usage.limit == 16 << 20);
  CHECK(statistics->memory.usage.max > 8 << 20);
  CHECK(statistics->cpu.usage.total > 0);
  CHECK(statistics->pids.current == 0);
  must((*d)->remove());
  CHECK(next_news(*watcher) == oom_news{false, true});
  CHECK(read_statistics((*d)->paths()).error().code() == ENOENT);
}

TEST_CASE("v1: a watch of pressure hears of the removal") {
  if (!ready(view::as_is)) return;
  fs_opener direct;
  auto d = direct.open(wish("/" + name()));
  must(d);
  must((*d)->create());
  auto watcher = pressure_watcher::open((*d)->paths(), memory_level::low);
  must(watcher);
  CHECK(!is_told(*watcher, 0));
  CHECK(pressure_watcher::open((*d)->paths(), pressure_threshold{"cpu.pressure"}).error().kind() == errc::unsupported);
  must((*d)->remove());
  CHECK(is_told(*watcher, 30000));
  must(watcher->rearm());
  CHECK(!is_told(*watcher, 0));
}

TEST_CASE("v2: the cgroup above stays") {
  if (!ready(view::pure_v2)) return;
  fs2_opener direct;
  below(direct);
}

TEST_CASE("v2: a limit whose controller is elsewhere is an error with its place") {
  if (!ready(view::pure_v2)) return;
  fs2_opener direct;
  auto d = direct.open(wish("/" + name()));
  must(d);
  must((*d)->create());
  const auto controllers = file_of(**d, "", "cgroup.controllers");
  spec::resources r;
  r.pids = spec::pids{9};
  const auto set = (*d)->apply(r, driver::device_policy::keep);
  if (controllers.find("pids") != std::string::npos) {
    must(set);
    CHECK(file_of(**d, "", "pids.max") == "9");
  } else {
    CHECK(set.error().where() == "/linux/resources/pids/limit");
  }
  if (controllers.find("hugetlb") != std::string::npos) {
    spec::resources huge;
    huge.hugepage_limits = {{"2MB", 4 << 20}};
    must((*d)->apply(huge, driver::device_policy::keep));
    CHECK(file_of(**d, "", "hugetlb.2MB.max") == "4194304");
    CHECK(file_of(**d, "", "hugetlb.2MB.rsvd.max") == "4194304");
  } else {
    std::cout << "skipped: no hugetlb controller on the unified hierarchy\n";
  }
  must((*d)->remove());
}

TEST_CASE("v2: below a threaded cgroup the container becomes threaded, unless a controller forbids it") {
  if (!ready(view::pure_v2)) return;
  const std::string top = "/sys/fs/cgroup/" + name() + "-threaded";
  REQUIRE(::mkdir(top.c_str(), 0755) == 0);
  REQUIRE(::mkdir((top + "/t").c_str(), 0755) == 0);
  std::ofstream{top + "/t/cgroup.type"} << "threaded";
  fs2_opener direct;
  auto d = direct.open(wish("/" + name() + "-threaded/c1"));
  must(d);
  must((*d)->create());
  auto process = driver_suite::start_outside(sleep_forever);
  must((*d)->attach(process.pid()));
  CHECK(file_of(**d, "", "cgroup.type") == "threaded");
  const auto listed = (*d)->pids();
  must(listed);
  CHECK(*listed == std::vector<pid_t>{process.pid()});
  must((*d)->kill(SIGKILL));
  CHECK(process.end() == 128 + SIGKILL);
  must((*d)->remove());
  ::rmdir((top + "/t").c_str());
  CHECK(::rmdir(top.c_str()) == 0);
}

TEST_CASE("v2: a cgroup whose last process has ended is gone") {
  if (!ready(view::pure_v2)) return;
  fs2_opener direct;
  auto d = direct.open(wish("/" + name()));
  must(d);
  must((*d)->create());
  auto process = start(**d, sleep_forever);
  auto watcher = oom_watcher::open((*d)->paths());
  must(watcher);
  CHECK(watcher->take() == oom_news{false, false});
  const auto statistics = read_statistics((*d)->paths());
  must(statistics);
  CHECK(statistics->pids.current == 1);
  CHECK(statistics->cpu.usage.total > 0);
  must((*d)->kill(SIGKILL));
  CHECK(process.end() == 128 + SIGKILL);
  oom_news news = next_news(*watcher);
  while (!news.gone) news = next_news(*watcher);
  must((*d)->remove());
}

TEST_CASE("v2: processes that wait for each other's processor are pressure") {
  if (!ready(view::pure_v2)) return;
  fs2_opener direct;
  auto d = direct.open(wish("/" + name()));
  must(d);
  must((*d)->create());
  pressure_threshold of{"cpu.pressure"};
  of.stall = std::chrono::milliseconds{50};
  auto watcher = pressure_watcher::open((*d)->paths(), of);
  if (!watcher && watcher.error().kind() == errc::unsupported) {
    std::cout << "skipped: " << watcher.error().message() << "\n";
    must((*d)->remove());
    return;
  }
  must(watcher);
  CHECK(!is_told(*watcher, 0));
  const auto busy = [] {
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    (void)::sched_setaffinity(0, sizeof first, &first);
    for (;;) (void)::sched_getcpu();
    return 0;
  };
  auto one = start(**d, busy), other = start(**d, busy);
  CHECK(is_told(*watcher, 30000));
  must(watcher->rearm());
  CHECK(read_statistics((*d)->paths())->cpu.psi->some.total > 0);
  must((*d)->kill(SIGKILL));
  CHECK(one.end() == 128 + SIGKILL);
  CHECK(other.end() == 128 + SIGKILL);
  must((*d)->remove());
}
