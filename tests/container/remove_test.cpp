// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <ocikit/container/remove.hpp>

#include "catch.hpp"
#include "child_process.hpp"
#include "example_container.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;
using calls = std::vector<std::string>;
using std::chrono::milliseconds;

static spec::hook shell(std::string script) {
  return {.path = "/bin/sh", .args = {"sh", "-c", std::move(script)}, .env = {}, .timeout = {}};
}

TEST_CASE("a stopped container is removed: cgroup, directory, then the poststop hooks") {
  example_root in;
  auto saved = example_state();
  saved.config.hooks.emplace();
  saved.config.hooks->poststop = {shell("[ -e " + in.path("c1") + " ] && exit 7; cat > " + in.path("told"))};
  auto c = in.make(saved);
  REQUIRE(remove(c, removal::of_stopped));
  CHECK(in.cgroup.calls == calls{"remove"});
  CHECK(!exists(in.path("c1")));
  CHECK(read_text(in.path("told")).find(R"("status":"stopped")") != std::string::npos);
}

TEST_CASE("a poststop hook that fails is an error after everything is gone, and the next one does not run") {
  example_root in;
  auto saved = example_state();
  saved.config.hooks.emplace();
  saved.config.hooks->poststop = {shell("exit 3"), shell("echo x > " + in.path("second"))};
  auto c = in.make(saved);
  CHECK(remove(c, removal::of_stopped).error().message() ==
        "error running poststop hook #0: exit status 3, stdout: , stderr: ");
  CHECK(!exists(in.path("c1")));
  CHECK(!exists(in.path("second")));
}

TEST_CASE("a running or paused container is not removed without force") {
  example_root in;
  child_process init;
  auto c = in.make(example_state(), init.identity());
  CHECK(remove(c, removal::of_stopped).error().message() == "cannot delete container c1 that is not stopped: running");
  in.cgroup.frozen = true;
  CHECK(remove(c, removal::of_stopped).error().message() == "cannot delete container c1 that is not stopped: paused");
  CHECK(is_alive(init.identity()) == true);
  CHECK(exists(in.path("c1/state.json")));
}

TEST_CASE("a created container is killed and removed") {
  example_root in;
  auto made = in.root.create(id()).value();
  auto fifo = made.make_fifo_for_init(::geteuid(), ::getegid()).value();
  child_process init;
  fifo.reset();
  auto saved = example_state();
  set_init_process(saved, init.pid(), init.identity().start);
  REQUIRE(made.write_state(saved));
  auto c = load(std::move(made), locking::exclusive, reopen(in.cgroup)).value();
  REQUIRE(remove(c, removal::of_stopped));
  CHECK(WTERMSIG(init.reap()) == SIGKILL);
  CHECK(!exists(in.path("c1")));
}

TEST_CASE("force removes any container; a paused one is let go first, for the frozen cannot die") {
  example_root in;
  child_process init;
  auto c = in.make(example_state(), init.identity());
  in.cgroup.frozen = true;
  REQUIRE(remove(c, removal::of_any));
  CHECK(in.cgroup.calls == calls{"thaw", "remove"});
  CHECK(!exists(in.path("c1")));
}

TEST_CASE("what is left in the cgroup of a stopped container without a pid namespace is killed") {
  for (const auto how : {removal::of_stopped, removal::of_any}) {
    example_root in;
    child_process left;
    auto saved = example_state();
    saved.ocikit.private_pid_namespace = false;
    auto c = in.make(saved);
    in.cgroup.pids = {left.pid()};
    REQUIRE(remove(c, how));
    CHECK(WTERMSIG(left.reap()) == SIGKILL);
    CHECK(in.cgroup.calls == calls{"kill 9", "remove"});
  }
}

TEST_CASE("an init that will not die keeps its container") {
  example_root in;
  child_process init;
  auto saved = example_state();
  saved.ocikit.private_pid_namespace = false;
  saved.rootless = false;
  auto c = in.make(saved, init.identity());
  in.cgroup.pids = {init.pid()};
  in.cgroup.can_kill = false;
  CHECK(kill_and_destroy(c, milliseconds{50}).error().message() == "container init still running");
  CHECK(exists(in.path("c1/state.json")));
}

