// SPDX-License-Identifier: Apache-2.0
//
// Paths below a root, for a tree whose content may be hostile. Every look-up starts at a descriptor of the root and
// cannot leave it: not by `..`, not by absolute or dangling symbolic links, not by procfs's magic links, not by a
// component that is swapped while we look. Raw storey: no allocation, negative errno on failure.
// See: openat2(2), path_resolution(7).
#pragma once

#include <linux/magic.h>

#include <cstdint>
#include <cstring>

#include <ocikit/sys/raw.hpp>

namespace ocikit::sys::raw {

/// What a look-up below a root may do with symbolic links.
enum class links : unsigned char {
  scoped,   ///< followed, as if the root were `/`
  refused,  ///< ELOOP: for mount points that must be ordinary directories
};

namespace rooted_detail {

inline constexpr int most_links = 40;  // the kernel's own limit
inline constexpr int most_tries = 128;

/// A path under construction, always NUL-terminated, at most PATH_MAX bytes.
struct path_buffer {
  char text[4096];
  std::size_t size = 0;

  [[nodiscard]] bool append(const char* part, std::size_t length) noexcept {
    const std::size_t separator = size != 0 ? 1 : 0;
    if (size + separator + length + 1 > sizeof text) return false;
    if (separator != 0) text[size++] = '/';
    for (std::size_t i = 0; i < length; ++i) text[size++] = part[i];
    text[size] = '\0';
    return true;
  }
  void drop_last() noexcept {
    while (size > 0 && text[--size] != '/') {
    }
    text[size] = '\0';
  }
  [[nodiscard]] const char* c_str() const noexcept { return size == 0 ? "." : text; }
};

/// The first component of `path`: skips separators, returns its length; 0 at the end.
[[nodiscard]] inline std::size_t first_component(const char*& path) noexcept {
  while (*path == '/') ++path;
  std::size_t length = 0;
  while (path[length] != '\0' && path[length] != '/') ++length;
  return length;
}

[[nodiscard]] inline outcome openat2_patiently(int dir, const char* path, const open_how& how) noexcept {
  outcome r = -EAGAIN;
  for (int tries = 0; tries < most_tries && r == -EAGAIN; ++tries) r = openat2(dir, path, how);
  return r;
}

[[nodiscard]] inline bool is_link(int dir, const char* name) noexcept {
  char target[1];
  return !failed(readlinkat(dir, name, target, sizeof target));
}

/// True for a link in a directory of procfs below its root: all of procfs's magic links are there, and nothing says
/// which ones they are. `self`, `mounts` and `net`, in the root itself, are ordinary.
[[nodiscard]] inline bool holds_magic_links(int dir) noexcept {
  constexpr std::uint64_t procfs_root = 1;  // PROC_ROOT_INO
  struct ::statfs system {};
  if (failed(fstatfs(dir, system)) || system.f_type != PROC_SUPER_MAGIC) return false;
  struct ::statx found {};
  return failed(statx(dir, "", AT_EMPTY_PATH, STATX_INO, found)) || found.stx_ino != procfs_root;
}

/// Opens `path`, whose components must be neither links nor `..` (EXDEV), one O_NOFOLLOW step at a time.
/// The way without openat2(2).
[[nodiscard]] inline outcome walk(int root, const char* path, int flags) noexcept {
  outcome current = openat(root, ".", O_PATH | O_DIRECTORY);
  while (!failed(current)) {
    const std::size_t length = first_component(path);
    if (length == 0) break;
    const bool up = length == 2 && path[0] == '.' && path[1] == '.';
    char name[256];
    if (up || length >= sizeof name) {
      (void)close(static_cast<int>(current));
      return up ? -EXDEV : -ENAMETOOLONG;
    }
    std::memcpy(name, path, length);
    name[length] = '\0';
    path += length;
    const char* rest = path;
    const bool last = first_component(rest) == 0;
    const int directory = *path == '/' ? O_DIRECTORY : 0;
    outcome next = openat(static_cast<int>(current), name, O_NOFOLLOW | directory | (last ? flags : O_PATH));
    // As openat2(2) calls it: O_DIRECTORY makes a link just one more thing that is no directory.
    if (next == -ENOTDIR && is_link(static_cast<int>(current), name)) next = -ELOOP;
    (void)close(static_cast<int>(current));
    current = next;
  }
  if (failed(current) || (flags & O_PATH) == 0) return current;
  // O_PATH with O_NOFOLLOW opens a link itself instead of refusing it.
  if (!is_link(static_cast<int>(current), "")) return current;
  (void)close(static_cast<int>(current));
  return -ELOOP;
}

}  // namespace rooted_detail

/// Opens `path`, without following any link, below the directory `root`. `path` must not hold `..`.
[[nodiscard]] inline outcome open_plain(int root, const char* path, int flags) noexcept {
  while (*path == '/') ++path;
  if (*path == '\0') path = ".";
  const open_how how{static_cast<__u64>(flags | O_CLOEXEC), 0,
                     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS};
  const outcome r = rooted_detail::openat2_patiently(root, path, how);
  // EPERM: an outer seccomp filter that knows no openat2. Asked anew each time: filters come and go.
  return r == -ENOSYS || r == -EPERM ? rooted_detail::walk(root, path, flags) : r;
}

/// What to make when a path is missing.
enum class missing : unsigned char {
  fail,       ///< nothing: ENOENT
  directory,  ///< mkdir -p
  file,       ///< an empty regular file, and its parents as directories
};

namespace rooted_detail {

/// Walks `path` below `root` itself, expanding links as if `root` were `/` and making what is missing. For what
/// openat2(2) cannot do: create on the way, and pass through dangling links.
class walker {
 public:
  walker(int root, missing make, mode_t mode) noexcept : root_{root}, make_{make}, mode_{mode} {}

