// SPDX-License-Identifier: Apache-2.0
#include <ocikit/cgroups/sub_cgroups.hpp>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::cgroups;

namespace {

std::string parsed(std::vector<zstring_view> arguments) {
  const auto found = parse_sub_cgroups(arguments);
  if (!found) return found.error().message();
  std::string out;
  for (const sub_cgroup& one : *found) out += one.controller + "=" + one.path + " ";
  return out;
}

std::string places(const path_map& own, std::vector<sub_cgroup> wanted) {
  const auto found = sub_cgroup_paths(own, wanted);
  if (!found) return found.error().message();
  std::string out;
  for (const auto& [key, path] : *found) out += path + " ";
  return out;
}

const path_map v1 = {{"cpu", "/sys/fs/cgroup/cpu,cpuacct/c"},
                     {"cpuacct", "/sys/fs/cgroup/cpu,cpuacct/c"},
                     {"memory", "/sys/fs/cgroup/memory/c"},
                     {"", "/sys/fs/cgroup/unified/c"}};
const path_map v2 = {{"", "/sys/fs/cgroup/c"}};

}  // namespace

TEST_CASE("--cgroup is one path, or a path for controllers") {
  CHECK(parsed({}) == "");
  CHECK(parsed({"a/b"}) == "=a/b ");
  CHECK(parsed({""}) == "= ");
  CHECK(parsed({"cpu,cpuacct:a", "memory:b:c"}) == "cpu=a cpuacct=a memory=b:c ");
  CHECK(parsed({":a"}) == "invalid --cgroup argument: :a (empty <controller> prefix)");
  CHECK(parsed({"cpu,,memory:a"}) == "invalid --cgroup argument: cpu,,memory:a (empty <controller> prefix)");
  CHECK(parsed({"cpu:a", "b"}) == "invalid --cgroup argument: b (missing <controller>: prefix)");
  CHECK(parsed({"cpu:a", "memory,cpu:b"}) == "invalid --cgroup argument(s): controller cpu specified multiple times");
}

TEST_CASE("a sub-cgroup lies below the container's, in the hierarchy of its controller") {
  CHECK(places(v2, {{"", "a/./b"}}) == "/sys/fs/cgroup/c/a/b ");
  CHECK(places(v2, {{"", "/"}}) == "/sys/fs/cgroup/c ");
  CHECK(places(v1, {{"", "a"}}) ==
        "/sys/fs/cgroup/cpu,cpuacct/c/a /sys/fs/cgroup/cpu,cpuacct/c/a /sys/fs/cgroup/memory/c/a "
        "/sys/fs/cgroup/unified/c ");
  CHECK(places(v1, {{"cpuacct", "a"}}) ==
        "/sys/fs/cgroup/cpu,cpuacct/c/a /sys/fs/cgroup/cpu,cpuacct/c/a /sys/fs/cgroup/memory/c "
        "/sys/fs/cgroup/unified/c ");
  CHECK(places(v1, {{"rdma", "a"}}) == "unknown controller rdma in SubCgroupPaths");
  CHECK(places(v2, {{"cpu", "a"}}) == "unknown controller cpu in SubCgroupPaths");
}

TEST_CASE("no sub-cgroup leads out of the container's") {
  for (const char* path : {"..", "../c", "a/../..", "a/../../c/b", "/.."}) {
    CAPTURE(path);
    CHECK(places(v2, {{"", path}}) == "bad sub cgroup path: " + std::string{path});
  }
  CHECK(places(v2, {{"", "a/../b"}}) == "/sys/fs/cgroup/c/b ");
  CHECK(places(v2, {{"", "a\nb"}}).find("newline") != std::string::npos);
  CHECK(places(v2, {{"", std::string(5000, 'a')}}).find("longer than 4095 bytes") != std::string::npos);
}
