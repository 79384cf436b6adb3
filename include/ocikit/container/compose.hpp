// SPDX-License-Identifier: Apache-2.0
//
// From a config to the whole plan: the one place where the domains' steps meet, and where their order is decided.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/container/hooks.hpp>
#include <ocikit/container/plan.hpp>
#include <ocikit/container/state.hpp>
#include <ocikit/lsm/plan.hpp>
#include <ocikit/mounts/plan.hpp>
#include <ocikit/namespaces/plan.hpp>
#include <ocikit/process/plan.hpp>
#include <ocikit/resctrl/plan.hpp>
#include <ocikit/seccomp/request.hpp>
#include <ocikit/spec/extensions.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::container {

/// A process's labels in the kernel's terms; those of SELinux with those of its container's mounts.
struct process_labels {
  lsm::labels apparmor;
  lsm::labels selinux;

  /// Files of the process's own are to be written.
  [[nodiscard]] bool any_attribute() const noexcept {
    return !apparmor.program.file.empty() || !selinux.program.file.empty();
  }
};

/// What planning must know besides the config. Plain data: every decision can be tested on any machine.
struct create_facts {
  mounts::facts mounts;
  process::facts process;
  spec::state state;                     ///< for hooks; the pid is filled in by whoever runs them
  std::string cgroup_path;               ///< for people
  bool has_cgroup = true;                ///< false: a rootless container without one
  bool new_keyring = true;               ///< false: --no-new-keyring
  bool privileged = true;                ///< the runtime may do for a user namespace what its root may not
  bool started_by_runtime = false;       ///< `run`: the runtime itself says go, no fifo is needed
  std::vector<std::string> environment;  ///< variables of the runtime's own
  process_labels labels;                 ///< translated from the process's labels
  std::string resctrl_root;              ///< where the resource control file system is mounted
  seccomp::load_filter filter{};         ///< compiled from /linux/seccomp; its program may still be empty (explain)
};

namespace detail {

/// The host id of `inside` by `mappings`; without mappings, `inside`.
inline std::uint32_t host_id(const std::vector<spec::id_mapping>& mappings, std::uint32_t inside) {
  for (const spec::id_mapping& m : mappings)
    if (inside >= m.container_id && inside - m.container_id < m.size) return m.host_id + (inside - m.container_id);
  return inside;
}

/// What a config without /linux says of it.
inline const spec::linux_platform& no_platform() {
  static const spec::linux_platform none;
  return none;
}

/// Text for /proc/PID/uid_map.
inline std::string map_text(const std::vector<spec::id_mapping>& mappings) {
  std::string out;
  for (const spec::id_mapping& m : mappings)
    out += std::to_string(m.container_id) + ' ' + std::to_string(m.host_id) + ' ' + std::to_string(m.size) + '\n';
  return out;
}

/// Whether there is a filter, whether it notifies, and what it is because of.
struct filter_origin {
  bool wanted = false;
  const spec::seccomp* notifier = nullptr;  ///< the profile that notifies
  const char* pointer = "/linux/seccomp";
};

inline filter_origin origin_of(const std::optional<spec::seccomp>& profile, bool ready_made) {
  if (ready_made) return {.wanted = true, .pointer = "/annotations/run.oci.seccomp_bpf_data"};
  if (!profile || !seccomp::wants_filter(*profile)) return {};
  return {.wanted = true, .notifier = seccomp::uses_notify(*profile) ? &*profile : nullptr};
}

enum class filter_moment { never, before_credentials, before_start, after_start };

/// When the filter is loaded. Without no_new_privs while the kernel still lets us; with it as late as can be, since all
/// that comes behind it needs the profile's consent: but before the start when it notifies, because the runtime, which
/// hands the descriptor on, is gone after it.
inline filter_moment moment_for(const filter_origin& from, bool no_new_privileges) {
  if (!from.wanted) return filter_moment::never;
  if (!no_new_privileges) return filter_moment::before_credentials;
  return from.notifier != nullptr ? filter_moment::before_start : filter_moment::after_start;
}

/// Loads the filter; one that notifies is followed by the runtime's step.
inline void add_filter(plan& to, const seccomp::load_filter& filter, const filter_origin& from) {
  to.add(actor::init, filter, from.pointer);
  if (from.notifier == nullptr) return;
  to.add(actor::runtime, send_listener{from.notifier->listener_path, from.notifier->listener_metadata},
         "/linux/seccomp/listenerPath");
}

/// A session, and a keyring with the label that the keyrings of the program will have.
inline void add_session(plan& to, const std::string& keyring, bool user_namespace, const process_labels& labels) {
  constexpr const char* where = "/process/selinuxLabel";
  const lsm::attribute label = keyring.empty() ? lsm::attribute{} : labels.selinux.keyring;
  to.add(actor::init, lsm::plan_attribute(label, where, to.texts));
  to.add(actor::init, process::plan_session(keyring, user_namespace, to.texts));
  to.add(actor::init, lsm::plan_reset(label, where, to.texts));
}

/// The labels that the program gets when it is executed, and the hooks of the container before it.
inline void add_labels(plan& to, const process_labels& labels) {
  to.add(actor::init, lsm::plan_attribute(labels.apparmor.program, "/process/apparmorProfile", to.texts));
  to.add(actor::init, lsm::plan_attribute(labels.selinux.program, "/process/selinuxLabel", to.texts));
}

/// All of them at once, where the init executes nothing but the program from then on: that also takes back the label
/// for keyrings. See: proc_pid_attr(5).
inline void add_early_labels(plan& to, bool new_keyring, const process_labels& labels) {
  if (new_keyring) to.add(actor::init, lsm::plan_attribute(labels.selinux.keyring, "/process/selinuxLabel", to.texts));
  add_labels(to, labels);
}

/// The state that a hook of the init reads, cut where its pid belongs.
inline std::pair<std::string, std::string> split_state(spec::state state, spec::container_status status) {
  state.status = status;
  state.pid = 1;
  const std::string text = spec::write(state);
  const std::size_t at = text.find("\"pid\":") + 6;
  return {text.substr(0, at), text.substr(at + 1)};
}

/// Puts the plan of a new container together.
class composer {
 public:
  composer(const spec::config& config, const create_facts& known) : config_{config}, known_{known} {}

