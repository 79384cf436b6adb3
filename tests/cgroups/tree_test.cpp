// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <ocikit/cgroups/fs.hpp>
#include <ocikit/cgroups/fs2.hpp>

#include "catch.hpp"
#include "fake_tree.hpp"

using namespace ocikit;
using namespace ocikit::cgroups;
using namespace ocikit::testing;

namespace {

unique_fd open_dir(const std::string& path) { return *sys::openat(sys::at_fdcwd, path, O_PATH | O_DIRECTORY); }

}  // namespace

TEST_CASE("a path is cleaned lexically, and nothing climbs above the root") {
  const std::pair<const char*, const char*> rows[] = {{"/", ""},          {"", ""},         {"/a/b", "a/b"},
                                                      {"a//b/./", "a/b"}, {"/a/../b", "b"}, {"/../../x", "x"},
                                                      {"../../x", "x"},   {"/a/b/..", "a"}, {"a/../../b/c/..", "b"}};
  for (const auto& [path, want] : rows) CHECK(clean_path(path) == want);
}

TEST_CASE("what cannot be a cgroup's path is a clear error") {
  const std::pair<std::string, const char*> rows[] = {
      {std::string{"/a\0b", 4}, "contains a NUL byte"},
      {"/a\nb", "contains a newline"},
      {std::string(70000, 'a'), "is longer than 4095 bytes"},
      {"/" + std::string(256, 'a'), "has a component of more than 255 bytes"}};
  for (const auto& [path, why] : rows) {
    const auto got = check_cgroups_path(path);
    REQUIRE(!got);
    CHECK(got.error().message() == std::string{"the cgroup's path "} + why + " (config.json#/linux/cgroupsPath)");
    for (const bool v2 : {false, true}) {
      const auto opened = v2 ? fs2_opener{}.open({"c", path, false, {}}) : fs_opener{}.open({"c", path, false, {}});
      CHECK(opened.error().where() == "/linux/cgroupsPath");
    }
  }
  CHECK(check_cgroups_path("/" + std::string(255, 'a') + "/b"));
}

TEST_CASE("v2: absolute starts at the root, relative and absent beside the caller's own cgroup") {
  const fake_tree tree;
  tree.put("proc/cgroup", "0::/user.slice/session\n");
  const std::pair<const char*, const char*> rows[] = {{"/a/b", "/cg/a/b"},
                                                      {"a/b", "/cg/user.slice/a/b"},
                                                      {"", "/cg/user.slice/c1"},
                                                      {"../../../x", "/cg/user.slice/x"}};
  for (const auto& [path, want] : rows) {
    const auto it = fs2_opener{tree.host()}.open({"c1", path, false, {}});
    REQUIRE(it);
    CHECK((*it)->paths() == path_map{{"", tree.at("").substr(0, tree.at("").size() - 1) + want}});
  }
}

TEST_CASE("v1: each controller by its mount, relative and absent below the caller's own cgroup") {
  const fake_tree tree;
  const auto mount = [&](const char* dir, const char* root, const char* type, const char* options) {
    fs::create_directories(tree.at(std::string{"cg/"} + dir));
    return std::string{"30 20 0:30 "} + root + " " + tree.at("cg") + "/" + dir + " rw,relatime shared:1 - " + type +
           " cgroup " + options + "\n";
  };
  tree.put("proc/mountinfo", "20 1 0:2 / / rw - ext4 /dev/root rw\n" +
                                 mount("cpu,cpuacct", "/", "cgroup", "rw,cpu,cpuacct") +
                                 mount("devices", "/docker/x", "cgroup", "rw,devices") +
                                 mount("systemd", "/", "cgroup", "rw,xattr,name=systemd") +
                                 mount("unified", "/", "cgroup2", "rw,nsdelegate"));
  tree.put("proc/cgroup", "5:cpu,cpuacct:/u\n4:devices:/docker/x/v\n1:name=systemd:/w\n0::/z\n");
  const auto paths = [&](const char* path) {
    std::string out;
    for (const auto& [key, place] : (*fs_opener{tree.host()}.open({"c1", path, false, {}}))->paths())
      out += key + "=" + place.substr(tree.at("cg").size()) + " ";
    return out;
  };
  CHECK(paths("/a/b") ==
        "cpu=/cpu,cpuacct/a/b cpuacct=/cpu,cpuacct/a/b devices=/devices/a/b name=systemd=/systemd/a/b =/unified/a/b ");
  CHECK(paths("a") ==
        "cpu=/cpu,cpuacct/u/a cpuacct=/cpu,cpuacct/u/a devices=/devices/v/a name=systemd=/systemd/w/a =/unified/z/a ");
  CHECK(paths("") ==
        "cpu=/cpu,cpuacct/u/c1 cpuacct=/cpu,cpuacct/u/c1 devices=/devices/v/c1 name=systemd=/systemd/w/c1 "
        "=/unified/z/c1 ");

  const auto saved = (*fs_opener{tree.host()}.open({"c1", "/a/b", false, {}}))->paths();
  const auto again = fs_opener{tree.host()}.reopen(saved, false);
  REQUIRE(again);
  CHECK((*again)->paths() == saved);
  CHECK(!fs_opener{tree.host()}.reopen({{"devices", "/etc"}}, false));
}

