// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <ocikit/cgroups/parse_statistics.hpp>
#include <ocikit/cgroups/read_statistics.hpp>

#include "catch.hpp"
#include "fake_tree.hpp"

using namespace ocikit;
using namespace ocikit::cgroups;
using namespace ocikit::testing;
using counts = spec::map<std::uint64_t>;
using numbers = std::vector<std::uint64_t>;

TEST_CASE("a file of one number: max is the largest, and what is none is zero") {
  const std::pair<const char*, std::uint64_t> rows[] = {
      {"4096\n", 4096}, {"4096", 4096}, {"0\n", 0},  {"max\n", unlimited}, {"18446744073709551615\n", unlimited},
      {"", 0},          {"\n", 0},      {"-1\n", 0}, {"12x\n", 0},         {"99999999999999999999999999\n", unlimited},
      {" 7\n", 0},      {"+7\n", 0},    {"maxi", 0}};
  for (const auto& [text, want] : rows) {
    INFO(text);
    CHECK(parse_count(text) == want);
  }
}

TEST_CASE("names and numbers are sorted by name, whatever else is among the lines") {
  CHECK(parse_keyed_counts("cache 4096\nanon 5\ntotal_rss 7\n") ==
        counts{{"anon", 5}, {"cache", 4096}, {"total_rss", 7}});
  CHECK(parse_keyed_counts("a\n\n 3\nb x\nc 1 2\nd 4") == counts{{"d", 4}});
  CHECK(parse_keyed_counts(std::string{"\0\xff 3\n", 5}).size() == 1);
  CHECK(parse_keyed_counts("").empty());
}

TEST_CASE("numbers of processors and lists of them") {
  CHECK(parse_counts("123 456 0 \n9\n") == numbers{123, 456, 0});
  CHECK(parse_counts("\n").empty());
  CHECK(parse_number_list("0-2,7\n") == std::vector<std::uint16_t>{0, 1, 2, 7});
  CHECK(parse_number_list("\n").empty());
  for (const char* hostile : {"3-1\n", "0-4294967295\n", "x\n", "0-\xff\n", ",,\n", "-\n", "0-65536\n"})
    CHECK(parse_number_list(hostile).empty());
  CHECK(parse_number_list("0-65535,0-65535\n").empty());  // longer than all there can be
}

TEST_CASE("pressure has two lines, or one until Linux 5.13") {
  const std::string some = "some avg10=1.25 avg60=0.50 avg300=100.00 total=49157\n";
  const std::string full = "full avg10=0.01 avg60=0.00 avg300=0.10 total=38\n";
  const pressure want{1.25, 0.5, 100, 49157};
  CHECK(parse_pressure(some + full) == pressure_stall{want, {0.01, 0, 0.1, 38}});
  CHECK(parse_pressure(some) == pressure_stall{want, {}});
  CHECK(parse_pressure("full avg10=1 avg60=-0.10 avg300=0.123 total=x\nnone avg10=9.99\nsome") == pressure_stall{});
}

TEST_CASE("blkio has lines of a device, an operation and a number, and a sum that is none of a device's") {
  CHECK(parse_block_io("8:0 Read 4096\n8:0 Total 4097\n259:16 Discard 1\nTotal 8193\n") ==
        std::vector<block_io_entry>{{8, 0, "Read", 4096}, {8, 0, "Total", 4097}, {259, 16, "Discard", 1}});
  CHECK(parse_block_io("8:0 12\n") == std::vector<block_io_entry>{{8, 0, "", 12}});
  CHECK(parse_block_io("8 Read 1\n:0 Read 1\n8: Read 1\n8:0\n8:0 Read\n8:0 Read x\n8:0 Read 1 2\n").empty());
}

TEST_CASE("io.stat of v2 by the names of v1; discards have none") {
  block_io_statistics got;
  parse_io_stat(
      "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.usage=7\n8:16 \nx rbytes=9\n8:32 wios=1 rios=\n", got);
  CHECK(got.service_bytes == std::vector<block_io_entry>{{8, 0, "Read", 1}, {8, 0, "Write", 2}});
  CHECK(got.serviced == std::vector<block_io_entry>{{8, 0, "Read", 3}, {8, 0, "Write", 4}, {8, 32, "Write", 1}});
}

TEST_CASE("rdma by device") {
  CHECK(parse_rdma("mlx4_0 hca_handle=2 hca_object=max\nocrdma1 hca_handle=3\n") ==
        std::vector<rdma_statistics>{{"mlx4_0", 2, unlimited}, {"ocrdma1", 3, 0}});
}

