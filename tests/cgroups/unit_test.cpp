// SPDX-License-Identifier: Apache-2.0
//
// What a systemd driver asks for: names, places, properties.
#include <string>
#include <utility>
#include <vector>

#include <ocikit/cgroups/gvariant_text.hpp>
#include <ocikit/cgroups/unit_name.hpp>
#include <ocikit/cgroups/unit_properties.hpp>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::cgroups;

namespace {

/// A value as busctl(1) shows it, without quotes: `t 5`, `as 2 a b`.
std::string shown(const bus_value& value);

std::string content(const bus_value& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using type = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<type, bool>)
          return v ? "true" : "false";
        else if constexpr (std::is_same_v<type, std::string>)
          return v;
        else if constexpr (std::is_arithmetic_v<type>)
          return std::to_string(v);
        else {
          std::string out;
          if constexpr (std::is_same_v<type, bus_value::array>) out = std::to_string(v.items.size());
          for (const auto& item : v.items) out += (out.empty() ? "" : " ") + content(item);
          return out;
        }
      },
      value.is);
}
std::string shown(const bus_value& value) { return value.signature() + " " + content(value); }

std::vector<std::string> shown(const result<unit_properties>& properties) {
  std::vector<std::string> out;
  if (!properties) return {"error: " + properties.error().message()};
  for (const auto& each : *properties) out.push_back(each.name + " " + shown(each.value));
  return out;
}
using lines = std::vector<std::string>;

std::string place(const std::string& path, bool of_user = false) {
  const auto got = plan_unit(path, "c1", of_user);
  if (!got) return got.error().message();
  return got->slice + " " + got->unit + " " + got->path;
}

const std::string at_path = " (config.json#/linux/cgroupsPath)";
constexpr systemd_facts newest{257, true}, legacy{257, false};

spec::resources cpu_of(spec::cpu cpu) {
  spec::resources r;
  r.cpu = std::move(cpu);
  return r;
}
spec::cpu quota_of(std::int64_t quota, std::uint64_t period) {
  spec::cpu cpu;
  if (quota != 0) cpu.quota = quota;
  if (period != 0) cpu.period = period;
  return cpu;
}

}  // namespace

TEST_CASE("slice:prefix:name is a scope in a slice, whose cgroup lies below those of the slice's name") {
  CHECK(place("") == "system.slice runc-c1.scope system.slice/runc-c1.scope");
  CHECK(place("", true) == "user.slice runc-c1.scope user.slice/runc-c1.scope");
  CHECK(place("machine.slice:libpod:abc") == "machine.slice libpod-abc.scope machine.slice/libpod-abc.scope");
  CHECK(place(":docker:x") == "system.slice docker-x.scope system.slice/docker-x.scope");
  CHECK(place("a-b-c.slice::x") == "a-b-c.slice -x.scope a.slice/a-b.slice/a-b-c.slice/-x.scope");
  CHECK(place("-.slice:p:x") == "-.slice p-x.scope p-x.scope");
  CHECK(place("kube.slice:p:kube-pod.slice") == "kube.slice kube-pod.slice kube.slice/kube-pod.slice");
  CHECK(place(":p:a..b") == "system.slice p-a..b.scope system.slice/p-a..b.scope");
}

TEST_CASE("a cgroup whose name the kernel might want for a file has an underscore before it") {
  CHECK(place("cpu.slice:p:x") == "cpu.slice p-x.scope _cpu.slice/p-x.scope");
  CHECK(place("memory-a.slice:p:x") == "memory-a.slice p-x.scope _memory.slice/memory-a.slice/p-x.scope");
  CHECK(place(":_p:x") == "system.slice _p-x.scope system.slice/__p-x.scope");
  CHECK(place(":.p:x") == "system.slice .p-x.scope system.slice/_.p-x.scope");
}

