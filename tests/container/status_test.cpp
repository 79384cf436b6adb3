// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/status.hpp>

#include "catch.hpp"
#include "child_process.hpp"
#include "example_container.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;
using enum spec::container_status;

TEST_CASE("a frozen container is paused whatever else holds, then a dead one stopped, then a waiting one created") {
  for (const bool alive : {false, true})
    for (const bool waiting : {false, true}) CHECK(status_from({true, alive, waiting}) == paused);
  for (const bool waiting : {false, true}) CHECK(status_from({false, false, waiting}) == stopped);
  CHECK(status_from({false, true, true}) == created);
  CHECK(status_from({false, true, false}) == running);
}

TEST_CASE("the status follows the process, the fifo and the cgroup") {
  example_root in;
  child_process init;
  auto c = in.make(example_state(), init.identity());
  CHECK(read_status(c) == running);
  {
    const auto held = c.directory.make_fifo_for_init(::geteuid(), ::getegid()).value();
    CHECK(read_status(c) == created);
    in.cgroup.frozen = true;
    CHECK(read_status(c) == paused);
    in.cgroup.frozen = false;
  }
  CHECK(read_status(c) == running);  // a fifo that nobody reads any more is what a killed `start` leaves
  init.make_zombie();
  CHECK(read_status(c) == stopped);
}

TEST_CASE("a container whose pid belongs to another process by now is stopped") {
  example_root in;
  const child_process other;
  auto who = other.identity();
  who.start -= 1;
  CHECK(read_status(in.make(example_state(), who)) == stopped);
  CHECK(read_status(in.make(example_state("never-started"))) == stopped);
}
