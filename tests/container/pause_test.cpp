// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/pause.hpp>

#include "catch.hpp"
#include "child_process.hpp"
#include "example_container.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;
using calls = std::vector<std::string>;

TEST_CASE("pause freezes a container that lives, once; resume thaws one that is paused, once") {
  example_root in;
  const child_process init;
  const auto c = in.make(example_state(), init.identity());
  CHECK(resume(c).error().message() == "container not paused");
  REQUIRE(pause(c));
  CHECK(pause(c).error().message() == "container not running");
  REQUIRE(resume(c));
  CHECK(in.cgroup.calls == calls{"freeze", "thaw"});
}

TEST_CASE("a stopped container can be neither paused nor resumed") {
  example_root in;
  const auto c = in.make(example_state());
  CHECK(pause(c).error().message() == "container not running");
  CHECK(resume(c).error().message() == "container not paused");
  CHECK(in.cgroup.calls.empty());
}
