// SPDX-License-Identifier: Apache-2.0
//
// linux.resources as writes to the files of cgroup v2. Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/cpu_weight.hpp>
#include <ocikit/cgroups/writes.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::cgroups {

/// Steps that bring pids.max to the limit.
inline void plan_v2_pids(const spec::pids& pids, write_plan& out) {
  if (pids.limit) out.push_back({"pids", "pids.max", detail::pids_max(*pids.limit), "/linux/resources/pids/limit"});
}

namespace detail {

/// memory.swap.max counts swap alone, the spec's `swap` counts memory too. No value: nothing to write.
[[nodiscard]] inline result<std::string> swap_alone(const spec::memory& memory) {
  const std::string where = "/linux/resources/memory/swap";
  const auto limit = memory.limit.value_or(0), both = memory.swap.value_or(0);
  if (both == 0) return limit == -1 ? std::string{"max"} : std::string{};
  if (both == -1) return std::string{"max"};
  if (both < 0) return tl::unexpected(error::config(where, "invalid swap value: " + std::to_string(both)));
  if (limit == 0 || limit == -1)
    return tl::unexpected(error::config(where, "unable to set swap limit without memory limit"));
  if (limit < 0)
    return tl::unexpected(
        error::config("/linux/resources/memory/limit", "invalid memory value: " + std::to_string(limit)));
  if (both < limit) return tl::unexpected(error::config(where, "memory+swap limit should be >= memory limit"));
  return std::to_string(both - limit);
}

}  // namespace detail

/// Steps for memory.swap.max, memory.max and memory.low, in this order: a container may have no moment with the new
/// memory limit and the old, perhaps wider, swap.
///
/// Without a file for v2, and so left alone as runc does: kernel, kernelTCP, swappiness, disableOOMKiller,
/// useHierarchy. checkBeforeUpdate is `check_usage`.
/// Errors: config at `/linux/resources/memory/swap`. See: kernel admin-guide/cgroup-v2.rst, "Memory Interface Files".
[[nodiscard]] inline result<void> plan_v2_memory(const spec::memory& memory, write_plan& out) {
  if (const auto swap = OCIKIT_TRY(detail::swap_alone(memory)); !swap.empty()) {
    auto& write =
        out.emplace_back(file_write{"memory", "memory.swap.max", swap,
                                    memory.swap ? "/linux/resources/memory/swap" : "/linux/resources/memory/limit"});
    write.may_be_missing = swap == "max" || swap == "0";  // a kernel without swap accounting gives just that
  }
  if (memory.limit.value_or(0) != 0)
    out.push_back({"memory", "memory.max", detail::or_max(*memory.limit), "/linux/resources/memory/limit"});
  if (memory.reservation.value_or(0) != 0)
    out.push_back({"memory", "memory.low", detail::or_max(*memory.reservation), "/linux/resources/memory/reservation"});
  return {};
}

/// memory.checkBeforeUpdate: refuses a limit that the container is above already, which would get it killed.
/// `usage` is memory.current in bytes. Errors: config at the limit.
[[nodiscard]] inline result<void> check_usage(const spec::memory& memory, std::int64_t usage) {
  if (!memory.check_before_update.value_or(false)) return {};
  const auto refuse = [&](const char* field, const char* what, std::int64_t limit) {
    return tl::unexpected(error::config(
        "/linux/resources/memory/" + std::string{field},
        "rejecting " + std::string{what} + " limit " + std::to_string(limit) + " <= usage " + std::to_string(usage)));
  };
  if (const auto swap = memory.swap.value_or(0); swap > 0 && swap <= usage) return refuse("swap", "memory+swap", swap);
  if (const auto limit = memory.limit.value_or(0); limit > 0 && limit <= usage) return refuse("limit", "memory", limit);
  return {};
}

