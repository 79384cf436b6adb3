// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include <ocikit/spec/default_config.hpp>
#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/validate.hpp>

#include "catch.hpp"
#include "documents.hpp"

using namespace ocikit;
using spec::config;
using spec::namespace_type;

/// A rootful document that passes; each test spoils one thing.
static config good() {
  auto c = spec::default_config();
  c.platform->namespaces.push_back({namespace_type::user, {}});
  c.platform->uid_mappings = {{0, 100000, 65536}};
  c.platform->gid_mappings = {{0, 100000, 65536}};
  return c;
}

static void drop(config& c, namespace_type type) {
  std::erase_if(c.platform->namespaces, [&](const spec::linux_namespace& n) { return n.type == type; });
}

struct spoiled {
  std::function<void(config&)> change;
  std::string_view message;
};

static void check_all(const std::vector<spoiled>& list, const spec::validation_facts& facts = {}) {
  for (const auto& [change, message] : list) {
    INFO(message);
    auto c = good();
    change(c);
    const auto got = spec::validate(c, facts);
    CHECK((got ? "accepted" : got.error().message()) == message);
    if (!got) CHECK(got.error().kind() == errc::config);
  }
}

TEST_CASE("what engines write is valid and gives no warning that runc would not give") {
  for (const std::string name : {"engine", "limits", "userns"}) {
    INFO(name);
    const auto got = spec::validate(spec::parse_config(read_text("bench/profiles/" + name + ".json"))->value);
    REQUIRE(got);
    CHECK(got->empty());
  }
  const auto minimal = spec::validate(spec::parse_config(read_text("bench/profiles/minimal.json"))->value);
  REQUIRE(minimal);
  CHECK(minimal->at(0) == spec::warning{"/process/capabilities/ambient/0",
                                        "can't raise ambient capability CAP_AUDIT_WRITE: operation not permitted"});
  CHECK(spec::validate(good()) == std::vector<spec::warning>{});
  CHECK(spec::validate(spec::default_config()) == std::vector<spec::warning>{});
  CHECK(spec::validate(spec::default_rootless_config(1000, 1000), {.rootless_euid = true}) ==
        std::vector<spec::warning>{});
}

TEST_CASE("the process is checked first, with the words of create") {
  check_all({
      {[](config& c) { c.process.reset(); }, "process property must not be empty (config.json#/process)"},
      {[](config& c) { c.process->cwd.clear(); }, "Cwd property must not be empty (config.json#/process/cwd)"},
      {[](config& c) { c.process->cwd = "a"; }, "Cwd must be an absolute path (config.json#/process/cwd)"},
      {[](config& c) { c.process->args.clear(); }, "args must not be empty (config.json#/process/args)"},
      {[](config& c) {
         c.process->env = {{"A=", "B"}};
       },
       "invalid environment variable: missing '=' (config.json#/process/env/1)"},
      {[](config& c) { c.process->env = {{"=x"}}; },
       "invalid environment variable: name cannot be empty (config.json#/process/env/0)"},
      {[](config& c) { c.process->args.assign(40, std::string(60000, 'a')); },
       "args and env take 2400117 bytes, more than 2097152 (config.json#/process)"},
      {[](config& c) { c.process->user.uid = 4294967295; },
       "4294967295 is not an id: the kernel reads it as \"leave alone\" (config.json#/process/user/uid)"},
      {[](config& c) {
         c.process->user.additional_gids = {1, 4294967295};
       },
       "4294967295 is not an id: the kernel reads it as \"leave alone\" (config.json#/process/user/additionalGids/1)"},
      {[](config& c) { c.root.reset(); }, "root must be specified (config.json#/root)"},
  });
}

TEST_CASE("the first fault in runc's order is the one that is reported") {
  check_all({
      {[](config& c) {
         c.process->cwd.clear();
         c.root.reset();
       },
       "Cwd property must not be empty (config.json#/process/cwd)"},
      {[](config& c) {
         c.platform->sysctl = {{"kernel.hostname", "x"}};
         c.process->scheduler.emplace();
         c.mounts[0].destination.clear();
       },
       "sysctl \"kernel.hostname\" is not allowed as it conflicts with the OCI \"hostname\" field "
       "(config.json#/linux/sysctl/kernel.hostname)"},
  });
}