  result<plan> compose() {
    const spec::linux_platform& platform = config_.platform ? *config_.platform : no_platform();
    if (!config_.process) return tl::unexpected(error::config("/process", "process property must not be empty"));
    said_ = OCIKIT_TRY(spec::read_extensions(config_.annotations));
    OCIKIT_TRY(begin(platform));
    OCIKIT_TRY(build_tree(platform));
    host_hooks();
    init_hooks(config_.hooks ? config_.hooks->create_container : no_hooks_, "createContainer",
               spec::container_status::creating);
    plan_.add(actor::init, mounts::plan_restrictions(platform, known_.mounts, plan_.texts));
    plan_.add(actor::init, mounts::plan_root_change(config_, known_.mounts, plan_.texts));
    plan_.add(actor::init, std::move(tree_.finishing));
    OCIKIT_TRY(become_the_process(platform));
    return std::move(plan_);
  }

 private:
  static inline const std::vector<spec::hook> no_hooks_{};

  /// Cgroup, resctrl groups, namespaces, session.
  result<void> begin(const spec::linux_platform& platform) {
    auto arranged = namespaces::plan_namespaces(platform.namespaces, plan_.texts, plan_.slots);
    in_user_namespace_ = (arranged.at_clone & CLONE_NEWUSER) != 0 || arranged.user_to_join.joined();
    if (known_.has_cgroup) plan_.add(actor::runtime, make_cgroup{known_.cgroup_path}, "/linux/cgroupsPath");
    for (const auto& [what, where] : arranged.steps)
      if (const auto* join = std::get_if<namespaces::join>(&what))
        plan_.add(actor::runtime, open_namespace{join->path, join->slot}, where);
    arrives_ = arranged.user_to_join.joined() || arranged.pid_to_join.joined();
    labelled_early_ = arrives_ && (!config_.hooks || config_.hooks->create_container.empty());
    const std::uint32_t procfs = plan_.slots;
    const bool needs_procfs = known_.labels.any_attribute() && !labelled_early_;
    if (needs_procfs) plan_.add(actor::runtime, open_procfs{plan_.slots++}, "");
    resctrl::arrangement groups;
    if (platform.intel_rdt)
      groups = resctrl::plan_groups(*platform.intel_rdt, known_.state.id, known_.resctrl_root, plan_.texts);
    plan_.add(actor::runtime, std::move(groups.before));
    open_hook_outputs();
    start_at_ = plan_.steps.size();
    start_init start{arranged.at_clone, {}, {}};
    if (arranged.user_to_join.joined()) start.user_namespace = arranged.user_to_join.entry->path;
    if (arranged.pid_to_join.joined()) start.pid_namespace = arranged.pid_to_join.entry->path;
    plan_.add(actor::runtime, start, "/linux/namespaces");
    if ((arranged.at_clone & CLONE_NEWUSER) != 0) {
      const map_ids maps{plan_.texts.keep(map_text(platform.uid_mappings)),
                         plan_.texts.keep(map_text(platform.gid_mappings))};
      plan_.add(actor::runtime, maps, "/linux/uidMappings");
    }
    hand_over_the_cgroup(platform);
    if (arrives_) {
      plan_.add(actor::init, process::plan_oom_score(*config_.process));  // as long as it is the runtime's user
      if (labelled_early_) add_early_labels(plan_, known_.new_keyring, known_.labels);
      plan_.add(actor::init, arrive{}, "/linux/namespaces");
    }
    if (needs_procfs) plan_.add(actor::init, use_procfs{procfs}, "");
    if (!groups.after.empty()) {
      plan_.add(actor::init, hand_over{}, "/linux/intelRdt");
      plan_.add(actor::runtime, std::move(groups.after));
    }
    plan_.add(actor::init, std::move(arranged.steps));
    plan_.add(actor::init, namespaces::plan_cgroup_namespace(platform.namespaces));
    OCIKIT_TRY(delegate());
    plan_.add(actor::init, namespaces::plan_time_namespace(platform, plan_.texts));
    const std::string keyring = known_.new_keyring ? "_ses." + known_.state.id : "";
    add_session(plan_, keyring, in_user_namespace_, labelled_early_ ? process_labels{} : known_.labels);
    plan_.add(actor::init, namespaces::plan_loopback(platform.namespaces));
    if (!platform.net_devices.empty()) {
      plan_.add(actor::init, hand_over{}, "/linux/netDevices");
      plan_.add(actor::runtime, namespaces::plan_net_devices(platform));
    }
    plan_.add(actor::init, namespaces::plan_names(config_));
    return {};
  }

