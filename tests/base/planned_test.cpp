// SPDX-License-Identifier: Apache-2.0
#include <ocikit/base/planned.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"

using namespace ocikit;

static std::string text_number(int i) {
  // Short ones live inside the string object, long ones on the heap: both must stay where they are.
  return i % 2 == 0 ? std::to_string(i) : std::string(100, 'x') + std::to_string(i);
}

TEST_CASE("views into a text pool stay valid while it grows and moves, because steps only borrow") {
  text_pool pool;
  std::vector<zstring_view> views;
  for (int i = 0; i < 2000; ++i) views.push_back(pool.keep(text_number(i)));
  text_pool moved{std::move(pool)};
  text_pool assigned;
  (void)assigned.keep("gone with the assignment");
  assigned = std::move(moved);
  (void)assigned.keep("one more");
  for (int i = 0; i < 2000; ++i) {
    CAPTURE(i);
    REQUIRE(std::string_view{views[static_cast<std::size_t>(i)]} == text_number(i));
  }
}

TEST_CASE("a pool that was moved from can be used again, because plans are built in pieces") {
  text_pool pool;
  (void)pool.keep("a");
  const text_pool taken{std::move(pool)};
  CHECK(pool.keep("b") == zstring_view{"b"});  // NOLINT(bugprone-use-after-move): what is tested
}

TEST_CASE("a kept list stays where it is while others follow") {
  text_pool pool;
  const auto& first = pool.keep(std::vector<zstring_view>{"a", "b"});
  const zstring_view* place = first.data();
  for (int i = 0; i < 500; ++i) (void)pool.keep(std::vector<zstring_view>(3, "x"));
  const text_pool moved{std::move(pool)};
  REQUIRE(first.data() == place);
  REQUIRE(first.size() == 2);
  CHECK(first[0] == "a");
  CHECK(first[1] == "b");
}

TEST_CASE("planned steps differ when the step or its cause does") {
  using one = planned<int>;
  CHECK(one{1, "/a"} == one{1, "/a"});
  CHECK(one{1, "/a"} != one{2, "/a"});
  CHECK(one{1, "/a"} != one{1, "/b"});
}
