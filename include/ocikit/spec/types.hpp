// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// config.json of runtime-spec 1.3 for Linux as plain data: one struct per object, the spec's own words in snake_case.
///
/// `std::optional` where absent differs from zero or empty; elsewhere the default value means absent. Integers have
/// the range of the spec's types. Maps keep the order of the document. Every member has an initializer, so that
/// designated initializers may leave any of them out. No type here knows a parser.
/// The blocks of other platforms (windows, solaris, vm, zos, freebsd) have no type: they are skipped knowingly.
namespace ocikit::spec {

/// A JSON object whose keys are data, in document order; keys are unique.
template <class Value>
using map = std::vector<std::pair<std::string, Value>>;
using string_map = map<std::string>;

// ---- process ---------------------------------------------------------------------------------------------------

/// Size of the terminal in characters.
struct console_size {
  std::uint64_t height = 0;
  std::uint64_t width = 0;
  bool operator==(const console_size&) const = default;
};

/// Ids as seen inside the container. 4294967295, which setuid(2) reads as "leave alone", never gets past `validate`.
struct user {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<std::uint32_t> umask = {};
  std::vector<std::uint32_t> additional_gids = {};
  std::string username = {};  ///< for Windows; carried, never used
  bool operator==(const user&) const = default;
};

/// Names such as `CAP_KILL`. An open list: what this kernel lacks is skipped with a warning, as runc does.
struct capabilities {
  std::vector<std::string> bounding = {};
  std::vector<std::string> effective = {};
  std::vector<std::string> inheritable = {};
  std::vector<std::string> permitted = {};
  std::vector<std::string> ambient = {};
  bool operator==(const capabilities&) const = default;
};

/// The values are the kernel's RLIMIT_ numbers on Linux (asm-generic).
enum class rlimit_type {
  cpu = 0,
  fsize = 1,
  data = 2,
  stack = 3,
  core = 4,
  rss = 5,
  nproc = 6,
  nofile = 7,
  memlock = 8,
  as = 9,
  locks = 10,
  sigpending = 11,
  msgqueue = 12,
  nice = 13,
  rtprio = 14,
  rttime = 15,
};

/// 18446744073709551615 is RLIM_INFINITY.
struct rlimit {
  rlimit_type type = rlimit_type::cpu;
  std::uint64_t hard = 0;
  std::uint64_t soft = 0;
  bool operator==(const rlimit&) const = default;
};

/// The values are the kernel's SCHED_ numbers.
enum class scheduler_policy { other = 0, fifo = 1, rr = 2, batch = 3, iso = 4, idle = 5, deadline = 6 };

/// The values are the kernel's SCHED_FLAG_ bits.
enum class scheduler_flag {
  reset_on_fork = 0x01,
  reclaim = 0x02,
  dl_overrun = 0x04,
  keep_policy = 0x08,
  keep_params = 0x10,
  util_clamp_min = 0x20,
  util_clamp_max = 0x40,
};

/// sched_setattr(2). `runtime`, `deadline` and `period` are nanoseconds.
struct scheduler {
  std::optional<scheduler_policy> policy = {};  ///< required: `validate` refuses its absence with runc's words
  std::int32_t nice = 0;
  std::int32_t priority = 0;
  std::vector<scheduler_flag> flags = {};
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
  bool operator==(const scheduler&) const = default;
};

/// The values are the kernel's IOPRIO_CLASS_ numbers.
enum class io_priority_class { rt = 1, be = 2, idle = 3 };

/// ioprio_set(2).
struct io_priority {
  io_priority_class priority_class = io_priority_class::be;  ///< the property is called `class`
  std::int32_t priority = 0;
  bool operator==(const io_priority&) const = default;
};

/// CPU lists such as `0-3,7`, for exec only: before and after the move into the container's cgroup.
struct cpu_affinity {
  std::string initial = {};
  std::string final = {};
  bool operator==(const cpu_affinity&) const = default;
};

struct process {
  bool terminal = false;
  std::optional<spec::console_size> console_size = {};
  spec::user user = {};
  std::string command_line = {};  ///< for Windows; carried, never used
  std::vector<std::string> args = {};
  /// Absent is an entirely empty environment; an empty list still gets HOME.
  std::optional<std::vector<std::string>> env = {};
  std::string cwd = {};
  /// Absent leaves the capabilities as they are.
  std::optional<spec::capabilities> capabilities = {};
  std::vector<rlimit> rlimits = {};
  bool no_new_privileges = false;
  std::string apparmor_profile = {};
  std::optional<std::int64_t> oom_score_adj = {};
  std::optional<spec::scheduler> scheduler = {};
  std::string selinux_label = {};
  std::optional<spec::io_priority> io_priority = {};
  std::optional<cpu_affinity> exec_cpu_affinity = {};
  bool operator==(const process&) const = default;
};

// ---- root, mounts, hooks ---------------------------------------------------------------------------------------

struct root {
  std::string path = {};  ///< absolute, or relative to the bundle
  bool readonly = false;
  bool operator==(const root&) const = default;
};

/// `size` ids from `container_id` on inside are those from `host_id` on outside.
struct id_mapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;
  bool operator==(const id_mapping&) const = default;
};

