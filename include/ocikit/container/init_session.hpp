// SPDX-License-Identifier: Apache-2.0
//
// One init from its birth to its program: shared by the creation of a container and by exec.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/container/backends.hpp>
#include <ocikit/container/describe.hpp>
#include <ocikit/container/encode.hpp>
#include <ocikit/container/init_image.hpp>
#include <ocikit/container/init_link.hpp>
#include <ocikit/container/plan.hpp>
#include <ocikit/container/spawn.hpp>
#include <ocikit/sys/trace.hpp>

namespace ocikit::container {

/// A namespace, or with a pidfd all of a process's, to be joined before the init goes on: setns(2)'s arguments.
struct namespace_to_join {
  int fd = -1;
  std::uint64_t types = 0;
  bool if_allowed = false;  ///< one that cannot be joined yet is left for the init
};

/// Where and how the init is born, besides what its plan says.
struct cradle {
  std::uint64_t namespaces = 0;
  std::vector<namespace_to_join> joins;  ///< in this order; only with a plan that has an `arrive`
  bool waits = false;                    ///< with joins: the init that has arrived waits until `go`
  int cgroup = -1;
  std::vector<int> cgroup_procs;
  int start_fifo = -1;
  std::array<int, 3> streams{-1, -1, -1};  ///< as in `birth`
  bool becomes_root = false;
  int gate = -1;         ///< without joins: the init waits for a byte from it
  int gate_writer = -1;  ///< the other end
};

/// The error for an init that died of SIGKILL, which the kernel sends when memory runs out; runc's words.
[[nodiscard]] inline error killed_init() {
  return error::state("container init was OOM-killed (memory limit too low?)");
}

/// True for that error.
[[nodiscard]] inline bool is_killed_init(const error& e) { return e.message() == killed_init().message(); }

/// A running init and the link to it. Kills what is still there when it goes out of scope, unless `keep` was called.
class init_session {
 public:
  init_session() = default;
  init_session(const init_session&) = delete;  // the newborn reads texts of this object
  init_session& operator=(const init_session&) = delete;
  ~init_session() {
    if (born_.pid > 0 && !kept_) kill_and_reap();
  }

  /// Bears the init with its steps of `what`. `slots` are the descriptors, by slot, that it inherits.
  /// Errors: system.
  [[nodiscard]] result<void> start(const plan& what, std::span<const int> slots, const backends& with,
                                   const cradle& where) {
    const bool arrives = !where.joins.empty();
    const std::vector<std::uint64_t> joins = joins_of(where);
    const arrive arrival{joins, where.namespaces, where.becomes_root};
    const auto image =
        OCIKIT_TRY(init_image::make(with.init_image, with.installed_init, wire::encode(what, slots, &arrival)));
    init_link link = OCIKIT_TRY(init_link::make());
    std::vector<int> inherited(slots.begin(), slots.end());
    inherited.insert(inherited.end(), {image.plan().get(), link.theirs.get(), where.start_fifo});
    plan_location_ = image.plan_location();
    link_number_ = std::to_string(link.theirs.get());
    fifo_number_ = std::to_string(where.start_fifo);
    birth wanted;
    wanted.executable = image.executable().get();
    wanted.arguments = {"ocirun:[init]", plan_location_.c_str(), link_number_.c_str(),
                        where.start_fifo >= 0 ? fifo_number_.c_str() : nullptr, nullptr};
    if (!arrives) {
      wanted.namespaces = where.namespaces;
      wanted.gate = where.gate;
      wanted.gate_writer = where.gate_writer;
      wanted.becomes_root = where.becomes_root;
    }
    for (const namespace_to_join& one : where.joins) inherited.push_back(one.fd);
    wanted.cgroup = where.cgroup;
    wanted.cgroup_procs = where.cgroup_procs;
    wanted.inherited = std::move(inherited);
    wanted.streams = where.streams;
    born_ = OCIKIT_TRY(spawn(std::move(wanted)));
    link_ = std::move(link.ours);
    executable_ =
        where.gate >= 0 ? unique_fd{adopt_fd, ::fcntl(image.executable().get(), F_DUPFD_CLOEXEC, 3)} : unique_fd{};
    return arrives ? await_arrival(what, where.waits) : result<void>{};
  }

  [[nodiscard]] pid_t pid() const noexcept { return born_.pid; }
  [[nodiscard]] fd_view pidfd() const noexcept { return born_.pidfd; }

  /// Waits until the init has done its steps up to the next one that waits for us; a terminal that it opened is in
  /// `terminal` then. Errors: the init's own, explained with `of`; state when it died without a word.
  [[nodiscard]] result<void> await_progress(const plan& of, unique_fd& terminal) {
    const sys::traced waiting{[] { return "wait for the init"; }};
    init_word word = OCIKIT_TRY(next_word(of));
    if (auto* opened = std::get_if<init_terminal>(&word)) {
      terminal = std::move(opened->master);
      word = OCIKIT_TRY(next_word(of));
    }
    if (auto* progress = std::get_if<init_progress>(&word)) {
      if (progress->terminal) terminal = std::move(progress->terminal);
      listener_ = progress->listener;
      return {};
    }
    if (const auto* failure = std::get_if<init_failure>(&word)) return tl::unexpected(explain(*failure, of));
    if (!std::holds_alternative<init_silence>(word))
      return tl::unexpected(error::state("the init sent a message out of turn"));
    return tl::unexpected(death());
  }

