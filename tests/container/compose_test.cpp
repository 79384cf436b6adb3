// SPDX-License-Identifier: Apache-2.0
//
// What engines ask for, against plans that were read and found good once: tests/container/plans/.
// After a change that is meant:  OCIKIT_REGENERATE_PLANS=1 unit-container "[plans]"  and read the diff.
#include <ocikit/container/compose.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <ocikit/container/describe.hpp>
#include <ocikit/spec/parse.hpp>

#include "catch.hpp"

using namespace ocikit;

namespace {

std::string content(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return in ? std::string{std::istreambuf_iterator<char>{in}, {}} : "(" + path + " cannot be read)";
}

/// One host for all plans, whatever the one that runs the tests is like: cgroup v2, root, everything the kernel offers.
container::create_facts fixed_facts(const spec::config& config) {
  const auto has = [&](spec::namespace_type type) {
    return namespaces::find(config.platform->namespaces, type).entry != nullptr;
  };
  container::create_facts facts;
  facts.mounts.bundle = "/bundle";
  facts.mounts.rootfs = "/bundle/rootfs";
  facts.mounts.user_namespace = has(spec::namespace_type::user);
  facts.mounts.mount_namespace = has(spec::namespace_type::mount);
  facts.mounts.cgroup_namespace = has(spec::namespace_type::cgroup);
  facts.mounts.cgroup_paths = {{"", "/sys/fs/cgroup/c1"}};
  facts.process.last_capability = 40;
  facts.state = {.oci_version = "1.3.0", .id = "c1", .bundle = "/bundle"};
  facts.cgroup_path = "/sys/fs/cgroup/c1";
  return facts;
}

std::string described(const spec::config& config) {
  const auto facts = fixed_facts(config);
  const auto plan = container::compose_create(config, facts);
  return plan ? container::describe(*plan) : plan.error().message();
}

}  // namespace

namespace {

/// A config with something for every part of a plan.
spec::config rich_config() {
  spec::config out{.process = spec::process{.terminal = true,
                                            .console_size = spec::console_size{24, 80},
                                            .args = {"sh"},
                                            .env = std::vector<std::string>{"PATH=/bin"},
                                            .cwd = "/work",
                                            .rlimits = {{spec::rlimit_type::core, 2, 1}}},
                   .root = spec::root{.path = "rootfs", .readonly = true},
                   .mounts = {{.destination = "/m", .source = "/srv", .options = std::vector<std::string>{"bind"}}}};
  out.hooks = spec::hooks{.prestart = {{.path = "/h0"}},
                          .create_runtime = {{.path = "/h1"}},
                          .create_container = {{.path = "/h2", .args = {"h2", "x"}}},
                          .start_container = {{.path = "/h3", .timeout = 5}},
                          .poststart = {{.path = "/h4"}}};
  out.platform = spec::linux_platform{.namespaces = {{spec::namespace_type::mount, ""},
                                                     {spec::namespace_type::network, "/run/netns/n"},
                                                     {spec::namespace_type::pid, "/proc/9/ns/pid"}},
                                      .seccomp = spec::seccomp{.default_action = spec::seccomp_action::allow}};
  return out;
}

}  // namespace

namespace {

/// Compares with the stored plan of this name, or stores it.
void check_plan(const std::string& name, const spec::config& config) {
  CAPTURE(name);
  const std::string path = "tests/container/plans/" + name + ".txt";
  const std::string got = described(config);
  if (std::getenv("OCIKIT_REGENERATE_PLANS") != nullptr) std::ofstream{path, std::ios::binary} << got;
  CHECK(got == content(path));
}

}  // namespace

TEST_CASE("what engines hand to a runtime becomes the plan that was found good", "[plans]") {
  for (const char* profile : {"minimal", "engine", "limits", "userns"}) {
    const auto parsed = spec::parse_config(content(std::string{"bench/profiles/"} + profile + ".json"));
    REQUIRE(parsed);
    check_plan(profile, parsed->value);
  }
}

TEST_CASE("terminal, hooks, filter and joins stand where the specification and the kernel want them", "[plans]") {
  check_plan("everything", rich_config());
}

