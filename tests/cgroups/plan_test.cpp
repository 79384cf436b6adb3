// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>
#include <vector>

#include <ocikit/cgroups/plan_v1.hpp>
#include <ocikit/cgroups/plan_v2.hpp>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::cgroups;

namespace {

/// A plan in words: `memory.max=1024` for each write.
std::vector<std::string> shown(const result<write_plan>& plan) {
  std::vector<std::string> out;
  if (!plan) return {"error: " + plan.error().message()};
  for (const auto& write : *plan)
    out.push_back(write.file + "=" + write.value +
                  (write.other_file.empty() ? "" : " or " + write.other_file + "=" + write.other_value) +
                  (write.may_be_missing ? " maybe" : "") + (write.again_at_end ? " again" : ""));
  return out;
}
using lines = std::vector<std::string>;

spec::resources with_memory(spec::memory memory) {
  spec::resources r;
  r.memory = memory;
  return r;
}
spec::resources with_cpu(spec::cpu cpu) {
  spec::resources r;
  r.cpu = std::move(cpu);
  return r;
}
spec::memory limit_and_swap(std::optional<std::int64_t> limit, std::optional<std::int64_t> swap) {
  spec::memory m;
  m.limit = limit;
  m.swap = swap;
  return m;
}

}  // namespace

TEST_CASE("v2 counts swap alone, the spec memory and swap together") {
  struct row {
    std::optional<std::int64_t> limit, swap;
    lines want;
  };
  const std::string at = " (config.json#/linux/resources/memory/";
  const row rows[] = {
      {1000, {}, {"memory.max=1000"}},
      {1000, 1500, {"memory.swap.max=500", "memory.max=1000"}},
      {1000, 1000, {"memory.swap.max=0 maybe", "memory.max=1000"}},
      {1000, -1, {"memory.swap.max=max maybe", "memory.max=1000"}},
      {-1, {}, {"memory.swap.max=max maybe", "memory.max=max"}},
      {-1, -1, {"memory.swap.max=max maybe", "memory.max=max"}},
      {0, 0, {}},
      {{}, -1, {"memory.swap.max=max maybe"}},
      {{}, 1500, {"error: unable to set swap limit without memory limit" + at + "swap)"}},
      {-1, 1500, {"error: unable to set swap limit without memory limit" + at + "swap)"}},
      {1000, 999, {"error: memory+swap limit should be >= memory limit" + at + "swap)"}},
      {1000, -2, {"error: invalid swap value: -2" + at + "swap)"}},
      {-5, 1500, {"error: invalid memory value: -5" + at + "limit)"}},
  };
  for (const auto& row : rows) CHECK(shown(plan_v2(with_memory(limit_and_swap(row.limit, row.swap)))) == row.want);
}

TEST_CASE("v1 keeps limit <= memory+swap at every moment, so what gives room is written first") {
  struct row {
    std::optional<std::int64_t> limit, swap, current;
    lines want;
  };
  const std::string limit = "memory.limit_in_bytes=", swap = "memory.memsw.limit_in_bytes=";
  const row rows[] = {
      {1000, {}, {}, {limit + "1000"}},
      {1000, 2000, 1500, {swap + "2000", limit + "1000"}},
      {1000, 2000, 9000, {limit + "1000", swap + "2000"}},
      {1000, -1, 9000, {swap + "-1", limit + "1000"}},
      {-1, {}, {}, {swap + "-1 maybe", limit + "-1"}},
      {{}, 2000, {}, {swap + "2000"}},
  };
  for (const auto& row : rows)
    CHECK(shown(plan_v1(with_memory(limit_and_swap(row.limit, row.swap)), row.current)) == row.want);
}

TEST_CASE("the remaining memory fields: v1 has files for them, v2 leaves alone what runc leaves alone") {
  spec::memory m;
  m.reservation = -1;
  m.kernel = 5;
  m.kernel_tcp = 6;
  m.swappiness = 100;
  m.disable_oom_killer = true;
  m.use_hierarchy = true;
  CHECK(shown(plan_v1(with_memory(m))) ==
        lines{"memory.soft_limit_in_bytes=-1", "memory.oom_control=1", "memory.swappiness=100"});
  CHECK(shown(plan_v2(with_memory(m))) == lines{"memory.low=max"});
  m.swappiness = 101;
  CHECK(shown(plan_v1(with_memory(m))) == lines{"error: invalid memory swappiness value: 101 (valid range is 0-100) "
                                                "(config.json#/linux/resources/memory/swappiness)"});
}

