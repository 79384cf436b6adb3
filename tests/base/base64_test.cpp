// SPDX-License-Identifier: Apache-2.0
#include <ocikit/base/base64.hpp>

#include <optional>
#include <string>

#include "catch.hpp"

static std::string decoded(const char* text) {
  const auto bytes = ocikit::decode_base64(text);
  if (!bytes) return "(no)";
  std::string out;
  for (const std::byte b : *bytes) out += static_cast<char>(b);
  return out;
}

TEST_CASE("the test vectors of RFC 4648") {
  const char* const rows[][2] = {{"", ""},
                                 {"Zg==", "f"},
                                 {"Zm8=", "fo"},
                                 {"Zm9v", "foo"},
                                 {"Zm9vYg==", "foob"},
                                 {"Zm9vYmE=", "fooba"},
                                 {"Zm9vYmFy", "foobar"}};
  for (const auto& [text, want] : rows) CHECK(decoded(text) == want);
  CHECK(decoded("+/+/") == "\xfb\xff\xbf");
}

TEST_CASE("what is not base64, or says something in bits that no byte has, is refused") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Zm9v\n", "Zm 9", "Zm-_", "Z=g=", "Zh==", "Zm9="}) {
    INFO(text);
    CHECK(decoded(text) == "(no)");
  }
}
