// SPDX-License-Identifier: Apache-2.0
#include <ocikit/spec/capability_names.hpp>
#include <ocikit/spec/ids.hpp>
#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/sysctl.hpp>

#include "catch.hpp"
#include "documents.hpp"

using namespace ocikit;

// Everything people, and those who attack them, have put where an id belongs.
static const std::string_view candidates[] = {
    "1",
    "1:2",
    "0x1",
    "-1",
    "+1",
    " 1",
    "1 ",
    "1:",
    ":5",
    "",
    "1:2:3",
    "01",
    "4294967294",
    "4294967295",
    "4294967296",
    "18446744073709551617",
    "1000000000000",
    "\xef\xbc\x91",
    {"1\0", 2},
};

TEST_CASE("an id is plain decimal and never (uid_t)-1") {
  for (const auto text : candidates) {
    INFO(text);
    CHECK(spec::parse_id(text).has_value() == (text == "1" || text == "4294967294"));
  }
  CHECK(spec::parse_id("0") == 0U);
  CHECK(spec::parse_id("4294967294") == 4294967294U);
  CHECK(spec::parse_id("0x1").error().message() == "\"0x1\" is not an id from 0 to 4294967294");
  CHECK(spec::parse_id("1\n").error().message() == "\"1\\x0a\" is not an id from 0 to 4294967294");
}

TEST_CASE("UID[:GID] is one or two ids") {
  for (const auto text : candidates) {
    INFO(text);
    CHECK(spec::parse_user_ids(text).has_value() == (text == "1" || text == "1:2" || text == "4294967294"));
  }
  CHECK(spec::parse_user_ids("1:2") == spec::user_ids{1, 2});
  CHECK(spec::parse_user_ids("1") == spec::user_ids{1, std::nullopt});
  CHECK(spec::parse_user_ids("x:1").error().message() == "bad uid: \"x\" is not an id from 0 to 4294967294");
  CHECK(spec::parse_user_ids("1:").error().message() == "bad gid: \"\" is not an id from 0 to 4294967294");
}

TEST_CASE("the document has the same rule for ids in every place") {
  struct place {
    std::string_view before, after;
  };
  static const place places[] = {
      {R"({"process":{"user":{"uid":)", "}}}"},
      {R"({"process":{"user":{"gid":)", "}}}"},
      {R"({"process":{"user":{"additionalGids":[)", "]}}}"},
      {R"({"linux":{"uidMappings":[{"hostID":0,"size":1,"containerID":)", "}]}}"},
      {R"({"linux":{"gidMappings":[{"containerID":0,"size":1,"hostID":)", "}]}}"},
      {R"({"mounts":[{"destination":"/","uidMappings":[{"containerID":0,"size":1,"hostID":)", "}]}]}"},
      {R"({"linux":{"devices":[{"path":"/x","type":"c","uid":)", "}]}}"},
      {R"({"linux":{"devices":[{"path":"/x","type":"c","gid":)", "}]}}"},
  };
  for (const auto& [before, after] : places)
    for (const auto text : candidates) {
      const auto document = std::string{before} + std::string{text} + std::string{after};
      INFO(document);
      // JSON allows space around a number; an empty list is a list, an empty id is not an id.
      const bool good = text == "1" || text == "4294967294" || text == " 1" || text == "1 " ||
                        (text.empty() && after.starts_with(']'));
      CHECK(spec::parse_config(document).has_value() == good);
      CHECK_FALSE(spec::parse_config(std::string{before} + '"' + std::string{text} + '"' + std::string{after}));
    }
}

TEST_CASE("lists of CPUs and nodes are ranges that rise") {
  using ranges = std::vector<spec::id_range>;
  CHECK(spec::parse_id_list("", 7) == ranges{});
  CHECK(spec::parse_id_list(" ", 7) == ranges{});
  CHECK(spec::parse_id_list("0-2,4", 7) == ranges{{0, 2}, {4, 4}});
  CHECK(spec::parse_id_list(" 0 - 2 , 4 ", 7) == ranges{{0, 2}, {4, 4}});
  for (const std::string_view bad : {",", "1,", ",1", "2-1", "-1", "1-", "1-2-3", "8", "0-8", "x", "1 2", "+1"}) {
    INFO(bad);
    CHECK_FALSE(spec::parse_id_list(bad, 7));
  }
  CHECK(spec::parse_id_list("0,2-1", 7).error().message() == "\"2-1\" is not a number or range of numbers up to 7");
}

TEST_CASE("the first separator of a sysctl name decides what separates") {
  CHECK(spec::sysctl_path("net.ipv4.ip_forward") == "net/ipv4/ip_forward");
  CHECK(spec::sysctl_path("net/ipv4/ip_forward") == "net/ipv4/ip_forward");
  CHECK(spec::sysctl_path("net/ipv4/conf/eno2.100/rp_filter") == "net/ipv4/conf/eno2.100/rp_filter");
  CHECK(spec::sysctl_path("net.ipv4.conf.eno2/100.rp_filter") == "net/ipv4/conf/eno2.100/rp_filter");
  CHECK(spec::sysctl_path("abi") == "abi");
  for (const std::string_view bad : {"", ".", "..", "/", "net/../kernel/core_pattern", "net.//.kernel", "/net", ".net",
                                     "net.", "net..a", "net/./a"}) {
    INFO(bad);
    CHECK(spec::sysctl_path(bad) == std::nullopt);
  }
}

TEST_CASE("capabilities have the kernel's numbers") {
  CHECK(spec::capability_number("CAP_CHOWN") == 0U);
  CHECK(spec::capability_number("CAP_SYS_ADMIN") == 21U);
  CHECK(spec::capability_number("CAP_CHECKPOINT_RESTORE") == 40U);
  CHECK(spec::capability_number("cap_kill") == std::nullopt);
}
