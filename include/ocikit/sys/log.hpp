// SPDX-License-Identifier: Apache-2.0
//
// The log of a runtime, in the three forms that logrus gives runc's: logfmt, the short coloured form for a terminal,
// and JSON. Engines parse the first and the last. For programs: the library itself returns errors and never logs.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/sys/call.hpp>
#include <ocikit/sys/quoted_text.hpp>
#include <ocikit/sys/utc_time.hpp>

namespace ocikit::sys {

enum class log_level { debug, info, warning, error, fatal };
enum class log_format { text, json };

/// The level in words: `warning`.
[[nodiscard]] constexpr std::string_view to_string(log_level level) {
  constexpr std::string_view names[] = {"debug", "info", "warning", "error", "fatal"};
  return names[static_cast<int>(level)];
}

/// Where a function is called, as a default argument of it. std::source_location tells the function's whole signature,
/// and not every compiler of today has it.
struct code_place {
  const char* function;
  const char* file;
  unsigned line;
  [[nodiscard]] static constexpr code_place current(const char* function = __builtin_FUNCTION(),
                                                    const char* file = __builtin_FILE(),
                                                    unsigned line = __builtin_LINE()) noexcept {
    return {function, file, line};
  }
};

/// The place in the source that an entry comes from.
struct log_origin {
  std::string function;  ///< `main`
  std::string file;      ///< `runtime/main.cpp:12`
};

/// One entry, ready to be put into words.
struct log_entry {
  log_level level;
  std::string_view message;
  std::string time;                  ///< RFC 3339, seconds, the local zone's offset
  std::optional<log_origin> origin;  ///< shown as `func` and `file`
};

/// The longest message an entry shows; what is longer is cut, since messages hold text from containers.
inline constexpr std::size_t longest_log_message = 16384;

namespace detail {

inline std::string_view cut(std::string_view message) { return message.substr(0, longest_log_message); }

/// A logfmt value: quoted only when it must be.
inline std::string logfmt_value(std::string_view value) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"-._/@^+"}.find(c) != std::string_view::npos;
  };
  for (const char c : value)
    if (!plain(c)) return go_quoted(value);
  return std::string{value};
}

/// The last two components of a path.
inline std::string_view short_path(std::string_view path) {
  const std::size_t last = path.rfind('/');
  if (last == std::string_view::npos || last == 0) return path;
  const std::size_t before = path.rfind('/', last - 1);
  return before == std::string_view::npos ? path : path.substr(before + 1);
}

}  // namespace detail

/// A logfmt line with its newline: `time="2026-11-21T23:06:41Z" level=error msg="container does not exist"`. Pure.
[[nodiscard]] inline std::string text_line(const log_entry& entry) {
  std::string line = "time=" + go_quoted(entry.time);
  (line += " level=") += to_string(entry.level);
  line += " msg=" + detail::logfmt_value(detail::cut(entry.message));
  if (entry.origin)
    line +=
        " func=" + detail::logfmt_value(entry.origin->function) + " file=" + detail::logfmt_value(entry.origin->file);
  return line + '\n';
}

/// A JSON object on one line, its keys sorted, with its newline. Pure.
[[nodiscard]] inline std::string json_line(const log_entry& entry) {
  std::string line = "{";
  if (entry.origin)
    line += "\"file\":" + json_quoted(entry.origin->file) + ",\"func\":" + json_quoted(entry.origin->function) + ',';
  ((line += "\"level\":\"") += to_string(entry.level)) += "\",";
  line += "\"msg\":" + json_quoted(detail::cut(entry.message)) + ",\"time\":" + json_quoted(entry.time);
  return line + "}\n";
}

/// The short coloured form for people at a terminal, with its newline. `age` is in seconds since the start. Pure.
[[nodiscard]] inline std::string terminal_line(const log_entry& entry, long age) {
  struct look {
    const char* name;
    int colour;
  };
  constexpr look looks[] = {{"DEBU", 37}, {"INFO", 36}, {"WARN", 33}, {"ERRO", 31}, {"FATA", 31}};
  const look& shown = looks[static_cast<int>(entry.level)];
  char head[64];
  std::snprintf(head, sizeof head, "\x1b[%dm%s\x1b[0m[%04ld]", shown.colour, shown.name, age);
  std::string line = head;
  if (entry.origin) line += one_line(entry.origin->file) + " " + one_line(entry.origin->function) + "()";
  std::string message = one_line(detail::cut(entry.message));
  if (message.size() < 44) message.resize(44, ' ');
  return line + " " + message + " \n";
}

