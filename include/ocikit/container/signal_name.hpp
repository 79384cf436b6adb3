// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <charconv>
#include <string>
#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/sys/quoted_text.hpp>

namespace ocikit::container {

struct named_signal {
  std::string_view name;
  int number;
};

/// The signals that have a name, without SIG.
inline constexpr named_signal named_signals[] = {
    {"ABRT", SIGABRT},   {"ALRM", SIGALRM}, {"BUS", SIGBUS},   {"CHLD", SIGCHLD},     {"CLD", SIGCHLD},
    {"CONT", SIGCONT},   {"FPE", SIGFPE},   {"HUP", SIGHUP},   {"ILL", SIGILL},       {"INT", SIGINT},
    {"IO", SIGIO},       {"IOT", SIGABRT},  {"KILL", SIGKILL}, {"PIPE", SIGPIPE},     {"POLL", SIGIO},
    {"PROF", SIGPROF},   {"PWR", SIGPWR},   {"QUIT", SIGQUIT}, {"SEGV", SIGSEGV},     {"STKFLT", SIGSTKFLT},
    {"STOP", SIGSTOP},   {"SYS", SIGSYS},   {"TERM", SIGTERM}, {"TRAP", SIGTRAP},     {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN},   {"TTOU", SIGTTOU}, {"URG", SIGURG},   {"USR1", SIGUSR1},     {"USR2", SIGUSR2},
    {"WINCH", SIGWINCH}, {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM},
};

/// A signal by number, or by name with or without SIG, in any case. Any number is taken, for the kernel to refuse, as
/// runc does it. Pure. Errors: config, `unknown signal "FOO"`.
[[nodiscard]] inline result<int> parse_signal(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool signed_twice = text.starts_with("+-");
  if (failure == std::errc{} && end == digits.data() + digits.size() && !signed_twice) return number;
  std::string name{text};
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (const auto& known : named_signals)
    if (known.name == name) return known.number;
  return tl::unexpected(error::config("", "unknown signal " + sys::go_quoted(text)));
}

}  // namespace ocikit::container
