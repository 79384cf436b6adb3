// SPDX-License-Identifier: Apache-2.0
//
// Bind mounts from descriptor to descriptor, two ways. With open_tree(2), move_mount(2) (since Linux 5.2) and
// mount_setattr(2) (since 5.12) a mount is cloned, given its attributes and attached complete. Where the kernel lacks
// these calls, or a seccomp filter around the runtime denies them, mount(2) binds the place itself, by the names that
// descriptors have in /proc/self/fd, and attributes follow when the mount is attached. Of the first kind nothing here
// is tried again once it was found missing. Raw storey: no allocation.
#pragma once

#include <linux/magic.h>

#include <cstdint>

#include <ocikit/mounts/steps.hpp>
#include <ocikit/mounts/workspace.hpp>
#include <ocikit/sys/raw.hpp>
#include <ocikit/sys/rooted.hpp>

namespace ocikit::mounts::detail {

using sys::raw::failed;
using sys::raw::outcome;

[[nodiscard]] inline int as_fd(outcome r) noexcept { return static_cast<int>(r); }

/// For what an ordinary container does not need: small rather than fast, and never copied into its callers. The init's
/// text is read into memory for each container.
#define OCIKIT_MOUNTS_RARE __attribute__((cold, noinline))

// ---- what the kernel has -----------------------------------------------------------------------------------------

// A filter denies a call with EPERM whatever its arguments are; the kernel finds fault with unknown flags first.

[[nodiscard]] OCIKIT_MOUNTS_RARE inline bool confirm_no_open_tree(outcome r) noexcept {
  return r == -ENOSYS || sys::raw::open_tree(-1, "", ~0U) != -EINVAL;
}
[[nodiscard]] inline bool lacks_open_tree(outcome r) noexcept {
  return (r == -ENOSYS || r == -EPERM) && confirm_no_open_tree(r);
}
[[nodiscard]] OCIKIT_MOUNTS_RARE inline bool confirm_no_move_mount(outcome r) noexcept {
  return r == -ENOSYS || sys::raw::move_mount(-1, "", -1, "", ~0U) != -EINVAL;
}
[[nodiscard]] inline bool lacks_move_mount(outcome r) noexcept {
  return (r == -ENOSYS || r == -EPERM) && confirm_no_move_mount(r);
}
[[nodiscard]] OCIKIT_MOUNTS_RARE inline bool confirm_no_mount_setattr(outcome r) noexcept {
  return r == -ENOSYS || sys::raw::mount_setattr(-1, "", ~0U, {}) != -EINVAL;
}
[[nodiscard]] inline bool lacks_mount_setattr(outcome r) noexcept {
  return (r == -ENOSYS || r == -EPERM) && confirm_no_mount_setattr(r);
}

// ---- the new calls -----------------------------------------------------------------------------------------------

[[nodiscard]] inline outcome clone_mount(int fd, bool recursive) noexcept {
  return sys::raw::open_tree(
      fd, "", sys::open_tree_clone | sys::open_tree_cloexec | AT_EMPTY_PATH | (recursive ? sys::at_recursive : 0U));
}

/// The mounts at `fd` and below, cloned with these attributes in one call; -ENOSYS where there is none. Whoever gets an
/// error takes the two calls that it stands for, which tell more.
[[nodiscard]] inline outcome clone_mounts_with(int fd, const attributes& wanted, workspace& w) noexcept {
  if (w.no_tree_attr) return -ENOSYS;
  const sys::mount_attributes kernel{wanted.set, wanted.clear, 0, 0};
  const outcome r = sys::raw::open_tree_attr(
      fd, "", sys::open_tree_clone | sys::open_tree_cloexec | AT_EMPTY_PATH | sys::at_recursive, kernel);
  w.no_tree_attr = failed(r);
  return r;
}

/// On the descriptor `target`, or on `name` in it; a link of that name is not followed.
[[nodiscard]] inline outcome attach_at(int mount, int target, const char* name = "") noexcept {
  return sys::raw::move_mount(mount, "", target, name,
                              sys::move_mount_from_fd | (*name == '\0' ? sys::move_mount_to_fd : 0U));
}

[[nodiscard]] inline outcome set_attributes(int mount, const attributes& wanted, bool recursive) noexcept {
  if (wanted.empty()) return 0;
  const sys::mount_attributes kernel{wanted.set, wanted.clear, 0, 0};
  return sys::raw::mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? sys::at_recursive : 0U), kernel);
}

[[nodiscard]] inline outcome set_mount_propagation(int mount, std::uint64_t flags) noexcept {
  const bool recursive = (flags & sys::ms::rec) != 0;
  const sys::mount_attributes kernel{0, 0, flags & ~sys::ms::rec, 0};
  return sys::raw::mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? sys::at_recursive : 0U), kernel);
}

