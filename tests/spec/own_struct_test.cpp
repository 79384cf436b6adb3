// SPDX-License-Identifier: Apache-2.0
#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/write.hpp>

#include "catch.hpp"
#include "documents.hpp"

using namespace ocikit;

// What another module does to keep a file of its own: a struct, a table, nothing else.
namespace {

enum class colour { red, green };

struct saved_mount {
  std::string target;
  bool operator==(const saved_mount&) const = default;
};

struct saved_state {
  std::string id;
  std::int32_t pid = 0;
  std::optional<colour> paint = {};
  std::optional<spec::process> process = {};
  std::vector<saved_mount> mounts = {};
  spec::map<std::vector<std::uint8_t>> tables = {};
  bool operator==(const saved_state&) const = default;
};

}  // namespace

template <>
inline constexpr auto spec::names<colour> = spec::named<colour>("no such colour: {}",
                                                                {{"red", colour::red}, {"green", colour::green}});

template <>
inline constexpr auto spec::table<saved_mount> = std::tuple{
    spec::field{"target", &saved_mount::target}.required().of_bytes(8),
};

template <>
inline constexpr auto spec::table<saved_state> = std::tuple{
    spec::field{"id", &saved_state::id}.required(),
    spec::field{"pid", &saved_state::pid}.always().up_to(4194304),
    spec::field{"paint", &saved_state::paint},
    spec::field{"process", &saved_state::process},
    spec::field{"mounts", &saved_state::mounts}.at_most(2),
    spec::field{"tables", &saved_state::tables},
};

TEST_CASE("a struct of another module is written and read back through its table") {
  saved_state s{.id = "c1", .pid = 42, .paint = colour::green};
  s.process.emplace().cwd = "/";
  s.mounts = {{"/a"}, {"/b"}};
  s.tables = {{"odd", {1, 3}}, {"none", {}}};
  const auto text = spec::write(s);
  CHECK(text == R"({"id":"c1","pid":42,"paint":"green","process":{"user":{"uid":0,"gid":0},"cwd":"/"},)"
                R"("mounts":[{"target":"/a"},{"target":"/b"}],"tables":{"odd":[1,3],"none":[]}})");
  const auto back = spec::parse<saved_state>(text, {.document = "state.json"});
  REQUIRE(back);
  CHECK(back->value == s);
  CHECK(back->unknown.empty());
}

TEST_CASE("the rules of another module's table hold") {
  const spec::parse_options options{.document = "state.json", .max_bytes = 100};
  CHECK(refusal_of<saved_state>(R"({"pid":1})", options) ==
        "missing property \"id\" at line 1, column 1 (state.json#)");
  CHECK(refusal_of<saved_state>(R"({"pid":4194305})", options) ==
        "4194305 is out of range (-2147483648 to 4194304) at line 1, column 8 (state.json#/pid)");
  CHECK(refusal_of<saved_state>(R"({"paint":"blue"})", options) ==
        "no such colour: blue at line 1, column 10 (state.json#/paint)");
  CHECK(refusal_of<saved_state>(R"({"mounts":[{"target":"123456789"}]})", options) ==
        "string of 9 bytes, more than 8 at line 1, column 22 (state.json#/mounts/0/target)");
  CHECK(refusal_of<saved_state>(R"({"mounts":[{"target":"a"},{"target":"b"},{"target":"c"}]})", options) ==
        "more than 2 entries at line 1, column 42 (state.json#/mounts)");
  CHECK(refusal_of<saved_state>(std::string(101, ' '), options) == "state.json is larger than 100 bytes");
}
