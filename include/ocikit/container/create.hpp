// SPDX-License-Identifier: Apache-2.0
//
// A new container: takes the runtime's steps of its plan, one function per kind, and waits for the init's.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/driver.hpp>
#include <ocikit/cgroups/own_v1.hpp>
#include <ocikit/container/backends.hpp>
#include <ocikit/container/compose.hpp>
#include <ocikit/container/delegated_cgroup.hpp>
#include <ocikit/container/filter_choice.hpp>
#include <ocikit/container/hooks.hpp>
#include <ocikit/container/id_mapping.hpp>
#include <ocikit/container/init_session.hpp>
#include <ocikit/container/labels.hpp>
#include <ocikit/container/notify_socket.hpp>
#include <ocikit/container/plan.hpp>
#include <ocikit/container/process_identity.hpp>
#include <ocikit/container/resctrl_groups.hpp>
#include <ocikit/container/seccomp_agent.hpp>
#include <ocikit/container/state.hpp>
#include <ocikit/container/state_directory.hpp>
#include <ocikit/container/state_root.hpp>
#include <ocikit/mounts/execute.hpp>
#include <ocikit/namespaces/net_device.hpp>
#include <ocikit/resctrl/execute.hpp>
#include <ocikit/sys/trace.hpp>
#include <ocikit/sys/utc_time.hpp>

namespace ocikit::container {

/// What a container is to be made of.
struct create_request {
  container_id id;
  spec::config config{};  ///< validated
  std::string bundle{};   ///< absolute
  std::string rootfs{};   ///< absolute
  std::string cgroup_manager{};
  bool unified_cgroups = true;  ///< the host has cgroup v2 alone
  bool rootless = false;        ///< missing permissions for cgroups are bearable
  bool privileged = true;       ///< we may open what the root of a user namespace may not
  bool no_pivot = false;
  std::vector<std::string> host_kernel_mounts{};  ///< with no_pivot
  bool new_keyring = true;
  std::string resctrl_root{};              ///< where it is mounted; only for a config with /linux/intelRdt
  bool notifies = false;                   ///< the container gets a socket to tell a service manager that it is ready
  bool started_by_runtime = false;         ///< `run`
  std::uint32_t preserved_fds = 0;         ///< after the standard streams, socket activation included
  std::vector<std::string> environment{};  ///< of the runtime's own
  std::uint32_t last_capability = 40;
  std::array<int, 3> streams{-1, -1, -1};  ///< the container's standard streams; -1: ours
};

namespace detail {

inline std::string timestamp_now() {
  struct ::timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const struct ::tm utc = sys::utc_time(now.tv_sec);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + size, sizeof text - size, ".%09ldZ", now.tv_nsec);
  return text;
}

}  // namespace detail

/// A container on its way: what `create` makes and gives back. As long as it is not `keep`-ed, its destruction undoes
/// everything: processes, cgroup, state directory.
class creation {
 public:
  /// Makes the container up to the point where it waits for its start. `adopt_terminal` gets the master end of its
  /// terminal, when it has one, before the container counts as created.
  /// Errors: of every kind; nothing is left behind then.
  static result<std::unique_ptr<creation>> create(const state_root& root, create_request wanted, const backends& with,
                                                  const std::function<result<void>(unique_fd)>& adopt_terminal) {
    std::unique_ptr<creation> made{new creation{OCIKIT_TRY(root.create(wanted.id)), std::move(wanted), with}};
    auto done = made->run(adopt_terminal);
    if (done) return made;
    made->undo();
    return tl::unexpected(std::move(done).error());
  }

  creation(const creation&) = delete;
  creation& operator=(const creation&) = delete;
  ~creation() {
    if (!kept_ && !undone_) undo();
  }

  [[nodiscard]] pid_t pid() const noexcept { return init_.pid(); }
  [[nodiscard]] fd_view pidfd() const noexcept { return init_.pidfd(); }
  [[nodiscard]] const state& saved() const noexcept { return state_; }
  [[nodiscard]] const plan& the_plan() const noexcept { return plan_; }

