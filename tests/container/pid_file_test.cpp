// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <ocikit/container/pid_file.hpp>

#include "catch.hpp"
#include "container/temporary_directory.hpp"

using namespace ocikit;
using namespace ocikit::container;

namespace {

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

void put(const std::string& path, const std::string& text) { std::ofstream{path} << text; }

std::size_t entries(const testing::temporary_directory& dir) {
  const std::filesystem::directory_iterator all{dir / ""};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

TEST_CASE("a pid file holds the bare number and replaces an older one") {
  const testing::temporary_directory dir;
  put(dir / "pid", "an older and longer one");
  const auto file = pid_file::locate(dir / "pid");
  REQUIRE(file);
  REQUIRE(file->write(1234));
  CHECK(content(dir / "pid") == "1234");
  CHECK(entries(dir) == 1);
}

TEST_CASE("a pid file's mode is 0666 less the umask") {
  const testing::temporary_directory dir;
  const mode_t before = ::umask(027);
  const auto written = pid_file::locate(dir / "pid")->write(1);
  (void)::umask(before);
  REQUIRE(written);
  struct ::stat found {};
  REQUIRE(::stat((dir / "pid").c_str(), &found) == 0);
  CHECK((found.st_mode & 07777) == 0640);
}

TEST_CASE("a pid file lands where it was named, whatever the working directory is by then") {
  const testing::temporary_directory dir;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir / "");
  const auto file = pid_file::locate("pid");
  std::filesystem::current_path(before);
  REQUIRE(file);
  REQUIRE(file->write(7));
  CHECK(content(dir / "pid") == "7");
}

TEST_CASE("a symlink planted as the draft is not written through, one planted as the file is replaced") {
  const testing::temporary_directory dir;
  put(dir / "victim", "untouched");
  REQUIRE(::symlink((dir / "victim").c_str(), (dir / ".pid").c_str()) == 0);
  const auto refused = pid_file::locate(dir / "pid")->write(1);
  REQUIRE(!refused);
  CHECK(refused.error().code() == EEXIST);
  CHECK(entries(dir) == 2);  // the draft was not ours to remove

  REQUIRE(::symlink((dir / "victim").c_str(), (dir / "other").c_str()) == 0);
  REQUIRE(pid_file::locate(dir / "other")->write(1));
  CHECK(content(dir / "other") == "1");
  CHECK(content(dir / "victim") == "untouched");
}

TEST_CASE("a pid file that cannot be published leaves no draft") {
  const testing::temporary_directory dir;
  REQUIRE(::mkdir((dir / "pid").c_str(), 0755) == 0);
  const auto refused = pid_file::locate(dir / "pid")->write(1);
  REQUIRE(!refused);
  CHECK(refused.error().message().substr(0, 19) == "pid file: renameat(");
  CHECK(entries(dir) == 1);
}

TEST_CASE("a pid file needs a name and a directory that exists") {
  const testing::temporary_directory dir;
  for (const char* nameless : {"", "/", "a/", ".", "/tmp/.."})
    CHECK(pid_file::locate(nameless).error().kind() == errc::config);
  CHECK(pid_file::locate(dir / "missing/pid").error().code() == ENOENT);
}
