// SPDX-License-Identifier: Apache-2.0
//
// Takes the steps of steps.hpp. Raw storey: no allocation, no decision; the outcome is the kernel's. Targets are only
// ever reached through descriptors below the container's root, never by a path from `/`.
#pragma once

#include <linux/magic.h>

#include <cstring>

#include <ocikit/mounts/bind.hpp>
#include <ocikit/mounts/copy_up.hpp>
#include <ocikit/mounts/steps.hpp>
#include <ocikit/mounts/workspace.hpp>
#include <ocikit/sys/raw.hpp>
#include <ocikit/sys/rooted.hpp>

namespace ocikit::mounts {

using sys::raw::failed;
using sys::raw::outcome;

namespace detail {

/// -EXDEV when `fd` lies on a procfs: nothing of the container's may cover a part of it.
[[nodiscard]] inline outcome refuse_procfs(int fd) noexcept {
  struct ::statfs found {};
  const outcome r = sys::raw::fstatfs(fd, found);
  if (failed(r)) return r;
  return found.f_type == PROC_SUPER_MAGIC ? -EXDEV : 0;
}

[[nodiscard]] inline outcome file_type(int fd) noexcept {
  struct ::statx found {};
  const outcome r = sys::raw::statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, found);
  return failed(r) ? r : found.stx_mode & S_IFMT;
}

/// The part of a target before its last slash.
[[nodiscard]] inline std::string_view parent_of(std::string_view target) noexcept {
  const std::size_t slash = target.rfind('/');
  return target.substr(0, slash == std::string_view::npos ? 0 : slash);
}

/// The open directory for what `target` names, when the mount before this one was put on a directory that was made in
/// it: such a mount covers nothing on the way to its neighbours, so that the way need not be walked again. -ENOENT
/// without one. A directory that was reached through links will not do where links are refused.
[[nodiscard]] inline outcome known_parent(zstring_view target, sys::raw::links follow, const workspace& w) noexcept {
  const bool same = w.last_parent_fd >= 0 && parent_of(target) == parent_of(w.last_target) &&
                    (w.last_follow == follow || w.last_follow == sys::raw::links::refused);
  return same ? w.last_parent_fd : -ENOENT;
}

/// Where to put a mount: on the descriptor `directory`, or on `name` in it.
struct place {
  outcome directory = -ENOENT;
  const char* name = "";
  bool made = false;     ///< for this mount: then it is no part of a procfs, where nothing can be made
  bool missing = false;  ///< it was not there before
};

/// Makes the missing `target` in its parent directory, which is noted in `w` for the mount's neighbours.
[[nodiscard]] inline place make_place(zstring_view target, sys::raw::missing make, mode_t mode, sys::raw::links follow,
                                      workspace& w) noexcept {
  outcome parent = known_parent(target, follow, w);
  const bool known = !failed(parent);
  const char* name = sys::raw::split(target.c_str()).name;
  w.last_parent_fd = -1;
  if (!known) parent = sys::raw::open_parent_in_root(w.root, target.c_str(), follow);
  if (failed(parent) || name == nullptr) return {};
  if (failed(sys::raw::make_in(as_fd(parent), name, make, mode))) return {};
  w.last_follow = known ? w.last_follow : follow;
  w.last_parent_fd = as_fd(parent);
  w.last_target = target;
  return {parent, name, true, true};
}

/// The place for a mount at `target`, made when missing; `kind_of()` tells what to make.
template <class KindOf>
[[nodiscard]] place find_place(zstring_view target, int flags, sys::raw::links follow, workspace& w,
                               KindOf kind_of) noexcept {
  place out;
  // Among neighbours that were all missing the next one is likely to be missing too, but nobody has looked yet.
  const bool looked = failed(known_parent(target, follow, w));
  if (looked) {
    out.directory = sys::raw::open_in_root(w.root, target.c_str(), O_PATH | flags, follow);
    if (out.directory != -ENOENT) {
      w.last_parent_fd = -1;
      return out;
    }
  }
  sys::raw::missing make{};
  if (const outcome r = kind_of(make); failed(r)) return {r};
  const mode_t mode = make == sys::raw::missing::directory ? 0755 : 0644;
  if (const place made = make_place(target, make, mode, follow, w); made.made) return made;
  return {sys::raw::open_or_make_in_root(w.root, target.c_str(), make, mode, follow), "", false, looked};
}

/// The directory that holds the last component of `path`, made when missing; that component's name is `split(path)`'s.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome open_or_make_parent(zstring_view path, workspace& w) noexcept {
  const sys::raw::split_path parts = sys::raw::split(path.c_str());
  if (parts.name == nullptr) return -EINVAL;
  w.last_parent_fd = -1;  // whatever is made here is none of the neighbours
  char parent[4096];
  std::memcpy(parent, path.c_str(), parts.parent_size);
  parent[parts.parent_size] = '\0';
  const char* directory = parts.parent_size == 0 ? "/" : parent;
  return sys::raw::open_or_make_in_root(w.root, directory, sys::raw::missing::directory, 0755);
}

