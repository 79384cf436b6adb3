// SPDX-License-Identifier: Apache-2.0
//
// The container's first process: reads a plan and takes its steps, one function per kind, no decisions of its own.
// Static, without a C or C++ runtime, without a heap; nothing of it outlives the execve(2) at the plan's end.
#include "interpreter.hpp"

#include <linux/magic.h>
#include <sys/mman.h>

#include <ocikit/container/steps.hpp>
#include <ocikit/container/wire.hpp>
#include <ocikit/lsm/execute.hpp>
#include <ocikit/mounts/execute.hpp>
#include <ocikit/namespaces/execute.hpp>
#include <ocikit/process/execute.hpp>
#include <ocikit/seccomp/execute.hpp>
#include <ocikit/sys/procfs.hpp>
#include <ocikit/sys/raw.hpp>

#include "culprit.hpp"
#include "hook.hpp"

namespace ocikit::init {

namespace wire = container::wire;

namespace {

/// The large parts of the machine, in zeroed memory of which only used pages become real.
constinit process::program_path the_program{};
constinit process::home_variable the_home{};
constinit hook_end the_hook{};
constinit mounts::file_name the_culprit{};

/// What the steps work on.
struct machine {
  int runtime = -1;  ///< the socket to the runtime
  int procfs = -1;   ///< the host's /proc, verified
  int terminal_master = -1;
  int start_fifo = -1;
  std::uint32_t current_step = 0;
  bool started = false;  ///< the start was given: failures belong on the container's stderr
  bool entered_directory = false;
  bool has_home = false;
  bool filtered = false;  ///< a seccomp filter is in force
  bool traces = false;    ///< the runtime wants to know when each step was taken
  std::uint32_t slot_count = 0;
  mounts::workspace tree{};
  process::program_path& program = the_program;
  process::home_variable& home = the_home;
  hook_end& hook = the_hook;
  hook_files files{};
  char pid_in_host[24] = {};
  std::size_t pid_size = 0;
};

/// Room for the lists of a step; larger ones get memory of their own.
alignas(8) constinit std::byte small_scratch[8192] = {};

/// Room for the arrays of pointers that execve(2) takes and for the slots.
alignas(8) constinit std::byte small_arena[4096] = {};
constinit std::size_t small_arena_used = 0;

/// Zeroed memory, never given back: from the arena while it lasts.
[[nodiscard]] std::byte* memory(std::size_t size) noexcept {
  const std::size_t rounded = (size + 7) & ~std::size_t{7};
  if (rounded >= size && rounded <= sizeof small_arena - small_arena_used) {
    small_arena_used += rounded;
    return small_arena + small_arena_used - rounded;
  }
  const outcome r = sys::raw::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return failed(r) ? nullptr : reinterpret_cast<std::byte*>(r);
}

// ---- talking to the runtime ------------------------------------------------------------------------------------

/// The report and its detail by write(2). That is the one call that runc's init needs behind the filter to speak to its
/// runtime, and no call that a profile can have an agent answer; sendmsg(2) may be refused, or wait for the agent.
[[nodiscard]] outcome write_report(const machine& m, const wire::report& what, std::string_view detail) noexcept {
  char bytes[sizeof what + wire::longest_detail];
  const std::size_t size = detail.size() < wire::longest_detail ? detail.size() : wire::longest_detail;
  std::memcpy(bytes, &what, sizeof what);
  std::memcpy(bytes + sizeof what, detail.data(), size);
  return sys::raw::write(m.runtime, bytes, sizeof what + size);
}

[[nodiscard]] outcome send_report(machine& m, const wire::report& what, std::string_view detail) noexcept {
  if (m.filtered) return write_report(m, what, detail);
  struct ::iovec parts[2] = {{const_cast<wire::report*>(&what), sizeof what},
                             {const_cast<char*>(detail.data()), detail.size()}};
  struct ::msghdr message {};
  message.msg_iov = parts;
  message.msg_iovlen = detail.empty() ? 1 : 2;
  alignas(struct ::cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (m.terminal_master >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct ::cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &m.terminal_master, sizeof(int));
  }
  const outcome r = sys::raw::sendmsg(m.runtime, message, MSG_NOSIGNAL);
  if (!failed(r) && m.terminal_master >= 0) {
    (void)sys::raw::close(m.terminal_master);
    m.terminal_master = -1;
  }
  return r;
}

/// For the trace. Behind a filter there is none, lest it ends the init for asking the time.
void tell_time(const machine& m, std::uint32_t step) noexcept {
  if (!m.traces || m.filtered) return;
  struct ::timespec now {};
  (void)sys::raw::call(SYS_clock_gettime, CLOCK_REALTIME, &now);
  const wire::report what{wire::report_kind::taken, step, 0, 0, 0, -1, 0, now.tv_sec * 1'000'000'000 + now.tv_nsec};
  (void)sys::raw::sendto(m.runtime, &what, sizeof what, MSG_NOSIGNAL);
}

/// Blocks for the runtime's word; a runtime that is gone ends the container before it began.
[[nodiscard]] outcome await_word(int from) noexcept {
  char word = 0;
  outcome r = -EINTR;
  while (r == -EINTR) r = sys::raw::read(from, &word, 1);
  return failed(r) ? r : r == 1 ? 0 : -EPIPE;
}

[[nodiscard]] outcome report_and_wait(machine& m, wire::report_kind kind, int wait_on) noexcept {
  const outcome r = send_report(m, {kind, m.current_step, 0, 0, 0}, {});
  return failed(r) ? r : await_word(wait_on);
}

// ---- one function per kind of step that needs more than itself ----------------------------------------------------

[[nodiscard]] outcome host_procfs(machine& m) noexcept {
  if (m.procfs >= 0) return m.procfs;
  const outcome fd = sys::raw::open_procfs();
  if (!failed(fd)) m.procfs = static_cast<int>(fd);
  return fd;
}

template <class Step>
concept alone = requires(const Step& s) {
  execute(s);
};
template <class Step>
concept in_tree = requires(const Step& s, mounts::workspace& w) {
  mounts::execute(s, w);
};
template <class Step>
concept on_procfs = requires(const Step& s) {
  execute(s, 0);
}
&&!std::is_same_v<Step, namespaces::join>;

template <alone Step>
outcome take(const Step& s, machine&) noexcept {
  return execute(s);
}
template <in_tree Step>
outcome take(const Step& s, machine& m) noexcept {
  return mounts::execute(s, m.tree);
}
template <on_procfs Step>
outcome take(const Step& s, machine& m) noexcept {
  const outcome procfs = host_procfs(m);
  return failed(procfs) ? procfs : execute(s, static_cast<int>(procfs));
}
outcome take(const namespaces::join& s, machine& m) noexcept {
  if (s.slot >= m.slot_count) return -EBADF;
  const outcome procfs = host_procfs(m);
  return failed(procfs) ? procfs : namespaces::execute(s, m.tree.slots[s.slot], static_cast<int>(procfs));
}
outcome take(const container::use_procfs& s, machine& m) noexcept {
  if (s.slot >= m.slot_count) return -EBADF;
  return m.procfs = m.tree.slots[s.slot];
}
outcome take(const process::change_directory& s, machine& m) noexcept {
  return process::execute(s, m.entered_directory);
}
outcome take(const process::find_program& s, machine& m) noexcept { return process::execute(s, m.program); }
outcome take(const process::find_home& s, machine& m) noexcept {
  m.has_home = true;
  return process::execute(s, m.home);
}

outcome take(const process::open_terminal& s, machine& m) noexcept {
  process::terminal made;
  outcome root = m.tree.root;
  if (root < 0) root = sys::raw::openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
  if (failed(root)) return root;
  const outcome r = process::execute(s, static_cast<int>(root), made);
  m.terminal_master = made.master;
  m.tree.terminal = made.slave;
  return r;
}

outcome take(const process::close_descriptors& s, machine& m) noexcept {
  const int kept[] = {m.runtime, m.start_fifo, m.terminal_master, m.files.output, m.files.errors};
  return process::execute(s, kept);
}

/// The init's pid as the runtime sees it, from the host's /proc; learned while that is still in view.
[[nodiscard]] outcome learn_pid(machine& m) noexcept {
  if (m.pid_size != 0) return 0;
  const outcome procfs = host_procfs(m);
  if (failed(procfs)) return procfs;
  const outcome r = sys::raw::readlinkat(static_cast<int>(procfs), "self", m.pid_in_host, sizeof m.pid_in_host);
  if (!failed(r)) m.pid_size = static_cast<std::size_t>(r);
  return r;
}

/// A null-terminated array of pointers into `list`, and `last` behind it when that is not null.
[[nodiscard]] char** pointers(std::span<const zstring_view> list, const char* last = nullptr) noexcept {
  std::byte* room = memory((list.size() + 2) * sizeof(char*));
  auto** out = reinterpret_cast<char**>(room);
  if (out == nullptr) return nullptr;
  std::size_t count = 0;
  for (const zstring_view text : list) out[count++] = const_cast<char*>(text.c_str());
  if (last != nullptr) out[count++] = const_cast<char*>(last);
  out[count] = nullptr;
  return out;
}

outcome take(const container::execute_hook& s, machine& m) noexcept {
  m.tree.last_parent_fd = -1;  // a hook may mount what it likes
  outcome r = learn_pid(m);
  if (!failed(r) && !m.started) r = sys::raw::fchdir(m.tree.root);  // of createContainer: where runc's find themselves
  if (failed(r)) return r;
  const bool inherits = s.inherits_environment;
  char** arguments = pointers(s.arguments);
  char** environment = pointers(s.environment, inherits && m.has_home ? m.home.text : nullptr);
  if (arguments == nullptr || environment == nullptr) return -ENOMEM;
  return execute(s, arguments, environment, {m.pid_in_host, m.pid_size}, m.files, m.hook);
}

/// For what was inherited; at once, while no filter can forbid it.
void close_on_execution(int fd) noexcept {
  if (fd >= 0) (void)sys::raw::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/// Behind it others may look on: of the host's /proc nothing stays open.
outcome take(const container::arrive& s, machine& m) noexcept {
  (void)sys::raw::prctl(PR_SET_DUMPABLE, 0);
  for (const std::uint64_t one : s.joins) {
    const auto fd = static_cast<int>(one >> 32U);
    const outcome r = sys::raw::setns(fd, static_cast<int>(one & 0xfffffffe));
    if (failed(r) && (one & container::arrive::join_if_allowed) == 0) return r;
    close_on_execution(fd);
  }
  if (m.procfs >= 0) (void)sys::raw::close(m.procfs);
  m.procfs = -1;
  const outcome child = sys::raw::call(SYS_clone, s.flags | CLONE_PARENT, 0, 0, 0, 0);
  if (failed(child)) return child;
  if (child != 0) {
    const wire::report arrived{wire::report_kind::arrived, m.current_step, 0, 0, 0, -1, static_cast<int>(child)};
    sys::raw::exit_group(failed(send_report(m, arrived, {})) ? 1 : 0);
  }
  outcome r = await_word(m.runtime);
  if (!failed(r) && s.becomes_root) r = sys::raw::setresgid(0, 0, 0);
  if (!failed(r) && s.becomes_root) r = sys::raw::setresuid(0, 0, 0);
  return r;
}

outcome take(const container::learn_pid&, machine& m) noexcept { return learn_pid(m); }

outcome take(const container::hand_over& s, machine& m) noexcept {
  if (s.offers) {
    if (s.slot >= m.slot_count) return -EBADF;
    const outcome copy = sys::raw::fcntl(m.tree.slots[s.slot], F_DUPFD_CLOEXEC, 3);
    if (failed(copy)) return copy;
    m.terminal_master = static_cast<int>(copy);  // there is no terminal yet
  }
  return report_and_wait(m, wire::report_kind::reached, m.runtime);
}

void end_by_signal(int number) noexcept { sys::raw::exit_group(128 + number); }

/// Lets the signals that ask a process to end do so. The first process of a pid namespace gets none from within or
/// without for which it has no handler. Their disposition and mask end with the execution of the program.
outcome listen_to_signals() noexcept {
  struct {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(int);
    std::uint64_t mask;
  } const action = {end_by_signal, 0x04000000 /* SA_RESTORER, never returned to */, end_by_signal, 0};
  std::uint64_t listened = 0;
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    const outcome r = sys::raw::rt_sigaction(signal, &action, nullptr);
    if (failed(r)) return r;
    listened |= std::uint64_t{1} << (signal - 1);
  }
  return sys::raw::rt_sigprocmask(SIG_UNBLOCK, &listened, nullptr);
}

outcome take(const container::await_start& s, machine& m) noexcept {
  if (!s.by_runtime) {
    if (const outcome r = listen_to_signals(); failed(r)) return r;
    m.traces = false;  // nobody will listen
  }
  const outcome r = report_and_wait(m, wire::report_kind::created, s.by_runtime ? m.runtime : m.start_fifo);
  m.started = !failed(r);
  return r;
}

/// The terminal goes to the runtime before: only sendmsg(2) carries a descriptor. A notify descriptor the runtime
/// fetches itself; the init waits until the agent has it.
outcome take(const seccomp::load_filter& s, machine& m) noexcept {
  if (m.terminal_master >= 0) {
    const outcome r = send_report(m, {wire::report_kind::terminal, m.current_step, 0, 0, 0}, {});
    if (failed(r)) return r;
  }
  const outcome listener = seccomp::execute(s);
  if (failed(listener)) return listener;
  m.filtered = true;
  if (!s.notify) return 0;
  // While the agent has no descriptor, a call that it is to answer waits; read(2) may be one.
  outcome r = send_report(m, {wire::report_kind::reached, m.current_step, 0, 0, 0, static_cast<int>(listener)}, {});
  if (!failed(r)) r = await_word(m.runtime);
  (void)sys::raw::close(static_cast<int>(listener));  // or the death of the agent would end no call
  return r;
}

outcome take(const process::execute_program& s, machine& m) noexcept {
  const std::uint64_t no_signals = 0;
  char** arguments = pointers(s.arguments);
  char** environment = pointers(s.environment, s.add_home ? m.home.text : nullptr);
  if (arguments == nullptr || environment == nullptr) return -ENOMEM;
  (void)sys::raw::rt_sigprocmask(SIG_SETMASK, &no_signals, nullptr);
  return process::execute(m.program, arguments, environment);
}

template <class Step>
concept takeable = requires(const Step& s, machine& m) {
  take(s, m);
};

// ---- failures ---------------------------------------------------------------------------------------------------

/// A signal as the runtime names it, for those that end hooks.
template <class Text>
void add_signal(Text& out, int signal) noexcept {
  out << "signal: ";
  switch (signal) {
    case SIGSYS:
      out << "bad system call";
      break;
    case SIGKILL:
      out << "killed";
      break;
    case SIGSEGV:
      out << "segmentation fault";
      break;
    case SIGTERM:
      out << "terminated";
      break;
    default:
      out << static_cast<std::uint64_t>(signal);
  }
}

/// After the start nobody listens but whoever reads the container's stderr.
void tell_on_stderr(machine& m, int code, bool executing, std::string_view step, std::string_view hook_kind,
                    std::uint32_t hook_index) noexcept {
  bounded_text<4096> line;
  const auto add_errno = [&] {
    if (errno_words(code).empty()) line << "errno " << static_cast<std::uint64_t>(code);
    line << errno_words(code);
  };
  if (executing) {
    line << "exec " << std::string_view{m.program.text} << ": ";
    add_errno();
    // A terminal gets runc's line to the letter, which its users compare with.
    if (m.tree.terminal < 0 && (code == ENOENT || code == ENOEXEC || code == EACCES)) add_culprit(line, m.program.text);
  } else if (!hook_kind.empty()) {
    line << "error running " << hook_kind << " hook #" << hook_index << ": ";
    if (code == ETIMEDOUT)
      line << "hook ran past specified timeout";
    else if (code != ECANCELED)
      line << errno_words(code);
    else if ((m.hook.wait_status & 0x7f) != 0)
      add_signal(line, m.hook.wait_status & 0x7f);
    else
      line << "exit status " << static_cast<std::uint64_t>(m.hook.wait_status >> 8 & 0xff);
    line << ", " << m.hook.output.view();
  } else {
    line << "starting the container failed: ";
    if (step.empty()) line << "step " << m.current_step;
    line << step << ": ";
    add_errno();
  }
  line << "\n";
  (void)sys::raw::write(2, line.data(), line.size());
}

/// The name of a step that may fail behind the start. The others' names would only make the init larger.
template <class Step>
constexpr std::string_view name_behind_start =
    std::is_same_v<Step, seccomp::load_filter> ? Step::name : std::string_view{};

template <class Step>
[[noreturn]] void fail(const Step& s, machine& m, int code) noexcept {
  if (m.started) {
    constexpr bool executing = std::is_same_v<Step, process::execute_program>;
    if constexpr (std::is_same_v<Step, container::execute_hook>) {
      tell_on_stderr(m, code, executing, {}, s.kind, s.index);
    } else {
      tell_on_stderr(m, code, executing, name_behind_start<Step>, {}, 0);
    }
    sys::raw::exit_group(255);
  }
  constexpr bool hook = std::is_same_v<Step, container::execute_hook>;
  const std::string_view detail = hook ? m.hook.output.view() : the_culprit.view();
  const wire::report what{wire::report_kind::failed, m.current_step, code,
                          static_cast<std::uint32_t>(m.hook.wait_status), static_cast<std::uint32_t>(detail.size())};
  (void)send_report(m, what, detail);
  sys::raw::exit_group(1);
}

// ---- reading and dispatch ---------------------------------------------------------------------------------------

template <class Step>
[[nodiscard]] bool run(wire::reader& from, machine& m) noexcept {
  if constexpr (takeable<Step>) {
    Step s{};
    from.read(s);
    if (!from.ok()) return false;
    const outcome r = take(s, m);
    if (failed(r)) fail(s, m, sys::raw::errno_of(r));
    return true;
  } else {
    return false;
  }
}

template <std::size_t... Kind>
[[nodiscard]] bool dispatch(std::uint32_t kind, wire::reader& from, machine& m, std::index_sequence<Kind...>) noexcept {
  bool done = false;
  (void)((kind == Kind && (done = run<std::variant_alternative_t<Kind, container::step>>(from, m), true)) || ...);
  return done;
}

/// Also for a program that turns out to be this one: an image may name /proc/self/exe, and nobody listens then.
[[noreturn]] void refuse_plan(machine& m) noexcept {
  constexpr std::string_view line = "ocirun:[init]: there is no plan to follow; is the program /proc/self/exe?\n";
  if (failed(send_report(m, {wire::report_kind::failed, m.current_step, EBADMSG, 0, 0}, {})))
    (void)sys::raw::write(2, line.data(), line.size());
  sys::raw::exit_group(1);
}

struct plan_bytes {
  const std::byte* data = nullptr;
  std::size_t size = 0;
};

/// The number at `text`, which is moved behind it and a comma.
[[nodiscard]] int next_number(const char*& text) noexcept {
  int value = 0;
  for (; *text >= '0' && *text <= '9' && value < 100'000'000; ++text) value = value * 10 + (*text - '0');
  if (*text == ',') ++text;
  return value;
}

[[nodiscard]] int number(const char* text) noexcept { return next_number(text); }

/// `location` is `FD,OFFSET,SIZE`, in a file that nobody can change.
[[nodiscard]] plan_bytes map_plan(const char* location) noexcept {
  const int fd = next_number(location);
  const int offset = next_number(location);
  const auto size = static_cast<std::size_t>(next_number(location));
  if (size < sizeof(wire::header) || size > wire::largest_plan) return {};
  const outcome at = sys::raw::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, offset);
  (void)sys::raw::close(fd);
  return failed(at) ? plan_bytes{} : plan_bytes{reinterpret_cast<const std::byte*>(at), size};
}

void take_all(plan_bytes plan, machine& m) noexcept {
  wire::header head{};
  wire::reader front{plan.data, plan.size, nullptr, 0};
  front.read_pod(head);
  if (head.magic != wire::magic || head.version != wire::version || head.size != plan.size) refuse_plan(m);
  if (head.arrives == 0) (void)sys::raw::prctl(PR_SET_DUMPABLE, 0);
  m.traces = head.traces != 0;
  tell_time(m, wire::no_step);
  const std::size_t slots_size = std::size_t{head.slot_count} * sizeof(int);
  if (slots_size > plan.size - sizeof head) refuse_plan(m);
  static_assert(sizeof(int) == 4);
  if (head.slot_count != 0) {
    m.tree.slots = reinterpret_cast<int*>(memory(slots_size));
    if (m.tree.slots == nullptr) refuse_plan(m);
    std::memcpy(m.tree.slots, plan.data + sizeof head, slots_size);
    m.slot_count = head.slot_count;
    m.files = {head.hook_output, head.hook_errors};
    for (std::uint32_t i = 0; i < head.slot_count; ++i) close_on_execution(m.tree.slots[i]);
  }
  std::byte* scratch = small_scratch;
  std::size_t scratch_size = sizeof small_scratch;
  if (head.scratch > scratch_size) {
    scratch = memory(head.scratch);
    scratch_size = head.scratch;
    if (scratch == nullptr) refuse_plan(m);
  }
  std::size_t at = sizeof head + slots_size;
  for (std::uint32_t i = 0; i < head.step_count; ++i) {
    wire::step_header step{};
    wire::reader header_reader{plan.data + at, plan.size - at, nullptr, 0};
    header_reader.read_pod(step);
    at += sizeof step;
    if (!header_reader.ok() || step.size > plan.size - at) refuse_plan(m);
    m.current_step = step.index;
    wire::reader reader{plan.data + at, step.size, scratch, scratch_size};
    if (!dispatch(step.kind, reader, m, std::make_index_sequence<std::variant_size_v<container::step>>{}))
      refuse_plan(m);
    tell_time(m, step.index);
    at += step.size;
  }
}

}  // namespace

void interpret(int count, const char* const* arguments) noexcept {
  machine m;
  m.tree.culprit = &the_culprit;
  (void)sys::raw::umask(0);
  // Engines ignore it (conmon does), and that would pass to the container's program, which wants it for its pipes.
  detail::set_sigpipe(SIG_DFL);
  if (count < 3) refuse_plan(m);
  m.runtime = number(arguments[2]);
  if (count > 3) m.start_fifo = number(arguments[3]);
  // Closed by the execution: whoever holds the other end sees when the program runs.
  close_on_execution(m.start_fifo);
  close_on_execution(m.runtime);
  const plan_bytes plan = map_plan(arguments[1]);
  if (plan.data == nullptr) refuse_plan(m);
  take_all(plan, m);
  sys::raw::exit_group(1);  // a plan ends in execve
}

}  // namespace ocikit::init
