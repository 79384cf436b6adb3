// SPDX-License-Identifier: Apache-2.0
#include <ocikit/sys/log.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <tuple>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::sys;

namespace {

log_entry entry(log_level level, std::string_view message) { return {level, message, "2026-11-21T23:06:41Z", {}}; }

log_entry with_origin(log_entry made) {
  made.origin = log_origin{"run", "commands/run.cpp:12"};
  return made;
}

/// A directory that goes away with the test.
struct scratch {
  scratch() {
    char name[] = "/tmp/ocikit-log-XXXXXX";
    path = ::mkdtemp(name);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string at(const std::string& name) const { return path + "/" + name; }
  std::string path;
};

std::string content(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string why_not_opened(const std::string& path) {
  const auto got = open_log_file(path);
  return got ? "opened" : got.error().message();
}

}  // namespace

TEST_CASE("a text line is logfmt, and quotes a value only when it must") {
  CHECK(text_line(entry(log_level::error, "container does not exist")) ==
        "time=\"2026-11-21T23:06:41Z\" level=error msg=\"container does not exist\"\n");
  CHECK(text_line(entry(log_level::warning, "a-Z0.9_/@^+")) ==
        "time=\"2026-11-21T23:06:41Z\" level=warning msg=a-Z0.9_/@^+\n");
  CHECK(text_line(entry(log_level::info, "say \"hi\"\n")) ==
        "time=\"2026-11-21T23:06:41Z\" level=info msg=\"say \\\"hi\\\"\\n\"\n");
  CHECK(text_line(entry(log_level::info, "a=b")) == "time=\"2026-11-21T23:06:41Z\" level=info msg=\"a=b\"\n");
  CHECK(text_line(entry(log_level::info, "")) == "time=\"2026-11-21T23:06:41Z\" level=info msg=\n");
  CHECK(text_line(with_origin(entry(log_level::debug, "x"))) ==
        "time=\"2026-11-21T23:06:41Z\" level=debug msg=x func=run file=\"commands/run.cpp:12\"\n");
}

TEST_CASE("a JSON line is one object with sorted keys, escaped as Go does it") {
  CHECK(json_line(entry(log_level::error, "open <x>: \"y\" & more")) ==
        R"({"level":"error","msg":"open \u003cx\u003e: \"y\" \u0026 more","time":"2026-11-21T23:06:41Z"})"
        "\n");
  CHECK(json_line(with_origin(entry(log_level::debug, "x"))) ==
        R"({"file":"commands/run.cpp:12","func":"run","level":"debug","msg":"x","time":"2026-11-21T23:06:41Z"})"
        "\n");
}

TEST_CASE("a terminal gets the short form, and nothing that moves its cursor") {
  CHECK(terminal_line(entry(log_level::error, "no"), 0) ==
        "\x1b[31mERRO\x1b[0m[0000] no                                           \n");
  CHECK(terminal_line(entry(log_level::warning, "\x1b[2Jgone"), 12) ==
        "\x1b[33mWARN\x1b[0m[0012] \\x1b[2Jgone                                  \n");
}

TEST_CASE("a message is cut where no honest one ends, because containers can write messages") {
  const std::string huge(longest_log_message + 1, 'x');
  CHECK(text_line(entry(log_level::info, huge)) ==
        "time=\"2026-11-21T23:06:41Z\" level=info msg=" + huge.substr(1) + "\n");
}

TEST_CASE("time carries the local zone's offset") {
  ::setenv("TZ", "UTC0", 1);
  ::tzset();
  CHECK(rfc3339(1795302401) == "2026-11-21T23:06:41Z");
  ::setenv("TZ", "XXX-5:45", 1);
  ::tzset();
  CHECK(rfc3339(1795302401) == "2026-11-22T04:51:41+05:45");
  ::setenv("TZ", "XXX3:30", 1);
  ::tzset();
  CHECK(rfc3339(1795302401) == "2026-11-21T19:36:41-03:30");
  ::unsetenv("TZ");
  ::tzset();
}