/// As `find_place`, except that a link at the path's end is the place itself.
template <class KindOf>
[[nodiscard]] OCIKIT_MOUNTS_RARE place find_unfollowed_place(zstring_view target, workspace& w,
                                                             KindOf kind_of) noexcept {
  const outcome parent = open_or_make_parent(target, w);
  if (failed(parent)) return {parent};
  const char* name = sys::raw::split(target.c_str()).name;
  const outcome found = sys::raw::openat(as_fd(parent), name, O_PATH | O_NOFOLLOW);
  if (found != -ENOENT) return {found};
  sys::raw::missing make{};
  outcome r = kind_of(make);
  if (!failed(r)) r = sys::raw::make_in(as_fd(parent), name, make, make == sys::raw::missing::directory ? 0755 : 0644);
  if (failed(r)) return {r};
  return {parent, name, true, true};
}

/// Makes `target` a link with the content of the one that `link` refers to; one that is there already stays.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome copy_link_to(int link, zstring_view target, workspace& w) noexcept {
  char content[4096], present[4096];
  const outcome size = sys::raw::readlinkat(link, "", content, sizeof content - 1);
  if (failed(size)) return size;
  content[size] = '\0';
  const outcome parent = open_or_make_parent(target, w);
  if (failed(parent)) return parent;
  const char* name = sys::raw::split(target.c_str()).name;
  const outcome r = sys::raw::symlinkat(content, as_fd(parent), name);
  if (r != -EEXIST) return r;
  const outcome there = sys::raw::readlinkat(as_fd(parent), name, present, sizeof present);
  return there == size && std::memcmp(present, content, static_cast<std::size_t>(size)) == 0 ? 0 : -EEXIST;
}

}  // namespace detail

/// See mount(2).
[[nodiscard]] inline outcome execute(const set_propagation& s, workspace&) noexcept {
  return sys::raw::mount(nullptr, "/", nullptr, s.flags, nullptr);
}

/// Climbs from `path` to the root of its mount. Since: Linux 5.8 (statx's mount id).
[[nodiscard]] inline outcome execute(const isolate_parent& s, workspace& w) noexcept {
  outcome current = sys::raw::openat(AT_FDCWD, s.path.c_str(), O_PATH | O_DIRECTORY);
  constexpr unsigned mount_id = 0x1000;  // STATX_MNT_ID
  for (int depth = 0; !failed(current) && depth < 4096; ++depth) {
    struct ::statx here {
    }, above{};
    const outcome parent = sys::raw::openat(detail::as_fd(current), "..", O_PATH | O_DIRECTORY);
    if (failed(parent)) return parent;
    outcome r = sys::raw::statx(detail::as_fd(current), "", AT_EMPTY_PATH, mount_id | STATX_INO, here);
    if (!failed(r)) r = sys::raw::statx(detail::as_fd(parent), "", AT_EMPTY_PATH, mount_id | STATX_INO, above);
    if (failed(r)) return r;
    const bool top = here.stx_mnt_id != above.stx_mnt_id || here.stx_ino == above.stx_ino;
    if (top) return detail::change_propagation_of(detail::as_fd(current), sys::ms::private_, w);
    (void)sys::raw::close(detail::as_fd(current));
    current = parent;
  }
  return current;
}

