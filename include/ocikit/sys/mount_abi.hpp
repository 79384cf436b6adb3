// SPDX-License-Identifier: Apache-2.0
//
// The kernel's mount interface by number. <sys/mount.h> and <linux/mount.h> cannot be included together with every C
// library, and older headers lack the newer flags, so the stable ABI is written down here once.
// See: Linux include/uapi/linux/mount.h; mount(2), mount_setattr(2), open_tree(2), fsopen(2).
#pragma once

#include <cstdint>

namespace ocikit::sys {

/// mount(2)'s flags.
namespace ms {
inline constexpr unsigned long rdonly = 1, nosuid = 2, nodev = 4, noexec = 8, synchronous = 16, remount = 32,
                               mandlock = 64, dirsync = 128, nosymfollow = 256, noatime = 1024, nodiratime = 2048,
                               bind = 4096, move = 8192, rec = 16384, silent = 32768, unbindable = 1UL << 17,
                               private_ = 1UL << 18, slave = 1UL << 19, shared = 1UL << 20, relatime = 1UL << 21,
                               i_version = 1UL << 23, strictatime = 1UL << 24, lazytime = 1UL << 25;
}  // namespace ms

/// mount_setattr(2)'s and fsmount(2)'s attributes (since Linux 5.12 and 5.2; nosymfollow since 5.14).
namespace mount_attr {
inline constexpr std::uint64_t rdonly = 0x1, nosuid = 0x2, nodev = 0x4, noexec = 0x8, atime_mask = 0x70, relatime = 0x0,
                               noatime = 0x10, strictatime = 0x20, nodiratime = 0x80, idmap = 0x100000,
                               nosymfollow = 0x200000;
}  // namespace mount_attr

/// mount_setattr(2)'s argument, first version.
struct mount_attributes {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
  std::uint64_t propagation = 0;  ///< one of ms::private_, ms::slave, ms::shared, ms::unbindable, or 0
  std::uint64_t userns_fd = 0;
};

/// open_tree(2) (since Linux 5.2).
inline constexpr unsigned open_tree_clone = 1, open_tree_cloexec = 02000000, at_recursive = 0x8000;
/// move_mount(2) (since Linux 5.2): both ends are descriptors with empty paths.
inline constexpr unsigned move_mount_from_fd = 0x4, move_mount_to_fd = 0x40;
/// fsopen(2), fsconfig(2), fsmount(2) (since Linux 5.2).
inline constexpr unsigned fsopen_cloexec = 1, fsmount_cloexec = 1, fsconfig_set_flag = 0, fsconfig_set_string = 1,
                          fsconfig_create = 6;
/// umount2(2).
inline constexpr int mnt_detach = 2, umount_nofollow = 8;

}  // namespace ocikit::sys