/// MOUNT_ATTR_IDMAP of the detached `mount`.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome map_ids(int mount, int mapping, bool recursive) noexcept {
  const sys::mount_attributes kernel{sys::mount_attr::idmap, 0, 0, static_cast<std::uint64_t>(mapping)};
  return sys::raw::mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? sys::at_recursive : 0U), kernel);
}

// ---- mount(2) ----------------------------------------------------------------------------------------------------

/// A descriptor's name in /proc/self/fd.
struct descriptor_name {
  char text[12] = {};
  explicit descriptor_name(int fd) noexcept {
    char digits[12];
    int count = 0;
    do digits[count++] = static_cast<char>('0' + fd % 10);
    while ((fd /= 10) != 0);
    for (int i = 0; i < count; ++i) text[i] = digits[count - 1 - i];
  }
};

/// Makes this process's /proc/self/fd the working directory. EXDEV: /proc is no procfs.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome enter_descriptors(workspace& w) noexcept {
  if (w.descriptors < 0) {
    const outcome fd = sys::raw::openat(AT_FDCWD, "/proc/self/fd", O_PATH | O_DIRECTORY);
    if (failed(fd)) return fd;
    struct ::statfs found {};
    const outcome r = sys::raw::fstatfs(as_fd(fd), found);
    if (failed(r)) return r;
    if (found.f_type != PROC_SUPER_MAGIC) return -EXDEV;
    w.descriptors = as_fd(fd);
  }
  return sys::raw::fchdir(w.descriptors);
}

[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome bind_by_path(int source, bool subtree, int target,
                                                             workspace& w) noexcept {
  const outcome r = enter_descriptors(w);
  if (failed(r)) return r;
  return sys::raw::mount(descriptor_name{source}.text, descriptor_name{target}.text, nullptr,
                         sys::ms::bind | (subtree ? sys::ms::rec : 0UL), nullptr);
}

/// mount(2) without source and type on the attached mount at `fd`: a directory is entered for it, as /proc/self/fd may
/// be out of reach after the change of root.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome change_mount(int fd, std::uint64_t flags, workspace& w) noexcept {
  outcome r = sys::raw::fchdir(fd);
  if (!failed(r)) return sys::raw::mount(nullptr, ".", nullptr, flags, nullptr);
  if (r == -ENOTDIR) r = enter_descriptors(w);
  return failed(r) ? r : sys::raw::mount(nullptr, descriptor_name{fd}.text, nullptr, flags, nullptr);
}

/// The flags of mount(2) for a mount that statfs(2) shows with `shown` (ST_*), changed as `wanted` says.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline std::uint64_t changed_flags(std::uint64_t shown,
                                                                    const attributes& wanted) noexcept {
  constexpr std::uint64_t same = sys::ms::rdonly | sys::ms::nosuid | sys::ms::nodev | sys::ms::noexec |
                                 sys::ms::nodiratime;  // the numbers of ST_* are those of MS_*
  constexpr std::uint64_t shown_relatime = 0x1000, shown_nosymfollow = 0x2000;
  const auto as_flags = [](std::uint64_t a) {
    constexpr std::uint64_t plain = sys::mount_attr::rdonly | sys::mount_attr::nosuid | sys::mount_attr::nodev |
                                    sys::mount_attr::noexec;  // the numbers of MOUNT_ATTR_* too
    return (a & plain) | ((a & sys::mount_attr::nodiratime) != 0 ? sys::ms::nodiratime : 0UL) |
           ((a & sys::mount_attr::nosymfollow) != 0 ? sys::ms::nosymfollow : 0UL);
  };
  std::uint64_t flags = (shown & same) | ((shown & shown_nosymfollow) != 0 ? sys::ms::nosymfollow : 0UL);
  flags = (flags & ~as_flags(wanted.clear)) | as_flags(wanted.set);
  std::uint64_t kind = (shown & sys::ms::noatime) != 0 ? sys::mount_attr::noatime
                       : (shown & shown_relatime) != 0 ? sys::mount_attr::relatime
                                                       : sys::mount_attr::strictatime;
  if ((wanted.clear & sys::mount_attr::atime_mask) != 0) kind = wanted.set & sys::mount_attr::atime_mask;
  return flags | (kind == sys::mount_attr::noatime    ? sys::ms::noatime
                  : kind == sys::mount_attr::relatime ? sys::ms::relatime
                                                      : sys::ms::strictatime);
}

