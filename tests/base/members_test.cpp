// SPDX-License-Identifier: Apache-2.0
#include <ocikit/base/members.hpp>

#include <string>

#include "catch.hpp"

using namespace ocikit;

namespace {

struct place {
  int row = 0;
  char column = 'a';
  static constexpr auto members =
      std::make_tuple(member{"row", &place::row}, member{"column on paper", &place::column});
};

struct nothing {
  static constexpr auto members = std::make_tuple();
};

}  // namespace

TEST_CASE("members are visited in the table's order under the table's names, because the wire format is that order") {
  const place here{7, 'c'};
  std::string seen;
  for_each_member(here, [&](std::string_view name, const auto& value) {
    seen += std::string{name} + "=" + std::to_string(value) + ";";
  });
  CHECK(seen == "row=7;column on paper=99;");
}

TEST_CASE("members can be written through, because reading fills a step in place") {
  place here;
  for_each_member(here, [](std::string_view, auto& value) { ++value; });
  CHECK(here.row == 1);
  CHECK(here.column == 'b');
}

TEST_CASE("a struct without members is visited not at all") {
  nothing none;
  int visits = 0;
  for_each_member(none, [&](std::string_view, auto&) { ++visits; });
  CHECK(visits == 0);
}
