// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/signal_name.hpp>

#include "catch.hpp"

using namespace ocikit;
using container::parse_signal;

TEST_CASE("a signal is a number or a name, with or without SIG, in any case") {
  struct {
    const char* text;
    int number;
  } const table[] = {{"9", 9},       {"0", 0},      {"+15", 15},       {"-1", -1},     {"64", 64},
                     {"1000", 1000}, {"KILL", 9},   {"SIGKILL", 9},    {"sigkill", 9}, {"Term", 15},
                     {"sIgHuP", 1},  {"winch", 28}, {"SIGSTKFLT", 16}, {"USR2", 12}};
  for (const auto& [text, number] : table) {
    INFO(text);
    CHECK(parse_signal(text) == number);
  }
}

TEST_CASE("any other word is refused with runc's sentence") {
  for (const char* text : {"FOO", "", "SIG", "RTMIN+1", "9x", "+-9", "SIGSIGKILL", "99999999999"}) {
    INFO(text);
    CHECK(parse_signal(text).error().message() == "unknown signal \"" + std::string{text} + "\"");
  }
}
