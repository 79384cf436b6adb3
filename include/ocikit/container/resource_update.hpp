// SPDX-License-Identifier: Apache-2.0
//
// What `update` makes of a container's resources. Pure; the rules are runc's, which engines have come to rely on.
#pragma once

#include <algorithm>
#include <optional>
#include <ranges>
#include <string>
#include <vector>

#include <ocikit/spec/types.hpp>

namespace ocikit::container {

/// What an update comes to.
struct resource_update {
  spec::resources stored;  ///< the container's from now on, for state.json
  spec::resources now;     ///< what the cgroup has to be told
  bool operator==(const resource_update&) const = default;
};

namespace detail {

template <class Value>
void take_if_given(std::optional<Value>& to, const std::optional<Value>& from) {
  if (from) to = from;
}

/// The object, or one without properties where it is absent. Not by value_or, of which g++ 12 warns here without cause.
template <class Object>
[[nodiscard]] Object or_empty(const std::optional<Object>& object) {
  Object out;
  if (object) out = *object;
  return out;
}

/// An object without properties is absent.
template <class Object>
[[nodiscard]] std::optional<Object> unless_empty(Object object) {
  if (object == Object{}) return std::nullopt;
  return object;
}

/// Limit and swap go together, since each bounds the other.
inline void update_memory(const spec::memory& wanted, spec::memory& stored, spec::memory& now) {
  take_if_given(stored.limit, wanted.limit);
  take_if_given(stored.reservation, wanted.reservation);
  take_if_given(stored.swap, wanted.swap);
  stored.check_before_update = wanted.check_before_update;
  if (wanted.limit == -1 && !wanted.swap) stored.swap.reset();  // no sum can be below unlimited memory
  now.reservation = wanted.reservation;
  now.check_before_update = wanted.check_before_update;
  if (!wanted.limit && !wanted.swap) return;
  now.limit = stored.limit;
  now.swap = stored.swap;
}

/// Quota and period are one value to v2. Of both or neither given, the update's are kept; of one, the other stays.
inline void update_bandwidth(const spec::cpu& wanted, spec::cpu& stored, spec::cpu& now) {
  const bool quota = wanted.quota.value_or(0) != 0, period = wanted.period.value_or(0) != 0;
  if (quota || !period) stored.quota = quota ? wanted.quota : std::nullopt;
  if (period || !quota) stored.period = period ? wanted.period : std::nullopt;
  if (!quota && !period) return;
  now.quota = stored.quota;
  now.period = stored.period;
}

inline void update_cpu(const spec::cpu& wanted, spec::cpu& stored, spec::cpu& now) {
  update_bandwidth(wanted, stored, now);
  take_if_given(stored.shares, wanted.shares);
  if (wanted.idle && !wanted.shares) stored.shares.reset();  // an idle cgroup takes no weight
  take_if_given(stored.realtime_period, wanted.realtime_period);
  take_if_given(stored.realtime_runtime, wanted.realtime_runtime);
  // What is not given of these is forgotten, and stays in force.
  stored.burst = wanted.burst;
  stored.idle = wanted.idle;
  stored.cpus = wanted.cpus;
  stored.mems = wanted.mems;
  now.shares = wanted.shares;
  now.realtime_period = wanted.realtime_period;
  now.realtime_runtime = wanted.realtime_runtime;
  now.burst = wanted.burst;
  now.idle = wanted.idle;
  now.cpus = wanted.cpus;
  now.mems = wanted.mems;
}

/// The last entry for the device is what counts: that one changes, or there is a new one.
template <class Device, class Change>
void update_device(std::vector<Device>& stored, const Device& wanted, Change change) {
  auto backwards = stored | std::views::reverse;
  const auto known = std::ranges::find_if(
      backwards, [&](const Device& d) { return d.major == wanted.major && d.minor == wanted.minor; });
  if (known == backwards.end())
    stored.push_back(wanted);
  else
    change(*known);
}

inline void update_block_io(const spec::block_io& wanted, spec::block_io& stored) {
  take_if_given(stored.weight, wanted.weight);
  take_if_given(stored.leaf_weight, wanted.leaf_weight);
  for (const auto& device : wanted.weight_device)
    update_device(stored.weight_device, device, [&](spec::weight_device& known) {
      take_if_given(known.weight, device.weight);
      take_if_given(known.leaf_weight, device.leaf_weight);
    });
  for (const auto list : {&spec::block_io::throttle_read_bps_device, &spec::block_io::throttle_write_bps_device,
                          &spec::block_io::throttle_read_iops_device, &spec::block_io::throttle_write_iops_device})
    for (const auto& device : wanted.*list)
      update_device(stored.*list, device, [&](spec::throttle_device& known) { known.rate = device.rate; });
}

}  // namespace detail

/// The update of a container whose resources are `stored`. Only cpu, memory, pids, blockIO and unified can change; see
/// `left_alone` for the rest. Zero is absent, but in what has a use for it.
[[nodiscard]] inline resource_update plan_update(const spec::resources& stored, const spec::resources& wanted) {
  resource_update out{stored, {}};
  spec::memory memory = detail::or_empty(stored.memory), memory_now;
  detail::update_memory(detail::or_empty(wanted.memory), memory, memory_now);
  out.stored.memory = detail::unless_empty(std::move(memory));
  out.now.memory = detail::unless_empty(std::move(memory_now));
  spec::cpu cpu = detail::or_empty(stored.cpu), cpu_now;
  detail::update_cpu(detail::or_empty(wanted.cpu), cpu, cpu_now);
  out.stored.cpu = detail::unless_empty(std::move(cpu));
  out.now.cpu = detail::unless_empty(std::move(cpu_now));
  spec::block_io block_io = detail::or_empty(stored.block_io);
  detail::update_block_io(detail::or_empty(wanted.block_io), block_io);
  out.stored.block_io = detail::unless_empty(std::move(block_io));
  out.now.block_io = wanted.block_io;
  out.stored.pids = out.now.pids = detail::unless_empty(detail::or_empty(wanted.pids));
  out.stored.unified = out.now.unified = wanted.unified;
  return out;
}

/// The properties in `wanted` that an update does not change, by their names in JSON; runc ignores them silently.
[[nodiscard]] inline std::vector<std::string> left_alone(const spec::resources& wanted) {
  std::vector<std::string> names;
  const auto name_if = [&](bool given, const char* name) {
    if (given) names.emplace_back(name);
  };
  const auto memory = detail::or_empty(wanted.memory);
  name_if(!wanted.devices.empty(), "devices");
  name_if(!wanted.hugepage_limits.empty(), "hugepageLimits");
  name_if(wanted.network.has_value(), "network");
  name_if(!wanted.rdma.empty(), "rdma");
  name_if(memory.swappiness.has_value(), "memory.swappiness");
  name_if(memory.disable_oom_killer.has_value(), "memory.disableOOMKiller");
  name_if(memory.use_hierarchy.has_value(), "memory.useHierarchy");
  return names;
}

}  // namespace ocikit::container