struct mount {
  std::string destination = {};
  std::string type = {};
  std::string source = {};
  std::optional<std::vector<std::string>> options = {};
  std::vector<id_mapping> uid_mappings = {};
  std::vector<id_mapping> gid_mappings = {};
  bool operator==(const mount&) const = default;
};

struct hook {
  std::string path = {};
  std::vector<std::string> args = {};
  std::optional<std::vector<std::string>> env = {};
  std::optional<std::int64_t> timeout = {};  ///< seconds
  bool operator==(const hook&) const = default;
};

struct hooks {
  std::vector<hook> prestart = {};  ///< deprecated; runs before `create_runtime`
  std::vector<hook> create_runtime = {};
  std::vector<hook> create_container = {};
  std::vector<hook> start_container = {};
  std::vector<hook> poststart = {};
  std::vector<hook> poststop = {};
  bool operator==(const hooks&) const = default;
};

// ---- linux: namespaces, devices --------------------------------------------------------------------------------

enum class namespace_type { pid, network, mount, ipc, uts, user, cgroup, time };

struct linux_namespace {
  namespace_type type = namespace_type::pid;
  std::string path = {};  ///< empty: a new namespace; else the one to join
  bool operator==(const linux_namespace&) const = default;
};

struct time_offset {
  std::int64_t secs = 0;
  std::uint32_t nanosecs = 0;
  bool operator==(const time_offset&) const = default;
};

struct time_offsets {
  std::optional<time_offset> monotonic = {};
  std::optional<time_offset> boottime = {};
  bool operator==(const time_offsets&) const = default;
};

/// The values are the letters of the spec.
enum class device_type : char { character = 'c', unbuffered = 'u', block = 'b', fifo = 'p' };

struct device {
  std::string path = {};
  device_type type = device_type::character;
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint32_t> file_mode = {};
  std::optional<std::uint32_t> uid = {};
  std::optional<std::uint32_t> gid = {};
  bool operator==(const device&) const = default;
};

/// The key of the map is the interface's name on the host.
struct net_device {
  std::string name = {};  ///< inside the container; empty: unchanged
  bool operator==(const net_device&) const = default;
};

// ---- linux: resources ------------------------------------------------------------------------------------------

/// The values are the letters of the spec.
enum class device_rule_type : char { all = 'a', character = 'c', block = 'b' };

/// One rule of the devices cgroup, in order.
struct device_rule {
  bool allow = false;
  std::optional<device_rule_type> type = {};  ///< absent: all
  std::optional<std::int64_t> major = {};     ///< absent or -1: any
  std::optional<std::int64_t> minor = {};
  std::string access = {};  ///< letters out of `rwm`
  bool operator==(const device_rule&) const = default;
};