  /// The notify descriptor of the filter that the init has just loaded and waits behind. It is fetched, because the
  /// filter may forbid to send it. Errors: system, EPERM where a security module forbids to trace children; EBADF when
  /// there is none. Since: Linux 5.6.
  [[nodiscard]] result<unique_fd> fetch_listener() const { return sys::pidfd_getfd(born_.pidfd, listener_); }

  /// Lets the init go on. Errors: system.
  [[nodiscard]] result<void> go() { return say_go(link_); }

  /// Waits until the init has become the container's program, or is dead; either closes the socket.
  void await_execution(const plan& of) {
    const sys::traced waiting{[] { return "wait for the execution"; }};
    while (true) {
      const auto word = next_word(of);
      if (!word || std::holds_alternative<init_silence>(*word)) break;
    }
    if (sys::active_trace != nullptr) note_the_rest(of);
  }

  /// The init shall outlive this object.
  void keep() noexcept { kept_ = true; }

  /// Somebody else reaped it.
  void forget() noexcept { born_.pid = -1; }

  void kill_and_reap() noexcept {
    (void)sys::raw::kill(born_.pid, SIGKILL);
    int status = 0;
    while (sys::raw::wait4(born_.pid, &status, __WALL) == -EINTR) {
    }
    born_.pid = -1;
  }

 private:
  static std::vector<std::uint64_t> joins_of(const cradle& where) {
    std::vector<std::uint64_t> out;
    for (const namespace_to_join& one : where.joins)
      out.push_back(static_cast<std::uint64_t>(one.fd) << 32U | one.types |
                    (one.if_allowed ? arrive::join_if_allowed : 0));
    return out;
  }

  /// The init's next word that is not for the trace.
  [[nodiscard]] result<init_word> next_word(const plan& of) {
    while (true) {
      init_word word = OCIKIT_TRY(receive(link_));
      const auto* taken = std::get_if<init_trace>(&word);
      if (taken == nullptr || sys::active_trace == nullptr) return word;  // nobody asked for it
      note_step(of, *taken);
    }
  }

  /// A step lasts from the end of the one before.
  void note_step(const plan& of, const init_trace& taken) {
    if (taken.step < of.steps.size()) note_work(describe(of.steps[taken.step].what), taken.time);
    next_untold_ = taken.step == wire::no_step ? 0 : std::size_t{taken.step} + 1;
    last_told_ = taken.time;
  }

  /// What the init did not tell of: behind a filter it tells nothing, and of the execution it cannot.
  void note_the_rest(const plan& of) {
    std::string what;
    for (std::size_t i = next_untold_; i < of.steps.size(); ++i)
      if (of.steps[i].by == actor::init) what += (what.empty() ? "" : "; ") + describe(of.steps[i].what);
    note_work(std::move(what), sys::trace_now());
  }

  void note_work(std::string what, sys::trace_time end) const {
    if (sys::active_trace != nullptr && last_told_ != 0)
      sys::active_trace->push_back({sys::traced_work::by::init, std::move(what), last_told_, end});
  }

  /// The process that was born joins the namespaces and ends; its child is the init from then on.
  [[nodiscard]] result<void> await_arrival(const plan& of, bool waits) {
    const init_word word = OCIKIT_TRY(next_word(of));
    if (const auto* failure = std::get_if<init_failure>(&word)) return tl::unexpected(explain(*failure, of));
    const auto* arrival = std::get_if<init_arrival>(&word);
    if (arrival == nullptr || arrival->pid <= 0) return tl::unexpected(death());
    int status = 0;
    while (sys::raw::wait4(born_.pid, &status, __WALL) == -EINTR) {
    }
    born_.pid = arrival->pid;
    born_.pidfd = OCIKIT_TRY(sys::pidfd_open(born_.pid));
    return waits ? result<void>{} : go();
  }

  /// Why the init is gone, from its wait status.
  [[nodiscard]] error death() {
    if (const auto& failed = born_.failure(); failed.step != nullptr)
      return error::from_errno(failed.error, failed.step);
    int status = 0;
    while (sys::raw::wait4(born_.pid, &status, __WALL) == -EINTR) {
    }
    born_.pid = -1;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return killed_init();
    return error::state("container init ended unexpectedly: " + end_text(status));
  }

  newborn born_;
  unique_fd link_;
  unique_fd executable_;
  std::string plan_location_, link_number_, fifo_number_;
  int listener_ = -1;
  std::size_t next_untold_ = 0;
  sys::trace_time last_told_ = 0;  ///< 0: the init has not begun, or tells nothing
  bool kept_ = false;
};

}  // namespace ocikit::container