TEST_CASE("v1 without the devices controller is no host for a container") {
  const fake_tree tree;
  tree.put("proc/mountinfo", "30 20 0:30 / " + tree.at("cg") + "/pids rw - cgroup cgroup rw,pids\n");
  CHECK(fs_opener{tree.host()}.open({"c1", "/a", false, {}}).error().kind() == errc::unsupported);
}

TEST_CASE("a file system that is no cgroup2 is refused before anything is made in it") {
  const fake_tree tree;
  auto host = tree.host();
  host.verify_magic = true;
  const auto got = fs2_opener{host}.open({"c1", "/a", false, {}});
  REQUIRE(!got);
  CHECK(got.error().kind() == errc::unsupported);
  CHECK(got.error().message().find("is no cgroup2 file system") != std::string::npos);
}

TEST_CASE("no symbolic link is followed on the way to a cgroup") {
  const fake_tree tree;
  fs::create_directories(tree.at("outside/below"));
  fs::create_directory_symlink(tree.at("outside"), tree.at("cg/link"));
  fs::create_directory_symlink(tree.at("outside"), tree.at("cg/last"));
  for (const char* path : {"/link/below", "/link/new", "/last"}) {
    const auto it = fs2_opener{tree.host()}.open({"c1", path, false, {}});
    REQUIRE(it);
    INFO(path);
    CHECK((*it)->create().error().code() == ELOOP);
  }
  CHECK(!tree.has("outside/new"));
  CHECK(cgroups::detail::open_by_components(open_dir(tree.at("cg")), "link/below", O_PATH).error().code() == ENOTDIR);
  fs::create_directories(tree.at("cg/a/b"));
  CHECK(cgroups::detail::open_by_components(open_dir(tree.at("cg")), "a/b", O_PATH));
}

TEST_CASE("limits reach the files of the cgroup; what is missing is named with its place in config.json") {
  const fake_tree tree;
  for (const char* file : {"pids.max", "memory.max", "memory.swap.max", "cpu.max", "cgroup.procs", "cgroup.freeze"})
    tree.put(std::string{"cg/a/"} + file);
  const auto it = fs2_opener{tree.host()}.open({"c1", "/a", false, {}});
  REQUIRE(it);
  spec::resources r;
  r.pids = spec::pids{77};
  r.memory.emplace().limit = 4096;
  r.memory->swap = 8192;
  r.cpu.emplace().quota = 1000;
  REQUIRE((*it)->apply(r, driver::device_policy::keep));
  CHECK(tree.get("cg/a/pids.max") == "77");
  CHECK(tree.get("cg/a/memory.max") == "4096");
  CHECK(tree.get("cg/a/memory.swap.max") == "4096");
  CHECK(tree.get("cg/a/cpu.max") == "1000 100000");

  spec::resources cpuset;
  cpuset.cpu.emplace().cpus = "0";
  const auto missing = (*it)->apply(cpuset, driver::device_policy::keep);
  REQUIRE(!missing);
  CHECK(missing.error().kind() == errc::unsupported);
  CHECK(missing.error().where() == "/linux/resources/cpu/cpus");
  spec::resources unified;
  unified.unified = {{"misc.max", "x 1"}};
  CHECK((*it)->apply(unified, driver::device_policy::keep).error().message() ==
        "unified resource \"misc.max\" can't be set: controller \"misc\" not available "
        "(config.json#/linux/resources/unified/misc.max)");
}

