// SPDX-License-Identifier: Apache-2.0
#include "duration.hpp"

#include "catch.hpp"

using namespace ocikit::runtime;
using namespace std::chrono_literals;

TEST_CASE("a duration is a sum of numbers with units, as Go spells it") {
  const std::pair<const char*, std::chrono::nanoseconds> rows[] = {
      {"0", 0ns},
      {"5s", 5s},
      {"100ms", 100ms},
      {"1m30s", 90s},
      {"1.5h", 90min},
      {".5s", 500ms},
      {"1.s", 1s},
      {"+2us", 2us},
      {"3\u00b5s4\u03bcs", 7us},
      {"-1s", -1s},
      {"0.1s", 100ms},
      {"0.000000001s", 1ns},
      {"0.3333333333333333333h", 20min},
      {"2562047h47m16.854775807s", std::chrono::nanoseconds::max()},
      {"00001s", 1s},
  };
  for (const auto& [text, want] : rows) {
    INFO(text);
    REQUIRE(parse_duration(text));
    CHECK(*parse_duration(text) == want);
  }
}

TEST_CASE("what is no duration, or too long for one, is nothing") {
  for (const char* text : {"",
                           "5",
                           "s",
                           "-",
                           "+",
                           ".",
                           ".s",
                           "1 s",
                           " 1s",
                           "1s ",
                           "1x",
                           "1.5",
                           "--1s",
                           "1s-1s",
                           "1d",
                           "1S",
                           "1,5s",
                           "0x1s",
                           "1e3s",
                           "9223372036854775808ns",
                           "99999999999999999999s",
                           "2562047h47m16.854775808s",
                           "2562047h2562047h",
                           "1s\xff",
                           "-0x"}) {
    INFO(text);
    CHECK(!parse_duration(text));
  }
}
