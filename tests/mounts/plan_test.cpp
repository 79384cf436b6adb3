// SPDX-License-Identifier: Apache-2.0
#include <ocikit/mounts/plan.hpp>

#include <sys/mount.h>
#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "mounts/known_facts.hpp"
#include "steps_text.hpp"

using namespace ocikit;
using namespace ocikit::mounts;
using ocikit::testing::full_text;
using ocikit::testing::known_facts;

namespace {

using list = std::vector<std::string>;
using steps = step_list<mounts::step>;

spec::mount entry(std::string destination, std::string type, std::string source, list options = {}) {
  return {.destination = std::move(destination),
          .type = std::move(type),
          .source = std::move(source),
          .options = std::move(options)};
}

/// A plan and what it borrows from.
struct planned_mounts {
  spec::config config;
  text_pool texts;
  std::uint32_t slots = 5;  // not 0, so that a plan that forgets the counter is seen
  result<mount_plan> plan;

  explicit planned_mounts(std::vector<spec::mount> mounts, const facts& known = known_facts())
      : config{.mounts = std::move(mounts)}, plan{plan_mounts(config, known, texts, slots)} {}

  /// Nothing without mounts whose ids are mapped.
  [[nodiscard]] std::string mapped_text() const {
    std::string out;
    for (const id_mapping_source& one : plan->id_mappings) {
      out += "mapping " + std::to_string(one.slot) + " " + one.path + " [" + one.where + "]";
      for (const auto* maps : {&one.uids, &one.gids})
        for (const spec::id_mapping& m : *maps)
          out += " " + std::to_string(m.container_id) + ":" + std::to_string(m.host_id) + ":" + std::to_string(m.size);
      out += "\n";
    }
    return plan->mapped.empty() ? out : out + "mapped" + full_text(plan->mapped);
  }

  [[nodiscard]] std::string text() const {
    if (!plan) return plan.error().message();
    return mapped_text() + "sources" + full_text(plan->sources) + "targets" + full_text(plan->targets) + "finishing" +
           full_text(plan->finishing) + "slots " + std::to_string(slots);
  }
};

std::string expected(const steps& sources, const steps& targets, const steps& finishing = {}, int slots = 5) {
  return "sources" + full_text(sources) + "targets" + full_text(targets) + "finishing" + full_text(finishing) +
         "slots " + std::to_string(slots);
}

constexpr std::uint64_t no_symfollow = 0x200000;  // newer than many C libraries

/// A bind mount with any flag has just these.
attributes exactly(std::uint64_t set) {
  constexpr std::uint64_t all =
      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | no_symfollow;
  return {set, all & ~set};
}

}  // namespace

TEST_CASE("no mounts, no steps") { CHECK(planned_mounts{{}}.text() == expected({}, {})); }

TEST_CASE("a bind mount is its option, not its type: a source in a slot, then attached with its attributes") {
  CHECK(planned_mounts{{entry("/data", "none", "/srv", {"rbind", "ro", "nosuid", "rro"})}}.text() ==
        expected({{open_source{"/srv", 5, true}, "/mounts/0/source"}},
                 {{attach{.target = "/data",
                          .slot = 5,
                          .own = exactly(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID),
                          .recursive = {MOUNT_ATTR_RDONLY, 0},
                          .subtree = true},
                   "/mounts/0"}},
                 {}, 6));
  CHECK(planned_mounts{{entry("/data", "bind", "/srv")}}.text() ==
        expected({}, {{mount_filesystem{.type = "bind", .source = "/srv", .target = "/data"}, "/mounts/0"}}));
}

TEST_CASE("all sources come first, in the config's order, each with a slot of its own") {
  const std::uint64_t propagation[] = {MS_PRIVATE | MS_REC, MS_SHARED};
  CHECK(planned_mounts{{entry("/a", "", "files/a", {"bind", "rprivate", "shared"}), entry("/t", "tmpfs", ""),
                        entry("//b/./c/../", "", "/b", {"bind", "rw"})}}
            .text() ==
        expected(
            {{open_source{"/b/files/a", 5, false}, "/mounts/0/source"},
             {open_source{"/b", 6, false}, "/mounts/2/source"}},
            {{attach{"/a", 5, {}, {}, propagation, false}, "/mounts/0"},
             {mount_filesystem{.type = "tmpfs", .source = "tmpfs", .target = "/t", .inherit_mode = true}, "/mounts/1"},
             {attach{"/b", 6, exactly(0), {}, {}, false}, "/mounts/2"}},
            {}, 7));
}

