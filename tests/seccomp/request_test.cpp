// SPDX-License-Identifier: Apache-2.0
#include <ocikit/seccomp/request.hpp>

#include "catch.hpp"
#include "profile.hpp"

using namespace ocikit;
using namespace ocikit::seccomp;

namespace {

constexpr kernel_facts newest_kernel{filter_flag::all};
constexpr std::uint32_t eperm = SECCOMP_RET_ERRNO | 1;

struct refusal {
  const char* profile;
  errc kind;
  const char* pointer;
  const char* message;
};

}  // namespace

TEST_CASE("a profile that cannot be honoured is refused in runc's words, at the value at fault") {
  const refusal table[] = {
      {"{'defaultAction':'SCMP_ACT_NOTIFY'}", errc::config, "/linux/seccomp/defaultAction",
       "SCMP_ACT_NOTIFY cannot be used as default action"},
      {"{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/s','syscalls':[{'names':['mkdir','write'],"
       "'action':'SCMP_ACT_NOTIFY'}]}",
       errc::config, "/linux/seccomp/syscalls/0/names/1", "SCMP_ACT_NOTIFY cannot be used for the write syscall"},
      {"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],'action':'SCMP_ACT_NOTIFY'}]}", errc::config,
       "/linux/seccomp/listenerPath", "seccomp listenerPath is not set"},
      {"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['',''],'action':'SCMP_ACT_ERRNO'}]}", errc::config,
       "/linux/seccomp/syscalls/0/names/0", "empty string is not a valid syscall"},
      {"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'SCMP_ACT_KILL'},{'names':['read'],"
       "'action':'SCMP_ACT_ERRNO','args':[{'index':5,'value':1,'op':'SCMP_CMP_EQ'},"
       "{'index':6,'value':1,'op':'SCMP_CMP_EQ'}]}]}",
       errc::config, "/linux/seccomp/syscalls/1/args/1/index", "system calls have arguments 0 to 5, not 6"},
      {"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['read'],'action':'SCMP_ACT_ERRNO','errnoRet':4096}]}",
       errc::config, "/linux/seccomp/syscalls/0/errnoRet", "errno 4096 is out of range"},
      {"{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':70000}", errc::config, "/linux/seccomp/defaultErrnoRet",
       "errno 70000 is out of range"},
  };
  for (const auto& row : table) {
    CAPTURE(row.profile);
    const auto profile = profile_from(row.profile);
    const auto got = plan_request(profile, newest_kernel);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == row.kind);
    CHECK(got.error().where() == row.pointer);
    CHECK(got.error().message() == std::string{row.message} + " (config.json#" + row.pointer + ")");
  }
}

TEST_CASE("system calls without a default action are refused, neither is no filter") {
  spec::seccomp profile;
  CHECK_FALSE(wants_filter(profile));
  profile.syscalls.push_back({{"read"}, spec::seccomp_action::allow, {}, {}});
  CHECK(wants_filter(profile));
  const auto got = plan_request(profile, newest_kernel);
  REQUIRE_FALSE(got);
  CHECK(got.error().message() ==
        "string  is not a valid action for seccomp (config.json#/linux/seccomp/defaultAction)");
}

TEST_CASE("a name with a NUL is refused, as the compiler would see only its beginning") {
  spec::seccomp profile;
  profile.default_action = spec::seccomp_action::errno_;
  profile.syscalls.push_back({{std::string{"read\0x", 6}}, spec::seccomp_action::allow, {}, {}});
  const auto got = plan_request(profile, newest_kernel);
  REQUIRE_FALSE(got);
  CHECK(got.error().where() == "/linux/seccomp/syscalls/0/names/0");
}

TEST_CASE("notify on an old kernel is refused with the level that libseccomp would name") {
  const auto profile = profile_from(
      "{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/s','syscalls':[{'names':['mkdir'],'action':"
      "'SCMP_ACT_NOTIFY'}]}");
  const auto got = plan_request(profile, {filter_flag::tsync | filter_flag::log | filter_flag::spec_allow});
  REQUIRE_FALSE(got);
  CHECK(got.error().kind() == errc::unsupported);
  CHECK(got.error().message().substr(0, 71) ==
        "seccomp notify unsupported: API level: got 4, want at least 6. Please t");
  CHECK(plan_request(profile, {filter_flag::all & ~filter_flag::wait_killable_recv}));
}

TEST_CASE("more rules than the limit are refused before anything is compiled") {
  spec::seccomp profile;
  profile.default_action = spec::seccomp_action::errno_;
  profile.syscalls.push_back({std::vector<std::string>(most_rules, "read"), spec::seccomp_action::allow, {}, {}});
  CHECK(plan_request(profile, newest_kernel));
  profile.syscalls.push_back({{"one_more"}, spec::seccomp_action::errno_, {}, {}});
  const auto got = plan_request(profile, newest_kernel);
  REQUIRE_FALSE(got);
  CHECK(got.error().where() == "/linux/seccomp/syscalls/1");
}

