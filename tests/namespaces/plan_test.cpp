// SPDX-License-Identifier: Apache-2.0
#include <ocikit/namespaces/plan.hpp>

#include <sched.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "steps_text.hpp"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

using namespace ocikit;
using namespace ocikit::namespaces;
using ocikit::testing::full_text;
using type = spec::namespace_type;

namespace {

using steps = step_list<namespaces::step>;
using list = std::vector<spec::linux_namespace>;

/// All of an arrangement in one value.
std::string arranged(const list& all, std::uint32_t first_slot = 3) {
  text_pool texts;
  std::uint32_t slot = first_slot;
  const arrangement got = plan_namespaces(all, texts, slot);
  const auto place = [](const wanted& one) { return one.entry == nullptr ? "" : one.entry->path + "@" + one.where(); };
  return "clone " + type_names(got.at_clone) + "; pid " + place(got.pid_to_join) + "; user " + place(got.user_to_join) +
         "; slots " + std::to_string(slot) + full_text(got.steps);
}

std::string expected(std::string_view head, const steps& wanted) { return std::string{head} + full_text(wanted); }

}  // namespace

TEST_CASE("each type has its flag and its name in config.json") {
  const std::pair<type, std::uint64_t> table[] = {{type::pid, CLONE_NEWPID},       {type::network, CLONE_NEWNET},
                                                  {type::mount, CLONE_NEWNS},      {type::ipc, CLONE_NEWIPC},
                                                  {type::uts, CLONE_NEWUTS},       {type::user, CLONE_NEWUSER},
                                                  {type::cgroup, CLONE_NEWCGROUP}, {type::time, CLONE_NEWTIME}};
  for (const auto& [one, flag] : table) CHECK(clone_flag(one) == flag);
  CHECK(type_names(0).empty());
  CHECK(type_names(CLONE_NEWTIME | CLONE_NEWNS | CLONE_NEWUSER) == "user, mount, time");
  CHECK(type_names(~0ULL) == "user, pid, network, mount, ipc, uts, cgroup, time");
}

TEST_CASE("user and pid are born into, cgroup and time come later, and the rest is one unshare(2)") {
  CHECK(arranged({}) == expected("clone ; pid ; user ; slots 3", {}));
  CHECK(
      arranged({{type::pid, ""},
                {type::network, ""},
                {type::ipc, ""},
                {type::uts, ""},
                {type::mount, ""},
                {type::cgroup, ""},
                {type::user, ""},
                {type::time, ""}}) ==
      expected("clone user, pid; pid ; user ; slots 3",
               {{namespaces::unshare{CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS}, "/linux/namespaces"}}));
  CHECK(arranged({{type::cgroup, ""}, {type::time, ""}, {type::pid, ""}}) ==
        expected("clone pid; pid ; user ; slots 3", {}));
}

TEST_CASE("joins come first, each with a slot in the config's order, because a new mount namespace hides the paths") {
  CHECK(arranged({{type::mount, ""},
                  {type::network, "/n"},
                  {type::uts, ""},
                  {type::ipc, "/i"},
                  {type::cgroup, "/c"},
                  {type::time, "/t"}}) ==
        expected("clone ; pid ; user ; slots 7",
                 {{join{CLONE_NEWNET, "/n", 3}, "/linux/namespaces/1"},
                  {join{CLONE_NEWIPC, "/i", 4}, "/linux/namespaces/3"},
                  {join{CLONE_NEWCGROUP, "/c", 5}, "/linux/namespaces/4"},
                  {join{CLONE_NEWTIME, "/t", 6}, "/linux/namespaces/5"},
                  {namespaces::unshare{CLONE_NEWNS | CLONE_NEWUTS}, "/linux/namespaces"}}));
}

TEST_CASE("a pid or user namespace that is joined is the birth's business, not a step of the init") {
  CHECK(arranged({{type::ipc, ""}, {type::pid, "/p"}, {type::user, "/u"}}) ==
        expected("clone ; pid /p@/linux/namespaces/1; user /u@/linux/namespaces/2; slots 3",
                 {{namespaces::unshare{CLONE_NEWIPC}, "/linux/namespaces"}}));
  CHECK(arranged({{type::user, "/u"}, {type::pid, ""}}) ==
        expected("clone pid; pid ; user /u@/linux/namespaces/0; slots 3", {}));
}

TEST_CASE("the cgroup namespace is a step of its own, taken when the init is in its cgroup") {
  CHECK(full_text(plan_cgroup_namespace(list{{type::pid, ""}, {type::cgroup, ""}})) ==
        full_text(steps{{namespaces::unshare{CLONE_NEWCGROUP}, "/linux/namespaces/1"}}));
  CHECK(plan_cgroup_namespace(list{{type::cgroup, "/c"}}).empty());
  CHECK(plan_cgroup_namespace(list{{type::pid, ""}}).empty());
}

TEST_CASE("loopback is brought up in a network namespace of the container's own, never in somebody else's") {
  CHECK(full_text(plan_loopback(list{{type::network, ""}})) ==
        full_text(steps{{bring_up_loopback{}, "/linux/namespaces/0"}}));
  CHECK(plan_loopback(list{{type::network, "/n"}}).empty());
  CHECK(plan_loopback({}).empty());
}

