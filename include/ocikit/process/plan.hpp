// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/keyctl.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/planned.hpp>
#include <ocikit/process/capabilities.hpp>
#include <ocikit/process/steps.hpp>
#include <ocikit/spec/ids.hpp>
#include <ocikit/spec/limits.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::process {

/// What planning must know about the host and the command line.
struct facts {
  std::uint32_t last_capability = 40;  ///< /proc/sys/kernel/cap_last_cap
  bool user_namespace = false;         ///< the process runs in a user namespace of the container's
  bool may_set_groups = true;          ///< false: the user namespace denies setgroups(2)
  bool sets_umask = true;              ///< false: exec into a container without umask in its config
  std::uint32_t preserved_fds = 0;     ///< descriptors after the standard streams that the program inherits
};

/// A session of its own and, unless `keyring_name` is empty, a session keyring of its own. See: keyctl(2).
[[nodiscard]] inline step_list<step> plan_session(std::string_view keyring_name, bool user_namespace,
                                                  text_pool& texts) {
  step_list<step> out;
  out.push_back({new_session{}, ""});
  if (keyring_name.empty()) return out;
  // Search permission for whoever the process becomes: KEY_USR_SEARCH, or KEY_OTH_SEARCH across a user namespace.
  const std::uint32_t search = user_namespace ? 0x8 : 0x80000;
  out.push_back({join_session_keyring{texts.keep(std::string{keyring_name}), search}, ""});
  return out;
}

namespace detail {

/// One bit for each number of a list such as `0-2,4`, 64 a word. Errors: config.
[[nodiscard]] inline result<std::vector<std::uint64_t>> bits_of(std::string_view list, std::uint32_t most) {
  std::vector<std::uint64_t> words;
  for (const spec::id_range& range : OCIKIT_TRY(spec::parse_id_list(list, most))) {
    if (words.size() <= range.last / 64) words.resize(range.last / 64 + 1);
    for (std::uint32_t i = range.first; i <= range.last; ++i) words[i / 64] |= std::uint64_t{1} << i % 64;
  }
  return words;
}

}  // namespace detail

/// The CPUs of `list`, which comes from `pointer`. Errors: config for what is no list.
[[nodiscard]] inline result<step_list<step>> plan_affinity(std::string_view list, std::string pointer,
                                                           text_pool& texts) {
  auto cpus = detail::bits_of(list, spec::limits::cpu).map_error([&](error e) { return std::move(e).at(pointer); });
  const auto& kept = texts.keep(OCIKIT_TRY(std::move(cpus)));
  return step_list<step>{{set_cpu_affinity{kept}, std::move(pointer)}};
}

/// What needs the host's /proc: the OOM score.
[[nodiscard]] inline step_list<step> plan_oom_score(const spec::process& process) {
  if (!process.oom_score_adj) return {};
  return {{set_oom_score_adj{*process.oom_score_adj}, "/process/oomScoreAdj"}};
}

/// Personality and memory policy, which belong to the container: its own process and every other.
/// Errors: config for a node list that is none.
[[nodiscard]] inline result<step_list<step>> plan_platform(const spec::linux_platform& platform, text_pool& texts) {
  step_list<step> out;
  if (platform.personality)
    out.push_back({set_personality{static_cast<std::uint32_t>(platform.personality->domain)}, "/linux/personality"});
  if (!platform.memory_policy || !platform.memory_policy->mode) return out;
  const spec::memory_policy& policy = *platform.memory_policy;
  auto mode = static_cast<std::uint32_t>(*policy.mode);
  for (const spec::memory_policy_flag flag : policy.flags) mode |= static_cast<std::uint32_t>(flag);
  const auto at_nodes = [](error e) { return std::move(e).at("/linux/memoryPolicy/nodes"); };
  const auto& nodes = texts.keep(OCIKIT_TRY(detail::bits_of(policy.nodes, spec::limits::node).map_error(at_nodes)));
  out.push_back({set_memory_policy{mode, nodes}, "/linux/memoryPolicy"});
  return out;
}

/// Scheduler and I/O priority.
[[nodiscard]] inline step_list<step> plan_scheduling(const spec::process& process) {
  step_list<step> out;
  if (process.scheduler && process.scheduler->policy) {
    const spec::scheduler& from = *process.scheduler;
    set_scheduler to;
    to.policy = static_cast<std::uint32_t>(*from.policy);
    for (const spec::scheduler_flag flag : from.flags) to.flags |= static_cast<std::uint64_t>(flag);
    to.nice = from.nice;
    to.priority = static_cast<std::uint32_t>(from.priority);
    to.runtime = from.runtime;
    to.deadline = from.deadline;
    to.period = from.period;
    out.push_back({to, "/process/scheduler"});
  }
  if (process.io_priority) {
    const spec::io_priority& from = *process.io_priority;
    const set_io_priority to{static_cast<std::uint32_t>(from.priority_class),
                             static_cast<std::uint32_t>(from.priority)};
    out.push_back({to, "/process/ioPriority"});
  }
  return out;
}

