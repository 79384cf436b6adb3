// SPDX-License-Identifier: Apache-2.0
//
// The upper storey: system calls that explain themselves. One call each, under its man-page name, O_CLOEXEC always; an
// error carries the call with every argument and its errno. No policy, no retries but for EINTR where it is harmless.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/sys/call_text.hpp>
#include <ocikit/sys/procfs.hpp>
#include <ocikit/sys/raw.hpp>

namespace ocikit::sys {

/// The current directory, for the `dir` of the *at calls.
inline constexpr fd_view at_fdcwd{AT_FDCWD};

namespace detail {

/// A raw outcome as a result: the value, or an error that shows `name(arguments...)`.
template <class... Args>
result<long> explain(raw::outcome r, std::string_view name, const Args&... arguments) {
  if (!raw::failed(r)) return r;
  return tl::unexpected(error::from_errno(raw::errno_of(r), call_text(name, arguments...)));
}
template <class... Args>
result<void> explain_void(raw::outcome r, std::string_view name, const Args&... arguments) {
  if (!raw::failed(r)) return {};
  return tl::unexpected(error::from_errno(raw::errno_of(r), call_text(name, arguments...)));
}
template <class... Args>
result<unique_fd> explain_fd(raw::outcome r, std::string_view name, const Args&... arguments) {
  if (!raw::failed(r)) return unique_fd{adopt_fd, static_cast<int>(r)};
  return tl::unexpected(error::from_errno(raw::errno_of(r), call_text(name, arguments...)));
}

}  // namespace detail

/// openat(2). `mode` counts when O_CREAT is in `flags`.
[[nodiscard]] inline result<unique_fd> openat(fd_view dir, zstring_view path, int flags, mode_t mode = 0) {
  const auto r = raw::openat(dir.get(), path.c_str(), flags, mode);
  return detail::explain_fd(r, "openat", dir, std::string_view{path}, hex{static_cast<unsigned>(flags)}, octal{mode});
}

/// openat2(2), asked again when a rename or mount raced with the look-up (EAGAIN), at most 128 times.
/// Since: Linux 5.6; older kernels, and some outer seccomp filters, answer ENOSYS or EPERM.
[[nodiscard]] inline result<unique_fd> openat2(fd_view dir, zstring_view path, open_how how) {
  how.flags |= O_CLOEXEC;
  raw::outcome r = -EAGAIN;
  for (int tries = 0; tries < 128 && r == -EAGAIN; ++tries) r = raw::openat2(dir.get(), path.c_str(), how);
  return detail::explain_fd(r, "openat2", dir, std::string_view{path}, hex{how.flags}, hex{how.resolve});
}

/// mkdirat(2). The new directory belongs to the caller's fsuid.
[[nodiscard]] inline result<void> mkdirat(fd_view dir, zstring_view name, mode_t mode) {
  return detail::explain_void(raw::mkdirat(dir.get(), name.c_str(), mode), "mkdirat", dir, std::string_view{name},
                              octal{mode});
}

/// mknodat(2).
[[nodiscard]] inline result<void> mknodat(fd_view dir, zstring_view name, mode_t mode, dev_t device) {
  return detail::explain_void(raw::mknodat(dir.get(), name.c_str(), mode, device), "mknodat", dir,
                              std::string_view{name}, octal{mode}, device);
}

/// unlinkat(2). `flags` is 0 or AT_REMOVEDIR.
[[nodiscard]] inline result<void> unlinkat(fd_view dir, zstring_view name, int flags = 0) {
  return detail::explain_void(raw::unlinkat(dir.get(), name.c_str(), flags), "unlinkat", dir, std::string_view{name},
                              flags);
}

/// renameat(2) within one directory.
[[nodiscard]] inline result<void> rename_within(fd_view dir, zstring_view from, zstring_view to) {
  const auto r = raw::call(SYS_renameat2, dir.get(), from.c_str(), dir.get(), to.c_str(), 0);
  return detail::explain_void(r, "renameat", dir, std::string_view{from}, dir, std::string_view{to});
}

/// fchownat(2). `flags` is 0 or AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW.
[[nodiscard]] inline result<void> fchownat(fd_view dir, zstring_view name, uid_t uid, gid_t gid, int flags) {
  return detail::explain_void(raw::fchownat(dir.get(), name.c_str(), uid, gid, flags), "fchownat", dir,
                              std::string_view{name}, uid, gid, hex{static_cast<unsigned>(flags)});
}

/// fchmod(2).
[[nodiscard]] inline result<void> fchmod(fd_view fd, mode_t mode) {
  return detail::explain_void(raw::fchmod(fd.get(), mode), "fchmod", fd, octal{mode});
}

/// statx(2) of the descriptor itself.
[[nodiscard]] inline result<struct ::statx> statx(fd_view fd, unsigned mask = STATX_BASIC_STATS) {
  struct ::statx found {};
  const auto r = raw::statx(fd.get(), "", AT_EMPTY_PATH, mask, found);
  if (!raw::failed(r)) return found;
  return tl::unexpected(error::from_errno(raw::errno_of(r), call_text("statx", fd, "", hex{AT_EMPTY_PATH})));
}

/// fstatfs(2): the file system behind the descriptor; compare `f_type` with <linux/magic.h>.
[[nodiscard]] inline result<struct ::statfs> fstatfs(fd_view fd) {
  struct ::statfs found {};
  const auto r = raw::fstatfs(fd.get(), found);
  if (!raw::failed(r)) return found;
  return tl::unexpected(error::from_errno(raw::errno_of(r), call_text("fstatfs", fd)));
}

/// readlinkat(2) with an empty name, or of a link in `dir`.
[[nodiscard]] inline result<std::string> readlinkat(fd_view dir, zstring_view name) {
  char target[4096];
  const auto r = raw::readlinkat(dir.get(), name.c_str(), target, sizeof target);
  if (!raw::failed(r)) return std::string(target, static_cast<std::size_t>(r));
  return tl::unexpected(error::from_errno(raw::errno_of(r), call_text("readlinkat", dir, std::string_view{name})));
}

/// The root of the procfs at /proc, O_PATH. Errors: system; unsupported when something else is there.
[[nodiscard]] inline result<unique_fd> open_procfs() {
  const auto r = raw::open_procfs();
  if (r == -EXDEV) return tl::unexpected(error::unsupported("/proc is not the root of a procfs"));
  return detail::explain_fd(r, "openat", at_fdcwd, std::string_view{"/proc"});
}

/// kill(2); signal 0 only asks whether the process is there.
[[nodiscard]] inline result<void> kill(pid_t pid, int signal) {
  return detail::explain_void(raw::kill(pid, signal), "kill", pid, signal);
}

/// pidfd_open(2). Since: Linux 5.3.
[[nodiscard]] inline result<unique_fd> pidfd_open(pid_t pid) {
  return detail::explain_fd(raw::pidfd_open(pid, 0), "pidfd_open", pid);
}

/// pidfd_send_signal(2). Since: Linux 5.1.
[[nodiscard]] inline result<void> pidfd_send_signal(fd_view pidfd, int signal) {
  return detail::explain_void(raw::pidfd_send_signal(pidfd.get(), signal), "pidfd_send_signal", pidfd, signal);
}

/// pidfd_getfd(2): a copy, close-on-exec, of another process's descriptor. The caller must be allowed to trace the
/// process. Since: Linux 5.6.
[[nodiscard]] inline result<unique_fd> pidfd_getfd(fd_view pidfd, int descriptor) {
  return detail::explain_fd(raw::pidfd_getfd(pidfd.get(), descriptor), "pidfd_getfd", pidfd, descriptor);
}

/// memfd_create(2), close-on-exec. Since: Linux 3.17.
[[nodiscard]] inline result<unique_fd> memfd_create(zstring_view name, unsigned flags) {
  return detail::explain_fd(raw::memfd_create(name.c_str(), flags | 1U), "memfd_create", std::string_view{name},
                            hex{flags});
}

/// write(2) until all of `data` is written. EINTR is asked again: nothing was written then.
[[nodiscard]] inline result<void> write_all(fd_view fd, std::string_view data) {
  while (!data.empty()) {
    const auto r = raw::write(fd.get(), data.data(), data.size());
    if (r == -EINTR) continue;
    if (raw::failed(r)) return tl::unexpected(error::from_errno(raw::errno_of(r), call_text("write", fd, data)));
    data.remove_prefix(static_cast<std::size_t>(r));
  }
  return {};
}

/// The same for `parts`, one after the other. See: writev(2).
[[nodiscard]] inline result<void> write_all(fd_view fd, std::array<std::string_view, 3> parts) {
  std::array<struct ::iovec, 3> vector{};
  for (std::size_t i = 0; i < parts.size(); ++i) vector[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  const auto r = raw::writev(fd.get(), vector.data(), static_cast<int>(vector.size()));
  std::size_t written = raw::failed(r) ? 0 : static_cast<std::size_t>(r);
  for (const std::string_view part : parts) {  // what is left, and whatever kept it from being written
    const std::size_t done = std::min(written, part.size());
    OCIKIT_TRY(write_all(fd, part.substr(done)));
    written -= done;
  }
  return {};
}

/// Reads to the end of the file, at most `limit` bytes; a longer file is a `config` error that names the limit.
/// `size` is what the file is known to have; 0: not known, as of the kernel's own files.
[[nodiscard]] inline result<std::string> read_all(fd_view fd, std::size_t limit, std::uint64_t size = 0) {
  std::string text;
  std::size_t used = 0;
  if (size != 0 && size <= limit) text.resize(static_cast<std::size_t>(size) + 4096);
  for (;;) {
    if (text.size() - used < 4096) text.resize(used + (used < 16384 ? 16384 : used));
    const auto r = raw::read(fd.get(), text.data() + used, text.size() - used);
    if (r == -EINTR) continue;
    if (raw::failed(r)) return tl::unexpected(error::from_errno(raw::errno_of(r), call_text("read", fd)));
    used += static_cast<std::size_t>(r);
    if (used > limit)
      return tl::unexpected(
          error::config("", call_text("read", fd) + ": longer than " + std::to_string(limit) + " bytes"));
    if (r == 0 || used == size) break;  // used is not 0 here
  }
  text.resize(used);
  return text;
}

/// The content of the regular file `name` in `dir`, at most `limit` bytes. A FIFO, device or socket is refused without
/// being waited for. `flags` are added to O_RDONLY, e.g. O_NOFOLLOW.
[[nodiscard]] inline result<std::string> read_file(fd_view dir, zstring_view name, std::size_t limit, int flags = 0) {
  const unique_fd file = OCIKIT_TRY(openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | flags));
  const auto found = OCIKIT_TRY(statx(file, STATX_TYPE | STATX_SIZE));
  if (!S_ISREG(found.stx_mode))
    return tl::unexpected(error::config("", detail::shown(std::string_view{name}) + " is not a regular file"));
  return read_all(file, limit, found.stx_size);
}

}  // namespace ocikit::sys
