// SPDX-License-Identifier: Apache-2.0
//
// linux.resources on its way over the plugin boundary and back.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ocikit/plugin/cgroup.h>
#include <ocikit/spec/types.hpp>

namespace ocikit::cgroups {

namespace detail {

/// The numbers of linux.resources, each once: its bit, its place in the flat struct, and where it lives in the typed
/// one. `visit(bit, flat number, block, member)` is called for each; both directions are written with it.
template <class Flat, class Visit>
void each_number(Flat& flat, Visit visit) {
  using res = spec::resources;
  visit(OCIKIT_RES_MEMORY_LIMIT, flat.memory_limit, &res::memory, &spec::memory::limit);
  visit(OCIKIT_RES_MEMORY_RESERVATION, flat.memory_reservation, &res::memory, &spec::memory::reservation);
  visit(OCIKIT_RES_MEMORY_SWAP, flat.memory_swap, &res::memory, &spec::memory::swap);
  visit(OCIKIT_RES_MEMORY_KERNEL, flat.memory_kernel, &res::memory, &spec::memory::kernel);
  visit(OCIKIT_RES_MEMORY_KERNEL_TCP, flat.memory_kernel_tcp, &res::memory, &spec::memory::kernel_tcp);
  visit(OCIKIT_RES_MEMORY_SWAPPINESS, flat.memory_swappiness, &res::memory, &spec::memory::swappiness);
  visit(OCIKIT_RES_MEMORY_DISABLE_OOM_KILLER, flat.memory_disable_oom_killer, &res::memory,
        &spec::memory::disable_oom_killer);
  visit(OCIKIT_RES_MEMORY_USE_HIERARCHY, flat.memory_use_hierarchy, &res::memory, &spec::memory::use_hierarchy);
  visit(OCIKIT_RES_MEMORY_CHECK_BEFORE_UPDATE, flat.memory_check_before_update, &res::memory,
        &spec::memory::check_before_update);
  visit(OCIKIT_RES_CPU_SHARES, flat.cpu_shares, &res::cpu, &spec::cpu::shares);
  visit(OCIKIT_RES_CPU_QUOTA, flat.cpu_quota, &res::cpu, &spec::cpu::quota);
  visit(OCIKIT_RES_CPU_BURST, flat.cpu_burst, &res::cpu, &spec::cpu::burst);
  visit(OCIKIT_RES_CPU_PERIOD, flat.cpu_period, &res::cpu, &spec::cpu::period);
  visit(OCIKIT_RES_CPU_REALTIME_RUNTIME, flat.cpu_realtime_runtime, &res::cpu, &spec::cpu::realtime_runtime);
  visit(OCIKIT_RES_CPU_REALTIME_PERIOD, flat.cpu_realtime_period, &res::cpu, &spec::cpu::realtime_period);
  visit(OCIKIT_RES_CPU_IDLE, flat.cpu_idle, &res::cpu, &spec::cpu::idle);
  visit(OCIKIT_RES_PIDS_LIMIT, flat.pids_limit, &res::pids, &spec::pids::limit);
  visit(OCIKIT_RES_BLKIO_WEIGHT, flat.blkio_weight, &res::block_io, &spec::block_io::weight);
  visit(OCIKIT_RES_BLKIO_LEAF_WEIGHT, flat.blkio_leaf_weight, &res::block_io, &spec::block_io::leaf_weight);
  visit(OCIKIT_RES_NETWORK_CLASS_ID, flat.network_class_id, &res::network, &spec::network::class_id);
}

/// The block of an optional object, made when it is not there yet.
template <class Block>
Block& made(std::optional<Block>& block) {
  return block ? *block : block.emplace();
}

[[nodiscard]] inline std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

template <class Element>
[[nodiscard]] std::span<const Element> list(const Element* first, std::uint64_t count) {
  return {first, first != nullptr ? static_cast<std::size_t>(count) : 0};
}

}  // namespace detail

/// The flat form of a spec::resources, which must outlive it: strings are borrowed. Strings with an embedded NUL must
/// have been refused before (see refuse_nul in from_plugin.hpp).
class flat_resources {
 public:
  explicit flat_resources(const spec::resources& from) {
    flat_.head = OCIKIT_HEAD(ocikit_cgroup_resources);
    put_numbers(from);
    put_lists(from);
    put_block_io(from);
  }
  flat_resources(const flat_resources&) = delete;
  flat_resources& operator=(const flat_resources&) = delete;

