// SPDX-License-Identifier: Apache-2.0
//
// Takes the steps of steps.hpp. Raw storey: no allocation, no decision; the outcome is the kernel's.
#pragma once

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/prctl.h>

#include <cstring>

#include <ocikit/process/steps.hpp>
#include <ocikit/sys/procfs.hpp>
#include <ocikit/sys/raw.hpp>
#include <ocikit/sys/rooted.hpp>

namespace ocikit::process {

using sys::raw::outcome;

/// See setsid(2). EPERM only says that the process leads a group already.
[[nodiscard]] inline outcome execute(const new_session&) noexcept {
  const outcome r = sys::raw::setsid();
  return r == -EPERM ? 0 : r;
}

/// See keyctl(2).
[[nodiscard]] inline outcome execute(const join_session_keyring& s) noexcept {
  const outcome ring = sys::raw::keyctl(KEYCTL_JOIN_SESSION_KEYRING, sys::raw::reg(s.keyring.c_str()));
  if (ring == -ENOSYS) return 0;
  if (sys::raw::failed(ring)) return ring;
  char text[256];
  const outcome size = sys::raw::keyctl(KEYCTL_DESCRIBE, ring, sys::raw::reg(text), sizeof text - 1);
  if (sys::raw::failed(size)) return size;
  // "keyring;uid;gid;permissions in hexadecimal;name"
  const char* at = text;
  for (int separators = 0; separators < 3 && *at != '\0'; ++at) separators += *at == ';' ? 1 : 0;
  unsigned long permissions = 0;
  for (; *at != ';' && *at != '\0'; ++at) {
    const int digit = *at <= '9' ? *at - '0' : (*at | 0x20) - 'a' + 10;
    permissions = permissions * 16 + static_cast<unsigned long>(digit);
  }
  return sys::raw::keyctl(KEYCTL_SETPERM, ring, static_cast<long>(permissions | s.permissions));
}

/// See sched_setaffinity(2): the kernel drops CPUs that the cpuset does not allow.
[[nodiscard]] inline outcome execute(const reset_cpu_affinity&) noexcept {
  unsigned char all[1024];  // 8192 CPUs, the most that the kernel can be built for
  std::memset(all, 0xff, sizeof all);
  const outcome r = sys::raw::sched_setaffinity(0, sizeof all, all);
  return r == -EINVAL ? 0 : r;
}

/// See sched_setaffinity(2).
[[nodiscard]] inline outcome execute(const set_cpu_affinity& s) noexcept {
  return sys::raw::sched_setaffinity(0, s.cpus.size_bytes(), s.cpus.data());
}

/// See sched_setattr(2).
[[nodiscard]] inline outcome execute(const set_scheduler& s) noexcept {
  struct {
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period;
  } const attributes = {48, s.policy, s.flags, s.nice, s.priority, s.runtime, s.deadline, s.period};
  static_assert(sizeof attributes == 48);  // SCHED_ATTR_SIZE_VER0
  return sys::raw::sched_setattr(0, &attributes, 0);
}

/// See ioprio_set(2).
[[nodiscard]] inline outcome execute(const set_io_priority& s) noexcept {
  constexpr int process_group = 2;  // IOPRIO_WHO_PGRP
  return sys::raw::ioprio_set(process_group, 0, static_cast<int>(s.io_class << 13 | s.level));
}

/// See set_mempolicy(2).
[[nodiscard]] inline outcome execute(const set_memory_policy& s) noexcept {
  const int mode = static_cast<int>(s.mode);
  if (s.nodes.empty()) return sys::raw::set_mempolicy(mode, nullptr, 0);
  // The kernel takes the number of bits and one more.
  return sys::raw::set_mempolicy(mode, reinterpret_cast<const unsigned long*>(s.nodes.data()), s.nodes.size() * 64 + 1);
}

/// See personality(2).
[[nodiscard]] inline outcome execute(const set_personality& s) noexcept { return sys::raw::personality(s.domain); }

/// `procfs` is the root of a procfs; nothing mounted over the file is written to. See: proc(5).
[[nodiscard]] inline outcome execute(const set_oom_score_adj& s, int procfs) noexcept {
  char digits[24];
  char* at = digits + sizeof digits;
  const bool negative = s.value < 0;
  std::uint64_t left = negative ? 0 - static_cast<std::uint64_t>(s.value) : static_cast<std::uint64_t>(s.value);
  do *--at = static_cast<char>('0' + left % 10);
  while ((left /= 10) != 0);
  if (negative) *--at = '-';
  return sys::raw::write_below_procfs(procfs, "self/oom_score_adj", at,
                                      static_cast<std::size_t>(digits + sizeof digits - at));
}

/// See prlimit(2).
[[nodiscard]] inline outcome execute(const set_rlimit& s) noexcept {
  const struct ::rlimit wanted { s.soft, s.hard };
  return sys::raw::prlimit64(0, static_cast<int>(s.resource), &wanted, nullptr);
}

/// See prctl(2).
[[nodiscard]] inline outcome execute(const set_no_new_privileges&) noexcept {
  return sys::raw::prctl(PR_SET_NO_NEW_PRIVS, 1);
}

/// See prctl(2).
[[nodiscard]] inline outcome execute(const hide&) noexcept { return sys::raw::prctl(PR_SET_DUMPABLE, 0); }

/// See prctl(2), PR_CAPBSET_DROP: one call per capability is all that the kernel offers.
[[nodiscard]] inline outcome execute(const limit_bounding_set& s) noexcept {
  for (unsigned capability = 0; capability <= s.last; ++capability) {
    if ((s.keep >> capability & 1) != 0) continue;
    const outcome r = sys::raw::prctl(PR_CAPBSET_DROP, capability);
    if (sys::raw::failed(r)) return r;
  }
  return 0;
}

/// See setgroups(2), setresgid(2), setresuid(2). Only leaving root takes capabilities away: PR_SET_KEEPCAPS.
[[nodiscard]] inline outcome execute(const set_user& s) noexcept {
  outcome r = s.uid == 0 ? 0 : sys::raw::prctl(PR_SET_KEEPCAPS, 1);
  if (!sys::raw::failed(r) && s.set_groups) r = sys::raw::setgroups(s.groups.size(), s.groups.data());
  if (!sys::raw::failed(r)) r = sys::raw::setresgid(s.gid, s.gid, s.gid);
  if (!sys::raw::failed(r)) r = sys::raw::setresuid(s.uid, s.uid, s.uid);
  if (!sys::raw::failed(r) && s.uid != 0) r = sys::raw::prctl(PR_SET_KEEPCAPS, 0);
  return r;
}

/// EPERM, EINVAL and EROFS only mean that the streams stay as they are.
[[nodiscard]] inline outcome execute(const own_standard_streams& s) noexcept {
  for (int fd = 0; fd < 3; ++fd) {
    struct ::statx found {};
    if (sys::raw::failed(sys::raw::statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, found))) continue;
    const auto kind = found.stx_mode & S_IFMT;
    const bool terminal = kind == S_IFCHR && found.stx_rdev_major >= 136 && found.stx_rdev_major <= 143;
    if (found.stx_uid == s.uid || !(kind == S_IFIFO || kind == S_IFSOCK || terminal)) continue;
    (void)sys::raw::fchown(fd, s.uid, static_cast<gid_t>(-1));  // advisory
  }
  return 0;
}