TEST_CASE("names, restricted paths and devices need the namespace they live in") {
  check_all({
      {[](config& c) { drop(c, namespace_type::uts); },
       "unable to set hostname without a private UTS namespace (config.json#/hostname)"},
      {[](config& c) {
         drop(c, namespace_type::uts);
         c.hostname.clear();
         c.domainname = "d";
       },
       "unable to set domainname without a private UTS namespace (config.json#/domainname)"},
      {[](config& c) { drop(c, namespace_type::mount); },
       "unable to restrict sys entries without a private MNT namespace (config.json#/linux/maskedPaths)"},
      {[](config& c) {
         drop(c, namespace_type::mount);
         c.platform->masked_paths.clear();
       },
       "unable to restrict sys entries without a private MNT namespace (config.json#/linux/readonlyPaths)"},
      {[](config& c) { c.platform->masked_paths.resize(4096); },
       "more than 4096 masked and read-only paths (config.json#/linux/maskedPaths)"},
      {[](config& c) {
         drop(c, namespace_type::network);
         c.platform->net_devices = {{"eth0", {}}};
       },
       "unable to move network devices without a NET namespace (config.json#/linux/netDevices)"},
      {[](config& c) {
         c.platform->net_devices = {{"eth0", {"eth1"}}, {"fifteen-letters", {}}};
       },
       "accepted"},
      {[](config& c) {
         c.platform->net_devices = {{"sixteen-letters-", {}}};
       },
       "invalid network device name \"sixteen-letters-\" (config.json#/linux/netDevices/sixteen-letters-)"},
      {[](config& c) {
         c.platform->net_devices = {{"a/b", {}}};
       },
       "invalid network device name \"a/b\" (config.json#/linux/netDevices/a~1b)"},
      {[](config& c) {
         c.platform->net_devices = {{"eth0", {".."}}};
       },
       "invalid network device name \"..\" (config.json#/linux/netDevices/eth0/name)"},
      {[](config& c) {
         c.platform->net_devices = {{"eth0", {"a b"}}};
       },
       "invalid network device name \"a b\" (config.json#/linux/netDevices/eth0/name)"},
      {[](config& c) {
         c.platform->net_devices = {{"", {}}};
       },
       "invalid network device name \"\" (config.json#/linux/netDevices/)"},
  });
}

TEST_CASE("a device has a name and a number that the kernel does not cut to another one's") {
  const auto with = [](std::string path, std::int64_t major, std::int64_t minor) {
    return [=](config& c) { c.platform->devices = {{path, spec::device_type::character, major, minor, {}, {}, {}}}; };
  };
  check_all({{with("", 1, 3), "invalid device path \"\" (config.json#/linux/devices/0/path)"},
             {with("/", 1, 3), "invalid device path \"/\" (config.json#/linux/devices/0/path)"},
             {with("/dev/x", -1, 3), "device number -1 is not in 0 to 4095 (config.json#/linux/devices/0/major)"},
             {with("/dev/x", 4096, 3), "device number 4096 is not in 0 to 4095 (config.json#/linux/devices/0/major)"},
             {with("/dev/x", (1LL << 32) + 1, 3),
              "device number 4294967297 is not in 0 to 4095 (config.json#/linux/devices/0/major)"},
             {with("/dev/x", 1, 1 << 20),
              "device number 1048576 is not in 0 to 1048575 (config.json#/linux/devices/0/minor)"},
             {with("/dev/x", 1, -1), "device number -1 is not in 0 to 1048575 (config.json#/linux/devices/0/minor)"},
             {with("/dev/x", 4095, 1048575), "accepted"}});
}

TEST_CASE("a namespace is named once and its path has no comma") {
  check_all({
      {[](config& c) {
         c.platform->namespaces.push_back({namespace_type::pid, "/x"});
       },
       "malformed spec file: duplicated ns {\"pid\" \"/x\"} (config.json#/linux/namespaces/6)"},
      {[](config& c) { c.platform->namespaces[0].path = "/a,b"; },
       "invalid namespace path /a,b (config.json#/linux/namespaces/0/path)"},
  });
}