TEST_CASE("how often memory ran out: in v2's file and in v1's") {
  CHECK(parse_memory_events("low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n") ==
        memory_events{1, 2, 3, 4, 5, 6});
  CHECK(parse_memory_events("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n") == memory_events{0, 0, 0, 0, 2, 0});
}

namespace {

/// A cgroup of v2 with the files of a kernel 6.1, and numbers that are all different.
void put_v2(const fake_tree& tree) {
  const auto put = [&](const std::string& name, const char* text) { tree.put("cg/c1/" + name, text); };
  put("cpu.stat", "usage_usec 30\nuser_usec 10\nsystem_usec 20\nnr_periods 4\nnr_throttled 5\nthrottled_usec 6\n");
  put("cpu.pressure", "some avg10=1.00 avg60=2.00 avg300=3.00 total=4\n");
  put("memory.stat", "anon 1\nfile 8192\n");
  put("memory.current", "1000\n");
  put("memory.max", "5000\n");
  put("memory.peak", "2000\n");
  put("memory.swap.current", "100\n");
  put("memory.swap.max", "700\n");
  put("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n");
  put("pids.current", "3\n");
  put("pids.max", "max\n");
  put("io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n");
  put("hugetlb.2MB.current", "9\n");
  put("hugetlb.2MB.rsvd.current", "4194304\n");
  put("hugetlb.2MB.events", "max 7\n");
  put("hugetlb.1GB.current", "1073741824\n");
  put("rdma.current", "mlx4_0 hca_handle=1 hca_object=2\n");
}

path_map unified(const fake_tree& tree) { return {{"", tree.at("cg/c1")}}; }

}  // namespace

TEST_CASE("v2: swap is shown together with memory, reservations before use, times in nanoseconds") {
  const fake_tree tree;
  put_v2(tree);
  const auto got = read_statistics(unified(tree), tree.host());
  REQUIRE(got);
  statistics want;
  want.cpu.usage.total = 30000;
  want.cpu.usage.user = 10000;
  want.cpu.usage.kernel = 20000;
  want.cpu.throttling = {4, 5, 6000};
  want.cpu.psi = pressure_stall{{1, 2, 3, 4}, {}};
  want.memory.cache = 8192;
  want.memory.usage = {5000, 1000, 2000, 0};
  want.memory.swap = {5700, 1100, 0, 0};
  want.memory.raw = {{"anon", 1}, {"file", 8192}};
  want.memory.events = {0, 0, 3, 1, 1, 0};
  want.pids = {3, 0};
  want.block_io.service_bytes = {{8, 0, "Read", 1}, {8, 0, "Write", 2}};
  want.block_io.serviced = {{8, 0, "Read", 3}, {8, 0, "Write", 4}};
  want.hugetlb = {{"1GB", {1073741824, 0, 0}}, {"2MB", {4194304, 0, 7}}};
  want.rdma_current = {{"mlx4_0", 1, 2}};
  CHECK(*got == want);
}

TEST_CASE("v2: unlimited memory makes memory with swap unlimited") {
  const fake_tree tree;
  put_v2(tree);
  tree.put("cg/c1/memory.max", "max\n");
  CHECK(read_statistics(unified(tree), tree.host())->memory.swap.limit == unlimited);
}

TEST_CASE("v2: without the pids controller the processes are counted, those below too") {
  const fake_tree tree;
  tree.put("cg/c1/cgroup.procs", "11\n12\n");
  tree.put("cg/c1/below/cgroup.procs", "13\n");
  CHECK(read_statistics(unified(tree), tree.host())->pids == pids_statistics{3, 0});
}