  [[nodiscard]] outcome open(const char* path, int flags) noexcept {
    if (!push(path)) return -ENAMETOOLONG;
    int expansions = 0;
    while (true) {
      const char* next = pending_.text + position_;
      const bool slash = *next == '/';
      const std::size_t length = first_component(next);
      if (length == 0) return open_plain(root_, resolved_.c_str(), slash ? flags | O_DIRECTORY : flags);
      position_ = static_cast<std::size_t>(next - pending_.text) + length;
      const bool here = length == 1 && next[0] == '.';
      const bool up = length == 2 && next[0] == '.' && next[1] == '.';
      const outcome r = here || up ? expect_directory() : step(next, length, expansions);
      if (failed(r)) return r;
      if (up) resolved_.drop_last();
    }
  }

 private:
  /// Puts `path` before what is still to be walked.
  [[nodiscard]] bool push(const char* path) noexcept {
    path_buffer joined;
    if (*path == '/') resolved_.size = 0, resolved_.text[0] = '\0';
    const std::size_t length = std::strlen(path);
    if (!joined.append(path, length)) return false;
    const char* rest = pending_.text + position_;
    if (pending_.size != 0 && *rest != '\0' && !joined.append(rest, std::strlen(rest))) return false;
    pending_ = joined;
    position_ = 0;
    return true;
  }

  /// `.` and `..` are entries of directories alone.
  [[nodiscard]] outcome expect_directory() const noexcept {
    const outcome fd = open_plain(root_, resolved_.c_str(), O_PATH | O_DIRECTORY);
    return failed(fd) ? fd : close(static_cast<int>(fd));
  }

  /// One component below `resolved_`: entered, expanded, or made.
  [[nodiscard]] outcome step(const char* name, std::size_t length, int& expansions) noexcept {
    char part[256];
    if (length >= sizeof part) return -ENAMETOOLONG;
    std::memcpy(part, name, length);
    part[length] = '\0';
    const outcome parent = open_plain(root_, resolved_.c_str(), O_PATH | O_DIRECTORY);
    if (failed(parent)) return parent;
    char target[4096];
    outcome r = readlinkat(static_cast<int>(parent), part, target, sizeof target - 1);
    if (!failed(r)) {
      const bool magic = holds_magic_links(static_cast<int>(parent));
      (void)close(static_cast<int>(parent));
      if (magic || ++expansions > most_links) return -ELOOP;
      target[r] = '\0';
      return push(target) ? 0 : -ENAMETOOLONG;
    }
    if (r == -ENOENT) r = make(static_cast<int>(parent), part);
    (void)close(static_cast<int>(parent));
    if (failed(r) && r != -EINVAL && r != -EEXIST) return r;  // EINVAL: not a link
    return resolved_.append(part, length) ? 0 : -ENAMETOOLONG;
  }

  [[nodiscard]] outcome make(int parent, const char* name) noexcept {
    const char* rest = pending_.text + position_;
    const bool slash = *rest == '/';
    const bool last = first_component(rest) == 0;
    if (make_ == missing::fail) return -ENOENT;
    if (last && make_ == missing::file) return slash ? -EISDIR : mknodat(parent, name, S_IFREG | mode_, 0);
    return mkdirat(parent, name, last ? mode_ : 0755);
  }