  /// A container that can write to the cgroups it sees, and sees its own alone, shall own them: then a systemd may run
  /// in it. As runc, the owner is the user of the first process.
  void hand_over_the_cgroup(const spec::linux_platform& platform) {
    if (!known_.privileged || !known_.has_cgroup || !known_.mounts.unified_cgroups || !config_.process) return;
    const auto found = namespaces::find(platform.namespaces, spec::namespace_type::cgroup);
    if (found.entry == nullptr || !found.entry->path.empty()) return;
    const auto mounted = std::ranges::find_if(config_.mounts, [](const spec::mount& m) {
      return m.source == "cgroup" && (m.destination == "/sys/fs/cgroup" || m.destination == "/sys/fs/cgroup/");
    });
    if (mounted == config_.mounts.end()) return;
    if (mounted->options && std::ranges::find(*mounted->options, "ro") != mounted->options->end()) return;
    const std::uint32_t owner = detail::host_id(platform.uid_mappings, config_.process->user.uid);
    if (owner != 0)
      plan_.add(actor::runtime, hand_over_cgroup{plan_.texts.keep(known_.cgroup_path), owner},
                "/mounts/" + std::to_string(mounted - config_.mounts.begin()));
  }

  /// Inside the new cgroup namespace, so that its root is the container's own cgroup with the limits.
  result<void> delegate() {
    if (said_.delegate_cgroup.empty()) return {};
    const std::string pointer = "/annotations/" + std::string{spec::annotation::delegate_cgroup};
    if (!known_.mounts.unified_cgroups || !known_.has_cgroup)
      return tl::unexpected(error::config(pointer, "delegating a cgroup is possible with a cgroup of version 2 only"));
    plan_.add(actor::init, hand_over{}, pointer);
    plan_.add(actor::runtime, delegate_cgroup{plan_.texts.keep(known_.cgroup_path + "/" + said_.delegate_cgroup)},
              pointer);
    return {};
  }

