// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/kill.hpp>

#include "catch.hpp"
#include "child_process.hpp"
#include "example_container.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;
using calls = std::vector<std::string>;

static state shared_pid_namespace() {
  auto made = example_state();
  made.ocikit.private_pid_namespace = false;
  return made;
}

TEST_CASE("a signal goes to the init alone") {
  example_root in;
  child_process init, other;
  in.cgroup.pids = {init.pid(), other.pid()};
  for (const auto& saved : {example_state(), shared_pid_namespace()}) {
    const auto c = in.make(saved, init.identity());
    CHECK(kill(c, 0));
    (void)loaded_container{in.root.find(id()).value(), saved, nullptr}.directory.remove();
  }
  auto c = in.make(example_state(), init.identity());
  REQUIRE(kill(c, SIGTERM));
  CHECK(WTERMSIG(init.reap()) == SIGTERM);
  CHECK(is_alive(other.identity()) == true);
  CHECK(in.cgroup.calls.empty());
  CHECK(kill(c, SIGTERM).error().message() == "container not running");
}

TEST_CASE("a number that is no signal is refused with the words that clients know") {
  example_root in;
  const child_process init;
  CHECK(kill(in.make(example_state(), init.identity()), 65).error().message() ==
        "unable to signal init: invalid argument");
}

TEST_CASE("SIGKILL lets a paused container go, or it would not die; other signals leave it paused") {
  example_root in;
  child_process init;
  const auto c = in.make(example_state(), init.identity());
  in.cgroup.frozen = true;
  REQUIRE(kill(c, SIGWINCH));  // one that it survives
  CHECK(in.cgroup.calls.empty());
  REQUIRE(kill(c, SIGKILL));
  CHECK(in.cgroup.calls == calls{"thaw"});
}

TEST_CASE("without a pid namespace of its own, SIGKILL goes to every process of the cgroup, the init gone or not") {
  example_root in;
  child_process init, other;
  const auto c = in.make(shared_pid_namespace(), init.identity());
  in.cgroup.pids = {other.pid()};
  init.end();
  CHECK(kill(c, SIGTERM).error().message() == "container not running");
  REQUIRE(kill(c, SIGKILL));
  CHECK(WTERMSIG(other.reap()) == SIGKILL);
  CHECK(in.cgroup.calls == calls{"kill 9"});
  CHECK(kill(c, SIGKILL).error().message() == "container not running");
}

TEST_CASE("a cgroup that may not be touched is an error, and rootless a warning with the init killed") {
  example_root in;
  child_process init;
  auto c = in.make(shared_pid_namespace(), init.identity());
  in.cgroup.pids = {init.pid()};
  in.cgroup.can_kill = false;
  CHECK(kill(c, SIGKILL).error().message() == "unable to kill all processes: open cgroup.kill: permission denied");
  CHECK(is_alive(init.identity()) == true);
  c.saved.rootless = true;
  const auto killed = kill(c, SIGKILL);
  REQUIRE(killed);
  CHECK(killed->size() == 1);
  CHECK(WTERMSIG(init.reap()) == SIGKILL);
}

TEST_CASE("rootless without a cgroup, SIGKILL goes to the init") {
  example_root in;
  child_process init;
  const auto c = in.make(shared_pid_namespace(), init.identity());
  REQUIRE(kill(c, SIGKILL));
  CHECK(WTERMSIG(init.reap()) == SIGKILL);
}
