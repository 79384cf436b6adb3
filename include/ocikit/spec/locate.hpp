// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <ocikit/spec/syntax.hpp>

namespace ocikit::spec {

namespace detail {

/// Walks down a document along a pointer. Safe with any text; what it finds in one that is not JSON means nothing.
class locator {
 public:
  explicit locator(std::string_view text) : text_{text} { skip_space(); }

  /// Where the value begins, or the innermost one around it that is there.
  [[nodiscard]] std::size_t follow(std::string_view pointer) {
    auto found = at_;
    while (pointer.starts_with('/')) {
      const auto end = std::min(pointer.find('/', 1), pointer.size());
      if (!enter(decoded(pointer.substr(1, end - 1)))) break;
      found = at_;
      pointer.remove_prefix(end);
    }
    return found;
  }

 private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    skip_space();
    return true;
  }

  /// A segment of an RFC 6901 pointer as a property's name.
  static std::string decoded(std::string_view segment) {
    std::string out;
    for (std::size_t i = 0; i < segment.size(); ++i) {
      const bool escape = segment[i] == '~' && i + 1 < segment.size();
      out += !escape ? segment[i] : segment[++i] == '1' ? '/' : '~';
    }
    return out;
  }

  bool enter(const std::string& name) {
    if (peek() == '[') return enter_array(name);
    if (peek() != '{') return false;
    const auto start = at_;  // the reader does not mind the case of letters, but properties that are data may differ so
    if (enter_object(name, std::equal_to{})) return true;
    at_ = start;
    return enter_object(name, equal_but_for_case);
  }

  template <class Same>
  bool enter_object(std::string_view name, Same same) {
    ++at_;
    skip_space();
    while (peek() == '"') {
      const auto start = at_ + 1;
      skip_string();
      const auto key = text_.substr(start, at_ - start - 1);
      skip_space();
      if (!take(':')) return false;
      if (same(key, name)) return true;
      skip_value();
      if (!take(',')) return false;
    }
    return false;
  }

  bool enter_array(std::string_view index) {
    ++at_;
    skip_space();
    for (std::size_t i = 0; peek() != ']' && peek() != '\0'; ++i) {
      if (std::to_string(i) == index) return true;
      skip_value();
      if (!take(',')) return false;
    }
    return false;
  }

  void skip_string() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2U : 1U;
    at_ = std::min(at_ + 1, text_.size());
  }

  /// And the space behind it.
  void skip_value() {
    std::size_t depth = 0;
    do {
      const char c = peek();
      if (c == '"') {
        skip_string();
      } else {
        if (depth == 0 && (c == ',' || c == ']' || c == '}')) break;
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        at_ = std::min(at_ + 1, text_.size());
      }
    } while (at_ < text_.size() && (depth != 0 || is_scalar_part(peek())));
    skip_space();
  }

  static bool is_scalar_part(char c) { return std::string_view{",]} \t\r\n"}.find(c) == std::string_view::npos; }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace detail

/// Where the value begins that the RFC 6901 `pointer` names in `text`, a document that was parsed without error: for a
/// finding that has a pointer alone. What is missing is placed at the innermost object or array that should have it,
/// and so is what lies below a name that the document writes with escapes. Pure; takes time for the whole text.
[[nodiscard]] inline text_position locate(std::string_view text, std::string_view pointer) {
  return detail::position_at(text, detail::locator{text}.follow(pointer));
}

}  // namespace ocikit::spec