  /// Files for what the init's hooks write. They are opened before the init is born, which inherits them.
  void open_hook_outputs() {
    if (!config_.hooks || (config_.hooks->create_container.empty() && config_.hooks->start_container.empty())) return;
    const auto open = [&](std::string_view key, const std::string& path) -> std::uint32_t {
      if (path.empty()) return 0;
      plan_.add(actor::runtime, open_hook_output{plan_.texts.keep(path), plan_.slots},
                "/annotations/" + std::string{key});
      return ++plan_.slots;
    };
    plan_.hook_output = open(spec::annotation::hooks_stdout, said_.hooks_stdout);
    plan_.hook_errors = open(spec::annotation::hooks_stderr, said_.hooks_stderr);
  }

  /// What the host's /proc is needed for, then the mounts.
  result<void> build_tree(const spec::linux_platform& platform) {
    plan_.add(actor::init, OCIKIT_TRY(namespaces::plan_sysctl(platform.sysctl, plan_.texts)));
    plan_.add(actor::init, process::reset_cpu_affinity{});
    if (!arrives_) plan_.add(actor::init, process::plan_oom_score(*config_.process));
    const bool told_later = config_.hooks && !config_.hooks->start_container.empty();
    if (told_later) plan_.add(actor::init, learn_pid{}, "/hooks/startContainer");
    plan_.add(actor::init, mounts::plan_root(platform, known_.mounts, plan_.texts));
    tree_ = OCIKIT_TRY(mounts::plan_mounts(config_, known_.mounts, plan_.texts, plan_.slots));
    add_sources();
    add_targets();
    plan_.add(actor::init, mounts::plan_devices(config_, known_.mounts, plan_.texts));
    if (config_.process->terminal) {
      const auto size = config_.process->console_size.value_or(spec::console_size{});
      const process::open_terminal open{static_cast<std::uint32_t>(size.height),
                                        static_cast<std::uint32_t>(size.width)};
      plan_.add(actor::init, open, "/process/terminal");
      plan_.add(actor::init, mounts::bind_console{}, "/process/terminal");
    }
    return {};
  }

  /// Across a user namespace the runtime opens the sources, before the init is born: its root may not reach them. What
  /// it opens can only be handed over detached. It also maps ids, for which that root has no privileges.
  void add_sources() {
    std::vector<plan_step> early;
    const auto add_early = [&early](const step_list<mounts::step>& steps) {
      for (const auto& one : steps)
        std::visit([&](const auto& s) { early.push_back({step{s}, one.where, actor::runtime}); }, one.what);
    };
    for (const mounts::id_mapping_source& one : tree_.id_mappings)
      early.push_back({mapping_step(one), one.where, actor::runtime});
    add_early(tree_.mapped);
    if (in_user_namespace_ && known_.privileged && known_.mounts.detached_mounts) {
      add_early(tree_.sources);
    } else {
      plan_.add(actor::init, std::move(tree_.sources));
    }
    plan_.steps.insert(plan_.steps.begin() + static_cast<std::ptrdiff_t>(start_at_), early.begin(), early.end());
  }

  /// A source that is opened between the targets, and whose ids are mapped, goes back and forth: it is in the init's
  /// mount namespace, and a user namespace's root may not map it.
  void add_targets() {
    for (auto& [what, where] : tree_.targets) {
      const auto* mapped = std::get_if<mounts::map_source>(&what);
      if (mapped != nullptr && in_user_namespace_ && known_.privileged) {
        plan_.add(actor::init, hand_over{true, mapped->slot}, where);
        plan_.add(actor::runtime, *mapped, where);
      } else {
        std::visit([&](auto& s) { plan_.add(actor::init, step{s}, where); }, what);
      }
    }
  }

  step mapping_step(const mounts::id_mapping_source& from) {
    if (!from.path.empty()) return open_namespace{plan_.texts.keep(from.path), from.slot};
    return make_id_mapping{plan_.texts.keep(map_text(from.uids)), plan_.texts.keep(map_text(from.gids)), from.slot};
  }

  void host_hooks() {
    if (!config_.hooks || (config_.hooks->prestart.empty() && config_.hooks->create_runtime.empty())) return;
    plan_.add(actor::init, hand_over{}, "/hooks");
    if (!config_.hooks->prestart.empty()) plan_.add(actor::runtime, call_hooks{"prestart"}, "/hooks/prestart");
    if (!config_.hooks->create_runtime.empty())
      plan_.add(actor::runtime, call_hooks{"createRuntime"}, "/hooks/createRuntime");
  }

