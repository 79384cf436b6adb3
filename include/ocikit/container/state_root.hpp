// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/container/container_id.hpp>
#include <ocikit/container/directory_tree.hpp>
#include <ocikit/container/state_directory.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// The directory that holds one directory per container.
class state_root {
 public:
  /// Opens `path`, which must be a real directory (not a link to one) of the caller's that nobody else may write, and
  /// must not lie in a directory where anybody may replace it.
  /// Errors: system, as `open PATH: no such file or directory`; state when it is not to be trusted.
  [[nodiscard]] static result<state_root> open(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);  // a trailing slash would follow a link
    const std::string shown{path};
    const auto directory = sys::raw::openat(AT_FDCWD, shown.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (sys::raw::failed(directory))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(directory), "open " + shown));
    state_root opened{unique_fd{adopt_fd, static_cast<int>(directory)}};
    auto trusted = opened.expect_trusted();
    if (!trusted) return tl::unexpected(std::move(trusted).error().within("state directory " + shown));
    return opened;
  }

  /// As `open`, but makes it, 0700, and its parents where they are missing.
  [[nodiscard]] static result<state_root> open_or_create(std::string_view path) {
    auto opened = open(path);
    if (opened || opened.error().code() != ENOENT) return opened;
    for (std::size_t end = 0; end != std::string_view::npos;) {
      end = path.find('/', end + 1);
      const std::string prefix{path.substr(0, end)};
      const auto made = sys::mkdirat(sys::at_fdcwd, prefix, 0700);
      if (!made && made.error().code() != EEXIST) return tl::unexpected(made.error());
    }
    return open(path);
  }

  [[nodiscard]] fd_view directory() const noexcept { return directory_; }

  /// Sets the sticky bit, which keeps systemd-tmpfiles from cleaning a directory below $XDG_RUNTIME_DIR.
  /// Errors: system.
  [[nodiscard]] result<void> set_sticky() { return sys::fchmod(directory_, S_ISVTX | 0700); }

  /// The names of the directories in it, sorted by byte. Errors: system.
  [[nodiscard]] result<std::vector<std::string>> names() const {
    std::vector<std::string> found;
    for (auto& [name, type] : OCIKIT_TRY(read_directory(directory_)))
      if (type == DT_DIR || (type == DT_UNKNOWN && open_subdirectory(directory_, name)))
        found.push_back(std::move(name));
    return found;
  }

  /// Makes the directory of a new container and locks it. Nothing is left of it when this fails.
  /// Errors: state `container with given ID already exists`; system.
  [[nodiscard]] result<state_directory> create(const container_id& id) const {
    constexpr mode_t mode = 0711;  // what is below may be needed by the container's root, who may be another user
    const auto made = sys::mkdirat(directory_, id.text(), mode);
    if (!made && made.error().code() == EEXIST)
      return tl::unexpected(error::state("container with given ID already exists"));
    if (!made) return tl::unexpected(made.error());
    auto opened = take_over(id, mode);
    // Whoever removed it meanwhile may have let somebody else make it anew: that one is not ours.
    if (!opened && !is_no_such_container(opened.error()))
      (void)sys::raw::unlinkat(directory_.get(), id.text().c_str(), AT_REMOVEDIR);
    return opened;
  }

  /// Opens an existing container's directory, which may still lack state.json.
  /// Errors: state `container does not exist`; system.
  [[nodiscard]] result<state_directory> find(const container_id& id) const {
    auto directory = open_subdirectory(directory_, id.text());
    if (!directory && means_absent(directory.error().code())) return tl::unexpected(no_such_container());
    if (!directory) return tl::unexpected(std::move(directory).error());
    auto root = OCIKIT_TRY(sys::openat(directory_, ".", O_PATH | O_DIRECTORY));
    return state_directory{*std::move(directory), std::move(root), id};
  }

 private:
  explicit state_root(unique_fd directory) : directory_{std::move(directory)} {}

  /// Opens and locks the directory that `create` has just made.
  [[nodiscard]] result<state_directory> take_over(const container_id& id, mode_t mode) const {
    auto opened = OCIKIT_TRY(find(id));
    OCIKIT_TRY(opened.lock());
    OCIKIT_TRY(sys::fchmod(opened.directory(), mode));  // mkdir(2) took the umask off
    return opened;
  }

  // A file or a link in the place of a container's directory is nothing that this runtime made.
  static bool means_absent(int code) noexcept {
    return code == ENOENT || code == ENOTDIR || code == ELOOP || code == ENAMETOOLONG;
  }

  // Whoever may write here could make the runtime signal any process and remove any cgroup of the caller's.
  [[nodiscard]] result<void> expect_trusted() const {
    const auto refused = [](const char* why) { return tl::unexpected(error::state(why)); };
    const auto self = OCIKIT_TRY(sys::statx(directory_));
    if (self.stx_uid != ::geteuid()) return refused("belongs to another user");
    if ((self.stx_mode & (S_IWGRP | S_IWOTH)) != 0) return refused("others may write to it");
    struct ::statx above {};
    const auto r = sys::raw::statx(directory_.get(), "..", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, above);
    if (!sys::raw::failed(r) && (above.stx_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH)
      return refused("anybody may replace it: its parent is writable for all and has no sticky bit");
    return {};
  }

  unique_fd directory_;
};

}  // namespace ocikit::container