/// See open_tree(2), move_mount(2), and for kernels without them mount(2): this step finds out for those that follow.
[[nodiscard]] inline outcome execute(const bind_root& s, workspace& w) noexcept {
  const outcome place = sys::raw::openat(AT_FDCWD, s.path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (failed(place)) return place;
  const outcome tree = detail::clone_mount(detail::as_fd(place), true);
  w.by_path = detail::lacks_open_tree(tree);
  if (!w.by_path) {
    if (failed(tree)) return tree;
    w.root = detail::as_fd(tree);
    const outcome r = detail::attach_at(w.root, detail::as_fd(place));
    w.by_path = detail::lacks_move_mount(r);
    if (!w.by_path) return r;
  }
  const outcome r = detail::bind_by_path(detail::as_fd(place), true, detail::as_fd(place), w);
  if (failed(r)) return r;
  const outcome root = sys::raw::openat(AT_FDCWD, s.path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (failed(root)) return root;
  w.root = detail::as_fd(root);
  return detail::expect_same(w.root, detail::as_fd(place));
}

namespace detail {

/// The clone of what `s` names on the host, for who is not in the container.
[[nodiscard]] inline outcome clone_host_source(const open_source& s) noexcept {
  return sys::raw::open_tree(AT_FDCWD, s.path.c_str(),
                             sys::open_tree_clone | sys::open_tree_cloexec | (s.recursive ? sys::at_recursive : 0U) |
                                 (s.nofollow ? AT_SYMLINK_NOFOLLOW : 0U));
}

}  // namespace detail

/// See open_tree(2). With mount(2) the slot holds the place that is to be bound.
[[nodiscard]] inline outcome execute(const open_source& s, workspace& w) noexcept {
  outcome tree = 0;
  if (s.inside != 0) {
    tree = detail::open_inside(s.path.c_str() + s.inside, s.nofollow, w);
    if (!failed(tree) && !w.by_path) tree = detail::clone_mount(detail::as_fd(tree), s.recursive);
  } else if (w.by_path) {
    tree = sys::raw::openat(AT_FDCWD, s.path.c_str(), O_PATH | (s.nofollow ? O_NOFOLLOW : 0));
  } else {
    tree = detail::clone_host_source(s);
  }
  if (!failed(tree)) w.slots[s.slot] = detail::as_fd(tree);
  return tree;
}

/// See mount_setattr(2). EPERM: the caller has no privileges over the file system. ENOSYS: the kernel is older than
/// 5.12, or a filter denies the call; there is no other way.
[[nodiscard]] inline outcome execute(const map_source& s, workspace& w) noexcept {
  const outcome r = detail::map_ids(w.slots[s.slot], w.slots[s.mapping], s.recursive);
  return w.by_path || detail::lacks_mount_setattr(r) ? -ENOSYS : r;
}

namespace detail {

/// -EPERM when the mount `fd` has other flags than `locked` lets it have.
[[nodiscard]] inline outcome check_locked(int fd, const locked_flags& locked) noexcept {
  if (locked.mask == 0) return 0;
  struct ::statfs found {};
  const outcome r = sys::raw::fstatfs(fd, found);
  if (failed(r)) return r;
  return (static_cast<std::uint64_t>(found.f_flags) & locked.mask) == locked.value ? 0 : -EPERM;
}

/// move_mount(2) says EINVAL of a file on a directory, and of a directory on a file, where mount(2) says ENOTDIR.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome why_invalid(int source, int target) noexcept {
  return (file_type(source) == S_IFDIR) == (file_type(target) == S_IFDIR) ? -EINVAL : -ENOTDIR;
}

}  // namespace detail

/// See mount_setattr(2), move_mount(2), or mount(2). EXDEV: the target lies on procfs. EPERM: the options take back
/// what the host locked. ENOTDIR: a file cannot be mounted on a directory, nor a directory on a file. EOPNOTSUPP:
/// recursive attributes on a kernel older than 5.12.
[[nodiscard]] inline outcome execute(const attach& s, workspace& w) noexcept {
  const int source = w.slots[s.slot];
  const auto kind_of_source = [source, &s](sys::raw::missing& make) noexcept -> outcome {
    const outcome type = s.directory ? S_IFDIR : detail::file_type(source);
    make = type == S_IFDIR ? sys::raw::missing::directory : sys::raw::missing::file;
    return type;
  };
  if (s.copy_link && detail::file_type(source) == S_IFLNK) return detail::copy_link_to(source, s.target, w);
  const detail::place target = s.nofollow ? detail::find_unfollowed_place(s.target, w, kind_of_source)
                                          : detail::find_place(s.target, 0, sys::raw::links::scoped, w, kind_of_source);
  if (failed(target.directory)) return target.directory;
  const int at = detail::as_fd(target.directory);
  outcome r = s.inside_procfs || target.made ? 0 : detail::refuse_procfs(at);
  if (!failed(r)) r = detail::check_locked(source, s.locked);
  if (!failed(r)) r = detail::attach_source(s, source, at, target.name, w);
  return r == -EINVAL && *target.name == '\0' ? detail::why_invalid(source, at) : r;
}

namespace detail {

/// `mode=0755,` and `data`, where 0755 is the mode of the directory `fd`.
[[nodiscard]] inline outcome data_with_mode(int fd, std::string_view data, char (&to)[4096]) noexcept {
  struct ::statx found {};
  const outcome r = sys::raw::statx(fd, "", AT_EMPTY_PATH, STATX_MODE, found);
  if (failed(r)) return r;
  constexpr std::string_view key = "mode=";
  if (data.size() + key.size() + 8 > sizeof to) return -E2BIG;
  std::memcpy(to, key.data(), key.size());
  char* at = to + key.size();
  for (int shift = 9; shift >= 0; shift -= 3) *at++ = static_cast<char>('0' + (found.stx_mode >> shift & 7));
  if (!data.empty()) *at++ = ',';
  std::memcpy(at, data.data(), data.size());
  at[data.size()] = '\0';
  return 0;
}

/// Copies what `from` holds, the directory at `s.target` before it was covered, into the tmpfs that covers it. What is
/// found there now must be an empty tmpfs (EXDEV, EEXIST), in case the path was moved meanwhile.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome copy_up(const mount_filesystem& s, int from, workspace& w) noexcept {
  const outcome to = sys::raw::open_in_root(w.root, s.target.c_str(), O_RDONLY | O_DIRECTORY);
  if (failed(to)) return to;
  struct ::statfs found {};
  outcome r = sys::raw::fstatfs(as_fd(to), found);
  if (!failed(r) && found.f_type != TMPFS_MAGIC) r = -EXDEV;
  file_name unnoted;
  return failed(r) ? r : copy_directory(from, as_fd(to), w.culprit == nullptr ? unnoted : *w.culprit);
}

/// Binds `s.instead` on the working directory, which is `s.target`, with the flags of the mount.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome bind_instead(const mount_filesystem& s, workspace& w) noexcept {
  outcome r = sys::raw::mount(s.instead.c_str(), ".", nullptr, sys::ms::bind | sys::ms::rec, nullptr);
  if (failed(r)) return r;
  const outcome mount = sys::raw::open_in_root(w.root, s.target.c_str(), O_PATH | O_DIRECTORY);
  struct ::statfs found {};
  if (!failed(mount)) r = sys::raw::fstatfs(as_fd(mount), found);
  if (failed(mount) || failed(r)) return failed(mount) ? mount : r;
  // What the host has set may be locked.
  constexpr std::uint64_t plain = sys::ms::rdonly | sys::ms::nosuid | sys::ms::nodev | sys::ms::noexec;
  const std::uint64_t kept = static_cast<std::uint64_t>(found.f_flags) & (plain | sys::ms::noatime);
  return change_mount(as_fd(mount), sys::ms::bind | sys::ms::remount | kept | s.flags, w);
}

