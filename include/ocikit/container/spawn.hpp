// SPDX-License-Identifier: Apache-2.0
//
// The birth of the init. Its process is made vfork-like: it borrows this process's memory until it executes the init,
// so no page table is copied, and it is born straight into its cgroup where that can be. Between clone3(2) and
// execveat(2) it makes raw system calls and nothing else.
//
// While it borrows, nobody in a container may see it: whoever may trace it, with CAP_SYS_PTRACE, would have the
// runtime's memory. So it is born into new namespaces only; those of others it joins as the init, see `arrive`.
// (CVE-2016-9962)
//
// See: clone(2), vfork(2), execveat(2), cgroups(7).
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

/// How the init is to be born. Descriptors are borrowed; the lists are its own, because with a gate the child reads
/// them when its parent has long gone on.
struct birth {
  int executable = -1;                     ///< of the init
  std::array<const char*, 5> arguments{};  ///< null-terminated
  std::uint64_t namespaces = 0;            ///< CLONE_NEW* for clone3(2)
  int cgroup = -1;                         ///< for CLONE_INTO_CGROUP
  std::vector<int> cgroup_procs;           ///< cgroup.procs files that the child writes itself into
  std::vector<int> inherited;              ///< kept open across execve(2)
  std::array<int, 3> streams{-1, -1, -1};  ///< become the standard streams; -1: inherited
  int gate = -1;                           ///< read before the init is executed: the id maps are written then
  int gate_writer = -1;                    ///< its other end, which the child closes, lest it waits for itself
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
    if (wanted.gate_writer >= 0) (void)sys::raw::close(wanted.gate_writer);
    char word = 0;
    sys::raw::outcome r = -EINTR;
    while (r == -EINTR) r = sys::raw::read(wanted.gate, &word, 1);
    if (r != 1) give_up(context, "wait for the runtime", r == 0 ? -EPIPE : r);
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
  std::unique_ptr<detail::birth_stack> stack;
  std::unique_ptr<birth> wanted;

  /// Why it never became the init, once its socket has been closed; nothing when it did.
  [[nodiscard]] const detail::birth_failure& failure() const noexcept { return context->failure; }
};

/// Bears the init, a child of this process; without a gate it executes the init before this returns.
/// Errors: system, naming the step that failed. Since: Linux 5.7 (clone3 with CLONE_INTO_CGROUP).
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

  args.exit_signal = SIGCHLD;
  const auto r = detail::clone3_call(args, &detail::become_init, out.context.get());
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
