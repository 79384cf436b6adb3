// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include <ocikit/base/unique_fd.hpp>
#include <ocikit/plugin/trust.hpp>
#include <ocikit/sys/call.hpp>

#include "built_in_plugins.hpp"
#include "plugin_files.hpp"

namespace ocikit::runtime {
namespace {

constexpr zstring_view twin = "ocirun-with-plugins";

/// Where the twin may be: above each directory of plugins that belongs to the program.
std::vector<std::string> twin_directories() {
  auto out = plugin::program_directories(OCIKIT_PLUGIN_DIRECTORY);
  for (std::string& directory : out) directory.resize(directory.rfind('/'));
  return out;
}

/// Does not return when the twin is there. It must be as trustworthy as a plugin, since it would load one; it is
/// executed from the directory that was checked, in which others cannot exchange it.
result<void> execute_twin_in(fd_view directory, const globals& options) {
  const unique_fd file = OCIKIT_TRY(sys::openat(directory, twin, O_PATH | O_NOFOLLOW));
  const plugin::trust whom;
  OCIKIT_TRY(plugin::check_file(file, whom));
  OCIKIT_TRY(plugin::check_directory(directory, whom));
  std::vector<char*> arguments;
  for (const char* argument : options.command_line) arguments.push_back(const_cast<char*>(argument));
  arguments.push_back(nullptr);
  const auto r = sys::raw::execveat(directory.get(), twin.c_str(), arguments.data(), ::environ, AT_SYMLINK_NOFOLLOW);
  return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("execveat", directory, twin)));
}

/// The first directory that has one decides, also when it is refused there. `what` needs it.
result<void> become_twin(const globals& options, const std::string& what) {
  std::string tried;
  for (const std::string& directory : twin_directories()) {
    const std::string path = directory + "/" + twin.c_str();
    tried += (tried.empty() ? "" : ", ") + path;
    const auto opened = sys::openat(sys::at_fdcwd, directory, O_PATH | O_DIRECTORY);
    if (!opened) continue;
    const auto why = execute_twin_in(*opened, options).error();
    if (why.code() != ENOENT) return tl::unexpected(error::plugin(what + " needs " + path + ": " + why.message()));
  }
  return tl::unexpected(error::plugin(what + " needs a program that is not there: " + tried));
}

}  // namespace

plugin::image_opener plugin_file_opener() noexcept { return nullptr; }

result<void> become_able_to_load(const globals& options, std::string_view name) {
  for (const ocikit_plugin_info* plugin : built_in_plugins())
    if (plugin->name == name) return {};
  return become_twin(options, "plugin " + std::string{name});
}

result<void> become_able_to_load_any(const globals& options) {
  return become_twin(options, "every plugin that is not linked in");
}

}  // namespace ocikit::runtime
