// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <ocikit/container/state_root.hpp>

#include "catch.hpp"
#include "example_container.hpp"
#include "temporary_directory.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;
using strings = std::vector<std::string>;

static std::string refusal(const std::string& path) {
  const auto opened = state_root::open(path);
  return opened ? "(opened)" : opened.error().message();
}

TEST_CASE("a root that is not there is made for create alone, 0700, with its parents") {
  const temporary_directory dir;
  const auto path = dir / "a/b/c";
  CHECK(refusal(path) == "open " + path + ": no such file or directory");
  CHECK(!exists(dir / "a"));
  const mode_t before = ::umask(0);
  CHECK(state_root::open_or_create(path));
  (void)::umask(before);
  CHECK(mode_of(path) == 0700);
  CHECK(mode_of(dir / "a") == 0700);
  CHECK(state_root::open_or_create(path));
  CHECK(state_root::open(path + "//"));
}

TEST_CASE("a root that others can write to is refused, for they could have us kill and remove what they like") {
  const temporary_directory dir;
  const auto path = dir / "root";
  (void)::mkdir(path.c_str(), 0700);
  for (const mode_t mode : {0777U, 0770U, 01777U, 0702U, 0720U}) {
    INFO(mode);
    (void)::chmod(path.c_str(), mode);
    CHECK(refusal(path) == "state directory " + path + ": others may write to it");
    CHECK(!state_root::open_or_create(path));
  }
  for (const mode_t mode : {0700U, 0711U, 0755U, 01700U}) {
    (void)::chmod(path.c_str(), mode);
    CHECK(refusal(path) == "(opened)");
  }
}

TEST_CASE("a root in a directory where anybody may replace it is refused, unless the sticky bit protects it") {
  const temporary_directory dir;
  const auto path = dir / "root";
  (void)::mkdir(path.c_str(), 0700);
  (void)::chmod(dir.path().c_str(), 0777);
  CHECK(refusal(path).find("anybody may replace it") != std::string::npos);
  (void)::chmod(dir.path().c_str(), 01777);
  CHECK(refusal(path) == "(opened)");
}

TEST_CASE("somebody else's root is refused") {
  const temporary_directory dir;
  std::string path = dir / "root";
  (void)::mkdir(path.c_str(), 0700);
  if (::geteuid() == 0)
    (void)::chown(path.c_str(), 12345, 12345);
  else
    path = "/etc";
  CHECK(refusal(path) == "state directory " + path + ": belongs to another user");
}

TEST_CASE("a root that is a link or a file is refused, with and without a slash behind it") {
  const temporary_directory dir;
  (void)::mkdir((dir / "real").c_str(), 0700);
  (void)::symlink("real", (dir / "link").c_str());
  write_file(dir / "file", "");
  for (const char* name : {"link", "link/", "link//", "file"}) {
    INFO(name);
    CHECK(refusal(dir / name).ends_with(": not a directory"));
    CHECK(!state_root::open_or_create(dir / name));
  }
}

TEST_CASE("the sticky bit can be set, for systemd-tmpfiles") {
  const temporary_directory dir;
  auto root = state_root::open_or_create(dir / "root").value();
  REQUIRE(root.set_sticky());
  CHECK(mode_of(dir / "root") == 01700);
}

TEST_CASE("the names are those of directories, sorted, whatever else lies around") {
  const example_root in;
  CHECK(in.root.names() == strings{});
  for (const char* name : {"b", "a", "C", ".x"}) (void)in.root.create(id(name)).value();
  write_file(in.path("file"), "");
  (void)::symlink("a", in.path("link").c_str());
  CHECK(in.root.names() == strings{".x", "C", "a", "b"});
  CHECK(in.root.names() == strings{".x", "C", "a", "b"});
}

TEST_CASE("more names than one getdents64 returns are all there") {
  const example_root in;
  for (int i = 0; i < 400; ++i)
    (void)::mkdir(in.path("a-container-with-a-long-name-" + std::to_string(i)).c_str(), 0700);
  CHECK(in.root.names().value().size() == 400);
}

TEST_CASE("a container's directory is made once, 0711 whatever the umask") {
  const example_root in;
  const mode_t before = ::umask(077);
  CHECK(in.root.create(id()));
  (void)::umask(before);
  CHECK(mode_of(in.path("c1")) == 0711);
  CHECK(in.root.create(id()).error().message() == "container with given ID already exists");
}

TEST_CASE("what is not a directory of ours is no container") {
  const example_root in;
  write_file(in.path("file"), "");
  (void)::symlink("/etc", in.path("link").c_str());
  for (const auto& name : {std::string{"none"}, std::string{"file"}, std::string{"link"}, std::string(1000, 'x')}) {
    INFO(name);
    CHECK(in.root.find(id(name)).error().message() == "container does not exist");
  }
}