/// See capset(2); prctl(2), PR_CAP_AMBIENT (since Linux 4.3).
[[nodiscard]] inline outcome execute(const set_capabilities& s) noexcept {
  const __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = [](std::uint64_t set) { return static_cast<__u32>(set); };
  const auto high = [](std::uint64_t set) { return static_cast<__u32>(set >> 32); };
  const __user_cap_data_struct data[2] = {{low(s.effective), low(s.permitted), low(s.inheritable)},
                                          {high(s.effective), high(s.permitted), high(s.inheritable)}};
  outcome r = sys::raw::capset(&header, data);
  if (sys::raw::failed(r)) return r;
  r = sys::raw::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
  if (r == -EINVAL && s.ambient == 0) return 0;  // a kernel without ambient capabilities
  for (unsigned capability = 0; capability < 64 && !sys::raw::failed(r); ++capability)
    if ((s.ambient >> capability & 1) != 0) r = sys::raw::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability);
  return r;
}

/// See umask(2).
[[nodiscard]] inline outcome execute(const set_umask& s) noexcept {
  (void)sys::raw::umask(s.mask);
  return 0;
}

/// See chdir(2). `entered` is carried from the first attempt to the last. A directory that the kernel reports as
/// unreachable from the root is EXDEV: a breakout.
[[nodiscard]] inline outcome execute(const change_directory& s, bool& entered) noexcept {
  if (entered) return 0;
  const outcome r = sys::raw::chdir(s.path.c_str());
  if (sys::raw::failed(r)) return (r == -EACCES || r == -EPERM) && !s.last ? 0 : r;
  if (s.path == "/") {  // the root itself is always inside
    entered = true;
    return 0;
  }
  char where[4096];
  const outcome size = sys::raw::getcwd(where, sizeof where);
  if (sys::raw::failed(size)) return size;
  entered = true;
  return where[0] == '/' ? 0 : -EXDEV;
}

