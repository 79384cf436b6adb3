// SPDX-License-Identifier: Apache-2.0
//
// linux.resources as writes to the files of cgroup v1. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/writes.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::cgroups {

/// Steps for the memory controller.
///
/// `current_limit` is memory.limit_in_bytes of the moment, needed when both `limit` and `swap` are given: the kernel
/// keeps limit <= memory+swap at every moment, so whichever gives room goes first. Left alone, as runc does: kernel,
/// kernelTCP, useHierarchy, checkBeforeUpdate.
/// Errors: config at `/linux/resources/memory/swappiness` above 100.
/// See: kernel admin-guide/cgroup-v1/memory.rst.
[[nodiscard]] inline result<void> plan_v1_memory(const spec::memory& memory, std::optional<std::int64_t> current_limit,
                                                 write_plan& out) {
  const std::string at = "/linux/resources/memory";
  const auto limit = memory.limit.value_or(0), swap = memory.swap.value_or(0);
  const file_write limit_write{"memory", "memory.limit_in_bytes", std::to_string(limit), at + "/limit"};
  const file_write swap_write{"memory", "memory.memsw.limit_in_bytes", std::to_string(swap), at + "/swap"};
  const bool swap_first = limit != 0 && swap != 0 && (swap == -1 || current_limit.value_or(0) < swap);
  if (swap_first) out.push_back(swap_write);
  if (limit == -1 && swap == 0) {  // else the old sum would stay in force
    auto& write = out.emplace_back(swap_write);
    write.value = "-1";
    write.where = at + "/limit";
    write.may_be_missing = true;
  }
  if (limit != 0) out.push_back(limit_write);
  if (swap != 0 && !swap_first) out.push_back(swap_write);
  if (memory.reservation.value_or(0) != 0)
    out.push_back({"memory", "memory.soft_limit_in_bytes", std::to_string(*memory.reservation), at + "/reservation"});
  if (memory.disable_oom_killer.value_or(false))
    out.push_back({"memory", "memory.oom_control", "1", at + "/disableOOMKiller"});
  if (!memory.swappiness) return {};
  if (*memory.swappiness > 100)
    return tl::unexpected(error::config(
        at + "/swappiness",
        "invalid memory swappiness value: " + std::to_string(*memory.swappiness) + " (valid range is 0-100)"));
  out.push_back({"memory", "memory.swappiness", std::to_string(*memory.swappiness), at + "/swappiness"});
  return {};
}

/// Steps for the cpu controller. Realtime period and runtime come first: a process may join only where it has runtime.
/// The kernel refuses a period that the quota of the moment does not fit, so that is tried once more after the quota.
inline void plan_v1_cpu(const spec::cpu& cpu, write_plan& out) {
  const std::string at = "/linux/resources/cpu";
  const auto put = [&](const auto& value, const char* file, const char* field) -> file_write* {
    if (!value || *value == 0) return nullptr;
    return &out.emplace_back(file_write{"cpu", file, std::to_string(*value), at + field});
  };
  if (auto* write = put(cpu.realtime_period, "cpu.rt_period_us", "/realtimePeriod")) write->again_at_end = true;
  put(cpu.realtime_runtime, "cpu.rt_runtime_us", "/realtimeRuntime");
  if (cpu.idle) out.push_back({"cpu", "cpu.idle", std::to_string(*cpu.idle), at + "/idle"});
  put(cpu.shares, "cpu.shares", "/shares");
  if (auto* write = put(cpu.period, "cpu.cfs_period_us", "/period")) write->again_at_end = true;
  if (cpu.burst) {
    auto& write = out.emplace_back(file_write{"cpu", "cpu.cfs_burst_us", std::to_string(*cpu.burst), at + "/burst"});
    write.may_be_missing = true;
    write.again_at_end = true;
  }
  put(cpu.quota, "cpu.cfs_quota_us", "/quota");
}

