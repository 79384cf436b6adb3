// SPDX-License-Identifier: Apache-2.0
//
// What a cgroup has used and may use, as the kernel counts it. Types alone: see parse_statistics.hpp for the texts and
// read_statistics.hpp for the files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <ocikit/spec/types.hpp>

namespace ocikit::cgroups {

/// The share of time in which tasks waited for a resource, in percent, over 10, 60 and 300 seconds, and the whole time.
/// See: kernel accounting/psi.rst.
struct pressure {
  double avg10 = 0, avg60 = 0, avg300 = 0;
  std::uint64_t total = 0;  ///< microseconds
  bool operator==(const pressure&) const = default;
};

/// `some`: at least one task waited; `full`: all that could run did.
struct pressure_stall {
  pressure some, full;
  bool operator==(const pressure_stall&) const = default;
};

/// Times are nanoseconds. The lists have one entry per processor, and are empty on v2.
struct cpu_usage {
  std::uint64_t total = 0;
  std::vector<std::uint64_t> percpu = {}, percpu_kernel = {}, percpu_user = {};
  std::uint64_t kernel = 0, user = 0;
  bool operator==(const cpu_usage&) const = default;
};

/// How often the quota was used up.
struct cpu_throttling {
  std::uint64_t periods = 0, throttled_periods = 0;
  std::uint64_t throttled_time = 0;  ///< nanoseconds
  bool operator==(const cpu_throttling&) const = default;
};

struct cpu_statistics {
  cpu_usage usage = {};
  cpu_throttling throttling = {};
  std::optional<pressure_stall> psi = {};  ///< v2, where the kernel has it
  bool operator==(const cpu_statistics&) const = default;
};

/// The settings of a v1 cpuset, under the names of their files; on v2 all are zero.
struct cpuset_statistics {
  std::vector<std::uint16_t> cpus = {};
  std::uint64_t cpu_exclusive = 0;
  std::vector<std::uint16_t> mems = {};
  std::uint64_t mem_hardwall = 0, mem_exclusive = 0, memory_migrate = 0, memory_spread_page = 0;
  std::uint64_t memory_spread_slab = 0, memory_pressure = 0, sched_load_balance = 0;
  std::int64_t sched_relax_domain_level = 0;
  bool operator==(const cpuset_statistics&) const = default;
};

/// Bytes, but `failcnt`, which counts how often the limit was met. Unlimited is 9223372036854771712 on v1 and
/// 18446744073709551615 on v2.
struct memory_usage {
  std::uint64_t limit = 0, usage = 0, max = 0, failcnt = 0;
  bool operator==(const memory_usage&) const = default;
};

/// memory.events of v2, memory.oom_control of v1 (`oom_kill` alone, since Linux 4.13): how often each happened.
struct memory_events {
  std::uint64_t low = 0, high = 0, max = 0, oom = 0, oom_kill = 0, oom_group_kill = 0;
  bool operator==(const memory_events&) const = default;
};

struct memory_statistics {
  std::uint64_t cache = 0;  ///< bytes of the page cache
  memory_usage usage = {};
  memory_usage swap = {};                     ///< memory and swap together
  memory_usage kernel = {}, kernel_tcp = {};  ///< v1
  spec::map<std::uint64_t> raw = {};          ///< memory.stat, sorted by name
  memory_events events = {};
  std::optional<pressure_stall> psi = {};  ///< v2, where the kernel has it
  bool operator==(const memory_statistics&) const = default;
};

struct pids_statistics {
  std::uint64_t current = 0;
  std::uint64_t limit = 0;  ///< 0: none
  bool operator==(const pids_statistics&) const = default;
};

/// One number about one block device. `op` is Read, Write, Sync, Async, Discard or Total; empty where the file makes no
/// difference.
struct block_io_entry {
  std::uint64_t major = 0, minor = 0;
  std::string op = {};
  std::uint64_t value = 0;
  bool operator==(const block_io_entry&) const = default;
};

/// The cgroup and those below it. v2 has the first two alone.
struct block_io_statistics {
  std::vector<block_io_entry> service_bytes = {};
  std::vector<block_io_entry> serviced = {};  ///< operations
  std::vector<block_io_entry> queued = {};
  std::vector<block_io_entry> service_time = {}, wait_time = {};  ///< nanoseconds
  std::vector<block_io_entry> merged = {};
  std::vector<block_io_entry> time = {};  ///< milliseconds
  std::vector<block_io_entry> sectors = {};
  std::optional<pressure_stall> psi = {};  ///< v2, where the kernel has it
  bool operator==(const block_io_statistics&) const = default;
};

/// Pages of one size: bytes, and how often the limit was met. Reservations where the kernel counts those (since 5.7).
struct hugetlb_statistics {
  std::uint64_t usage = 0, max = 0, failcnt = 0;
  bool operator==(const hugetlb_statistics&) const = default;
};

/// One device's resources; unlimited is the largest number.
struct rdma_statistics {
  std::string device = {};
  std::uint64_t hca_handles = 0, hca_objects = 0;
  bool operator==(const rdma_statistics&) const = default;
};

/// Everything about one cgroup. What its controllers do not tell, or are not there to tell, is zero, empty or absent.
struct statistics {
  cpu_statistics cpu = {};
  cpuset_statistics cpuset = {};
  memory_statistics memory = {};
  pids_statistics pids = {};
  block_io_statistics block_io = {};
  spec::map<hugetlb_statistics> hugetlb = {};  ///< by page size such as `2MB`, sorted by it
  std::vector<rdma_statistics> rdma_current = {}, rdma_limit = {};
  bool operator==(const statistics&) const = default;
};

}  // namespace ocikit::cgroups
