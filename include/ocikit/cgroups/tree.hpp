// SPDX-License-Identifier: Apache-2.0
//
// Directories and files of a cgroup file system, always relative to a verified descriptor.
#pragma once

#include <dirent.h>
#include <linux/magic.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::cgroups {

/// Where to look for cgroups. Tests point it at a tree of their own; `magic` 0 then skips the check of the file system.
struct host_paths {
  std::string cgroups = "/sys/fs/cgroup";
  std::string proc_self = "/proc/self";
  bool verify_magic = true;
};

/// Whether the host has cgroup v2 alone, so that `fs2_opener` serves it; else `fs_opener` does. Looks at the host;
/// where the magic is not to be verified, it has.
[[nodiscard]] inline bool host_is_unified(const host_paths& host = {}) {
  if (!host.verify_magic) return true;
  struct ::statfs found {};
  const auto r = sys::raw::call(SYS_statfs, host.cgroups.c_str(), &found);
  return !sys::raw::failed(r) && found.f_type == CGROUP2_SUPER_MAGIC;
}

namespace detail {

/// The usual bounds of what the kernel writes into one of these files.
inline constexpr std::size_t longest_file = 4U << 20;

[[nodiscard]] inline result<void> check_magic(fd_view fd, long magic) {
  const auto found = OCIKIT_TRY(sys::fstatfs(fd));
  if (static_cast<long>(found.f_type) == magic) return {};
  return tl::unexpected(error::unsupported(sys::detail::shown(fd) + " is no " +
                                           (magic == CGROUP2_SUPER_MAGIC ? "cgroup2" : "cgroup v1") + " file system"));
}

inline void sleep_for(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  (void)sys::raw::nanosleep({seconds.count(), (time - seconds).count()});  // a signal may cut it short; callers loop
}

/// openat2 where there is none (before Linux 5.6, or an outer seccomp filter): one component after the other, none a
/// symbolic link. `path` has no `..`, so that is as good.
[[nodiscard]] inline result<unique_fd> open_by_components(fd_view root, std::string_view path, int flags) {
  unique_fd at;
  while (!path.empty()) {
    const std::string name{path.substr(0, path.find('/'))};
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    const int these = path.empty() ? flags : O_PATH | O_DIRECTORY;
    at = OCIKIT_TRY(sys::openat(at ? at.view() : root, name, these | O_NOFOLLOW));
  }
  return at;
}

}  // namespace detail

/// Opens what is at `path` below `root`: no symbolic link, no magic link, no way out. `path` is cleaned and relative;
/// an empty one is the root itself.
[[nodiscard]] inline result<unique_fd> open_below(fd_view root, zstring_view path, int flags) {
  if (path.empty()) return sys::openat(root, ".", flags);
  open_how how{};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  auto opened = sys::openat2(root, path, how);
  if (opened || (opened.error().code() != ENOSYS && opened.error().code() != EPERM)) return opened;
  return detail::open_by_components(root, path, flags);
}

/// The content of the file `name`, one path component, in `dir`.
[[nodiscard]] inline result<std::string> read_file(fd_view dir, zstring_view name) {
  const unique_fd file = OCIKIT_TRY(sys::openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  std::string text;
  text.resize(4096);
  // One read(2) shows all of a short file: the kernel makes them whole.
  const auto got = sys::raw::read(file.get(), text.data(), text.size());
  if (!sys::raw::failed(got) && static_cast<std::size_t>(got) < text.size()) {
    text.resize(static_cast<std::size_t>(got));
    return text;
  }
  if (sys::raw::failed(got))
    return tl::unexpected(error::from_errno(sys::raw::errno_of(got), sys::call_text("read", file.view())));
  OCIKIT_TRY(sys::detail::explain(sys::raw::lseek(file.get(), 0, SEEK_SET), "lseek", file.view()));
  return sys::read_all(file, detail::longest_file);
}

/// The same without the line end.
[[nodiscard]] inline result<std::string> read_line(fd_view dir, zstring_view name) {
  auto text = OCIKIT_TRY(read_file(dir, name));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

/// Writes `value` into the file `name`, one path component, in `dir` with one write(2): the kernel takes each as a
/// message of its own.
[[nodiscard]] inline result<void> write_file(fd_view dir, zstring_view name, std::string_view value) {
  const unique_fd file = OCIKIT_TRY(sys::openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK));
  const auto r = sys::raw::write(file.get(), value.data(), value.size());
  if (!sys::raw::failed(r) && static_cast<std::size_t>(r) == value.size()) return {};
  const int code = sys::raw::failed(r) ? sys::raw::errno_of(r) : EIO;
  return tl::unexpected(error::from_errno(code, sys::call_text("write", file.view(), value)));
}

// ---- walking ---------------------------------------------------------------------------------------------------

namespace detail {

/// The names in `dir` of what has the type `type`, a DT_ constant, but for `.` and `..`.
[[nodiscard]] inline result<std::vector<std::string>> names_of(fd_view dir, unsigned char type) {
  const unique_fd listing = OCIKIT_TRY(sys::openat(dir, ".", O_RDONLY | O_DIRECTORY));
  std::vector<std::string> names;
  alignas(std::uint64_t) char buffer[8192];
  for (;;) {
    const auto got = sys::raw::getdents64(listing.get(), buffer, sizeof buffer);
    if (sys::raw::failed(got))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(got), sys::call_text("getdents64", listing.view())));
    if (got == 0) return names;
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      const std::string_view name{entry->d_name};
      if (entry->d_type == type && name != "." && name != "..") names.emplace_back(name);
    }
  }
}

}  // namespace detail

