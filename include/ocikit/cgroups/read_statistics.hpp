// SPDX-License-Identifier: Apache-2.0
//
// The statistics of a cgroup, read from its files. A file that is not there (its controller is not, or the kernel is
// older) is left out without a word.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/cgroups/directories.hpp>
#include <ocikit/cgroups/parse_statistics.hpp>
#include <ocikit/cgroups/statistics.hpp>
#include <ocikit/cgroups/tree.hpp>

namespace ocikit::cgroups {

namespace detail {

/// Whether the kernel has nothing to tell here: no such file, a cgroup that goes away, or, for pressure, a kernel that
/// was started without it.
[[nodiscard]] inline bool tells_nothing(const error& e) {
  return e.code() == ENOENT || e.code() == ENODEV || e.code() == EOPNOTSUPP;
}

/// The files of one directory; none at all when it is not open.
class counter_files {
 public:
  explicit counter_files(fd_view dir) : dir_{dir} {}

  /// The text of a file; nothing when there is none. Errors: system.
  [[nodiscard]] result<std::optional<std::string>> text(zstring_view name) const {
    if (!dir_) return std::nullopt;
    auto got = read_file(dir_, name);
    if (got) return std::optional{*std::move(got)};
    if (tells_nothing(got.error())) return std::nullopt;
    return tl::unexpected(std::move(got).error());
  }
  /// The same, empty when there is none.
  [[nodiscard]] result<std::string> text_or_empty(zstring_view name) const {
    return OCIKIT_TRY(text(name)).value_or(std::string{});
  }
  [[nodiscard]] result<std::uint64_t> count(zstring_view name) const {
    return parse_count(OCIKIT_TRY(text_or_empty(name)));
  }
  [[nodiscard]] result<std::optional<pressure_stall>> pressure(zstring_view name) const {
    const auto got = OCIKIT_TRY(text(name));
    if (!got) return std::nullopt;
    return parse_pressure(*got);
  }
  [[nodiscard]] fd_view directory() const noexcept { return dir_; }

