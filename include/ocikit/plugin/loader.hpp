// SPDX-License-Identifier: Apache-2.0
//
// Finds a plugin by kind and name, checks that it may be trusted, loads it, and checks that it speaks our ABI.
#pragma once

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/plugin/abi.h>
#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/plugin/image.hpp>
#include <ocikit/plugin/trust.hpp>

namespace ocikit::plugin {

/// A shared object that was made part of the program.
struct opened_image {
  const void* symbol = nullptr;  ///< its OCIKIT_PLUGIN_SYMBOL_NAME; null: it has none
  std::shared_ptr<void> keeper;  ///< it stays as long as a copy of this
};

/// Makes a file that was checked part of the program. Errors: plugin, with the reason.
using image_opener = result<opened_image> (*)(fd_view file);

/// The opener of every program that has a dynamic linker: dlopen(3) of the very file that was checked. The dynamic
/// linker knows a loaded object by the name it was asked for and would take a second descriptor of the same number for
/// the first object, so each load gets its own spelling.
[[nodiscard]] inline result<opened_image> open_by_dlopen(fd_view file) {
  static std::atomic<unsigned> loads{0};
  std::string name = "/proc/self/fd/";
  for (unsigned i = loads++; i > 0; --i) name += "./";
  name += std::to_string(file.get());
  void* image = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (image == nullptr) {
    const char* why = ::dlerror();
    return tl::unexpected(error::plugin(why != nullptr ? why : "dlopen says nothing"));
  }
  return opened_image{::dlsym(image, OCIKIT_PLUGIN_SYMBOL_NAME), {image, [](void* p) { (void)::dlclose(p); }}};
}

/// Where plugins are looked for, in this order: linked in, then each directory.
struct search {
  /// Descriptors of plugins that a static build linked in (see OCIKIT_PLUGIN_SYMBOL). They are trusted.
  std::span<const ocikit_plugin_info* const> built_in;
  /// Absolute or relative paths; the first that holds the file decides, also when it is refused there.
  std::vector<std::string> directories;
  trust trusted;
  /// Null in a program that is linked statically: it finds files, and refuses them. Naming it there keeps dlopen(3),
  /// which glibc does not support in such a program, out of it.
  image_opener open = &open_by_dlopen;
};

/// A plugin that passed every check. It stays loaded while a copy of this lives.
class loaded {
 public:
  loaded(const ocikit_plugin_info& info, std::string path, std::shared_ptr<void> image)
      : info_{&info}, path_{std::move(path)}, image_{std::move(image)} {}

  [[nodiscard]] const ocikit_plugin_info& info() const noexcept { return *info_; }
  /// The file; empty when it is linked in.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  const ocikit_plugin_info* info_;
  std::string path_;
  std::shared_ptr<void> image_;
};

/// One line of `ocirun plugins`.
struct listed {
  std::string path;  ///< the file; empty when it is linked in
  std::string kind;  ///< empty when refused before it could be asked
  std::string name;  ///< of the file, without `.so`, when refused
  std::string description;
  std::string version;
  std::string refusal;  ///< empty: usable; else the reason
};

namespace detail {

[[nodiscard]] inline tl::unexpected<error> refused(std::string_view path, std::string_view why) {
  return tl::unexpected(error::plugin("plugin " + std::string{path} + " refused: " + std::string{why}));
}

/// A name is one file name of harmless characters: it comes from the command line or from a state file.
[[nodiscard]] inline bool good_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), good);
}

[[nodiscard]] inline result<void> check_head(const ocikit_head& head, std::uint64_t least, std::string_view what) {
  if (head.abi_major != OCIKIT_ABI_MAJOR)
    return tl::unexpected(error::plugin(std::string{what} + " is of ABI " + std::to_string(head.abi_major) + "." +
                                        std::to_string(head.abi_minor) + ", this program needs " +
                                        std::to_string(OCIKIT_ABI_MAJOR) + ".x"));
  if (head.struct_size < least)
    return tl::unexpected(error::plugin(std::string{what} + " is shorter than its frozen part"));
  return {};
}

