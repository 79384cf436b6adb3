// SPDX-License-Identifier: Apache-2.0
#include <ocikit/sys/rooted.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/unique_fd.hpp>

#include "catch.hpp"
#include "without_openat2.hpp"

using namespace ocikit;
using namespace ocikit::sys::raw;
using ocikit::testing::said_without_openat2;

namespace {

/// A root with links of every kind, and a `secret` and an `elsewhere` beside it that no look-up may reach.
class hostile_tree {
 public:
  hostile_tree() {
    (void)::mkdtemp(base_.data());
    for (const char* directory : {"elsewhere", "root", "root/dir", "root/dir/sub", "root/secret-dir"})
      std::filesystem::create_directory(at(directory));
    for (const char* file : {"secret", "root/file", "root/secret", "root/dir/file"}) std::ofstream{at(file)} << file;
    const std::pair<const char*, const char*> links[] = {
        {"up", "../secret"},
        {"far_up", "/../../../../../../etc/passwd"},
        {"abs", "/file"},
        {"abs_up", "/../../file"},
        {"abs_dir", "/dir"},
        {"dir_link", "dir"},
        {"slashed", "dir/"},
        {"here", "."},
        {"top", "/"},
        {"dangling", "missing/deep"},
        {"abs_dangling", "/no/at"},
        {"up_dangling", "../../elsewhere/made"},
        {"loop", "loop"},
        {"ping", "pong"},
        {"pong", "ping"},
        {"dir/back", "../file"},
        {"sub_link", "dir/sub"},
        {"chain0", "file"},
    };
    for (const auto& [name, target] : links) link(name, target);
    for (int i = 1; i <= 40; ++i) link("chain" + std::to_string(i), "chain" + std::to_string(i - 1));
    fd_ = unique_fd{adopt_fd, ::open(at("root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  }
  ~hostile_tree() { std::filesystem::remove_all(base_); }
  hostile_tree(const hostile_tree&) = delete;
  hostile_tree& operator=(const hostile_tree&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::string at(std::string_view name) const { return base_ + "/" + std::string{name}; }
  /// Everything there is, with types and modes, sorted.
  [[nodiscard]] std::string listing(std::string_view below) const {
    std::vector<std::string> lines;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{at(below)}) {
      struct ::stat found {};
      (void)::lstat(entry.path().c_str(), &found);
      char mode[16];
      std::snprintf(mode, sizeof mode, "%o ", found.st_mode);
      lines.push_back(mode + entry.path().string().substr(base_.size() + 1));
    }
    std::sort(lines.begin(), lines.end());
    std::string out;
    for (const auto& line : lines) out += line + "\n";
    return out;
  }

 private:
  void link(const std::string& name, const char* target) const { (void)::symlink(target, at("root/" + name).c_str()); }
  void link(const std::string& name, const std::string& target) const { link(name, target.c_str()); }

  std::string base_ = "/tmp/ocikit-test-XXXXXX";
  unique_fd fd_;
};

std::string error_name(int code) {
  const std::pair<int, const char*> names[] = {{ENOENT, "ENOENT"}, {ENOTDIR, "ENOTDIR"},           {ELOOP, "ELOOP"},
                                               {EXDEV, "EXDEV"},   {ENAMETOOLONG, "ENAMETOOLONG"}, {EISDIR, "EISDIR"}};
  for (const auto& [number, name] : names)
    if (number == code) return name;
  return "errno " + std::to_string(code);
}

/// The name of an errno or, of an open descriptor, its path in `tree`; closes it.
std::string seen(const hostile_tree& tree, outcome r) {
  if (failed(r)) return error_name(errno_of(r));
  const unique_fd fd{adopt_fd, static_cast<int>(r)};
  char path[8192];
  const auto size = ::readlink(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), path, sizeof path);
  std::string text{path, static_cast<std::size_t>(size)};
  const std::string root = tree.at("root");
  if (text == root) return "/";
  return text.starts_with(root + "/") ? text.substr(root.size() + 1) : "OUTSIDE " + text;
}

struct row {
  std::string path;
  std::string found;
};

std::string repeated(std::string_view part, int times) {
  std::string out;
  while (times-- > 0) out += part;
  return out;
}

const row scoped_rows[] = {
    {"", "/"},
    {"/", "/"},
    {".", "/"},
    {"..", "/"},
    {"../..", "/"},
    {"/../file", "file"},
    {"file", "file"},
    {"//dir///sub//", "dir/sub"},
    {"dir/./sub/..", "dir"},
    {"dir/../../../file", "file"},
    {"file/", "ENOTDIR"},
    {"file/.", "ENOTDIR"},
    {"file/..", "ENOTDIR"},
    {"file/../dir", "ENOTDIR"},
    {"file/x", "ENOTDIR"},
    {"missing", "ENOENT"},
    {"missing/", "ENOENT"},
    {"missing/..", "ENOENT"},
    {"missing/x", "ENOENT"},
    {"up", "secret"},
    {"far_up", "ENOENT"},
    {"abs", "file"},
    {"abs/", "ENOTDIR"},
    {"abs_up", "file"},
    {"abs_dir", "dir"},
    {"abs_dir/sub", "dir/sub"},
    {"abs_dir/../file", "file"},
    {"dir_link/sub/", "dir/sub"},
    {"slashed", "dir"},
    {"slashed/file", "dir/file"},
    {"here/here/here/file", "file"},
    {"top/top/dir/../file", "file"},
    {"sub_link/..", "dir"},
    {"sub_link/../..", "/"},
    {"dir/back", "file"},
    {"dir/back/x", "ENOTDIR"},
    {"dangling", "ENOENT"},
    {"dangling/x", "ENOENT"},
    {"abs_dangling", "ENOENT"},
    {"up_dangling", "ENOENT"},
    {"loop", "ELOOP"},
    {"loop/x", "ELOOP"},
    {"ping", "ELOOP"},
    {"chain39", "file"},   // forty links: the kernel's limit
    {"chain40", "ELOOP"},  // one more
    {repeated("here/", 40) + "file", "file"},
    {repeated("here/", 41) + "file", "ELOOP"},
    {std::string(255, 'n'), "ENOENT"},
    {std::string(256, 'n'), "ENAMETOOLONG"},
    {"dir/" + std::string(256, 'n'), "ENAMETOOLONG"},
    {repeated("./", 2047) + ".", "/"},  // 4095 bytes
    {repeated("./", 2048), "ENAMETOOLONG"},
    {repeated("dir/../", 500) + "file", "file"},
};

const row refused_rows[] = {
    {"", "/"},
    {"/", "/"},
    {"file", "file"},
    {"/dir//sub/", "dir/sub"},
    {"file/", "ENOTDIR"},
    {"file/.", "ENOTDIR"},
    {"file/x", "ENOTDIR"},
    {"missing", "ENOENT"},
    {"missing/x", "ENOENT"},
    {"up", "ELOOP"},
    {"abs", "ELOOP"},
    {"abs/", "ELOOP"},
    {"abs_dir/sub", "ELOOP"},
    {"dir_link", "ELOOP"},
    {"dir_link/", "ELOOP"},
    {"dir_link/sub", "ELOOP"},
    {"dir/back", "ELOOP"},
    {"dangling", "ELOOP"},
    {"loop", "ELOOP"},
    {"loop/x", "ELOOP"},
    {std::string(256, 'n'), "ENAMETOOLONG"},
    {"dir/./file", "dir/file"},
};

std::string shortened(const std::string& path) {
  return path.size() <= 40 ? path : path.substr(0, 40) + "... (" + std::to_string(path.size()) + ")";
}

using way = std::function<outcome(const char*)>;

/// One line per row: the path and what `open` finds.
template <class Rows>
std::string found_by(const hostile_tree& tree, const Rows& rows, const way& open) {
  std::string out;
  for (const row& one : rows) out += shortened(one.path) + " -> " + seen(tree, open(one.path.c_str())) + "\n";
  return out;
}

template <class Rows>
std::string expected(const Rows& rows) {
  std::string out;
  for (const row& one : rows) out += shortened(one.path) + " -> " + one.found + "\n";
  return out;
}

}  // namespace

TEST_CASE("a path below a root never leaves it, and our own walk finds what openat2(2) finds") {
  const hostile_tree tree;
  const way normal = [&](const char* path) { return open_in_root(tree.fd(), path, O_PATH); };
  const way walk = [&](const char* path) {
    return rooted_detail::walker{tree.fd(), missing::fail, 0}.open(path, O_PATH);
  };
  CHECK(found_by(tree, scoped_rows, normal) == expected(scoped_rows));
  CHECK(found_by(tree, scoped_rows, walk) == expected(scoped_rows));
  for (const int answer : {ENOSYS, EPERM})
    CHECK(said_without_openat2(answer, [&] { return found_by(tree, scoped_rows, normal); }) == expected(scoped_rows));
}

TEST_CASE("where links are refused any link is ELOOP, with openat2(2) and without, so that messages do not differ") {
  const hostile_tree tree;
  const way normal = [&](const char* path) { return open_in_root(tree.fd(), path, O_PATH, links::refused); };
  CHECK(found_by(tree, refused_rows, normal) == expected(refused_rows));
  CHECK(said_without_openat2(ENOSYS, [&] { return found_by(tree, refused_rows, normal); }) == expected(refused_rows));
}

TEST_CASE("the flags of a look-up mean the same with openat2(2) and without") {
  const hostile_tree tree;
  const int flags[] = {O_RDONLY, O_PATH | O_DIRECTORY, O_RDONLY | O_DIRECTORY, O_RDWR};
  for (const int wanted : flags)
    for (const links follow : {links::scoped, links::refused}) {
      CAPTURE(wanted, static_cast<int>(follow));
      const way open = [&](const char* path) {
        // RESOLVE_NO_SYMLINKS takes `..` too; our own walk refuses it, see below.
        const outcome r = open_in_root(tree.fd(), path, wanted, follow);
        if (failed(r)) return r;
        const int mask = O_PATH | O_ACCMODE;
        const bool kept = (::fcntl(static_cast<int>(r), F_GETFL) & mask) == (wanted & mask) &&
                          ::fcntl(static_cast<int>(r), F_GETFD) == FD_CLOEXEC;
        if (kept) return r;
        (void)sys::raw::close(static_cast<int>(r));
        return static_cast<outcome>(-EBADF);
      };
      const auto both = [&] {
        return follow == links::refused ? found_by(tree, refused_rows, open) : found_by(tree, scoped_rows, open);
      };
      CHECK(said_without_openat2(ENOSYS, both) == both());
    }
}

TEST_CASE("the plain walk refuses `..`, because one step up from the root would be outside") {
  const hostile_tree tree;
  for (const char* path : {"..", "dir/..", "dir/../../secret", "dir/sub/.."})
    CHECK(seen(tree, rooted_detail::walk(tree.fd(), path, O_PATH)) == "EXDEV");
  CHECK(seen(tree, rooted_detail::walk(tree.fd(), "dir/..file", O_PATH)) == "ENOENT");
}

TEST_CASE("procfs's magic links are refused, because they lead anywhere, but its ordinary ones are not") {
  const unique_fd root{adopt_fd, ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  const std::pair<const char*, int> table[] = {
      {"proc/self/root", ELOOP}, {"proc/self/cwd", ELOOP},    {"proc/self/exe", ELOOP},
      {"proc/self/fd/1", ELOOP}, {"proc/self/ns/mnt", ELOOP}, {"proc/self/root/etc", ELOOP},
      {"proc/self/status", 0},   {"proc/mounts", 0},          {"proc/thread-self", 0},
      {"proc/net", 0},
  };
  const auto all = [&](const auto& open) {
    std::string out;
    for (const auto& [path, code] : table) {
      const outcome r = open(path);
      if (!failed(r)) (void)sys::raw::close(static_cast<int>(r));
      out += std::string{path} + ": " + std::to_string(errno_of(r)) + "\n";
    }
    return out;
  };
  std::string wanted;
  for (const auto& [path, code] : table) wanted += std::string{path} + ": " + std::to_string(code) + "\n";
  const auto normal = [&] { return all([&](const char* path) { return open_in_root(root.get(), path, O_PATH); }); };
  CHECK(normal() == wanted);
  CHECK(all([&](const char* path) {
          return rooted_detail::walker{root.get(), missing::fail, 0}.open(path, O_PATH);
        }) == wanted);
  CHECK(said_without_openat2(ENOSYS, normal) == wanted);
}

namespace {

struct making {
  std::string path;
  missing what;
  std::string result;  ///< path in the tree, or errno
  std::string made;    ///< the new lines of the listing
};

const making scoped_makings[] = {
    {"a/b/c", missing::directory, "a/b/c", "40700 root/a/b/c\n40755 root/a\n40755 root/a/b\n"},
    {"a/b/f", missing::file, "a/b/f", "100700 root/a/b/f\n40755 root/a\n40755 root/a/b\n"},
    {"new/", missing::directory, "new", "40700 root/new\n"},
    {"x/../y", missing::directory, "y", "40700 root/y\n40755 root/x\n"},
    {"../../y", missing::directory, "y", "40700 root/y\n"},
    {"dir_link/new/leaf", missing::directory, "dir/new/leaf", "40700 root/dir/new/leaf\n40755 root/dir/new\n"},
    {"dir/back/x", missing::file, "ENOTDIR", ""},
    {"abs_dir/../new", missing::file, "new", "100700 root/new\n"},
    {"abs_dangling/x", missing::directory, "no/at/x", "40700 root/no/at/x\n40755 root/no\n40755 root/no/at\n"},
    {"abs_dangling", missing::file, "no/at", "100700 root/no/at\n40755 root/no\n"},
    {"up_dangling", missing::file, "elsewhere/made", "100700 root/elsewhere/made\n40755 root/elsewhere\n"},
    {"dangling/../z", missing::directory, "missing/z",
     "40700 root/missing/z\n40755 root/missing\n40755 root/missing/deep\n"},
    {"file", missing::file, "file", ""},
    {"dir", missing::directory, "dir", ""},
    {"file", missing::directory, "ENOTDIR", ""},
    {"file/x", missing::directory, "ENOTDIR", ""},
    {"loop/x", missing::directory, "ELOOP", ""},
    {"chain40/x", missing::directory, "ELOOP", ""},
    {"dir/" + std::string(256, 'n'), missing::directory, "ENAMETOOLONG", ""},
    {"m/n", missing::fail, "ENOENT", ""},
    {"leaf/", missing::file, "EISDIR", ""},
    {"file/../z", missing::directory, "ENOTDIR", ""},
};

const making refused_makings[] = {
    {"a/b/c", missing::directory, "a/b/c", "40700 root/a/b/c\n40755 root/a\n40755 root/a/b\n"},
    {"dir_link/new", missing::directory, "ELOOP", ""},
    {"abs_dir/sub/new", missing::directory, "ELOOP", ""},
    {"dangling", missing::directory, "ELOOP", ""},
    {"dangling/x", missing::file, "ELOOP", ""},
    {"dir_link", missing::directory, "ELOOP", ""},
    {"dir/sub", missing::directory, "dir/sub", ""},
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1);
    out.push_back(text.substr(at, end + 1 - at));
    at = end + 1;
  }
  return out;
}

/// Each row in a tree of its own: what it returns, and all that is new anywhere.
template <class Rows>
std::string made_by(const Rows& rows, links follow) {
  const ::mode_t before_mask = ::umask(0);
  std::string out;
  for (const making& one : rows) {
    const hostile_tree tree;
    const auto before = lines_of(tree.listing(""));
    out += shortened(one.path) + " -> " +
           seen(tree, open_or_make_in_root(tree.fd(), one.path.c_str(), one.what, 0700, follow)) + "\n";
    const auto after = lines_of(tree.listing(""));
    for (const std::string& line : after)
      if (std::find(before.begin(), before.end(), line) == before.end()) out += line;
  }
  (void)::umask(before_mask);
  return out;
}

}  // namespace

template <class Rows>
static std::string expected_makings(const Rows& rows) {
  std::string out;
  for (const making& one : rows) out += shortened(one.path) + " -> " + one.result + "\n" + one.made;
  return out;
}

TEST_CASE("what is missing is made below the root, through links that lead out as if the root were `/`") {
  const auto all = [] { return made_by(scoped_makings, links::scoped); };
  CHECK(all() == expected_makings(scoped_makings));
  CHECK(said_without_openat2(ENOSYS, all) == expected_makings(scoped_makings));
}

TEST_CASE("where links are refused nothing is made behind one") {
  const auto all = [] { return made_by(refused_makings, links::refused); };
  CHECK(all() == expected_makings(refused_makings));
  CHECK(said_without_openat2(EPERM, all) == expected_makings(refused_makings));
}