  /// For a container that this runtime starts itself: lets it go, waits until its program runs and runs the poststart
  /// hooks. Errors: a hook's; the container is to be destroyed then.
  [[nodiscard]] result<void> start() {
    OCIKIT_TRY(init_.go());
    init_.await_execution(plan_);
    if (!state_.config.hooks || state_.config.hooks->poststart.empty()) return {};
    directory_.unlock();  // hooks may use the container
    return run_hooks("poststart", state_.config.hooks->poststart, hook_state(state_, spec::container_status::running));
  }

  /// The container's directory, for what listens there.
  [[nodiscard]] fd_view directory() const noexcept { return directory_.directory(); }
  /// Whether nothing but the program itself could be ended with the container: it has neither a cgroup nor a pid
  /// namespace of its own.
  [[nodiscard]] bool may_leave_processes() const noexcept {
    return state_.cgroup_paths.empty() && !state_.ocikit.private_pid_namespace;
  }
  /// Lets other commands have the container, while this one waits for it.
  void unlock() noexcept { directory_.unlock(); }

  /// The init has ended and was reaped.
  void ended() noexcept { init_.forget(); }

  /// Removes an ended container and runs its poststop hooks. Errors: of the first thing that fails; the rest is done
  /// all the same.
  [[nodiscard]] result<void> destroy() {
    const sys::traced destroying{[] { return "destroy the container"; }};
    undone_ = true;
    result<void> first;
    const auto note = [&first](result<void> done) {
      if (first && !done) first = std::move(done);
    };
    if (!state_.ocikit.private_pid_namespace && !state_.cgroup_paths.empty()) note(cgroup_->kill(SIGKILL));
    note(cgroup_->remove());
    note(remove_resctrl_groups(state_));
    note(directory_.remove());
    if (state_.config.hooks)
      note(run_hooks("poststop", state_.config.hooks->poststop, hook_state(state_, spec::container_status::stopped)));
    return first;
  }

  /// The container shall outlive this object.
  void keep() noexcept {
    kept_ = true;
    init_.keep();
  }

  /// Ends the container and removes all of it, then runs its poststop hooks.
  void undo() noexcept {
    undone_ = true;
    if (init_.pid() > 0) init_.kill_and_reap();
    if (state_.ocikit.owns_cgroup) (void)cgroup_->kill(SIGKILL);  // one that we were refused is another container's
    if (has_made_cgroup_ && !cgroup_->undo() && state_.ocikit.owns_cgroup) (void)cgroup_->remove();
    (void)remove_resctrl_groups(state_);
    if (new_group_) (void)resctrl::remove_empty_group(state_.intel_rdt_path);
    (void)directory_.remove();
    if (state_.config.hooks && init_was_started_)
      (void)run_hooks("poststop", state_.config.hooks->poststop, hook_state(state_, spec::container_status::stopped));
  }

 private:
  creation(state_directory directory, create_request wanted, const backends& with)
      : directory_{std::move(directory)}, wanted_{std::move(wanted)}, with_{with} {
    state_ = make_state(std::string{wanted_.id.text()}, std::move(wanted_.config), wanted_.bundle, wanted_.rootfs);
    state_.created = detail::timestamp_now();
    state_.rootless = wanted_.rootless;
    state_.config.no_new_keyring = !wanted_.new_keyring;
    state_.ocikit.cgroup_manager = wanted_.cgroup_manager;
  }