/// Bytes; -1 means unlimited.
struct memory {
  std::optional<std::int64_t> limit = {};
  std::optional<std::int64_t> reservation = {};
  std::optional<std::int64_t> swap = {};  ///< memory and swap together
  std::optional<std::int64_t> kernel = {};
  std::optional<std::int64_t> kernel_tcp = {};
  std::optional<std::uint64_t> swappiness = {};
  std::optional<bool> disable_oom_killer = {};
  std::optional<bool> use_hierarchy = {};
  std::optional<bool> check_before_update = {};
  bool operator==(const memory&) const = default;
};

/// Times are microseconds.
struct cpu {
  std::optional<std::uint64_t> shares = {};
  std::optional<std::int64_t> quota = {};
  std::optional<std::uint64_t> burst = {};
  std::optional<std::uint64_t> period = {};
  std::optional<std::int64_t> realtime_runtime = {};
  std::optional<std::uint64_t> realtime_period = {};
  std::string cpus = {};
  std::string mems = {};
  std::optional<std::int64_t> idle = {};
  bool operator==(const cpu&) const = default;
};

struct pids {
  std::optional<std::int64_t> limit = {};
  bool operator==(const pids&) const = default;
};

struct weight_device {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint16_t> weight = {};
  std::optional<std::uint16_t> leaf_weight = {};
  bool operator==(const weight_device&) const = default;
};

/// `rate` is bytes or operations per second.
struct throttle_device {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::uint64_t rate = 0;
  bool operator==(const throttle_device&) const = default;
};

struct block_io {
  std::optional<std::uint16_t> weight = {};
  std::optional<std::uint16_t> leaf_weight = {};
  std::vector<spec::weight_device> weight_device = {};
  std::vector<throttle_device> throttle_read_bps_device = {};
  std::vector<throttle_device> throttle_write_bps_device = {};
  std::vector<throttle_device> throttle_read_iops_device = {};
  std::vector<throttle_device> throttle_write_iops_device = {};
  bool operator==(const block_io&) const = default;
};

struct hugepage_limit {
  std::string page_size = {};  ///< such as `2MB`
  std::uint64_t limit = 0;     ///< bytes
  bool operator==(const hugepage_limit&) const = default;
};

struct interface_priority {
  std::string name = {};
  std::uint32_t priority = 0;
  bool operator==(const interface_priority&) const = default;
};

struct network {
  std::optional<std::uint32_t> class_id = {};
  std::vector<interface_priority> priorities = {};
  bool operator==(const network&) const = default;
};

struct rdma {
  std::optional<std::uint32_t> hca_handles = {};
  std::optional<std::uint32_t> hca_objects = {};
  bool operator==(const rdma&) const = default;
};

struct resources {
  std::vector<device_rule> devices = {};
  std::optional<spec::memory> memory = {};
  std::optional<spec::cpu> cpu = {};
  std::optional<spec::pids> pids = {};
  std::optional<spec::block_io> block_io = {};
  std::vector<hugepage_limit> hugepage_limits = {};
  std::optional<spec::network> network = {};
  map<spec::rdma> rdma = {};  ///< by device name
  string_map unified = {};    ///< file of the unified hierarchy to its content
  bool operator==(const resources&) const = default;
};

// ---- linux: seccomp --------------------------------------------------------------------------------------------

enum class seccomp_action { kill, kill_process, kill_thread, trap, errno_, trace, allow, log, notify };

enum class seccomp_arch {
  x86,
  x86_64,
  x32,
  arm,
  aarch64,
  loongarch64,
  m68k,
  mips,
  mips64,
  mips64n32,
  mipsel,
  mipsel64,
  mipsel64n32,
  ppc,
  ppc64,
  ppc64le,
  s390,
  s390x,
  sh,
  sheb,
  parisc,
  parisc64,
  riscv64,
};

enum class seccomp_flag { tsync, log, spec_allow, wait_killable_recv };

enum class seccomp_operator { ne, lt, le, eq, ge, gt, masked_eq };

