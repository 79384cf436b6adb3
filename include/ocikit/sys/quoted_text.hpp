// SPDX-License-Identifier: Apache-2.0
//
// Text from anywhere as text that can be printed: quoted as Go's strconv.Quote and encoding/json do it, which is what
// the readers of a runtime's log expect. Nothing that comes out can move a cursor, start a line or reorder one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace ocikit::sys {
namespace detail {

/// One code point and the bytes it takes; `size` 1 and `valid` false for a byte that is not UTF-8.
struct code_point {
  char32_t value;
  std::size_t size;
  bool valid;
};

inline code_point first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {lead, 1, false};
  auto value = static_cast<char32_t>(lead & (0xff >> (size + 1)));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {lead, 1, false};
    value = (value << 6) | (byte(i) & 0x3fU);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[size] || (value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff) return {lead, 1, false};
  return {value, size, true};
}

/// Controls, spaces other than U+0020, format characters (those that reorder text among them) and private use.
inline bool printable(char32_t c) {
  struct range {
    char32_t first, last;
  };
  constexpr range unprintable[] = {
      {0, 0x1f},          {0x7f, 0xa0},       {0xad, 0xad},       {0x600, 0x605},      {0x61c, 0x61c},
      {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x8e2, 0x8e2},     {0x1680, 0x1680},    {0x180e, 0x180e},
      {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},   {0x3000, 0x3000},    {0xd800, 0xf8ff},
      {0xfeff, 0xfeff},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0x110bd, 0x110bd},  {0x110cd, 0x110cd},
      {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe007f}, {0xf0000, 0x10ffff},
  };
  for (const range& r : unprintable)
    if (c >= r.first && c <= r.last) return false;
  return true;
}

inline void append_hex(std::string& out, const char* prefix, int digits, std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "%s%0*x", prefix, digits, value);
  out += text;
}

/// The escape letter Go has for `c`, or 0.
inline char escape_letter(char32_t c) {
  switch (c) {
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\v':
      return 'v';
    default:
      return 0;
  }
}

inline void append_go_escaped(std::string& out, code_point c, std::string_view bytes) {
  if (!c.valid) return append_hex(out, "\\x", 2, c.value);
  if (printable(c.value)) {
    out += bytes;
  } else if (const char letter = escape_letter(c.value)) {
    (out += '\\') += letter;
  } else if (c.value < 0x80) {
    append_hex(out, "\\x", 2, c.value);
  } else if (c.value < 0x10000) {
    append_hex(out, "\\u", 4, c.value);
  } else {
    append_hex(out, "\\U", 8, c.value);
  }
}

inline void append_json_escaped(std::string& out, code_point c, std::string_view bytes) {
  if (!c.valid) {
    out += "\\ufffd";
  } else if (c.value == '"' || c.value == '\\') {
    (out += '\\') += bytes;
  } else if (c.value == '\n' || c.value == '\r' || c.value == '\t' || c.value == '\b' || c.value == '\f') {
    (out += '\\') += escape_letter(c.value);
  } else if (c.value < 0x20 || c.value == '<' || c.value == '>' || c.value == '&' || c.value == 0x2028 ||
             c.value == 0x2029) {
    append_hex(out, "\\u", 4, c.value);
  } else {
    out += bytes;
  }
}

template <class Append>
std::string each_code_point(std::string_view text, Append append) {
  std::string out;
  out.reserve(text.size() + 2);
  while (!text.empty()) {
    const code_point c = first_code_point(text);
    append(out, c, text.substr(0, c.size));
    text.remove_prefix(c.size);
  }
  return out;
}

}  // namespace detail

/// `text` without quotes around it, on one line: what cannot be printed becomes an escape, quotes stay as they are.
[[nodiscard]] inline std::string one_line(std::string_view text) {
  return detail::each_code_point(text, detail::append_go_escaped);
}

/// `text` as Go's `%q` shows it: `"a \"b\"\n"`.
[[nodiscard]] inline std::string go_quoted(std::string_view text) {
  const auto append = [](std::string& out, detail::code_point c, std::string_view bytes) {
    if (c.value == '"' || c.value == '\\') out += '\\';
    detail::append_go_escaped(out, c, bytes);
  };
  return '"' + detail::each_code_point(text, append) + '"';
}

/// `text` as Go's encoding/json writes a string: `<`, `>` and `&` are escaped too, a byte that is not UTF-8 becomes
/// U+FFFD.
[[nodiscard]] inline std::string json_quoted(std::string_view text) {
  return '"' + detail::each_code_point(text, detail::append_json_escaped) + '"';
}

}  // namespace ocikit::sys