/// Whether it makes the cgroup an idle one, whose weight is fixed: the kernel then refuses every other (EINVAL), so a
/// weight beside it is left out. Pure. Since: Linux 5.15.
[[nodiscard]] inline bool makes_idle(const spec::resources& wanted) {
  if (wanted.cpu && wanted.cpu->idle == 1) return true;
  const auto line = std::ranges::find(wanted.unified, "cpu.idle", &spec::string_map::value_type::first);
  return line != wanted.unified.end() && (line->second == "1" || line->second == "1\n");
}

/// What whoever asked for both is to be told.
inline constexpr std::string_view weight_lost_to_idle =
    "unable to apply both cpu.idle and a CPU weight: the weight is ignored";

/// Whether it asks for a CPU weight that is left out, because the cgroup is to be idle. Pure.
[[nodiscard]] inline bool loses_weight_to_idle(const spec::resources& wanted) {
  if (!makes_idle(wanted)) return false;
  return (wanted.cpu && wanted.cpu->shares.value_or(0) != 0) ||
         std::ranges::any_of(wanted.unified, [](const auto& line) { return line.first == "cpu.weight"; });
}

/// Steps for cpu.idle, cpu.weight, cpu.max and cpu.max.burst. `Weight` is one of cpu_weight.hpp.
///
/// The kernel refuses a burst above the quota of the moment, so a burst is tried once more after cpu.max. Realtime
/// runtime and period have no file on v2 and are left alone, as runc does.
template <class Weight = quadratic_weight>
void plan_v2_cpu(const spec::cpu& cpu, write_plan& out) {
  const std::string at = "/linux/resources/cpu";
  if (cpu.idle) out.push_back({"cpu", "cpu.idle", std::to_string(*cpu.idle), at + "/idle"});
  if (cpu.shares.value_or(0) != 0)
    out.push_back({"cpu", "cpu.weight", std::to_string(Weight::from_shares(*cpu.shares)), at + "/shares"});
  if (cpu.burst) {
    auto& write = out.emplace_back(file_write{"cpu", "cpu.max.burst", std::to_string(*cpu.burst), at + "/burst"});
    write.again_at_end = true;
  }
  if (cpu.quota.value_or(0) == 0 && cpu.period.value_or(0) == 0) return;
  const auto quota = cpu.quota.value_or(0);
  const auto period = cpu.period.value_or(0) == 0 ? 100000 : *cpu.period;
  out.push_back({"cpu", "cpu.max", (quota > 0 ? std::to_string(quota) : "max") + " " + std::to_string(period),
                 at + (quota != 0 ? "/quota" : "/period")});
}

