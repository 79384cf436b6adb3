// SPDX-License-Identifier: Apache-2.0
//
// Copies a directory's content into an empty file system, for `tmpcopyup`. The content is the image's and may be
// hostile: every name is taken below a descriptor of its directory and no link is followed, a device is never opened,
// and what is mounted inside is left out. Raw storey: no allocation, no recursion.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <ocikit/sys/raw.hpp>

namespace ocikit::mounts {

/// Directories within directories, of which each takes two descriptors while it is copied; more are -ENAMETOOLONG.
inline constexpr int deepest_copy = 128;
/// Files and directories in all; more are -E2BIG. How much they hold is the target's own limit (a tmpfs's `size`).
inline constexpr std::uint32_t most_copied = 1U << 20;

/// The name of one directory entry.
struct file_name {
  char text[256] = {};
  std::size_t size = 0;
  void operator=(std::string_view name) noexcept {
    size = name.size() < sizeof text ? name.size() : sizeof text;
    std::memcpy(text, name.data(), size);
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text, size}; }
};

namespace detail {

using sys::raw::failed;
using sys::raw::outcome;

/// A directory that is being copied, and where reading it goes on behind a directory within it.
struct copied_directory {
  int from = -1;
  int to = -1;
  long next = 0;
};

/// The type and permissions of what statx(2) found.
[[nodiscard]] inline mode_t type_of(const struct ::statx& s) noexcept { return s.stx_mode & S_IFMT; }
[[nodiscard]] inline mode_t permissions_of(const struct ::statx& s) noexcept { return s.stx_mode & 07777U; }

/// Another file system's root, which the image did not bring. Kernels before 5.8 do not tell; then a directory's device
/// does, which is that of its file system.
[[nodiscard]] inline bool is_mounted(const struct ::statx& s, const struct ::statx& parent) noexcept {
  constexpr std::uint64_t mount_root = 0x2000;  // STATX_ATTR_MOUNT_ROOT
  if ((s.stx_attributes_mask & mount_root) != 0) return (s.stx_attributes & mount_root) != 0;
  return type_of(s) == S_IFDIR && (s.stx_dev_major != parent.stx_dev_major || s.stx_dev_minor != parent.stx_dev_minor);
}

/// The bytes of `from`, at most `size`: a file that grows meanwhile does not keep us. Holes stay holes, so that what is
/// copied is no more than what the image really holds.
[[nodiscard]] __attribute__((cold)) inline outcome copy_bytes(int from, int to, std::uint64_t size) noexcept {
  constexpr int data = 3, hole = 4;  // SEEK_DATA, SEEK_HOLE
  const long end = static_cast<long>(size);
  long at = 0;
  while (at < end) {
    outcome r = sys::raw::lseek(from, at, data);
    if (r == -ENXIO || r >= end) break;  // nothing but a hole is left
    if (failed(r)) return r;
    at = r;
    r = sys::raw::lseek(from, at, hole);
    if (failed(r)) return r;
    const long until = r < end ? r : end;
    r = sys::raw::lseek(to, at, 0);
    while (!failed(r) && at < until) {
      r = sys::raw::sendfile(to, from, at, static_cast<std::size_t>(until - at));
      if (r == 0) return 0;  // it has shrunk
    }
    if (failed(r)) return r;
  }
  return sys::raw::ftruncate(to, end);
}

/// Owner first, as chown(2) takes the set-id bits away.
[[nodiscard]] __attribute__((cold)) inline outcome give_away(int fd, const struct ::statx& like) noexcept {
  const outcome r = sys::raw::fchown(fd, like.stx_uid, like.stx_gid);
  return failed(r) ? r : sys::raw::fchmod(fd, permissions_of(like));
}

[[nodiscard]] __attribute__((cold)) inline outcome copy_file(const copied_directory& in, const char* name,
                                                             const struct ::statx& s) noexcept {
  // Whatever took the file's place meanwhile, opening it waits for nobody.
  const outcome from = sys::raw::openat(in.from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (failed(from)) return from;
  struct ::statx found {};
  outcome r = sys::raw::statx(static_cast<int>(from), "", AT_EMPTY_PATH, STATX_TYPE, found);
  if (!failed(r) && type_of(found) != S_IFREG) r = -ESTALE;
  outcome to = r;
  if (!failed(r)) r = to = sys::raw::openat(in.to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (!failed(r)) r = copy_bytes(static_cast<int>(from), static_cast<int>(to), s.stx_size);
  if (!failed(r)) r = give_away(static_cast<int>(to), s);
  if (!failed(to)) (void)sys::raw::close(static_cast<int>(to));
  (void)sys::raw::close(static_cast<int>(from));
  return r;
}

[[nodiscard]] __attribute__((cold)) inline outcome copy_link(const copied_directory& in, const char* name,
                                                             const struct ::statx& s) noexcept {
  char content[4096];
  outcome r = sys::raw::readlinkat(in.from, name, content, sizeof content - 1);
  if (failed(r)) return r;
  content[r] = '\0';
  r = sys::raw::symlinkat(content, in.to, name);
  return failed(r) ? r : sys::raw::fchownat(in.to, name, s.stx_uid, s.stx_gid, AT_SYMLINK_NOFOLLOW);
}

/// A FIFO or a socket, which is a name and nothing else.
[[nodiscard]] __attribute__((cold)) inline outcome copy_name(const copied_directory& in, const char* name,
                                                             const struct ::statx& s) noexcept {
  const outcome r = sys::raw::mknodat(in.to, name, type_of(s) | permissions_of(s), 0);
  return failed(r) ? r : sys::raw::fchownat(in.to, name, s.stx_uid, s.stx_gid, AT_SYMLINK_NOFOLLOW);
}

/// Makes the directory and, unless something is mounted there, opens both sides in `inner`.
[[nodiscard]] __attribute__((cold)) inline outcome enter_copy(const copied_directory& in, const char* name,
                                                              const struct ::statx& s, bool mounted,
                                                              copied_directory& inner) noexcept {
  outcome r = sys::raw::mkdirat(in.to, name, 0700);
  const outcome to = failed(r) ? r : sys::raw::openat(in.to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (failed(to)) return to;
  inner.to = static_cast<int>(to);
  r = give_away(inner.to, s);
  const outcome from = failed(r) || mounted ? r : sys::raw::openat(in.from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (failed(from) || mounted) {
    (void)sys::raw::close(inner.to);
    return from;
  }
  inner.from = static_cast<int>(from);
  return 0;
}

/// One entry of the directory `in`; one that is a directory is open in `inner` then.
[[nodiscard]] __attribute__((cold)) inline outcome copy_entry(const copied_directory& in, const char* name,
                                                              copied_directory& inner) noexcept {
  constexpr unsigned wanted = STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_SIZE;
  constexpr int flags = AT_SYMLINK_NOFOLLOW | 0x800;  // AT_NO_AUTOMOUNT
  struct ::statx parent {
  }, found{};
  outcome r = sys::raw::statx(in.from, name, flags, wanted, found);
  if (!failed(r)) r = sys::raw::statx(in.from, "", AT_EMPTY_PATH, STATX_TYPE, parent);
  if (failed(r)) return r;
  const bool mounted = is_mounted(found, parent);
  switch (type_of(found)) {
    case S_IFDIR:
      return enter_copy(in, name, found, mounted, inner);
    case S_IFREG:
      return mounted ? 0 : copy_file(in, name, found);
    case S_IFLNK:
      return mounted ? 0 : copy_link(in, name, found);
    case S_IFIFO:
    case S_IFSOCK:
      return mounted ? 0 : copy_name(in, name, found);
    default:  // a device: what an image says is one shall not become one on a file system that is not `nodev`
      return 0;
  }
}

}  // namespace detail

/// Copies what the directory `from` holds into the empty directory `to`; both are open for reading. Files keep content,
/// owner and mode, sparse ones their holes; links, FIFOs and sockets are made anew; times and extended attributes are
/// not kept, as in runc. Devices, and what is mounted below `from`, are left out.
/// Errors: the kernel's, -E2BIG and -ENAMETOOLONG for the limits above, -ESTALE for a file that was exchanged while it
/// was looked at. `culprit` is the name at which it failed then. Since: Linux 4.11 (statx).
[[nodiscard]] __attribute__((cold)) inline sys::raw::outcome copy_directory(int from, int to,
                                                                            file_name& culprit) noexcept {
  using namespace detail;
  struct entry_head {  // of getdents64(2); the name follows d_type
    std::uint64_t inode;
    std::int64_t next;
    std::uint16_t size;
    std::uint8_t type;
  };
  constexpr std::size_t name_offset = 19;
  copied_directory stack[deepest_copy];
  alignas(8) char buffer[8192];
  std::uint32_t count = 0;
  int depth = 0;
  stack[0] = {from, to, 0};
  while (true) {
    const outcome size = sys::raw::getdents64(stack[depth].from, buffer, sizeof buffer);
    if (failed(size)) return size;
    if (size == 0) {
      if (depth == 0) return 0;
      (void)sys::raw::close(stack[depth].from);
      (void)sys::raw::close(stack[depth].to);
      --depth;
      const outcome r = sys::raw::lseek(stack[depth].from, stack[depth].next, 0);
      if (failed(r)) return r;
      continue;
    }
    bool entered = false;
    for (outcome at = 0; at < size && !entered;) {
      entry_head head;
      std::memcpy(&head, buffer + at, sizeof head);
      const char* name = buffer + at + name_offset;
      at += head.size;
      if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))) continue;
      copied_directory inner;
      outcome r = ++count > most_copied ? -E2BIG : copy_entry(stack[depth], name, inner);
      entered = inner.from >= 0;
      if (entered && depth + 1 == deepest_copy) r = -ENAMETOOLONG;
      if (failed(r)) {
        culprit = std::string_view{name};
        return r;
      }
      stack[depth].next = head.next;
      if (entered) stack[++depth] = inner;
    }
  }
}

}  // namespace ocikit::mounts