/// The names of the directories in `dir`. Errors: system.
[[nodiscard]] inline result<std::vector<std::string>> subdirectories(fd_view dir) {
  return detail::names_of(dir, DT_DIR);
}

/// The names of the files in `dir`. Errors: system.
[[nodiscard]] inline result<std::vector<std::string>> file_names(fd_view dir) { return detail::names_of(dir, DT_REG); }

/// What `walk` calls for each directory.
struct walk_visitor {
  virtual ~walk_visitor() = default;
  virtual result<void> enter(fd_view dir) = 0;                              ///< before what is below it
  virtual result<void> leave(fd_view parent, const std::string& name) = 0;  ///< after; not for the top
};

/// Visits `top` and everything below it, depth first. A container may have made its tree as deep as it liked, so this
/// holds two descriptors and no stack frames per level; it climbs by `..`, which in a cgroup file system nobody can
/// redirect. Directories that vanish meanwhile are skipped.
[[nodiscard]] inline result<void> walk(fd_view top, walk_visitor& visit) {
  struct level {
    std::string name;
    std::vector<std::string> below;
  };
  unique_fd here = OCIKIT_TRY(sys::openat(top, ".", O_PATH | O_DIRECTORY));
  std::vector<level> path;
  OCIKIT_TRY(visit.enter(here));
  path.push_back({"", OCIKIT_TRY(subdirectories(here))});
  while (!path.empty()) {
    if (!path.back().below.empty()) {
      std::string name = std::move(path.back().below.back());
      path.back().below.pop_back();
      auto next = sys::openat(here, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      if (!next) continue;
      auto below = visit.enter(*next) ? subdirectories(*next) : std::vector<std::string>{};
      here = *std::move(next);
      path.push_back({std::move(name), below ? *std::move(below) : std::vector<std::string>{}});
      continue;
    }
    const std::string name = std::move(path.back().name);
    path.pop_back();
    if (path.empty()) break;
    here = OCIKIT_TRY(sys::openat(here, "..", O_PATH | O_DIRECTORY));
    OCIKIT_TRY(visit.leave(here, name));
  }
  return {};
}

/// Adds the numbers of a cgroup.procs file. A zero stands for a process of another pid namespace and is left out.
inline void add_pids(std::string_view text, std::vector<pid_t>& to) {
  pid_t number = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + (c - '0');
      continue;
    }
    if (number > 0) to.push_back(number);
    number = 0;
  }
  if (number > 0) to.push_back(number);
}

/// The processes of `dir` and of everything below it. A directory that vanishes meanwhile has none. A threaded one
/// (EOPNOTSUPP) lists no processes: below a domain they are that one's, and where `dir` itself is threaded its threads
/// stand for them. See: kernel admin-guide/cgroup-v2.rst, "Threads".
[[nodiscard]] inline result<std::vector<pid_t>> pids_below(fd_view dir) {
  struct collector final : walk_visitor {
    std::vector<pid_t> found;
    bool is_top = true, threaded = false;
    result<void> enter(fd_view at) override {
      auto text = read_file(at, "cgroup.procs");
      const bool refused = !text && text.error().code() == EOPNOTSUPP;
      if (std::exchange(is_top, false)) threaded = refused;
      if (refused && threaded) text = read_file(at, "cgroup.threads");
      if (text) add_pids(*text, found);
      if (text || refused || text.error().code() == ENOENT || text.error().code() == ENODEV) return {};
      return tl::unexpected(text.error());
    }
    result<void> leave(fd_view, const std::string&) override { return {}; }
  } visit;
  OCIKIT_TRY(walk(dir, visit));
  return std::move(visit.found);
}

namespace detail {

/// rmdir, asked again while the kernel still clears away dead processes: 1, 2, 4 ... ms, `retries` times.
[[nodiscard]] inline result<void> remove_directory(fd_view parent, zstring_view name, int retries) {
  auto pause = std::chrono::milliseconds{1};
  for (int tries = 0;; ++tries) {
    const auto r = sys::raw::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR);
    const int code = sys::raw::errno_of(r);
    if (code == 0 || code == ENOENT) return {};
    if (code != EBUSY || tries >= retries)
      return tl::unexpected(
          error::from_errno(code, sys::call_text("unlinkat", parent, std::string_view{name}, "AT_REMOVEDIR")));
    sleep_for(pause);
    pause *= 2;
  }
}

struct remover final : walk_visitor {
  int retries = 0;
  result<void> enter(fd_view) override { return {}; }
  result<void> leave(fd_view parent, const std::string& name) override {
    return remove_directory(parent, name, retries);
  }
};

}  // namespace detail

/// Removes the cgroup at `path` below `root` and everything below it, deepest first. The usual case, nothing below, is
/// one unlinkat(2). A busy one is asked for `retries` times more, with growing pauses: ten are a second. No error when
/// it is gone.
/// Errors: system, EBUSY when processes live on in it.
[[nodiscard]] inline result<void> remove_tree(fd_view root, zstring_view path, int retries = 10) {
  const int code = sys::raw::errno_of(sys::raw::unlinkat(root.get(), path.c_str(), AT_REMOVEDIR));
  if (code == 0 || code == ENOENT) return {};
  auto dir = open_below(root, path, O_PATH | O_DIRECTORY);
  if (!dir && dir.error().code() == ENOENT) return {};
  if (!dir) return tl::unexpected(dir.error());
  detail::remover visit;
  visit.retries = retries;
  if (auto walked = walk(*dir, visit); !walked && walked.error().code() != ENOENT) return walked;
  return detail::remove_directory(root, path, retries);
}

}  // namespace ocikit::cgroups
