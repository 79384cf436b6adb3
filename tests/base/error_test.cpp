// SPDX-License-Identifier: Apache-2.0
#include <ocikit/base/error.hpp>

#include "catch.hpp"

using namespace ocikit;

static result<void> make_directory() {
  return tl::unexpected(error::from_errno(EROFS, "mkdirat(7</run/c1>, \"proc\", 0755)"));
}

static result<void> mount_proc() {
  return make_directory().map_error([](error e) { return std::move(e).within("mounting /proc").at("/mounts/0"); });
}

TEST_CASE("a message tells the intention, the call, the errno and the place in config.json, because people read it") {
  const auto failed = mount_proc();
  REQUIRE(!failed);
  CHECK(failed.error().message() ==
        "mounting /proc: mkdirat(7</run/c1>, \"proc\", 0755): read-only file system (config.json#/mounts/0)");
  CHECK(failed.error().kind() == errc::system);
  CHECK(failed.error().code() == EROFS);
}

TEST_CASE("the deepest layer's pointer wins, because it knows best") {
  const auto e = error::config("/mounts/3/options/1", "no such option").at("/mounts/3").within("planning");
  CHECK(e.where() == "/mounts/3/options/1");
  CHECK(e.message() == "planning: no such option (config.json#/mounts/3/options/1)");
}

static result<int> doubled(result<int> r) {
  const int value = OCIKIT_TRY(std::move(r));
  return value * 2;
}

TEST_CASE("OCIKIT_TRY yields the value or returns the error") {
  CHECK(doubled(21) == 42);
  const auto failed = doubled(tl::unexpected(error::state("container does not exist")));
  REQUIRE(!failed);
  CHECK(failed.error().message() == "container does not exist");
}