  result<void> run(const std::function<result<void>(unique_fd)>& adopt_terminal) {
    if (wanted_.notifies) OCIKIT_TRY(prepare_notify_socket());
    OCIKIT_TRY(open_cgroup());
    {
      const sys::traced making{[] { return "make the plan"; }};
      OCIKIT_TRY(make_plan());
    }
    slots_.resize(plan_.slots);
    const std::vector<plan_step>& steps = plan_.steps;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].by == actor::runtime) {
        const sys::traced taking{[&] { return describe(steps[i].what); }};
        OCIKIT_TRY(take(steps[i]).map_error([&](error e) { return std::move(e).at(steps[i].where); }));
        continue;
      }
      while (i + 1 < steps.size() && steps[i + 1].by == actor::init &&
             !std::holds_alternative<await_start>(steps[i].what))
        ++i;
      unique_fd terminal;
      const bool last = std::holds_alternative<await_start>(steps[i].what);
      if (waiting_) OCIKIT_TRY(init_.go());
      // Meanwhile the init is at work. Should it end, it has told better what is wrong.
      auto prepared = last ? prepare_state() : result<void>{};
      OCIKIT_TRY(init_.await_progress(plan_, terminal).map_error([this](error e) {
        return in_init(blamed_on_memory(std::move(e)));
      }));
      waiting_ = true;
      const auto* handed = std::get_if<hand_over>(&steps[i].what);
      if (handed != nullptr && handed->offers) {
        slots_[handed->slot] = std::move(terminal);
      } else if (terminal) {
        OCIKIT_TRY(adopt_terminal(std::move(terminal)));
      }
      if (last) return prepared ? publish_state() : prepared;
    }
    return {};
  }

  /// An init that finds no memory, or is killed, below a limit on it: that is the value to look at.
  [[nodiscard]] error blamed_on_memory(error e) const {
    if (!resources_.memory || resources_.memory->limit.value_or(0) <= 0) return e;
    const std::string_view limit = "/linux/resources/memory/limit";
    if (is_killed_init(e)) return std::move(e).at(limit);
    if (e.code() != ENOMEM) return e;
    return std::move(e).within("the memory limit is too low").at(limit);
  }

  static error in_init(error e) {
    return std::move(e).within("error during container init").within("unable to start container process");
  }

  template <class Step>
  static auto while_taking(const Step& s) {
    return [&s](error e) { return std::move(e).within(detail::words(s)); };
  }

  // ---- before the plan

  result<void> prepare_notify_socket() {
    if (!state_.config.process) return {};
    OCIKIT_TRY(sys::mkdirat(directory_.directory(), notify_directory, 0755));
    const std::string own = "/proc/self/fd/" + std::to_string(directory_.directory().get());
    add_notify_socket(state_.config,
                      OCIKIT_TRY(sys::readlinkat(sys::at_fdcwd, own)) + "/" + std::string{notify_directory});
    return {};
  }

  result<void> open_cgroup() {
    const spec::config& config = state_.config;
    opener_ = OCIKIT_TRY(with_.cgroup_opener(wanted_.cgroup_manager));
    cgroups::request request{state_.id, {}, wanted_.rootless, {}};
    for (const auto& [key, value] : config.annotations)
      if (key.starts_with("org.systemd.property.")) request.annotations.emplace_back(key, value);
    if (config.platform) {
      request.cgroups_path = config.platform->cgroups_path;
      if (config.platform->resources) request.resources = *config.platform->resources;
    }
    cgroup_ = OCIKIT_TRY(opener_->open(request));
    resources_ = std::move(request.resources);
    state_.cgroup_paths = cgroup_->paths();
    state_.config.cgroups.rootless = wanted_.rootless;
    state_.config.cgroups.systemd = wanted_.cgroup_manager.starts_with("cgroup-systemd");
    if (!state_.cgroup_paths.empty()) return {};
    return cgroup_->apply(resources_, cgroups::driver::device_policy::keep);  // which refuses a limit
  }

  result<void> make_plan() {
    const spec::config& config = state_.config;
    facts_.mounts.rootfs = wanted_.rootfs;
    facts_.mounts.bundle = wanted_.bundle;
    facts_.mounts.unified_cgroups = wanted_.unified_cgroups;
    facts_.mounts.cgroup_paths = OCIKIT_TRY(shown_cgroups());
    facts_.mounts.no_pivot = wanted_.no_pivot;
    facts_.mounts.kcore = mounts::has_kcore();
    facts_.mounts.host_kernel_mounts = wanted_.host_kernel_mounts;
    const auto has = [&](spec::namespace_type type) {
      return config.platform && namespaces::find(config.platform->namespaces, type).entry != nullptr;
    };
    facts_.mounts.user_namespace = has(spec::namespace_type::user);
    if (facts_.mounts.user_namespace) facts_.mounts.detached_mounts = mounts::has_detached_mounts();
    facts_.mounts.mount_namespace = has(spec::namespace_type::mount);
    facts_.mounts.cgroup_namespace = has(spec::namespace_type::cgroup);
    facts_.process.last_capability = wanted_.last_capability;
    facts_.process.preserved_fds = wanted_.preserved_fds;
    facts_.process.sets_umask = facts_.mounts.mount_namespace;
    facts_.process.may_set_groups = wanted_.privileged || !facts_.mounts.user_namespace;
    facts_.state = hook_state(state_, spec::container_status::creating);
    facts_.cgroup_path = state_.cgroup_paths.empty() ? std::string{} : state_.cgroup_paths.front().second;
    facts_.has_cgroup = !state_.cgroup_paths.empty();
    facts_.new_keyring = wanted_.new_keyring;
    facts_.privileged = wanted_.privileged;
    facts_.started_by_runtime = wanted_.started_by_runtime;
    facts_.environment = wanted_.environment;
    OCIKIT_TRY(find_labels(config, with_, facts_));
    facts_.resctrl_root = wanted_.resctrl_root;
    filter_ = OCIKIT_TRY(choose_filter(config, with_));
    facts_.filter = filter_.step();
    plan_ = OCIKIT_TRY(compose_create(config, facts_));
    return {};
  }

  /// What a mount of v1's cgroups shows: the container's, and ours where it was given none.
  [[nodiscard]] result<cgroups::path_map> shown_cgroups() const {
    cgroups::path_map shown = state_.cgroup_paths;
    if (!wanted_.rootless || wanted_.unified_cgroups) return shown;
    for (auto& [key, path] : OCIKIT_TRY(cgroups::read_own_paths()))
      if (std::ranges::find(state_.cgroup_paths, key, &cgroups::path_map::value_type::first) ==
          state_.cgroup_paths.end())
        shown.emplace_back(key, std::move(path));
    return shown;
  }

  // ---- the runtime's steps

  result<void> take(const plan_step& one) {
    return std::visit([this](const auto& s) { return this->take(s); }, one.what);
  }

  template <class Step>
  result<void> take(const Step&) {
    return tl::unexpected(error::unsupported(std::string{Step::name} + " is not a step of the runtime"));
  }

  result<void> take(const make_cgroup&) {
    state_.ocikit.owns_cgroup = true;  // once the plan is confirmed
    auto recorded = directory_.write_planned(state_);
    state_.ocikit.owns_cgroup = false;
    OCIKIT_TRY(std::move(recorded));
    OCIKIT_TRY(cgroup_->create());
    has_made_cgroup_ = true;
    const auto entrance = cgroup_->enter();
    attach_later_ = entrance && std::holds_alternative<cgroups::enter_by_attach>(*entrance);
    if (!attach_later_) {
      state_.ocikit.owns_cgroup = true;
      OCIKIT_TRY(directory_.confirm_planned());  // from here on whatever is in the cgroup is ours to kill
      if (auto made = cgroup_->paths(); made != state_.cgroup_paths) {
        state_.cgroup_paths = std::move(made);
        OCIKIT_TRY(directory_.write_creating(state_));
      }
    }
    return cgroup_->apply(resources_, cgroups::driver::device_policy::enforce);
  }

  /// The init enters its cgroup with our help, which may be what makes the cgroup ours.
  result<void> attach_to_cgroup() {
    // Processes may only be moved below a cgroup whose cgroup.procs may be written, too.
    OCIKIT_TRY(cgroup_->attach(init_.pid()).map_error([this](error e) {
      if (e.code() != EACCES) return e;
      return std::move(e).within("entering the cgroup " + facts_.cgroup_path).at("/linux/cgroupsPath");
    }));
    if (state_.ocikit.owns_cgroup) return {};
    state_.ocikit.owns_cgroup = true;
    state_.cgroup_paths = cgroup_->paths();
    return directory_.replace_planned(state_);
  }

  result<void> take(const open_hook_output& s) {
    slots_[s.slot] = OCIKIT_TRY(open_hook_file(s.path));
    return {};
  }

  result<void> take(const delegate_cgroup& s) {
    const auto& platform = *state_.config.platform;
    return delegate(s.path, detail::host_id(platform.uid_mappings, 0), detail::host_id(platform.gid_mappings, 0),
                    init_.pid())
        .map_error(while_taking(s));
  }

  result<void> take(const hand_over_cgroup& s) { return chown_cgroup(s.path, s.owner).map_error(while_taking(s)); }

  /// A group of the container's own name is on record before it is there. One that the config names is for others too
  /// and stays; should this creation fail, it goes with the rest, unless somebody has joined it meanwhile.
  result<void> take(const resctrl::make_group& s) {
    state_.intel_rdt_path = std::string{s.path};
    const bool named = !state_.config.platform->intel_rdt->clos_id.empty();
    state_.ocikit.owns_resctrl_group = !named && !resctrl::has_group(s.path);
    OCIKIT_TRY(directory_.write_creating(state_));
    auto made = resctrl::execute(s, wanted_.resctrl_root);
    new_group_ = made.value_or(false);
    state_.ocikit.owns_resctrl_group = new_group_ && !named;
    return made.map([](bool) {}).map_error(while_taking(s));
  }

  result<void> take(const resctrl::set_schema& s) {
    return resctrl::execute(s, new_group_, wanted_.resctrl_root).map_error(while_taking(s));
  }

  result<void> take(const resctrl::make_monitoring_group& s) {
    state_.ocikit.resctrl_monitor = std::string{s.path};
    OCIKIT_TRY(directory_.write_creating(state_));
    auto made = resctrl::execute(s, wanted_.resctrl_root);
    if (!made) state_.ocikit.resctrl_monitor.clear();  // another's
    return std::move(made).map_error(while_taking(s));
  }

  result<void> take(const resctrl::join_group& s) {
    return resctrl::execute(s, init_.pid()).map_error(while_taking(s));
  }

  /// What is no namespace is for setns(2) to refuse; a FIFO must not keep us waiting for that.
  static result<unique_fd> open_namespace_file(zstring_view path) {
    return sys::openat(sys::at_fdcwd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  }

  result<void> take(const open_namespace& s) {
    slots_[s.slot] = OCIKIT_TRY(open_namespace_file(s.path));
    return {};
  }

  result<void> take(const open_procfs& s) {
    slots_[s.slot] = OCIKIT_TRY(sys::open_procfs());
    return {};
  }

  result<void> take(const make_id_mapping& s) {
    slots_[s.slot] = OCIKIT_TRY(open_id_mapping(s.uids, s.gids));
    return {};
  }

  result<void> take(const mounts::open_source& s) {
    auto tree = mounts::detail::clone_host_source(s);
    if (mounts::detail::lacks_open_tree(tree)) tree = -ENOSYS;
    if (sys::raw::failed(tree)) return tl::unexpected(explained(s, tree));
    slots_[s.slot] = unique_fd{adopt_fd, static_cast<int>(tree)};
    return {};
  }

  result<void> take(const mounts::map_source& s) {
    auto r = mounts::detail::map_ids(slots_[s.slot].get(), slots_[s.mapping].get(), s.recursive);
    if (mounts::detail::lacks_mount_setattr(r)) r = -ENOSYS;
    if (sys::raw::failed(r)) return tl::unexpected(explained(s, r));
    if (init_was_started_) slots_[s.slot].reset();  // the init's own
    return {};
  }

  /// The error that the init would have given for this step of a plan.
  template <class Step>
  error explained(const Step& s, sys::raw::outcome r) const {
    std::size_t index = 0;
    while (index < plan_.steps.size() && std::get_if<Step>(&plan_.steps[index].what) != &s) ++index;
    return in_init(explain(init_failure{index, sys::raw::errno_of(r), 0, {}}, plan_));
  }

  result<void> take(const start_init& s) {
    cradle where;
    where.namespaces = s.flags;
    std::vector<unique_fd> joined;
    const auto join = [&](zstring_view path, std::uint64_t type) -> result<void> {
      if (path.empty()) return {};
      joined.push_back(OCIKIT_TRY(open_namespace_file(path)));
      where.joins.push_back({joined.back().get(), type});
      return {};
    };
    if (!s.user_namespace.empty()) join_before_user(where);
    OCIKIT_TRY(join(s.user_namespace, CLONE_NEWUSER));
    OCIKIT_TRY(join(s.pid_namespace, CLONE_NEWPID));
    where.streams = wanted_.streams;
    where.becomes_root = facts_.mounts.user_namespace;
    where.waits = (s.flags & CLONE_NEWUSER) != 0;
    OCIKIT_TRY(enter_cgroup(where));
    const bool waits_for_ids = where.waits;
    where.waits = where.waits || attach_later_;  // a namespace of cgroups begins where the init is when it is made
    if (where.waits && where.joins.empty()) OCIKIT_TRY(make_gate(where));
    if (!wanted_.started_by_runtime) OCIKIT_TRY(make_fifo(where));
    std::vector<int> numbers;
    for (const unique_fd& slot : slots_) numbers.push_back(slot.get());
    auto started = init_.start(plan_, numbers, with_, where);
    if (!started && where.cgroup >= 0 && can_attach_later(started.error().code())) {
      where.cgroup = -1;
      attach_later_ = where.waits = true;
      if (where.joins.empty() && where.gate < 0) OCIKIT_TRY(make_gate(where));
      started = init_.start(plan_, numbers, with_, where);
    }
    OCIKIT_TRY(std::move(started).map_error(
        [this](error e) { return blamed_on_memory(std::move(e)).within("unable to start container process"); }));
    init_was_started_ = true;
    gate_theirs_.reset();
    fifo_.reset();
    forget_slots();
    if (attach_later_) OCIKIT_TRY(attach_to_cgroup());
    if (where.waits && !waits_for_ids) OCIKIT_TRY(let_init_go());
    if (facts_.has_cgroup) return {};
    OCIKIT_TRY(note_process());  // without a cgroup its number is all that leads to it
    return directory_.write_creating(state_);
  }

  /// Namespaces that the joined user namespace does not own can only be joined by the runtime's root. The mount
  /// and the time namespace are left to the init.
  void join_before_user(cradle& where) {
    for (const plan_step& one : plan_.steps)
      if (const auto* join = std::get_if<namespaces::join>(&one.what);
          join != nullptr && join->type != CLONE_NEWNS && join->type != CLONE_NEWTIME)
        where.joins.push_back({slots_[join->slot].get(), join->type, true});
  }

  /// All that the init has inherited, but for mappings that are still to be used.
  void forget_slots() {
    std::vector<unique_fd> kept(slots_.size());
    for (std::size_t i = plan_.steps.size(); i-- > 0 && !std::holds_alternative<start_init>(plan_.steps[i].what);)
      if (const auto* map = std::get_if<mounts::map_source>(&plan_.steps[i].what); map && slots_[map->mapping])
        kept[map->mapping] = std::move(slots_[map->mapping]);
    slots_ = std::move(kept);
  }

  /// Whether a process that could not be born in its cgroup may be moved there: by a kernel that can do no more, or,
  /// for whoever may not move processes, by somebody who may: systemd moves those of its users.
  static bool can_attach_later(int code) {
    return code == EBUSY || code == EOPNOTSUPP || code == ENOSYS || code == EINVAL || code == EACCES;
  }

  result<void> make_gate(cradle& where) {
    int ends[2] = {-1, -1};
    const auto r = sys::raw::pipe2(ends, O_CLOEXEC);
    if (sys::raw::failed(r)) return tl::unexpected(error::from_errno(sys::raw::errno_of(r), "pipe2(O_CLOEXEC)"));
    gate_theirs_ = unique_fd{adopt_fd, ends[0]};
    gate_ours_ = unique_fd{adopt_fd, ends[1]};
    where.gate = ends[0];
    where.gate_writer = ends[1];
    return {};
  }

  result<void> enter_cgroup(cradle& where) {
    if (!facts_.has_cgroup) return {};
    const cgroups::entrance entrance = OCIKIT_TRY(cgroup_->enter());
    if (const auto* clone = std::get_if<cgroups::enter_by_clone>(&entrance)) where.cgroup = clone->directory.get();
    if (const auto* write = std::get_if<cgroups::enter_by_write>(&entrance))
      for (const fd_view fd : write->procs) where.cgroup_procs.push_back(fd.get());
    attach_later_ = std::holds_alternative<cgroups::enter_by_attach>(entrance);
    return {};
  }

  result<void> make_fifo(cradle& where) {
    uid_t uid = ::geteuid();
    gid_t gid = ::getegid();
    if (const auto& platform = state_.config.platform; platform && wanted_.privileged) {
      uid = detail::host_id(platform->uid_mappings, 0);
      gid = detail::host_id(platform->gid_mappings, 0);
    }
    fifo_ = OCIKIT_TRY(directory_.make_fifo_for_init(uid, gid));
    where.start_fifo = fifo_.get();
    return {};
  }

  result<void> take(const map_ids& s) {
    OCIKIT_TRY(write_id_maps(init_.pid(), {s.uids, s.gids}));
    return let_init_go();
  }

  /// Lets the init begin that was born to wait.
  result<void> let_init_go() {
    if (!gate_ours_) return init_.go();
    OCIKIT_TRY(sys::write_all(gate_ours_, "g"));
    gate_ours_.reset();
    return {};
  }

  result<void> take(const namespaces::move_network_device& s) {
    const std::string target = "/proc/" + std::to_string(init_.pid()) + "/ns/net";
    return namespaces::move_net_device(s.device, s.renamed, OCIKIT_TRY(sys::openat(sys::at_fdcwd, target, O_RDONLY)));
  }

  result<void> take(const call_hooks& s) {
    const auto& hooks = state_.config.hooks;
    if (!hooks || std::string_view{s.kind} == "poststart") return {};
    OCIKIT_TRY(note_process());
    const bool first = std::string_view{s.kind} == "prestart";
    return run_hooks(s.kind, first ? hooks->prestart : hooks->create_runtime,
                     hook_state(state_, spec::container_status::creating));
  }

  result<void> take(const process::set_rlimit& s) {
    const struct ::rlimit limit { s.soft, s.hard };
    const auto r = sys::raw::prlimit64(init_.pid(), static_cast<int>(s.resource), &limit, nullptr);
    if (!sys::raw::failed(r)) return {};
    return tl::unexpected(error::from_errno(sys::raw::errno_of(r), detail::words(s)));
  }

  result<void> take(const send_listener& s) {
    OCIKIT_TRY(note_process());
    const unique_fd listener = OCIKIT_TRY(init_.fetch_listener());
    return hand_over_listener(s.path, listener,
                              agent_state(state_, init_.pid(), spec::container_status::creating, s.metadata));
  }

  result<void> take(const save_state&) {
    OCIKIT_TRY(prepare_state());
    return publish_state();
  }

  result<void> note_process() {
    if (state_.init_process_pid != 0) return {};
    const auto found = OCIKIT_TRY(identify(init_.pid()));
    if (!found) return tl::unexpected(error::state("container init is gone"));
    set_init_process(state_, found->pid, found->start);
    return {};
  }

  /// The state as it will be, still without its name.
  result<void> prepare_state() {
    slots_.clear();
    OCIKIT_TRY(note_process());
    for (int fd = 0; fd < 3; ++fd) {
      auto link = sys::readlinkat(sys::at_fdcwd, "/proc/self/fd/" + std::to_string(fd));
      state_.external_descriptors.push_back(link ? *std::move(link) : std::string{});
    }
    return directory_.prepare_state(state_);
  }

  /// From here on the container is created.
  result<void> publish_state() {
    OCIKIT_TRY(directory_.publish_state());
    return directory_.forget_creating();
  }

  state_directory directory_;
  create_request wanted_;
  const backends& with_;
  state state_;
  create_facts facts_;
  seccomp::compiled_filter filter_;
  spec::resources resources_;
  std::unique_ptr<cgroups::opener> opener_;
  std::unique_ptr<cgroups::driver> cgroup_;
  plan plan_;
  std::vector<unique_fd> slots_;
  unique_fd gate_ours_, gate_theirs_, fifo_;
  init_session init_;
  bool new_group_ = false;
  bool waiting_ = false;
  bool attach_later_ = false;
  bool has_made_cgroup_ = false;
  bool init_was_started_ = false;
  bool kept_ = false;
  bool undone_ = false;
};

}  // namespace ocikit::container