[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome remount(int mount, const attributes& wanted, workspace& w) noexcept {
  if (wanted.empty()) return 0;
  struct ::statfs found {};
  const outcome r = sys::raw::fstatfs(mount, found);
  if (failed(r)) return r;
  const std::uint64_t flags = changed_flags(static_cast<std::uint64_t>(found.f_flags), wanted);
  return change_mount(mount, sys::ms::bind | sys::ms::remount | flags, w);
}

/// -ESTALE unless both descriptors are of the same file.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome expect_same(int one, int other) noexcept {
  struct ::statx a {
  }, b{};
  outcome r = sys::raw::statx(one, "", AT_EMPTY_PATH, STATX_INO, a);
  if (!failed(r)) r = sys::raw::statx(other, "", AT_EMPTY_PATH, STATX_INO, b);
  if (failed(r)) return r;
  const bool same = a.stx_ino == b.stx_ino && a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor;
  return same ? 0 : -ESTALE;
}

/// What the last component of `path` in the container names, with `nofollow` also when that is a link.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome open_inside(const char* path, bool nofollow,
                                                            const workspace& w) noexcept {
  if (!nofollow) return sys::raw::open_in_root(w.root, path, O_PATH);
  const outcome parent = sys::raw::open_parent_in_root(w.root, path);
  return failed(parent) ? parent : sys::raw::openat(as_fd(parent), sys::raw::split(path).name, O_PATH | O_NOFOLLOW);
}

/// The mount that was just put at `path`, of which `source` is another view; -ESTALE when the path was moved meanwhile.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome reopen(const char* path, bool nofollow, int source,
                                                       const workspace& w) noexcept {
  const outcome fd = open_inside(path, nofollow, w);
  if (failed(fd)) return fd;
  const outcome r = expect_same(as_fd(fd), source);
  return failed(r) ? r : fd;
}

// ---- either ------------------------------------------------------------------------------------------------------

/// Binds what `source` is on the descriptor `at`, or on `name` in it; a link of that name is not followed.
[[nodiscard]] inline outcome bind_at(int source, bool subtree, int at, const char* name, workspace& w) noexcept {
  if (!w.by_path) {
    const outcome tree = clone_mount(source, subtree);
    return failed(tree) ? tree : attach_at(as_fd(tree), at, name);
  }
  const outcome target = *name == '\0' ? at : sys::raw::openat(at, name, O_PATH | O_NOFOLLOW);
  return failed(target) ? target : bind_by_path(source, subtree, as_fd(target), w);
}

/// Attributes of an attached mount.
[[nodiscard]] inline outcome change_attributes_of(int mount, const attributes& wanted, workspace& w) noexcept {
  const outcome r = set_attributes(mount, wanted, false);
  return lacks_mount_setattr(r) ? remount(mount, wanted, w) : r;
}

/// The propagation of an attached mount.
[[nodiscard]] inline outcome change_propagation_of(int mount, std::uint64_t flags, workspace& w) noexcept {
  const outcome r = set_mount_propagation(mount, flags);
  return lacks_mount_setattr(r) ? change_mount(mount, flags, w) : r;
}

/// Attaches the source of `s`, with all that it says, on the descriptor `at` or on `name` in it.
/// EOPNOTSUPP: recursive attributes need mount_setattr(2).
[[nodiscard]] inline outcome attach_source(const attach& s, int source, int at, const char* name,
                                           workspace& w) noexcept {
  outcome r = -ENOSYS;
  if (!w.by_path) {
    r = set_attributes(source, s.own, false);
    if (!failed(r)) r = set_attributes(source, s.recursive, true);
    for (const std::uint64_t flags : s.propagation)
      if (!failed(r)) r = set_mount_propagation(source, flags);
    if (!failed(r)) return attach_at(source, at, name);
    if (!lacks_mount_setattr(r)) return r;
  }
  if (!s.recursive.empty()) return -EOPNOTSUPP;
  r = w.by_path ? bind_at(source, s.subtree, at, name, w) : attach_at(source, at, name);
  if (failed(r) || (s.own.empty() && s.propagation.empty())) return r;
  const outcome mount = reopen(s.target.c_str(), s.nofollow, source, w);
  r = failed(mount) ? mount : remount(as_fd(mount), s.own, w);
  for (const std::uint64_t flags : s.propagation)
    if (!failed(r)) r = change_mount(as_fd(mount), flags, w);
  return r;
}

}  // namespace ocikit::mounts::detail

namespace ocikit::mounts {

/// Whether the kernel has /proc/kcore; where it has not, containers have no /dev/core. See: proc(5).
[[nodiscard]] inline bool has_kcore() noexcept {
  struct ::statx found {};
  return !sys::raw::failed(sys::raw::statx(AT_FDCWD, "/proc/kcore", 0, STATX_TYPE, found));
}

/// Whether sources of bind mounts can be handed from one mount namespace to another.
[[nodiscard]] inline bool has_detached_mounts() noexcept {
  return !detail::lacks_open_tree(sys::raw::open_tree(-1, "", ~0U)) &&
         !detail::lacks_move_mount(sys::raw::move_mount(-1, "", -1, "", ~0U));
}

}  // namespace ocikit::mounts