TEST_CASE("a file system takes one mount(2) and one call for each propagation") {
  CHECK(planned_mounts{{entry("/x", "ext4", "/dev/sda", {"noexec", "data=ordered", "rslave", "private", "discard"})}}
            .text() == expected({}, {{mount_filesystem{.type = "ext4",
                                                       .source = "/dev/sda",
                                                       .target = "/x",
                                                       .flags = MS_NOEXEC,
                                                       .data = "data=ordered,discard"},
                                      "/mounts/0"},
                                     {change_propagation{"/x", MS_SLAVE | MS_REC}, "/mounts/0"},
                                     {change_propagation{"/x", MS_PRIVATE}, "/mounts/0"}}));
}

TEST_CASE("what the runtime still has to fill becomes read-only last") {
  const facts known = known_facts();
  struct row {
    spec::mount mount;
    std::uint64_t now;
    bool late;
  };
  const row rows[] = {
      {entry("/tmp", "tmpfs", "t", {"ro", "nodev", "mode=1777"}), MS_NODEV, true},
      {entry("/dev", "devtmpfs", "t", {"ro", "mode=1777"}), 0, true},
      {entry("/sys", "sysfs", "t", {"ro", "mode=1777"}), MS_RDONLY, false},
      {entry("/tmp", "tmpfs", "t", {"rw", "mode=1777"}), 0, false},
  };
  for (const row& one : rows) {
    CAPTURE(one.mount.destination, one.mount.type);
    const planned_mounts got{{one.mount}, known};
    mount_filesystem step{.type = one.mount.type, .source = "t", .target = one.mount.destination};
    step.flags = one.now;
    step.data = "mode=1777";
    step.ordinary_directory = one.mount.type == "sysfs";
    steps finishing;
    if (one.late) finishing = {{change_attributes{one.mount.destination, {MOUNT_ATTR_RDONLY, 0}}, "/mounts/0"}};
    CHECK(got.text() == expected({}, {{step, "/mounts/0"}}, finishing));
  }
}

TEST_CASE("a tmpfs may begin with a copy of what it covers; for any other type the option means nothing, as in runc") {
  CHECK(
      planned_mounts{{entry("/t", "tmpfs", "t", {"tmpcopyup", "ro"}), entry("/s", "sysfs", "s", {"tmpcopyup"})}}
          .text() ==
      expected(
          {},
          {{mount_filesystem{.type = "tmpfs", .source = "t", .target = "/t", .inherit_mode = true, .copy_up = true},
            "/mounts/0"},
           {mount_filesystem{.type = "sysfs", .source = "s", .target = "/s", .ordinary_directory = true}, "/mounts/1"}},
          {{change_attributes{"/t", {MOUNT_ATTR_RDONLY, 0}}, "/mounts/0"}}));
}

TEST_CASE("kernel views go on ordinary directories only, and a tmpfs takes over the mode of what it covers") {
  struct row {
    const char* type;
    list options;
    bool ordinary, inherit;
  };
  const row rows[] = {
      {"proc", {}, true, false},
      {"sysfs", {}, true, false},
      {"devpts", {}, true, false},
      {"mqueue", {}, true, false},
      {"tmpfs", {"mode=700"}, false, false},
      {"tmpfs", {"size=1k"}, false, true},
      {"ext4", {}, false, false},
  };
  for (const row& one : rows) {
    CAPTURE(one.type);
    const planned_mounts got{{entry("/proc", one.type, "", one.options)}};
    const planned_mounts elsewhere{{entry("/m", one.type, "", one.options)}};
    const auto& step = std::get<mount_filesystem>(elsewhere.plan->targets.at(0).what);
    CHECK(step.ordinary_directory == one.ordinary);
    CHECK(step.inherit_mode == one.inherit);
    CHECK(got.plan.has_value() == (std::string_view{one.type} == "proc"));
  }
}