TEST_CASE("a profile is flattened: native architecture added, redundant rules kept as mentions, EPERM by default") {
  const auto profile = profile_from(
      "{'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_ARM','SCMP_ARCH_X32','SCMP_ARCH_ARM'],"
      "'syscalls':[{'names':['clone3'],'action':'SCMP_ACT_ERRNO'},"
      "{'names':['bpf'],'action':'SCMP_ACT_ERRNO','errnoRet':38},"
      "{'names':['read','write'],'action':'SCMP_ACT_ALLOW'},"
      "{'names':['ptrace'],'action':'SCMP_ACT_TRACE'}]}");
  const auto got = plan_request(profile, newest_kernel);
  REQUIRE(got);
  request wanted;
  wanted.default_action = eperm;
  wanted.architectures = {{0x40000028, 0}, {token_x32, 1}, {token_of(native_arch), no_entry}};
  wanted.rules = {{"bpf", SECCOMP_RET_ERRNO | 38, 1, {}},
                  {"read", SECCOMP_RET_ALLOW, 2, {}},
                  {"write", SECCOMP_RET_ALLOW, 2, {}},
                  {"ptrace", SECCOMP_RET_TRACE | 1, 3, {}}};
  wanted.also_mentioned = {"clone3"};
  CHECK(*got == wanted);
}

TEST_CASE("conditions on different arguments hold together, on the same argument each is a rule of its own") {
  using op = spec::seccomp_operator;
  const auto profile = profile_from(
      "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':["
      "{'names':['dup3'],'action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':1,'op':'SCMP_CMP_EQ'},"
      "{'index':1,'value':2,'valueTwo':3,'op':'SCMP_CMP_MASKED_EQ'}]},"
      "{'names':['dup2'],'action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':4,'op':'SCMP_CMP_GT'},"
      "{'index':1,'value':5,'op':'SCMP_CMP_NE'},{'index':0,'value':6,'op':'SCMP_CMP_LT'}]}]}");
  const auto got = plan_request(profile, newest_kernel);
  REQUIRE(got);
  const std::vector<rule> wanted = {
      {"dup3", SECCOMP_RET_ALLOW, 0, {{0, op::eq, 1, 0}, {1, op::masked_eq, 2, 3}}},
      {"dup2", SECCOMP_RET_ALLOW, 1, {{0, op::gt, 4, 0}}},
      {"dup2", SECCOMP_RET_ALLOW, 1, {{1, op::ne, 5, 0}}},
      {"dup2", SECCOMP_RET_ALLOW, 1, {{0, op::lt, 6, 0}}},
  };
  CHECK(got->rules == wanted);
}

TEST_CASE("every action has its kernel value") {
  using spec::seccomp_action;
  const std::pair<seccomp_action, std::uint32_t> table[] = {
      {seccomp_action::kill, 0},
      {seccomp_action::kill_thread, 0},
      {seccomp_action::kill_process, 0x80000000},
      {seccomp_action::trap, 0x00030000},
      {seccomp_action::errno_, 0x00050007},
      {seccomp_action::notify, 0x7fc00000},
      {seccomp_action::trace, 0x7ff00007},
      {seccomp_action::log, 0x7ffc0000},
      {seccomp_action::allow, 0x7fff0000},
  };
  for (const auto& [action, value] : table) {
    CAPTURE(static_cast<int>(action));
    CHECK(seccomp::detail::return_value(action, 7).value() == value);
  }
}

TEST_CASE("the load flags follow the profile and the kernel") {
  struct row {
    const char* flags;
    bool notify;
    std::uint32_t kernel;
    std::uint32_t wanted;
  };
  const row table[] = {
      {"", false, filter_flag::all, 4},
      {"", false, filter_flag::tsync | filter_flag::log, 0},
      {"", true, filter_flag::all, 12},
      {",'flags':[]", false, filter_flag::all, 0},
      {",'flags':[]", true, filter_flag::all, 8},
      {",'flags':['SECCOMP_FILTER_FLAG_TSYNC']", false, 0, 0},
      {",'flags':['SECCOMP_FILTER_FLAG_LOG']", false, filter_flag::all, 2},
      {",'flags':['SECCOMP_FILTER_FLAG_TSYNC','SECCOMP_FILTER_FLAG_LOG','SECCOMP_FILTER_FLAG_SPEC_ALLOW']", false,
       filter_flag::all, 6},
      {",'flags':['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']", true, filter_flag::all, 40},
  };
  for (const auto& row : table) {
    CAPTURE(row.flags, row.notify, row.kernel);
    const std::string calls = ",'syscalls':[{'names':['mkdir'],'action':'SCMP_ACT_NOTIFY'}]";
    const auto profile =
        profile_from("{'defaultAction':'SCMP_ACT_ALLOW'" + std::string{row.flags} + (row.notify ? calls : "") + "}");
    const auto got = plan_flags(profile, {row.kernel});
    REQUIRE(got);
    CHECK(*got == row.wanted);
  }
}

TEST_CASE("a flag that the kernel lacks is refused with its place") {
  const auto log = profile_from(
      "{'defaultAction':'SCMP_ACT_ALLOW','flags':['SECCOMP_FILTER_FLAG_TSYNC','SECCOMP_FILTER_FLAG_LOG']}");
  const auto got = plan_flags(log, {filter_flag::tsync});
  REQUIRE_FALSE(got);
  CHECK(got.error().kind() == errc::unsupported);
  CHECK(got.error().message() ==
        "error adding log flag to seccomp filter: SetLogBit requires API level >= 3 (current API level: 2) "
        "(config.json#/linux/seccomp/flags/1)");
  const auto killable =
      profile_from("{'defaultAction':'SCMP_ACT_ALLOW','flags':['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']}");
  REQUIRE_FALSE(plan_flags(killable, newest_kernel));
  CHECK(plan_flags(killable, newest_kernel).error().where() == "/linux/seccomp/flags/0");
}

TEST_CASE("the running kernel has the flags of Linux 4.17 at least") {
  CHECK((probe_kernel().flags & 7) == 7);
  CHECK(api_level(probe_kernel()) >= 4);
}