/// struct winsize of ioctl_tty(2), which kernel and C library headers define in conflict.
struct terminal_size {
  unsigned short rows, columns, horizontal_pixels, vertical_pixels;
};

/// The two ends of the container's terminal.
struct terminal {
  int master = -1;
  int slave = -1;
};

/// `root` is the container's root. ENODEV: there is no devpts at /dev/pts. Since: Linux 4.13 (TIOCGPTPEER).
[[nodiscard]] inline outcome execute(const open_terminal& s, int root, terminal& made) noexcept {
  const outcome multiplexer =
      sys::raw::open_in_root(root, "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK, sys::raw::links::refused);
  if (sys::raw::failed(multiplexer)) return multiplexer == -ENOENT ? -ENODEV : multiplexer;
  made.master = static_cast<int>(multiplexer);
  struct ::statfs found {};
  outcome r = sys::raw::fstatfs(made.master, found);
  if (!sys::raw::failed(r) && found.f_type != DEVPTS_SUPER_MAGIC) r = -ENODEV;
  if (!sys::raw::failed(r)) r = sys::raw::fcntl(made.master, F_SETFL, O_RDWR);
  const int unlocked = 0;
  if (!sys::raw::failed(r)) r = sys::raw::ioctl(made.master, TIOCSPTLCK, sys::raw::reg(&unlocked));
  if (!sys::raw::failed(r)) r = sys::raw::ioctl(made.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (sys::raw::failed(r)) return r;
  made.slave = static_cast<int>(r);
  if (s.height != 0 && s.width != 0) {
    const terminal_size size{static_cast<unsigned short>(s.height), static_cast<unsigned short>(s.width), 0, 0};
    r = sys::raw::ioctl(made.master, TIOCSWINSZ, sys::raw::reg(&size));
  }
  if (!sys::raw::failed(r)) r = sys::raw::ioctl(made.slave, TIOCSCTTY, 0);
  for (int stream = 0; stream < 3 && !sys::raw::failed(r); ++stream) r = sys::raw::dup3(made.slave, stream, 0);
  return r;
}

namespace detail {

/// Whether a call is not to be had: the kernel is older, or a filter that is in force already is, and refuses what it
/// does not know.
[[nodiscard]] inline bool is_unknown(outcome r) noexcept { return r == -ENOSYS || r == -EPERM; }

/// 0 when `path` is a file that the effective user may execute; -EISDIR, -EACCES or the kernel's errno otherwise.
/// What old calls cannot tell, execve(2) will.
[[nodiscard]] inline outcome executable(const char* path) noexcept {
  constexpr int x_ok = 1;
  struct ::statx found {};
  outcome r = sys::raw::statx(AT_FDCWD, path, 0, STATX_TYPE, found);
  if (sys::raw::failed(r) && !is_unknown(r)) return r;
  if (!sys::raw::failed(r) && (found.stx_mode & S_IFMT) == S_IFDIR) return -EISDIR;
  r = sys::raw::faccessat2(AT_FDCWD, path, x_ok, AT_EACCESS);
  if (is_unknown(r)) r = sys::raw::faccessat(AT_FDCWD, path, x_ok);  // by now the real user is the effective one
  return is_unknown(r) ? 0 : r;
}

}  // namespace detail

/// The program that `find_program` found.
struct program_path {
  char text[4096];
};

/// ENOENT: not in any directory of the search path, or no such file. See: execvp(3) for the search.
[[nodiscard]] inline outcome execute(const find_program& s, program_path& found) noexcept {
  if (s.file.size() + 1 > sizeof found.text) return -ENAMETOOLONG;
  if (std::string_view{s.file}.find('/') != std::string_view::npos) {
    std::memcpy(found.text, s.file.c_str(), s.file.size() + 1);
    return detail::executable(found.text);
  }
  outcome first_refusal = -ENOENT;
  const char* at = s.search.c_str();
  while (*at != '\0') {
    std::size_t length = 0;
    while (at[length] != '\0' && at[length] != ':') ++length;
    if (length != 0 && length + s.file.size() + 2 <= sizeof found.text) {
      std::memcpy(found.text, at, length);
      found.text[length] = '/';
      std::memcpy(found.text + length + 1, s.file.c_str(), s.file.size() + 1);
      const outcome r = detail::executable(found.text);
      if (!sys::raw::failed(r)) return r;
      if (r == -EACCES) first_refusal = r;
    }
    at += length + (at[length] == ':' ? 1U : 0U);
  }
  return first_refusal;
}

/// `HOME=` and the directory that `find_home` found.
struct home_variable {
  char text[4096 + 8];
};

namespace detail {

/// One line of passwd(5): true, and `home` filled, when it is the entry of `uid`.
[[nodiscard]] inline bool home_in_line(const char* line, std::size_t size, std::uint32_t uid,
                                       home_variable& home) noexcept {
  const char* fields[7];
  std::size_t lengths[7];
  std::size_t count = 0;
  for (std::size_t i = 0, start = 0; i <= size && count < 7; ++i) {
    if (i != size && line[i] != ':') continue;
    fields[count] = line + start;
    lengths[count++] = i - start;
    start = i + 1;
  }
  if (count < 6 || lengths[2] == 0 || lengths[2] > 10) return false;
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < lengths[2]; ++i) {
    const char c = fields[2][i];
    if (c < '0' || c > '9') return false;
    id = id * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (id != uid || lengths[5] == 0 || lengths[5] > 4095) return false;
  std::memcpy(home.text, "HOME=", 5);
  std::memcpy(home.text + 5, fields[5], lengths[5]);
  home.text[5 + lengths[5]] = '\0';
  return true;
}

}  // namespace detail

/// Never fails: an /etc/passwd that is missing, not a regular file, or longer than 1 MiB names no home.
inline outcome execute(const find_home& s, home_variable& home) noexcept {
  std::memcpy(home.text, "HOME=/", 7);
  const outcome fd = sys::raw::openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (sys::raw::failed(fd)) return 0;
  struct ::statx found {};
  const outcome r = sys::raw::statx(static_cast<int>(fd), "", AT_EMPTY_PATH, STATX_TYPE, found);
  char buffer[4096];
  std::size_t used = 0;
  bool searching = !sys::raw::failed(r) && (found.stx_mode & S_IFMT) == S_IFREG;
  for (std::size_t total = 0; searching && total < (1U << 20);) {
    const outcome got = sys::raw::read(static_cast<int>(fd), buffer + used, sizeof buffer - used);
    if (sys::raw::failed(got) || (got == 0 && used == 0)) break;
    used += static_cast<std::size_t>(got);
    total += static_cast<std::size_t>(got);
    std::size_t start = 0;
    for (std::size_t i = 0; i < used && searching; ++i) {
      if (buffer[i] != '\n') continue;
      searching = !detail::home_in_line(buffer + start, i - start, s.uid, home);
      start = i + 1;
    }
    if (searching && got == 0) {  // the last line needs no newline
      (void)detail::home_in_line(buffer + start, used - start, s.uid, home);
      break;
    }
    if (start == 0 && used == sizeof buffer) break;  // a line longer than the buffer names nobody
    std::memmove(buffer, buffer + start, used - start);
    used -= start;
  }
  return 0;  // the file is close-on-exec, and `close_descriptors` comes before that
}

/// Leaves those of `kept` open that are not -1; all of them are close-on-exec.
/// Kernels before 5.9 lack close_range(2), and filters may forbid it; there close-on-exec, which every descriptor
/// carries, does the same.
[[nodiscard]] inline outcome execute(const close_descriptors& s, std::span<const int> kept) noexcept {
  unsigned first = 3 + s.preserved;
  for (;;) {
    unsigned spared = ~0U;  // the lowest one that is still to be spared
    for (const int fd : kept)
      if (fd >= static_cast<int>(first) && static_cast<unsigned>(fd) < spared) spared = static_cast<unsigned>(fd);
    const outcome r = spared == first ? 0 : sys::raw::close_range(first, spared == ~0U ? ~0U : spared - 1, 0);
    if (sys::raw::failed(r) || spared == ~0U) return detail::is_unknown(r) ? 0 : r;
    first = spared + 1;
  }
}

/// Returns only on failure. `arguments` and `environment` end in a null pointer. See: execve(2).
[[nodiscard]] inline outcome execute(const program_path& program, char* const* arguments,
                                     char* const* environment) noexcept {
  return sys::raw::execve(program.text, arguments, environment);
}

}  // namespace ocikit::process
