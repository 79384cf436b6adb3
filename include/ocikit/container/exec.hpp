// SPDX-License-Identifier: Apache-2.0
//
// One more process in a container: joins its namespaces and cgroup, then takes the steps of a short plan.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/driver.hpp>
#include <ocikit/cgroups/location.hpp>
#include <ocikit/cgroups/sub_cgroups.hpp>
#include <ocikit/container/backends.hpp>
#include <ocikit/container/compose.hpp>
#include <ocikit/container/filter_choice.hpp>
#include <ocikit/container/init_session.hpp>
#include <ocikit/container/labels.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/plan.hpp>
#include <ocikit/container/process_identity.hpp>
#include <ocikit/container/resctrl_groups.hpp>
#include <ocikit/container/seccomp_agent.hpp>
#include <ocikit/spec/types.hpp>
#include <ocikit/sys/call.hpp>
#include <ocikit/sys/trace.hpp>

namespace ocikit::container {

/// What is to be executed, and how.
struct exec_request {
  spec::process process;                           ///< complete: what the container's own process lends it is filled in
  bool privileged = true;                          ///< as in `create_request`
  bool rootless = false;                           ///< a cgroup that cannot be entered is bearable
  std::vector<cgroups::sub_cgroup> sub_cgroups{};  ///< below the container's; they must be there
  std::uint32_t preserved_fds = 0;                 ///< after the standard streams
  std::uint32_t last_capability = 40;
};

/// A process on its way into a container; killed when this goes out of scope before `keep`.
class execution {
 public:
  /// Brings the process to the point where only its program is missing. `adopt_terminal` gets the master end of its
  /// terminal. Errors: of every kind; no process is left then.
  static result<std::unique_ptr<execution>> prepare(loaded_container& in, exec_request wanted, const backends& with,
                                                    const std::function<result<void>(unique_fd)>& adopt_terminal) {
    std::unique_ptr<execution> made{new execution{in, std::move(wanted), with}};
    OCIKIT_TRY(made->run(adopt_terminal));
    return made;
  }

  execution(const execution&) = delete;
  execution& operator=(const execution&) = delete;
  ~execution() = default;

  [[nodiscard]] pid_t pid() const noexcept { return init_.pid(); }
  [[nodiscard]] fd_view pidfd() const noexcept { return init_.pidfd(); }
  /// Of the first 64 CPUs, those that the process was started on, one bit each; 0 when none were chosen.
  [[nodiscard]] std::uint64_t initial_cpus() const noexcept { return initial_cpus_; }

  /// Lets the process execute its program. Errors: system.
  [[nodiscard]] result<void> start() { return init_.go(); }

  /// The process shall outlive this object, or somebody else reaps it.
  void keep() noexcept { init_.keep(); }

 private:
  execution(loaded_container& in, exec_request wanted, const backends& with)
      : container_{in}, wanted_{std::move(wanted)}, with_{with} {}

