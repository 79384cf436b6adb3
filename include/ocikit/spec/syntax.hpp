// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <ocikit/spec/limits.hpp>

namespace ocikit::spec {

/// A place for people: both start at 1, columns count bytes.
struct text_position {
  std::size_t line = 1;
  std::size_t column = 1;
  bool operator==(const text_position&) const = default;
};

}  // namespace ocikit::spec

/// Where a document breaks the JSON grammar, for error texts. The fast parser knows only that something is wrong; this
/// slow, strict scan runs after it has refused a document, and gives the same words whichever parser is linked.
namespace ocikit::spec::detail {

/// Names of properties, as runc compares them.
[[nodiscard]] inline bool equal_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

[[nodiscard]] inline text_position position_at(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, std::min(offset, text.size()));
  const auto last_line = before.rfind('\n');
  return {1 + static_cast<std::size_t>(std::ranges::count(before, '\n')),
          before.size() - (last_line == std::string_view::npos ? 0 : last_line + 1) + 1};
}

/// ` at line 12, column 9`
[[nodiscard]] inline std::string at_position(std::string_view text, std::size_t offset) {
  const auto where = position_at(text, offset);
  return " at line " + std::to_string(where.line) + ", column " + std::to_string(where.column);
}

/// Length of the well-formed UTF-8 sequence at `text[at]`; 0 when there is none. See: RFC 3629, section 4.
[[nodiscard]] inline std::size_t utf8_length(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool beyond = first == 0xf4 && byte(1) > 0x8f;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

/// Foreign text fit for one line of an error: control characters and what is not UTF-8 become `\xNN`, what lies beyond
/// 128 bytes is cut off.
[[nodiscard]] inline std::string shown(std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  static constexpr std::size_t most = 128;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (at >= most) return out + "...";
    const auto byte = static_cast<unsigned char>(text[at]);
    const auto length = utf8_length(text, at);
    const bool control =
        byte < 0x20 || byte == 0x7f || (byte == 0xc2 && length == 2 && static_cast<unsigned char>(text[at + 1]) < 0xa0);
    if (length != 0 && !control) {
      out += text.substr(at, length);
      at += length;
      continue;
    }
    out += "\\x";
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
    ++at;
  }
  return out;
}

/// The first violation of the grammar.
struct syntax_error {
  std::size_t offset;
  std::string_view what;
};

/// One strict pass over a document. Recursion ends with the stack of open brackets, at `limits::depth`.
class syntax_scanner {
 public:
  explicit syntax_scanner(std::string_view text) : text_{text} {}

  [[nodiscard]] std::optional<syntax_error> first_error() {
    if (!value()) return error_;
    while (depth_ != 0)
      if (!next_member()) return error_;
    space();
    if (at_ != text_.size()) fail("unexpected text after the document");
    return error_;
  }

 private:
  bool fail(std::string_view what) {
    error_ = syntax_error{std::min(at_, text_.size()), at_ >= text_.size() ? "unexpected EOF" : what};
    return false;
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void space() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') ++at_;
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  bool value() {
    space();
    const char c = peek();
    if (c == '{' || c == '[') return open(c);
    if (c == '"') return string();
    if (c == '-' || (c >= '0' && c <= '9')) return number();
    for (const std::string_view word : {"true", "false", "null"})
      if (c == word[0]) return literal(word);
    return fail("expected a value");
  }

  bool open(char bracket) {
    if (depth_ == open_.size()) return fail("nested too deeply");
    open_[depth_++] = bracket;
    ++at_;
    space();
    if (take(bracket == '{' ? '}' : ']')) {
      --depth_;
      return true;
    }
    return bracket == '{' ? member() : value();
  }

  // What may follow a value inside a container.
  bool next_member() {
    space();
    const bool object = open_[depth_ - 1] == '{';
    if (take(object ? '}' : ']')) {
      --depth_;
      return true;
    }
    if (!take(',')) return fail(object ? "expected ',' or '}'" : "expected ',' or ']'");
    return object ? member() : value();
  }

  bool member() {
    space();
    if (peek() != '"') return fail("expected a property name in double quotes");
    if (!string()) return false;
    space();
    return take(':') ? value() : fail("expected ':'");
  }

  bool literal(std::string_view word) {
    for (const char c : word)
      if (!take(c)) return fail("expected a value");
    return true;
  }

  bool digits() {
    if (peek() < '0' || peek() > '9') return fail("malformed number");
    while (peek() >= '0' && peek() <= '9') ++at_;
    return true;
  }

  bool number() {
    (void)take('-');
    if (!take('0')) {
      if (!digits()) return false;
    } else if (peek() >= '0' && peek() <= '9') {
      return fail("malformed number");
    }
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) (void)take('-');
      return digits();
    }
    return true;
  }

  bool string() {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (!escape()) return false;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return fail("unescaped control character in a string");
      } else {
        const auto length = utf8_length(text_, at_);
        if (length == 0) return fail("invalid UTF-8");
        at_ += length;
      }
    }
    return fail("unexpected EOF");
  }

  bool escape() {
    ++at_;
    const char c = peek();
    if (c == 'u') return unicode_escape();
    if (c == '\0' || std::string_view{"\"\\/bfnrt"}.find(c) == std::string_view::npos) return fail("invalid escape");
    ++at_;
    return true;
  }

  // A leading surrogate must be followed by a trailing one; neither may stand alone.
  bool unicode_escape() {
    const auto start = at_ - 1;
    const auto first = code_unit();
    if (!first) return false;
    bool whole = *first < 0xd800 || *first > 0xdfff;
    if (*first >= 0xd800 && *first <= 0xdbff && take('\\') && peek() == 'u') {
      const auto second = code_unit();
      if (!second) return false;
      whole = *second >= 0xdc00 && *second <= 0xdfff;
    }
    if (whole) return true;
    at_ = start;
    return fail("invalid escape");
  }

  std::optional<unsigned> code_unit() {
    ++at_;
    unsigned unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      static constexpr std::string_view digits = "0123456789abcdef";
      const auto digit = digits.find(static_cast<char>(peek() >= 'A' && peek() <= 'F' ? peek() + 32 : peek()));
      if (digit == std::string_view::npos) {
        fail("invalid escape");
        return std::nullopt;
      }
      unit = unit * 16 + static_cast<unsigned>(digit);
    }
    return unit;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::array<char, limits::depth> open_{};
  std::size_t depth_ = 0;
  std::optional<syntax_error> error_;
};

[[nodiscard]] inline std::optional<syntax_error> find_syntax_error(std::string_view text) {
  return syntax_scanner{text}.first_error();
}

}  // namespace ocikit::spec::detail
