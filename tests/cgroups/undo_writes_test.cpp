// SPDX-License-Identifier: Apache-2.0
#include <ocikit/cgroups/undo_writes.hpp>

#include "catch.hpp"
#include "fake_tree.hpp"

using namespace ocikit;
using namespace ocikit::cgroups;
using namespace ocikit::testing;
using values = std::vector<std::string>;

namespace {

values undone(const std::string& file, const std::string& value, std::string_view content) {
  values out;
  for (const auto& write : undo_of({"c", file, value, "/p"}, content)) {
    CHECK(write.file == file);
    CHECK(write.where == "/p");
    out.push_back(write.value);
  }
  return out;
}

}  // namespace

TEST_CASE("what a file has is what it gets back") {
  CHECK(undone("pids.max", "5", "max\n") == values{"max"});
  CHECK(undone("cpu.max", "1000 2000", "max 100000\n") == values{"max 100000"});
  CHECK(undone("io.weight", "5", "default 100\n8:16 200\n") == values{"default 100", "8:16 200"});
  CHECK(undone("rdma.max", "mlx5_0 hca_handle=1", "mlx5_0 hca_handle=max hca_object=9\n") ==
        values{"mlx5_0 hca_handle=max hca_object=9"});
  CHECK(undone("cpuset.cpus", "0", "\n") == values{"\n"});
  CHECK(undone("cpuset.cpus", "0", "") == values{"\n"});
}

TEST_CASE("of devices the one that was changed, which may have had no line") {
  const char* io = "8:16 rbps=5 wbps=max riops=max wiops=max\n8:0 rbps=1 wbps=max riops=max wiops=2\n";
  CHECK(undone("io.max", "8:0 rbps=9", io) == values{"8:0 rbps=1 wbps=max riops=max wiops=2"});
  CHECK(undone("io.max", "8:1 rbps=9", io) == values{"8:1 rbps=max wbps=max riops=max wiops=max"});
  CHECK(undone("blkio.throttle.read_bps_device", "8:0 9", "8:16 5\n") == values{"8:0 0"});
  CHECK(undone("blkio.throttle.read_bps_device", "8:1 9", "8:16 5\n8:1 6\n") == values{"8:1 6"});
  CHECK(undone("io.bfq.weight", "8:0 9", "default 100\n") == values{"8:0 default"});
}

TEST_CASE("v2: everything an update writes is planned back, the last first, and is back then") {
  const fake_tree tree;
  const std::pair<const char*, const char*> before[] = {
      {"memory.max", "max"},     {"memory.swap.max", "max"}, {"memory.low", "0"},         {"pids.max", "20"},
      {"cpu.max", "max 100000"}, {"cpu.weight", "100"},      {"io.weight", "default 100"}};
  for (const auto& [file, text] : before) tree.put(std::string{"cg/c1/"} + file, std::string{text} + "\n");
  const path_map paths{{"", tree.at("cg/c1")}};
  spec::resources wanted;
  wanted.memory = spec::memory{.limit = 5, .reservation = 1, .swap = 9};
  wanted.pids = spec::pids{7};
  wanted.cpu = spec::cpu{.shares = 2, .quota = 1000, .burst = 1};  // there is no cpu.max.burst
  wanted.block_io.emplace().weight = 10;
  const auto undo = plan_undo(paths, wanted, tree.host());
  REQUIRE(undo);
  values files;
  for (const auto& write : *undo) files.push_back(write.file);
  CHECK(files ==
        values{"cpu.max", "cpu.weight", "io.weight", "memory.low", "memory.max", "memory.swap.max", "pids.max"});
  for (const auto& [file, text] : before) tree.put(std::string{"cg/c1/"} + file, "?");
  REQUIRE(execute_undo(paths, *undo, tree.host()));
  for (const auto& [file, text] : before) CHECK(tree.get(std::string{"cg/c1/"} + file) == text);
}

TEST_CASE("v2: a cpuset that follows its parent's gets what was in effect, since it cannot be emptied") {
  const fake_tree tree;
  tree.put("cg/c1/cpuset.cpus", "\n");
  tree.put("cg/c1/cpuset.cpus.effective", "0-3\n");
  tree.put("cg/c1/cpuset.mems", "1\n");
  tree.put("cg/c1/cpuset.mems.effective", "?");
  spec::resources wanted;
  wanted.cpu = spec::cpu{.cpus = "0", .mems = "0"};
  const auto undo = plan_undo({{"", tree.at("cg/c1")}}, wanted, tree.host());
  REQUIRE(undo);
  REQUIRE(undo->size() == 2);
  CHECK((*undo)[0].value == "1");
  CHECK((*undo)[1].value == "0-3");
}

TEST_CASE("one file that cannot be had back does not keep the others from it") {
  const fake_tree tree;
  tree.put("cg/c1/pids.max", "20\n");
  tree.put("cg/c1/cpu.weight", "100\n");
  const path_map paths{{"", tree.at("cg/c1")}};
  spec::resources wanted;
  wanted.pids = spec::pids{7};
  wanted.cpu.emplace().shares = 2;
  const auto undo = plan_undo(paths, wanted, tree.host());
  REQUIRE(undo);
  tree.put("cg/c1/pids.max", "7");
  fs::remove(tree.at("cg/c1/cpu.weight"));
  CHECK(!execute_undo(paths, *undo, tree.host()));
  CHECK(tree.get("cg/c1/pids.max") == "20");
}

TEST_CASE("what the driver would refuse is refused before anything is read") {
  spec::resources wanted;
  wanted.unified = {{"../x", "1"}};
  CHECK(plan_undo({{"", "/nowhere"}}, wanted).error().where() == "/linux/resources/unified/../x");
  CHECK(plan_undo({}, wanted)->empty());  // no cgroup, nothing to undo
}
