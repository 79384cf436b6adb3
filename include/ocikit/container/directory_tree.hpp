// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// One entry of a directory: its name, and DT_DIR, DT_REG, ... or DT_UNKNOWN from file systems that do not tell.
struct directory_entry {
  std::string name;
  unsigned char type = DT_UNKNOWN;
};

/// The entries of `directory` but for `.` and `..`, sorted by byte; none when it was removed. Its read position is set
/// back first. Errors: system. See: getdents64(2).
[[nodiscard]] inline result<std::vector<directory_entry>> read_directory(fd_view directory) {
  (void)sys::raw::lseek(directory.get(), 0, SEEK_SET);
  std::vector<directory_entry> found;
  alignas(::dirent64) char buffer[16384];
  for (;;) {
    const auto size = sys::raw::getdents64(directory.get(), buffer, sizeof buffer);
    if (size == 0 || size == -ENOENT) break;  // ENOENT: the directory itself was removed
    OCIKIT_TRY(sys::detail::explain_void(size, "getdents64", directory, sizeof buffer));
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      unsigned short length = 0;
      std::memcpy(&length, buffer + at + offsetof(::dirent64, d_reclen), sizeof length);
      const char* name = buffer + at + offsetof(::dirent64, d_name);
      const auto type = static_cast<unsigned char>(buffer[at + offsetof(::dirent64, d_type)]);
      if (std::string_view{name} != "." && std::string_view{name} != "..") found.push_back({name, type});
      at += length;
    }
  }
  std::ranges::sort(found, {}, &directory_entry::name);
  return found;
}

/// Opens the subdirectory `name` of `directory`; a symbolic link is not one. Errors: system, ENOTDIR.
[[nodiscard]] inline result<unique_fd> open_subdirectory(fd_view directory, zstring_view name) {
  return sys::openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/// Removes everything in `directory`, without following a symbolic link. What vanishes meanwhile is fine. Trees of more
/// than `depth` levels are refused. Errors: system.
[[nodiscard]] inline result<void> remove_below(fd_view directory, int depth = 32) {
  if (depth == 0) return tl::unexpected(error::from_errno(ELOOP, sys::call_text("remove_below", directory)));
  for (const auto& [name, type] : OCIKIT_TRY(read_directory(directory))) {
    auto gone = sys::unlinkat(directory, name);
    if (!gone && (gone.error().code() == EISDIR || gone.error().code() == EPERM)) {
      const auto inner = OCIKIT_TRY(open_subdirectory(directory, name));
      OCIKIT_TRY(remove_below(inner, depth - 1));
      gone = sys::unlinkat(directory, name, AT_REMOVEDIR);
    }
    if (!gone && gone.error().code() != ENOENT) return gone;
  }
  return {};
}

}  // namespace ocikit::container