TEST_CASE("a cgroup with processes or frozen is not taken, and stays as it was") {
  const fake_tree tree;
  tree.put("cg/a/cgroup.procs", "12\n13\n");
  tree.put("cg/a/b/cgroup.procs", "14\n");
  tree.put("cg/a/cgroup.freeze", "0\n");
  const auto it = fs2_opener{tree.host()}.open({"c1", "/a", false, {}});
  REQUIRE(it);
  const auto busy = (*it)->create();
  REQUIRE(!busy);
  CHECK(busy.error().kind() == errc::state);
  CHECK(busy.error().message() ==
        "container's cgroup is not empty: 3 process(es) found (config.json#/linux/cgroupsPath)");
  tree.put("cg/a/cgroup.procs", "");
  tree.put("cg/a/b/cgroup.procs", "");
  tree.put("cg/a/cgroup.freeze", "1\n");
  CHECK((*it)->create().error().message() == "container's cgroup unexpectedly frozen (config.json#/linux/cgroupsPath)");
  CHECK(tree.has("cg/a/b"));
}

TEST_CASE("undo removes what create made, parents included, and nothing else") {
  const fake_tree tree;
  fs::create_directories(tree.at("cg/old"));
  {
    const auto it = fs2_opener{tree.host()}.open({"c1", "/old/new/newer/c1", false, {}});
    REQUIRE((*it)->create());
    CHECK(tree.has("cg/old/new/newer/c1"));
    fs::create_directory(tree.at("cg/old/new/newer/c1/below"));
    REQUIRE((*it)->undo());
    CHECK(!tree.has("cg/old/new"));
    CHECK(tree.has("cg/old"));
    REQUIRE((*it)->undo());
  }
  const auto it = fs2_opener{tree.host()}.open({"c1", "/old", false, {}});
  tree.put("cg/old/cgroup.procs", "");
  REQUIRE((*it)->create());
  REQUIRE((*it)->undo());
  CHECK(tree.has("cg/old"));
}

TEST_CASE("there is no driver for the root of all cgroups, because its kill would reach every process") {
  const fake_tree tree;
  for (const char* path : {"/", "/.", "/a/..", "//"}) {
    const auto it = fs2_opener{tree.host()}.open({"c1", path, false, {}});
    REQUIRE(!it);
    CHECK(it.error().where() == "/linux/cgroupsPath");
  }
  CHECK(!fs2_opener{tree.host()}.reopen({{"", tree.host().cgroups + "/"}}, false));
}

TEST_CASE("only controllers that are missing are enabled, from the root down") {
  const fake_tree tree;
  tree.put("cg/cgroup.controllers", "cpu memory pids\n");
  tree.put("cg/cgroup.subtree_control", "cpu \n");
  tree.put("cg/a/cgroup.subtree_control", "\n");
  const auto it = fs2_opener{tree.host()}.open({"c1", "/a/b", false, {}});
  REQUIRE((*it)->create());
  CHECK(tree.get("cg/cgroup.subtree_control") == "+memory +pids");
  CHECK(tree.get("cg/a/cgroup.subtree_control") == "+cpu +memory +pids");
  REQUIRE((*it)->remove());
  tree.put("cg/cgroup.subtree_control", "?");
  tree.put("cg/a/cgroup.subtree_control", "cpu memory pids\n");
  REQUIRE((*it)->create());
  CHECK(tree.get("cg/cgroup.subtree_control") == "?");  // the parent has them all, so the root was not even read
}

TEST_CASE("rootless, a missing permission is bearable only where nothing was asked for") {
  if (::geteuid() == 0 && ::seteuid(65534) != 0) return;
  const fake_tree tree;
  ::chmod(tree.at("cg").c_str(), 0555);
  tree.put("proc/cgroup", "0::/x\n");
  const auto outcome = [&](const char* path, bool rootless, const spec::resources& r) {
    const auto it = fs2_opener{tree.host()}.open({"c1", path, rootless, r});
    REQUIRE(it);
    const auto made = (*it)->create();
    if (!made) return made.error().message().substr(0, 83);
    return std::string{std::holds_alternative<enter_nothing>(*(*it)->enter()) && (*it)->paths().empty() ? "none"
                                                                                                        : "made"};
  };
  const std::string no = "rootless needs no limits + no cgrouppath when no permission is granted for cgroups:";
  spec::resources limited;
  limited.pids = spec::pids{1};
  CHECK(outcome("", true, {}) == "none");
  CHECK(outcome("/a", true, {}) == no);
  CHECK(outcome("", true, limited) == no);
  CHECK(outcome("/a", false, {}).find("mkdirat") == 0);
  ::chmod(tree.at("cg").c_str(), 0755);
  if (::getuid() == 0) (void)::seteuid(0);
}

