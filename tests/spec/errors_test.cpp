// SPDX-License-Identifier: Apache-2.0
#include <ocikit/spec/parse.hpp>

#include "catch.hpp"
#include "documents.hpp"

using namespace ocikit;

struct refused_document {
  std::string_view text;
  std::string_view message;
};

static void check_all(std::initializer_list<refused_document> list) {
  for (const auto& [text, message] : list) {
    INFO(text);
    CHECK(refusal_of(text) == message);
  }
}

TEST_CASE("a value of the wrong kind is named with its line, column and JSON pointer") {
  CHECK(refusal_of("{\n  \"process\": {\n    \"args\": [\"a\", 1]\n  }\n}") ==
        "expected a string, found a number at line 3, column 19 (config.json#/process/args/1)");
  check_all({
      {R"({"hostname":{}})", "expected a string, found an object at line 1, column 13 (config.json#/hostname)"},
      {R"({"hostname":true})", "expected a string, found a boolean at line 1, column 13 (config.json#/hostname)"},
      {R"({"mounts":{}})", "expected an array, found an object at line 1, column 11 (config.json#/mounts)"},
      {R"({"root":[]})", "expected an object, found an array at line 1, column 9 (config.json#/root)"},
      {R"({"annotations":"x"})", "expected an object, found a string at line 1, column 16 (config.json#/annotations)"},
      {R"({"annotations":{"a":1}})",
       "expected a string, found a number at line 1, column 21 (config.json#/annotations/a)"},
      {R"({"process":{"terminal":"x"}})",
       "expected true or false, found a string at line 1, column 24 (config.json#/process/terminal)"},
      {R"({"process":{"user":{"uid":"0"}}})",
       "expected an integer, found a string at line 1, column 27 (config.json#/process/user/uid)"},
      {R"({"process":{"args":[null]}})",
       "expected a string, found null at line 1, column 21 (config.json#/process/args/0)"},
      {R"([])", "expected an object, found an array at line 1, column 1"},
      {R"("x")", "expected an object, found a string at line 1, column 1"},
      {R"(null)", "config cannot be null"},
  });
}

TEST_CASE("an integer must be exact and in the range of its field") {
  const auto uid = [](std::string_view number) {
    return refusal_of(R"({"process":{"user":{"uid":)" + std::string{number} + "}}}");
  };
  const std::string where = " at line 1, column 27 (config.json#/process/user/uid)";
  CHECK(uid("4294967294") == "accepted");
  CHECK(uid("4294967295") == "4294967295 is out of range (0 to 4294967294)" + where);
  CHECK(uid("-1") == "-1 is out of range (0 to 4294967294)" + where);
  CHECK(uid("18446744073709551617") == "18446744073709551617 is out of range (0 to 4294967294)" + where);
  CHECK(uid("1.0") == "expected an integer, found 1.0" + where);
  CHECK(uid("1e3") == "expected an integer, found 1e3" + where);
  CHECK(uid("01") == "malformed number at line 1, column 28");
  CHECK(uid("+1") == "expected a value at line 1, column 27");
  CHECK(uid("0x1") == "expected ',' or '}' at line 1, column 28");
  CHECK(uid("1:2") == "expected ',' or '}' at line 1, column 28");
  CHECK(uid("-") == "malformed number at line 1, column 28");
  check_all({
      {R"({"linux":{"resources":{"memory":{"limit":9223372036854775808}}}})",
       "9223372036854775808 is out of range (-9223372036854775808 to 9223372036854775807) at line 1, column 42 "
       "(config.json#/linux/resources/memory/limit)"},
      {R"({"linux":{"resources":{"blockIO":{"weight":65536}}}})",
       "65536 is out of range (0 to 65535) at line 1, column 44 (config.json#/linux/resources/blockIO/weight)"},
      {R"({"linux":{"timeOffsets":{"boottime":{"nanosecs":1000000000}}}})",
       "1000000000 is out of range (0 to 999999999) at line 1, column 49 "
       "(config.json#/linux/timeOffsets/boottime/nanosecs)"},
  });
}

