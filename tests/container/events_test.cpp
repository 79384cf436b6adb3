// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/events.hpp>

#include "catch.hpp"
#include "child_process.hpp"
#include "example_container.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;

TEST_CASE("a stopped container has no events, a paused one has, without a living init too") {
  example_root in;
  const auto c = in.make(example_state());
  CHECK(expect_events(c).error().message() == "container with id c1 is not running");
  in.cgroup.frozen = true;
  CHECK(expect_events(c));
}

TEST_CASE("a container without cgroup has statistics, all of them zero, and no events") {
  example_root in;
  auto saved = example_state();
  saved.cgroup_paths.clear();
  const auto c = in.make(std::move(saved));
  const auto got = statistics(c, {});
  REQUIRE(got);
  CHECK(*got == all_statistics{});
  const auto followed = follow_events(
      c, {}, std::chrono::hours{1}, [](const event&) -> result<void> { return {}; }, [](const error&) {});
  REQUIRE(!followed);
  CHECK(followed.error().kind() == errc::unsupported);
}