TEST_CASE("nothing covers /proc but procfs, and nothing inside it but what lxcfs covers") {
  const std::string not_proc = "\"/proc\" cannot be mounted because it is not of type proc (config.json#/mounts/0)";
  const auto inside = [](const std::string& path) {
    return "\"" + path + "\" cannot be mounted because it is inside /proc (config.json#/mounts/0)";
  };
  const std::pair<spec::mount, std::string> rows[] = {
      {entry("/proc", "proc", "proc"), ""},
      {entry("/proc/", "proc", "proc"), ""},
      {entry("/", "tmpfs", "t"), "mountpoint \"/\" is on the top of rootfs (config.json#/mounts/0/destination)"},
      {entry("/x/..", "tmpfs", "t"), "mountpoint \"/\" is on the top of rootfs (config.json#/mounts/0/destination)"},
      {entry("/proc", "tmpfs", "t"), not_proc},
      {entry("/proc", "none", "/proc", {"rbind"}), ""},
      {entry("/proc", "none", "/proc/1/../", {"bind"}), ""},
      {entry("/proc", "proc", "/tmp", {"bind"}), ""},
      {entry("/proc", "none", "/procfake", {"bind"}), not_proc},
      {entry("/proc", "none", "/proc/../tmp", {"bind"}), not_proc},
      {entry("/proc", "none", "proc", {"bind"}), not_proc},  // the bundle's own directory
      {entry("/proc/sys", "tmpfs", "t"), inside("/proc/sys")},
      {entry("/proc/sys", "none", "/x", {"bind"}), inside("/proc/sys")},
      {entry("/proc/x/../uptime", "none", "/x", {"bind"}), ""},
      {entry("/proc/uptime", "tmpfs", "t"), inside("/proc/uptime")},
      {entry("/proc/sys/kernel/ns_last_pid", "none", "/x", {"bind"}), ""},
      {entry("/proc/sys/kernel", "none", "/x", {"bind"}), inside("/proc/sys/kernel")},
      {entry("/process", "tmpfs", "t"), ""},
  };
  for (const auto& [mount, message] : rows) {
    CAPTURE(mount.destination, mount.source);
    const planned_mounts got{{mount}};
    CHECK((got.plan ? "" : got.plan.error().message()) == message);
  }
}

TEST_CASE("a bind mount that may lie on procfs says so, for the executor refuses it anywhere else") {
  const planned_mounts got{{entry("/proc/stat", "", "/s", {"bind"}), entry("/proc", "", "/proc", {"bind"}),
                            entry("/srv", "", "/s", {"bind"})}};
  REQUIRE(got.plan);
  CHECK(std::get<attach>(got.plan->targets[0].what).inside_procfs);
  CHECK(std::get<attach>(got.plan->targets[1].what).inside_procfs);
  CHECK(!std::get<attach>(got.plan->targets[2].what).inside_procfs);
}

TEST_CASE("what cannot be done is refused with its place, instead of being left out") {
  CHECK(planned_mounts{{entry("/m", "", "/s", {"bind", "size=1"})}}.text() ==
        "bind mounts cannot have any filesystem-specific options applied (config.json#/mounts/0/options)");
  const std::string both =
      "`copy-symlink` is mutually exclusive with `src-nofollow` and `dest-nofollow` (config.json#/mounts/0/options)";
  CHECK(planned_mounts{{entry("/m", "", "/s", {"bind", "copy-symlink", "src-nofollow"})}}.text() == both);
  CHECK(planned_mounts{{entry("/m", "", "/s", {"bind", "dest-nofollow", "copy-symlink"})}}.text() == both);
  CHECK(planned_mounts{{entry("/m", "tmpfs", "", {"dest-nofollow"})}}.text() ==
        "`copy-symlink`, `src-nofollow` and `dest-nofollow` are for bind mounts only (config.json#/mounts/0/options)");
}

