// SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include <ocikit/cgroups/watch_oom.hpp>
#include <ocikit/cgroups/watch_pressure.hpp>

#include "catch.hpp"
#include "fake_tree.hpp"

using namespace ocikit;
using namespace ocikit::cgroups;
using namespace ocikit::testing;

namespace {

/// A v2 cgroup in files; inotify(7) tells of these too.
struct fake_cgroup {
  fake_tree tree;
  path_map paths{{"", tree.at("cg/c1")}};

  fake_cgroup() {
    put("cgroup.events", "populated 1\nfrozen 0\n");
    put("memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 3\n");
  }
  void put(const std::string& file, const char* text) const { tree.put("cg/c1/" + file, text); }
  [[nodiscard]] result<oom_watcher> watch() const { return oom_watcher::open(paths, tree.host()); }
};

bool readable(fd_view fd) {
  ::pollfd look{fd.get(), POLLIN, 0};
  return ::poll(&look, 1, 0) == 1;
}

}  // namespace

TEST_CASE("v2: each kill for want of memory is news once, and those before the watch are none") {
  const fake_cgroup c;
  auto watcher = c.watch();
  REQUIRE(watcher);
  CHECK(!readable(watcher->fd()));
  c.put("memory.events", "max 9\noom 1\noom_kill 3\n");  // the limit was met, and memory was freed
  CHECK(readable(watcher->fd()));
  CHECK(watcher->take() == oom_news{false, false});
  c.put("memory.events", "max 9\noom 2\noom_kill 4\n");
  CHECK(readable(watcher->fd()));
  CHECK(watcher->take() == oom_news{true, false});
  CHECK(!readable(watcher->fd()));
  CHECK(watcher->take() == oom_news{false, false});
}

TEST_CASE("v2: a cgroup that nobody is in any more is gone, without the memory controller too") {
  const fake_cgroup c;
  fs::remove(c.tree.at("cg/c1/memory.events"));
  auto watcher = c.watch();
  REQUIRE(watcher);
  c.put("cgroup.events", "populated 1\nfrozen 1\n");
  CHECK(watcher->take() == oom_news{false, false});
  c.put("cgroup.events", "populated 0\nfrozen 0\n");
  CHECK(readable(watcher->fd()));
  CHECK(watcher->take() == oom_news{false, true});
}

TEST_CASE("v2: the last kill and the end may come together") {
  const fake_cgroup c;
  auto watcher = c.watch();
  REQUIRE(watcher);
  c.put("memory.events", "oom_kill 4\n");
  c.put("cgroup.events", "populated 0\n");
  CHECK(watcher->take() == oom_news{true, true});
}

TEST_CASE("v2: a cgroup that is empty when the watch begins is gone at the first look") {
  const fake_cgroup c;
  c.put("cgroup.events", "populated 0\n");
  auto watcher = c.watch();
  REQUIRE(watcher);
  CHECK(readable(watcher->fd()));
  CHECK(watcher->take() == oom_news{false, true});
}

TEST_CASE("there is no news of what there is not") {
  const fake_tree tree;
  CHECK(oom_watcher::open({}, tree.host()).error().kind() == errc::unsupported);
  CHECK(oom_watcher::open({{"", tree.at("cg/c1")}}, tree.host()).error().code() == ENOENT);
  CHECK(pressure_watcher::open({}, memory_level::low, tree.host()).error().kind() == errc::unsupported);
  tree.put("cg/c1/cgroup.events", "populated 1\n");
  const auto none = pressure_watcher::open({{"", tree.at("cg/c1")}}, {.file = "memory.pressure"}, tree.host());
  CHECK(none.error().message() == "this cgroup has no memory.pressure");
}

TEST_CASE("v2: a threshold of pressure as the kernel takes it, with its NUL") {
  const fake_cgroup c;
  c.put("io.pressure", "");
  const pressure_threshold of{"io.pressure", stalled::full, std::chrono::microseconds{50000},
                              std::chrono::microseconds{2000000}};
  const auto watcher = pressure_watcher::open(c.paths, of, c.tree.host());
  REQUIRE(watcher);
  CHECK(watcher->events() == POLLPRI);
  CHECK(c.tree.get("cg/c1/io.pressure") == std::string{"full 50000 2000000\0", 19});
}
