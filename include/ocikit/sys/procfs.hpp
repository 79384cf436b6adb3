// SPDX-License-Identifier: Apache-2.0
//
// Files of a procfs that others may have mounted things over. Raw storey: no allocation, negative errno on failure.
#pragma once

#include <linux/magic.h>

#include <ocikit/sys/raw.hpp>
#include <ocikit/sys/rooted.hpp>

namespace ocikit::sys::raw {

/// The root of the procfs at /proc, O_PATH. EXDEV: something else is mounted there.
[[nodiscard]] inline outcome open_procfs() noexcept {
  const outcome fd = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (failed(fd)) return fd;
  constexpr std::uint64_t root = 1;  // PROC_ROOT_INO
  struct ::statfs system {};
  struct ::statx found {};
  outcome r = fstatfs(static_cast<int>(fd), system);
  if (!failed(r)) r = statx(static_cast<int>(fd), "", AT_EMPTY_PATH, STATX_INO, found);
  if (!failed(r) && system.f_type == PROC_SUPER_MAGIC && found.stx_ino == root) return fd;
  (void)close(static_cast<int>(fd));
  return failed(r) ? r : -EXDEV;
}

namespace procfs_detail {

/// Whether both descriptors lie on the same mount. Since: Linux 5.8; on older kernels, on the same file system.
[[nodiscard]] inline bool same_mount(int a, int b) noexcept {
  constexpr unsigned mount_id = 0x1000;  // STATX_MNT_ID
  struct ::statx one {
  }, other{};
  return !failed(statx(a, "", AT_EMPTY_PATH, mount_id, one)) && !failed(statx(b, "", AT_EMPTY_PATH, mount_id, other)) &&
         one.stx_mnt_id == other.stx_mnt_id && one.stx_dev_minor == other.stx_dev_minor;
}

}  // namespace procfs_detail

/// Opens `path` (`self/...`, `thread-self/...`) below `procfs`, the root of one. EXDEV: something is mounted over the
/// file or over a directory on the way; ELOOP: the file is a link, or one of the links that lead anywhere was met.
/// Since: Linux 5.6; without openat2(2) the mount of what was opened is compared.
[[nodiscard]] inline outcome open_below_procfs(int procfs, const char* path, int flags) noexcept {
  const open_how how{static_cast<__u64>(flags | O_CLOEXEC | O_NOFOLLOW), 0,
                     RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS};
  outcome fd = rooted_detail::openat2_patiently(procfs, path, how);
  if (fd != -ENOSYS && fd != -EPERM) return fd;
  fd = openat(procfs, path, flags | O_NOFOLLOW);
  if (failed(fd) || procfs_detail::same_mount(procfs, static_cast<int>(fd))) return fd;
  (void)close(static_cast<int>(fd));
  return -EXDEV;
}

/// Writes `size` bytes from `text` with one write(2) to the file `path` below `procfs`, as `open_below_procfs` finds
/// it. EIO: the kernel took only a part.
[[nodiscard]] inline outcome write_below_procfs(int procfs, const char* path, const char* text,
                                                std::size_t size) noexcept {
  const outcome fd = open_below_procfs(procfs, path, O_WRONLY);
  if (failed(fd)) return fd;
  const outcome r = write(static_cast<int>(fd), text, size);
  (void)close(static_cast<int>(fd));
  return failed(r) || r == static_cast<outcome>(size) ? r : -EIO;
}

}  // namespace ocikit::sys::raw
