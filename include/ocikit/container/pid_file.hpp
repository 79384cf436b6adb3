// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// Where a process number is to be written: a directory, held open so that a later change of the working directory does
/// not matter, and a name in it.
class pid_file {
 public:
  /// Opens the directory of `path`. Errors: config when `path` names no file; system when its directory cannot be
  /// opened.
  [[nodiscard]] static result<pid_file> locate(zstring_view path) {
    const std::string_view text = path;
    const auto slash = text.rfind('/');
    const std::string name{text.substr(slash == text.npos ? 0 : slash + 1)};
    if (name.empty() || name == "." || name == "..")
      return tl::unexpected(error::config("", "pid file " + sys::detail::shown(text) + " names no file"));
    const std::string dir{slash == text.npos ? "." : text.substr(0, slash + 1)};
    return pid_file{OCIKIT_TRY(sys::openat(sys::at_fdcwd, dir, O_PATH | O_DIRECTORY)), name};
  }

  /// Writes `pid` in decimal, without a newline. A reader sees the whole number or no file: it is written as `.NAME`,
  /// which must not exist, and renamed over `NAME`, whatever that was. Errors: system; nothing is left behind then.
  [[nodiscard]] result<void> write(pid_t pid) const {
    return publish("." + name_, std::to_string(pid)).map_error([](error why) {
      return std::move(why).within("pid file");
    });
  }

 private:
  pid_file(unique_fd dir, std::string name) : dir_{std::move(dir)}, name_{std::move(name)} {}

  [[nodiscard]] result<void> publish(const std::string& draft, std::string_view text) const {
    const unique_fd file = OCIKIT_TRY(sys::openat(dir_, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666));
    result<void> done = sys::write_all(file, text);
    if (done) done = sys::rename_within(dir_, draft, name_);
    if (!done) (void)sys::unlinkat(dir_, draft);  // the first error tells the story
    return done;
  }

  unique_fd dir_;
  std::string name_;
};

}  // namespace ocikit::container
