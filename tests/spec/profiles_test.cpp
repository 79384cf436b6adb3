// SPDX-License-Identifier: Apache-2.0
#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/write.hpp>

#include "catch.hpp"
#include "documents.hpp"

using namespace ocikit;

static const std::string profiles[] = {"minimal", "engine", "limits", "userns"};

TEST_CASE("what engines hand to a runtime is understood completely and survives a round trip") {
  for (const auto& name : profiles) {
    INFO(name);
    const auto text = read_text("bench/profiles/" + name + ".json");
    const auto first = spec::parse_config(text);
    REQUIRE(first);
    CHECK(first->unknown.empty());
    for (const std::string_view indent : {"", "\t"}) {
      const auto again = spec::parse_config(spec::write(first->value, {.indent = indent}));
      REQUIRE(again);
      CHECK(again->value == first->value);
      CHECK(again->unknown.empty());
    }
  }
}

TEST_CASE("a document that was written in the order of the table comes back byte for byte") {
  const auto text = read_text("bench/profiles/minimal.json");
  auto expected = text;
  // The engine wrote out a default, which the writer leaves out.
  const std::string written_default = "\"terminal\": false,\n    ";
  REQUIRE(expected.find(written_default) != std::string::npos);
  expected.erase(expected.find(written_default), written_default.size());
  while (expected.back() == '\n') expected.pop_back();
  CHECK(spec::write(spec::parse_config(text)->value, {.indent = "  "}) == expected);
}

TEST_CASE("values arrive in their members") {
  const auto got = spec::parse_config(read_text("bench/profiles/limits.json"));
  REQUIRE(got);
  const auto& c = got->value;
  CHECK(c.process->args == std::vector<std::string>{"/bin/true"});
  CHECK(c.process->rlimits.at(0).type == spec::rlimit_type::nofile);
  CHECK(c.root->path == "rootfs");
  CHECK(c.mounts.at(0).destination == "/proc");
  CHECK(c.platform->namespaces.at(0).type == spec::namespace_type::pid);
  CHECK(c.platform->seccomp->default_action == spec::seccomp_action::errno_);
  CHECK(c.platform->seccomp->default_errno_ret == 38);
  CHECK(c.platform->resources->memory->limit == 268435456);
  CHECK(c.platform->resources->pids->limit == 2048);
}

TEST_CASE("the order of properties does not matter, as JSON gives it no meaning") {
  const auto a =
      spec::parse_config(R"({"ociVersion":"1.3.0","process":{"cwd":"/","args":["a"],"user":{"gid":2,"uid":1}},
                                        "linux":{"namespaces":[{"path":"/x","type":"pid"}]}})");
  const auto b = spec::parse_config(R"({"linux":{"namespaces":[{"type":"pid","path":"/x"}]},
                                        "process":{"user":{"uid":1,"gid":2},"args":["a"],"cwd":"/"},"ociVersion":"1.3.0"})");
  REQUIRE(a);
  REQUIRE(b);
  CHECK(a->value == b->value);
}

TEST_CASE("absent, null and empty differ only where the specification says so") {
  const auto env = [](std::string_view text) { return spec::parse_process(text)->value.env; };
  CHECK(env(R"({"cwd":"/"})") == std::nullopt);
  CHECK(env(R"({"cwd":"/","env":null})") == std::nullopt);
  CHECK(env(R"({"cwd":"/","env":[]})") == std::vector<std::string>{});
  CHECK(spec::parse_config(R"({"process":null,"linux":null,"mounts":null})")->value == spec::config{});
  CHECK(spec::parse_process(R"({"capabilities":{}})")->value.capabilities == spec::capabilities{});
}

TEST_CASE("an enum's empty string is an unset one, because Go writes it so") {
  const auto got = spec::parse_config(R"({"linux":{"rootfsPropagation":"","seccomp":{"defaultAction":""}}})");
  REQUIRE(got);
  CHECK(got->value.platform->rootfs_propagation == std::nullopt);
  CHECK(got->value.platform->seccomp->default_action == std::nullopt);
}

TEST_CASE("integers are exact to the last digit") {
  const auto got = spec::parse_resources(
      R"({"memory":{"limit":9223372036854775807,"swap":-9223372036854775808,"kernel":-0},
          "cpu":{"shares":18446744073709551615,"burst":-0},"blockIO":{"weight":65535}})");
  REQUIRE(got);
  CHECK(got->value.memory->limit == std::numeric_limits<std::int64_t>::max());
  CHECK(got->value.memory->swap == std::numeric_limits<std::int64_t>::min());
  CHECK(got->value.memory->kernel == 0);
  CHECK(got->value.cpu->shares == std::numeric_limits<std::uint64_t>::max());
  CHECK(got->value.cpu->burst == 0U);
  CHECK(got->value.block_io->weight == 65535);
}