  int root_;
  missing make_;
  mode_t mode_;
  path_buffer resolved_{};
  path_buffer pending_{};
  std::size_t position_ = 0;
};

}  // namespace rooted_detail

/// A path that ends in an ordinary name: the length of what is before it, and the name. No name: for the walker.
struct split_path {
  std::size_t parent_size = 0;
  const char* name = nullptr;
};
[[nodiscard]] inline split_path split(const char* path) noexcept {
  const std::size_t size = std::strlen(path);
  std::size_t start = size;
  while (start > 0 && path[start - 1] != '/') --start;
  const std::size_t length = size - start;
  if (length == 0 || length > 255 || size >= 4096) return {};
  const bool dots = path[start] == '.' && (length == 1 || (length == 2 && path[start + 1] == '.'));
  return dots ? split_path{} : split_path{start, path + start};
}

/// Opens `path` as a process with `root` as its `/` would see it. `flags` as for open(2), without O_CREAT.
/// Magic links are refused with ELOOP. Since: Linux 5.6; earlier, or denied, by a walk of our own.
[[nodiscard]] inline outcome open_in_root(int root, const char* path, int flags,
                                          links follow = links::scoped) noexcept {
  if (follow == links::refused) return open_plain(root, path, flags);
  const open_how how{static_cast<__u64>(flags | O_CLOEXEC), 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  const outcome r = rooted_detail::openat2_patiently(root, *path == '\0' ? "." : path, how);
  if (r != -ENOSYS && r != -EPERM) return r;
  return rooted_detail::walker{root, missing::fail, 0}.open(path, flags);
}

/// The directory that holds the last component of `path`, O_PATH. EINVAL: it does not end in an ordinary name.
[[nodiscard]] inline outcome open_parent_in_root(int root, const char* path, links follow = links::scoped) noexcept {
  const split_path parts = split(path);
  if (parts.name == nullptr) return -EINVAL;
  char parent[4096];
  std::memcpy(parent, path, parts.parent_size);
  parent[parts.parent_size] = '\0';
  return open_in_root(root, parts.parent_size == 0 ? "." : parent, O_PATH | O_DIRECTORY, follow);
}

/// Makes `name`, one component, in the directory `parent`. EEXIST: whatever is there stays.
[[nodiscard]] inline outcome make_in(int parent, const char* name, missing make, mode_t mode) noexcept {
  return make == missing::directory ? mkdirat(parent, name, mode) : mknodat(parent, name, S_IFREG | mode, 0);
}

namespace rooted_detail {

/// The usual case of a missing path: its parent is there. What is made is opened from that parent and so cannot be
/// anywhere else, whatever happens to the path meanwhile; a link in its place is refused.
[[nodiscard]] inline outcome make_last(int root, const char* path, missing make, mode_t mode, links follow) noexcept {
  const outcome parent = open_parent_in_root(root, path, follow);
  if (failed(parent)) return parent;
  const char* name = split(path).name;
  outcome r = make_in(static_cast<int>(parent), name, make, mode);
  if (!failed(r))
    r = open_plain(static_cast<int>(parent), name, O_PATH | (make == missing::directory ? O_DIRECTORY : 0));
  (void)close(static_cast<int>(parent));
  return r;
}

}  // namespace rooted_detail

/// As `open_in_root` with O_PATH, making the path when it is missing: `mode` for its last component, 0755 for parents
/// (both before the umask).
[[nodiscard]] inline outcome open_or_make_in_root(int root, const char* path, missing make, mode_t mode,
                                                  links follow = links::scoped) noexcept {
  const int kind = make == missing::directory ? O_DIRECTORY : 0;
  const outcome r = open_in_root(root, path, O_PATH | kind, follow);
  if (r != -ENOENT || make == missing::fail) return r;
  const outcome last = rooted_detail::make_last(root, path, make, mode, follow);
  if (!failed(last)) return last;
  // More than the last component is missing, or a link leads nowhere: step by step.
  if (follow == links::scoped) return rooted_detail::walker{root, make, mode}.open(path, O_PATH | kind);
  // No link may be met: what is missing is made through the walk, then opened again with links refused.
  const outcome made = rooted_detail::walker{root, make, mode}.open(path, O_PATH | kind);
  if (failed(made)) return made;
  (void)close(static_cast<int>(made));
  return open_in_root(root, path, O_PATH | kind, follow);
}

}  // namespace ocikit::sys::raw
