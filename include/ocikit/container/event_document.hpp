// SPDX-License-Identifier: Apache-2.0
//
// What `events` prints: the tables of `event`. Names and what is left out are runc's, which cAdvisor and containerd
// decode. The page cache and everything like it is bytes, times are nanoseconds.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <ocikit/cgroups/statistics.hpp>
#include <ocikit/container/statistics.hpp>
#include <ocikit/resctrl/statistics.hpp>
#include <ocikit/spec/fields.hpp>
#include <ocikit/spec/write.hpp>

namespace ocikit::container {

/// One network interface; none is ever listed.
struct interface_statistics {
  std::string name = {};
  bool operator==(const interface_statistics&) const = default;
};

/// What an event of type `stats` is about.
struct event_data : all_statistics {
  std::optional<std::vector<interface_statistics>> network_interfaces = {};  ///< always null
};

/// One line.
struct event {
  std::string type;  ///< `stats` or `oom`
  std::string id;
  std::optional<event_data> data = {};
};

}  // namespace ocikit::container

namespace ocikit::spec {

template <>
inline constexpr auto table<cgroups::pressure> = std::tuple{
    field{"avg10", &cgroups::pressure::avg10}.always(),
    field{"avg60", &cgroups::pressure::avg60}.always(),
    field{"avg300", &cgroups::pressure::avg300}.always(),
    field{"total", &cgroups::pressure::total}.always(),
};

template <>
inline constexpr auto table<cgroups::pressure_stall> = std::tuple{
    field{"some", &cgroups::pressure_stall::some},
    field{"full", &cgroups::pressure_stall::full},
};

template <>
inline constexpr auto table<cgroups::cpu_usage> = std::tuple{
    field{"total", &cgroups::cpu_usage::total},
    field{"percpu", &cgroups::cpu_usage::percpu},
    field{"percpu_kernel", &cgroups::cpu_usage::percpu_kernel},
    field{"percpu_user", &cgroups::cpu_usage::percpu_user},
    field{"kernel", &cgroups::cpu_usage::kernel}.always(),
    field{"user", &cgroups::cpu_usage::user}.always(),
};

template <>
inline constexpr auto table<cgroups::cpu_throttling> = std::tuple{
    field{"periods", &cgroups::cpu_throttling::periods},
    field{"throttledPeriods", &cgroups::cpu_throttling::throttled_periods},
    field{"throttledTime", &cgroups::cpu_throttling::throttled_time},
};

template <>
inline constexpr auto table<cgroups::cpu_statistics> = std::tuple{
    field{"usage", &cgroups::cpu_statistics::usage}.omit_zero(),
    field{"throttling", &cgroups::cpu_statistics::throttling}.omit_zero(),
    field{"psi", &cgroups::cpu_statistics::psi},
};

template <>
inline constexpr auto table<cgroups::cpuset_statistics> = std::tuple{
    field{"cpus", &cgroups::cpuset_statistics::cpus},
    field{"cpu_exclusive", &cgroups::cpuset_statistics::cpu_exclusive}.always(),
    field{"mems", &cgroups::cpuset_statistics::mems},
    field{"mem_hardwall", &cgroups::cpuset_statistics::mem_hardwall}.always(),
    field{"mem_exclusive", &cgroups::cpuset_statistics::mem_exclusive}.always(),
    field{"memory_migrate", &cgroups::cpuset_statistics::memory_migrate}.always(),
    field{"memory_spread_page", &cgroups::cpuset_statistics::memory_spread_page}.always(),
    field{"memory_spread_slab", &cgroups::cpuset_statistics::memory_spread_slab}.always(),
    field{"memory_pressure", &cgroups::cpuset_statistics::memory_pressure}.always(),
    field{"sched_load_balance", &cgroups::cpuset_statistics::sched_load_balance}.always(),
    field{"sched_relax_domain_level", &cgroups::cpuset_statistics::sched_relax_domain_level}.always(),
};

template <>
inline constexpr auto table<cgroups::memory_usage> = std::tuple{
    field{"limit", &cgroups::memory_usage::limit}.always(),
    field{"usage", &cgroups::memory_usage::usage},
    field{"max", &cgroups::memory_usage::max},
    field{"failcnt", &cgroups::memory_usage::failcnt}.always(),
};

template <>
inline constexpr auto table<cgroups::memory_statistics> = std::tuple{
    field{"cache", &cgroups::memory_statistics::cache},
    field{"usage", &cgroups::memory_statistics::usage}.omit_zero(),
    field{"swap", &cgroups::memory_statistics::swap}.omit_zero(),
    field{"kernel", &cgroups::memory_statistics::kernel}.omit_zero(),
    field{"kernelTCP", &cgroups::memory_statistics::kernel_tcp}.omit_zero(),
    field{"raw", &cgroups::memory_statistics::raw},
    field{"psi", &cgroups::memory_statistics::psi},
};

template <>
inline constexpr auto table<cgroups::pids_statistics> = std::tuple{
    field{"current", &cgroups::pids_statistics::current},
    field{"limit", &cgroups::pids_statistics::limit},
};

template <>
inline constexpr auto table<cgroups::block_io_entry> = std::tuple{
    field{"major", &cgroups::block_io_entry::major},
    field{"minor", &cgroups::block_io_entry::minor},
    field{"op", &cgroups::block_io_entry::op},
    field{"value", &cgroups::block_io_entry::value},
};

template <>
inline constexpr auto table<cgroups::block_io_statistics> = std::tuple{
    field{"ioServiceBytesRecursive", &cgroups::block_io_statistics::service_bytes},
    field{"ioServicedRecursive", &cgroups::block_io_statistics::serviced},
    field{"ioQueueRecursive", &cgroups::block_io_statistics::queued},
    field{"ioServiceTimeRecursive", &cgroups::block_io_statistics::service_time},
    field{"ioWaitTimeRecursive", &cgroups::block_io_statistics::wait_time},
    field{"ioMergedRecursive", &cgroups::block_io_statistics::merged},
    field{"ioTimeRecursive", &cgroups::block_io_statistics::time},
    field{"sectorsRecursive", &cgroups::block_io_statistics::sectors},
    field{"psi", &cgroups::block_io_statistics::psi},
};

template <>
inline constexpr auto table<cgroups::hugetlb_statistics> = std::tuple{
    field{"usage", &cgroups::hugetlb_statistics::usage},
    field{"max", &cgroups::hugetlb_statistics::max},
    field{"failcnt", &cgroups::hugetlb_statistics::failcnt}.always(),
};

template <>
inline constexpr auto table<resctrl::l3_cache_info> = std::tuple{
    field{"cbm_mask", &resctrl::l3_cache_info::cbm_mask},
    field{"min_cbm_bits", &resctrl::l3_cache_info::min_cbm_bits},
    field{"num_closids", &resctrl::l3_cache_info::num_closids},
};

template <>
inline constexpr auto table<resctrl::memory_bandwidth_info> = std::tuple{
    field{"bandwidth_gran", &resctrl::memory_bandwidth_info::bandwidth_gran},
    field{"delay_linear", &resctrl::memory_bandwidth_info::delay_linear},
    field{"min_bandwidth", &resctrl::memory_bandwidth_info::min_bandwidth},
    field{"num_closids", &resctrl::memory_bandwidth_info::num_closids},
};

template <>
inline constexpr auto table<resctrl::bandwidth_statistics> = std::tuple{
    field{"mbm_total_bytes", &resctrl::bandwidth_statistics::total_bytes},
    field{"mbm_local_bytes", &resctrl::bandwidth_statistics::local_bytes},
};

template <>
inline constexpr auto table<resctrl::occupancy_statistics> = std::tuple{
    field{"llc_occupancy", &resctrl::occupancy_statistics::llc_occupancy},
};

template <>
inline constexpr auto table<resctrl::statistics> = std::tuple{
    field{"l3_cache_info", &resctrl::statistics::l3_cache_info},
    field{"l3_cache_schema_root", &resctrl::statistics::l3_cache_schema_root},
    field{"l3_cache_schema", &resctrl::statistics::l3_cache_schema},
    field{"mem_bw_info", &resctrl::statistics::mem_bw_info},
    field{"mem_bw_schema_root", &resctrl::statistics::mem_bw_schema_root},
    field{"mem_bw_schema", &resctrl::statistics::mem_bw_schema},
    field{"schemata", &resctrl::statistics::schemata},
    field{"mbm_stats", &resctrl::statistics::mbm_stats},
    field{"cmt_stats", &resctrl::statistics::cmt_stats},
};

template <>
inline constexpr auto table<container::interface_statistics> = std::tuple{
    field{"Name", &container::interface_statistics::name}.always(),
};

template <>
inline constexpr auto table<container::event_data> = std::tuple{
    field{"cpu", &cgroups::statistics::cpu},
    field{"cpuset", &cgroups::statistics::cpuset},
    field{"memory", &cgroups::statistics::memory},
    field{"pids", &cgroups::statistics::pids},
    field{"blkio", &cgroups::statistics::block_io},
    field{"hugetlb", &cgroups::statistics::hugetlb}.always(),
    field{"intel_rdt", &container::all_statistics::intel_rdt},
    field{"network_interfaces", &container::event_data::network_interfaces}.always(),
};

template <>
inline constexpr auto table<container::event> = std::tuple{
    field{"type", &container::event::type}.always(),
    field{"id", &container::event::id}.always(),
    field{"data", &container::event::data},
};

}  // namespace ocikit::spec

namespace ocikit::container {

/// `what` as one line of JSON, with its newline. Pure.
[[nodiscard]] inline std::string event_line(const event& what) {
  return spec::write(what, {.indent = {}, .html_escapes = true}) + '\n';
}

}  // namespace ocikit::container