TEST_CASE("death is noticed at once, and patience has an end") {
  child_process child;
  const auto who = child.identity();
  CHECK(wait_for_death(who, milliseconds{20}) == false);
  (void)::kill(child.pid(), SIGKILL);
  const auto start = std::chrono::steady_clock::now();
  CHECK(wait_for_death(who, milliseconds{5000}) == true);
  CHECK(std::chrono::steady_clock::now() - start < milliseconds{1000});
  CHECK(wait_for_death({}, milliseconds{0}) == true);
}

// What a create leaves that was killed at one moment or another.
TEST_CASE("what a killed create leaves is cleaned up: a bare directory, a fifo, a half-written file") {
  example_root in;
  (void)in.root.create(id()).value();
  CHECK(remove_unfinished(in.root.find(id()).value(), reopen(in.cgroup)));
  CHECK(!exists(in.path("c1")));

  auto made = in.root.create(id()).value();
  (void)made.make_fifo_for_init(::geteuid(), ::getegid()).value();
  write_file(in.path("c1/.state-4711"), "{\"id\":\"c");
  CHECK(remove_unfinished(std::move(made), reopen(in.cgroup)));
  CHECK(!exists(in.path("c1")));
  CHECK(in.cgroup.calls.empty());
}

TEST_CASE("what a killed create leaves is cleaned up: its cgroup with all in it") {
  example_root in;
  child_process inside;
  auto made = in.root.create(id()).value();
  REQUIRE(made.write_creating(example_state()));
  in.cgroup.pids = {inside.pid()};
  CHECK(remove_unfinished(std::move(made), reopen(in.cgroup)));
  CHECK(WTERMSIG(inside.reap()) == SIGKILL);
  CHECK(in.cgroup.calls == calls{"kill 9", "remove"});
  CHECK(!exists(in.path("c1")));
}

TEST_CASE("what a killed create leaves is cleaned up: its process") {
  example_root in;
  child_process init;
  auto saved = example_state();
  set_init_process(saved, init.pid(), init.identity().start);
  auto made = in.root.create(id()).value();
  REQUIRE(made.write_creating(saved));
  CHECK(remove_unfinished(std::move(made), reopen(in.cgroup)));
  CHECK(WTERMSIG(init.reap()) == SIGKILL);
  CHECK(!exists(in.path("c1")));
}

TEST_CASE("a cgroup that was only planned is another container's when somebody is in it") {
  example_root in;
  child_process other;
  auto saved = example_state();
  saved.ocikit.owns_cgroup = true;
  auto made = in.root.create(id()).value();
  REQUIRE(made.write_planned(saved));
  in.cgroup.pids = {other.pid()};
  CHECK(remove_unfinished(std::move(made), reopen(in.cgroup)));
  CHECK(is_alive(other.identity()) == true);
  CHECK(in.cgroup.calls.empty());
  CHECK(!exists(in.path("c1")));
}

TEST_CASE("the resctrl groups that were made for a container go with it, others stay") {
  for (const bool owned : {false, true}) {
    example_root in;
    auto saved = example_state();
    saved.intel_rdt_path = in.path("group");
    saved.ocikit.owns_resctrl_group = owned;
    saved.ocikit.resctrl_monitor = in.path("monitor");
    (void)::mkdir(saved.intel_rdt_path.c_str(), 0700);
    (void)::mkdir(saved.ocikit.resctrl_monitor.c_str(), 0700);
    auto c = in.make(saved);
    REQUIRE(remove(c, removal::of_stopped));
    CHECK(exists(in.path("group")) == !owned);
    CHECK(!exists(in.path("monitor")));
  }
}

TEST_CASE("the resctrl groups that a killed create was about to make are removed too") {
  example_root in;
  auto saved = example_state();
  saved.init_process_pid = 0;
  saved.intel_rdt_path = in.path("group");
  saved.ocikit.owns_resctrl_group = true;
  (void)::mkdir(saved.intel_rdt_path.c_str(), 0700);
  auto made = in.root.create(id()).value();
  REQUIRE(made.write_creating(saved));
  CHECK(remove_unfinished(std::move(made), reopen(in.cgroup)));
  CHECK(!exists(in.path("group")));
  CHECK(!exists(in.path("c1")));
}