/// One step per entry of /process/rlimits.
[[nodiscard]] inline step_list<step> plan_rlimits(const spec::process& process) {
  step_list<step> out;
  for (std::size_t i = 0; i < process.rlimits.size(); ++i) {
    const spec::rlimit& one = process.rlimits[i];
    out.push_back({set_rlimit{static_cast<std::uint32_t>(one.type), one.soft, one.hard},
                   "/process/rlimits/" + std::to_string(i)});
  }
  return out;
}

/// no_new_privs, when asked for.
[[nodiscard]] inline step_list<step> plan_no_new_privileges(const spec::process& process) {
  if (!process.no_new_privileges) return {};
  return {{set_no_new_privileges{}, "/process/noNewPrivileges"}};
}

/// Steps and what runc would only warn about.
struct credentials {
  step_list<step> steps;
  std::vector<std::string> unknown_capabilities;
};

/// Bounding set, groups, user, directory, capabilities, umask: in the order that lets each step still be allowed.
/// Pure. See: runtime-spec config.md, "POSIX process", "Linux Process"; capabilities(7).
[[nodiscard]] inline credentials plan_credentials(const spec::process& process, const facts& known, text_pool& texts) {
  credentials out;
  const spec::user& user = process.user;
  set_capabilities capabilities;
  if (process.capabilities) {
    const auto bits = [&](const std::vector<std::string>& names) {
      return capability_bits(names, known.last_capability, out.unknown_capabilities);
    };
    const capability_set bounding = bits(process.capabilities->bounding);
    capabilities = {bits(process.capabilities->effective), bits(process.capabilities->permitted),
                    bits(process.capabilities->inheritable), bits(process.capabilities->ambient)};
    capabilities.ambient &= capabilities.permitted & capabilities.inheritable;  // the kernel refuses the rest
    out.steps.push_back({limit_bounding_set{bounding, known.last_capability}, "/process/capabilities/bounding"});
  }
  out.steps.push_back({own_standard_streams{user.uid}, "/process/user/uid"});
  const zstring_view directory = texts.keep(process.cwd);
  out.steps.push_back({change_directory{directory, false}, "/process/cwd"});
  out.steps.push_back({set_user{user.uid, user.gid, user.additional_gids, known.may_set_groups}, "/process/user"});
  out.steps.push_back({hide{}, ""});
  out.steps.push_back({change_directory{directory, true}, "/process/cwd"});
  if (process.capabilities) out.steps.push_back({capabilities, "/process/capabilities"});
  if (known.sets_umask || user.umask) out.steps.push_back({set_umask{user.umask.value_or(022)}, "/process/user/umask"});
  return out;
}

/// The value of `name` in an environment; empty when it is not set.
[[nodiscard]] inline std::string_view environment_value(std::span<const zstring_view> environment,
                                                        std::string_view name) {
  for (const zstring_view entry : environment) {
    const std::string_view text = entry;
    if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '=')
      return text.substr(name.size() + 1);
  }
  return {};
}

/// `env` without duplicates: the last value of a name wins and stays where it stands.
[[nodiscard]] inline std::vector<zstring_view> plan_environment(std::span<const zstring_view> env) {
  const auto name_of = [](std::string_view entry) { return entry.substr(0, entry.find('=')); };
  std::vector<zstring_view> out;
  for (std::size_t i = 0; i < env.size(); ++i) {
    bool overridden = false;
    for (std::size_t later = i + 1; later < env.size() && !overridden; ++later)
      overridden = name_of(env[i]) == name_of(env[later]);
    if (!overridden) out.push_back(env[i]);
  }
  return out;
}

/// The program to be executed, in two parts: what happens while the container is created, and what after its start.
struct program {
  step_list<step> find;  ///< home directory and executable file
  step_list<step> close;
  step_list<step> execute;
};

/// `added` are variables of the runtime's own (LISTEN_FDS, NOTIFY_SOCKET), put behind the config's, which they
/// override. Without /process/env the environment is empty and stays so, no HOME is added.
[[nodiscard]] inline program plan_program(const spec::process& process, const facts& known, text_pool& texts,
                                          const std::vector<std::string>& added = {}) {
  program out;
  std::vector<zstring_view> environment;
  if (process.env) environment.assign(process.env->begin(), process.env->end());
  for (const std::string& variable : added) environment.push_back(texts.keep(variable));
  environment = plan_environment(environment);
  const bool wants_home = process.env && environment_value(environment, "HOME").empty();
  if (wants_home) std::erase_if(environment, [](zstring_view entry) { return std::string_view{entry} == "HOME="; });
  const auto& kept_environment = texts.keep(std::move(environment));
  const auto& arguments = texts.keep(std::vector<zstring_view>(process.args.begin(), process.args.end()));

  if (wants_home) out.find.push_back({find_home{process.user.uid}, "/process/env"});
  const zstring_view search = texts.keep(std::string{environment_value(kept_environment, "PATH")});
  out.find.push_back({find_program{arguments.empty() ? zstring_view{} : arguments.front(), search}, "/process/args/0"});
  out.close.push_back({close_descriptors{known.preserved_fds}, ""});
  out.execute.push_back({execute_program{arguments, kept_environment, wants_home}, "/process/args"});
  return out;
}

}  // namespace ocikit::process