namespace detail {

/// blockIO.weight, 10 to 1000, as io.weight, 1 to 10000.
[[nodiscard]] inline std::uint64_t io_weight(std::uint64_t weight) {
  return weight <= 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

inline void plan_io_max(const std::vector<spec::throttle_device>& devices, std::string_view list, std::string_view key,
                        write_plan& out) {
  for (std::size_t i = 0; i < devices.size(); ++i)
    out.push_back({"io", "io.max",
                   device_number(devices[i].major, devices[i].minor) + " " + std::string{key} + "=" +
                       std::to_string(devices[i].rate),
                   element("/linux/resources/blockIO/" + std::string{list}, i)});
}

}  // namespace detail

/// Steps for io.bfq.weight (the raw value, where the scheduler is there) or io.weight, and io.max. Leaf weights have no
/// file on v2 and are left alone, as runc does.
inline void plan_v2_block_io(const spec::block_io& io, write_plan& out) {
  if (io.weight.value_or(0) != 0) {
    auto& write = out.emplace_back(
        file_write{"io", "io.bfq.weight", std::to_string(*io.weight), "/linux/resources/blockIO/weight"});
    write.other_file = "io.weight";
    write.other_value = std::to_string(detail::io_weight(*io.weight));
  }
  for (std::size_t i = 0; i < io.weight_device.size(); ++i) {
    const auto& d = io.weight_device[i];
    if (!d.weight) continue;
    auto& write = out.emplace_back(file_write{"io", "io.bfq.weight",
                                              detail::device_number(d.major, d.minor) + " " + std::to_string(*d.weight),
                                              detail::element("/linux/resources/blockIO/weightDevice", i)});
    write.may_be_missing = true;
  }
  detail::plan_io_max(io.throttle_read_bps_device, "throttleReadBpsDevice", "rbps", out);
  detail::plan_io_max(io.throttle_write_bps_device, "throttleWriteBpsDevice", "wbps", out);
  detail::plan_io_max(io.throttle_read_iops_device, "throttleReadIOPSDevice", "riops", out);
  detail::plan_io_max(io.throttle_write_iops_device, "throttleWriteIOPSDevice", "wiops", out);
}

/// Steps for `unified`: each file as it is named, one write a line.
/// Errors: config at `/linux/resources/unified/KEY` for a key that is no file name or a value with a NUL.
[[nodiscard]] inline result<void> plan_v2_unified(const spec::string_map& unified, write_plan& out) {
  for (const auto& [file, value] : unified) {
    const std::string where = "/linux/resources/unified/" + file.substr(0, 80);
    if (!detail::is_file_name(file))
      return tl::unexpected(
          error::config(where, "unified resource \"" + file.substr(0, 80) + "\" must be a file name (no slashes)"));
    const std::string controller = file.substr(0, file.find('.'));
    std::string_view rest{value};
    do {
      const auto line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      out.push_back({controller, file, OCIKIT_TRY(detail::one_line(line, where)), where});
    } while (!rest.empty());
  }
  return {};
}

/// The properties in `wanted` that v2 has no file for, by their names in JSON; they are left alone, as runc does. Pure.
[[nodiscard]] inline std::vector<std::string> without_effect_on_v2(const spec::resources& wanted) {
  std::vector<std::string> names;
  const auto name_if = [&](bool given, const char* name) {
    if (given) names.emplace_back(name);
  };
  const auto memory = wanted.memory.value_or(spec::memory{});
  const auto cpu = wanted.cpu.value_or(spec::cpu{});
  const auto io = wanted.block_io.value_or(spec::block_io{});
  name_if(memory.swappiness.has_value(), "memory.swappiness");
  name_if(memory.disable_oom_killer.value_or(false), "memory.disableOOMKiller");
  name_if(cpu.realtime_runtime.value_or(0) != 0, "cpu.realtimeRuntime");
  name_if(cpu.realtime_period.value_or(0) != 0, "cpu.realtimePeriod");
  name_if(io.leaf_weight.value_or(0) != 0, "blockIO.leafWeight");
  name_if(std::ranges::any_of(io.weight_device, [](const auto& d) { return d.leaf_weight.has_value(); }),
          "blockIO.weightDevice.leafWeight");
  name_if(wanted.network && *wanted.network != spec::network{}, "network");
  return names;
}

/// Steps for all of linux.resources but `devices`, in runc's order. network has no controller on v2 and is left alone,
/// as runc does; so is the weight of an idle cgroup. Errors: those of the parts.
[[nodiscard]] inline result<write_plan> plan_v2(const spec::resources& wanted) {
  write_plan out;
  if (wanted.pids) plan_v2_pids(*wanted.pids, out);
  if (wanted.memory) OCIKIT_TRY(plan_v2_memory(*wanted.memory, out));
  if (wanted.block_io) plan_v2_block_io(*wanted.block_io, out);
  if (wanted.cpu) plan_v2_cpu(*wanted.cpu, out);
  if (wanted.cpu) OCIKIT_TRY(detail::plan_cpuset(*wanted.cpu, out));
  OCIKIT_TRY(detail::plan_hugetlb(wanted.hugepage_limits, "max", out));
  OCIKIT_TRY(detail::plan_rdma(wanted.rdma, out));
  OCIKIT_TRY(plan_v2_unified(wanted.unified, out));
  if (makes_idle(wanted)) std::erase_if(out, [](const file_write& write) { return write.file == "cpu.weight"; });
  return out;
}

}  // namespace ocikit::cgroups