/// The checks after loading: both heads, and strings where strings must be.
[[nodiscard]] inline result<void> check_info(const ocikit_plugin_info& info) {
  OCIKIT_TRY(check_head(info.head, sizeof(ocikit_plugin_info), "its descriptor"));
  if (info.kind == nullptr || info.name == nullptr || info.description == nullptr || info.version == nullptr)
    return tl::unexpected(error::plugin("its descriptor lacks kind, name, description or version"));
  if (info.ops == nullptr) return tl::unexpected(error::plugin("its descriptor has no table"));
  return check_head(*static_cast<const ocikit_head*>(info.ops), sizeof(ocikit_head), "its table");
}

/// Everything about one opened file; reasons come without the path.
[[nodiscard]] inline result<loaded> load_file(fd_view dir, fd_view file, const std::string& path, const search& how) {
  const auto size = OCIKIT_TRY(check_file(file, how.trusted));
  OCIKIT_TRY(check_directory(dir, how.trusted));
  OCIKIT_TRY(check_image(file, size));
  if (how.open == nullptr) return tl::unexpected(error::plugin("this program is linked statically and loads no files"));
  auto image = OCIKIT_TRY(how.open(file));
  if (image.symbol == nullptr)
    return tl::unexpected(error::plugin("not a plugin: it has no symbol " OCIKIT_PLUGIN_SYMBOL_NAME));
  const auto& info = *static_cast<const ocikit_plugin_info*>(image.symbol);
  OCIKIT_TRY(check_info(info));
  return loaded{info, path, std::move(image.keeper)};
}

/// Opens the plugin's file; no descriptor and no error when there is none.
[[nodiscard]] inline result<unique_fd> open_file(fd_view dir, const char* file, const std::string& path) {
  // O_NONBLOCK: a FIFO in the place of the file must not hang us.
  const int fd = ::openat(dir.get(), file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd >= 0) return unique_fd{adopt_fd, fd};
  if (errno == ENOENT) return unique_fd{};
  if (errno == ELOOP) return refused(path, "a symbolic link");
  return refused(path, errno_text(errno));
}

[[nodiscard]] inline unique_fd open_directory(const std::string& path) {
  return unique_fd{adopt_fd, ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
}

[[nodiscard]] inline result<void> check_identity(const loaded& got, std::string_view kind, std::string_view name) {
  if (got.info().kind != kind)
    return refused(got.path(),
                   "it is a " + std::string{got.info().kind} + " plugin, not a " + std::string{kind} + " one");
  if (got.info().name != name) return refused(got.path(), "it calls itself " + std::string{got.info().name});
  return {};
}

[[nodiscard]] inline bool is_built_in(const search& where, std::string_view name) {
  return std::any_of(where.built_in.begin(), where.built_in.end(),
                     [&](const auto* info) { return info->name == name; });
}

[[nodiscard]] inline result<const ocikit_plugin_info*> find_built_in(const search& where, std::string_view kind,
                                                                     std::string_view name) {
  for (const auto* info : where.built_in) {
    if (info->kind != kind || info->name != name) continue;
    OCIKIT_TRY(check_info(*info));
    return info;
  }
  return nullptr;
}

}  // namespace detail

/// The directories that belong to the running program: `<its folder>/../lib/ocikit/plugins`, then `installed` (what the
/// build compiled in; may be empty). A program that lies in a folder `ocikit` itself has them beside it, in `plugins`.
/// The environment has no say. One readlink(2).
[[nodiscard]] inline std::vector<std::string> program_directories(std::string_view installed = {}) {
  std::vector<std::string> out;
  char exe[4096];
  const auto size = ::readlink("/proc/self/exe", exe, sizeof exe);
  std::string_view path{exe, size > 0 ? static_cast<std::size_t>(size) : 0};
  // A memfd or a deleted file has no folder of its own.
  if (path.starts_with('/') && !path.starts_with("/memfd:")) {
    const std::string_view folder = path.substr(0, path.rfind('/'));
    out.push_back(std::string{folder} + (folder.ends_with("/ocikit") ? "/plugins" : "/../lib/ocikit/plugins"));
  }
  if (!installed.empty()) out.emplace_back(installed);
  return out;
}

