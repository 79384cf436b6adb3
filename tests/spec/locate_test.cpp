// SPDX-License-Identifier: Apache-2.0
#include <ocikit/spec/locate.hpp>

#include <string>
#include <string_view>

#include "catch.hpp"

using namespace ocikit::spec;

namespace {

constexpr std::string_view document = R"({
  "root": {"path": "a\\\"}", "readonly": true},
  "mounts": [
    {"destination": "/a"}, [[], {}, -1.5e3],
    {"Destination": "/b", "options": ["x", "y"]}
  ],
  "annotations": {"a/b~c": "1", "KEY": "2", "key": "3", "": "4"}
})";

}  // namespace

TEST_CASE("a value is found by its pointer") {
  CHECK(locate(document, "") == text_position{1, 1});
  CHECK(locate(document, "/root/path") == text_position{2, 20});
  CHECK(locate(document, "/root/readonly") == text_position{2, 42});
  CHECK(locate(document, "/mounts/0/destination") == text_position{4, 21});
  CHECK(locate(document, "/mounts/1/2") == text_position{4, 37});
  CHECK(locate(document, "/mounts/2/options/1") == text_position{5, 44});
}

TEST_CASE("names are decoded, and known whatever the case of their letters unless two differ in it") {
  CHECK(locate(document, "/annotations/a~1b~0c") == text_position{7, 28});
  CHECK(locate(document, "/mounts/2/destination") == text_position{5, 21});
  CHECK(locate(document, "/annotations/KEY") == text_position{7, 40});
  CHECK(locate(document, "/annotations/key") == text_position{7, 52});
  CHECK(locate(document, "/annotations/") == text_position{7, 61});
}

TEST_CASE("what is missing is placed at what should have it") {
  CHECK(locate(document, "/process") == text_position{1, 1});
  CHECK(locate(document, "/mounts/7/source") == text_position{3, 13});
  CHECK(locate(document, "/mounts/0/source") == text_position{4, 5});
  CHECK(locate(document, "/root/path/0") == text_position{2, 20});
}

TEST_CASE("no text is too broken to be looked through") {
  for (std::size_t size = 0; size < document.size(); ++size)
    for (const std::string_view pointer : {"/mounts/2/options/1", "/annotations/nothing", "/mounts/9", "//~"})
      CHECK(locate(document.substr(0, size), pointer).line <= 7);
  for (const std::string_view text : {"", "}", "[}]", "{\"", "{\"a\":", "[1 2", "{\"a\":]}", "[\"\\"})
    CHECK(locate(text, "/1/2").line == 1);
}