TEST_CASE("with no_new_privs the filter is loaded last, without it while that is still allowed") {
  for (const bool no_new_privileges : {false, true}) {
    spec::config config = rich_config();
    config.process->no_new_privileges = no_new_privileges;
    const auto facts = fixed_facts(config);
    const auto plan = container::compose_create(config, facts);
    REQUIRE(plan);
    std::string order;
    for (const auto& one : plan->steps) {
      if (std::holds_alternative<seccomp::load_filter>(one.what)) order += "filter ";
      if (std::holds_alternative<process::set_no_new_privileges>(one.what)) order += "nnp ";
      if (std::holds_alternative<process::set_user>(one.what)) order += "user ";
      if (std::holds_alternative<container::await_start>(one.what)) order += "start ";
      if (std::holds_alternative<process::execute_program>(one.what)) order += "execute";
    }
    CHECK(order == (no_new_privileges ? "nnp user start filter execute" : "filter user start execute"));
  }
}

TEST_CASE("a filter that notifies is loaded while the runtime is there to hand its descriptor to the agent") {
  for (const bool no_new_privileges : {false, true}) {
    spec::config config = rich_config();
    config.process->no_new_privileges = no_new_privileges;
    config.platform->seccomp->listener_path = "/run/agent";
    config.platform->seccomp->syscalls = {{{"mkdir"}, spec::seccomp_action::notify, {}, {}}};
    const auto facts = fixed_facts(config);
    const auto plan = container::compose_create(config, facts);
    REQUIRE(plan);
    container::exec_facts for_exec;
    for_exec.platform = &*config.platform;
    for (const auto& [steps, later] :
         {std::pair{plan->steps, "save "},
          std::pair{container::compose_exec(*config.process, for_exec).value().steps, ""}}) {
      std::string order;
      for (const auto& one : steps) {
        if (std::holds_alternative<seccomp::load_filter>(one.what)) order += "filter ";
        if (const auto* send = std::get_if<container::send_listener>(&one.what)) {
          CHECK(one.by == container::actor::runtime);
          CHECK(one.where == "/linux/seccomp/listenerPath");
          order += "send to " + std::string{send->path} + " ";
        }
        if (std::holds_alternative<process::set_user>(one.what)) order += "user ";
        if (std::holds_alternative<container::await_start>(one.what)) order += "start ";
        if (std::holds_alternative<container::save_state>(one.what)) order += "save ";
      }
      const std::string filter = "filter send to /run/agent ";
      CHECK(order == (no_new_privileges ? "user " + filter : filter + "user ") + "start " + later);
    }
  }
}

TEST_CASE("across a user namespace the runtime opens the sources before the init is born, and sets the rlimits") {
  spec::config config = rich_config();
  config.platform->namespaces.push_back({spec::namespace_type::user, ""});
  config.platform->uid_mappings = {{0, 1000, 1}, {1, 100000, 65535}};
  config.platform->gid_mappings = {{0, 100, 1}};
  for (const bool privileged : {true, false}) {
    auto facts = fixed_facts(config);
    facts.privileged = privileged;
    const auto plan = container::compose_create(config, facts);
    REQUIRE(plan);
    std::string order;
    const auto note = [&](const container::plan_step& one, const char* what) {
      order += std::string{one.by == container::actor::runtime ? "runtime:" : "init:"} + what + " ";
    };
    for (const auto& one : plan->steps) {
      if (std::holds_alternative<mounts::open_source>(one.what)) note(one, "source");
      if (std::holds_alternative<container::start_init>(one.what)) note(one, "start");
      if (std::holds_alternative<process::set_rlimit>(one.what)) note(one, "rlimit");
      if (const auto* maps = std::get_if<container::map_ids>(&one.what)) {
        note(one, "maps");
        CHECK(maps->uids == "0 1000 1\n1 100000 65535\n");
        CHECK(maps->gids == "0 100 1\n");
      }
    }
    CHECK(order == (privileged ? "runtime:source runtime:start runtime:maps runtime:rlimit "
                               : "runtime:start runtime:maps init:source init:rlimit "));
  }
}

TEST_CASE("a step is one line of a described plan, whatever a stranger's config.json holds") {
  spec::config config = rich_config();
  config.hostname = "a\ninit     execute /bin/evil\x1b[2J";
  CHECK(described(config).find("set the host name to \"a\\ninit     execute /bin/evil\\x1b[2J\"  [/hostname]\n") !=
        std::string::npos);
}