struct seccomp_arg {
  std::uint32_t index = 0;
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
  seccomp_operator op = seccomp_operator::eq;
  bool operator==(const seccomp_arg&) const = default;
};

struct seccomp_syscall {
  std::vector<std::string> names = {};
  seccomp_action action = seccomp_action::errno_;
  std::optional<std::uint32_t> errno_ret = {};
  std::vector<seccomp_arg> args = {};
  bool operator==(const seccomp_syscall&) const = default;
};

struct seccomp {
  std::optional<seccomp_action> default_action = {};  ///< absent together with no syscalls: no filter
  std::optional<std::uint32_t> default_errno_ret = {};
  std::vector<seccomp_arch> architectures = {};
  std::optional<std::vector<seccomp_flag>> flags = {};  ///< absent: the runtime's choice; empty: none
  std::string listener_path = {};
  std::string listener_metadata = {};
  std::vector<seccomp_syscall> syscalls = {};
  bool operator==(const seccomp&) const = default;
};

// ---- linux: the rest -------------------------------------------------------------------------------------------

enum class propagation { shared, rshared, slave, rslave, private_, rprivate, unbindable, runbindable };

struct intel_rdt {
  std::string clos_id = {};
  std::vector<std::string> schemata = {};
  std::string l3_cache_schema = {};
  std::string mem_bw_schema = {};
  bool enable_monitoring = false;
  bool operator==(const intel_rdt&) const = default;
};

/// The values are the kernel's PER_ numbers.
enum class personality_domain { linux64 = 0, linux32 = 8 };

struct personality {
  personality_domain domain = personality_domain::linux64;
  std::vector<std::string> flags = {};  ///< none is defined; a warning
  bool operator==(const personality&) const = default;
};

/// The values are the kernel's MPOL_ numbers.
enum class memory_policy_mode {
  default_ = 0,
  preferred = 1,
  bind = 2,
  interleave = 3,
  local = 4,
  preferred_many = 5,
  weighted_interleave = 6,
};

/// The values are the kernel's MPOL_F_ bits.
enum class memory_policy_flag { static_nodes = 1 << 15, relative_nodes = 1 << 14, numa_balancing = 1 << 13 };

/// set_mempolicy(2).
struct memory_policy {
  std::optional<memory_policy_mode> mode = {};  ///< required: `validate` refuses its absence with runc's words
  std::string nodes = {};                       ///< a list such as `0-2,4`
  std::vector<memory_policy_flag> flags = {};
  bool operator==(const memory_policy&) const = default;
};

/// The `linux` object. It is called `platform` in `config`, because `linux` is a macro under -std=gnu++20.
struct linux_platform {
  std::vector<id_mapping> uid_mappings = {};
  std::vector<id_mapping> gid_mappings = {};
  string_map sysctl = {};
  std::optional<spec::resources> resources = {};
  std::string cgroups_path = {};
  std::vector<linux_namespace> namespaces = {};
  std::vector<device> devices = {};
  map<net_device> net_devices = {};
  std::optional<spec::seccomp> seccomp = {};
  std::optional<propagation> rootfs_propagation = {};
  std::vector<std::string> masked_paths = {};
  std::vector<std::string> readonly_paths = {};
  std::string mount_label = {};
  std::optional<spec::intel_rdt> intel_rdt = {};
  std::optional<spec::memory_policy> memory_policy = {};
  std::optional<spec::personality> personality = {};
  std::optional<spec::time_offsets> time_offsets = {};
  bool operator==(const linux_platform&) const = default;
};

struct config {
  std::string oci_version = {};
  std::optional<spec::process> process = {};
  std::optional<spec::root> root = {};
  std::string hostname = {};
  std::string domainname = {};
  std::vector<mount> mounts = {};
  std::optional<spec::hooks> hooks = {};
  string_map annotations = {};
  std::optional<linux_platform> platform = {};  ///< the property is called `linux`
  bool operator==(const config&) const = default;
};

}  // namespace ocikit::spec
