// SPDX-License-Identifier: Apache-2.0
#include "global_options.hpp"

#include <string>
#include <vector>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::runtime;

namespace {

caller root_user() { return {"ocirun", "", "root", 0, false, "/home/me"}; }
caller plain_user() { return {"ocirun", "/run/user/1000", "me", 1000, false, "/home/me"}; }

/// The globals of one command line; REQUIREs success.
globals decided(const std::vector<const char*>& arguments, const caller& who) {
  const auto options = parse_options(global_options, arguments, true);
  REQUIRE(options);
  auto got = decide_globals(*options, who);
  REQUIRE(got);
  return *std::move(got);
}

std::string refusal(const std::vector<const char*>& arguments) {
  const auto options = parse_options(global_options, arguments, true);
  REQUIRE(options);
  const auto got = decide_globals(*options, root_user());
  return got ? "accepted" : got.error().message();
}

}  // namespace

TEST_CASE("state is below $XDG_RUNTIME_DIR only for those who cannot be expected to write to /run") {
  CHECK(decided({}, root_user()).root == "/run/ocirun");
  CHECK(decided({}, plain_user()).root == "/run/user/1000/ocirun");

  auto who = root_user();
  who.xdg_runtime_dir = "/run/user/0";
  CHECK(decided({}, who).root == "/run/ocirun");
  who.in_user_namespace = true;
  CHECK(decided({}, who).root == "/run/ocirun");  // USER=root says that it is meant
  who.user = "me";
  CHECK(decided({}, who).root == "/run/user/0/ocirun");
  who.user = "";
  CHECK(decided({}, who).root == "/run/user/0/ocirun");

  auto poor = plain_user();
  poor.xdg_runtime_dir = "";
  CHECK(decided({}, poor).root == "/run/ocirun");
}

TEST_CASE("--root is made absolute as text, and marked as asked for") {
  const auto got = decided({"--root", "a/./b//../c/"}, plain_user());
  CHECK(got.root == "/home/me/a/c");
  CHECK(got.root_given);
  CHECK(!decided({}, plain_user()).root_given);
  CHECK(decided({"--root", ""}, plain_user()).root == "/run/user/1000/ocirun");
  CHECK(!decided({"--root="}, plain_user()).root_given);
  CHECK(decided({"--root", "/../x"}, root_user()).root == "/x");
}

TEST_CASE("--root / in any spelling is refused, because everything in it would be a container's state") {
  for (const char* spelling : {"/", "//", "/.", "/a/..", "../.."})
    CHECK(refusal({"--root", spelling}) == "Option --root argument should not be set to /");
}

TEST_CASE("a log format is text or json") {
  CHECK(decided({"--log-format", "json"}, root_user()).log_format == sys::log_format::json);
  CHECK(decided({}, root_user()).log_format == sys::log_format::text);
  CHECK(refusal({"--log-format", "xml"}) == "invalid log-format: xml");
}

TEST_CASE("plugin directories keep their order and are made absolute, so that a later chdir does not move them") {
  const auto got = decided({"--plugin-dir", "p", "--plugin-dir=/q"}, root_user());
  CHECK(got.plugin_dirs == std::vector<std::string>{"/home/me/p", "/q"});
}

TEST_CASE("the remaining global options are handed on") {
  const auto got = decided({"--debug", "--systemd-cgroup", "--rootless=false", "--cgroup-manager", "cgroup-fs2",
                            "--log", "x.log", "create", "--bogus"},
                           root_user());
  CHECK(got.debug);
  CHECK(got.systemd_cgroup);
  CHECK(got.rootless == std::optional{false});
  CHECK(got.cgroup_manager == "cgroup-fs2");
  CHECK(got.log == "x.log");
}