namespace detail {

/// Whether the local zone is UTC by the name that it is installed under: one call, where reading the zone's rules takes
/// seven. When in doubt, no.
[[nodiscard]] inline bool zone_is_utc() {
  char target[256];
  const auto size = ::readlink("/etc/localtime", target, sizeof target);
  return size > 0 && std::string_view{target, static_cast<std::size_t>(size)}.ends_with("/zoneinfo/Etc/UTC");
}

inline bool local_time(time_t when, struct tm& to) {
  static const bool utc = zone_is_utc();
  if (!utc || std::getenv("TZ") != nullptr) return ::localtime_r(&when, &to) != nullptr;
  to = utc_time(when);
  return true;
}

}  // namespace detail

/// `when` as RFC 3339 in the local zone, to the second: `2026-11-21T23:06:41Z`, `2026-11-22T00:06:41+01:00`.
[[nodiscard]] inline std::string rfc3339(time_t when) {
  struct tm local {};
  if (!detail::local_time(when, local)) return "0001-01-01T00:00:00Z";
  char text[40];
  const std::size_t size = ::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &local);
  std::string out{text, size};
  if (local.tm_gmtoff == 0) return out + 'Z';
  const long minutes = (local.tm_gmtoff < 0 ? -local.tm_gmtoff : local.tm_gmtoff) / 60;
  std::snprintf(text, sizeof text, "%c%02ld:%02ld", local.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
  return out + text;
}

/// The file that log entries are appended to, created with mode 0644 where it is missing.
///
/// A symbolic link in the last component is not followed, and what is found must be a regular file, a FIFO that is
/// being read, or /dev/null: a log must not be able to block, or reach a device. `/dev/stdout` and `/dev/stderr` mean
/// the descriptors and are not looked up. Errors: system; config for another kind of file.
[[nodiscard]] result<unique_fd> open_log_file(const std::string& path);

namespace detail {

inline result<void> check_log_file(fd_view file, std::string_view path) {
  const auto found = OCIKIT_TRY(statx(file, STATX_TYPE));
  const bool null = S_ISCHR(found.stx_mode) && found.stx_rdev_major == 1 && found.stx_rdev_minor == 3;
  if (S_ISREG(found.stx_mode) || S_ISFIFO(found.stx_mode) || null) return {};
  return tl::unexpected(error::config("", "log file " + shown(path) + " is not a regular file, a FIFO or /dev/null"));
}

/// Keeps writes to a pipe without readers from ending the program, from the first `hold` to its own end. The signal's
/// disposition stays as it is, since an ignored signal would be inherited by containers; whoever starts a program sets
/// its mask anyway.
class sigpipe_held {
 public:
  sigpipe_held() = default;
  sigpipe_held(const sigpipe_held&) = delete;
  sigpipe_held& operator=(const sigpipe_held&) = delete;
  ~sigpipe_held() {
    if (held_ && !was_blocked_) (void)::pthread_sigmask(SIG_UNBLOCK, just_sigpipe(), nullptr);
  }

  void hold() noexcept {
    if (held_) return;
    held_ = true;
    sigset_t before;
    (void)::pthread_sigmask(SIG_BLOCK, just_sigpipe(), &before);
    was_blocked_ = ::sigismember(&before, SIGPIPE) == 1;
  }
  /// Takes back the signal of a write that has failed with EPIPE, unless somebody else waits for it.
  void forget() const noexcept {
    const struct timespec now {};
    if (!was_blocked_) (void)::sigtimedwait(just_sigpipe(), nullptr, &now);
  }

 private:
  static const sigset_t* just_sigpipe() noexcept {
    static const sigset_t set = [] {
      sigset_t made;
      (void)::sigemptyset(&made);
      (void)::sigaddset(&made, SIGPIPE);
      return made;
    }();
    return &set;
  }

  bool held_ = false;
  bool was_blocked_ = false;
};

/// One write(2). A FIFO's reader that sleeps is waited for a second at most: the runtime must not hang on its log.
inline void write_once(fd_view fd, std::string_view line, sigpipe_held& quiet) {
  quiet.hold();
  raw::outcome r = raw::write(fd.get(), line.data(), line.size());
  for (int tries = 0; (r == -EAGAIN || r == -EINTR) && tries < 10; ++tries) {
    struct pollfd ready {
      fd.get(), POLLOUT, 0
    };
    (void)::poll(&ready, 1, 100);
    r = raw::write(fd.get(), line.data(), line.size());
  }
  if (r == -EPIPE) quiet.forget();
}

}  // namespace detail