 private:
  fd_view dir_;
};

[[nodiscard]] inline result<pids_statistics> read_pids(const counter_files& files) {
  const auto limit = OCIKIT_TRY(files.count("pids.max"));
  return pids_statistics{OCIKIT_TRY(files.count("pids.current")), limit == unlimited ? 0 : limit};
}

/// The page sizes in the names `hugetlb.SIZE.ENDING`, sorted.
[[nodiscard]] inline result<std::vector<std::string>> page_sizes(const counter_files& files, std::string_view ending) {
  std::vector<std::string> out;
  if (!files.directory()) return out;
  for (const auto& name : OCIKIT_TRY(file_names(files.directory()))) {
    constexpr std::string_view beginning = "hugetlb.";
    if (!name.starts_with(beginning) || !name.ends_with(ending)) continue;
    const auto size = name.substr(beginning.size(), name.size() - beginning.size() - ending.size());
    if (!size.empty() && size.find('.') == std::string::npos) out.push_back(size);  // no `.rsvd`
  }
  std::ranges::sort(out);
  return out;
}

/// USER_HZ, the unit of cpuacct.stat, in nanoseconds.
[[nodiscard]] inline std::uint64_t nanoseconds_per_tick() {
  const long ticks = ::sysconf(_SC_CLK_TCK);
  return 1'000'000'000U / static_cast<std::uint64_t>(ticks > 0 ? ticks : 100);
}

// ---- v1 --------------------------------------------------------------------------------------------------------

[[nodiscard]] inline result<void> read_v1_cpu(const counter_files& cpu, const counter_files& cpuacct,
                                              cpu_statistics& to) {
  const auto throttling = parse_keyed_counts(OCIKIT_TRY(cpu.text_or_empty("cpu.stat")));
  to.throttling = {count_named(throttling, "nr_periods"), count_named(throttling, "nr_throttled"),
                   count_named(throttling, "throttled_time")};
  to.usage.total = OCIKIT_TRY(cpuacct.count("cpuacct.usage"));
  to.usage.percpu = parse_counts(OCIKIT_TRY(cpuacct.text_or_empty("cpuacct.usage_percpu")));
  auto split = parse_usage_all(OCIKIT_TRY(cpuacct.text_or_empty("cpuacct.usage_all")));
  to.usage.percpu_kernel = std::move(split.kernel);
  to.usage.percpu_user = std::move(split.user);
  const auto ticks = parse_keyed_counts(OCIKIT_TRY(cpuacct.text_or_empty("cpuacct.stat")));
  to.usage.kernel = times(count_named(ticks, "system"), nanoseconds_per_tick());
  to.usage.user = times(count_named(ticks, "user"), nanoseconds_per_tick());
  return {};
}

[[nodiscard]] inline result<cpuset_statistics> read_v1_cpuset(const counter_files& files) {
  cpuset_statistics out;
  out.cpus = parse_number_list(OCIKIT_TRY(files.text_or_empty("cpuset.cpus")));
  out.mems = parse_number_list(OCIKIT_TRY(files.text_or_empty("cpuset.mems")));
  out.cpu_exclusive = OCIKIT_TRY(files.count("cpuset.cpu_exclusive"));
  out.mem_hardwall = OCIKIT_TRY(files.count("cpuset.mem_hardwall"));
  out.mem_exclusive = OCIKIT_TRY(files.count("cpuset.mem_exclusive"));
  out.memory_migrate = OCIKIT_TRY(files.count("cpuset.memory_migrate"));
  out.memory_spread_page = OCIKIT_TRY(files.count("cpuset.memory_spread_page"));
  out.memory_spread_slab = OCIKIT_TRY(files.count("cpuset.memory_spread_slab"));
  out.memory_pressure = OCIKIT_TRY(files.count("cpuset.memory_pressure"));
  out.sched_load_balance = OCIKIT_TRY(files.count("cpuset.sched_load_balance"));
  const auto level = OCIKIT_TRY(files.text_or_empty("cpuset.sched_relax_domain_level"));
  const bool negative = level.starts_with('-');  // -1: the system's own choice
  const auto size = static_cast<std::int64_t>(parse_count(std::string_view{level}.substr(negative ? 1 : 0)));
  out.sched_relax_domain_level = negative ? -size : size;
  return out;
}

[[nodiscard]] inline result<memory_usage> read_v1_usage(const counter_files& files, const std::string& stem) {
  return memory_usage{
      OCIKIT_TRY(files.count(stem + ".limit_in_bytes")), OCIKIT_TRY(files.count(stem + ".usage_in_bytes")),
      OCIKIT_TRY(files.count(stem + ".max_usage_in_bytes")), OCIKIT_TRY(files.count(stem + ".failcnt"))};
}

[[nodiscard]] inline result<memory_statistics> read_v1_memory(const counter_files& files) {
  memory_statistics out;
  out.raw = parse_keyed_counts(OCIKIT_TRY(files.text_or_empty("memory.stat")));
  out.cache = count_named(out.raw, "cache");
  out.usage = OCIKIT_TRY(read_v1_usage(files, "memory"));
  out.swap = OCIKIT_TRY(read_v1_usage(files, "memory.memsw"));
  out.kernel = OCIKIT_TRY(read_v1_usage(files, "memory.kmem"));
  out.kernel_tcp = OCIKIT_TRY(read_v1_usage(files, "memory.kmem.tcp"));
  out.events = parse_memory_events(OCIKIT_TRY(files.text_or_empty("memory.oom_control")));
  return out;
}

/// blkio.* of one scheduler: `stem` is `blkio.bfq.` or, of CFQ (until Linux 5.0), `blkio.`.
[[nodiscard]] inline result<block_io_statistics> read_v1_scheduler(const counter_files& files,
                                                                   const std::string& stem) {
  const auto list = [&](const char* name) -> result<std::vector<block_io_entry>> {
    return parse_block_io(OCIKIT_TRY(files.text_or_empty(stem + name)));
  };
  block_io_statistics out;
  out.serviced = OCIKIT_TRY(list("io_serviced_recursive"));
  if (out.serviced.empty()) return out;
  out.service_bytes = OCIKIT_TRY(list("io_service_bytes_recursive"));
  out.queued = OCIKIT_TRY(list("io_queued_recursive"));
  out.service_time = OCIKIT_TRY(list("io_service_time_recursive"));
  out.wait_time = OCIKIT_TRY(list("io_wait_time_recursive"));
  out.merged = OCIKIT_TRY(list("io_merged_recursive"));
  out.time = OCIKIT_TRY(list("time_recursive"));
  out.sectors = OCIKIT_TRY(list("sectors_recursive"));
  return out;
}

/// What the scheduler of the devices counts; where it counts nothing, what passed the throttling.
[[nodiscard]] inline result<block_io_statistics> read_v1_block_io(const counter_files& files) {
  for (const char* stem : {"blkio.bfq.", "blkio."})
    if (auto got = OCIKIT_TRY(read_v1_scheduler(files, stem)); !got.serviced.empty()) return got;
  const auto list = [&](const std::string& name) -> result<std::vector<block_io_entry>> {
    auto text = OCIKIT_TRY(files.text(name + "_recursive"));  // since Linux 5.8
    return parse_block_io(text ? *text : OCIKIT_TRY(files.text_or_empty(name)));
  };
  block_io_statistics out;
  out.service_bytes = OCIKIT_TRY(list("blkio.throttle.io_service_bytes"));
  out.serviced = OCIKIT_TRY(list("blkio.throttle.io_serviced"));
  return out;
}

[[nodiscard]] inline result<spec::map<hugetlb_statistics>> read_v1_hugetlb(const counter_files& files) {
  spec::map<hugetlb_statistics> out;
  for (const auto& size : OCIKIT_TRY(page_sizes(files, ".usage_in_bytes"))) {
    std::string stem = "hugetlb." + size + ".rsvd";
    if (!OCIKIT_TRY(files.text(stem + ".usage_in_bytes"))) stem = "hugetlb." + size;
    out.emplace_back(size, hugetlb_statistics{OCIKIT_TRY(files.count(stem + ".usage_in_bytes")),
                                              OCIKIT_TRY(files.count(stem + ".max_usage_in_bytes")),
                                              OCIKIT_TRY(files.count(stem + ".failcnt"))});
  }
  return out;
}

[[nodiscard]] inline result<statistics> read_v1(const directories& in) {
  const auto files = [&](std::string_view controller) { return counter_files{in.find(controller)}; };
  statistics out;
  OCIKIT_TRY(read_v1_cpu(files("cpu"), files("cpuacct"), out.cpu));
  out.cpuset = OCIKIT_TRY(read_v1_cpuset(files("cpuset")));
  out.memory = OCIKIT_TRY(read_v1_memory(files("memory")));
  out.pids = OCIKIT_TRY(read_pids(files("pids")));
  out.block_io = OCIKIT_TRY(read_v1_block_io(files("blkio")));
  out.hugetlb = OCIKIT_TRY(read_v1_hugetlb(files("hugetlb")));
  out.rdma_current = parse_rdma(OCIKIT_TRY(files("rdma").text_or_empty("rdma.current")));
  out.rdma_limit = parse_rdma(OCIKIT_TRY(files("rdma").text_or_empty("rdma.max")));
  return out;
}

// ---- v2 --------------------------------------------------------------------------------------------------------

[[nodiscard]] inline result<cpu_statistics> read_v2_cpu(const counter_files& files) {
  const auto counts = parse_keyed_counts(OCIKIT_TRY(files.text_or_empty("cpu.stat")));
  const auto nanoseconds = [&](std::string_view name) { return times(count_named(counts, name), 1000); };
  cpu_statistics out;
  out.usage.total = nanoseconds("usage_usec");
  out.usage.user = nanoseconds("user_usec");
  out.usage.kernel = nanoseconds("system_usec");
  out.throttling = {count_named(counts, "nr_periods"), count_named(counts, "nr_throttled"),
                    nanoseconds("throttled_usec")};
  out.psi = OCIKIT_TRY(files.pressure("cpu.pressure"));
  return out;
}

/// memory.swap.* count swap alone.
[[nodiscard]] inline result<memory_usage> read_v2_swap(const counter_files& files, const memory_usage& memory) {
  const auto current = OCIKIT_TRY(files.text("memory.swap.current"));
  if (!current) return memory_usage{};  // a kernel without swap, or without its accounting
  return memory_usage{plus(OCIKIT_TRY(files.count("memory.swap.max")), memory.limit),
                      plus(parse_count(*current), memory.usage), 0, 0};
}

[[nodiscard]] inline result<memory_statistics> read_v2_memory(const counter_files& files) {
  memory_statistics out;
  out.raw = parse_keyed_counts(OCIKIT_TRY(files.text_or_empty("memory.stat")));
  out.cache = count_named(out.raw, "file");
  out.usage = {OCIKIT_TRY(files.count("memory.max")), OCIKIT_TRY(files.count("memory.current")),
               OCIKIT_TRY(files.count("memory.peak")), 0};  // the peak: since Linux 5.19
  out.swap = OCIKIT_TRY(read_v2_swap(files, out.usage));
  out.events = parse_memory_events(OCIKIT_TRY(files.text_or_empty("memory.events")));
  out.psi = OCIKIT_TRY(files.pressure("memory.pressure"));
  return out;
}

/// Without the controller the processes are counted.
[[nodiscard]] inline result<pids_statistics> read_v2_pids(const counter_files& files) {
  if (!files.directory() || OCIKIT_TRY(files.text("pids.current"))) return read_pids(files);
  return pids_statistics{OCIKIT_TRY(pids_below(files.directory())).size(), 0};
}

[[nodiscard]] inline result<block_io_statistics> read_v2_block_io(const counter_files& files) {
  block_io_statistics out;
  parse_io_stat(OCIKIT_TRY(files.text_or_empty("io.stat")), out);
  out.psi = OCIKIT_TRY(files.pressure("io.pressure"));
  return out;
}

[[nodiscard]] inline result<spec::map<hugetlb_statistics>> read_v2_hugetlb(const counter_files& files) {
  spec::map<hugetlb_statistics> out;
  for (const auto& size : OCIKIT_TRY(page_sizes(files, ".current"))) {
    const std::string stem = "hugetlb." + size;
    const auto reserved = OCIKIT_TRY(files.text(stem + ".rsvd.current"));
    const auto events = parse_keyed_counts(OCIKIT_TRY(files.text_or_empty(stem + ".events")));
    const auto usage = reserved ? parse_count(*reserved) : OCIKIT_TRY(files.count(stem + ".current"));
    out.emplace_back(size, hugetlb_statistics{usage, 0, count_named(events, "max")});
  }
  return out;
}

[[nodiscard]] inline result<statistics> read_v2(const directories& in) {
  const counter_files files{in.find("")};
  statistics out;
  out.cpu = OCIKIT_TRY(read_v2_cpu(files));
  out.memory = OCIKIT_TRY(read_v2_memory(files));
  out.pids = OCIKIT_TRY(read_v2_pids(files));
  out.block_io = OCIKIT_TRY(read_v2_block_io(files));
  out.hugetlb = OCIKIT_TRY(read_v2_hugetlb(files));
  out.rdma_current = parse_rdma(OCIKIT_TRY(files.text_or_empty("rdma.current")));
  out.rdma_limit = parse_rdma(OCIKIT_TRY(files.text_or_empty("rdma.max")));
  return out;
}

}  // namespace detail

/// The statistics of the cgroup at `paths`, as `driver::paths` told them. All zero when there is none (`paths` is
/// empty). Not one moment's: the files are read one after the other.
/// Errors: as `directories::open`, ENOENT when the cgroup is gone; system.
/// See: kernel admin-guide/cgroup-v2.rst and admin-guide/cgroup-v1/.
[[nodiscard]] inline result<statistics> read_statistics(const path_map& paths, const host_paths& host = {}) {
  const auto in = OCIKIT_TRY(directories::open(paths, host));
  return in.is_unified() ? detail::read_v2(in) : detail::read_v1(in);
}

}  // namespace ocikit::cgroups