TEST_CASE("a new user namespace needs maps that the kernel will take and that hold the user") {
  check_all({
      {[](config& c) {
         c.platform->uid_mappings.clear();
         c.platform->gid_mappings.clear();
       },
       "user namespaces enabled, but no namespace path to join nor mappings to apply specified "
       "(config.json#/linux/namespaces)"},
      {[](config& c) { c.process->user.uid = 65536; },
       "cannot setuid to unmapped uid 65536 in user namespace (config.json#/process/user/uid)"},
      {[](config& c) { c.process->user.uid = 65535; }, "accepted"},
      {[](config& c) { c.platform->gid_mappings.clear(); },
       "cannot setgid to unmapped gid 0 in user namespace (config.json#/process/user/gid)"},
      {[](config& c) { c.platform->uid_mappings[0].size = 0; },
       "id mapping of size 0 (config.json#/linux/uidMappings/0/size)"},
      {[](config& c) {
         c.platform->uid_mappings = {{0, 0, 4294967295}};
       },
       "accepted"},
      {[](config& c) {
         c.platform->uid_mappings = {{0, 1, 4294967295}};
       },
       "id mapping goes beyond 4294967294 (config.json#/linux/uidMappings/0)"},
      {[](config& c) {
         c.platform->uid_mappings = {{4294967294, 0, 2}};
       },
       "id mapping goes beyond 4294967294 (config.json#/linux/uidMappings/0)"},
      {[](config& c) {
         c.platform->gid_mappings = {{0, 5, 10}, {10, 15, 1}, {9, 100, 1}};
       },
       "id mapping overlaps the one at /linux/gidMappings/0 (config.json#/linux/gidMappings/2)"},
      {[](config& c) {
         c.platform->gid_mappings = {{0, 5, 10}, {10, 14, 1}};
       },
       "id mapping overlaps the one at /linux/gidMappings/0 (config.json#/linux/gidMappings/1)"},
      {[](config& c) {
         drop(c, namespace_type::user);
         c.platform->uid_mappings[0].size = 0;
       },
       "accepted"},
      {[](config& c) {
         c.platform->namespaces.back().path = "/proc/1/ns/user";
         c.process->user.uid = 70000;
       },
       "accepted"},
  });
}

TEST_CASE("time offsets need a time namespace of their own") {
  const auto offset = [](config& c) { c.platform->time_offsets.emplace().boottime = spec::time_offset{1, 2}; };
  check_all({
      {[&](config& c) { offset(c); },
       "time namespace offsets specified, but time namespace isn't enabled in the config "
       "(config.json#/linux/timeOffsets)"},
      {[&](config& c) {
         offset(c);
         c.platform->namespaces.push_back({namespace_type::time, "/x"});
       },
       "time namespace enabled, but both namespace path and time offsets specified -- you may only provide one "
       "(config.json#/linux/timeOffsets)"},
      {[&](config& c) {
         offset(c);
         c.platform->namespaces.push_back({namespace_type::time, {}});
       },
       "accepted"},
  });
}

TEST_CASE("a sysctl may be set where the container has its own") {
  const auto set = [](std::string name) { return [=](config& c) { c.platform->sysctl = {{name, "1"}}; }; };
  const auto set_without = [](std::string name, namespace_type type) {
    return [=](config& c) {
      c.platform->sysctl = {{name, "1"}};
      drop(c, type);
    };
  };
  for (const std::string name :
       {"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
        "kernel.shmmni", "kernel.shm_rmid_forced", "fs.mqueue.queues_max", "net.ipv4.ip_forward",
        "net/ipv4/conf/eno2.100/rp_filter", "user.max_user_namespaces", "kernel.domainname"})
    check_all({{set(name), "accepted"}});
  check_all({
      {set_without("kernel.sem", namespace_type::ipc),
       "sysctl \"kernel.sem\" is not allowed in the hosts ipc namespace (config.json#/linux/sysctl/kernel.sem)"},
      {set_without("fs/mqueue/msg_max", namespace_type::ipc),
       "sysctl \"fs/mqueue/msg_max\" is not allowed in the hosts ipc namespace "
       "(config.json#/linux/sysctl/fs~1mqueue~1msg_max)"},
      {set_without("net.core.somaxconn", namespace_type::network),
       "sysctl \"net.core.somaxconn\" not allowed in host network namespace "
       "(config.json#/linux/sysctl/net.core.somaxconn)"},
      {set_without("user.max_user_namespaces", namespace_type::user),
       "setting ucounts without a user namespace not allowed: user.max_user_namespaces "
       "(config.json#/linux/sysctl/user.max_user_namespaces)"},
      {set("kernel.hostname"),
       "sysctl \"kernel.hostname\" is not allowed as it conflicts with the OCI \"hostname\" field "
       "(config.json#/linux/sysctl/kernel.hostname)"},
      {set("kernel.core_pattern"),
       "sysctl \"kernel.core_pattern\" is not in a separate kernel namespace "
       "(config.json#/linux/sysctl/kernel.core_pattern)"},
      {set("net/../kernel/core_pattern"),
       "sysctl \"net/../kernel/core_pattern\" is not a name below /proc/sys "
       "(config.json#/linux/sysctl/net~1..~1kernel~1core_pattern)"},
      {set("networking"),
       "sysctl \"networking\" is not in a separate kernel namespace (config.json#/linux/sysctl/networking)"},
  });
  check_all({{set("net.core.somaxconn"),
              "sysctl \"net.core.somaxconn\" not allowed in host network namespace "
              "(config.json#/linux/sysctl/net.core.somaxconn)"}},
            {.network_path_is_own = true});
}

