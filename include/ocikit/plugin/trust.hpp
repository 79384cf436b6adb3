// SPDX-License-Identifier: Apache-2.0
//
// Whether code may be loaded from a place: only if nobody but root and the caller could have put it there.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>

namespace ocikit::plugin {

/// Who may own a plugin and the directories above it, besides root.
struct trust {
  uid_t caller = ::geteuid();
};

namespace detail {

/// What statx told, as far as trust is concerned.
struct inode {
  uid_t owner = 0;
  mode_t mode = 0;
  std::uint64_t ino = 0;
  std::uint64_t mount = 0;
  std::uint64_t size = 0;
  std::uint32_t dev_major = 0, dev_minor = 0;
  [[nodiscard]] bool same_place(const inode& other) const noexcept {
    return ino == other.ino && mount == other.mount && dev_major == other.dev_major && dev_minor == other.dev_minor;
  }
};

/// 0, or an errno.
[[nodiscard]] inline int look_at(fd_view dir, const char* name, inode& to) {
  struct ::statx x {};
  const int flags = AT_SYMLINK_NOFOLLOW | (*name == '\0' ? AT_EMPTY_PATH : 0);
  if (::statx(dir.get(), name, flags, STATX_BASIC_STATS | STATX_MNT_ID, &x) != 0) return errno;
  to = {x.stx_uid, x.stx_mode, x.stx_ino, x.stx_mnt_id, x.stx_size, x.stx_dev_major, x.stx_dev_minor};
  return 0;
}

[[nodiscard]] inline std::string octal_mode(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", mode & 07777U);
  return text;
}

/// Why this owner and mode are not trusted; empty when they are. A sticky directory that all may write to, as /tmp, is
/// fine above the plugin's directory: others cannot rename or replace in it what root or the caller owns.
[[nodiscard]] inline std::string why_untrusted(const inode& found, const trust& whom, bool sticky_will_do) {
  if (found.owner != 0 && found.owner != whom.caller)
    return "belongs to uid " + std::to_string(found.owner) + ", neither root nor the caller";
  if ((found.mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  if (sticky_will_do && (found.mode & S_ISVTX) != 0) return {};
  return "can be written by others than its owner (mode " + octal_mode(found.mode) + ")";
}

/// The path of what is `steps` levels above the open directory; only to tell a failure.
[[nodiscard]] inline std::string path_above(fd_view dir, int steps) {
  char text[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(dir.get());
  const auto size = ::readlink(link.c_str(), text, sizeof text);
  std::string path{text, size > 0 ? static_cast<std::size_t>(size) : 0};
  while (steps-- > 0 && path.size() > 1) path.resize(std::max<std::size_t>(path.rfind('/'), 1));
  return path;
}

}  // namespace detail

/// Checks the open directory and every directory above it, up to the root: owned by root or the caller, writable by
/// nobody else. It goes up from the descriptor by `..`, so symbolic links on the way to it do not matter and nothing
/// can be swapped between check and use: whoever could do that is trusted already. One statx(2) a level.
///
/// Errors: plugin, naming the directory and what is wrong with it.
[[nodiscard]] inline result<void> check_directory(fd_view dir, const trust& whom) {
  constexpr int deepest = 256;
  detail::inode below;
  std::string up;
  for (int level = 0; level < deepest; ++level) {
    detail::inode here;
    if (const int code = detail::look_at(dir, up.c_str(), here); code != 0)
      return tl::unexpected(error::plugin(detail::path_above(dir, level) + ": statx: " + errno_text(code)));
    if (level > 0 && here.same_place(below)) return {};
    if (const auto why = detail::why_untrusted(here, whom, level > 0); !why.empty())
      return tl::unexpected(error::plugin("directory " + detail::path_above(dir, level) + " " + why));
    below = here;
    up += up.empty() ? ".." : "/..";
  }
  return tl::unexpected(error::plugin("directory " + detail::path_above(dir, 0) + " lies too deep"));
}

/// Checks an opened plugin file: a regular file, owned by root or the caller, writable by nobody else. Yields its size.
///
/// Errors: plugin, with the reason; the caller adds the path.
[[nodiscard]] inline result<std::uint64_t> check_file(fd_view file, const trust& whom) {
  detail::inode found;
  if (const int code = detail::look_at(file, "", found); code != 0)
    return tl::unexpected(error::plugin("statx: " + errno_text(code)));
  if (!S_ISREG(found.mode)) return tl::unexpected(error::plugin("not a regular file"));
  if (const auto why = detail::why_untrusted(found, whom, false); !why.empty())
    return tl::unexpected(error::plugin("the file " + why));
  return found.size;
}

}  // namespace ocikit::plugin
