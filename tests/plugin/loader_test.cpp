// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include <ocikit/plugin/cgroup.h>
#include <ocikit/plugin/loader.hpp>

#include "catch.hpp"

using namespace ocikit;
namespace fs = std::filesystem;

namespace {

const fs::path specimens = OCIKIT_SPECIMENS;

/// A directory of our own below /tmp, removed with everything in it.
class folder {
 public:
  folder() {
    std::string pattern = (fs::temp_directory_path() / "ocikit-plugin-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~folder() { fs::remove_all(path_); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }
  [[nodiscard]] plugin::search search() const { return {{}, {path_.string()}, {}}; }
  fs::path put(const std::string& specimen, const std::string& as = {}) const {
    const auto target = path_ / ((as.empty() ? specimen : as) + ".so");
    fs::copy_file(specimens / (specimen + ".so"), target, fs::copy_options::overwrite_existing);
    ::chmod(target.c_str(), 0644);
    return target;
  }

 private:
  fs::path path_;
};

std::string refusal(const plugin::search& where, std::string_view name) {
  const auto got = plugin::load(where, "cgroup", name);
  if (got) return "loaded";
  CHECK(got.error().kind() == errc::plugin);
  return got.error().message();
}

bool says(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return true;
  UNSCOPED_INFO("it says: " << text);
  return false;
}

}  // namespace

TEST_CASE("a plugin that nobody else could have written is loaded, and tells who it is") {
  const folder dir;
  const auto file = dir.put("good");
  const auto got = plugin::load(dir.search(), "cgroup", "good");
  REQUIRE(got);
  CHECK(std::string{got->info().name} == "good");
  CHECK(std::string{got->info().description} == "a specimen for tests");
  CHECK(got->path() == file.string());
}

TEST_CASE("two plugins are two, though the second is opened under the descriptor number of the first") {
  const folder dir;
  dir.put("good");
  dir.put("minor");
  const auto first = plugin::load(dir.search(), "cgroup", "good");
  const auto second = plugin::load(dir.search(), "cgroup", "minor");
  REQUIRE(first);
  REQUIRE(second);
  CHECK(std::string{second->info().name} == "minor");
}

TEST_CASE("a missing plugin is told with every place that was searched") {
  const folder dir;
  auto where = dir.search();
  where.directories.insert(where.directories.begin(), "/nonexistent");
  CHECK(refusal(where, "good") == "no cgroup plugin called good in /nonexistent, " + dir.path().string());
}

TEST_CASE("a name that could leave the directory is no name") {
  const folder dir;
  dir.put("good");
  for (const char* name : {"", "../good", "a/b", "a.b", "good\n"})
    CHECK(says(refusal(dir.search(), name), "no good name for a plugin"));
  CHECK(says(refusal(dir.search(), std::string(70000, 'a')), "no good name for a plugin"));
}

TEST_CASE("the file that would be loaded can be named without loading it") {
  const folder empty, dir;
  const auto file = dir.put("good");
  const plugin::search where{{}, {"/nonexistent", empty.path().string(), dir.path().string()}, {}};
  CHECK(plugin::find_file(where, "good") == file.string());
  CHECK(plugin::find_file(where, "bad").empty());
  CHECK(plugin::find_file(where, "../good").empty());
  fs::create_symlink(file, empty.path() / "good.so");  // it would be refused, and end the search
  CHECK(plugin::find_file(where, "good") == (empty.path() / "good.so").string());
}

TEST_CASE("what others can write to is refused: the file, its directory, a directory above") {
  const folder dir;
  const auto file = dir.put("good");
  ::chmod(file.c_str(), 0666);
  CHECK(says(refusal(dir.search(), "good"),
             "good.so refused: the file can be written by others than its owner (mode 0666)"));
  ::chmod(file.c_str(), 0664);
  CHECK(says(refusal(dir.search(), "good"), "(mode 0664)"));
  ::chmod(file.c_str(), 0644);

  ::chmod(dir.path().c_str(), 0777);
  CHECK(says(refusal(dir.search(), "good"), "directory " + dir.path().string() + " can be written by others"));
  ::chmod(dir.path().c_str(), 01777);  // sticky is good enough above the plugin's directory only
  CHECK(says(refusal(dir.search(), "good"), "(mode 1777)"));
  ::chmod(dir.path().c_str(), 0755);

  const auto below = dir.path() / "below";
  fs::create_directory(below);
  fs::copy_file(file, below / "good.so");
  plugin::search where{{}, {below.string()}, {}};
  CHECK(refusal(where, "good") == "loaded");
  ::chmod(dir.path().c_str(), 0775);
  CHECK(says(refusal(where, "good"), "directory " + dir.path().string() + " can be written by others"));
  ::chmod(dir.path().c_str(), 01775);
  CHECK(refusal(where, "good") == "loaded");
}

TEST_CASE("what belongs to somebody else is refused") {
  if (::geteuid() != 0) {
    std::cout << "skipped: needs root to give a file away\n";
    return;
  }
  const folder dir;
  const auto file = dir.put("good");
  REQUIRE(::chown(file.c_str(), 65534, 65534) == 0);
  CHECK(says(refusal(dir.search(), "good"), "the file belongs to uid 65534"));
  REQUIRE(::chown(file.c_str(), 0, 0) == 0);
  REQUIRE(::chown(dir.path().c_str(), 65534, 65534) == 0);
  CHECK(says(refusal(dir.search(), "good"), "directory " + dir.path().string() + " belongs to uid 65534"));
  auto theirs = dir.search();
  theirs.trusted.caller = 65534;
  CHECK(refusal(theirs, "good") == "loaded");
}

TEST_CASE("only a regular file is a plugin: no link, no FIFO that would be waited for, no directory") {
  const folder dir;
  dir.put("good");
  fs::create_symlink("good.so", dir.path() / "link.so");
  CHECK(says(refusal(dir.search(), "link"), "link.so refused: a symbolic link"));
  ::mkfifo((dir.path() / "pipe.so").c_str(), 0600);
  CHECK(says(refusal(dir.search(), "pipe"), "pipe.so refused: not a regular file"));
  fs::create_directory(dir.path() / "folder.so");
  CHECK(says(refusal(dir.search(), "folder"), "folder.so refused: not a regular file"));
}

TEST_CASE("a refused plugin ends the search, or who can write to one directory chooses among the others") {
  const folder first, second;
  ::chmod(first.put("good").c_str(), 0666);
  second.put("good");
  plugin::search where{{}, {first.path().string(), second.path().string()}, {}};
  CHECK(says(refusal(where, "good"), first.path().string() + "/good.so refused"));
}

TEST_CASE("what is no shared object is refused before the dynamic linker sees it, at every length of it") {
  const folder dir;
  std::ofstream{dir.path() / "text.so"} << "#!/bin/sh\necho hello\n";
  CHECK(says(refusal(dir.search(), "text"), "text.so refused: not a shared object: no ELF header"));
  const auto file = dir.put("good");
  const auto whole = fs::file_size(file);
  std::size_t loaded = 0;
  for (std::uintmax_t size = 0; size < whole; size += size < 4096 ? 61 : 509) {
    dir.put("good");
    fs::resize_file(file, size);
    const auto text = refusal(dir.search(), "good");
    loaded += text == "loaded" ? 1U : 0U;  // the section headers at the end are not needed
    if (size < whole / 2) CHECK(text != "loaded");
  }
  CHECK(loaded < whole / 509);
}

TEST_CASE("a program is no plugin, nor is a shared object without our symbol") {
  const folder dir;
  dir.put("nosymbol");
  CHECK(says(refusal(dir.search(), "nosymbol"), "not a plugin: it has no symbol ocikit_plugin"));
}

TEST_CASE("another major ABI is refused with both versions") {
  const folder dir;
  dir.put("major");
  CHECK(says(refusal(dir.search(), "major"), "its descriptor is of ABI 99.0, this program needs 1.x"));
}

TEST_CASE("a plugin must be of the kind and the name it is asked for by") {
  const folder dir;
  dir.put("good", "renamed");
  CHECK(says(refusal(dir.search(), "renamed"), "renamed.so refused: it calls itself good"));
  dir.put("good");
  const auto got = plugin::load(dir.search(), "seccomp", "good");
  REQUIRE(!got);
  CHECK(says(got.error().message(), "it is a cgroup plugin, not a seccomp one"));
}

TEST_CASE("minor versions may differ either way: a short table has null entries, a long one is cut") {
  const folder dir;
  dir.put("short");
  dir.put("minor");
  const auto shorter = plugin::load(dir.search(), "cgroup", "short");
  REQUIRE(shorter);
  const auto cut = plugin::table<ocikit_cgroup_ops>(*shorter);
  CHECK(cut.close != nullptr);
  CHECK(cut.create == nullptr);  // it is there, but behind the end that the table declares
  CHECK(cut.thaw == nullptr);
  const auto longer = plugin::load(dir.search(), "cgroup", "minor");
  REQUIRE(longer);
  CHECK(plugin::table<ocikit_cgroup_ops>(*longer).thaw != nullptr);
}

TEST_CASE("the listing shows the usable and the refused, each with its reason, and no broken one hides the others") {
  const folder dir;
  dir.put("good");
  dir.put("major");
  dir.put("nosymbol");
  ::chmod(dir.put("good", "open").c_str(), 0666);
  dir.put("good", "renamed");
  std::ofstream{dir.path() / "text.so"} << "hello\n";
  std::ofstream{dir.path() / "notes.txt"} << "hello\n";
  auto where = dir.search();
  where.directories.emplace_back("/nonexistent");
  const auto found = plugin::list_plugins(where);
  std::string shown;
  for (const auto& line : found) shown += line.name + (line.refusal.empty() ? " ok " : " refused ");
  CHECK(shown == "good ok major refused nosymbol refused open refused good refused text refused ");
  CHECK(found[0].kind == "cgroup");
  CHECK(found[0].path == (dir.path() / "good.so").string());
}

TEST_CASE("a linked-in plugin comes first and needs no file") {
  const ocikit_head table = OCIKIT_HEAD(ocikit_head);
  const ocikit_plugin_info info{OCIKIT_HEAD(ocikit_plugin_info), "cgroup", "inside", "linked in", "1", &table};
  const ocikit_plugin_info* const all[] = {&info};
  const plugin::search where{all, {}, {}};
  const auto got = plugin::load(where, "cgroup", "inside");
  REQUIRE(got);
  CHECK(got->path().empty());
  CHECK(plugin::list_plugins(where).size() == 1);
  CHECK(refusal(where, "other") == "no cgroup plugin called other in this build");
}

TEST_CASE("a program that cannot open files says so of a plugin that it finds, and lists it as refused") {
  const folder dir;
  dir.put("good");
  auto where = dir.search();
  where.open = nullptr;
  CHECK(says(refusal(where, "good"), "good.so refused: this program is linked statically and loads no files"));
  const auto found = plugin::list_plugins(where);
  REQUIRE(found.size() == 1);
  CHECK(says(found[0].refusal, "linked statically"));
}

TEST_CASE("the program's own directory is beside its bin, whatever the environment says") {
  const auto dirs = plugin::program_directories("/usr/lib/ocikit/plugins");
  REQUIRE(dirs.size() == 2);
  CHECK(dirs[0] == fs::read_symlink("/proc/self/exe").parent_path().string() + "/../lib/ocikit/plugins");
  CHECK(dirs[1] == "/usr/lib/ocikit/plugins");
}

TEST_CASE("an argument struct longer than the plugin's fits when the rest is zero") {
  struct {
    ocikit_head head;
    std::uint64_t later;
  } args{{sizeof args, 1, 7}, 0};
  CHECK(ocikit_args_fit(&args, sizeof(ocikit_head)) == 1);
  args.later = 1;
  CHECK(ocikit_args_fit(&args, sizeof(ocikit_head)) == 0);
}