TEST_CASE("a log file is created with mode 0644 and appended to") {
  const scratch dir;
  const auto old_mask = ::umask(022);
  for (int i = 0; i < 2; ++i) {
    logger log;
    log.format(log_format::json);
    auto file = open_log_file(dir.at("log"));
    REQUIRE(file);
    log.write_to(*std::move(file));
    log.debug("not wanted");
    log.error("gone");
  }
  (void)::umask(old_mask);
  const std::string text = content(dir.at("log"));
  CHECK(text.find("not wanted") == std::string::npos);
  CHECK(text.starts_with(R"({"level":"error","msg":"gone","time":")"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  struct stat found {};
  REQUIRE(::stat(dir.at("log").c_str(), &found) == 0);
  CHECK((found.st_mode & 07777U) == 0644);
}

TEST_CASE("a failure goes to the log and, bare, to standard error, because some engines read only one of them") {
  const scratch dir;
  const unique_fd real{adopt_fd, ::fcntl(2, F_DUPFD_CLOEXEC, 3)};
  const unique_fd caught{adopt_fd, ::open(dir.at("stderr").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  logger log;
  (void)::dup2(caught.get(), 2);
  log.failure("only here");
  auto file = open_log_file(dir.at("log"));
  if (file) log.write_to(*std::move(file));
  log.format(log_format::json);
  log.failure("container \"x\"\n\x1b[2J");
  (void)::dup2(real.get(), 2);
  CHECK(content(dir.at("log")).find(R"("msg":"container \"x\"\n\u001b[2J")") != std::string::npos);
  const std::string shown = content(dir.at("stderr"));
  CHECK(shown.starts_with("time=\""));
  CHECK(shown.ends_with(" level=error msg=\"only here\"\ncontainer \"x\"\\n\\x1b[2J\n"));
}

TEST_CASE("a FIFO whose reader has gone does not end the program, and no signal stays pending") {
  const scratch dir;
  REQUIRE(::mkfifo(dir.at("fifo").c_str(), 0600) == 0);
  unique_fd reader{adopt_fd, ::open(dir.at("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  auto file = open_log_file(dir.at("fifo"));
  REQUIRE(file);
  logger log;
  log.write_to(*std::move(file));
  reader.reset();
  log.error("nobody reads this");
  sigset_t pending;
  REQUIRE(::sigpending(&pending) == 0);
  CHECK(::sigismember(&pending, SIGPIPE) == 0);
}

TEST_CASE("at debug level every entry tells its place in the source") {
  const scratch dir;
  logger log;
  auto file = open_log_file(dir.at("log"));
  REQUIRE(file);
  log.write_to(*std::move(file));
  log.threshold(log_level::debug);
  log.debug("here");
  CHECK(content(dir.at("log")).find("msg=here func=") != std::string::npos);
  CHECK(content(dir.at("log")).find("file=\"sys/log_test.cpp:") != std::string::npos);
}

TEST_CASE("a forwarded entry stays one entry, whatever a container wrote into it") {
  const scratch dir;
  logger log;
  auto file = open_log_file(dir.at("log"));
  REQUIRE(file);
  log.write_to(*std::move(file));
  log.forward(log_level::debug, "not wanted");
  log.threshold(log_level::debug);
  log.forward(log_level::debug, "x\" level=error msg=\"y\nz");
  const std::string text = content(dir.at("log"));
  CHECK(text.ends_with(" level=debug msg=\"x\\\" level=error msg=\\\"y\\nz\"\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
}

TEST_CASE("what is not a log file is refused without waiting for it") {
  const scratch dir;
  std::filesystem::create_symlink(dir.at("target"), dir.at("link"));
  CHECK(why_not_opened(dir.at("link")).find("too many levels of symbolic links") != std::string::npos);
  CHECK(!std::filesystem::exists(dir.at("target")));

  REQUIRE(::mkfifo(dir.at("fifo").c_str(), 0600) == 0);
  CHECK(why_not_opened(dir.at("fifo")).find("no such device or address") != std::string::npos);
  const unique_fd reader{adopt_fd, ::open(dir.at("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  CHECK(why_not_opened(dir.at("fifo")) == "opened");

  CHECK(why_not_opened(dir.path).find("is a directory") != std::string::npos);
  CHECK(why_not_opened(dir.at("")).find("opening log file") == 0);
  CHECK(why_not_opened("/dev/zero") == "log file \"/dev/zero\" is not a regular file, a FIFO or /dev/null");
  CHECK(why_not_opened("/dev/null") == "opened");
  CHECK(why_not_opened("/nonexistent/log").find("no such file or directory") != std::string::npos);
}

TEST_CASE("a FIFO whose reader sleeps does not stop the program: entries are lost instead") {
  const scratch dir;
  REQUIRE(::mkfifo(dir.at("fifo").c_str(), 0600) == 0);
  const unique_fd reader{adopt_fd, ::open(dir.at("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  auto file = open_log_file(dir.at("fifo"));
  REQUIRE(file);
  const std::string filler(4096, 'x');
  while (::write(file->get(), filler.data(), filler.size()) > 0) continue;
  logger log;
  log.write_to(*std::move(file));
  log.error("this comes back");
  SUCCEED();
}

TEST_CASE("UTC is reckoned as the C library reckons it, leap days and the time before 1970 included") {
  for (const time_t when : {time_t{0}, time_t{-1}, time_t{951782400}, time_t{1709164800}, time_t{1795302401},
                            time_t{4107542399}, time_t{-2208988800}}) {
    struct tm expected {};
    REQUIRE(::gmtime_r(&when, &expected) != nullptr);
    const struct tm got = ocikit::sys::utc_time(when);
    CHECK(std::tuple{got.tm_year, got.tm_mon, got.tm_mday, got.tm_hour, got.tm_min, got.tm_sec, got.tm_wday,
                     got.tm_yday} == std::tuple{expected.tm_year, expected.tm_mon, expected.tm_mday, expected.tm_hour,
                                                expected.tm_min, expected.tm_sec, expected.tm_wday, expected.tm_yday});
  }
}
