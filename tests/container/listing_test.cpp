// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/listing.hpp>

#include "catch.hpp"
#include "example_container.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;
using enum spec::container_status;

static summary example(spec::container_status status = running) {
  auto saved = example_state();
  saved.init_process_pid = 4711;
  return summarize(saved, status);
}

TEST_CASE("state prints what runc prints, to the byte: sorted annotations, Go's escapes, no newline at the end") {
  CHECK(state_as_json(example()) == R"({
  "ociVersion": "1.3.0",
  "id": "c1",
  "pid": 4711,
  "status": "running",
  "bundle": "/b",
  "rootfs": "/b/rootfs",
  "created": "2026-11-21T23:06:41.123456789Z",
  "annotations": {
    "org.a": "\u003c1\u003e",
    "org.b": "2"
  },
  "owner": ""
})");
}

TEST_CASE("a stopped container has pid 0, and no annotations are no property") {
  auto one = example(stopped);
  one.annotations.clear();
  CHECK(state_as_json(one) == R"({
  "ociVersion": "1.3.0",
  "id": "c1",
  "pid": 0,
  "status": "stopped",
  "bundle": "/b",
  "rootfs": "/b/rootfs",
  "created": "2026-11-21T23:06:41.123456789Z",
  "owner": ""
})");
}

TEST_CASE("list as JSON is one line, and null when there is nothing") {
  CHECK(list_as_json({}) == "null\n");
  auto one = example();
  one.annotations.clear();
  one.owner = "root";
  const std::string object =
      R"({"ociVersion":"1.3.0","id":"c1","pid":4711,"status":"running","bundle":"/b","rootfs":"/b/rootfs",)"
      R"("created":"2026-11-21T23:06:41.123456789Z","owner":"root"})";
  CHECK(list_as_json(std::vector{one, one}) == "[" + object + "," + object + "]\n");
}

TEST_CASE("the table has columns of twelve, wider where a cell and three blanks need it") {
  CHECK(list_as_table({}) == "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
  auto one = example(), two = example(stopped);
  one.owner = "root";
  two.id = "a-longer-name";
  two.bundle = "/\xc3\xa9t\xc3\xa9/abcdefg";  // 12 characters in 14 bytes
  two.owner = "#1000";
  CHECK(
      list_as_table(std::vector{one, two}) ==
      "ID              PID         STATUS      BUNDLE         CREATED                          OWNER\n"
      "c1              4711        running     /b             2026-11-21T23:06:41.123456789Z   root\n"
      "a-longer-name   0           stopped     /\xc3\xa9t\xc3\xa9/abcdefg   2026-11-21T23:06:41.123456789Z   #1000\n");
  CHECK(list_as_ids(std::vector{one, two}) == "c1\na-longer-name\n");
}

TEST_CASE("the owner is a name of passwd(5) or a number") {
  const char* passwd = "root:x:0:0::/root:/bin/sh\nbroken\n\nu10:x:10:1::/:/\nu1:x:1:1::/:/";
  CHECK(user_name(passwd, 0) == "root");
  CHECK(user_name(passwd, 1) == "u1");
  CHECK(user_name(passwd, 10) == "u10");
  CHECK(user_name(passwd, 2) == "#2");
  CHECK(user_name("", 0) == "#0");
}