  void init_hooks(const std::vector<spec::hook>& hooks, const char* kind, spec::container_status status) {
    if (hooks.empty()) return;
    auto [before, after] = split_state(known_.state, status);
    const zstring_view state_before = plan_.texts.keep(std::move(before));
    const zstring_view state_after = plan_.texts.keep(std::move(after));
    const bool inherits = status == spec::container_status::created;
    for (std::size_t i = 0; i < hooks.size(); ++i) {
      const spec::hook& hook = hooks[i];
      execute_hook one;
      one.kind = kind;
      one.index = static_cast<std::uint32_t>(i);
      one.path = hook.path;
      one.arguments = plan_.texts.keep(hook.args.empty() ? std::vector<zstring_view>{hook.path} : views(hook.args));
      const bool own = hook.env && !hook.env->empty();
      one.inherits_environment = !own && inherits;
      one.environment = own        ? std::span<const zstring_view>{plan_.texts.keep(views(*hook.env))}
                        : inherits ? program_environment_
                                   : std::span<const zstring_view>{};
      one.timeout = static_cast<std::uint32_t>(std::clamp<std::int64_t>(hook.timeout.value_or(0), 0, 1 << 30));
      one.state_before = state_before;
      one.state_after = state_after;
      plan_.add(actor::init, one, "/hooks/" + std::string{kind} + "/" + std::to_string(i));
    }
  }

