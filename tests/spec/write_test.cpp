// SPDX-License-Identifier: Apache-2.0
#include <ocikit/spec/default_config.hpp>
#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/write.hpp>

#include "catch.hpp"
#include "documents.hpp"

using namespace ocikit;

static std::string quoted(std::string_view text, bool html = false) {
  std::string out;
  spec::append_quoted(out, text, html);
  return out;
}

TEST_CASE("strings are escaped as JSON demands, and as Go does where asked") {
  CHECK(quoted("plain /path") == R"("plain /path")");
  CHECK(quoted("\"\\\b\f\n\r\t") == R"("\"\\\b\f\n\r\t")");
  CHECK(quoted(std::string_view{"\0\x1f\x7f", 3}) == "\"\\u0000\\u001f\x7f\"");
  CHECK(quoted("\u00e9\U0001f600") == "\"\u00e9\U0001f600\"");
  CHECK(quoted("a\xff\xc3") == R"("a\ufffd\ufffd")");
  CHECK(quoted("<a&b>\u2028\u2029") == "\"<a&b>\u2028\u2029\"");
  CHECK(quoted("<a&b>\u2028\u2029", true) == R"("\u003ca\u0026b\u003e\u2028\u2029")");
}

TEST_CASE("a state is written as hooks and clients read it") {
  const spec::state s{.oci_version = "1.3.0",
                      .id = "c1",
                      .status = spec::container_status::created,
                      .pid = 42,
                      .bundle = "/b<1>",
                      .annotations = {{"z", "1"}, {"a", "2"}}};
  CHECK(
      spec::write(s, {.html_escapes = true}) ==
      R"({"ociVersion":"1.3.0","id":"c1","status":"created","pid":42,"bundle":"/b\u003c1\u003e","annotations":{"z":"1","a":"2"}})");
  CHECK(spec::write(spec::state{.status = spec::container_status::stopped}) ==
        R"({"ociVersion":"","id":"","status":"stopped","bundle":""})");
  CHECK(spec::parse<spec::state>(spec::write(s))->value == s);
}

TEST_CASE("a seccomp agent gets its state with every property it may expect") {
  const spec::container_process_state s{.oci_version = "1.3.0", .fds = {"seccompFd"}, .pid = 7, .metadata = "m"};
  CHECK(spec::write(s) == R"({"ociVersion":"1.3.0","fds":["seccompFd"],"pid":7,"metadata":"m",)"
                          R"("state":{"ociVersion":"","id":"","status":"creating","bundle":""}})");
}

TEST_CASE("features tell unknown from unsupported") {
  spec::features f{.oci_version_min = "1.0.0", .oci_version_max = "1.3.0"};
  f.hooks = {{"prestart"}};
  f.mount_options = std::vector<std::string>{};
  f.platform.emplace().cgroup = spec::cgroup_features{.v1 = true, .v2 = false};
  f.platform->mount_extensions = spec::mount_extensions{.idmap = spec::enabled_feature{true}};
  f.potentially_unsafe_config_annotations = {{"bundle", "org.systemd.property."}};
  CHECK(spec::write(f, {.indent = "    "}) == R"({
    "ociVersionMin": "1.0.0",
    "ociVersionMax": "1.3.0",
    "hooks": [
        "prestart"
    ],
    "mountOptions": [],
    "linux": {
        "cgroup": {
            "v1": true,
            "v2": false
        },
        "mountExtensions": {
            "idmap": {
                "enabled": true
            }
        }
    },
    "potentiallyUnsafeConfigAnnotations": [
        "bundle",
        "org.systemd.property."
    ]
})");
  CHECK(spec::parse<spec::features>(spec::write(f))->value == f);
}

TEST_CASE("empty objects and lists take one line, as Go writes them") {
  spec::config c{.oci_version = "1.3.0"};
  c.process.emplace().env = std::vector<std::string>{};
  c.platform.emplace();
  CHECK(
      spec::write(c, {.indent = "\t"}) ==
      "{\n\t\"ociVersion\": \"1.3.0\",\n\t\"process\": {\n\t\t\"user\": {\n\t\t\t\"uid\": 0,\n\t\t\t\"gid\": 0\n\t\t},"
      "\n\t\t\"env\": [],\n\t\t\"cwd\": \"\"\n\t},\n\t\"linux\": {}\n}");
}

TEST_CASE("the default document is minimal.json, which runc wrote, but for what the profile changed") {
  auto expected = spec::parse_config(read_text("bench/profiles/minimal.json"))->value;
  expected.oci_version = "1.3.0";
  expected.process->terminal = true;
  expected.process->args = {"sh"};
  expected.process->capabilities->ambient.clear();  // an older runc still granted these
  CHECK(spec::default_config() == expected);
}

TEST_CASE("the default document has a cgroup namespace where the host has cgroup v2 alone") {
  const auto c = spec::default_config({.cgroup_namespace = true});
  CHECK(c.platform->namespaces.back() == spec::linux_namespace{spec::namespace_type::cgroup, {}});
}

TEST_CASE("the rootless document maps the caller to root and asks for nothing that needs more") {
  const auto c = spec::default_rootless_config(1000, 100);
  auto expected = spec::default_config();
  expected.platform->resources.reset();
  expected.platform->uid_mappings = {{0, 1000, 1}};
  expected.platform->gid_mappings = {{0, 100, 1}};
  using type = spec::namespace_type;
  expected.platform->namespaces = {
      {type::pid, {}}, {type::ipc, {}}, {type::uts, {}}, {type::mount, {}}, {type::user, {}}};
  expected.mounts[2].options = {{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}};
  expected.mounts[5] = {.destination = "/sys",
                        .type = "none",
                        .source = "/sys",
                        .options = {{"rbind", "nosuid", "noexec", "nodev", "ro"}}};
  CHECK(c == expected);
}

namespace {

struct sample {
  double share = 0;
  bool operator==(const sample&) const = default;
};
struct samples {
  sample always, sometimes;
};

}  // namespace

template <>
inline constexpr auto spec::table<sample> = std::tuple{spec::field{"share", &sample::share}.always()};
template <>
inline constexpr auto spec::table<samples> =
    std::tuple{spec::field{"always", &samples::always}, spec::field{"sometimes", &samples::sometimes}.omit_zero()};

TEST_CASE("a number with a fraction has as many digits as it needs, and no exponent") {
  const std::pair<double, const char*> rows[] = {
      {0, "0"}, {0.1, "0.1"}, {1.25, "1.25"}, {100, "100"}, {1e21, "1000000000000000000000"}, {-0.5, "-0.5"}};
  for (const auto& [value, want] : rows) CHECK(spec::write(sample{value}) == "{\"share\":" + std::string{want} + "}");
  CHECK(spec::write(sample{std::numeric_limits<double>::quiet_NaN()}) == "{\"share\":null}");
  CHECK(spec::write(sample{-std::numeric_limits<double>::infinity()}) == "{\"share\":null}");
  CHECK(spec::write(sample{std::numeric_limits<double>::max()}).size() == 309 + 10);
}

TEST_CASE("an object that equals a default one is left out where its table says so") {
  CHECK(spec::write(samples{}) == R"({"always":{"share":0}})");
  CHECK(spec::write(samples{{}, {1}}) == R"({"always":{"share":0},"sometimes":{"share":1}})");
}