TEST_CASE("a name outside a closed set is refused with runc's words") {
  check_all({
      {R"({"process":{"rlimits":[{"type":"RLIMIT_X","hard":1,"soft":1}]}})",
       "wrong rlimit value: RLIMIT_X at line 1, column 32 (config.json#/process/rlimits/0/type)"},
      {R"({"process":{"scheduler":{"policy":"SCHED_X"}}})",
       "invalid scheduler policy: SCHED_X at line 1, column 35 (config.json#/process/scheduler/policy)"},
      {R"({"process":{"scheduler":{"flags":["F"]}}})",
       "invalid scheduler flag: F at line 1, column 35 (config.json#/process/scheduler/flags/0)"},
      {R"({"process":{"ioPriority":{"class":"X"}}})",
       "invalid ioPriority.Class: \"X\" at line 1, column 35 (config.json#/process/ioPriority/class)"},
      {R"({"linux":{"namespaces":[{"type":"foo"}]}})",
       "namespace {\"foo\" \"\"} does not exist at line 1, column 33 (config.json#/linux/namespaces/0/type)"},
      {R"({"linux":{"devices":[{"path":"/dev/x","type":"z"}]}})",
       "invalid device type \"z\" at line 1, column 46 (config.json#/linux/devices/0/type)"},
      {R"({"linux":{"resources":{"devices":[{"allow":true,"type":"z"}]}}})",
       "invalid cgroup device type \"z\" at line 1, column 56 (config.json#/linux/resources/devices/0/type)"},
      {R"({"linux":{"seccomp":{"defaultAction":"X"}}})",
       "string X is not a valid action for seccomp at line 1, column 38 (config.json#/linux/seccomp/defaultAction)"},
      {R"({"linux":{"seccomp":{"architectures":["X"]}}})",
       "string X is not a valid arch for seccomp at line 1, column 39 (config.json#/linux/seccomp/architectures/0)"},
      {R"({"linux":{"seccomp":{"flags":["X"]}}})",
       "seccomp flag X is not known to ocirun at line 1, column 31 (config.json#/linux/seccomp/flags/0)"},
      {R"({"linux":{"seccomp":{"syscalls":[{"names":["a"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":0,"op":"X"}]}]}}})",
       "string X is not a valid operator for seccomp at line 1, column 107 "
       "(config.json#/linux/seccomp/syscalls/0/args/0/op)"},
      {R"({"linux":{"rootfsPropagation":"x"}})",
       "rootfsPropagation=x is not supported at line 1, column 31 (config.json#/linux/rootfsPropagation)"},
      {R"({"linux":{"personality":{"domain":"x\n"}}})",
       "invalid personality domain x\\x0a at line 1, column 35 (config.json#/linux/personality/domain)"},
      {R"({"linux":{"memoryPolicy":{"mode":"x"}}})",
       "invalid memory policy mode \"x\" at line 1, column 34 (config.json#/linux/memoryPolicy/mode)"},
      {R"({"linux":{"memoryPolicy":{"flags":["x"]}}})",
       "invalid memory policy flag \"x\" at line 1, column 36 (config.json#/linux/memoryPolicy/flags/0)"},
  });
  CHECK(refusal_of<spec::state>(R"({"status":"x"})", {.document = "state.json"}) ==
        "no such container status: x at line 1, column 11 (state.json#/status)");
}

TEST_CASE("what an object cannot do without is missed by name, where the object begins") {
  check_all({
      {R"({"root":{"readonly":true}})", "missing property \"path\" at line 1, column 9 (config.json#/root)"},
      {R"({"root":{"path":null}})", "missing property \"path\" at line 1, column 9 (config.json#/root)"},
      {R"({"mounts":[{"source":"x"}]})",
       "missing property \"destination\" at line 1, column 12 (config.json#/mounts/0)"},
      {R"({"linux":{"uidMappings":[{"containerID":0,"size":1}]}})",
       "missing property \"hostID\" at line 1, column 26 (config.json#/linux/uidMappings/0)"},
  });
}

TEST_CASE("a property that appears twice is refused, because two readers could believe two different ones") {
  check_all({
      {R"({"hostname":"a","hostname":"b"})",
       "property \"hostname\" appears twice at line 1, column 17 (config.json#/hostname)"},
      {R"({"hostname":null,"hostname":"b"})",
       "property \"hostname\" appears twice at line 1, column 18 (config.json#/hostname)"},
      {R"({"hostname":"a","h\u006fstname":"b"})",
       "property \"hostname\" appears twice at line 1, column 17 (config.json#/hostname)"},
      {R"({"annotations":{"z":"1","a":"2","z":"3"}})",
       "property \"z\" appears twice at line 1, column 33 (config.json#/annotations/z)"},
      {R"({"x":1,"y":2,"x":3})", "property \"x\" appears twice at line 1, column 14 (config.json#/x)"},
      {R"({"x":{"y":1,"y":2}})", "property \"y\" appears twice at line 1, column 13 (config.json#/x/y)"},
      {R"({"windows":1,"windows":2})",
       "property \"windows\" appears twice at line 1, column 14 (config.json#/windows)"},
  });
}

