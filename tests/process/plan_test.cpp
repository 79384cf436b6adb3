// SPDX-License-Identifier: Apache-2.0
#include <ocikit/process/plan.hpp>

#include <linux/capability.h>
#include <sys/resource.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "steps_text.hpp"

using namespace ocikit;
using namespace ocikit::process;
using ocikit::testing::full_text;

namespace {

using steps = step_list<process::step>;
using list = std::vector<std::string>;

constexpr std::uint64_t bit(unsigned capability) { return std::uint64_t{1} << capability; }

}  // namespace

TEST_CASE("a session keyring lets search whoever the process becomes, across a user namespace too") {
  text_pool texts;
  CHECK(full_text(plan_session("", false, texts)) == full_text(steps{{new_session{}, ""}}));
  CHECK(full_text(plan_session("_ses.c1", false, texts)) ==
        full_text(steps{{new_session{}, ""}, {join_session_keyring{"_ses.c1", 0x80000}, ""}}));
  CHECK(full_text(plan_session("_ses.c1", true, texts)) ==
        full_text(steps{{new_session{}, ""}, {join_session_keyring{"_ses.c1", 0x8}, ""}}));
}

TEST_CASE("the OOM score is touched only when asked for; 0 is asking") {
  CHECK(plan_oom_score({}).empty());
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1000}, std::int64_t{999}})
    CHECK(full_text(plan_oom_score({.oom_score_adj = value})) ==
          full_text(steps{{set_oom_score_adj{value}, "/process/oomScoreAdj"}}));
}

TEST_CASE("CPU lists become bits, in as many words as the last CPU needs") {
  text_pool texts;
  const auto planned = [&](std::string_view list) {
    return plan_affinity(list, "/here", texts).map([](const auto& s) { return full_text(s); });
  };
  const auto expected = [](const std::vector<std::uint64_t>& words) {
    return full_text(steps{{set_cpu_affinity{words}, "/here"}});
  };
  CHECK(planned("0") == expected({1}));
  CHECK(planned("0-2,4") == expected({0b10111}));
  CHECK(planned("63-64") == expected({std::uint64_t{1} << 63, 1}));
  CHECK(planned("130") == expected({0, 0, 4}));
  for (const char* bad : {"x", "3-1", "1,,2", "65536", "-1"}) {
    CAPTURE(bad);
    const auto refused = plan_affinity(bad, "/here", texts);
    REQUIRE(!refused);
    CHECK(refused.error().where() == "/here");
  }
}

TEST_CASE("scheduler and I/O priority are the kernel's numbers") {
  spec::process process;
  CHECK(plan_scheduling(process).empty());
  process.scheduler = spec::scheduler{.policy = spec::scheduler_policy::deadline,
                                      .nice = -3,
                                      .priority = 0,
                                      .flags = {spec::scheduler_flag::reset_on_fork, spec::scheduler_flag::dl_overrun},
                                      .runtime = 1,
                                      .deadline = 2,
                                      .period = 3};
  process.io_priority = spec::io_priority{spec::io_priority_class::idle, 7};
  CHECK(full_text(plan_scheduling(process)) ==
        full_text(steps{{set_scheduler{6, 5, -3, 0, 1, 2, 3}, "/process/scheduler"},
                        {set_io_priority{3, 7}, "/process/ioPriority"}}));
}

TEST_CASE("personality and memory policy are the container's") {
  text_pool texts;
  spec::linux_platform platform;
  CHECK(plan_platform(platform, texts)->empty());
  platform.personality = spec::personality{spec::personality_domain::linux32, {}};
  platform.memory_policy =
      spec::memory_policy{spec::memory_policy_mode::interleave, "0,65", {spec::memory_policy_flag::static_nodes}};
  const std::vector<std::uint64_t> nodes = {1, 2};
  CHECK(full_text(plan_platform(platform, texts).value()) ==
        full_text(steps{{set_personality{8}, "/linux/personality"},
                        {set_memory_policy{3 | 1 << 15, nodes}, "/linux/memoryPolicy"}}));
  platform.memory_policy->nodes = "1024";
  CHECK(plan_platform(platform, texts).error().where() == "/linux/memoryPolicy/nodes");
}