TEST_CASE("what is no unit's name is refused before systemd sees it") {
  CHECK(place("/a/b") ==
        "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"/a/b\" "
        "instead" +
            at_path);
  for (const std::string path : {"a:b", "a:b:c:d", "::::", "x"})
    CHECK(place(path).find("expected cgroupsPath to be of format") == 0);
  const std::string slices[] = {".slice",     "a",         "a-.slice", "-a.slice",  "a--b.slice",
                                "../x.slice", "a/b.slice", "--.slice", "a b.slice", std::string{"a\0.slice", 8},
                                "a\n.slice",  "@.slice"};
  for (const auto& slice : slices) {
    INFO(slice);
    const auto got = place(slice + ":p:x");
    const bool refused = got.ends_with("\" is no name for a systemd slice" + at_path) ||
                         got.ends_with("\" is no name for a systemd unit" + at_path);
    CHECK(refused);
  }
  for (const std::string& name : {std::string{"../x"}, std::string{"a/b"}, std::string{"x\ny"}, std::string{"x\0y", 3},
                                  std::string{"a b"}, std::string{"\xff"}, std::string{"x@"}}) {
    INFO(name);
    CHECK(place(":p:" + name).ends_with(" is no name for a systemd unit" + at_path));
  }
  CHECK(place(":p:x\ny") == "\"p-x?y.scope\" is no name for a systemd unit" + at_path);
  CHECK(place(":p:-.slice") == "the root of all cgroups is no container's cgroup" + at_path);
  CHECK(place(":p:" + std::string(247, 'x')).find("system.slice p-xxx") == 0);
  CHECK(place(":p:" + std::string(248, 'x')) == "the unit's name has 256 bytes, 255 are possible" + at_path);
  CHECK(place(":p:" + std::string(70000, 'x')) == "the unit's name has 70008 bytes, 255 are possible" + at_path);
  CHECK(place(std::string(70000, 'x')).size() < 300);
  std::string many = "a";
  for (int i = 0; i < 100; ++i) many += "-a";
  CHECK(place(many + ".slice:p:x") == "the cgroup's path is longer than 4095 bytes" + at_path);
}

TEST_CASE("a cgroup belongs to the first unit on its way that is neither a slice nor a user's manager") {
  const std::pair<const char*, unit_part> rows[] = {
      {"machine.slice/libpod-abc.scope", {"libpod-abc.scope", ""}},
      {"machine.slice/libpod-abc.scope/a/b", {"libpod-abc.scope", "a/b"}},
      {"system.slice/c.scope/init.scope", {"c.scope", "init.scope"}},
      {"user.slice/user-1000.slice/user@1000.service/user.slice/c.scope", {"c.scope", ""}},
      {"user.slice/user-1000.slice/user@1000.service/app.slice/x.service/y", {"x.service", "y"}},
      {"a.slice/a-b.slice", {"a-b.slice", ""}},
      {"a.slice/a-b.slice/x", {"a-b.slice", "x"}},
      {"_cpu.slice/__p-x.scope", {"_p-x.scope", ""}},
      {"docker/abc/system.slice/c.scope", {"c.scope", ""}},
      {"docker/abc", {"", ""}},
      {"", {"", ""}},
  };
  for (const auto& [path, want] : rows) {
    INFO(path);
    CHECK(unit_of(path) == want);
  }
}