TEST_CASE("what is not JSON is named with its line and column") {
  check_all({
      {"", "unexpected EOF at line 1, column 1"},
      {" \n ", "unexpected EOF at line 2, column 2"},
      {"{", "unexpected EOF at line 1, column 2"},
      {"{\"a\"", "unexpected EOF at line 1, column 5"},
      {"{\"a\":", "unexpected EOF at line 1, column 6"},
      {"{\"a", "unexpected EOF at line 1, column 4"},
      {"{\"a\":1", "unexpected EOF at line 1, column 7"},
      {"{\"hostname\":\"a\",}", "expected a property name in double quotes at line 1, column 17"},
      {"{\"hostname\" \"a\"}", "expected ':' at line 1, column 13"},
      {"{\n\"hostname\":\"a\"\n\"domainname\":\"b\"}", "expected ',' or '}' at line 3, column 1"},
      {"{\"mounts\":[1 2]}", "expected an object, found a number at line 1, column 12 (config.json#/mounts/0)"},
      {"{\"process\":{\"args\":[\"a\" \"b\"]}}", "expected ',' or ']' at line 1, column 25"},
      {"{\"process\":{\"args\":[\"a\",]}}", "expected a value at line 1, column 25"},
      {"{\"process\":{\"args\":[\"a\"}}", "expected ',' or ']' at line 1, column 24"},
      {"{\"hostname\":nul}", "expected a value at line 1, column 16"},
      {"{\"hostname\":nulx}", "expected a value at line 1, column 16"},
      {"{\"process\":{\"terminal\":tru}}", "expected a value at line 1, column 27"},
      {"{\"process\":{\"terminal\":truex}}", "expected ',' or '}' at line 1, column 28"},
      {"{hostname:1}", "expected a property name in double quotes at line 1, column 2"},
      {"{'hostname':1}", "expected a property name in double quotes at line 1, column 2"},
      {"{\"hostname\":}", "expected a value at line 1, column 13"},
      {"{\"hostname\":,}", "expected a value at line 1, column 13"},
      {"{\"a\":1}}", "unexpected text after the document at line 1, column 8"},
      {"{\"a\":1} {}", "unexpected text after the document at line 1, column 9"},
      {"{\"a\":1} x", "unexpected text after the document at line 1, column 9"},
      {"{\"a\":1}\n,", "unexpected text after the document at line 2, column 1"},
      {"// c\n{}", "expected a value at line 1, column 1"},
      {"{} // c", "unexpected text after the document at line 1, column 4"},
      {"\xef\xbb\xbf{}", "expected a value at line 1, column 1"},
      {"{\"a\":[1,2}", "expected ',' or ']' at line 1, column 10"},
      {"{\"a\":{\"b\":1]}", "expected ',' or '}' at line 1, column 12"},
      {"{\"a\":1.}", "malformed number at line 1, column 8"},
      {"{\"a\":.5}", "expected a value at line 1, column 6"},
      {"{\"a\":1e}", "malformed number at line 1, column 8"},
      {"{\"a\":NaN}", "expected a value at line 1, column 6"},
      {"{\"a\":\"b\"c}", "expected ',' or '}' at line 1, column 9"},
  });
}

TEST_CASE("strings are UTF-8 without NUL and control characters, however they are spelt") {
  const std::string_view raw_nul{"{\"hostname\":\"a\0b\"}", 18};
  check_all({
      {R"({"hostname":"a\u0000b"})", "string contains NUL at line 1, column 13 (config.json#/hostname)"},
      {R"({"annotations":{"a\u0000":"b"}})", "string contains NUL at line 1, column 17 (config.json#/annotations)"},
      {R"({"x":"a\u0000b"})", "string contains NUL at line 1, column 6 (config.json#/x)"},
      {raw_nul, "unescaped control character in a string at line 1, column 15"},
      {"{\"hostname\":\"a\nb\"}", "unescaped control character in a string at line 1, column 15"},
      {"{\"hostname\":\"a\tb\"}", "unescaped control character in a string at line 1, column 15"},
      {"{\"hostname\":\"\x80\"}", "invalid UTF-8 at line 1, column 14"},
      {"{\"hostname\":\"\xc0\xaf\"}", "invalid UTF-8 at line 1, column 14"},
      {"{\"hostname\":\"\xed\xa0\x80\"}", "invalid UTF-8 at line 1, column 14"},
      {"{\"hostname\":\"\xf4\x90\x80\x80\"}", "invalid UTF-8 at line 1, column 14"},
      {"{\"hostname\":\"\xe2\x82\"}", "invalid UTF-8 at line 1, column 14"},
      {R"({"hostname":"\ud800"})", "invalid escape at line 1, column 14"},
      {R"({"hostname":"\udc00"})", "invalid escape at line 1, column 14"},
      {R"({"hostname":"\ud800\u0041"})", "invalid escape at line 1, column 14"},
      {R"({"hostname":"\ud800\ud800"})", "invalid escape at line 1, column 14"},
      {R"({"hostname":"\x"})", "invalid escape at line 1, column 15"},
      {R"({"hostname":"\u12g4"})", "invalid escape at line 1, column 18"},
      {R"({"x":"\ud800"})", "invalid escape at line 1, column 7"},
      {R"({"x\ud800":1})", "invalid escape at line 1, column 4"},
  });
}

TEST_CASE("a document of another name says so in its errors and lends no pointer to config.json") {
  const auto got = spec::parse_process(R"({"cwd":1})");
  REQUIRE(!got);
  CHECK(got.error().message() == "expected a string, found a number at line 1, column 8 (process.json#/cwd)");
  CHECK(got.error().where().empty());
  CHECK(got.error().kind() == errc::config);
  CHECK(spec::parse_resources(R"({"pids":{"limit":"1"}})").error().message() ==
        "expected an integer, found a string at line 1, column 18 (resources.json#/pids/limit)");
}

TEST_CASE("the pointer is there for callers, not only for readers") {
  const auto got = spec::parse_config(R"({"annotations":{"a/b~c":1}})");
  REQUIRE(!got);
  CHECK(got.error().where() == "/annotations/a~1b~0c");
}