  static std::vector<zstring_view> views(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

  /// Limits, credentials and, after the start, the program.
  result<void> become_the_process(const spec::linux_platform& platform) {
    const spec::process& process = *config_.process;
    process::facts facts = known_.process;
    facts.user_namespace = in_user_namespace_;
    if (said_.keep_original_groups) facts.may_set_groups = false;
    const filter_origin filter = origin_of(platform.seccomp, !said_.seccomp_program.empty());
    const auto filtering = moment_for(filter, process.no_new_privileges);
    auto limits = process::plan_rlimits(process);
    if (in_user_namespace_ && known_.privileged && !limits.empty()) {
      plan_.add(actor::init, hand_over{}, "/process/rlimits");
      plan_.add(actor::runtime, std::move(limits));
    } else {
      plan_.add(actor::init, std::move(limits));
    }
    if (!labelled_early_) add_labels(plan_, known_.labels);
    plan_.add(actor::init, process::plan_no_new_privileges(process));
    plan_.add(actor::init, OCIKIT_TRY(process::plan_platform(platform, plan_.texts)));
    plan_.add(actor::init, process::plan_scheduling(process));
    if (filtering == filter_moment::before_credentials) add_filter(plan_, known_.filter, filter);
    auto credentials = process::plan_credentials(process, facts, plan_.texts);
    plan_.add(actor::init, std::move(credentials.steps));
    auto program = process::plan_program(process, facts, plan_.texts, known_.environment);
    program_environment_ = std::get<process::execute_program>(program.execute.front().what).environment;
    plan_.add(actor::init, std::move(program.find));
    plan_.add(actor::init, std::move(program.close));
    if (filtering == filter_moment::before_start) add_filter(plan_, known_.filter, filter);
    plan_.add(actor::init, await_start{known_.started_by_runtime}, "");
    plan_.add(actor::runtime, save_state{}, "");
    if (filtering == filter_moment::after_start) add_filter(plan_, known_.filter, filter);
    init_hooks(config_.hooks ? config_.hooks->start_container : no_hooks_, "startContainer",
               spec::container_status::created);
    plan_.add(actor::init, std::move(program.execute));
    if (config_.hooks && !config_.hooks->poststart.empty())
      plan_.add(actor::runtime, call_hooks{"poststart"}, "/hooks/poststart");
    return {};
  }

  const spec::config& config_;
  const create_facts& known_;
  plan plan_{};
  mounts::mount_plan tree_{};
  spec::extensions said_{};
  std::span<const zstring_view> program_environment_{};
  std::size_t start_at_ = 0;
  bool arrives_ = false;         ///< among others, whose namespaces it joins
  bool labelled_early_ = false;  ///< before it arrives, so that none of them finds the host's /proc open
  bool in_user_namespace_ = false;
};

}  // namespace detail

/// The plan for a new container. Pure; it borrows from `config` and `known`. Errors: config and unsupported, each with
/// its place in config.json. See: runtime-spec runtime.md, "Lifecycle".
[[nodiscard]] inline result<plan> compose_create(const spec::config& config, const create_facts& known) {
  return detail::composer{config, known}.compose();
}

/// What planning an `exec` must know.
struct exec_facts {
  process::facts process;
  std::string id;
  const spec::linux_platform* platform = nullptr;  ///< the container's; null: it has none
  bool new_keyring = true;                         ///< false: the container was created without one of its own
  std::vector<std::string> environment;
  process_labels labels;  ///< translated from the process's labels
  seccomp::load_filter filter{};
  bool ready_made_filter = false;  ///< `filter` is the annotation's, not the profile's
  bool joins = true;               ///< the container has namespaces of its own
  bool privileged = true;          ///< rlimits are set by the runtime, from outside the user namespace
};

/// The plan for one more process in a container: the init joins its namespaces while it is started, so what is left is
/// to become the process. The runtime chooses the initial CPUs for itself, and the init inherits them. Pure; it borrows
/// from `process` and `known`. Errors: config, with its place in the process document.
[[nodiscard]] inline result<plan> compose_exec(const spec::process& process, const exec_facts& known) {
  plan out;
  const spec::cpu_affinity cpus = process.exec_cpu_affinity.value_or(spec::cpu_affinity{});
  const auto choose = [&](const std::string& list, const char* pointer) {
    return process::plan_affinity(list, pointer, out.texts);
  };
  if (!cpus.initial.empty())
    out.add(actor::runtime, OCIKIT_TRY(choose(cpus.initial, "/process/execCPUAffinity/initial")));
  out.add(actor::runtime, start_init{}, "");
  out.add(actor::init, process::plan_oom_score(process));  // as long as /proc is the host's
  detail::add_early_labels(out, known.new_keyring, known.labels);
  if (known.joins) out.add(actor::init, arrive{}, "");
  const std::string keyring = known.new_keyring ? "_ses." + known.id : "";
  detail::add_session(out, keyring, known.process.user_namespace, {});
  if (!cpus.final.empty())
    out.add(actor::init, OCIKIT_TRY(choose(cpus.final, "/process/execCPUAffinity/final")));
  else if (cpus.initial.empty())
    out.add(actor::init, process::reset_cpu_affinity{});
  if (process.terminal) {
    const auto size = process.console_size.value_or(spec::console_size{});
    const process::open_terminal open{static_cast<std::uint32_t>(size.height), static_cast<std::uint32_t>(size.width)};
    out.add(actor::init, open, "/process/terminal");
  }
  auto limits = process::plan_rlimits(process);
  if (known.privileged && known.process.user_namespace && !limits.empty()) {
    out.add(actor::init, hand_over{}, "/process/rlimits");
    out.add(actor::runtime, std::move(limits));
  } else {
    out.add(actor::init, std::move(limits));
  }
  out.add(actor::init, process::plan_no_new_privileges(process));
  const spec::linux_platform& platform = known.platform != nullptr ? *known.platform : detail::no_platform();
  out.add(actor::init, OCIKIT_TRY(process::plan_platform(platform, out.texts)));
  out.add(actor::init, process::plan_scheduling(process));
  const auto origin = detail::origin_of(platform.seccomp, known.ready_made_filter);
  const auto filtering = detail::moment_for(origin, process.no_new_privileges);
  if (filtering == detail::filter_moment::before_credentials) detail::add_filter(out, known.filter, origin);
  auto credentials = process::plan_credentials(process, known.process, out.texts);
  out.add(actor::init, std::move(credentials.steps));
  auto program = process::plan_program(process, known.process, out.texts, known.environment);
  out.add(actor::init, std::move(program.find));
  out.add(actor::init, std::move(program.close));
  if (filtering == detail::filter_moment::before_start) detail::add_filter(out, known.filter, origin);
  out.add(actor::init, await_start{true}, "");
  if (filtering == detail::filter_moment::after_start) detail::add_filter(out, known.filter, origin);
  out.add(actor::init, std::move(program.execute));
  return out;
}

}  // namespace ocikit::container