TEST_CASE("each rlimit is one step with the kernel's number, in order, repetitions too") {
  const std::pair<spec::rlimit_type, int> numbers[] = {
      {spec::rlimit_type::cpu, RLIMIT_CPU},           {spec::rlimit_type::fsize, RLIMIT_FSIZE},
      {spec::rlimit_type::data, RLIMIT_DATA},         {spec::rlimit_type::stack, RLIMIT_STACK},
      {spec::rlimit_type::core, RLIMIT_CORE},         {spec::rlimit_type::rss, RLIMIT_RSS},
      {spec::rlimit_type::nproc, RLIMIT_NPROC},       {spec::rlimit_type::nofile, RLIMIT_NOFILE},
      {spec::rlimit_type::memlock, RLIMIT_MEMLOCK},   {spec::rlimit_type::as, RLIMIT_AS},
      {spec::rlimit_type::locks, RLIMIT_LOCKS},       {spec::rlimit_type::sigpending, RLIMIT_SIGPENDING},
      {spec::rlimit_type::msgqueue, RLIMIT_MSGQUEUE}, {spec::rlimit_type::nice, RLIMIT_NICE},
      {spec::rlimit_type::rtprio, RLIMIT_RTPRIO},     {spec::rlimit_type::rttime, RLIMIT_RTTIME},
      {spec::rlimit_type::cpu, RLIMIT_CPU},
  };
  spec::process process;
  steps wanted;
  std::uint64_t soft = 1;
  for (const auto& [type, number] : numbers) {
    process.rlimits.push_back({.type = type, .hard = RLIM_INFINITY, .soft = soft});
    const std::string where = "/process/rlimits/" + std::to_string(wanted.size());
    wanted.push_back({set_rlimit{static_cast<std::uint32_t>(number), soft++, RLIM_INFINITY}, where});
  }
  CHECK(full_text(plan_rlimits(process)) == full_text(wanted));
}

TEST_CASE("no_new_privs is set only when asked for, as nothing can take it back") {
  CHECK(plan_no_new_privileges({}).empty());
  CHECK(full_text(plan_no_new_privileges({.no_new_privileges = true})) ==
        full_text(steps{{set_no_new_privileges{}, "/process/noNewPrivileges"}}));
}

namespace {

std::string credential_text(const spec::process& process, const facts& known, list* unknown = nullptr) {
  text_pool texts;
  const auto got = plan_credentials(process, known, texts);
  if (unknown != nullptr) *unknown = got.unknown_capabilities;
  return full_text(got.steps);
}

}  // namespace

TEST_CASE("credentials change in the one order in which every step is still allowed") {
  const spec::process process{.user = {.uid = 1000, .gid = 100, .umask = 027, .additional_gids = {5, 7}},
                              .cwd = "/work",
                              .capabilities = spec::capabilities{.bounding = {"CAP_KILL", "CAP_CHOWN"},
                                                                 .effective = {"CAP_KILL"},
                                                                 .inheritable = {"CAP_CHOWN"},
                                                                 .permitted = {"CAP_KILL", "CAP_CHOWN"},
                                                                 .ambient = {"CAP_CHOWN"}}};
  const std::uint32_t groups[] = {5, 7};
  CHECK(
      credential_text(process, {.last_capability = 39}) ==
      full_text(steps{// while CAP_SETPCAP is there
                      {limit_bounding_set{bit(CAP_KILL) | bit(CAP_CHOWN), 39}, "/process/capabilities/bounding"},
                      // while CAP_CHOWN is there
                      {own_standard_streams{1000}, "/process/user/uid"},
                      // with the runtime's rights, and again with the user's
                      {change_directory{"/work", false}, "/process/cwd"},
                      {set_user{1000, 100, groups, true}, "/process/user"},
                      {hide{}, ""},
                      {change_directory{"/work", true}, "/process/cwd"},
                      // last: nothing above would work without them
                      {set_capabilities{bit(CAP_KILL), bit(CAP_KILL) | bit(CAP_CHOWN), bit(CAP_CHOWN), bit(CAP_CHOWN)},
                       "/process/capabilities"},
                      {set_umask{027}, "/process/user/umask"}}));
}

TEST_CASE("without capabilities in the config they stay as they are; the umask is 0022 unless told otherwise") {
  const auto wanted = [](std::optional<std::uint32_t> umask, bool set_groups) {
    steps out{{own_standard_streams{0}, "/process/user/uid"},
              {change_directory{"/", false}, "/process/cwd"},
              {set_user{0, 0, {}, set_groups}, "/process/user"},
              {hide{}, ""},
              {change_directory{"/", true}, "/process/cwd"}};
    if (umask) out.push_back({set_umask{*umask}, "/process/user/umask"});
    return full_text(out);
  };
  CHECK(credential_text({.cwd = "/"}, {}) == wanted(022, true));
  CHECK(credential_text({.cwd = "/"}, {.sets_umask = false}) == wanted({}, true));
  CHECK(credential_text({.user = {.umask = 0}, .cwd = "/"}, {.sets_umask = false}) == wanted(0, true));
  CHECK(credential_text({.cwd = "/"}, {.may_set_groups = false}) == wanted(022, false));
}