inline result<unique_fd> open_log_file(const std::string& path) {
  if (path == "/dev/stdout") return unique_fd{adopt_fd, ::fcntl(1, F_DUPFD_CLOEXEC, 3)};
  if (path == "/dev/stderr") return unique_fd{adopt_fd, ::fcntl(2, F_DUPFD_CLOEXEC, 3)};
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const auto explained = [&](error e) { return std::move(e).within("opening log file " + detail::shown(path)); };
  const unique_fd dir = OCIKIT_TRY(openat(at_fdcwd, parent, O_PATH | O_DIRECTORY).map_error(explained));
  constexpr int flags = O_WRONLY | O_CREAT | O_APPEND | O_SYNC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  unique_fd file = OCIKIT_TRY(openat(dir, name, flags, 0644).map_error(explained));
  OCIKIT_TRY(detail::check_log_file(file, path));
  return file;
}

/// Writes entries, one write(2) each. An entry that cannot be written is lost without a word: there is nobody to tell.
class logger {
 public:
  /// To standard error, in the terminal's form when it is one and `format` is text.
  logger() { (void)::clock_gettime(CLOCK_MONOTONIC, &start_); }

  /// From now on entries go to `file`.
  void write_to(unique_fd file) { file_ = std::move(file); }
  void format(log_format format) { format_ = format; }
  /// Entries below `level` are dropped; at `debug` every entry also tells its place in the source.
  void threshold(log_level level) { threshold_ = level; }
  /// True when an entry at `level` would be written: for messages that are costly to make.
  [[nodiscard]] bool wants(log_level level) const { return level >= threshold_; }

  void debug(std::string_view message, code_place here = code_place::current()) {
    write(log_level::debug, message, here);
  }
  void info(std::string_view message, code_place here = code_place::current()) {
    write(log_level::info, message, here);
  }
  void warning(std::string_view message, code_place here = code_place::current()) {
    write(log_level::warning, message, here);
  }
  void error(std::string_view message, code_place here = code_place::current()) {
    write(log_level::error, message, here);
  }
  /// An entry that another process wrote, such as a container's init, which has no place in this program's source.
  /// Whatever it holds comes out as one entry; how many there are is the caller's to limit.
  void forward(log_level level, std::string_view message) {
    if (wants(level)) put({level, message, rfc3339(::time(nullptr)), {}});
  }
  /// What ends the program: an entry at level error, and when that goes to a file also the bare message on standard
  /// error. Engines read the one or the other.
  void failure(std::string_view message, code_place here = code_place::current()) {
    write(log_level::error, message, here);
    if (file_) detail::write_once(fd_view{2}, one_line(detail::cut(message)) + '\n', quiet_);
  }

 private:
  void write(log_level level, std::string_view message, const code_place& here) {
    if (!wants(level)) return;
    log_entry entry{level, message, rfc3339(::time(nullptr)), {}};
    if (threshold_ == log_level::debug)
      entry.origin =
          log_origin{here.function, std::string{detail::short_path(here.file)} + ':' + std::to_string(here.line)};
    put(entry);
  }

  void put(const log_entry& entry) {
    const std::string line = line_of(entry);
    detail::write_once(file_ ? file_.view() : fd_view{2}, line, quiet_);
  }

  /// Looked at once: a program's standard error does not become a terminal.
  [[nodiscard]] bool to_terminal() {
    if (file_) return false;
    if (!terminal_) terminal_ = ::isatty(2) == 1;
    return *terminal_;
  }

  [[nodiscard]] std::string line_of(const log_entry& entry) {
    if (format_ == log_format::json) return json_line(entry);
    if (!to_terminal()) return text_line(entry);
    struct timespec now {};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);
    return terminal_line(entry, static_cast<long>(now.tv_sec - start_.tv_sec));
  }

  unique_fd file_;
  detail::sigpipe_held quiet_;
  std::optional<bool> terminal_;
  log_format format_ = log_format::text;
  log_level threshold_ = log_level::info;
  struct timespec start_ {};
};

}  // namespace ocikit::sys