TEST_CASE("kernel.domainname follows the UTS namespace") {
  auto c = good();
  drop(c, namespace_type::uts);
  c.hostname.clear();
  c.platform->sysctl = {{"kernel.domainname", "d"}};
  CHECK(spec::validate(c).error().message() ==
        "sysctl \"kernel.domainname\" is not in a separate kernel namespace "
        "(config.json#/linux/sysctl/kernel.domainname)");
}

TEST_CASE("Intel RDT needs the processor's help and a name that stays in its folder") {
  const auto rdt = [](spec::intel_rdt r) { return [=](config& c) { c.platform->intel_rdt = r; }; };
  check_all({{rdt({}), "intelRdt is specified in config, but Intel RDT is not enabled (config.json#/linux/intelRdt)"}});
  check_all(
      {
          {rdt({.clos_id = "/"}), "accepted"},
          {rdt({.clos_id = ".."}), "invalid intelRdt.ClosID \"..\" (config.json#/linux/intelRdt/closID)"},
          {rdt({.clos_id = "a/b"}), "invalid intelRdt.ClosID \"a/b\" (config.json#/linux/intelRdt/closID)"},
          {rdt({.l3_cache_schema = "L3:0=f"}),
           "intelRdt.l3CacheSchema is specified in config, but Intel RDT/CAT is not enabled "
           "(config.json#/linux/intelRdt/l3CacheSchema)"},
          {rdt({.mem_bw_schema = "MB:0=10"}),
           "intelRdt.memBwSchema is specified in config, but Intel RDT/MBA is not enabled "
           "(config.json#/linux/intelRdt/memBwSchema)"},
      },
      {.intel_rdt_enabled = true});
  check_all(
      {
          {rdt({.schemata = {"L3:0=f"}, .l3_cache_schema = "L3:0=f\nMB:0=10", .mem_bw_schema = "MB:0=10"}), "accepted"},
          {rdt({.mem_bw_schema = "L3:0=f"}),
           "intelRdt.memBwSchema is not one line that begins with MB: "
           "(config.json#/linux/intelRdt/memBwSchema)"},
          {rdt({.mem_bw_schema = "MB:0=1\n"}),
           "intelRdt.memBwSchema is not one line that begins with MB: "
           "(config.json#/linux/intelRdt/memBwSchema)"},
          {rdt({.schemata = {"L3:0=f", "L2:0=f\nL2:1=f"}}),
           "an element of intelRdt.schemata is not one line "
           "(config.json#/linux/intelRdt/schemata/1)"},
          {rdt({.schemata = {""}}),
           "an element of intelRdt.schemata is not one line "
           "(config.json#/linux/intelRdt/schemata/0)"},
      },
      {.intel_rdt_enabled = true, .intel_rdt_l3_enabled = true, .intel_rdt_mba_enabled = true});
}

