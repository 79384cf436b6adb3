// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <ocikit/container/state_document.hpp>

#include "catch.hpp"
#include "example_container.hpp"

using namespace ocikit;
using namespace ocikit::container;
using testing::example_state;
using testing::id;

static std::string message_of(const result<state>& got) { return got ? "(accepted)" : got.error().message(); }

TEST_CASE("what was written is read back, the whole config.json included") {
  auto saved = example_state();
  saved.config.process.emplace();
  saved.config.process->args = {"/bin/sh", "-c", "echo \"<&>\"\n"};
  saved.config.process->env.emplace();
  saved.config.hooks.emplace();
  saved.config.hooks->poststop.push_back({.path = "/bin/true", .args = {"true"}, .env = {}, .timeout = 3});
  set_init_process(saved, 4711, 123456789);
  const auto got = parse_state_document(write_state_document(saved).value(), id());
  REQUIRE(got);
  CHECK(*got == saved);
}

TEST_CASE("programs that read runc's state find their keys") {
  auto saved = example_state();
  set_init_process(saved, 4711, 99);
  const auto text = write_state_document(saved).value();
  for (const char* part :
       {R"("id":"c1")", R"("init_process_pid":4711)", R"("init_process_start":99)",
        R"("created":"2026-11-21T23:06:41.123456789Z")", R"("rootless":false)",
        R"("cgroup_paths":{"":"/sys/fs/cgroup/c1"})", R"("NEWNS":"/proc/4711/ns/mnt")",
        R"("external_descriptors":["/dev/null","pipe:[1]","pipe:[2]"])", R"("intel_rdt_path":"")",
        R"("config":{"rootfs":"/b/rootfs","labels":["org.b=2","org.a=<1>","bundle=/b"])",
        R"("namespaces":[{"type":"NEWPID","path":""},{"type":"NEWNET","path":"/run/netns/n"}])", R"("hostname":"box")",
        R"("mounts":[{"destination":"/proc","type":"proc","source":"proc"}])"}) {
    INFO(part);
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("every beginning of a document that is not the whole of it is refused") {
  const auto text = write_state_document(example_state()).value();
  for (std::size_t size = 0; size < text.size(); ++size) {
    INFO(size);
    REQUIRE(message_of(parse_state_document(text.substr(0, size), id())).starts_with("invalid state: "));
  }
}

static std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("a document that cannot be right is refused, and the message says where") {
  const auto good = write_state_document(example_state()).value();
  REQUIRE(parse_state_document(good, id()));
  struct {
    std::string text, part;
  } const table[] = {
      {"", "unexpected EOF"},
      {"[]", "expected an object, found an array"},
      {good + "x", "state.json#"},
      {with(good, R"("id":"c1")", R"("id":"c2")"), "it is of another container"},
      {with(good, R"("schema":1)", R"("schema":2)"), "schema 2 is not known to this version"},
      {with(good, R"("init_process_pid":0)", R"("init_process_pid":-1)"), "negative init_process_pid"},
      {with(good, R"("init_process_pid":0)", R"("init_process_pid":4194305)"), "state.json#/init_process_pid"},
      {with(good, R"("init_process_pid":0)", R"("init_process_pid":"1")"), "state.json#/init_process_pid"},
      {with(good, R"("init_process_start":0)", R"("init_process_start":1e3)"), "state.json#/init_process_start"},
      {with(good, R"("rootless":false)", R"("rootless":false,"rootless":true)"), "twice"},
      {with(good, R"("ocikit":{)", R"("ocikat":{)"), "missing property \"ocikit\""},
      {with(good, "/b/rootfs", "/b/\\u0000"), "state.json#"},
      {with(good, "box", "b\xffx"), "state.json#"},
  };
  for (const auto& [text, part] : table) {
    const auto message = message_of(parse_state_document(text, id()));
    INFO(message);
    CHECK(message.starts_with("invalid state: "));
    CHECK(message.find(part) != std::string::npos);
  }
}

TEST_CASE("a property that a newer version added is no reason to lose the container") {
  const auto text = with(write_state_document(example_state()).value(), R"("rootless")", R"("newer":[1],"rootless")");
  CHECK(parse_state_document(text, id()));
}

TEST_CASE("a pid namespace is private when it is new, and neither when it is joined nor when there is none") {
  auto config = [](std::vector<spec::linux_namespace> namespaces) {
    spec::config made;
    made.platform.emplace();
    made.platform->namespaces = std::move(namespaces);
    return made;
  };
  CHECK(has_private_pid_namespace(config({{spec::namespace_type::pid, ""}})));
  CHECK(!has_private_pid_namespace(config({{spec::namespace_type::pid, "/proc/1/ns/pid"}})));
  CHECK(!has_private_pid_namespace(config({{spec::namespace_type::mount, ""}})));
  CHECK(!has_private_pid_namespace({}));
}

TEST_CASE("what would be too long to read back is not written") {
  auto saved = example_state();
  saved.config.mounts.assign(40, {.destination = std::string(1U << 20U, 'x')});
  CHECK(write_state_document(saved).error().message() == "the container's state is too large to keep");
}