TEST_CASE("a CPU quota is told per second and rounded up to what systemd can have, in the files too") {
  struct row {
    std::int64_t quota;
    std::uint64_t period;
    lines want;
    std::int64_t in_file;
  };
  const row rows[] = {
      {50000, 100000, {"CPUQuotaPeriodUSec t 100000", "CPUQuotaPerSecUSec t 500000"}, 50000},
      {12345, 100000, {"CPUQuotaPeriodUSec t 100000", "CPUQuotaPerSecUSec t 130000"}, 13000},
      {1, 1000000, {"CPUQuotaPeriodUSec t 1000000", "CPUQuotaPerSecUSec t 10000"}, 10000},
      {20000, 0, {"CPUQuotaPerSecUSec t 200000"}, 20000},
      {-1, 50000, {"CPUQuotaPeriodUSec t 50000", "CPUQuotaPerSecUSec t 18446744073709551615"}, -1},
      {0, 50000, {"CPUQuotaPeriodUSec t 50000", "CPUQuotaPerSecUSec t 18446744073709551615"}, 0},
      {INT64_MAX, 1, {"CPUQuotaPeriodUSec t 1", "CPUQuotaPerSecUSec t 18446744073709551615"}, 18446744073709},
  };
  for (const auto& [quota, period, want, in_file] : rows) {
    const auto wanted = cpu_of(quota_of(quota, period));
    CHECK(shown(plan_unit_limits(wanted, newest)) == want);
    CHECK(with_rounded_quota(wanted).cpu->quota.value_or(0) == in_file);
  }
  CHECK(shown(plan_unit_limits(cpu_of(quota_of(50000, 100000)), {241, true})) == lines{"CPUQuotaPerSecUSec t 500000"});
}

TEST_CASE("limits become the properties that this systemd and this kind of cgroup have") {
  spec::resources all;
  all.memory = spec::memory{};
  all.memory->limit = 1 << 20;
  all.memory->swap = 3 << 20;
  all.memory->reservation = -1;
  all.cpu = spec::cpu{};
  all.cpu->shares = 1024;
  all.cpu->cpus = "0-2,9";
  all.cpu->mems = "0";
  all.pids = spec::pids{0};
  all.block_io = spec::block_io{};
  all.block_io->weight = 500;
  CHECK(shown(plan_unit_limits(all, newest)) ==
        lines{"MemoryMax t 1048576", "MemoryLow t 18446744073709551615", "MemorySwapMax t 2097152", "CPUWeight t 100",
              "AllowedCPUs ay 2 7 2", "AllowedMemoryNodes ay 1 1", "TasksMax t 1"});
  CHECK(shown(plan_unit_limits(all, {243, true})) == lines{"MemoryMax t 1048576", "MemoryLow t 18446744073709551615",
                                                           "MemorySwapMax t 2097152", "CPUWeight t 100",
                                                           "TasksMax t 1"});
  CHECK(shown(plan_unit_limits(all, legacy)) ==
        lines{"MemoryLimit t 1048576", "CPUShares t 1024", "TasksMax t 1", "BlockIOWeight t 500"});
  all = {};
  all.memory = spec::memory{};
  all.memory->limit = all.memory->swap = 4096;
  all.cpu = spec::cpu{};
  all.cpu->shares = 1024;
  all.cpu->idle = 1;
  all.pids = spec::pids{-1};
  CHECK(shown(plan_unit_limits(all, newest)) ==
        lines{"MemoryMax t 4096", "TasksMax t 18446744073709551615", "CPUWeight t 0"});
  CHECK(shown(plan_unit_limits(all, {251, true}))[1] == "CPUWeight t 100");
  CHECK(shown(plan_unit_limits({}, newest)).empty());
}