TEST_CASE("a config without a process has no plan") {
  const spec::config none;
  const auto plan = container::compose_create(none, {});
  REQUIRE(!plan);
  CHECK(plan.error().message() == "process property must not be empty (config.json#/process)");
}

TEST_CASE("exec sets what takes the host's /proc, then joins, and what is left is to become the process") {
  const spec::process process{.args = {"ls"}, .cwd = "/", .no_new_privileges = true, .oom_score_adj = 7};
  container::exec_facts facts;
  facts.id = "c1";
  spec::linux_platform platform;
  platform.seccomp = spec::seccomp{.default_action = spec::seccomp_action::allow};
  facts.platform = &platform;
  CHECK("\n" + container::describe(container::compose_exec(process, facts).value()) == R"(
runtime  start the init
init     set the OOM score adjustment: value=7  [/process/oomScoreAdj]
init     join the namespaces
init     start a new session
init     join the session keyring _ses.c1
init     allow all CPUs
init     set no_new_privs  [/process/noNewPrivileges]
init     give the standard streams to user 0  [/process/user/uid]
init     enter the directory /  [/process/cwd]
init     become user 0, group 0 with 0 more groups  [/process/user]
init     become non-dumpable
init     enter the directory /  [/process/cwd]
init     set the umask to 0022  [/process/user/umask]
init     find the program ls  [/process/args/0]
init     close all other descriptors: preserved=0
init     wait for the start: by_runtime=true
init     load the seccomp filter  [/linux/seccomp]
init     execute ls  [/process/args]
)");
}

TEST_CASE("exec chooses its CPUs before it enters the cgroup and again inside; else all are allowed") {
  const auto cpus = [](const char* initial, const char* final) {
    const spec::process process{.args = {"ls"}, .cwd = "/", .exec_cpu_affinity = spec::cpu_affinity{initial, final}};
    std::string out;
    std::istringstream lines{container::describe(container::compose_exec(process, {}).value())};
    for (std::string line; std::getline(lines, line);)
      if (line.find("CPUs") != std::string::npos || line.find("start the init") != std::string::npos)
        out += line + '\n';
    return out;
  };
  CHECK(cpus("", "") == "runtime  start the init\ninit     allow all CPUs\n");
  CHECK(cpus("0-1,3", "") ==
        "runtime  run on the CPUs 0-1,3  [/process/execCPUAffinity/initial]\nruntime  start the init\n");
  CHECK(cpus("", "64") == "runtime  start the init\ninit     run on the CPUs 64  [/process/execCPUAffinity/final]\n");
  const spec::process bad{.exec_cpu_affinity = spec::cpu_affinity{"nonsense", ""}};
  CHECK(container::compose_exec(bad, {}).error().where() == "/process/execCPUAffinity/initial");
}

namespace {

/// As the backends of a host with both modules would give them.
container::process_labels both_labels() {
  container::process_labels out;
  out.apparmor.program = {"apparmor/exec", "exec p", "no profile"};
  out.selinux.program = {"exec", "u:r:t:s0", "no label"};
  out.selinux.keyring = {"keycreate", "u:r:t:s0", "no keyring"};
  return out;
}

/// The lines of a plan that have to do with labels, and those that they must not come behind.
std::string label_lines(const std::vector<container::plan_step>& steps) {
  std::string out = "\n";
  for (const auto& one : steps) {
    const std::string text = container::describe(one.what);
    for (const char* part : {"/proc", "start the init", "join the namespaces", "keyring", "change to the new root",
                             "no_new_privs", "seccomp", "bounding", "become user", "createContainer", "startContainer"})
      if (text.find(part) != std::string::npos && !std::holds_alternative<mounts::make_link>(one.what)) {
        out += (one.by == container::actor::runtime ? "runtime " : "init ") + text;
        out += one.where.empty() ? "\n" : " [" + one.where + "]\n";
        break;
      }
  }
  return out;
}

}  // namespace

