// SPDX-License-Identifier: Apache-2.0
//
// A system call in words, as strace would show it, with the path behind each descriptor:
// `mkdirat(7</run/c1>, "proc", 0755)`.
#pragma once

#include <fcntl.h>

#include <concepts>
#include <cstdio>
#include <string>
#include <string_view>

#include <ocikit/base/unique_fd.hpp>
#include <ocikit/sys/raw.hpp>

namespace ocikit::sys {

/// Shown in octal: file modes.
struct octal {
  unsigned value;
};
/// Shown in hexadecimal: flag words.
struct hex {
  unsigned long value;
};

namespace detail {

/// `text` between two marks, cut after 256 bytes: a path of 70,000 helps nobody. Control characters, backslashes and
/// the marks themselves are escaped.
inline std::string between(char first, std::string_view text, char last) {
  constexpr std::size_t longest = 256;
  std::string out{first};
  for (const char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f && c != last && c != '\\') {
      out += c;
      continue;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
    out += escaped;
  }
  out += last;
  return text.size() > longest ? out + "..." : out;
}

inline std::string shown(fd_view fd) {
  if (fd.get() == AT_FDCWD) return "AT_FDCWD";
  std::string text = std::to_string(fd.get());
  char path[512];
  const std::string link = "/proc/self/fd/" + text;
  const raw::outcome size = raw::readlinkat(AT_FDCWD, link.c_str(), path, sizeof path);
  if (!raw::failed(size)) text += between('<', {path, static_cast<std::size_t>(size)}, '>');
  return text;
}
inline std::string shown(octal mode) {
  char text[16];
  std::snprintf(text, sizeof text, "0%o", mode.value);
  return text;
}
inline std::string shown(hex flags) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%lx", flags.value);
  return text;
}
inline std::string shown(std::string_view text) { return between('"', text, '"'); }
inline std::string shown(const char* text) { return text == nullptr ? "NULL" : shown(std::string_view{text}); }
inline std::string shown(const std::string& text) { return shown(std::string_view{text}); }
template <std::integral Number>
std::string shown(Number number) {
  return std::to_string(number);
}

}  // namespace detail

/// `name(argument, argument...)`. Reads /proc/self/fd for the paths behind descriptors; call it only to tell a failure.
template <class... Args>
[[nodiscard]] std::string call_text(std::string_view name, const Args&... arguments) {
  std::string out{name};
  out += '(';
  std::string_view separator;
  ((out += separator, out += detail::shown(arguments), separator = ", "), ...);
  return out + ')';
}

}  // namespace ocikit::sys