TEST_CASE("files of the unified hierarchy become properties where systemd has them") {
  spec::resources all;
  all.unified = {{"cpu.max", "max 50000"}, {"cpu.max", "25000"},      {"cpu.weight", "7"}, {"cpu.idle", "0"},
                 {"cpuset.cpus", "1"},     {"memory.high", "1G"},     {"memory.min", "0"}, {"memory.swap.max", "max"},
                 {"pids.max", "12\n"},     {"hugetlb.2MB.max", "max"}};
  CHECK(shown(plan_unit_limits(all, newest)) ==
        lines{"CPUQuotaPeriodUSec t 50000", "CPUQuotaPerSecUSec t 18446744073709551615", "CPUQuotaPeriodUSec t 100000",
              "CPUQuotaPerSecUSec t 250000", "CPUWeight t 7", "AllowedCPUs ay 1 2", "MemoryHigh t 1073741824",
              "MemoryMin t 0", "MemorySwapMax t 18446744073709551615", "TasksMax t 12"});
  all.unified = {{"cpu.idle", "1"}, {"cpu.weight", "7"}};
  CHECK(shown(plan_unit_limits(all, newest)) == lines{"CPUWeight t 0"});
  CHECK(shown(plan_unit_limits(all, {251, true})) == lines{"CPUWeight t 7"});
  const std::pair<const char*, const char*> bad[] = {
      {"memory.max", "many"}, {"memory.max", ""}, {"memory.max", "1Gx"},         {"cpu.max", ""},
      {"cpu.max", "0 5"},     {"cpu.max", "5 x"}, {"memory.max", "99999999999T"}};
  for (const auto& [file, value] : bad) {
    all.unified = {{file, value}};
    CHECK(shown(plan_unit_limits(all, newest)) == lines{"error: unified resource \"" + std::string{file} +
                                                        "\" has no value that it can have (config.json#"
                                                        "/linux/resources/unified/" +
                                                        file + ")"});
  }
}

TEST_CASE("a list of CPUs is a bit mask") {
  CHECK(parse_set("0") == std::vector<std::uint8_t>{1});
  CHECK(parse_set("0-2,9, 15") == std::vector<std::uint8_t>{7, 0x82});
  CHECK(parse_set("8191")->size() == 1024);
  for (const std::string list : {"", ",", "1,", "a", "2-1", "8192", "-1", "1-", "0-99999999999999999999", "0:1"}) {
    INFO(list);
    CHECK_FALSE(parse_set(list));
  }
}

TEST_CASE("systemd is told of devices what it can say") {
  const auto rule = [](bool allow, char type, std::int64_t major, std::int64_t minor, const char* access) {
    spec::device_rule r;
    r.allow = allow;
    r.type = static_cast<spec::device_rule_type>(type);
    r.major = major;
    r.minor = minor;
    r.access = access;
    return r;
  };
  const auto properties = [&](std::vector<spec::device_rule> rules, const systemd_facts& host) {
    return shown(result<unit_properties>{plan_unit_devices(*evaluate_devices(rules), host)});
  };
  CHECK(properties({rule(true, 'b', 8, -1, "r"), rule(true, 'c', -1, 7, "rw")}, newest) ==
        lines{"DevicePolicy s strict", "DeviceAllow a(ss) 0",
              "DeviceAllow a(ss) 12 block-8 r char-* m block-* m /dev/char/1:3 rwm /dev/char/1:8 rwm /dev/char/1:7 rwm "
              "/dev/char/5:0 rwm /dev/char/1:5 rwm /dev/char/1:9 rwm char-136 rwm /dev/char/5:2 rwm "
              "/dev/char/10:200 rwm"});
  CHECK(properties({rule(true, 'a', -1, -1, "rwm")}, legacy) == lines{"DevicePolicy s auto", "DeviceAllow a(ss) 0"});
  const auto all_but_one = std::vector{rule(true, 'a', -1, -1, "rwm"), rule(false, 'c', 10, 229, "rwm")};
  CHECK(properties(all_but_one, newest) == lines{"DevicePolicy s auto", "DeviceAllow a(ss) 0"});
  CHECK(properties(all_but_one, legacy) == lines{"DevicePolicy s strict", "DeviceAllow a(ss) 0"});
}

