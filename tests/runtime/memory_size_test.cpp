// SPDX-License-Identifier: Apache-2.0
#include "memory_size.hpp"

#include <string>
#include <utility>

#include "catch.hpp"

using namespace ocikit::runtime;

TEST_CASE("bytes as people write them") {
  const std::pair<const char*, std::int64_t> rows[] = {{"-1", -1},
                                                       {"0", 0},
                                                       {"4096", 4096},
                                                       {"1b", 1},
                                                       {"2k", 2048},
                                                       {"2K", 2048},
                                                       {"2kb", 2048},
                                                       {"2KiB", 2048},
                                                       {"2 MiB", 2 << 20},
                                                       {"1.5g", 3LL << 29},
                                                       {".5m", 1 << 19},
                                                       {"3.m", 3 << 20},
                                                       {"1t", 1LL << 40},
                                                       {"8p", 1LL << 53},
                                                       {"007", 7},
                                                       {"1.9", 1},
                                                       {"9223372036854775807", INT64_MAX}};
  for (const auto& [text, want] : rows) {
    INFO(text);
    REQUIRE(parse_memory_size(text));
    CHECK(*parse_memory_size(text) == want);
  }
}

TEST_CASE("what is no size is refused in runc's words") {
  const std::pair<const char*, const char*> rows[] = {{"64x", "invalid suffix: 'x'"},
                                                      {"64XB", "invalid suffix: 'xb'"},
                                                      {"1bb", "invalid suffix: 'bb'"},
                                                      {"1kib2", "invalid size: '1kib2'"},
                                                      {"1kk", "invalid suffix: 'kk'"},
                                                      {"m", "invalid size: 'm'"},
                                                      {"", "invalid size: ''"},
                                                      {" ", "invalid size: ' '"},
                                                      {".", "invalid size: '.'"},
                                                      {"1.2.3", "invalid size: '1.2.3'"},
                                                      {" 1", "invalid size: ' 1'"},
                                                      {"1  k", "invalid size: '1  k'"},
                                                      {"-2", "invalid size: '-2'"},
                                                      {"-1k", "invalid size: '-1k'"},
                                                      {"+1", "invalid size: '+1'"},
                                                      {"0x10", "invalid size: '0x10'"},
                                                      {"8192p", "invalid size: '8192p'"},
                                                      {"9223372036854775808", "invalid size: '9223372036854775808'"},
                                                      {"99999999999999999999", "invalid size: '99999999999999999999'"}};
  for (const auto& [text, why] : rows) {
    INFO(text);
    const auto got = parse_memory_size(text);
    REQUIRE(!got);
    CHECK(got.error() == why);
  }
}
