// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <ocikit/cgroups/tree.hpp>

namespace ocikit::testing {

namespace fs = std::filesystem;

/// A tree that looks like a cgroup file system to the drivers. Its files hold "?" at first: a wrong value.
class fake_tree {
 public:
  fake_tree() {
    std::string pattern = (fs::temp_directory_path() / "ocikit-cgroup-tree-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    fs::create_directories(path_ / "proc");
    fs::create_directories(path_ / "cg");
  }
  ~fake_tree() { fs::remove_all(path_); }
  fake_tree(const fake_tree&) = delete;
  fake_tree& operator=(const fake_tree&) = delete;

  void put(const std::string& file, const std::string& text = "?") const {
    fs::create_directories((path_ / file).parent_path());
    std::ofstream{path_ / file} << text;
  }
  [[nodiscard]] std::string get(const std::string& file) const {
    std::ifstream in{path_ / file};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  [[nodiscard]] bool has(const std::string& file) const { return fs::exists(path_ / file); }
  [[nodiscard]] std::string at(const std::string& file) const { return (path_ / file).string(); }
  [[nodiscard]] cgroups::host_paths host() const { return {(path_ / "cg").string(), (path_ / "proc").string(), false}; }

 private:
  fs::path path_;
};

}  // namespace ocikit::testing
