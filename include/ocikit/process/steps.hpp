// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <tuple>
#include <variant>

#include <ocikit/base/members.hpp>
#include <ocikit/base/zstring_view.hpp>

/// Steps that turn a process into the one the config describes: its session, limits, ids, capabilities and program.
namespace ocikit::process {

/// setsid(2).
struct new_session {
  static constexpr std::string_view name = "start a new session";
  static constexpr auto members = std::make_tuple();
  bool operator==(const new_session&) const = default;
};

/// Joins the session keyring `keyring` and grants `permissions` on it. ENOSYS is tolerated: a kernel without keys.
/// See: keyctl(2), KEYCTL_JOIN_SESSION_KEYRING.
struct join_session_keyring {
  static constexpr std::string_view name = "join the session keyring";
  zstring_view keyring = {};
  std::uint32_t permissions = 0;
  static constexpr auto members = std::make_tuple(member{"keyring", &join_session_keyring::keyring},
                                                  member{"permissions", &join_session_keyring::permissions});
  bool operator==(const join_session_keyring&) const = default;
};

/// Allows every CPU again, so that a restricted caller does not leak its mask. See: sched_setaffinity(2).
struct reset_cpu_affinity {
  static constexpr std::string_view name = "allow all CPUs";
  static constexpr auto members = std::make_tuple();
  bool operator==(const reset_cpu_affinity&) const = default;
};

/// Allows the CPUs of `cpus` alone: one bit for each, from the lowest of the first word on. CPUs that the cgroup does
/// not allow are left out; EINVAL: none is left. See: sched_setaffinity(2).
struct set_cpu_affinity {
  static constexpr std::string_view name = "choose the CPUs";
  std::span<const std::uint64_t> cpus = {};
  static constexpr auto members = std::make_tuple(member{"cpus", &set_cpu_affinity::cpus});
};

/// The fields are those of struct sched_attr; `runtime`, `deadline` and `period` are nanoseconds. See:
/// sched_setattr(2). Since: Linux 3.14.
struct set_scheduler {
  static constexpr std::string_view name = "set the scheduler";
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
  static constexpr auto members =
      std::make_tuple(member{"policy", &set_scheduler::policy}, member{"flags", &set_scheduler::flags},
                      member{"nice", &set_scheduler::nice}, member{"priority", &set_scheduler::priority},
                      member{"runtime", &set_scheduler::runtime}, member{"deadline", &set_scheduler::deadline},
                      member{"period", &set_scheduler::period});
  bool operator==(const set_scheduler&) const = default;
};

/// Of the whole process group, which the init leads alone. `level` is 0, the most urgent, to 7. See: ioprio_set(2).
struct set_io_priority {
  static constexpr std::string_view name = "set the I/O priority";
  std::uint32_t io_class = 0;  ///< IOPRIO_CLASS_
  std::uint32_t level = 0;
  static constexpr auto members =
      std::make_tuple(member{"io_class", &set_io_priority::io_class}, member{"level", &set_io_priority::level});
  bool operator==(const set_io_priority&) const = default;
};

/// `mode` is MPOL_, with its MPOL_F_ flags; `nodes` has one bit for each node, as `set_cpu_affinity` has for CPUs.
/// See: set_mempolicy(2).
struct set_memory_policy {
  static constexpr std::string_view name = "set the memory policy";
  std::uint32_t mode = 0;
  std::span<const std::uint64_t> nodes = {};
  static constexpr auto members =
      std::make_tuple(member{"mode", &set_memory_policy::mode}, member{"nodes", &set_memory_policy::nodes});
};

/// `domain` is PER_. See: personality(2).
struct set_personality {
  static constexpr std::string_view name = "set the personality";
  std::uint32_t domain = 0;
  static constexpr auto members = std::make_tuple(member{"domain", &set_personality::domain});
  bool operator==(const set_personality&) const = default;
};

/// Writes /proc/self/oom_score_adj. See: proc(5).
struct set_oom_score_adj {
  static constexpr std::string_view name = "set the OOM score adjustment";
  std::int64_t value = 0;
  static constexpr auto members = std::make_tuple(member{"value", &set_oom_score_adj::value});
  bool operator==(const set_oom_score_adj&) const = default;
};

/// prlimit(2) on the process itself. `resource` is the kernel's RLIMIT_ number.
struct set_rlimit {
  static constexpr std::string_view name = "set a resource limit";
  std::uint32_t resource = 0;
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  static constexpr auto members = std::make_tuple(member{"resource", &set_rlimit::resource},
                                                  member{"soft", &set_rlimit::soft}, member{"hard", &set_rlimit::hard});
  bool operator==(const set_rlimit&) const = default;
};

/// PR_SET_NO_NEW_PRIVS. See: prctl(2).
struct set_no_new_privileges {
  static constexpr std::string_view name = "set no_new_privs";
  static constexpr auto members = std::make_tuple();
  bool operator==(const set_no_new_privileges&) const = default;
};

/// Drops from the bounding set what `keep` lacks, up to `last` (cap_last_cap). See: capabilities(7).
struct limit_bounding_set {
  static constexpr std::string_view name = "limit the capability bounding set";
  std::uint64_t keep = 0;
  std::uint32_t last = 0;
  static constexpr auto members =
      std::make_tuple(member{"keep", &limit_bounding_set::keep}, member{"last", &limit_bounding_set::last});
  bool operator==(const limit_bounding_set&) const = default;
};

/// Groups, then ids, keeping the capabilities for the steps to come. `set_groups` false leaves the supplementary
/// groups alone: the user namespace denies setgroups(2). See: credentials(7), prctl(2) PR_SET_KEEPCAPS.
struct set_user {
  static constexpr std::string_view name = "change user and groups";
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::span<const std::uint32_t> groups = {};
  bool set_groups = true;
  static constexpr auto members =
      std::make_tuple(member{"uid", &set_user::uid}, member{"gid", &set_user::gid}, member{"groups", &set_user::groups},
                      member{"set_groups", &set_user::set_groups});
};

/// Makes `uid` the owner of those standard streams that are pipes, sockets or terminals, so that the user can open
/// them again through /dev/stdout. Devices and files are never touched.
struct own_standard_streams {
  static constexpr std::string_view name = "own the standard streams";
  std::uint32_t uid = 0;
  static constexpr auto members = std::make_tuple(member{"uid", &own_standard_streams::uid});
  bool operator==(const own_standard_streams&) const = default;
};

/// capset(2), then the ambient set; each is one bit per capability. See: capabilities(7).
struct set_capabilities {
  static constexpr std::string_view name = "set the capabilities";
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t ambient = 0;
  static constexpr auto members = std::make_tuple(
      member{"effective", &set_capabilities::effective}, member{"permitted", &set_capabilities::permitted},
      member{"inheritable", &set_capabilities::inheritable}, member{"ambient", &set_capabilities::ambient});
  bool operator==(const set_capabilities&) const = default;
};

/// umask(2).
struct set_umask {
  static constexpr std::string_view name = "set the umask";
  std::uint32_t mask = 022;
  static constexpr auto members = std::make_tuple(member{"mask", &set_umask::mask});
  bool operator==(const set_umask&) const = default;
};

/// chdir(2), then a look whether the directory lies below the root. Taken twice around the change of user: a directory
/// that either the runtime or the user may enter is good. `last` is false for the first attempt.
struct change_directory {
  static constexpr std::string_view name = "enter the working directory";
  zstring_view path = {};
  bool last = true;
  static constexpr auto members =
      std::make_tuple(member{"path", &change_directory::path}, member{"last", &change_directory::last});
  bool operator==(const change_directory&) const = default;
};

/// A pseudoterminal from the devpts below the root, as controlling terminal and standard streams; its other end goes
/// to the runtime. Height and width are characters, 0 leaves the size alone. See: pts(4), ioctl_tty(2).
struct open_terminal {
  static constexpr std::string_view name = "open a terminal";
  std::uint32_t height = 0;
  std::uint32_t width = 0;
  static constexpr auto members =
      std::make_tuple(member{"height", &open_terminal::height}, member{"width", &open_terminal::width});
  bool operator==(const open_terminal&) const = default;
};

/// Finds the program: `file` as it is when it holds a slash, else in the directories of `search` (the container's
/// PATH), separated by colons. What is found must be an executable file for the user.
struct find_program {
  static constexpr std::string_view name = "find the program";
  zstring_view file = {};
  zstring_view search = {};
  static constexpr auto members =
      std::make_tuple(member{"file", &find_program::file}, member{"search", &find_program::search});
  bool operator==(const find_program&) const = default;
};

/// Finds the home directory of `uid` in the container's /etc/passwd, `/` when it names none.
struct find_home {
  static constexpr std::string_view name = "find the home directory";
  std::uint32_t uid = 0;
  static constexpr auto members = std::make_tuple(member{"uid", &find_home::uid});
  bool operator==(const find_home&) const = default;
};

/// Closes every descriptor but the standard streams and the `preserved` ones that follow them.
struct close_descriptors {
  static constexpr std::string_view name = "close all other descriptors";
  std::uint32_t preserved = 0;
  static constexpr auto members = std::make_tuple(member{"preserved", &close_descriptors::preserved});
  bool operator==(const close_descriptors&) const = default;
};

/// execve(2) of what `find_program` found. The end of every plan. `add_home` puts what `find_home` found behind
/// `environment`.
struct execute_program {
  static constexpr std::string_view name = "execute the program";
  std::span<const zstring_view> arguments = {};
  std::span<const zstring_view> environment = {};
  bool add_home = false;
  static constexpr auto members = std::make_tuple(member{"arguments", &execute_program::arguments},
                                                  member{"environment", &execute_program::environment},
                                                  member{"add_home", &execute_program::add_home});
};

/// PR_SET_DUMPABLE 0: nobody in the container may look into the init. Undone by the change of user, so said twice.
struct hide {
  static constexpr std::string_view name = "become non-dumpable";
  static constexpr auto members = std::make_tuple();
  bool operator==(const hide&) const = default;
};

using step =
    std::variant<new_session, join_session_keyring, reset_cpu_affinity, set_cpu_affinity, set_scheduler,
                 set_io_priority, set_memory_policy, set_personality, set_oom_score_adj, set_rlimit,
                 set_no_new_privileges, limit_bounding_set, set_user, own_standard_streams, set_capabilities, set_umask,
                 change_directory, open_terminal, find_program, find_home, close_descriptors, execute_program, hide>;

}  // namespace ocikit::process
