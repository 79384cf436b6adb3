// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/resource_update.hpp>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::container;

namespace {

spec::resources with(spec::memory of) {
  spec::resources r;
  r.memory = of;
  return r;
}
spec::resources with(spec::cpu of) {
  spec::resources r;
  r.cpu = std::move(of);
  return r;
}
spec::resources with(spec::block_io of) {
  spec::resources r;
  r.block_io = std::move(of);
  return r;
}

}  // namespace

TEST_CASE("memory: what is not given keeps its value; limit and swap are told together") {
  struct row {
    spec::memory stored, wanted, now, after;
  };
  const spec::memory full{.limit = 64, .reservation = 32, .swap = 128};
  const row rows[] = {
      {full, {}, {}, full},
      {full, {.limit = 70}, {.limit = 70, .swap = 128}, {.limit = 70, .reservation = 32, .swap = 128}},
      {full, {.swap = 90}, {.limit = 64, .swap = 90}, {.limit = 64, .reservation = 32, .swap = 90}},
      {full, {.reservation = 5}, {.reservation = 5}, {.limit = 64, .reservation = 5, .swap = 128}},
      {full, {.limit = -1}, {.limit = -1}, {.limit = -1, .reservation = 32}},  // swap goes with it
      {full, {.limit = -1, .swap = 7}, {.limit = -1, .swap = 7}, {.limit = -1, .reservation = 32, .swap = 7}},
      {{}, {.swap = -1}, {.swap = -1}, {.swap = -1}},
      {{.swappiness = 3}, {.swappiness = 9}, {}, {.swappiness = 3}},
      {{.check_before_update = true}, {.limit = 1}, {.limit = 1}, {.limit = 1}},
      {{},
       {.limit = 1, .check_before_update = true},
       {.limit = 1, .check_before_update = true},
       {.limit = 1, .check_before_update = true}},
  };
  for (const auto& [stored, wanted, now, after] : rows) {
    INFO("row " << &stored - &rows[0].stored);
    const auto got = plan_update(with(stored), with(wanted));
    CHECK(got.now.memory.value_or(spec::memory{}) == now);
    CHECK(got.stored.memory.value_or(spec::memory{}) == after);
  }
}

TEST_CASE("cpu: of quota and period one keeps the other's value, none forgets both") {
  struct row {
    spec::cpu stored, wanted, now, after;
  };
  const spec::cpu both{.quota = 5000, .period = 10000};
  const row rows[] = {
      {both, {.quota = 7000}, {.quota = 7000, .period = 10000}, {.quota = 7000, .period = 10000}},
      {both, {.period = 90000}, {.quota = 5000, .period = 90000}, {.quota = 5000, .period = 90000}},
      {both, {.quota = 1, .period = 2}, {.quota = 1, .period = 2}, {.quota = 1, .period = 2}},
      {both, {.quota = -1}, {.quota = -1, .period = 10000}, {.quota = -1, .period = 10000}},
      {both, {}, {}, {}},
      {both, {.quota = 0, .period = 0}, {}, {}},
      {{}, {.period = 50000}, {.period = 50000}, {.period = 50000}},
      {both, {.quota = 7000, .period = 0}, {.quota = 7000, .period = 10000}, {.quota = 7000, .period = 10000}},
  };
  for (const auto& [stored, wanted, now, after] : rows) {
    const auto got = plan_update(with(stored), with(wanted));
    CHECK(got.now.cpu.value_or(spec::cpu{}) == now);
    CHECK(got.stored.cpu.value_or(spec::cpu{}) == after);
  }
}

TEST_CASE("cpu: shares and realtime keep their values; burst, idle and the lists are forgotten") {
  const spec::cpu stored{
      .shares = 1, .burst = 2, .realtime_runtime = 3, .realtime_period = 4, .cpus = "5", .mems = "6", .idle = 1};
  const auto none = plan_update(with(stored), {});
  CHECK(!none.now.cpu);
  CHECK(none.stored.cpu == spec::cpu{.shares = 1, .realtime_runtime = 3, .realtime_period = 4});

  const spec::cpu wanted{
      .shares = 10, .burst = 0, .realtime_runtime = 30, .realtime_period = 40, .cpus = "50", .mems = "60"};
  const auto all = plan_update(with(stored), with(wanted));
  CHECK(all.now.cpu == wanted);
  CHECK(all.stored.cpu == wanted);

  const auto idle = plan_update(with(stored), with(spec::cpu{.idle = 0}));
  CHECK(idle.now.cpu == spec::cpu{.idle = 0});
  CHECK(idle.stored.cpu == spec::cpu{.realtime_runtime = 3, .realtime_period = 4, .idle = 0});  // no shares
}

TEST_CASE("pids and unified are always the update's own") {
  spec::resources stored, wanted;
  stored.pids = spec::pids{20};
  stored.unified = {{"memory.high", "1"}};
  const auto none = plan_update(stored, {});
  CHECK(none.stored == spec::resources{});
  CHECK(none.now == spec::resources{});
  wanted.pids = spec::pids{0};
  wanted.unified = {{"pids.max", "2"}};
  const auto got = plan_update(stored, wanted);
  CHECK(got.stored == wanted);
  CHECK(got.now == wanted);
  wanted.pids = spec::pids{};  // "pids": {}
  CHECK(!plan_update(stored, wanted).stored.pids);
}

TEST_CASE("block devices: the last entry for a device is the one that changes") {
  spec::block_io stored;
  stored.weight = 100;
  stored.weight_device = {{8, 0, 10, 20}, {8, 16, {}, {}}, {8, 0, 30, 40}};
  stored.throttle_read_bps_device = {{8, 0, 1}};
  spec::block_io wanted;
  wanted.leaf_weight = 7;
  wanted.weight_device = {{8, 0, {}, 50}, {9, 0, 60, {}}};
  wanted.throttle_read_bps_device = {{8, 0, 2}};
  wanted.throttle_write_iops_device = {{8, 0, 3}};
  const auto got = plan_update(with(stored), with(wanted));
  CHECK(got.now.block_io == wanted);
  spec::block_io after = stored;
  after.leaf_weight = 7;
  after.weight_device = {{8, 0, 10, 20}, {8, 16, {}, {}}, {8, 0, 30, 50}, {9, 0, 60, {}}};
  after.throttle_read_bps_device = {{8, 0, 2}};
  after.throttle_write_iops_device = {{8, 0, 3}};
  CHECK(got.stored.block_io == after);
}

TEST_CASE("what an update leaves alone stays in the state, is not told to the cgroup, and is named") {
  spec::resources stored;
  stored.devices = {{.allow = true}};
  stored.hugepage_limits = {{"2MB", 1}};
  stored.rdma = {{"mlx5_0", {1, 2}}};
  stored.network.emplace().class_id = 1;
  spec::resources wanted = with(spec::memory{.swappiness = 1, .disable_oom_killer = true, .use_hierarchy = true});
  wanted.devices = {{}, {}};
  wanted.hugepage_limits = {{"1GB", 1}};
  wanted.rdma = {{"mlx5_1", {}}};
  wanted.network.emplace();
  const auto got = plan_update(stored, wanted);
  CHECK(got.stored == stored);
  CHECK(got.now == spec::resources{});
  CHECK(left_alone(wanted) == std::vector<std::string>{"devices", "hugepageLimits", "network", "rdma",
                                                       "memory.swappiness", "memory.disableOOMKiller",
                                                       "memory.useHierarchy"});
  CHECK(left_alone(stored) == std::vector<std::string>{"devices", "hugepageLimits", "network", "rdma"});
  CHECK(left_alone(with(spec::memory{.limit = 1})).empty());
}