TEST_CASE(
    "escapes are found wherever they stand between strings without any, because the text is searched for them once") {
  const auto got = spec::parse_config(
      R"({"hostname":"\ta","domainname":"b","annotations":{"c":"d","\te":"f","g":"\th","i":"j"},
          "mounts":[{"destination":"/k","options":["l","\tm","n"]},{"destination":"\\"},{"destination":"/o"}]})");
  REQUIRE(got);
  CHECK(got->value.hostname == "\ta");
  CHECK(got->value.domainname == "b");
  CHECK(got->value.annotations == spec::string_map{{"c", "d"}, {"\te", "f"}, {"g", "\th"}, {"i", "j"}});
  CHECK(got->value.mounts == std::vector<spec::mount>{{.destination = "/k", .options = {{"l", "\tm", "n"}}},
                                                      {.destination = "\\"},
                                                      {.destination = "/o"}});
}

TEST_CASE("a property is no other because its name begins like the one that the table has next") {
  const auto got =
      spec::parse_config(R"({"ociVersion":"1","processes":1,"process":{"terminal":true,"us":1},"root2":2})");
  REQUIRE(got);
  CHECK(got->unknown == std::vector<std::string>{"/processes", "/process/us", "/root2"});
}

TEST_CASE("escapes are undone in values, keys that are data and property names") {
  const auto got = spec::parse_config(R"({"h\u006fstname":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00",
                                          "annotations":{"k\ney":"v","\u006b":"w"}})");
  REQUIRE(got);
  CHECK(got->value.hostname == "a\"\\/\b\f\n\r\t\u00e9\U0001f600");
  CHECK(got->value.annotations == spec::string_map{{"k\ney", "v"}, {"k", "w"}});
  CHECK(got->unknown.empty());
}

TEST_CASE("unknown properties are listed by JSON pointer and do no harm") {
  const auto got = spec::parse_config(R"({"ociVersion":"1.3.0","processus":1,"a/b~c":{"x":[1,{"y":null}]},
      "mounts":[{"destination":"/a"},{"destination":"/b","colour":"red\u0009"}],"windows":{"x":1},
      "line\nbreak":-1.5e+3})");
  REQUIRE(got);
  CHECK(got->unknown == std::vector<std::string>{"/processus", "/a~1b~0c", "/mounts/1/colour", "/line\\u000abreak"});
  CHECK(got->value.mounts.size() == 2);
}

TEST_CASE("text can be lent with its padding or given away, and means the same") {
  const auto text = read_text("bench/profiles/engine.json");
  const auto copied = spec::parse_config(text);
  const auto given = spec::parse_config(std::string{text});
  const simdjson::padded_string padded{text};
  const auto lent = spec::parse_config(simdjson::padded_string_view{padded});
  REQUIRE(copied);
  REQUIRE(given);
  REQUIRE(lent);
  CHECK(copied->value == given->value);
  CHECK(copied->value == lent->value);
}

TEST_CASE("names of properties are known whatever the case of their letters, as runc has let people write them") {
  const auto got = spec::parse_resources(
      R"({"CPU": {"Cpus": "0-1", "MEMS": "0"}, "hugepageLimits": [{"pagesize": "2MB", "limit": 1}], "Cpux": 1})");
  REQUIRE(got);
  CHECK(got->unknown == std::vector<std::string>{"/Cpux"});
  REQUIRE(got->value.cpu);
  CHECK(got->value.cpu->cpus == "0-1");
  CHECK(got->value.cpu->mems == "0");
  CHECK(got->value.hugepage_limits == std::vector<spec::hugepage_limit>{{"2MB", 1}});
  CHECK(spec::write(got->value.hugepage_limits.front()) == R"({"pageSize":"2MB","limit":1})");
  for (const char* both : {R"({"hugepageLimits": [{"pagesize": "2MB", "pageSize": "2MB", "limit": 1}]})",
                           R"({"cpu": {"cpus": "0", "CPUS": "1"}})", R"({"CPU": {}, "Cpu": {}})",
                           R"({"cpu": {}, "CPU": {}, "cpu": {}})", R"({"UNIFIED": {"a": "1"}, "unified": {}})",
                           R"({"blockIO": {"throttleReadBpsDevice": [{"major": 1, "minor": 2, "rate": 3}]},
                               "blockio": {"throttleReadBpsDevice": []}})"}) {
    CAPTURE(both);
    const auto refused = spec::parse_resources(both);
    REQUIRE(!refused);
    CHECK(refused.error().message().find("appears twice") != std::string::npos);
  }
}

TEST_CASE("an object may be given in two parts whose names differ in case, and of what both give the later counts") {
  const auto got = spec::parse_resources(R"({"cpu": {"shares": 2, "quota": 3}, "CPU": {"Cpus": "0", "shares": 4}})");
  REQUIRE(got);
  REQUIRE(got->value.cpu);
  CHECK(got->value.cpu->shares == 4);
  CHECK(got->value.cpu->quota == 3);
  CHECK(got->value.cpu->cpus == "0");
  const auto other_way = spec::parse_resources(R"({"CPU": {"shares": 2}, "cpu": {"quota": 3}})");
  REQUIRE(other_way);
  CHECK(other_way->value.cpu->shares == 2);
  CHECK(other_way->value.cpu->quota == 3);
}