TEST_CASE("an unprivileged runtime can honour less") {
  check_all(
      {
          {[](config&) {}, "accepted"},
          {[](config& c) { drop(c, namespace_type::user); },
           "rootless container requires user namespaces (config.json#/linux/namespaces)"},
          {[](config& c) { c.process->user.additional_gids = {1}; },
           "cannot set any additional groups in a rootless container (config.json#/process/user/additionalGids)"},
          {[](config& c) {
             c.platform->net_devices = {{"eth0", {}}};
           },
           "network devices are not supported for rootless containers (config.json#/linux/netDevices)"},
          {[](config& c) {
             c.mounts[2].options = {{"nosuid", "gid=65536"}};
           },
           "cannot specify gid=65536 mount option for rootless container: 65536 is not mapped "
           "(config.json#/mounts/2/options/1)"},
          {[](config& c) { c.mounts[2].options = {{"uid=x"}}; },
           "cannot specify uid=x mount option for rootless container: \"x\" is not an id from 0 to 4294967294 "
           "(config.json#/mounts/2/options/0)"},
          {[](config& c) {
             c.mounts[2].options = {{"bind", "idmap"}};
           },
           "invalid mount {/dev/pts}: id-mapped mounts are not supported for rootless containers "
           "(config.json#/mounts/2)"},
      },
      {.rootless_euid = true});
}

TEST_CASE("mounts have a destination, and id-mapped ones a bind and both maps") {
  const std::vector<spec::id_mapping> map = {{0, 1000, 1}};
  check_all({
      {[](config& c) { c.mounts[1].destination.clear(); },
       "mount destination must not be empty (config.json#/mounts/1/destination)"},
      {[&](config& c) { c.mounts[1] = {.destination = "/d", .uid_mappings = map, .gid_mappings = map}; },
       "invalid mount {/d}: id-mapped mounts are only supported for bind-mounts (config.json#/mounts/1)"},
      {[&](config& c) { c.mounts[1] = {.destination = "/d", .options = {{"rbind"}}, .uid_mappings = map}; },
       "invalid mount {/d}: id-mapped mounts must have both uid and gid mappings specified (config.json#/mounts/1)"},
      {[&](config& c) {
         drop(c, namespace_type::user);
         c.mounts[1] = {.destination = "/d", .options = {{"bind", "ridmap"}}};
       },
       "invalid mount {/d}: id-mapped mounts must have both uid and gid mappings specified (config.json#/mounts/1)"},
      {[&](config& c) {
         c.mounts[1] = {.destination = "/d", .options = {{"bind", "idmap"}}};
       },
       "accepted"},
      {[&](config& c) {
         c.mounts[1] = {.destination = "/d", .options = {{"bind"}}, .uid_mappings = map, .gid_mappings = map};
       },
       "accepted"},
      {[&](config& c) {
         c.mounts[1] = {.destination = "/d", .options = {{"bind"}}, .uid_mappings = map, .gid_mappings = {{0, 0, 0}}};
       },
       "id mapping of size 0 (config.json#/mounts/1/gidMappings/0/size)"},
  });
}

TEST_CASE("what the kernel would cut to fewer bits is refused") {
  check_all({
      {[](config& c) { c.process->user.umask = 0777; }, "accepted"},
      {[](config& c) { c.process->user.umask = 01000; },
       "umask 512 is not in 0 to 511 (config.json#/process/user/umask)"},
      {[](config& c) {
         c.process->console_size = spec::console_size{65535, 65535};
       },
       "accepted"},
      {[](config& c) {
         c.process->console_size = spec::console_size{65536, 1};
       },
       "console size 65536 is not in 0 to 65535 (config.json#/process/consoleSize/height)"},
      {[](config& c) {
         c.process->console_size = spec::console_size{1, 1ULL << 40U};
       },
       "console size 1099511627776 is not in 0 to 65535 (config.json#/process/consoleSize/width)"},
  });
}

