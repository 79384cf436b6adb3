// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include <ocikit/base/unique_fd.hpp>
#include <ocikit/container/directory_tree.hpp>

namespace ocikit::testing {

/// A directory of mode 0700 that goes with this object.
class temporary_directory {
 public:
  temporary_directory() {
    char name[] = "/tmp/ocikit-test-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~temporary_directory() {
    {
      const unique_fd self{adopt_fd, ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
      (void)container::remove_below(self);
    }
    (void)::rmdir(path_.c_str());
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(std::string_view name) const { return path_ + "/" + std::string{name}; }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, std::string_view text, mode_t mode = 0600) {
  const unique_fd file{adopt_fd, ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
  (void)sys::write_all(file, text);
  (void)::fchmod(file.get(), mode);
}

inline std::string read_text(const std::string& path) {
  return sys::read_file(sys::at_fdcwd, path, 1U << 20U).value_or("(unreadable)");
}

inline bool exists(const std::string& path) {
  struct ::stat found {};
  return ::lstat(path.c_str(), &found) == 0;
}

inline unsigned mode_of(const std::string& path) {
  struct ::stat found {};
  return ::lstat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0U;
}

}  // namespace ocikit::testing