/// Loads the one plugin called `name` and no other: no directory is listed. `kind` is what it must be.
///
/// A file counts as found when it is there, trusted or not: a refused plugin is an error and no reason to go on with
/// the next directory, or who can write to one directory could choose among the others. System calls in the usual case:
/// open of directory and file, statx of the file and of each directory up to the root, one pread, and what dlopen(3)
/// does. Errors: plugin, naming the file and the reason.
[[nodiscard]] inline result<loaded> load(const search& where, std::string_view kind, std::string_view name) {
  if (!detail::good_name(name))
    return tl::unexpected(error::plugin("no good name for a plugin: " + std::string{name.substr(0, 80)}));
  if (const auto* info = OCIKIT_TRY(detail::find_built_in(where, kind, name)); info != nullptr)
    return loaded{*info, "", nullptr};
  const std::string file_name = std::string{name} + ".so";
  std::string tried;
  for (const auto& directory : where.directories) {
    tried += (tried.empty() ? "" : ", ") + directory;
    const unique_fd dir = detail::open_directory(directory);
    if (!dir) continue;
    const std::string path = directory + "/" + file_name;
    const unique_fd file = OCIKIT_TRY(detail::open_file(dir, file_name.c_str(), path));
    if (!file) continue;
    auto got = detail::load_file(dir, file, path, where);
    if (!got) return detail::refused(path, got.error().message());
    OCIKIT_TRY(detail::check_identity(*got, kind, name));
    return got;
  }
  return tl::unexpected(error::plugin("no " + std::string{kind} + " plugin called " + std::string{name} + " in " +
                                      (tried.empty() ? "this build" : tried)));
}

/// The file that `load` would take for the plugin called `name`, without a look at whether it may be trusted; empty
/// when there is none, or when it is linked in. For whoever wants to know which plugin it would be, but not to load it.
[[nodiscard]] inline std::string find_file(const search& where, std::string_view name) {
  if (!detail::good_name(name) || detail::is_built_in(where, name)) return {};
  for (const auto& directory : where.directories) {
    std::string path = directory + "/" + std::string{name} + ".so";
    struct ::stat found {};
    if (::lstat(path.c_str(), &found) == 0 || errno != ENOENT) return path;
  }
  return {};
}

/// A copy of the plugin's table, as long as ours: entries that the plugin's version does not have yet are null, those
/// that ours does not know are cut off. Whether a null entry is bearable is for the kind to say.
template <class Ops>
[[nodiscard]] Ops table(const loaded& from) {
  Ops ours{};
  const auto* theirs = static_cast<const ocikit_head*>(from.info().ops);
  const auto size = std::min<std::uint64_t>(theirs->struct_size, sizeof ours);
  std::memcpy(static_cast<void*>(&ours), theirs, static_cast<std::size_t>(size));
  return ours;
}

namespace detail {

[[nodiscard]] inline listed describe(const ocikit_plugin_info& info, std::string path) {
  return {std::move(path), info.kind, info.name, info.description, info.version, ""};
}

[[nodiscard]] inline listed list_file(fd_view dir, const std::string& directory, const std::string& file_name,
                                      const search& how) {
  listed line;
  line.path = directory + "/" + file_name;
  line.name = file_name.substr(0, file_name.size() - 3);
  const auto file = open_file(dir, file_name.c_str(), line.path);
  if (!file) {
    line.refusal = file.error().message();
    return line;
  }
  const auto got = load_file(dir, *file, line.path, how);
  if (!got) {
    line.refusal = got.error().message();
    return line;
  }
  auto found = describe(got->info(), line.path);
  if (found.name != line.name) found.refusal = "it calls itself " + found.name;
  return found;
}

/// The names in a directory that look like plugins, sorted.
[[nodiscard]] inline std::vector<std::string> plugin_files(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries{::opendir(directory.c_str()), &::closedir};
  while (entries) {
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    const std::string_view name{entry->d_name};
    if (name.size() > 3 && name.ends_with(".so") && good_name(name.substr(0, name.size() - 3)))
      names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace detail

/// Every plugin that `load` could be asked for, and every file that looks like one but was refused, with the reason.
/// A directory that is not there is skipped. Nothing that one file does to fail keeps the others from being listed;
/// but a trusted plugin's constructors do run.
[[nodiscard]] inline std::vector<listed> list_plugins(const search& where) {
  std::vector<listed> out;
  for (const auto* info : where.built_in) out.push_back(detail::describe(*info, ""));
  for (const auto& directory : where.directories) {
    const unique_fd dir = detail::open_directory(directory);
    if (!dir) continue;
    for (const auto& name : detail::plugin_files(directory))
      if (!detail::is_built_in(where, name.substr(0, name.size() - 3)))
        out.push_back(detail::list_file(dir, directory, name, where));
  }
  return out;
}

}  // namespace ocikit::plugin
