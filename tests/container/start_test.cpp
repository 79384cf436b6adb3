// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/start.hpp>

#include "catch.hpp"
#include "child_process.hpp"
#include "example_container.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;

TEST_CASE("a created container is started once, and not while it is paused") {
  example_root in;
  auto made = in.root.create(id()).value();
  auto fifo = made.make_fifo_for_init(::geteuid(), ::getegid()).value();
  child_process init{[&] {
    char byte = 0;
    (void)!::read(fifo.get(), &byte, 1);
    (void)::close(fifo.get());
  }};
  fifo.reset();
  auto saved = example_state();
  set_init_process(saved, init.pid(), init.identity().start);
  REQUIRE(made.write_state(saved));
  auto c = load(std::move(made), locking::exclusive, reopen(in.cgroup)).value();

  in.cgroup.frozen = true;
  CHECK(start(c).error().message() == "cannot start a container in the paused state");
  in.cgroup.frozen = false;
  REQUIRE(start(c));
  CHECK(start(c).error().message() == "cannot start an already running container");
  init.make_zombie();
  CHECK(start(c).error().message() == "cannot start a container that has stopped");
}
