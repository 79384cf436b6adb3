// SPDX-License-Identifier: Apache-2.0
#include <ocikit/base/error.hpp>

#include <memory>
#include <string>
#include <utility>

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

static result<int> parsed(int value) {
  if (value < 0) return tl::unexpected(error::config("", std::to_string(value) + " is negative"));
  return value;
}

static result<int> sum_of(int a, int b) {
  return OCIKIT_TRY(parsed(a)) + OCIKIT_TRY(parsed(OCIKIT_TRY(parsed(b)) - 1));
}

TEST_CASE("OCIKIT_TRY may stand inside itself and twice in an expression, and the first failure wins") {
  CHECK(sum_of(40, 3) == 42);
  const std::pair<std::pair<int, int>, std::string_view> table[] = {{{-1, 3}, "-1 is negative"},
                                                                    {{1, -3}, "-3 is negative"},
                                                                    {{1, 0}, "-1 is negative"},
                                                                    {{-7, -8}, "-7 is negative"}};
  for (const auto& [numbers, message] : table) {
    const auto failed = sum_of(numbers.first, numbers.second);
    REQUIRE(!failed);
    CHECK(failed.error().message() == message);
  }
}

static result<std::unique_ptr<int>> made(bool good) {
  if (!good) return tl::unexpected(error::unsupported("no"));
  return std::make_unique<int>(3);
}

static result<void> stops_at(int bad, int& reached) {
  for (int i = 0; i < 3; ++i) {
    const auto owned = OCIKIT_TRY(made(i != bad));
    reached = *owned * i;
  }
  return {};
}

TEST_CASE("OCIKIT_TRY moves values that cannot be copied and leaves loops at once") {
  int reached = -1;
  CHECK(stops_at(3, reached));
  CHECK(reached == 6);
  CHECK(!stops_at(2, reached));
  CHECK(reached == 3);
}
