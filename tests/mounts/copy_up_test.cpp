// SPDX-License-Identifier: Apache-2.0
#include <ocikit/mounts/copy_up.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "catch.hpp"

using namespace ocikit::mounts;
namespace fs = std::filesystem;

namespace {

/// Two directories beside each other, and one that no copy may reach.
struct trees {
  fs::path base, from, to, outside;
  file_name culprit;

  trees() {
    std::string name = (fs::temp_directory_path() / "copy_up.XXXXXX").string();
    base = ::mkdtemp(name.data());
    from = base / "from";
    to = base / "to";
    outside = base / "outside";
    for (const fs::path& one : {from, to, outside}) fs::create_directory(one);
    write(outside / "file", "precious");
  }
  trees(const trees&) = delete;
  trees& operator=(const trees&) = delete;
  ~trees() { fs::remove_all(base); }

  static void write(const fs::path& file, const std::string& text) { std::ofstream{file} << text; }
  static std::string read(const fs::path& file) {
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  static mode_t mode(const fs::path& file) {
    struct ::stat found {};
    REQUIRE(::lstat(file.c_str(), &found) == 0);
    return found.st_mode;
  }

  /// 0 or an errno.
  int copy() {
    const int source = ::open(from.c_str(), O_RDONLY | O_DIRECTORY);
    const int target = ::open(to.c_str(), O_RDONLY | O_DIRECTORY);
    const auto r = copy_directory(source, target, culprit);
    ::close(source);
    ::close(target);
    return ocikit::sys::raw::errno_of(r);
  }
};

}  // namespace

TEST_CASE("files keep content and mode, and directories with more entries than one read are copied whole") {
  trees t;
  fs::create_directories(t.from / "a/b/c");
  for (int i = 0; i < 600; ++i) {
    trees::write(t.from / ("file" + std::to_string(i)), std::to_string(i));
    fs::create_directory(t.from / ("directory" + std::to_string(i)));
    trees::write(t.from / ("directory" + std::to_string(i)) / "inner", std::to_string(i));
  }
  trees::write(t.from / "a/b/c/deep", std::string(100'000, 'x'));
  REQUIRE(::chmod((t.from / "file7").c_str(), 04751) == 0);
  REQUIRE(::chmod((t.from / "a/b").c_str(), 01777) == 0);
  REQUIRE(t.copy() == 0);
  for (int i = 0; i < 600; ++i) {
    CHECK(trees::read(t.to / ("file" + std::to_string(i))) == std::to_string(i));
    CHECK(trees::read(t.to / ("directory" + std::to_string(i)) / "inner") == std::to_string(i));
  }
  CHECK(trees::read(t.to / "a/b/c/deep") == std::string(100'000, 'x'));
  CHECK(trees::mode(t.to / "file7") == (S_IFREG | 04751));
  CHECK(trees::mode(t.to / "a/b") == (S_IFDIR | 01777));
}

TEST_CASE("links are copied as links, so that one that points out brings nothing in") {
  trees t;
  fs::create_symlink(t.outside / "file", t.from / "absolute");
  fs::create_symlink("../outside", t.from / "upwards");
  fs::create_symlink("nowhere", t.from / "dangling");
  REQUIRE(t.copy() == 0);
  CHECK(fs::read_symlink(t.to / "absolute") == t.outside / "file");
  CHECK(fs::read_symlink(t.to / "upwards") == "../outside");
  CHECK(fs::read_symlink(t.to / "dangling") == "nowhere");
}

TEST_CASE("a FIFO is made anew and never opened, which would wait for a writer") {
  trees t;
  REQUIRE(::mkfifo((t.from / "pipe").c_str(), 0620) == 0);
  REQUIRE(::chmod((t.from / "pipe").c_str(), 0620) == 0);
  const mode_t before = ::umask(0);
  REQUIRE(t.copy() == 0);
  ::umask(before);
  CHECK(trees::mode(t.to / "pipe") == (S_IFIFO | 0620));
}

TEST_CASE("a device is left out: on a file system that is not nodev it would become a real one") {
  trees t;
  if (::mknod((t.from / "mem").c_str(), S_IFCHR | 0600, 0x101) != 0) {
    WARN("skipped: no devices can be made here");
    return;
  }
  trees::write(t.from / "beside", "text");
  REQUIRE(t.copy() == 0);
  CHECK(!fs::exists(fs::symlink_status(t.to / "mem")));
  CHECK(trees::read(t.to / "beside") == "text");
}

TEST_CASE("the holes of a sparse file stay holes, or a few bytes of an image would fill the memory") {
  trees t;
  trees::write(t.from / "sparse", "begin");
  const auto size = std::uintmax_t{1} << 40;
  fs::resize_file(t.from / "sparse", size);
  trees::write(t.from / "empty", "");
  REQUIRE(t.copy() == 0);
  CHECK(fs::file_size(t.to / "sparse") == size);
  CHECK(fs::file_size(t.to / "empty") == 0);
  struct ::stat found {};
  REQUIRE(::stat((t.to / "sparse").c_str(), &found) == 0);
  CHECK(found.st_blocks < 1000);
  std::string begin(5, '\0');
  std::ifstream{t.to / "sparse"}.read(begin.data(), 5);
  CHECK(begin == "begin");
}

TEST_CASE("directories end at a depth, with the name of the one that was too deep") {
  trees t;
  fs::path at = t.from;
  for (int i = 1; i < deepest_copy; ++i) fs::create_directory(at /= "d");
  CHECK(t.copy() == 0);
  fs::create_directory(at / "last");
  fs::remove_all(t.to);
  fs::create_directory(t.to);
  CHECK(t.copy() == ENAMETOOLONG);
  CHECK(t.culprit.view() == "last");
}

TEST_CASE("a name that is already taken is an error with its name, because the target should have been empty") {
  trees t;
  trees::write(t.from / "taken", "new");
  fs::create_symlink(t.outside / "file", t.to / "taken");
  CHECK(t.copy() == EEXIST);
  CHECK(t.culprit.view() == "taken");
  CHECK(trees::read(t.outside / "file") == "precious");
}
