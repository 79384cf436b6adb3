// SPDX-License-Identifier: Apache-2.0
#include <ocikit/base/zstring_view.hpp>

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "catch.hpp"

using ocikit::zstring_view;

// A string_view promises no NUL: it must not become a zstring_view by accident.
static_assert(!std::is_convertible_v<std::string_view, zstring_view>);
static_assert(!std::is_constructible_v<zstring_view, std::string_view>);
static_assert(std::is_convertible_v<std::string, zstring_view>);
static_assert(std::is_convertible_v<zstring_view, std::string_view>);
static_assert(std::is_trivially_copyable_v<zstring_view>);

static_assert(zstring_view{}.empty());
static_assert(zstring_view{"abc"}.size() == 3);
static_assert(zstring_view{"abc"} == zstring_view{"abc", 3});
static_assert(zstring_view{"abc"}[1] == 'b');

TEST_CASE("an empty zstring_view still ends in NUL, so that it can be handed to the kernel") {
  CHECK(std::strlen(zstring_view{}.c_str()) == 0);
  CHECK(zstring_view{} == zstring_view{""});
}

TEST_CASE("a zstring_view borrows the characters, it does not copy them") {
  const std::string text = "a text that is long enough for the heap";
  const zstring_view view = text;
  CHECK(view.c_str() == text.c_str());
  CHECK(view.size() == text.size());
  CHECK(std::string_view{view} == text);
}

TEST_CASE("zstring_views are compared by all their characters, NULs among them") {
  using namespace std::string_literals;
  const std::string with_nul = "a\0b"s, other = "a\0c"s;
  CHECK(zstring_view{with_nul}.size() == 3);
  CHECK(zstring_view{with_nul} != zstring_view{other});
  CHECK(zstring_view{with_nul} != zstring_view{"a"});
}