/// Labels the root of what was mounted, as SELinux has it. Since: Linux 2.6.
[[nodiscard]] OCIKIT_MOUNTS_RARE inline outcome label_root(const mount_filesystem& s, workspace& w) noexcept {
  const outcome fd = sys::raw::open_in_root(w.root, s.target.c_str(), O_RDONLY | O_DIRECTORY);
  return failed(fd) ? fd : sys::raw::fsetxattr(as_fd(fd), "security.selinux", s.label.c_str(), s.label.size());
}

}  // namespace detail

/// mount(2) on `.` after fchdir(2): the target is a descriptor, not a path. EXDEV: it lies on procfs.
/// With `copy_up` the errors of `copy_directory` too, and the file that failed is the workspace's culprit.
[[nodiscard]] inline outcome execute(const mount_filesystem& s, workspace& w) noexcept {
  const auto follow = s.ordinary_directory ? sys::raw::links::refused : sys::raw::links::scoped;
  const auto directory = [](sys::raw::missing& make) noexcept -> outcome {
    make = sys::raw::missing::directory;
    return 0;
  };
  const detail::place found = detail::find_place(s.target, O_DIRECTORY, follow, w, directory);
  outcome target = found.directory;
  if (!failed(target) && found.made)
    target = sys::raw::openat(detail::as_fd(target), found.name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (failed(target)) return target;
  outcome r = found.made ? 0 : detail::refuse_procfs(detail::as_fd(target));
  char composed[4096];
  const char* data = s.data.empty() ? nullptr : s.data.c_str();
  if (!failed(r) && s.inherit_mode && !found.missing) {
    r = detail::data_with_mode(detail::as_fd(target), s.data, composed);
    data = composed;
  }
  outcome content = -ENOENT;
  if (!failed(r) && s.copy_up && !found.missing)
    r = content = sys::raw::openat(detail::as_fd(target), ".", O_RDONLY | O_DIRECTORY);
  if (!failed(r)) r = sys::raw::fchdir(detail::as_fd(target));
  if (!failed(r)) r = sys::raw::mount(s.source.c_str(), ".", s.type.c_str(), s.flags, data);
  if ((r == -EPERM || r == -EBUSY) && !s.instead.empty()) r = detail::bind_instead(s, w);
  if (!failed(r) && !failed(content)) r = detail::copy_up(s, detail::as_fd(content), w);
  if (!failed(r) && !s.label.empty()) r = detail::label_root(s, w);
  return r;
}

/// See mount_setattr(2), or mount(2).
[[nodiscard]] inline outcome execute(const change_propagation& s, workspace& w) noexcept {
  const outcome mount = sys::raw::open_in_root(w.root, s.target.c_str(), O_PATH);
  return failed(mount) ? mount : detail::change_propagation_of(detail::as_fd(mount), s.flags, w);
}

/// See mount_setattr(2), or mount(2).
[[nodiscard]] inline outcome execute(const change_attributes& s, workspace& w) noexcept {
  if (s.target == "/") return detail::change_attributes_of(w.root, s.own, w);
  const outcome mount = sys::raw::open_in_root(w.root, s.target.c_str(), O_PATH);
  return failed(mount) ? mount : detail::change_attributes_of(detail::as_fd(mount), s.own, w);
}

namespace detail {

/// The directory for devices and links, made when missing; kept open from one step to the next.
[[nodiscard]] inline outcome device_directory(zstring_view path, workspace& w) noexcept {
  if (w.last_directory_fd >= 0 && w.last_directory == path) return w.last_directory_fd;
  const outcome fd = sys::raw::open_or_make_in_root(w.root, path.c_str(), sys::raw::missing::directory, 0755,
                                                    sys::raw::links::refused);
  if (failed(fd)) return fd;
  w.last_directory = path;
  w.last_directory_fd = as_fd(fd);
  return fd;
}

/// Binds the host's node over an empty file of that name.
[[nodiscard]] inline outcome bind_node(const make_node& s, int directory, workspace& w) noexcept {
  const outcome made = sys::raw::mknodat(directory, s.file.c_str(), S_IFREG | 0666, 0);
  if (failed(made) && made != -EEXIST) return made;
  const outcome place = sys::raw::openat(directory, s.file.c_str(), O_PATH | O_NOFOLLOW);
  if (failed(place)) return place;
  const outcome type = file_type(as_fd(place));
  if (failed(type)) return type;
  if (type == S_IFLNK) return -ELOOP;
  if (w.by_path) {
    const outcome node = sys::raw::openat(AT_FDCWD, s.host_path.c_str(), O_PATH);
    return failed(node) ? node : bind_by_path(as_fd(node), false, as_fd(place), w);
  }
  const outcome tree =
      sys::raw::open_tree(AT_FDCWD, s.host_path.c_str(), sys::open_tree_clone | sys::open_tree_cloexec);
  return failed(tree) ? tree : attach_at(as_fd(tree), as_fd(place));
}

/// dev_t as the kernel's system calls take it.
[[nodiscard]] constexpr dev_t device_number(std::uint32_t major, std::uint32_t minor) noexcept {
  return (minor & 0xffU) | ((major & 0xfffU) << 8) | (dev_t{minor & ~0xffU} << 12) | (dev_t{major & ~0xfffU} << 32);
}

/// Whether `s` is what lies under its name in `directory`: by type and number, links not followed.
[[nodiscard]] inline bool is_node(const make_node& s, int directory) noexcept {
  struct ::statx found {};
  const outcome r = sys::raw::statx(directory, s.file.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE, found);
  if (failed(r) || (found.stx_mode & S_IFMT) != (s.mode & S_IFMT)) return false;
  return (s.mode & S_IFMT) == S_IFIFO || (found.stx_rdev_major == s.major && found.stx_rdev_minor == s.minor);
}

/// For a name that the image has taken: nothing to do if that is the node, else the host's node is bound over it.
/// ELOOP: it is a link, which an image could point anywhere. ENODEV: the host has another device under that name.
[[nodiscard]] inline outcome cover_with_node(const make_node& s, int directory, workspace& w) noexcept {
  if (is_node(s, directory)) return 0;
  const outcome r = bind_node(s, directory, w);
  return failed(r) || is_node(s, directory) ? r : -ENODEV;
}

}  // namespace detail

/// See mknod(2). The init's umask is 0, so that the mode is exact. What the image has under that name is only kept when
/// it is that very node.
[[nodiscard]] inline outcome execute(const make_node& s, workspace& w) noexcept {
  const outcome directory = detail::device_directory(s.directory, w);
  if (failed(directory)) return directory;
  const int at = detail::as_fd(directory);
  if (s.bind) return detail::bind_node(s, at, w);
  outcome r = sys::raw::mknodat(at, s.file.c_str(), s.mode, detail::device_number(s.major, s.minor));
  if (r == -EEXIST) return detail::cover_with_node(s, at, w);
  if (r == -EPERM) return detail::bind_node(s, at, w);
  if (!failed(r) && (s.uid != 0 || s.gid != 0))
    r = sys::raw::fchownat(at, s.file.c_str(), s.uid, s.gid, AT_SYMLINK_NOFOLLOW);
  return r;
}

/// See symlink(2).
[[nodiscard]] inline outcome execute(const make_link& s, workspace& w) noexcept {
  const outcome directory = detail::device_directory(s.directory, w);
  if (failed(directory)) return directory;
  const int at = detail::as_fd(directory);
  outcome r = sys::raw::symlinkat(s.content.c_str(), at, s.file.c_str());
  if (r == -EEXIST && s.replace) {
    r = sys::raw::unlinkat(at, s.file.c_str(), 0);
    if (!failed(r)) r = sys::raw::symlinkat(s.content.c_str(), at, s.file.c_str());
  }
  return r == -EEXIST ? 0 : r;
}

/// See open_tree(2). ELOOP: the image's /dev/console is a link.
[[nodiscard]] inline outcome execute(const bind_console&, workspace& w) noexcept {
  const outcome directory = detail::device_directory("dev", w);
  if (failed(directory)) return directory;
  const int at = detail::as_fd(directory);
  const outcome made = sys::raw::mknodat(at, "console", S_IFREG | 0600, 0);
  if (failed(made) && made != -EEXIST) return made;
  const outcome place = sys::raw::openat(at, "console", O_PATH | O_NOFOLLOW);
  if (failed(place)) return place;
  const outcome type = detail::file_type(detail::as_fd(place));
  if (failed(type)) return type;
  if (type == S_IFLNK) return -ELOOP;
  return detail::bind_at(w.terminal, false, detail::as_fd(place), "", w);
}

/// See open_tree_attr(2), mount_setattr(2), or mount(2), which reaches only the uppermost mount.
[[nodiscard]] inline outcome execute(const protect& s, workspace& w) noexcept {
  const outcome place = sys::raw::open_in_root(w.root, s.path.c_str(), O_PATH);
  if (failed(place)) return place == -ENOENT ? 0 : place;
  const int at = detail::as_fd(place);
  constexpr attributes read_only{sys::mount_attr::rdonly, 0};
  outcome r = 0;
  if (w.by_path) {
    r = detail::bind_by_path(at, true, at, w);
  } else {
    outcome tree = detail::clone_mounts_with(at, read_only, w);
    if (!failed(tree)) return detail::attach_at(detail::as_fd(tree), at);
    tree = detail::clone_mount(at, true);
    if (failed(tree)) return tree;
    r = detail::set_attributes(detail::as_fd(tree), read_only, true);
    const bool later = detail::lacks_mount_setattr(r);
    if (!failed(r) || later) r = detail::attach_at(detail::as_fd(tree), at);
    if (!later) return r;
  }
  const outcome mount = failed(r) ? r : detail::reopen(s.path.c_str(), false, at, w);
  return failed(mount) ? mount : detail::remount(detail::as_fd(mount), read_only, w);
}

namespace detail {

/// The host's null device, by type and number, not by name alone.
[[nodiscard]] inline outcome open_null(workspace& w) noexcept {
  if (w.null >= 0) return w.null;
  const outcome fd = sys::raw::openat(AT_FDCWD, "/dev/null", O_PATH | O_NOFOLLOW);
  if (failed(fd)) return fd;
  struct ::statx found {};
  const outcome r = sys::raw::statx(as_fd(fd), "", AT_EMPTY_PATH, STATX_TYPE, found);
  if (failed(r)) return r;
  if ((found.stx_mode & S_IFMT) != S_IFCHR || found.stx_rdev_major != 1 || found.stx_rdev_minor != 3) return -ENODEV;
  w.null = as_fd(fd);
  return fd;
}

/// Whether `fd` is on the file system of a mask, which nothing else of a container has: a read-only tmpfs of two
/// inodes.
[[nodiscard]] inline bool is_mask(int fd) noexcept {
  struct ::statfs found {};
  return !failed(sys::raw::fstatfs(fd, found)) && found.f_type == TMPFS_MAGIC && found.f_files == 2 &&
         (static_cast<std::uint64_t>(found.f_flags) & sys::ms::rdonly) != 0;
}

/// Covers the directory `fd`, found under the path of `s`, by an empty read-only one, the same for all: the first is
/// looked up by its path, and another is made when that leads elsewhere by then.
[[nodiscard]] inline outcome cover_directory(int fd, const mask& s, workspace& w) noexcept {
  if (w.empty < 0 && !w.first_mask.empty()) {
    const outcome first = sys::raw::open_in_root(w.root, w.first_mask.c_str(), O_PATH | O_DIRECTORY);
    if (!failed(first) && is_mask(as_fd(first))) w.empty = as_fd(first);
  }
  if (w.empty >= 0) return bind_at(w.empty, false, fd, "", w);
  outcome r = sys::raw::fchdir(fd);
  if (!failed(r)) r = sys::raw::mount("tmpfs", ".", "tmpfs", sys::ms::rdonly, s.data.c_str());
  if (!failed(r)) w.first_mask = s.path;
  return r;
}

}  // namespace detail

/// See mount(2), open_tree(2). Since: Linux 5.2.
[[nodiscard]] inline outcome execute(const mask& s, workspace& w) noexcept {
  const outcome directory = sys::raw::open_in_root(w.root, s.path.c_str(), O_PATH | O_DIRECTORY);
  if (!failed(directory)) return detail::cover_directory(detail::as_fd(directory), s, w);
  if (directory == -ENOENT) return 0;
  const outcome place = sys::raw::open_in_root(w.root, s.path.c_str(), O_PATH);
  if (failed(place)) return place == -ENOENT || place == -ENOTDIR ? 0 : place;
  const outcome cover = detail::open_null(w);
  return failed(cover) ? cover : detail::bind_at(detail::as_fd(cover), false, detail::as_fd(place), "", w);
}

/// See mkdir(2).
[[nodiscard]] inline outcome execute(const make_directory& s, workspace& w) noexcept {
  return sys::raw::open_or_make_in_root(w.root, s.path.c_str(), sys::raw::missing::directory, 0755);
}

/// See pivot_root(2). With `.` for both, the old root is stacked on the new one and can be detached at once.
[[nodiscard]] inline outcome execute(const pivot_root&, workspace& w) noexcept {
  outcome r = sys::raw::fchdir(w.root);
  if (!failed(r)) r = sys::raw::pivot_root(".", ".");
  // "." still is the new root, below the old one; ".." leads to the top of what is stacked on `/`, as does umount2(2).
  // Nothing that happens to the old one may reach the host.
  if (!failed(r)) r = sys::raw::mount(nullptr, "..", nullptr, sys::ms::slave | sys::ms::rec, nullptr);
  if (!failed(r)) r = sys::raw::umount2(".", sys::mnt_detach);
  if (!failed(r)) r = sys::raw::chdir("/");
  return r;
}

/// See umount(2). In a user namespace the mount is locked (EPERM, EINVAL), so it is covered.
[[nodiscard]] inline outcome execute(const hide_mount& s, workspace&) noexcept {
  const outcome r = sys::raw::umount2(s.path.c_str(), sys::mnt_detach | sys::umount_nofollow);
  if (r != -EPERM && r != -EINVAL) return r;
  return sys::raw::mount("tmpfs", s.path.c_str(), "tmpfs", 0, nullptr);
}

/// See mount(2), MS_MOVE; chroot(2).
[[nodiscard]] inline outcome execute(const move_root&, workspace& w) noexcept {
  outcome r = sys::raw::fchdir(w.root);
  if (!failed(r)) r = sys::raw::mount(".", "/", nullptr, sys::ms::move, nullptr);
  if (!failed(r)) r = sys::raw::chroot(".");
  if (!failed(r)) r = sys::raw::chdir("/");
  return r;
}

/// See chroot(2).
[[nodiscard]] inline outcome execute(const change_root&, workspace& w) noexcept {
  outcome r = sys::raw::fchdir(w.root);
  if (!failed(r)) r = sys::raw::chroot(".");
  if (!failed(r)) r = sys::raw::chdir("/");
  return r;
}

}  // namespace ocikit::mounts