TEST_CASE("a new time namespace gets its clocks' offsets before anybody enters it") {
  const auto planned = [](const spec::linux_platform& platform) {
    text_pool texts;
    return full_text(plan_time_namespace(platform, texts));
  };
  const list fresh{{type::uts, ""}, {type::time, ""}};
  const auto step = [](const char* offsets) {
    return full_text(steps{{enter_time_namespace{offsets}, "/linux/timeOffsets"}});
  };
  const auto plain = full_text(steps{{enter_time_namespace{""}, "/linux/namespaces/1"}});
  CHECK(planned({.namespaces = fresh}) == plain);
  CHECK(planned({.namespaces = fresh, .time_offsets = spec::time_offsets{}}) == plain);
  CHECK(planned({.namespaces = fresh,
                 .time_offsets = spec::time_offsets{.monotonic = spec::time_offset{-7, 5},
                                                    .boottime = spec::time_offset{86400, 999999999}}}) ==
        step("monotonic -7 5\nboottime 86400 999999999\n"));
  CHECK(planned({.namespaces = fresh, .time_offsets = spec::time_offsets{.boottime = spec::time_offset{1, 0}}}) ==
        step("boottime 1 0\n"));
  CHECK(planned({.namespaces = {{type::time, "/t"}}}) == full_text(steps{}));
  CHECK(planned({.time_offsets = spec::time_offsets{.monotonic = spec::time_offset{1, 1}}}) == full_text(steps{}));
}

TEST_CASE("names that are not set are not touched") {
  CHECK(plan_names({}).empty());
  CHECK(full_text(plan_names({.hostname = "h", .domainname = "d"})) ==
        full_text(steps{{set_hostname{"h"}, "/hostname"}, {set_domainname{"d"}, "/domainname"}}));
}

namespace {

std::string sysctl(const std::string& key, const std::string& value = "1") {
  text_pool texts;
  const auto got = plan_sysctl({{key, value}}, texts);
  return got ? full_text(*got) : got.error().message();
}

std::string written(zstring_view path, const std::string& where) {
  const std::string below_proc = "sys/" + std::string{path};
  return full_text(steps{{write_sysctl{below_proc, "1"}, "/linux/sysctl/" + where}});
}

}  // namespace

TEST_CASE("the first separator of a sysctl key decides which one is literal, as sysctl(8) has it") {
  CHECK(sysctl("net.ipv4.ip_forward") == written("net/ipv4/ip_forward", "net.ipv4.ip_forward"));
  CHECK(sysctl("net/ipv4/conf/eno2.100/rp_filter") ==
        written("net/ipv4/conf/eno2.100/rp_filter", "net~1ipv4~1conf~1eno2.100~1rp_filter"));
  CHECK(sysctl("net.ipv4.conf.eno2/100.rp_filter") ==
        written("net/ipv4/conf/eno2.100/rp_filter", "net.ipv4.conf.eno2~1100.rp_filter"));
  CHECK(sysctl("kernel") == written("kernel", "kernel"));
}

TEST_CASE("a sysctl key that could name anything but one parameter is refused") {
  using namespace std::string_literals;
  const std::pair<std::string, std::string> table[] = {
      {"", ""},
      {".", "."},
      {"..", ".."},
      {"/", "~1"},
      {"/net/x", "~1net~1x"},
      {".net.x", ".net.x"},
      {"net/", "net~1"},
      {"net.", "net."},
      {"net//x", "net~1~1x"},
      {"net..x", "net..x"},
      {"net/../../etc/passwd", "net~1..~1..~1etc~1passwd"},
      {"net.//.x", "net.~1~1.x"},  // net/../x
      {"net/./x", "net~1.~1x"},
      {"net/..", "net~1.."},
      {"net/x y", "net~1x y"},
      {"net/x\n", "net~1x\n"},
      {"net/\0x"s, "net~1\0x"s},
      {"net/x~", "net~1x~0"},
      {"net/\xc3\xa9", "net~1\xc3\xa9"},
  };
  for (const auto& [key, part] : table) {
    CAPTURE(key);
    CHECK(sysctl(key) ==
          "sysctl key \"" + key + "\" is not the name of a kernel parameter (config.json#/linux/sysctl/" + part + ")");
  }
}

TEST_CASE("a sysctl value is one line, and the order of the config is kept") {
  CHECK(sysctl("a.b", "1\n2") == "sysctl value must be one line (config.json#/linux/sysctl/a.b)");
  text_pool texts;
  const auto got = plan_sysctl({{"z.z", "1 2\t3"}, {"a.a", ""}}, texts);
  REQUIRE(got);
  CHECK(full_text(*got) == full_text(steps{{write_sysctl{"sys/z/z", "1 2\t3"}, "/linux/sysctl/z.z"},
                                           {write_sysctl{"sys/a/a", ""}, "/linux/sysctl/a.a"}}));
}

TEST_CASE("each network device is moved, by its own name where none is given") {
  spec::linux_platform platform;
  CHECK(plan_net_devices(platform).empty());
  platform.net_devices = {{"eth1", {}}, {"ens3", {"eth0"}}};
  CHECK(full_text(plan_net_devices(platform)) ==
        full_text(step_list<namespaces::step>{{move_network_device{"eth1", "eth1"}, "/linux/netDevices/eth1"},
                                              {move_network_device{"ens3", "eth0"}, "/linux/netDevices/ens3"}}));
}