TEST_CASE("rootless, a container says from the start in which hierarchies it has a cgroup") {
  if (::geteuid() == 0 && ::seteuid(65534) != 0) return;
  const fake_tree tree;
  tree.put("proc/mountinfo", "30 25 0:26 / " + tree.at("cg/memory") + " rw shared:9 - cgroup cgroup rw,memory\n" +
                                 "31 25 0:27 / " + tree.at("cg/devices") + " rw shared:9 - cgroup cgroup rw,devices\n");
  tree.put("proc/cgroup", "5:memory:/x\n4:devices:/x\n");
  fs::create_directories(tree.at("cg/memory/x"));
  fs::create_directories(tree.at("cg/devices/x"));
  ::chmod(tree.at("cg/devices/x").c_str(), 0555);
  const auto places = [&](const char* path, bool rootless) {
    const auto it = fs_opener{tree.host()}.open({"c1", path, rootless, {}});
    REQUIRE(it);
    std::string out;
    for (const auto& [key, place] : (*it)->paths()) out += key + " ";
    return out;
  };
  CHECK(places("", true) == "memory ");
  CHECK(places("", false) == "memory devices ");
  CHECK(places("x/a", true) == "memory devices ");
  if (::getuid() == 0) (void)::seteuid(0);
}

TEST_CASE("a tree is walked with two descriptors, however deep a container made it") {
  const fake_tree tree;
  fs::create_directories(tree.at("cg/a"));
  constexpr int depth = 3000;
  {
    unique_fd at = open_dir(tree.at("cg/a"));
    for (int i = 0; i < depth; ++i) {
      REQUIRE(sys::mkdirat(at, "d", 0755));
      at = *sys::openat(at, "d", O_PATH | O_DIRECTORY);
    }
    const unique_fd procs = *sys::openat(at, "cgroup.procs", O_CREAT | O_WRONLY, 0644);
    REQUIRE(sys::write_all(procs, "4711\n"));
  }
  CHECK(*pids_below(open_dir(tree.at("cg/a"))) == std::vector<pid_t>{4711});
  const unique_fd root = open_dir(tree.at("cg"));
  CHECK(remove_tree(root, "a").error().code() == ENOTEMPTY);  // the file in the way is not of a cgroup file system
  {
    unique_fd at = open_dir(tree.at("cg/a"));
    for (int i = 0; i < depth; ++i) at = *sys::openat(at, "d", O_PATH | O_DIRECTORY);
    REQUIRE(sys::unlinkat(at, "cgroup.procs"));
  }
  REQUIRE(remove_tree(root, "a"));
  CHECK(!tree.has("cg/a"));
  CHECK(remove_tree(root, "a"));  // gone is as good
}

TEST_CASE("v1: a cpuset takes over from above what it lacks, level by level") {
  const fake_tree tree;
  const auto put = [&](const char* dir, const char* cpus, const char* mems) {
    tree.put(std::string{"cg/"} + dir + "/cpuset.cpus", cpus);
    tree.put(std::string{"cg/"} + dir + "/cpuset.mems", mems);
  };
  put(".", "0-3\n", "0\n");
  put("a", "1\n", "\n");
  put("a/b", "\n", "\n");
  put("a/b/c", "", "");
  const auto levels = cgroups::detail::open_levels(open_dir(tree.at("cg")), "a/b/c");
  REQUIRE(levels);
  REQUIRE(cgroups::detail::inherit_cpuset(std::vector<fd_view>(levels->begin(), levels->end())));
  CHECK(tree.get("cg/a/cpuset.cpus") == "1\n");
  CHECK(tree.get("cg/a/b/cpuset.cpus") == "1");
  CHECK(tree.get("cg/a/b/c/cpuset.cpus") == "1");
  CHECK(tree.get("cg/a/cpuset.mems") == "0");
  CHECK(tree.get("cg/a/b/c/cpuset.mems") == "0");
}

TEST_CASE("a directory of processes is read whole, and processes of other pid namespaces are left out") {
  const fake_tree tree;
  std::string many;
  for (int i = 1; i <= 5000; ++i) many += std::to_string(i) + "\n";
  tree.put("cg/a/cgroup.procs", many + "0\n");
  const auto found = pids_below(open_dir(tree.at("cg/a")));
  REQUIRE(found);
  CHECK(found->size() == 5000);
  CHECK(found->back() == 5000);
}
