// SPDX-License-Identifier: Apache-2.0
//
// The lower storey: one function per system call, under its man-page name. Each returns what the kernel returned: a
// value, or a negative errno. Nothing here allocates, retries, decides, touches errno or needs a C library, so the
// container's init is built from it. Descriptors are bare ints here, and only here.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include <cstddef>
#include <cstdint>

#include <ocikit/sys/mount_abi.hpp>

namespace ocikit::sys::raw {

/// A value, or a negative errno.
using outcome = long;

/// True when `r` is a negative errno.
[[nodiscard]] constexpr bool failed(outcome r) noexcept { return r < 0 && r > -4096; }
/// The errno in a failed outcome, 0 in a successful one.
[[nodiscard]] constexpr int errno_of(outcome r) noexcept { return failed(r) ? static_cast<int>(-r) : 0; }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
/// An argument as the register holds it.
template <class T>
[[nodiscard]] inline long reg(T argument) noexcept {
  return (long)argument;  // the one cast that takes integers and pointers alike
}
#pragma GCC diagnostic pop

#if defined(__x86_64__)
inline outcome call6(long nr, long a, long b, long c, long d, long e, long f) noexcept {
  long result = nr;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline outcome call6(long nr, long a, long b, long c, long d, long e, long f) noexcept {
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "ocikit: this architecture's system call instruction is not known yet; add it here"
#endif

/// syscall(2): call `nr` with up to six integers or pointers.
template <class... Args>
inline outcome call(long nr, Args... args) noexcept {
  static_assert(sizeof...(Args) <= 6);
  const long words[6] = {reg(args)...};
  return call6(nr, words[0], words[1], words[2], words[3], words[4], words[5]);
}

// --- descriptors and paths

inline outcome openat(int dir, const char* path, int flags, mode_t mode = 0) noexcept {
  return call(SYS_openat, dir, path, flags | O_CLOEXEC, mode);
}
inline outcome openat2(int dir, const char* path, const open_how& how) noexcept {
  return call(SYS_openat2, dir, path, &how, sizeof how);
}
inline outcome close(int fd) noexcept { return call(SYS_close, fd); }
inline outcome close_range(unsigned first, unsigned last, unsigned flags) noexcept {
  return call(SYS_close_range, first, last, flags);
}
inline outcome dup3(int from, int to, int flags) noexcept { return call(SYS_dup3, from, to, flags); }
inline outcome fcntl(int fd, int command, long argument) noexcept { return call(SYS_fcntl, fd, command, argument); }
inline outcome read(int fd, void* to, std::size_t size) noexcept { return call(SYS_read, fd, to, size); }
inline outcome pread(int fd, void* to, std::size_t size, long offset) noexcept {
  return call(SYS_pread64, fd, to, size, offset);
}
inline outcome write(int fd, const void* from, std::size_t size) noexcept { return call(SYS_write, fd, from, size); }
inline outcome writev(int fd, const struct ::iovec* parts, int count) noexcept {
  return call(SYS_writev, fd, parts, count);
}
inline outcome lseek(int fd, long offset, int whence) noexcept { return call(SYS_lseek, fd, offset, whence); }
/// From the offset `*at` of `from`, which is advanced, to the position of `to`; 0: there is no more.
inline outcome sendfile(int to, int from, long& at, std::size_t size) noexcept {
  return call(SYS_sendfile, to, from, &at, size);
}
inline outcome getdents64(int dir, void* to, std::size_t size) noexcept { return call(SYS_getdents64, dir, to, size); }
inline outcome mkdirat(int dir, const char* name, mode_t mode) noexcept { return call(SYS_mkdirat, dir, name, mode); }
inline outcome mknodat(int dir, const char* name, mode_t mode, dev_t device) noexcept {
  return call(SYS_mknodat, dir, name, mode, device);
}
inline outcome symlinkat(const char* target, int dir, const char* name) noexcept {
  return call(SYS_symlinkat, target, dir, name);
}
inline outcome unlinkat(int dir, const char* name, int flags) noexcept { return call(SYS_unlinkat, dir, name, flags); }
inline outcome readlinkat(int dir, const char* name, char* to, std::size_t size) noexcept {
  return call(SYS_readlinkat, dir, name, to, size);
}
inline outcome fchmod(int fd, mode_t mode) noexcept { return call(SYS_fchmod, fd, mode); }
inline outcome fchmodat(int dir, const char* name, mode_t mode) noexcept { return call(SYS_fchmodat, dir, name, mode); }
inline outcome fchown(int fd, uid_t uid, gid_t gid) noexcept { return call(SYS_fchown, fd, uid, gid); }
inline outcome fchownat(int dir, const char* name, uid_t uid, gid_t gid, int flags) noexcept {
  return call(SYS_fchownat, dir, name, uid, gid, flags);
}
inline outcome fsetxattr(int fd, const char* name, const void* value, std::size_t size) noexcept {
  return call(SYS_fsetxattr, fd, name, value, size, 0);
}
/// For the real user and group.
inline outcome faccessat(int dir, const char* name, int mode) noexcept { return call(SYS_faccessat, dir, name, mode); }
inline outcome faccessat2(int dir, const char* name, int mode, int flags) noexcept {
  return call(SYS_faccessat2, dir, name, mode, flags);
}
inline outcome statx(int dir, const char* name, int flags, unsigned mask, struct ::statx& to) noexcept {
  return call(SYS_statx, dir, name, flags, mask, &to);
}
inline outcome fstatfs(int fd, struct ::statfs& to) noexcept { return call(SYS_fstatfs, fd, &to); }
inline outcome fchdir(int dir) noexcept { return call(SYS_fchdir, dir); }
inline outcome chdir(const char* path) noexcept { return call(SYS_chdir, path); }
inline outcome getcwd(char* to, std::size_t size) noexcept { return call(SYS_getcwd, to, size); }
inline outcome ioctl(int fd, unsigned long request, long argument) noexcept {
  return call(SYS_ioctl, fd, request, argument);
}
inline outcome umask(mode_t mask) noexcept { return call(SYS_umask, mask); }
inline outcome memfd_create(const char* name, unsigned flags) noexcept { return call(SYS_memfd_create, name, flags); }
inline outcome ftruncate(int fd, long size) noexcept { return call(SYS_ftruncate, fd, size); }
inline outcome mmap(void* at, std::size_t size, int protection, int flags, int fd, long offset) noexcept {
  return call(SYS_mmap, at, size, protection, flags, fd, offset);
}
inline outcome munmap(void* at, std::size_t size) noexcept { return call(SYS_munmap, at, size); }

// --- mounts

inline outcome mount(const char* source, const char* target, const char* type, unsigned long flags,
                     const char* data) noexcept {
  return call(SYS_mount, source, target, type, flags, data);
}
inline outcome umount2(const char* target, int flags) noexcept { return call(SYS_umount2, target, flags); }
inline outcome pivot_root(const char* new_root, const char* put_old) noexcept {
  return call(SYS_pivot_root, new_root, put_old);
}
inline outcome chroot(const char* path) noexcept { return call(SYS_chroot, path); }
inline outcome open_tree(int dir, const char* path, unsigned flags) noexcept {
  return call(SYS_open_tree, dir, path, flags);
}
inline outcome move_mount(int from_dir, const char* from, int to_dir, const char* to, unsigned flags) noexcept {
  return call(SYS_move_mount, from_dir, from, to_dir, to, flags);
}
inline outcome mount_setattr(int dir, const char* path, unsigned flags, const mount_attributes& attributes) noexcept {
  return call(SYS_mount_setattr, dir, path, flags, &attributes, sizeof attributes);
}
/// open_tree(2) and mount_setattr(2) in one. Since: Linux 6.15.
inline outcome open_tree_attr(int dir, const char* path, unsigned flags, const mount_attributes& attributes) noexcept {
  constexpr long number = 467;  // on every architecture; not in the headers of older kernels
  return call(number, dir, path, flags, &attributes, sizeof attributes);
}
inline outcome fsopen(const char* type, unsigned flags) noexcept { return call(SYS_fsopen, type, flags); }
inline outcome fsconfig(int context, unsigned command, const char* key, const void* value, int extra) noexcept {
  return call(SYS_fsconfig, context, command, key, value, extra);
}
inline outcome fsmount(int context, unsigned flags, unsigned attributes) noexcept {
  return call(SYS_fsmount, context, flags, attributes);
}

// --- processes, namespaces and credentials

inline outcome unshare(unsigned long flags) noexcept { return call(SYS_unshare, flags); }
inline outcome setns(int fd, int type) noexcept { return call(SYS_setns, fd, type); }
inline outcome execve(const char* path, char* const* arguments, char* const* environment) noexcept {
  return call(SYS_execve, path, arguments, environment);
}
inline outcome execveat(int dir, const char* path, char* const* arguments, char* const* environment,
                        int flags) noexcept {
  return call(SYS_execveat, dir, path, arguments, environment, flags);
}
[[noreturn]] inline void exit_group(int status) noexcept {
  for (;;) (void)call(SYS_exit_group, status);
}
inline outcome getpid() noexcept { return call(SYS_getpid); }
inline outcome getppid() noexcept { return call(SYS_getppid); }
inline outcome setsid() noexcept { return call(SYS_setsid); }
inline outcome kill(pid_t pid, int signal) noexcept { return call(SYS_kill, pid, signal); }
inline outcome pidfd_open(pid_t pid, unsigned flags) noexcept { return call(SYS_pidfd_open, pid, flags); }
inline outcome pidfd_send_signal(int pidfd, int signal) noexcept {
  return call(SYS_pidfd_send_signal, pidfd, signal, 0, 0);
}
inline outcome pidfd_getfd(int pidfd, int descriptor) noexcept { return call(SYS_pidfd_getfd, pidfd, descriptor, 0); }
inline outcome wait4(pid_t pid, int* status, int options) noexcept { return call(SYS_wait4, pid, status, options, 0); }
inline outcome prctl(int option, unsigned long a = 0, unsigned long b = 0, unsigned long c = 0,
                     unsigned long d = 0) noexcept {
  return call(SYS_prctl, option, a, b, c, d);
}
inline outcome capset(const void* header, const void* data) noexcept { return call(SYS_capset, header, data); }
inline outcome capget(void* header, void* data) noexcept { return call(SYS_capget, header, data); }
inline outcome setresuid(uid_t real, uid_t effective, uid_t saved) noexcept {
  return call(SYS_setresuid, real, effective, saved);
}
inline outcome setresgid(gid_t real, gid_t effective, gid_t saved) noexcept {
  return call(SYS_setresgid, real, effective, saved);
}
inline outcome setgroups(std::size_t count, const gid_t* groups) noexcept { return call(SYS_setgroups, count, groups); }
inline outcome prlimit64(pid_t pid, int resource, const struct ::rlimit* to, struct ::rlimit* old) noexcept {
  return call(SYS_prlimit64, pid, resource, to, old);
}
inline outcome sethostname(const char* name, std::size_t size) noexcept { return call(SYS_sethostname, name, size); }
inline outcome setdomainname(const char* name, std::size_t size) noexcept {
  return call(SYS_setdomainname, name, size);
}
inline outcome keyctl(int operation, long a = 0, long b = 0, long c = 0, long d = 0) noexcept {
  return call(SYS_keyctl, operation, a, b, c, d);
}
inline outcome seccomp(unsigned operation, unsigned flags, const void* arguments) noexcept {
  return call(SYS_seccomp, operation, flags, arguments);
}
inline outcome personality(unsigned long persona) noexcept { return call(SYS_personality, persona); }
inline outcome ioprio_set(int which, int who, int priority) noexcept {
  return call(SYS_ioprio_set, which, who, priority);
}
inline outcome sched_setattr(pid_t pid, const void* attributes, unsigned flags) noexcept {
  return call(SYS_sched_setattr, pid, attributes, flags);
}
inline outcome sched_setaffinity(pid_t pid, std::size_t size, const void* mask) noexcept {
  return call(SYS_sched_setaffinity, pid, size, mask);
}
inline outcome set_mempolicy(int mode, const unsigned long* nodes, unsigned long bits) noexcept {
  return call(SYS_set_mempolicy, mode, nodes, bits);
}
inline outcome rt_sigprocmask(int how, const std::uint64_t* set, std::uint64_t* old) noexcept {
  return call(SYS_rt_sigprocmask, how, set, old, sizeof(std::uint64_t));
}
inline outcome rt_sigaction(int signal, const void* action, void* old) noexcept {
  return call(SYS_rt_sigaction, signal, action, old, sizeof(std::uint64_t));
}
inline outcome nanosleep(const struct ::timespec& duration) noexcept { return call(SYS_nanosleep, &duration, 0); }

// --- sockets and waiting

inline outcome socket(int family, int type, int protocol) noexcept { return call(SYS_socket, family, type, protocol); }
inline outcome sendmsg(int fd, const struct ::msghdr& message, int flags) noexcept {
  return call(SYS_sendmsg, fd, &message, flags);
}
inline outcome recvmsg(int fd, struct ::msghdr& message, int flags) noexcept {
  return call(SYS_recvmsg, fd, &message, flags);
}
inline outcome sendto(int fd, const void* from, std::size_t size, int flags) noexcept {
  return call(SYS_sendto, fd, from, size, flags, 0, 0);
}
inline outcome recvfrom(int fd, void* to, std::size_t size, int flags) noexcept {
  return call(SYS_recvfrom, fd, to, size, flags, 0, 0);
}
inline outcome ppoll(struct ::pollfd* fds, std::size_t count, const struct ::timespec* timeout) noexcept {
  return call(SYS_ppoll, fds, count, timeout, 0, sizeof(std::uint64_t));
}
inline outcome pipe2(int* ends, int flags) noexcept { return call(SYS_pipe2, ends, flags); }

}  // namespace ocikit::sys::raw