TEST_CASE("mounts whose ids are mapped are sources of their own, with one mapping for all that ask for the same") {
  const auto mapped = [](std::string target, list options, std::uint32_t first) {
    spec::mount out = entry(std::move(target), "", "/s", std::move(options));
    out.uid_mappings = {{0, first, 10}, {20, 30, 1}};
    out.gid_mappings = {{0, first, 10}};
    return out;
  };
  CHECK(planned_mounts{{mapped("/a", {"bind"}, 1000), mapped("/b", {"rbind", "ridmap"}, 1000),
                        mapped("/c", {"rbind", "idmap"}, 2000)}}
            .text() ==
        "mapping 6  [/mounts/0/uidMappings] 0:1000:10 20:30:1 0:1000:10\n"
        "mapping 9  [/mounts/2/uidMappings] 0:2000:10 20:30:1 0:2000:10\n"
        "mapped" +
            full_text(steps{{open_source{"/s", 5, false}, "/mounts/0/source"},
                            {map_source{5, 6, false}, "/mounts/0"},
                            {open_source{"/s", 7, true}, "/mounts/1/source"},
                            {map_source{7, 6, true}, "/mounts/1"},
                            {open_source{"/s", 8, true}, "/mounts/2/source"},
                            {map_source{8, 9, false}, "/mounts/2"}}) +
            expected({},
                     {{attach{.target = "/a", .slot = 5}, "/mounts/0"},
                      {attach{.target = "/b", .slot = 7, .subtree = true}, "/mounts/1"},
                      {attach{.target = "/c", .slot = 8, .subtree = true}, "/mounts/2"}},
                     {}, 10));
}

TEST_CASE("a mount that asks for no mapping of its own has the container's: its maps, or the namespace it joins") {
  spec::config config{.mounts = {entry("/a", "", "/s", {"bind", "idmap"})}};
  config.platform = spec::linux_platform{};
  config.platform->namespaces = {{spec::namespace_type::user, ""}};
  config.platform->uid_mappings = {{0, 5000, 10}};
  config.platform->gid_mappings = {{0, 6000, 10}};
  const auto mapping = [&config] {
    text_pool texts;
    std::uint32_t slots = 0;
    const auto plan = plan_mounts(config, known_facts(), texts, slots);
    return plan->id_mappings.at(0);
  };
  CHECK(mapping().uids == config.platform->uid_mappings);
  CHECK(mapping().gids == config.platform->gid_mappings);
  CHECK(mapping().path.empty());
  CHECK(mapping().where == "/linux/uidMappings");
  config.platform->namespaces = {{spec::namespace_type::ipc, "/i"}, {spec::namespace_type::user, "/u"}};
  CHECK(mapping().uids.empty());
  CHECK(mapping().path == "/u");
  CHECK(mapping().where == "/linux/namespaces/1");
}

TEST_CASE("a source in the root file system is opened in its turn and as the container sees it") {
  CHECK(planned_mounts{{entry("/a", "", "/srv", {"bind"}), entry("/b", "", "/b/rootfs/a/../x", {"rbind"}),
                        entry("/c", "", "/b/rootfs", {"bind"}), entry("/d", "", "/b/rootfs/../y", {"bind"})}}
            .text() == expected({{open_source{"/srv", 5, false}, "/mounts/0/source"},
                                 {open_source{"/b/rootfs", 7, false}, "/mounts/2/source"},
                                 {open_source{"/b/rootfs/../y", 8, false}, "/mounts/3/source"}},
                                {{attach{.target = "/a", .slot = 5}, "/mounts/0"},
                                 {open_source{"/b/rootfs/x", 6, true, false, 9}, "/mounts/1/source"},
                                 {attach{.target = "/b", .slot = 6, .subtree = true}, "/mounts/1"},
                                 {attach{.target = "/c", .slot = 7}, "/mounts/2"},
                                 {attach{.target = "/d", .slot = 8}, "/mounts/3"}},
                                {}, 9));
}

TEST_CASE("a destination may be told as the host sees it, below the root file system") {
  CHECK(planned_mounts{{entry("/b/rootfs/t", "ext4", "e"), entry("/b/rootfs2/t", "ext4", "e")}}.text() ==
        expected({}, {{mount_filesystem{.type = "ext4", .source = "e", .target = "/t"}, "/mounts/0"},
                      {mount_filesystem{.type = "ext4", .source = "e", .target = "/b/rootfs2/t"}, "/mounts/1"}}));
}