TEST_CASE("GVariant text") {
  const std::pair<const char*, const char*> rows[] = {
      {"true", "b true"},
      {" false ", "b false"},
      {"5", "i 5"},
      {"-0x10", "i -16"},
      {"010", "i 8"},
      {"uint64 18446744073709551615", "t 18446744073709551615"},
      {"@t 5", "t 5"},
      {"byte 255", "y 255"},
      {"int64 -9223372036854775808", "x -9223372036854775808"},
      {"1.5", "d 1.500000"},
      {"double 2", "d 2.000000"},
      {"'a b'", "s a b"},
      {"\"it's\"", "s it's"},
      {R"('\'\\\n\u00e9\U0001f600')", "s '\\\n\u00e9\U0001f600"},
      {"['a', 'b']", "as 2 a b"},
      {"@as []", "as 0"},
      {"[uint64 1, 2]", "at 2 1 2"},
      {"[[1],[2, 3]]", "aai 2 1 1 2 2 3"},
      {"[('/dev/null', 'rw')]", "a(ss) 1 /dev/null rw"},
      {"@(st) ('a', 5)", "(st) a 5"},
      {"b'ab'", "ay 3 97 98 0"},
  };
  for (const auto& [text, want] : rows) {
    INFO(text);
    const auto got = parse_gvariant(text);
    REQUIRE(got);
    CHECK(shown(*got) == want);
  }
}

TEST_CASE("text that is no value is refused, however it was made to hurt") {
  const std::string rows[] = {"",
                              " ",
                              "hello",
                              "'",
                              "'a",
                              "'a\\",
                              "5 6",
                              "[1, 'a']",
                              "[",
                              "[1",
                              "[]",
                              "(",
                              "(1",
                              "()",
                              "@",
                              "@a",
                              "@as",
                              "@as 5",
                              "@(s ('a')",
                              "@zz 5",
                              "uint64 -1",
                              "uint64",
                              "byte 256",
                              "int16 40000",
                              "99999999999",
                              "99999999999999999999999",
                              "0x",
                              "1e",
                              "{'a': 1}",
                              "<5>",
                              "nothing",
                              "just 5",
                              "'\\ud800'",
                              "'\\u00'",
                              "@(ss) ('a')",
                              "@(ss) ('a', 'b', 'c')",
                              "uint64 int32 5",
                              std::string{"'a\0b'", 5},
                              std::string(100000, '['),
                              std::string(100000, '('),
                              "@" + std::string(100000, 'a') + " []",
                              std::string(100000, '\'')};
  for (const auto& text : rows) {
    INFO(text.substr(0, 40));
    CHECK_FALSE(parse_gvariant(text));
  }
}

TEST_CASE("an annotation names a property, and can do nothing else") {
  CHECK(shown(plan_annotated_properties({{"a", "b"},
                                         {"org.systemd.property.TimeoutStopUSec", "uint64 123456789"},
                                         {"org.systemd.property.TimeoutStopSec", "2.5"},
                                         {"org.systemd.property.KillSignal", "37"},
                                         {"org.systemd.property.After", "['a.service']"}})) ==
        lines{"TimeoutStopUSec t 123456789", "TimeoutStopUSec t 2500000", "KillSignal i 37", "After as 1 a.service"});
  for (const std::string name : {"", "ab", "Exec Start", "A=b", "Foo\nBar", "Foo.Bar", "Wert1"})
    CHECK(shown(plan_annotated_properties({{"org.systemd.property." + name, "true"}}))[0].find(
              "error: a property's name is three letters or more, and nothing else (config.json#/annotations/") == 0);
  for (const std::string name : {"PIDs", "PIDFDs", "Slice", "Delegate", "Controller"})
    CHECK(shown(plan_annotated_properties({{"org.systemd.property." + name, "true"}})) ==
          lines{"error: the property " + name +
                " is not for annotations to set (config.json#/annotations/"
                "org.systemd.property." +
                name + ")"});
  for (const std::string value : {"-1", "'x'", "true", "1e30", "int64 99999999999999"})
    CHECK(shown(plan_annotated_properties({{"org.systemd.property.TimeoutStopSec", value}})) ==
          lines{"error: the property's value is no number of seconds (config.json#/annotations/"
                "org.systemd.property.TimeoutStopSec)"});
  CHECK(shown(plan_annotated_properties({{"org.systemd.property.KillMode", "mixed"}})) ==
        lines{"error: the property's value is not usable: \"mixed\" is no value (config.json#/annotations/"
              "org.systemd.property.KillMode)"});
}