TEST_CASE("labels go to a /proc of the host's, the keyring's around its making, the program's while all is allowed") {
  spec::config config = rich_config();
  config.process->no_new_privileges = true;
  config.process->capabilities.emplace();
  auto facts = fixed_facts(config);
  facts.labels = both_labels();
  CHECK(label_lines(container::compose_create(config, facts).value().steps) == R"(
runtime open the host's /proc
runtime start the init, in the pid namespace /proc/9/ns/pid [/linux/namespaces]
init join the namespaces [/linux/namespaces]
init use the host's /proc
init write "u:r:t:s0" to /proc/thread-self/attr/keycreate [/process/selinuxLabel]
init join the session keyring _ses.c1
init write "" to /proc/thread-self/attr/keycreate [/process/selinuxLabel]
init run the createContainer hook #0: h2 x [/hooks/createContainer/0]
init change to the new root [/root/path]
init write "exec p" to /proc/thread-self/attr/apparmor/exec [/process/apparmorProfile]
init write "u:r:t:s0" to /proc/thread-self/attr/exec [/process/selinuxLabel]
init set no_new_privs [/process/noNewPrivileges]
init limit the capability bounding set to 0x0 [/process/capabilities/bounding]
init become user 0, group 0 with 0 more groups [/process/user]
init load the seccomp filter [/linux/seccomp]
init run the startContainer hook #0: /h3 [/hooks/startContainer/0]
)");
}

TEST_CASE("a keyring that is not made needs no label") {
  const spec::config config = rich_config();
  auto facts = fixed_facts(config);
  facts.labels = both_labels();
  facts.new_keyring = false;
  CHECK(label_lines(container::compose_create(config, facts).value().steps).find("keycreate") == std::string::npos);
}

TEST_CASE("exec is labelled while /proc is the host's, before others can see what it has open") {
  const spec::process process{.args = {"ls"}, .cwd = "/", .oom_score_adj = 5};
  container::exec_facts facts;
  facts.id = "c1";
  facts.labels = both_labels();
  const auto plan = container::compose_exec(process, facts);
  REQUIRE(plan);
  CHECK(plan->slots == 0);
  CHECK(label_lines(plan->steps) == R"(
runtime start the init
init write "u:r:t:s0" to /proc/thread-self/attr/keycreate [/process/selinuxLabel]
init write "exec p" to /proc/thread-self/attr/apparmor/exec [/process/apparmorProfile]
init write "u:r:t:s0" to /proc/thread-self/attr/exec [/process/selinuxLabel]
init join the namespaces
init join the session keyring _ses.c1
init become user 0, group 0 with 0 more groups [/process/user]
)");
}

TEST_CASE("a container that comes among others is labelled before, unless its own hooks must not be") {
  spec::config config = rich_config();
  auto facts = fixed_facts(config);
  facts.labels = both_labels();
  config.hooks->create_container.clear();
  const auto early = container::compose_create(config, facts);
  REQUIRE(early);
  const std::string text = label_lines(early->steps);
  CHECK(text.find("the host's /proc") == std::string::npos);
  CHECK(text.find("attr/exec") < text.find("join the namespaces"));
  config.platform->namespaces.clear();
  config.platform->namespaces.push_back({spec::namespace_type::mount, ""});
  const auto alone = container::compose_create(config, facts);
  REQUIRE(alone);
  CHECK(label_lines(alone->steps).find("use the host's /proc") != std::string::npos);
}

TEST_CASE("the init is in its resctrl groups before it does anything") {
  spec::config config = rich_config();
  config.platform->namespaces = {{spec::namespace_type::mount, ""}};
  config.platform->intel_rdt = spec::intel_rdt{.enable_monitoring = true};
  auto facts = fixed_facts(config);
  facts.resctrl_root = "/r";
  const auto plan = container::compose_create(config, facts);
  REQUIRE(plan);
  const std::string text = container::describe(*plan);
  const std::size_t at = text.find("runtime  start the init");
  CHECK(
      text.rfind("runtime  make the resctrl group /r/c1  [/linux/intelRdt]\n"
                 "runtime  make the resctrl monitoring group /r/c1/mon_groups/c1  [/linux/intelRdt/enableMonitoring]\n",
                 at) != std::string::npos);
  CHECK(text.substr(text.find('\n', at) + 1)
            .starts_with("init     wait for the runtime  [/linux/intelRdt]\n"
                         "runtime  join the resctrl group /r/c1  [/linux/intelRdt]\n"));
}