TEST_CASE("a limit below the usage is rejected when the config asks for the check") {
  auto m = limit_and_swap(1000, 2000);
  CHECK(check_usage(m, 5000));
  m.check_before_update = true;
  CHECK(check_usage(m, 999));
  CHECK(check_usage(m, 1000).error().message() ==
        "rejecting memory limit 1000 <= usage 1000 (config.json#/linux/resources/memory/limit)");
  CHECK(check_usage(m, 2000).error().message() ==
        "rejecting memory+swap limit 2000 <= usage 2000 (config.json#/linux/resources/memory/swap)");
}

TEST_CASE("cpu.shares become a weight along runc's curve, whose usual value maps to the usual value") {
  const std::pair<std::uint64_t, std::uint64_t> rows[] = {{1, 1},          {2, 1},        {3, 2},       {512, 59},
                                                          {1024, 100},     {2048, 174},   {10000, 627}, {262143, 10000},
                                                          {262144, 10000}, {~0ULL, 10000}};
  for (const auto& [shares, weight] : rows) {
    INFO(shares);
    CHECK(quadratic_weight::from_shares(shares) == weight);
  }
  CHECK(linear_weight::from_shares(2) == 1);
  CHECK(linear_weight::from_shares(1024) == 39);
  CHECK(linear_weight::from_shares(262144) == 10000);
}