namespace detail {

inline void plan_v1_throttle(const std::vector<spec::throttle_device>& devices, std::string_view list,
                             std::string_view file, write_plan& out) {
  for (std::size_t i = 0; i < devices.size(); ++i)
    out.push_back({"blkio", "blkio.throttle." + std::string{file} + "_device",
                   device_number(devices[i].major, devices[i].minor) + " " + std::to_string(devices[i].rate),
                   element("/linux/resources/blockIO/" + std::string{list}, i)});
}

inline void plan_v1_weight_device(const spec::weight_device& d, std::size_t index, write_plan& out) {
  const auto number = device_number(d.major, d.minor);
  const auto where = element("/linux/resources/blockIO/weightDevice", index);
  if (d.weight) {
    auto& write = out.emplace_back(
        file_write{"blkio", "blkio.bfq.weight_device", number + " " + std::to_string(*d.weight), where});
    write.other_file = "blkio.weight_device";
    write.other_value = write.value;
  }
  if (d.leaf_weight)
    out.push_back({"blkio", "blkio.leaf_weight_device", number + " " + std::to_string(*d.leaf_weight), where});
}

}  // namespace detail

/// Steps for the blkio controller: the weight files of the bfq scheduler where there are any.
inline void plan_v1_block_io(const spec::block_io& io, write_plan& out) {
  const std::string at = "/linux/resources/blockIO";
  if (io.weight.value_or(0) != 0) {
    auto& write = out.emplace_back(file_write{"blkio", "blkio.bfq.weight", std::to_string(*io.weight), at + "/weight"});
    write.other_file = "blkio.weight";
    write.other_value = write.value;
  }
  if (io.leaf_weight.value_or(0) != 0)
    out.push_back({"blkio", "blkio.leaf_weight", std::to_string(*io.leaf_weight), at + "/leafWeight"});
  for (std::size_t i = 0; i < io.weight_device.size(); ++i) detail::plan_v1_weight_device(io.weight_device[i], i, out);
  detail::plan_v1_throttle(io.throttle_read_bps_device, "throttleReadBpsDevice", "read_bps", out);
  detail::plan_v1_throttle(io.throttle_write_bps_device, "throttleWriteBpsDevice", "write_bps", out);
  detail::plan_v1_throttle(io.throttle_read_iops_device, "throttleReadIOPSDevice", "read_iops", out);
  detail::plan_v1_throttle(io.throttle_write_iops_device, "throttleWriteIOPSDevice", "write_iops", out);
}

/// Steps for net_cls and net_prio. Errors: config at `/linux/resources/network/priorities/N/name`.
[[nodiscard]] inline result<void> plan_v1_network(const spec::network& network, write_plan& out) {
  if (network.class_id.value_or(0) != 0)
    out.push_back(
        {"net_cls", "net_cls.classid", std::to_string(*network.class_id), "/linux/resources/network/classID"});
  for (std::size_t i = 0; i < network.priorities.size(); ++i) {
    const auto& p = network.priorities[i];
    const auto where = detail::element("/linux/resources/network/priorities", i);
    if (!detail::is_file_name(p.name))
      return tl::unexpected(error::config(where + "/name", "not a name of an interface"));
    out.push_back({"net_prio", "net_prio.ifpriomap", p.name + " " + std::to_string(p.priority), where});
  }
  return {};
}

/// Steps for all of linux.resources but `devices`. `current_memory_limit`: see plan_v1_memory.
/// Errors: those of the parts; config at `/linux/resources/unified`, which v1 cannot have.
[[nodiscard]] inline result<write_plan> plan_v1(const spec::resources& wanted,
                                                std::optional<std::int64_t> current_memory_limit = {}) {
  if (!wanted.unified.empty())
    return tl::unexpected(
        error::config("/linux/resources/unified", "invalid configuration: cannot use unified on cgroup v1"));
  write_plan out;
  if (wanted.cpu) OCIKIT_TRY(detail::plan_cpuset(*wanted.cpu, out));
  if (wanted.memory) OCIKIT_TRY(plan_v1_memory(*wanted.memory, current_memory_limit, out));
  if (wanted.cpu) plan_v1_cpu(*wanted.cpu, out);
  if (wanted.pids && wanted.pids->limit)
    out.push_back({"pids", "pids.max", detail::pids_max(*wanted.pids->limit), "/linux/resources/pids/limit"});
  if (wanted.block_io) plan_v1_block_io(*wanted.block_io, out);
  OCIKIT_TRY(detail::plan_hugetlb(wanted.hugepage_limits, "limit_in_bytes", out));
  if (wanted.network) OCIKIT_TRY(plan_v1_network(*wanted.network, out));
  OCIKIT_TRY(detail::plan_rdma(wanted.rdma, out));
  return out;
}

}  // namespace ocikit::cgroups