TEST_CASE("links at either end of a bind mount are taken themselves where that is asked for") {
  CHECK(
      planned_mounts{{entry("/a", "", "/s", {"bind", "src-nofollow"}), entry("/b", "", "/s", {"bind", "dest-nofollow"}),
                      entry("/c", "", "/s", {"bind", "copy-symlink"})}}
          .text() == expected({{open_source{"/s", 5, false, true}, "/mounts/0/source"},
                               {open_source{"/s", 6, false, false}, "/mounts/1/source"},
                               {open_source{"/s", 7, false, true}, "/mounts/2/source"}},
                              {{attach{.target = "/a", .slot = 5}, "/mounts/0"},
                               {attach{.target = "/b", .slot = 6, .nofollow = true}, "/mounts/1"},
                               {attach{.target = "/c", .slot = 7, .copy_link = true}, "/mounts/2"}},
                              {}, 8));
}

TEST_CASE("cgroup v2: a mount of the own view; without one the host's is bound, whose options are everybody's") {
  facts known = known_facts();
  const list options = {"ro", "nosuid", "rprivate"};
  const auto mounted = [&](zstring_view instead) {
    return expected({}, {{mount_filesystem{.type = "cgroup2",
                                           .source = "cgroup2",
                                           .target = "/sys/fs/cgroup",
                                           .flags = MS_RDONLY | MS_NOSUID,
                                           .ordinary_directory = true,
                                           .instead = instead},
                          "/mounts/0"},
                         {change_propagation{"/sys/fs/cgroup", MS_PRIVATE | MS_REC}, "/mounts/0"}});
  };
  const std::uint64_t propagation[] = {MS_PRIVATE | MS_REC};
  const auto bound = [&](std::uint64_t cleared) {
    return expected({{open_source{"/sys/fs/cgroup", 5, true}, "/mounts/0/source"}},
                    {{attach{.target = "/sys/fs/cgroup",
                             .slot = 5,
                             .own = {MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, cleared},
                             .propagation = propagation,
                             .subtree = true},
                      "/mounts/0"}},
                    {}, 6);
  };
  struct row {
    bool user_namespace, cgroup_namespace;
    std::string text;
  };
  const row rows[] = {{false, false, bound(no_symfollow | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)},
                      {false, true, mounted("/sys/fs/cgroup")},
                      {true, true, mounted("/sys/fs/cgroup")},
                      {true, false, bound(no_symfollow)}};  // the others may be locked
  for (const row& one : rows) {
    CAPTURE(one.user_namespace, one.cgroup_namespace);
    known.user_namespace = one.user_namespace;
    known.cgroup_namespace = one.cgroup_namespace;
    CHECK(planned_mounts{{entry("/sys/fs/cgroup", "cgroup", "cgroup", options)}, known}.text() == one.text);
    CHECK(planned_mounts{{entry("/sys/fs/cgroup", "cgroup2", "cgroup", options)}, known}.text() == one.text);
  }
  known.cgroup_namespace = true;
  known.cgroup_paths = {{"", "/sys/fs/cgroup/a"}};
  CHECK(planned_mounts{{entry("/sys/fs/cgroup", "cgroup", "cgroup", options)}, known}.text() ==
        mounted("/sys/fs/cgroup/a"));
}

namespace {

facts v1_facts(bool cgroup_namespace) {
  facts known = known_facts();
  known.unified_cgroups = false;
  known.cgroup_namespace = cgroup_namespace;
  known.cgroup_paths = {{"cpu", "/sys/fs/cgroup/cpu,cpuacct/c"},
                        {"cpuacct", "/sys/fs/cgroup/cpu,cpuacct/c"},
                        {"name=systemd", "/sys/fs/cgroup/systemd/c"},
                        {"pids", "/sys/fs/cgroup/pids"},
                        {"odd", "/mnt/odd/c"},
                        {"", "/sys/fs/cgroup/unified/c"}};
  return known;
}

planned<mounts::step> v1_base() {
  return {mount_filesystem{.type = "tmpfs",
                           .source = "tmpfs",
                           .target = "/cg",
                           .flags = MS_NODEV,
                           .data = "mode=755",
                           .ordinary_directory = true},
          "/mounts/0"};
}

planned<mounts::step> v1_link(zstring_view name) { return {make_link{"cg", name, "cpu,cpuacct", false}, "/mounts/0"}; }

}  // namespace