TEST_CASE("the weight is the formula's for every number of shares, to the last one") {
  unsigned wrong = 0;
  for (unsigned shares = 2; shares <= 262144; ++shares) {
    const long double l = std::log2(static_cast<long double>(shares));
    const long double exact = std::pow(10.0L, (l * l + 125 * l - 126) / 612), nearest = std::round(exact);
    const long double expected = std::abs(exact - nearest) < 1e-14L ? nearest : std::ceil(exact);
    if (quadratic_weight::from_shares(shares) != static_cast<std::uint64_t>(expected)) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("an idle cgroup gets no weight, because the kernel refuses any") {
  spec::cpu idle;
  idle.shares = 1024;
  idle.idle = 1;
  auto r = with_cpu(idle);
  CHECK(shown(plan_v2(r)) == lines{"cpu.idle=1"});
  CHECK(loses_weight_to_idle(r));
  r.unified = {{"cpu.weight", "8"}};
  CHECK(shown(plan_v2(r)) == lines{"cpu.idle=1"});
  r.cpu.reset();
  CHECK(shown(plan_v2(r)) == lines{"cpu.weight=8"});
  CHECK_FALSE(loses_weight_to_idle(r));
  r.unified = {{"cpu.idle", "1"}, {"cpu.weight", "8"}};
  CHECK(shown(plan_v2(r)) == lines{"cpu.idle=1"});
  CHECK(loses_weight_to_idle(r));
  r.unified = {{"cpu.idle", "1"}};
  CHECK_FALSE(loses_weight_to_idle(r));
}

TEST_CASE("cpu on both versions") {
  spec::cpu c;
  c.shares = 1024;
  c.quota = 50000;
  c.period = 200000;
  c.burst = 7;
  c.idle = 0;
  c.realtime_period = 1000;
  c.realtime_runtime = 500;
  c.cpus = "0-1";
  c.mems = "0";
  CHECK(shown(plan_v2(with_cpu(c))) == lines{"cpu.idle=0", "cpu.weight=100", "cpu.max.burst=7 again",
                                             "cpu.max=50000 200000", "cpuset.cpus=0-1", "cpuset.mems=0"});
  CHECK(shown(plan_v1(with_cpu(c))) == lines{"cpuset.cpus=0-1", "cpuset.mems=0", "cpu.rt_period_us=1000 again",
                                             "cpu.rt_runtime_us=500", "cpu.idle=0", "cpu.shares=1024",
                                             "cpu.cfs_period_us=200000 again", "cpu.cfs_burst_us=7 maybe again",
                                             "cpu.cfs_quota_us=50000"});
  spec::cpu quota;
  quota.quota = -1;
  CHECK(shown(plan_v2(with_cpu(quota))) == lines{"cpu.max=max 100000"});
  spec::cpu period;
  period.period = 50000;
  CHECK(shown(plan_v2(with_cpu(period))) == lines{"cpu.max=max 50000"});
  spec::cpu bad;
  bad.cpus = "0\n1";
  CHECK(plan_v2(with_cpu(bad)).error().where() == "/linux/resources/cpu/cpus");
  CHECK(plan_v1(with_cpu(bad)).error().where() == "/linux/resources/cpu/cpus");
}

TEST_CASE("pids: zero cannot be, negative is no limit, absent is left alone") {
  const std::pair<std::optional<std::int64_t>, lines> rows[] = {
      {5, {"pids.max=5"}}, {0, {"pids.max=1"}}, {-1, {"pids.max=max"}}, {-7, {"pids.max=max"}}, {{}, {}}};
  for (const auto& [limit, want] : rows) {
    spec::resources r;
    r.pids = spec::pids{limit};
    CHECK(shown(plan_v1(r)) == want);
    CHECK(shown(plan_v2(r)) == want);
  }
}

TEST_CASE("blockIO on both versions") {
  spec::resources r;
  r.block_io.emplace();
  r.block_io->weight = 500;
  r.block_io->leaf_weight = 300;
  r.block_io->weight_device = {{8, 0, 600, 700}};
  r.block_io->throttle_read_bps_device = {{8, 0, 1000}};
  r.block_io->throttle_write_iops_device = {{8, 16, 20}};
  CHECK(shown(plan_v2(r)) == lines{"io.bfq.weight=500 or io.weight=4950", "io.bfq.weight=8:0 600 maybe",
                                   "io.max=8:0 rbps=1000", "io.max=8:16 wiops=20"});
  CHECK(shown(plan_v1(r)) == lines{"blkio.bfq.weight=500 or blkio.weight=500", "blkio.leaf_weight=300",
                                   "blkio.bfq.weight_device=8:0 600 or blkio.weight_device=8:0 600",
                                   "blkio.leaf_weight_device=8:0 700", "blkio.throttle.read_bps_device=8:0 1000",
                                   "blkio.throttle.write_iops_device=8:16 20"});
  CHECK(cgroups::detail::io_weight(10) == 1);
  CHECK(cgroups::detail::io_weight(1000) == 10000);
}

TEST_CASE("hugepages, network and rdma") {
  spec::resources r;
  r.hugepage_limits = {{"2MB", 4194304}};
  r.rdma = {{"mlx5_1", {3, {}}}, {"mlx5_2", {3, 4}}};
  const lines rdma{"rdma.max=mlx5_1 hca_handle=3", "rdma.max=mlx5_2 hca_handle=3 hca_object=4"};
  CHECK(shown(plan_v2(r)) == lines{"hugetlb.2MB.max=4194304", "hugetlb.2MB.rsvd.max=4194304 maybe", rdma[0], rdma[1]});
  r.network.emplace();
  r.network->class_id = 0x100001;
  r.network->priorities = {{"eth0", 5}};
  CHECK(shown(plan_v1(r)) == lines{"hugetlb.2MB.limit_in_bytes=4194304",
                                   "hugetlb.2MB.rsvd.limit_in_bytes=4194304 maybe", "net_cls.classid=1048577",
                                   "net_prio.ifpriomap=eth0 5", rdma[0], rdma[1]});
  r.hugepage_limits = {{"../../x", 1}};
  CHECK(plan_v2(r).error().where() == "/linux/resources/hugepageLimits/0/pageSize");
  CHECK(plan_v1(r).error().where() == "/linux/resources/hugepageLimits/0/pageSize");
}

TEST_CASE("what v2 has no file for is named, and nothing that has one or asks for nothing") {
  spec::resources r;
  CHECK(without_effect_on_v2(r).empty());
  r.memory = spec::memory{.limit = 1, .swap = 2, .swappiness = 0, .disable_oom_killer = true, .use_hierarchy = true};
  r.cpu = spec::cpu{.shares = 1, .realtime_runtime = 1, .realtime_period = 1};
  r.block_io.emplace().leaf_weight = 10;
  r.block_io->weight_device = {{8, 0, 10, {}}, {8, 16, {}, 10}};
  r.network.emplace().class_id = 1;
  CHECK(without_effect_on_v2(r) == std::vector<std::string>{"memory.swappiness", "memory.disableOOMKiller",
                                                            "cpu.realtimeRuntime", "cpu.realtimePeriod",
                                                            "blockIO.leafWeight", "blockIO.weightDevice.leafWeight",
                                                            "network"});
  r.memory = spec::memory{.limit = 1, .disable_oom_killer = false};
  r.cpu = spec::cpu{.shares = 1, .realtime_runtime = 0};
  r.block_io->leaf_weight = 0;
  r.block_io->weight_device.pop_back();
  r.network.emplace();
  CHECK(without_effect_on_v2(r).empty());
}

TEST_CASE("unified is written last, a line at a time, and never leaves the cgroup's directory") {
  spec::resources r;
  r.unified = {{"io.max", "8:0 rbps=1\n8:16 rbps=2\n"}, {"memory.high", "1000"}};
  r.pids = spec::pids{3};
  CHECK(shown(plan_v2(r)) == lines{"pids.max=3", "io.max=8:0 rbps=1", "io.max=8:16 rbps=2", "memory.high=1000"});
  CHECK(shown(plan_v1(r)) == lines{"error: invalid configuration: cannot use unified on cgroup v1 "
                                   "(config.json#/linux/resources/unified)"});
  for (const std::string name : {"../x", "", "..", "a/b", "a b", "a\n"}) {
    r.unified = {{name, "1"}};
    INFO(name);
    CHECK(plan_v2(r).error().message().find("must be a file name (no slashes)") != std::string::npos);
  }
}