TEST_CASE("ambient capabilities that the kernel would refuse are left out, and unknown names are told once") {
  struct row {
    list inheritable, permitted, ambient;
    std::uint64_t kept;
  };
  const row rows[] = {
      {{"CAP_KILL"}, {"CAP_KILL"}, {"CAP_KILL"}, bit(CAP_KILL)},
      {{}, {"CAP_KILL"}, {"CAP_KILL"}, 0},
      {{"CAP_KILL"}, {}, {"CAP_KILL"}, 0},
  };
  for (const row& one : rows) {
    text_pool texts;
    const spec::process process{
        .capabilities =
            spec::capabilities{.inheritable = one.inheritable, .permitted = one.permitted, .ambient = one.ambient}};
    const auto got = plan_credentials(process, {}, texts);
    CHECK(std::get<set_capabilities>(got.steps.at(6).what).ambient == one.kept);
  }
  list unknown;
  (void)credential_text(
      {.capabilities =
           spec::capabilities{.bounding = {"CAP_A", "CAP_B"}, .effective = {"CAP_B"}, .ambient = {"CAP_A", "CAP_C"}}},
      {}, &unknown);
  CHECK(unknown == list{"CAP_A", "CAP_B", "CAP_C"});
}

namespace {

list texts_of(const std::vector<zstring_view>& views) {
  list out;
  for (const zstring_view v : views) out.emplace_back(std::string_view{v});
  return out;
}

}  // namespace

TEST_CASE("in an environment the last value of a name wins and stays where it stands") {
  const std::pair<list, list> table[] = {
      {{}, {}},
      {{"A=1", "B=2", "A=3"}, {"B=2", "A=3"}},
      {{"A=1", "A=1", "A=1"}, {"A=1"}},
      {{"A=1", "AB=2", "A"}, {"AB=2", "A"}},
      {{"A==x=y", "a=1"}, {"A==x=y", "a=1"}},
      {{"=x", "=y"}, {"=y"}},
  };
  for (const auto& [env, wanted] : table) {
    const std::vector<zstring_view> views(env.begin(), env.end());
    CHECK(texts_of(plan_environment(views)) == wanted);
  }
}

TEST_CASE("a variable is found by its whole name") {
  const std::vector<zstring_view> env{"PATHS=no", "PATH", "XPATH=no", "PATH=/a:/b", "PATH=/c", "E="};
  CHECK(environment_value(env, "PATH") == "/a:/b");
  CHECK(environment_value(env, "E").empty());
  CHECK(environment_value(env, "none").empty());
}

namespace {

std::string program_text(const spec::process& process, const list& added = {}, std::uint32_t preserved = 0) {
  text_pool texts;
  const auto got = plan_program(process, {.preserved_fds = preserved}, texts, added);
  return full_text(got.find) + "close" + full_text(got.close) + "execute" + full_text(got.execute);
}

}  // namespace

TEST_CASE("the program: what is searched where, what it inherits, and whether it gets a HOME") {
  struct row {
    const char* why;
    std::optional<list> env;
    list added;
    bool home;
    const char* search;
    list environment;
  };
  const row rows[] = {
      {"no env is an empty environment, no HOME", {}, {}, false, "", {}},
      {"no env, but the runtime's own", {}, {"LISTEN_FDS=1"}, false, "", {"LISTEN_FDS=1"}},
      {"an empty env gets a HOME", list{}, {}, true, "", {}},
      {"HOME is kept", list{"HOME=/h", "PATH=/b"}, {}, false, "/b", {"HOME=/h", "PATH=/b"}},
      {"an empty HOME is none", list{"A=1", "HOME=", "PATH=/b"}, {}, true, "/b", {"A=1", "PATH=/b"}},
      {"the last HOME counts", list{"HOME=/h", "HOME="}, {}, true, "", {}},
      {"HOMES is not HOME", list{"HOMES=/h"}, {}, true, "", {"HOMES=/h"}},
      {"the last PATH counts", list{"PATH=/a", "HOME=/h", "PATH=/b"}, {}, false, "/b", {"HOME=/h", "PATH=/b"}},
      {"the runtime's come last and win",
       list{"LISTEN_FDS=9", "HOME=/h"},
       {"LISTEN_FDS=1"},
       false,
       "",
       {"HOME=/h", "LISTEN_FDS=1"}},
  };
  for (const row& one : rows) {
    CAPTURE(one.why);
    const std::vector<zstring_view> arguments{"sh", "-c", ""};
    const std::vector<zstring_view> environment(one.environment.begin(), one.environment.end());
    steps find;
    if (one.home) find.push_back({find_home{7}, "/process/env"});
    find.push_back({find_program{"sh", one.search}, "/process/args/0"});
    CHECK(program_text({.user = {.uid = 7}, .args = {"sh", "-c", ""}, .env = one.env}, one.added, 4) ==
          full_text(find) + "close" + full_text(steps{{close_descriptors{4}, ""}}) + "execute" +
              full_text(steps{{execute_program{arguments, environment, one.home}, "/process/args"}}));
  }
}
