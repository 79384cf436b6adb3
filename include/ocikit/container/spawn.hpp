// SPDX-License-Identifier: Apache-2.0
//
// The birth of the init. Its process is made vfork-like: it borrows this process's memory until it executes the init,
// so no page table is copied, and it is born straight into its cgroup where that can be. Between clone3(2) and
// execveat(2) it makes raw system calls and nothing else.
// See: clone(2), vfork(2), setns(2), execveat(2), cgroups(7).
#pragma once

#include <linux/sched.h>
#include <sched.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// A namespace, or with a pidfd all of a process's, to be joined before the init is born: setns(2)'s arguments.
struct namespace_to_join {
  int fd = -1;
  std::uint64_t types = 0;
  bool if_allowed = false;  ///< one that cannot be joined yet is left for the init
};

/// How the init is to be born. Descriptors are borrowed; the lists are its own, because with a gate the child reads
/// them when its parent has long gone on.
struct birth {
  int executable = -1;                     ///< of the init
  std::array<const char*, 5> arguments{};  ///< null-terminated
  std::uint64_t namespaces = 0;            ///< CLONE_NEW* for clone3(2)
  std::vector<namespace_to_join> joins;    ///< in this order
  int cgroup = -1;                         ///< for CLONE_INTO_CGROUP
  std::vector<int> cgroup_procs;           ///< cgroup.procs files that the child writes itself into
  std::vector<int> inherited;              ///< kept open across execve(2)
  std::array<int, 3> streams{-1, -1, -1};  ///< become the standard streams; -1: inherited
  int gate = -1;                           ///< read before the init is executed: the id maps are written then
  bool becomes_root = false;               ///< of its user namespace
};

namespace detail {

/// What the child reports through the memory that it shares. `step` names the call that failed.
struct birth_failure {
  const char* step = nullptr;
  int error = 0;
};

inline constexpr std::size_t birth_stack_size = 32768;
struct alignas(16) birth_stack {
  std::byte bytes[birth_stack_size];
};

struct birth_context {
  const birth* wanted;
  birth_failure failure;
  birth_stack* inner_stack;  ///< for the child of a joiner
  struct ::clone_args inner_args;
};

#if defined(__x86_64__)
/// clone3(2) whose child calls `entry(argument)` on its own stack and never returns.
inline sys::raw::outcome clone3_call(struct ::clone_args& args, void (*entry)(void*), void* argument) noexcept {
  sys::raw::outcome result = SYS_clone3;
  register void (*fn)(void*) __asm__("r12") = entry;
  register void* fn_argument __asm__("r13") = argument;
  __asm__ volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%r13, %%rdi\n\t"
      "call *%%r12\n\t"
      "hlt\n\t"
      "1:"
      : "+a"(result)
      : "D"(&args), "S"(sizeof args), "r"(fn), "r"(fn_argument)
      : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline sys::raw::outcome clone3_call(struct ::clone_args& args, void (*entry)(void*), void* argument) noexcept {
  register long x8 __asm__("x8") = SYS_clone3;
  register long x0 __asm__("x0") = reinterpret_cast<long>(&args);
  register long x1 __asm__("x1") = sizeof args;
  register void (*x19)(void*) __asm__("x19") = entry;
  register void* x20 __asm__("x20") = argument;
  __asm__ volatile("svc 0\n\tcbnz x0, 1f\n\tmov x29, #0\n\tmov x0, x20\n\tblr x19\n\tbrk #1\n\t1:"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x19), "r"(x20)
                   : "memory");
  return x0;
}
#endif

#define OCIKIT_IN_CHILD __attribute__((no_sanitize("address", "undefined")))

[[noreturn]] OCIKIT_IN_CHILD inline void give_up(birth_context& context, const char* step,
                                                 sys::raw::outcome r) noexcept {
  context.failure.error = sys::raw::errno_of(r);
  context.failure.step = step;
  sys::raw::exit_group(1);
}

/// In the new process: enter the cgroup, become root, execute the init.
OCIKIT_IN_CHILD inline void become_init(void* argument) noexcept {
  auto& context = *static_cast<birth_context*>(argument);
  const birth& wanted = *context.wanted;
  for (const int procs : wanted.cgroup_procs) {
    const auto r = sys::raw::write(procs, "0", 1);
    if (sys::raw::failed(r)) give_up(context, "join the cgroup", r);
  }
  if (wanted.gate >= 0) {
    char word = 0;
    sys::raw::outcome r = -EINTR;
    while (r == -EINTR) r = sys::raw::read(wanted.gate, &word, 1);
    if (r != 1) give_up(context, "wait for the id maps", r == 0 ? -EPIPE : r);
  }
  if (wanted.becomes_root) {
    auto r = sys::raw::setresgid(0, 0, 0);
    if (!sys::raw::failed(r)) r = sys::raw::setresuid(0, 0, 0);
    if (sys::raw::failed(r)) give_up(context, "become root of the user namespace", r);
  }
  for (int stream = 0; stream < 3; ++stream)
    if (const int from = wanted.streams[static_cast<std::size_t>(stream)]; from >= 0)
      (void)sys::raw::dup3(from, stream, 0);
  for (const int fd : wanted.inherited)
    if (fd >= 0) (void)sys::raw::fcntl(fd, F_SETFD, 0);
  char* no_environment[] = {nullptr};
  auto* arguments = const_cast<char* const*>(wanted.arguments.data());
  give_up(context, "execute the init",
          sys::raw::execveat(wanted.executable, "", arguments, no_environment, AT_EMPTY_PATH));
}

/// In a process between runtime and init: join namespaces, then bear the init as a sibling of its own.
OCIKIT_IN_CHILD inline void join_and_bear(void* argument) noexcept {
  auto& context = *static_cast<birth_context*>(argument);
  for (const namespace_to_join& one : context.wanted->joins) {
    const auto r = sys::raw::setns(one.fd, static_cast<int>(one.types));
    if (sys::raw::failed(r) && !one.if_allowed) give_up(context, "join the namespaces", r);
  }
  const auto r = clone3_call(context.inner_args, &become_init, &context);
  if (sys::raw::failed(r)) give_up(context, "clone3 the init", r);
  sys::raw::exit_group(0);
}

inline void set_stack(struct ::clone_args& args, birth_stack& stack) noexcept {
  args.stack = reinterpret_cast<__u64>(stack.bytes);
  args.stack_size = sizeof stack.bytes;
}

}  // namespace detail