TEST_CASE("cgroup v1 without a namespace: the container's own directories are bound, one per hierarchy") {
  const auto bind = [](zstring_view target, std::uint32_t slot) -> planned<mounts::step> {
    return {attach{.target = target,
                   .slot = slot,
                   .own = exactly(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV),
                   .directory = true,
                   .subtree = true},
            "/mounts/0"};
  };
  CHECK(planned_mounts{{entry("/cg", "cgroup", "cgroup", {"ro", "nodev"})}, v1_facts(false)}.text() ==
        expected({{open_source{"/sys/fs/cgroup/cpu,cpuacct/c", 5, true}, "/mounts/0/source"},
                  {open_source{"/sys/fs/cgroup/systemd/c", 6, true}, "/mounts/0/source"},
                  {open_source{"/sys/fs/cgroup/pids", 7, true}, "/mounts/0/source"}},
                 {v1_base(), bind("/cg/cpu,cpuacct", 5), v1_link("cpu"), v1_link("cpuacct"), bind("/cg/systemd", 6),
                  bind("/cg/pids", 7)},
                 {{change_attributes{"/cg", {MOUNT_ATTR_RDONLY, 0}}, "/mounts/0"}}, 8));
}

TEST_CASE("cgroup v1 with a namespace: each hierarchy is mounted, a named one by its name") {
  const auto mounted = [](zstring_view target, zstring_view data) -> planned<mounts::step> {
    return {mount_filesystem{.type = "cgroup",
                             .source = "cgroup",
                             .target = target,
                             .flags = MS_NODEV,
                             .data = data,
                             .ordinary_directory = true},
            "/mounts/0"};
  };
  CHECK(planned_mounts{{entry("/cg", "cgroup", "cgroup", {"nodev"})}, v1_facts(true)}.text() ==
        expected({}, {v1_base(), mounted("/cg/cpu,cpuacct", "cpu,cpuacct"), v1_link("cpu"), v1_link("cpuacct"),
                      mounted("/cg/systemd", "none,name=systemd"), mounted("/cg/pids", "pids")}));
}

TEST_CASE("a mount label is an option of every new file system but the kernel's views of itself; queues get it after") {
  facts known = known_facts();
  known.label = "u:object_r:f_t:s0:c1,c2";
  known.label_option = "context=\"u:object_r:f_t:s0:c1,c2\"";
  known.cgroup_namespace = true;
  const planned_mounts got{{entry("/a", "tmpfs", "t", {"size=1m"}), entry("/b", "devpts", "d"),
                            entry("/c", "proc", "p"), entry("/d", "sysfs", "s"), entry("/e", "mqueue", "q"),
                            entry("/f", "cgroup", "c"), entry("/g", "bind", "/srv", {"bind"})},
                           known};
  REQUIRE(got.plan);
  std::string labels;
  for (const auto& [what, where] : got.plan->targets)
    if (const auto* mount = std::get_if<mount_filesystem>(&what))
      labels += std::string{mount->type} + " " + std::string{mount->data} + " " + std::string{mount->label} + "\n";
  CHECK(labels ==
        "tmpfs size=1m,context=\"u:object_r:f_t:s0:c1,c2\" \n"
        "devpts context=\"u:object_r:f_t:s0:c1,c2\" \n"
        "proc  \n"
        "sysfs  \n"
        "mqueue  u:object_r:f_t:s0:c1,c2\n"
        "cgroup2  \n");
}

TEST_CASE("the tmpfs for the hierarchies of cgroup v1, and the one that masks, have the mount label") {
  facts known = known_facts();
  known.unified_cgroups = false;
  known.cgroup_namespace = true;
  known.cgroup_paths = {{"cpu", "/sys/fs/cgroup/cpu/c"}};
  known.label_option = "context=\"l\"";
  const planned_mounts got{{entry("/c", "cgroup", "c")}, known};
  REQUIRE(got.plan);
  std::string data;
  for (const auto& [what, where] : got.plan->targets)
    if (const auto* mount = std::get_if<mount_filesystem>(&what)) data += std::string{mount->data} + "\n";
  CHECK(data == "mode=755,context=\"l\"\ncpu\n");

  text_pool texts;
  const spec::linux_platform platform{.masked_paths = {"/x"}};
  CHECK(full_text(plan_restrictions(platform, known, texts)) ==
        full_text(steps{{mask{"/x", "nr_blocks=1,nr_inodes=2,mode=0755,context=\"l\""}, "/linux/maskedPaths/0"}}));
}