  result<void> run(const std::function<result<void>(unique_fd)>& adopt_terminal) {
    {
      const sys::traced making{[] { return "make the plan"; }};
      OCIKIT_TRY(make_plan());
    }
    bool waiting = false;
    const std::vector<plan_step>& steps = plan_.steps;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].by == actor::runtime) {
        const sys::traced taking{[&] { return describe(steps[i].what); }};
        OCIKIT_TRY(take(steps[i]));
        continue;
      }
      while (i + 1 < steps.size() && steps[i + 1].by == actor::init &&
             !std::holds_alternative<await_start>(steps[i].what))
        ++i;
      unique_fd terminal;
      if (waiting) OCIKIT_TRY(init_.go());
      OCIKIT_TRY(init_.await_progress(plan_, terminal).map_error(within_start));
      waiting = true;
      if (terminal) OCIKIT_TRY(adopt_terminal(std::move(terminal)));
      if (std::holds_alternative<await_start>(steps[i].what)) return {};
    }
    return {};
  }

  static error within_start(error e) { return std::move(e).within("unable to start container process"); }

  [[nodiscard]] std::uint64_t namespaces_of_container() const {
    std::uint64_t out = 0;
    const auto& platform = container_.saved.config.platform;
    if (platform)
      for (const spec::linux_namespace& one : platform->namespaces) out |= namespaces::clone_flag(one.type);
    return out;
  }

  result<void> make_plan() {
    const spec::config& config = container_.saved.config;
    exec_facts facts;
    facts.process.user_namespace = (namespaces_of_container() & CLONE_NEWUSER) != 0;
    facts.process.may_set_groups = wanted_.privileged || !facts.process.user_namespace;
    facts.process.last_capability = wanted_.last_capability;
    facts.process.preserved_fds = wanted_.preserved_fds;
    facts.process.sets_umask = false;
    facts.id = container_.saved.id;
    facts.new_keyring = !container_.saved.config.no_new_keyring;
    facts.privileged = wanted_.privileged;
    facts.labels = OCIKIT_TRY(find_labels(wanted_.process, with_));
    facts.joins = namespaces_of_container() != 0;
    const auto said = OCIKIT_TRY(spec::read_extensions(config.annotations));
    if (said.keep_original_groups) facts.process.may_set_groups = false;
    facts.ready_made_filter = !said.seccomp_program.empty();
    filter_ = OCIKIT_TRY(choose_filter(config, with_));
    facts.filter = filter_.step();
    if (config.platform) facts.platform = &*config.platform;
    plan_ = OCIKIT_TRY(compose_exec(wanted_.process, facts));
    return {};
  }

  result<void> take(const plan_step& one) {
    if (std::holds_alternative<start_init>(one.what)) return start_the_init();
    if (const auto* limit = std::get_if<process::set_rlimit>(&one.what)) return set_rlimit(*limit);
    if (const auto* cpus = std::get_if<process::set_cpu_affinity>(&one.what)) return choose_cpus(*cpus, one.where);
    if (const auto* agent = std::get_if<send_listener>(&one.what)) return send_to(*agent, one.where);
    return tl::unexpected(error::unsupported(describe(one.what) + " is not a step of exec"));
  }

  result<void> set_rlimit(const process::set_rlimit& s) {
    const struct ::rlimit limit { s.soft, s.hard };
    const auto r = sys::raw::prlimit64(init_.pid(), static_cast<int>(s.resource), &limit, nullptr);
    if (!sys::raw::failed(r)) return {};
    return tl::unexpected(error::from_errno(sys::raw::errno_of(r), detail::words(s)));
  }

  result<void> choose_cpus(const process::set_cpu_affinity& s, const std::string& where) {
    const auto r = sys::raw::sched_setaffinity(0, s.cpus.size_bytes(), s.cpus.data());
    if (sys::raw::failed(r))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(r), detail::words(s)).at(where));
    initial_cpus_ = s.cpus.front();
    return {};
  }

  result<void> send_to(const send_listener& s, const std::string& where) {
    const auto send = [&](unique_fd listener) {
      return hand_over_listener(
          s.path, listener, agent_state(container_.saved, init_.pid(), spec::container_status::running, s.metadata));
    };
    return init_.fetch_listener().and_then(send).map_error([&](error e) { return std::move(e).at(where); });
  }

  result<void> start_the_init() {
    const process_identity init = container_.init();
    const auto process = OCIKIT_TRY(open_process(init));
    if (!process) return tl::unexpected(error::state("cannot exec in a stopped container"));
    cradle where;
    const std::uint64_t types = namespaces_of_container();
    if (types != 0) where.joins.push_back({process->get(), types});
    where.becomes_root = (types & CLONE_NEWUSER) != 0;
    OCIKIT_TRY(find_cgroup());
    auto started = start_in_cgroup(where);
    if (!started && may_follow_the_init(started.error().code())) {
      OCIKIT_TRY(find_cgroup_of_init());
      started = start_in_cgroup(where);
    }
    return started;
  }

  // ---- the cgroup

  /// The container's, or what was asked for below it; where one was delegated, the init has left the container's.
  result<void> find_cgroup() {
    const auto said = OCIKIT_TRY(spec::read_extensions(container_.saved.config.annotations));
    if (wanted_.sub_cgroups.empty() && !said.delegate_cgroup.empty()) return find_cgroup_of_init();
    if (wanted_.sub_cgroups.empty()) return {};
    return use_cgroups(OCIKIT_TRY(cgroups::sub_cgroup_paths(container_.saved.cgroup_paths, wanted_.sub_cgroups)));
  }

  result<void> use_cgroups(const cgroups::path_map& paths) {
    const auto opener = OCIKIT_TRY(with_.cgroup_opener(container_.saved.ocikit.cgroup_manager));
    other_cgroup_ = OCIKIT_TRY(opener->reopen(paths, wanted_.rootless));
    return {};
  }

  /// A cgroup v2 that is gone, or that passes controllers on and so takes no process, is not where the container's
  /// init is by now.
  [[nodiscard]] bool may_follow_the_init(int code) const {
    const auto& own = container_.saved.cgroup_paths;
    const bool unified = own.size() == 1 && own.front().first.empty();
    return unified && wanted_.sub_cgroups.empty() && (code == EBUSY || code == ENOENT || code == ENODEV);
  }

  result<void> find_cgroup_of_init() {
    constexpr std::size_t longest = 65536;
    const std::string file = "/proc/" + std::to_string(container_.init().pid) + "/cgroup";
    for (const auto& line : cgroups::parse_proc_cgroup(OCIKIT_TRY(sys::read_file(sys::at_fdcwd, file, longest))))
      if (line.controllers.empty() && !line.path.starts_with("/.."))
        return use_cgroups({{"", "/sys/fs/cgroup" + line.path}});
    return tl::unexpected(error::state("the cgroup of the container's init is not to be seen from here"));
  }

  result<void> start_in_cgroup(cradle& where) {
    cgroups::driver& cgroup = other_cgroup_ ? *other_cgroup_ : *container_.cgroup;
    const auto entrance = cgroup.enter();
    if (!entrance && !wanted_.rootless) return tl::unexpected(in_cgroup(entrance.error()));
    bool attach_later = false;
    where.cgroup = -1;
    where.cgroup_procs.clear();
    if (entrance) {
      if (const auto* clone = std::get_if<cgroups::enter_by_clone>(&*entrance)) where.cgroup = clone->directory.get();
      if (const auto* write = std::get_if<cgroups::enter_by_write>(&*entrance))
        for (const fd_view fd : write->procs) where.cgroup_procs.push_back(fd.get());
      attach_later = std::holds_alternative<cgroups::enter_by_attach>(*entrance);
    }
    auto started = init_.start(plan_, {}, with_, where);
    // Whoever may not move processes there may know somebody who may: systemd moves those of its users.
    if (!started && where.cgroup >= 0 && started.error().code() == EACCES) {
      where.cgroup = -1;
      attach_later = true;
      started = init_.start(plan_, {}, with_, where);
    }
    if (!started && where.cgroup >= 0 && started.error().code() == EBUSY)
      return tl::unexpected(in_cgroup(std::move(started).error()));
    OCIKIT_TRY(std::move(started).map_error(within_start));
    if (attach_later) OCIKIT_TRY(cgroup.attach(init_.pid()).map_error(in_cgroup));
    return join_resctrl_groups(container_.saved, init_.pid());
  }

  /// In runc's words, which tests look for; 0 is what a process writes into cgroup.procs for itself.
  static error in_cgroup(error e) { return within_start(std::move(e).within("error adding pid 0 to cgroups")); }

  loaded_container& container_;
  exec_request wanted_;
  const backends& with_;
  seccomp::compiled_filter filter_;
  plan plan_;
  std::uint64_t initial_cpus_ = 0;
  init_session init_;
  std::unique_ptr<cgroups::driver> other_cgroup_;  ///< instead of the container's
};

}  // namespace ocikit::container