TEST_CASE("scheduling is checked against its policy") {
  using policy = spec::scheduler_policy;
  const auto with = [](spec::scheduler s) { return [=](config& c) { c.process->scheduler = s; }; };
  check_all({
      {with({}), "scheduler policy is required (config.json#/process/scheduler/policy)"},
      {with({.policy = policy::other, .nice = -20}), "accepted"},
      {with({.policy = policy::other, .nice = 20}),
       "invalid scheduler.nice: 20 when scheduler.policy is SCHED_OTHER (config.json#/process/scheduler/nice)"},
      {with({.policy = policy::batch, .nice = -21}),
       "invalid scheduler.nice: -21 when scheduler.policy is SCHED_BATCH (config.json#/process/scheduler/nice)"},
      {with({.policy = policy::fifo, .nice = 99, .priority = 1}), "accepted"},
      {with({.policy = policy::idle, .priority = 1}),
       "scheduler.priority can only be specified for SchedFIFO or SchedRR policy "
       "(config.json#/process/scheduler/priority)"},
      {with({.policy = policy::deadline, .runtime = 1, .deadline = 2, .period = 3}), "accepted"},
      {with({.policy = policy::rr, .period = 3}),
       "scheduler runtime/deadline/period can only be specified for SchedDeadline policy "
       "(config.json#/process/scheduler)"},
      {[](config& c) { c.process->io_priority = spec::io_priority{.priority = 8}; },
       "invalid ioPriority.Priority: 8 (config.json#/process/ioPriority/priority)"},
      {[](config& c) { c.process->io_priority = spec::io_priority{.priority = -1}; },
       "invalid ioPriority.Priority: -1 (config.json#/process/ioPriority/priority)"},
      {[](config& c) { c.process->io_priority = spec::io_priority{.priority = 7}; }, "accepted"},
      {[](config& c) {
         c.process->exec_cpu_affinity = spec::cpu_affinity{"0-3", "x"};
       },
       "invalid execCPUAffinity.final \"x\": \"x\" is not a number or range of numbers up to 65535 "
       "(config.json#/process/execCPUAffinity/final)"},
  });
}

TEST_CASE("a memory policy takes the nodes its mode asks for") {
  using mode = spec::memory_policy_mode;
  const auto with = [](spec::memory_policy m) { return [=](config& c) { c.platform->memory_policy = m; }; };
  check_all({
      {with({}), "invalid memory policy mode \"\" (config.json#/linux/memoryPolicy/mode)"},
      {with({.mode = mode::bind, .nodes = "0-1,3"}), "accepted"},
      {with({.mode = mode::preferred}), "accepted"},
      {with({.mode = mode::bind}),
       "memory policy mode requires at least one node but got 0 (config.json#/linux/memoryPolicy/nodes)"},
      {with({.mode = mode::weighted_interleave}),
       "memory policy mode requires at least one node but got 0 (config.json#/linux/memoryPolicy/nodes)"},
      {with({.mode = mode::local, .nodes = "0-2,4"}),
       "memory policy mode requires 0 nodes but got 4 (config.json#/linux/memoryPolicy/nodes)"},
      {with({.mode = mode::bind, .nodes = "a"}),
       "invalid memory policy nodes \"a\": \"a\" is not a number or range of numbers up to 1023 "
       "(config.json#/linux/memoryPolicy/nodes)"},
  });
}

TEST_CASE("hooks are absolute and wait no negative time") {
  check_all({
      {[](config& c) {
         c.hooks.emplace().poststop = {{.path = "/a"}, {.path = "b"}};
       },
       "hook path \"b\" is not absolute (config.json#/hooks/poststop/1/path)"},
      {[](config& c) { c.hooks.emplace().prestart = {{.path = ""}}; },
       "hook path \"\" is not absolute (config.json#/hooks/prestart/0/path)"},
      {[](config& c) { c.hooks.emplace().create_container = {{.path = "/a", .timeout = -1}}; },
       "hook timeout -1 is negative (config.json#/hooks/createContainer/0/timeout)"},
      {[](config& c) { c.hooks.emplace().start_container = {{.path = "/a", .timeout = 0}}; }, "accepted"},
  });
}

TEST_CASE("seccomp cannot notify about what notifying needs") {
  using action = spec::seccomp_action;
  const auto with = [](spec::seccomp s) { return [=](config& c) { c.platform->seccomp = s; }; };
  check_all({
      {with({}), "accepted"},
      {with({.syscalls = {{.names = {"a"}}}}),
       "string  is not a valid action for seccomp (config.json#/linux/seccomp/defaultAction)"},
      {with({.default_action = action::notify}),
       "SCMP_ACT_NOTIFY cannot be used as default action (config.json#/linux/seccomp/defaultAction)"},
      {with({.default_action = action::allow, .syscalls = {{.names = {"a", "write"}, .action = action::notify}}}),
       "SCMP_ACT_NOTIFY cannot be used for the write syscall (config.json#/linux/seccomp/syscalls/0)"},
      {with({.default_action = action::allow, .syscalls = {{.names = {"a"}, .action = action::notify}}}),
       "seccomp listenerPath is not set (config.json#/linux/seccomp/listenerPath)"},
      {with({.default_action = action::allow, .syscalls = {{.names = {}, .action = action::log}}}),
       "names must not be empty (config.json#/linux/seccomp/syscalls/0/names)"},
      {with({.default_action = action::allow,
             .syscalls = {{.names = {"a"}, .action = action::log, .args = {{.index = 6}}}}}),
       "system calls have no argument 6, only 0 to 5 (config.json#/linux/seccomp/syscalls/0/args/0/index)"},
  });
}

