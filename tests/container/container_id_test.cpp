// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <ocikit/container/container_id.hpp>

#include "catch.hpp"

using namespace ocikit;
using container::container_id;

TEST_CASE("an id may have every character that runc allows, in any place") {
  for (const char* text : {"a", "A-Z", "a.b", "...", ".hidden", "-x", "_+.-09", "a"}) {
    INFO(text);
    const auto id = container_id::parse(text);
    REQUIRE(id);
    CHECK(id->text() == text);
  }
  CHECK(container_id::parse(std::string(1024, 'x')));
}

TEST_CASE("what could leave the state directory, or is no file name, is no id") {
  CHECK(container_id::parse("").error().message() == "container id cannot be empty");
  using namespace std::string_literals;
  for (const auto& text : {"."s, ".."s, "a/b"s, "/"s, "../x"s, "a b"s, "a\n"s, "a\0b"s, "\xc3\xa9"s, "a:b"s, "a@"s,
                           std::string(1025, 'x')}) {
    INFO(text);
    CHECK(container_id::parse(text).error().message() == "invalid container ID format");
  }
}