  [[nodiscard]] const ocikit_cgroup_resources& get() const noexcept { return flat_; }

 private:
  void put_numbers(const spec::resources& from) {
    detail::each_number(flat_, [&](std::uint64_t bit, auto& number, auto block, auto member) {
      const auto& object = from.*block;
      if (!object || !((*object).*member)) return;
      flat_.present |= bit;
      number = static_cast<std::remove_reference_t<decltype(number)>>(*((*object).*member));
    });
    if (from.cpu && !from.cpu->cpus.empty()) flat_.cpu_cpus = from.cpu->cpus.c_str();
    if (from.cpu && !from.cpu->mems.empty()) flat_.cpu_mems = from.cpu->mems.c_str();
  }

  void put_lists(const spec::resources& from) {
    for (const auto& r : from.devices)
      devices_.push_back({r.allow ? 1U : 0U, static_cast<std::uint32_t>(r.type.value_or(spec::device_rule_type::all)),
                          r.major.value_or(-1), r.minor.value_or(-1), r.access.c_str()});
    hand_over(devices_, flat_.devices, flat_.devices_count);
    for (const auto& h : from.hugepage_limits) hugepages_.push_back({h.page_size.c_str(), h.limit});
    hand_over(hugepages_, flat_.hugepage_limits, flat_.hugepage_limits_count);
    if (from.network)
      for (const auto& p : from.network->priorities) priorities_.push_back({p.name.c_str(), p.priority});
    hand_over(priorities_, flat_.network_priorities, flat_.network_priorities_count);
    for (const auto& [device, limit] : from.rdma)
      rdma_.push_back({device.c_str(), limit.hca_handles ? std::int64_t{*limit.hca_handles} : -1,
                       limit.hca_objects ? std::int64_t{*limit.hca_objects} : -1});
    hand_over(rdma_, flat_.rdma, flat_.rdma_count);
    for (const auto& [file, value] : from.unified) unified_.push_back({file.c_str(), value.c_str()});
    hand_over(unified_, flat_.unified, flat_.unified_count);
  }

  void put_block_io(const spec::resources& from) {
    if (!from.block_io) return;
    const auto& io = *from.block_io;
    for (const auto& w : io.weight_device)
      weights_.push_back({w.major, w.minor, w.weight ? *w.weight : -1, w.leaf_weight ? *w.leaf_weight : -1});
    hand_over(weights_, flat_.blkio_weight_device, flat_.blkio_weight_device_count);
    put_throttle(0, io.throttle_read_bps_device, flat_.blkio_read_bps, flat_.blkio_read_bps_count);
    put_throttle(1, io.throttle_write_bps_device, flat_.blkio_write_bps, flat_.blkio_write_bps_count);
    put_throttle(2, io.throttle_read_iops_device, flat_.blkio_read_iops, flat_.blkio_read_iops_count);
    put_throttle(3, io.throttle_write_iops_device, flat_.blkio_write_iops, flat_.blkio_write_iops_count);
  }

  void put_throttle(std::size_t which, const std::vector<spec::throttle_device>& from,
                    const ocikit_throttle_device*& first, std::uint64_t& count) {
    for (const auto& t : from) throttles_[which].push_back({t.major, t.minor, t.rate});
    hand_over(throttles_[which], first, count);
  }

  template <class Element>
  static void hand_over(const std::vector<Element>& from, const Element*& first, std::uint64_t& count) {
    first = from.data();
    count = from.size();
  }