TEST_CASE("resources name files of their own folder only") {
  const auto with = [](spec::resources r) { return [=](config& c) { c.platform->resources = r; }; };
  check_all({
      {with({.devices = {{.allow = true, .access = "rwx"}}}),
       "invalid device access \"rwx\" (config.json#/linux/resources/devices/0/access)"},
      {with({.hugepage_limits = {{"2MB", 1}, {"1GB", 1}, {"64KB", 1}}}), "accepted"},
      {with({.hugepage_limits = {{"../x", 1}}}),
       "invalid hugepage size \"../x\" (config.json#/linux/resources/hugepageLimits/0/pageSize)"},
      {with({.hugepage_limits = {{"02MB", 1}}}),
       "invalid hugepage size \"02MB\" (config.json#/linux/resources/hugepageLimits/0/pageSize)"},
      {with({.unified = {{"../x", "1"}}}),
       "unified resource \"../x\" must be a file name (no slashes) (config.json#/linux/resources/unified/..~1x)"},
  });
}

TEST_CASE("without pivot_root a private root is refused") {
  const auto with = [](spec::propagation p) { return [=](config& c) { c.platform->rootfs_propagation = p; }; };
  check_all({{with(spec::propagation::private_), "accepted"}});
  check_all({{with(spec::propagation::rprivate),
              "rootfsPropagation of [r]private is not safe without pivot_root (config.json#/linux/rootfsPropagation)"},
             {with(spec::propagation::rslave), "accepted"}},
            {.no_pivot = true});
}

TEST_CASE("what runc only warns about is returned, not refused") {
  auto c = good();
  c.oci_version.clear();
  c.process->capabilities = spec::capabilities{.bounding = {"CAP_KILL", "CAP_X", "CAP_BPF"},
                                               .inheritable = {"CAP_KILL"},
                                               .permitted = {"CAP_X", "CAP_KILL"},
                                               .ambient = {"CAP_KILL", "CAP_CHOWN", "CAP_X"}};
  c.mounts[1].destination = "dev";
  c.platform->personality = spec::personality{.flags = {"X"}};
  c.platform->resources.emplace().memory = spec::memory{.kernel_tcp = 1};
  c.platform->resources->devices = {{.access = "rwm"}, {.access = "rwa"}};
  c.annotations = {{"run.oci.handler", "x"}, {"run.oci.keep_original_groups", "1"}, {"org.x", "y"}};
  c.process->user.additional_gids = {1};
  CHECK(spec::validate(c, {.capability_count = 39}) ==
        std::vector<spec::warning>{
            {"/ociVersion", "ociVersion is missing"},
            {"/process/capabilities", "ignoring unknown or unavailable capabilities: [CAP_X CAP_BPF]"},
            {"/process/capabilities/ambient/1", "can't raise ambient capability CAP_CHOWN: operation not permitted"},
            {"/mounts/1/destination", "mount destination \"dev\" is relative, taken as /dev"},
            {"/annotations/run.oci.handler", "annotation run.oci.handler is not supported: ignored"},
            {"/process/user/additionalGids",
             "additionalGids are ignored: the annotation run.oci.keep_original_groups keeps the caller's groups"},
            {"/linux/personality/flags", "ignoring personality flags: none is supported"},
            {"/linux/resources/devices/1/access", "device access \"rwa\": a means nothing, only r, w and m do"},
            {"/linux/resources/memory/kernelTCP", "kernel memory limits are ignored, as in runc"},
        });
}

TEST_CASE("a document without a linux block is checked as one that asks for nothing") {
  auto c = good();
  c.platform.reset();
  c.hostname.clear();
  CHECK(spec::validate(c));
}

TEST_CASE("a process alone is checked with pointers of its own document") {
  auto p = *good().process;
  CHECK(spec::validate_process(p, {}) == std::vector<spec::warning>{});
  p.scheduler.emplace();
  CHECK(spec::validate_process(p, {}).error().where() == "/scheduler/policy");
  p.cwd = "x";
  CHECK(spec::validate_process(p, {}).error().where() == "/cwd");
}