/// A process on its way to become the init. With a gate it still waits there, using memory of this object.
struct newborn {
  pid_t pid = -1;
  unique_fd pidfd;
  std::unique_ptr<detail::birth_context> context;
  std::unique_ptr<detail::birth_stack> stack, inner_stack;
  std::unique_ptr<birth> wanted;

  /// Why it never became the init, once its socket has been closed; nothing when it did.
  [[nodiscard]] const detail::birth_failure& failure() const noexcept { return context->failure; }
};

/// Bears the init. It is a child of this process, whatever namespaces it joins on the way; without a gate it executes
/// the init before this returns. Errors: system, naming the step that failed.
/// Since: Linux 5.7 (clone3 with CLONE_INTO_CGROUP, setns with a pidfd: 5.8).
[[nodiscard]] inline result<newborn> spawn(birth wanted) {
  newborn out;
  out.wanted = std::make_unique<birth>(std::move(wanted));
  out.context = std::make_unique<detail::birth_context>();
  out.stack = std::make_unique_for_overwrite<detail::birth_stack>();
  const birth& w = *out.wanted;
  out.context->wanted = &w;

  int pidfd = -1;
  int pid = -1;
  struct ::clone_args args {};
  args.flags = CLONE_VM | CLONE_PIDFD | CLONE_PARENT_SETTID | w.namespaces;
  if (w.gate < 0) args.flags |= CLONE_VFORK;
  if (w.cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<__u64>(w.cgroup);
  }
  args.pidfd = reinterpret_cast<__u64>(&pidfd);
  args.parent_tid = reinterpret_cast<__u64>(&pid);
  detail::set_stack(args, *out.stack);

  sys::raw::outcome r = 0;
  if (w.joins.empty()) {
    args.exit_signal = SIGCHLD;
    r = detail::clone3_call(args, &detail::become_init, out.context.get());
  } else {
    out.inner_stack = std::make_unique_for_overwrite<detail::birth_stack>();
    detail::set_stack(args, *out.inner_stack);
    args.flags |= CLONE_PARENT;  // a child of ours, not of the joiner; it takes over the joiner's exit signal
    out.context->inner_args = args;
    struct ::clone_args joiner {};
    joiner.flags = CLONE_VM | CLONE_VFORK | CLONE_FILES;  // the pidfd shall be in our table
    joiner.exit_signal = SIGCHLD;
    detail::set_stack(joiner, *out.stack);
    r = detail::clone3_call(joiner, &detail::join_and_bear, out.context.get());
    if (!sys::raw::failed(r)) {
      int status = 0;
      while (sys::raw::wait4(static_cast<pid_t>(r), &status, __WALL) == -EINTR) {
      }
    }
  }
  if (sys::raw::failed(r)) return tl::unexpected(error::from_errno(sys::raw::errno_of(r), "clone3"));
  out.pid = pid;
  if (pidfd >= 0) out.pidfd = unique_fd{adopt_fd, pidfd};
  if (const auto& failed = out.context->failure; failed.step != nullptr) {
    if (pid > 0) {
      int status = 0;
      while (sys::raw::wait4(pid, &status, __WALL) == -EINTR) {
      }
    }
    return tl::unexpected(error::from_errno(failed.error, failed.step));
  }
  return out;
}

}  // namespace ocikit::container