  ocikit_cgroup_resources flat_{};
  std::vector<ocikit_device_rule> devices_;
  std::vector<ocikit_weight_device> weights_;
  std::vector<ocikit_throttle_device> throttles_[4];
  std::vector<ocikit_hugepage_limit> hugepages_;
  std::vector<ocikit_interface_priority> priorities_;
  std::vector<ocikit_rdma_limit> rdma_;
  std::vector<ocikit_pair> unified_;
};

namespace detail {

[[nodiscard]] inline std::vector<spec::throttle_device> throttles(const ocikit_throttle_device* first,
                                                                  std::uint64_t count) {
  std::vector<spec::throttle_device> out;
  for (const auto& t : list(first, count)) out.push_back({t.major, t.minor, t.rate});
  return out;
}

inline void take_block_io(const ocikit_cgroup_resources& flat, spec::resources& to) {
  const bool any = flat.blkio_weight_device_count + flat.blkio_read_bps_count + flat.blkio_write_bps_count +
                       flat.blkio_read_iops_count + flat.blkio_write_iops_count !=
                   0;
  if (!any) return;
  auto& io = made(to.block_io);
  for (const auto& w : list(flat.blkio_weight_device, flat.blkio_weight_device_count)) {
    auto& made_one = io.weight_device.emplace_back(spec::weight_device{w.major, w.minor, {}, {}});
    if (w.weight >= 0) made_one.weight = static_cast<std::uint16_t>(w.weight);
    if (w.leaf_weight >= 0) made_one.leaf_weight = static_cast<std::uint16_t>(w.leaf_weight);
  }
  io.throttle_read_bps_device = throttles(flat.blkio_read_bps, flat.blkio_read_bps_count);
  io.throttle_write_bps_device = throttles(flat.blkio_write_bps, flat.blkio_write_bps_count);
  io.throttle_read_iops_device = throttles(flat.blkio_read_iops, flat.blkio_read_iops_count);
  io.throttle_write_iops_device = throttles(flat.blkio_write_iops, flat.blkio_write_iops_count);
}

inline void take_numbers(const ocikit_cgroup_resources& flat, spec::resources& to) {
  each_number(flat, [&](std::uint64_t bit, const auto& number, auto block, auto member) {
    if ((flat.present & bit) == 0) return;
    auto& slot = made(to.*block).*member;
    using value = typename std::remove_reference_t<decltype(slot)>::value_type;
    slot = static_cast<value>(number);
  });
  if (flat.cpu_cpus != nullptr) made(to.cpu).cpus = flat.cpu_cpus;
  if (flat.cpu_mems != nullptr) made(to.cpu).mems = flat.cpu_mems;
}

[[nodiscard]] inline spec::device_rule typed(const ocikit_device_rule& rule) {
  spec::device_rule out;
  out.allow = rule.allow != 0;
  out.type = static_cast<spec::device_rule_type>(static_cast<char>(rule.type));
  if (rule.major >= 0) out.major = rule.major;
  if (rule.minor >= 0) out.minor = rule.minor;
  out.access = text_or_empty(rule.access);
  return out;
}

[[nodiscard]] inline std::optional<std::uint32_t> count_of(std::int64_t number) {
  if (number < 0) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

}  // namespace detail

/// The typed form of `flat`. The same values come back, but for what means the same: an empty object is absent, and a
/// device number of -1 is absent, an absent rule type is `all`.
[[nodiscard]] inline spec::resources typed_resources(const ocikit_cgroup_resources& flat) {
  spec::resources out;
  detail::take_numbers(flat, out);
  detail::take_block_io(flat, out);
  for (const auto& r : detail::list(flat.devices, flat.devices_count)) out.devices.push_back(detail::typed(r));
  for (const auto& h : detail::list(flat.hugepage_limits, flat.hugepage_limits_count))
    out.hugepage_limits.push_back({detail::text_or_empty(h.page_size), h.limit});
  for (const auto& p : detail::list(flat.network_priorities, flat.network_priorities_count))
    detail::made(out.network)
        .priorities.push_back({detail::text_or_empty(p.name), static_cast<std::uint32_t>(p.priority)});
  for (const auto& r : detail::list(flat.rdma, flat.rdma_count))
    out.rdma.emplace_back(detail::text_or_empty(r.device),
                          spec::rdma{detail::count_of(r.hca_handles), detail::count_of(r.hca_objects)});
  for (const auto& u : detail::list(flat.unified, flat.unified_count))
    out.unified.emplace_back(detail::text_or_empty(u.key), detail::text_or_empty(u.value));
  return out;
}

}  // namespace ocikit::cgroups