TEST_CASE("v1: each controller in its hierarchy") {
  const fake_tree tree;
  std::string mounts;
  path_map paths;
  for (const std::string name : {"cpu,cpuacct", "memory", "pids", "cpuset", "blkio", "hugetlb"}) {
    mounts += "30 20 0:30 / " + tree.at("cg/" + name) + " rw - cgroup cgroup rw," + name + "\n";
    for (const auto& key : name == "cpu,cpuacct" ? std::vector<std::string>{"cpu", "cpuacct"} : std::vector{name})
      paths.emplace_back(key, tree.at("cg/" + name + "/c1"));
  }
  tree.put("proc/mountinfo", mounts);
  const auto put = [&](const std::string& name, const char* text) { tree.put("cg/" + name, text); };
  put("cpu,cpuacct/c1/cpu.stat", "nr_periods 1\nnr_throttled 2\nthrottled_time 3\n");
  put("cpu,cpuacct/c1/cpuacct.usage", "300\n");
  put("cpu,cpuacct/c1/cpuacct.usage_percpu", "100 200 \n");
  put("cpu,cpuacct/c1/cpuacct.usage_all", "cpu user system\n0 60 40\n1 150 50\n");
  put("cpu,cpuacct/c1/cpuacct.stat", "user 2\nsystem 1\n");
  put("memory/c1/memory.stat", "cache 4096\nrss 1\n");
  put("memory/c1/memory.usage_in_bytes", "10\n");
  put("memory/c1/memory.limit_in_bytes", "9223372036854771712\n");
  put("memory/c1/memory.max_usage_in_bytes", "11\n");
  put("memory/c1/memory.failcnt", "12\n");
  put("memory/c1/memory.kmem.usage_in_bytes", "13\n");
  put("memory/c1/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  put("pids/c1/pids.current", "3\n");
  put("pids/c1/pids.max", "20\n");
  put("cpuset/c1/cpuset.cpus", "0-1\n");
  put("cpuset/c1/cpuset.mems", "0\n");
  put("cpuset/c1/cpuset.sched_load_balance", "1\n");
  put("cpuset/c1/cpuset.sched_relax_domain_level", "-1\n");
  put("blkio/c1/blkio.bfq.io_serviced_recursive", "Total 0\n");  // no device has that scheduler
  put("blkio/c1/blkio.throttle.io_service_bytes_recursive", "8:0 Read 5\nTotal 5\n");
  put("blkio/c1/blkio.throttle.io_service_bytes", "8:0 Read 4\nTotal 4\n");
  put("blkio/c1/blkio.throttle.io_serviced", "8:0 Read 1\nTotal 1\n");
  put("hugetlb/c1/hugetlb.2MB.usage_in_bytes", "2\n");
  put("hugetlb/c1/hugetlb.2MB.rsvd.usage_in_bytes", "4\n");
  put("hugetlb/c1/hugetlb.2MB.rsvd.max_usage_in_bytes", "6\n");
  put("hugetlb/c1/hugetlb.2MB.rsvd.failcnt", "8\n");

  const auto got = read_statistics(paths, tree.host());
  REQUIRE(got);
  statistics want;
  want.cpu.usage = {300, {100, 200}, {40, 50}, {60, 150}, 10'000'000, 20'000'000};
  want.cpu.throttling = {1, 2, 3};
  want.cpuset.cpus = {0, 1};
  want.cpuset.mems = {0};
  want.cpuset.sched_load_balance = 1;
  want.cpuset.sched_relax_domain_level = -1;
  want.memory.cache = 4096;
  want.memory.usage = {9223372036854771712U, 10, 11, 12};
  want.memory.kernel = {0, 13, 0, 0};
  want.memory.raw = {{"cache", 4096}, {"rss", 1}};
  want.memory.events.oom_kill = 2;
  want.pids = {3, 20};
  want.block_io.service_bytes = {{8, 0, "Read", 5}};
  want.block_io.serviced = {{8, 0, "Read", 1}};
  want.hugetlb = {{"2MB", {4, 6, 8}}};
  CHECK(*got == want);

  SECTION("the scheduler's own numbers come first") {
    put("blkio/c1/blkio.bfq.io_serviced_recursive", "8:0 Write 7\nTotal 7\n");
    put("blkio/c1/blkio.bfq.sectors_recursive", "8:0 70\n");
    const auto block_io = read_statistics(paths, tree.host())->block_io;
    CHECK(block_io.serviced == std::vector<block_io_entry>{{8, 0, "Write", 7}});
    CHECK(block_io.sectors == std::vector<block_io_entry>{{8, 0, "", 70}});
    CHECK(block_io.service_bytes.empty());
  }
}

TEST_CASE("a cgroup that is gone is an error, one that never was has no statistics") {
  const fake_tree tree;
  CHECK(read_statistics({}, tree.host()) == statistics{});
  const auto gone = read_statistics(unified(tree), tree.host());
  REQUIRE(!gone);
  CHECK(gone.error().code() == ENOENT);
}

TEST_CASE("no path leads out of the hierarchy, and no symbolic link is followed") {
  const fake_tree tree;
  tree.put("secret/pids.current", "1\n");
  for (const auto& path : {tree.at("secret"), std::string{"/"}, tree.at("cg") + "x/c1"}) {
    const auto got = read_statistics({{"", path}}, tree.host());
    REQUIRE(!got);
    CHECK(got.error().kind() == errc::state);
  }
  tree.put("cg/here", "");
  fs::create_directory_symlink(tree.at("secret"), tree.at("cg/link"));
  CHECK(!read_statistics({{"", tree.at("cg/link")}}, tree.host()));
  CHECK(read_statistics({{"", tree.at("cg/../secret")}}, tree.host()).error().code() == ENOENT);  // cg/secret
}
