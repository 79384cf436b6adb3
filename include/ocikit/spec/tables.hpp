// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tuple>

#include <ocikit/spec/features.hpp>
#include <ocikit/spec/fields.hpp>
#include <ocikit/spec/limits.hpp>
#include <ocikit/spec/state.hpp>
#include <ocikit/spec/types.hpp>

/// The tables of every object of the specification, in the order in which runc writes the properties.
/// The sentences that refuse an unknown name are runc's, because people search for them.
namespace ocikit::spec {

// ---- names -----------------------------------------------------------------------------------------------------

template <>
inline constexpr auto names<rlimit_type> = named<rlimit_type>("wrong rlimit value: {}",
                                                              {{"RLIMIT_AS", rlimit_type::as},
                                                               {"RLIMIT_CORE", rlimit_type::core},
                                                               {"RLIMIT_CPU", rlimit_type::cpu},
                                                               {"RLIMIT_DATA", rlimit_type::data},
                                                               {"RLIMIT_FSIZE", rlimit_type::fsize},
                                                               {"RLIMIT_LOCKS", rlimit_type::locks},
                                                               {"RLIMIT_MEMLOCK", rlimit_type::memlock},
                                                               {"RLIMIT_MSGQUEUE", rlimit_type::msgqueue},
                                                               {"RLIMIT_NICE", rlimit_type::nice},
                                                               {"RLIMIT_NOFILE", rlimit_type::nofile},
                                                               {"RLIMIT_NPROC", rlimit_type::nproc},
                                                               {"RLIMIT_RSS", rlimit_type::rss},
                                                               {"RLIMIT_RTPRIO", rlimit_type::rtprio},
                                                               {"RLIMIT_RTTIME", rlimit_type::rttime},
                                                               {"RLIMIT_SIGPENDING", rlimit_type::sigpending},
                                                               {"RLIMIT_STACK", rlimit_type::stack}});

template <>
inline constexpr auto names<scheduler_policy> =
    named<scheduler_policy>("invalid scheduler policy: {}", {{"SCHED_OTHER", scheduler_policy::other},
                                                             {"SCHED_FIFO", scheduler_policy::fifo},
                                                             {"SCHED_RR", scheduler_policy::rr},
                                                             {"SCHED_BATCH", scheduler_policy::batch},
                                                             {"SCHED_ISO", scheduler_policy::iso},
                                                             {"SCHED_IDLE", scheduler_policy::idle},
                                                             {"SCHED_DEADLINE", scheduler_policy::deadline}});

template <>
inline constexpr auto names<scheduler_flag> = named<scheduler_flag>(
    "invalid scheduler flag: {}", {{"SCHED_FLAG_RESET_ON_FORK", scheduler_flag::reset_on_fork},
                                   {"SCHED_FLAG_RECLAIM", scheduler_flag::reclaim},
                                   {"SCHED_FLAG_DL_OVERRUN", scheduler_flag::dl_overrun},
                                   {"SCHED_FLAG_KEEP_POLICY", scheduler_flag::keep_policy},
                                   {"SCHED_FLAG_KEEP_PARAMS", scheduler_flag::keep_params},
                                   {"SCHED_FLAG_UTIL_CLAMP_MIN", scheduler_flag::util_clamp_min},
                                   {"SCHED_FLAG_UTIL_CLAMP_MAX", scheduler_flag::util_clamp_max}});

template <>
inline constexpr auto names<io_priority_class> =
    named<io_priority_class>("invalid ioPriority.Class: \"{}\"", {{"IOPRIO_CLASS_RT", io_priority_class::rt},
                                                                  {"IOPRIO_CLASS_BE", io_priority_class::be},
                                                                  {"IOPRIO_CLASS_IDLE", io_priority_class::idle}});

template <>
inline constexpr auto names<namespace_type> = named<namespace_type>("namespace {\"{}\" \"\"} does not exist",
                                                                    {{"pid", namespace_type::pid},
                                                                     {"network", namespace_type::network},
                                                                     {"mount", namespace_type::mount},
                                                                     {"ipc", namespace_type::ipc},
                                                                     {"uts", namespace_type::uts},
                                                                     {"user", namespace_type::user},
                                                                     {"cgroup", namespace_type::cgroup},
                                                                     {"time", namespace_type::time}});

template <>
inline constexpr auto names<device_type> = named<device_type>("invalid device type \"{}\"",
                                                              {{"c", device_type::character},
                                                               {"u", device_type::unbuffered},
                                                               {"b", device_type::block},
                                                               {"p", device_type::fifo}});

template <>
inline constexpr auto names<device_rule_type> = named<device_rule_type>("invalid cgroup device type \"{}\"",
                                                                        {{"a", device_rule_type::all},
                                                                         {"c", device_rule_type::character},
                                                                         {"b", device_rule_type::block}});

template <>
inline constexpr auto names<seccomp_action> = named<seccomp_action>(
    "string {} is not a valid action for seccomp", {{"SCMP_ACT_ALLOW", seccomp_action::allow},
                                                    {"SCMP_ACT_ERRNO", seccomp_action::errno_},
                                                    {"SCMP_ACT_KILL", seccomp_action::kill},
                                                    {"SCMP_ACT_KILL_PROCESS", seccomp_action::kill_process},
                                                    {"SCMP_ACT_KILL_THREAD", seccomp_action::kill_thread},
                                                    {"SCMP_ACT_LOG", seccomp_action::log},
                                                    {"SCMP_ACT_NOTIFY", seccomp_action::notify},
                                                    {"SCMP_ACT_TRACE", seccomp_action::trace},
                                                    {"SCMP_ACT_TRAP", seccomp_action::trap}});

template <>
inline constexpr auto names<seccomp_operator> = named<seccomp_operator>("string {} is not a valid operator for seccomp",
                                                                        {{"SCMP_CMP_EQ", seccomp_operator::eq},
                                                                         {"SCMP_CMP_GE", seccomp_operator::ge},
                                                                         {"SCMP_CMP_GT", seccomp_operator::gt},
                                                                         {"SCMP_CMP_LE", seccomp_operator::le},
                                                                         {"SCMP_CMP_LT", seccomp_operator::lt},
                                                                         {"SCMP_CMP_MASKED_EQ",
                                                                          seccomp_operator::masked_eq},
                                                                         {"SCMP_CMP_NE", seccomp_operator::ne}});

template <>
inline constexpr auto names<seccomp_arch> = named<seccomp_arch>("string {} is not a valid arch for seccomp",
                                                                {{"SCMP_ARCH_X86", seccomp_arch::x86},
                                                                 {"SCMP_ARCH_X86_64", seccomp_arch::x86_64},
                                                                 {"SCMP_ARCH_X32", seccomp_arch::x32},
                                                                 {"SCMP_ARCH_ARM", seccomp_arch::arm},
                                                                 {"SCMP_ARCH_AARCH64", seccomp_arch::aarch64},
                                                                 {"SCMP_ARCH_LOONGARCH64", seccomp_arch::loongarch64},
                                                                 {"SCMP_ARCH_M68K", seccomp_arch::m68k},
                                                                 {"SCMP_ARCH_MIPS", seccomp_arch::mips},
                                                                 {"SCMP_ARCH_MIPS64", seccomp_arch::mips64},
                                                                 {"SCMP_ARCH_MIPS64N32", seccomp_arch::mips64n32},
                                                                 {"SCMP_ARCH_MIPSEL", seccomp_arch::mipsel},
                                                                 {"SCMP_ARCH_MIPSEL64", seccomp_arch::mipsel64},
                                                                 {"SCMP_ARCH_MIPSEL64N32", seccomp_arch::mipsel64n32},
                                                                 {"SCMP_ARCH_PPC", seccomp_arch::ppc},
                                                                 {"SCMP_ARCH_PPC64", seccomp_arch::ppc64},
                                                                 {"SCMP_ARCH_PPC64LE", seccomp_arch::ppc64le},
                                                                 {"SCMP_ARCH_S390", seccomp_arch::s390},
                                                                 {"SCMP_ARCH_S390X", seccomp_arch::s390x},
                                                                 {"SCMP_ARCH_SH", seccomp_arch::sh},
                                                                 {"SCMP_ARCH_SHEB", seccomp_arch::sheb},
                                                                 {"SCMP_ARCH_PARISC", seccomp_arch::parisc},
                                                                 {"SCMP_ARCH_PARISC64", seccomp_arch::parisc64},
                                                                 {"SCMP_ARCH_RISCV64", seccomp_arch::riscv64}});

template <>
inline constexpr auto names<seccomp_flag> =
    named<seccomp_flag>("seccomp flag {} is not known to ocirun",
                        {{"SECCOMP_FILTER_FLAG_TSYNC", seccomp_flag::tsync},
                         {"SECCOMP_FILTER_FLAG_LOG", seccomp_flag::log},
                         {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", seccomp_flag::spec_allow},
                         {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", seccomp_flag::wait_killable_recv}});

template <>
inline constexpr auto names<propagation> = named<propagation>("rootfsPropagation={} is not supported",
                                                              {{"shared", propagation::shared},
                                                               {"rshared", propagation::rshared},
                                                               {"slave", propagation::slave},
                                                               {"rslave", propagation::rslave},
                                                               {"private", propagation::private_},
                                                               {"rprivate", propagation::rprivate},
                                                               {"unbindable", propagation::unbindable},
                                                               {"runbindable", propagation::runbindable}});

template <>
inline constexpr auto names<personality_domain> = named<personality_domain>("invalid personality domain {}",
                                                                            {{"LINUX", personality_domain::linux64},
                                                                             {"LINUX32", personality_domain::linux32}});

template <>
inline constexpr auto names<memory_policy_mode> = named<memory_policy_mode>(
    "invalid memory policy mode \"{}\"", {{"MPOL_DEFAULT", memory_policy_mode::default_},
                                          {"MPOL_BIND", memory_policy_mode::bind},
                                          {"MPOL_INTERLEAVE", memory_policy_mode::interleave},
                                          {"MPOL_WEIGHTED_INTERLEAVE", memory_policy_mode::weighted_interleave},
                                          {"MPOL_PREFERRED", memory_policy_mode::preferred},
                                          {"MPOL_PREFERRED_MANY", memory_policy_mode::preferred_many},
                                          {"MPOL_LOCAL", memory_policy_mode::local}});

template <>
inline constexpr auto names<memory_policy_flag> = named<memory_policy_flag>(
    "invalid memory policy flag \"{}\"", {{"MPOL_F_NUMA_BALANCING", memory_policy_flag::numa_balancing},
                                          {"MPOL_F_RELATIVE_NODES", memory_policy_flag::relative_nodes},
                                          {"MPOL_F_STATIC_NODES", memory_policy_flag::static_nodes}});

template <>
inline constexpr auto names<container_status> = named<container_status>("no such container status: {}",
                                                                        {{"creating", container_status::creating},
                                                                         {"created", container_status::created},
                                                                         {"running", container_status::running},
                                                                         {"paused", container_status::paused},
                                                                         {"stopped", container_status::stopped}});

// ---- process ---------------------------------------------------------------------------------------------------

template <>
inline constexpr auto table<console_size> = std::tuple{
    field{"height", &console_size::height}.required(),
    field{"width", &console_size::width}.required(),
};

template <>
inline constexpr auto table<user> = std::tuple{
    field{"uid", &user::uid}.always().up_to(limits::id),
    field{"gid", &user::gid}.always().up_to(limits::id),
    field{"umask", &user::umask},
    field{"additionalGids", &user::additional_gids}.up_to(limits::id).at_most(limits::groups),
    field{"username", &user::username},
};

template <>
inline constexpr auto table<capabilities> = std::tuple{
    field{"bounding", &capabilities::bounding}.at_most(limits::capabilities),
    field{"effective", &capabilities::effective}.at_most(limits::capabilities),
    field{"inheritable", &capabilities::inheritable}.at_most(limits::capabilities),
    field{"permitted", &capabilities::permitted}.at_most(limits::capabilities),
    field{"ambient", &capabilities::ambient}.at_most(limits::capabilities),
};

template <>
inline constexpr auto table<rlimit> = std::tuple{
    field{"type", &rlimit::type}.required(),
    field{"hard", &rlimit::hard}.required(),
    field{"soft", &rlimit::soft}.required(),
};

template <>
inline constexpr auto table<scheduler> = std::tuple{
    field{"policy", &scheduler::policy}, field{"nice", &scheduler::nice},       field{"priority", &scheduler::priority},
    field{"flags", &scheduler::flags},   field{"runtime", &scheduler::runtime}, field{"deadline", &scheduler::deadline},
    field{"period", &scheduler::period},
};

template <>
inline constexpr auto table<io_priority> = std::tuple{
    field{"class", &io_priority::priority_class}.required(),
    field{"priority", &io_priority::priority}.always(),
};

template <>
inline constexpr auto table<cpu_affinity> = std::tuple{
    field{"initial", &cpu_affinity::initial},
    field{"final", &cpu_affinity::final},
};

template <>
inline constexpr auto table<process> = std::tuple{
    field{"terminal", &process::terminal},
    field{"consoleSize", &process::console_size},
    field{"user", &process::user}.always(),
    field{"args", &process::args}.at_most(limits::arguments).of_bytes(limits::argument_bytes),
    field{"commandLine", &process::command_line},
    field{"env", &process::env}.at_most(limits::arguments).of_bytes(limits::argument_bytes),
    field{"cwd", &process::cwd}.always(),
    field{"capabilities", &process::capabilities},
    field{"rlimits", &process::rlimits}.at_most(limits::rlimits),
    field{"noNewPrivileges", &process::no_new_privileges},
    field{"apparmorProfile", &process::apparmor_profile},
    field{"oomScoreAdj", &process::oom_score_adj},
    field{"scheduler", &process::scheduler},
    field{"selinuxLabel", &process::selinux_label},
    field{"ioPriority", &process::io_priority},
    field{"execCPUAffinity", &process::exec_cpu_affinity},
};

// ---- root, mounts, hooks ---------------------------------------------------------------------------------------

template <>
inline constexpr auto table<root> = std::tuple{
    field{"path", &root::path}.required(),
    field{"readonly", &root::readonly},
};

template <>
inline constexpr auto table<id_mapping> = std::tuple{
    field{"containerID", &id_mapping::container_id}.required().up_to(limits::id),
    field{"hostID", &id_mapping::host_id}.required().up_to(limits::id),
    field{"size", &id_mapping::size}.required(),
};

template <>
inline constexpr auto table<mount> = std::tuple{
    field{"destination", &mount::destination}.required(),
    field{"type", &mount::type},
    field{"source", &mount::source},
    field{"options", &mount::options},
    field{"uidMappings", &mount::uid_mappings}.at_most(limits::mappings),
    field{"gidMappings", &mount::gid_mappings}.at_most(limits::mappings),
};

template <>
inline constexpr auto table<hook> = std::tuple{
    field{"path", &hook::path}.required(),
    field{"args", &hook::args}.at_most(limits::arguments).of_bytes(limits::argument_bytes),
    field{"env", &hook::env}.at_most(limits::arguments).of_bytes(limits::argument_bytes),
    field{"timeout", &hook::timeout},
};

template <>
inline constexpr auto table<hooks> = std::tuple{
    field{"prestart", &hooks::prestart}.at_most(limits::hooks),
    field{"createRuntime", &hooks::create_runtime}.at_most(limits::hooks),
    field{"createContainer", &hooks::create_container}.at_most(limits::hooks),
    field{"startContainer", &hooks::start_container}.at_most(limits::hooks),
    field{"poststart", &hooks::poststart}.at_most(limits::hooks),
    field{"poststop", &hooks::poststop}.at_most(limits::hooks),
};

// ---- linux: namespaces, devices --------------------------------------------------------------------------------

template <>
inline constexpr auto table<linux_namespace> = std::tuple{
    field{"type", &linux_namespace::type}.required(),
    field{"path", &linux_namespace::path},
};

template <>
inline constexpr auto table<time_offset> = std::tuple{
    field{"secs", &time_offset::secs},
    field{"nanosecs", &time_offset::nanosecs}.up_to(999999999),
};

template <>
inline constexpr auto table<time_offsets> = std::tuple{
    field{"monotonic", &time_offsets::monotonic},
    field{"boottime", &time_offsets::boottime},
};

template <>
inline constexpr auto table<device> = std::tuple{
    field{"path", &device::path}.required(),      field{"type", &device::type}.required(),
    field{"major", &device::major}.always(),      field{"minor", &device::minor}.always(),
    field{"fileMode", &device::file_mode},        field{"uid", &device::uid}.up_to(limits::id),
    field{"gid", &device::gid}.up_to(limits::id),
};

template <>
inline constexpr auto table<net_device> = std::tuple{
    field{"name", &net_device::name},
};

// ---- linux: resources ------------------------------------------------------------------------------------------

template <>
inline constexpr auto table<device_rule> = std::tuple{
    field{"allow", &device_rule::allow}.required(),
    field{"type", &device_rule::type},
    field{"major", &device_rule::major},
    field{"minor", &device_rule::minor},
    field{"access", &device_rule::access},
};

template <>
inline constexpr auto table<memory> = std::tuple{
    field{"limit", &memory::limit},
    field{"reservation", &memory::reservation},
    field{"swap", &memory::swap},
    field{"kernel", &memory::kernel},
    field{"kernelTCP", &memory::kernel_tcp},
    field{"swappiness", &memory::swappiness},
    field{"disableOOMKiller", &memory::disable_oom_killer},
    field{"useHierarchy", &memory::use_hierarchy},
    field{"checkBeforeUpdate", &memory::check_before_update},
};

template <>
inline constexpr auto table<cpu> = std::tuple{
    field{"shares", &cpu::shares},
    field{"quota", &cpu::quota},
    field{"burst", &cpu::burst},
    field{"period", &cpu::period},
    field{"realtimeRuntime", &cpu::realtime_runtime},
    field{"realtimePeriod", &cpu::realtime_period},
    field{"cpus", &cpu::cpus},
    field{"mems", &cpu::mems},
    field{"idle", &cpu::idle},
};

template <>
inline constexpr auto table<pids> = std::tuple{
    field{"limit", &pids::limit},
};

template <>
inline constexpr auto table<weight_device> = std::tuple{
    field{"major", &weight_device::major}.required(),
    field{"minor", &weight_device::minor}.required(),
    field{"weight", &weight_device::weight},
    field{"leafWeight", &weight_device::leaf_weight},
};

template <>
inline constexpr auto table<throttle_device> = std::tuple{
    field{"major", &throttle_device::major}.required(),
    field{"minor", &throttle_device::minor}.required(),
    field{"rate", &throttle_device::rate}.always(),
};

template <>
inline constexpr auto table<block_io> = std::tuple{
    field{"weight", &block_io::weight},
    field{"leafWeight", &block_io::leaf_weight},
    field{"weightDevice", &block_io::weight_device},
    field{"throttleReadBpsDevice", &block_io::throttle_read_bps_device},
    field{"throttleWriteBpsDevice", &block_io::throttle_write_bps_device},
    field{"throttleReadIOPSDevice", &block_io::throttle_read_iops_device},
    field{"throttleWriteIOPSDevice", &block_io::throttle_write_iops_device},
};

template <>
inline constexpr auto table<hugepage_limit> = std::tuple{
    field{"pageSize", &hugepage_limit::page_size}.required(),
    field{"limit", &hugepage_limit::limit}.required(),
};

template <>
inline constexpr auto table<interface_priority> = std::tuple{
    field{"name", &interface_priority::name}.required(),
    field{"priority", &interface_priority::priority}.required(),
};

template <>
inline constexpr auto table<network> = std::tuple{
    field{"classID", &network::class_id},
    field{"priorities", &network::priorities},
};

template <>
inline constexpr auto table<rdma> = std::tuple{
    field{"hcaHandles", &rdma::hca_handles},
    field{"hcaObjects", &rdma::hca_objects},
};

template <>
inline constexpr auto table<resources> = std::tuple{
    field{"devices", &resources::devices}.at_most(limits::devices),
    field{"memory", &resources::memory},
    field{"cpu", &resources::cpu},
    field{"pids", &resources::pids},
    field{"blockIO", &resources::block_io},
    field{"hugepageLimits", &resources::hugepage_limits},
    field{"network", &resources::network},
    field{"rdma", &resources::rdma},
    field{"unified", &resources::unified},
};

// ---- linux: seccomp --------------------------------------------------------------------------------------------

template <>
inline constexpr auto table<seccomp_arg> = std::tuple{
    field{"index", &seccomp_arg::index}.required(),
    field{"value", &seccomp_arg::value}.required(),
    field{"valueTwo", &seccomp_arg::value_two},
    field{"op", &seccomp_arg::op}.required(),
};

template <>
inline constexpr auto table<seccomp_syscall> = std::tuple{
    field{"names", &seccomp_syscall::names}.required().at_most(limits::syscalls),
    field{"action", &seccomp_syscall::action}.required(),
    field{"errnoRet", &seccomp_syscall::errno_ret},
    field{"args", &seccomp_syscall::args},
};

template <>
inline constexpr auto table<seccomp> = std::tuple{
    field{"defaultAction", &seccomp::default_action},
    field{"defaultErrnoRet", &seccomp::default_errno_ret},
    field{"architectures", &seccomp::architectures},
    field{"flags", &seccomp::flags},
    field{"listenerPath", &seccomp::listener_path},
    field{"listenerMetadata", &seccomp::listener_metadata},
    field{"syscalls", &seccomp::syscalls}.at_most(limits::syscalls),
};

// ---- linux: the rest -------------------------------------------------------------------------------------------

template <>
inline constexpr auto table<intel_rdt> = std::tuple{
    field{"closID", &intel_rdt::clos_id},
    field{"schemata", &intel_rdt::schemata},
    field{"l3CacheSchema", &intel_rdt::l3_cache_schema},
    field{"memBwSchema", &intel_rdt::mem_bw_schema},
    field{"enableMonitoring", &intel_rdt::enable_monitoring},
};

template <>
inline constexpr auto table<personality> = std::tuple{
    field{"domain", &personality::domain}.required(),
    field{"flags", &personality::flags},
};

template <>
inline constexpr auto table<memory_policy> = std::tuple{
    field{"mode", &memory_policy::mode},
    field{"nodes", &memory_policy::nodes}.always(),
    field{"flags", &memory_policy::flags},
};

template <>
inline constexpr auto table<linux_platform> = std::tuple{
    field{"uidMappings", &linux_platform::uid_mappings}.at_most(limits::mappings),
    field{"gidMappings", &linux_platform::gid_mappings}.at_most(limits::mappings),
    field{"sysctl", &linux_platform::sysctl},
    field{"resources", &linux_platform::resources},
    field{"cgroupsPath", &linux_platform::cgroups_path},
    field{"namespaces", &linux_platform::namespaces}.at_most(limits::namespaces),
    field{"devices", &linux_platform::devices}.at_most(limits::devices),
    field{"netDevices", &linux_platform::net_devices},
    field{"seccomp", &linux_platform::seccomp},
    field{"rootfsPropagation", &linux_platform::rootfs_propagation},
    field{"maskedPaths", &linux_platform::masked_paths},
    field{"readonlyPaths", &linux_platform::readonly_paths},
    field{"mountLabel", &linux_platform::mount_label},
    field{"intelRdt", &linux_platform::intel_rdt},
    field{"memoryPolicy", &linux_platform::memory_policy},
    field{"personality", &linux_platform::personality},
    field{"timeOffsets", &linux_platform::time_offsets},
};

template <>
inline constexpr auto table<config> = std::tuple{
    field{"ociVersion", &config::oci_version}.always(),
    field{"process", &config::process},
    field{"root", &config::root},
    field{"hostname", &config::hostname},
    field{"domainname", &config::domainname},
    field{"mounts", &config::mounts},
    field{"hooks", &config::hooks},
    field{"annotations", &config::annotations},
    field{"linux", &config::platform},
    ignored{"solaris"},
    ignored{"windows"},
    ignored{"vm"},
    ignored{"zos"},
    ignored{"freebsd"},
};

// ---- state and features ----------------------------------------------------------------------------------------

template <>
inline constexpr auto table<state> = std::tuple{
    field{"ociVersion", &state::oci_version}.required(), field{"id", &state::id}.required(),
    field{"status", &state::status}.required(),          field{"pid", &state::pid},
    field{"bundle", &state::bundle}.required(),          field{"annotations", &state::annotations},
};

template <>
inline constexpr auto table<container_process_state> = std::tuple{
    field{"ociVersion", &container_process_state::oci_version}.required(),
    field{"fds", &container_process_state::fds}.required(),
    field{"pid", &container_process_state::pid}.required(),
    field{"metadata", &container_process_state::metadata},
    field{"state", &container_process_state::state}.required(),
};

template <>
inline constexpr auto table<cgroup_features> = std::tuple{
    field{"v1", &cgroup_features::v1},           field{"v2", &cgroup_features::v2},
    field{"systemd", &cgroup_features::systemd}, field{"systemdUser", &cgroup_features::systemd_user},
    field{"rdma", &cgroup_features::rdma},
};

template <>
inline constexpr auto table<seccomp_features> = std::tuple{
    field{"enabled", &seccomp_features::enabled},        field{"actions", &seccomp_features::actions},
    field{"operators", &seccomp_features::operators},    field{"archs", &seccomp_features::archs},
    field{"knownFlags", &seccomp_features::known_flags}, field{"supportedFlags", &seccomp_features::supported_flags},
};

template <>
inline constexpr auto table<enabled_feature> = std::tuple{
    field{"enabled", &enabled_feature::enabled},
};

template <>
inline constexpr auto table<intel_rdt_features> = std::tuple{
    field{"enabled", &intel_rdt_features::enabled},
    field{"schemata", &intel_rdt_features::schemata},
    field{"monitoring", &intel_rdt_features::monitoring},
};

template <>
inline constexpr auto table<memory_policy_features> = std::tuple{
    field{"modes", &memory_policy_features::modes},
    field{"flags", &memory_policy_features::flags},
};

template <>
inline constexpr auto table<mount_extensions> = std::tuple{
    field{"idmap", &mount_extensions::idmap},
};

template <>
inline constexpr auto table<linux_features> = std::tuple{
    field{"namespaces", &linux_features::namespaces},
    field{"capabilities", &linux_features::capabilities},
    field{"cgroup", &linux_features::cgroup},
    field{"seccomp", &linux_features::seccomp},
    field{"apparmor", &linux_features::apparmor},
    field{"selinux", &linux_features::selinux},
    field{"intelRdt", &linux_features::intel_rdt},
    field{"memoryPolicy", &linux_features::memory_policy},
    field{"mountExtensions", &linux_features::mount_extensions},
    field{"netDevices", &linux_features::net_devices},
};

template <>
inline constexpr auto table<features> = std::tuple{
    field{"ociVersionMin", &features::oci_version_min},
    field{"ociVersionMax", &features::oci_version_max},
    field{"hooks", &features::hooks},
    field{"mountOptions", &features::mount_options},
    field{"linux", &features::platform},
    field{"annotations", &features::annotations},
    field{"potentiallyUnsafeConfigAnnotations", &features::potentially_unsafe_config_annotations},
};

}  // namespace ocikit::spec
