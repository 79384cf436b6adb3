// SPDX-License-Identifier: Apache-2.0
#include <ocikit/sys/call_text.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "catch.hpp"

using namespace ocikit;
using sys::call_text;

TEST_CASE("a call reads as strace would show it, because its readers know that form") {
  CHECK(call_text("getpid") == "getpid()");
  CHECK(call_text("kill", -1, 9) == "kill(-1, 9)");
  CHECK(call_text("mkdirat", fd_view{AT_FDCWD}, "proc", sys::octal{0755}) == "mkdirat(AT_FDCWD, \"proc\", 0755)");
  CHECK(call_text("openat", "a", sys::hex{0x80000}) == "openat(\"a\", 0x80000)");
  CHECK(call_text("x", sys::hex{~0UL}, sys::octal{0}) == "x(0xffffffffffffffff, 00)");
  CHECK(call_text("mount", static_cast<const char*>(nullptr), std::string{"/"}) == "mount(NULL, \"/\")");
}

TEST_CASE("text in a call cannot end the line or the quotes, because paths are hostile") {
  using namespace std::string_view_literals;
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", R"("")"},
      {"a b", R"("a b")"},
      {"a\"b", R"("a\x22b")"},
      {"a\\b", R"("a\x5cb")"},
      {"a\nb\tc", R"("a\x0ab\x09c")"},
      {"\x1b[2J\x7f", R"("\x1b[2J\x7f")"},
      {"a\0b"sv, R"("a\x00b")"},
      {"\xc3\xa9", "\"\xc3\xa9\""},
  };
  for (const auto& [text, shown] : table) CHECK(call_text("f", text) == "f(" + std::string{shown} + ")");
}

TEST_CASE("long text is cut, because a path of 70,000 bytes helps nobody") {
  const std::string just_fits(256, 'a');
  CHECK(call_text("f", just_fits) == "f(\"" + just_fits + "\")");
  CHECK(call_text("f", just_fits + "b") == "f(\"" + just_fits + "\"...)");
}

TEST_CASE("a descriptor shows the path behind it, because its number says nothing") {
  const unique_fd root{adopt_fd, ::open("/", O_PATH | O_CLOEXEC)};
  CHECK(call_text("f", root.view()) == "f(" + std::to_string(root.get()) + "</>)");
  CHECK(call_text("f", fd_view{}) == "f(-1)");
  const int closed = [] {
    const unique_fd gone{adopt_fd, ::open("/", O_PATH | O_CLOEXEC)};
    return gone.get();
  }();
  CHECK(call_text("f", fd_view{closed}) == "f(" + std::to_string(closed) + ")");
}

TEST_CASE("the path behind a descriptor is escaped and cut like any text, because directories are named by strangers") {
  char name[] = "/tmp/ocikit-test-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const std::string hostile = std::string{name} + "/a\n>b";
  std::string deep = name;
  for (int i = 0; i < 3; ++i) deep += "/" + std::string(100, 'd');
  std::filesystem::create_directories(hostile);
  std::filesystem::create_directories(deep);
  const unique_fd one{adopt_fd, ::open(hostile.c_str(), O_PATH | O_CLOEXEC)};
  const unique_fd other{adopt_fd, ::open(deep.c_str(), O_PATH | O_CLOEXEC)};
  CHECK(call_text("f", one.view()) == "f(" + std::to_string(one.get()) + "<" + name + "/a\\x0a\\x3eb>)");
  CHECK(call_text("f", other.view()) == "f(" + std::to_string(other.get()) + "<" + deep.substr(0, 256) + ">...)");
  std::filesystem::remove_all(name);
}
