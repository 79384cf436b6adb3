// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <ocikit/spec/fields.hpp>
#include <ocikit/spec/syntax.hpp>
#include <ocikit/spec/tables.hpp>

/// Structs with a table to JSON text. `parse(write(value))` gives an equal value.
namespace ocikit::spec {

struct write_options {
  /// One level of indentation; empty writes everything on one line without spaces. No newline at the end.
  std::string_view indent = {};
  /// `<`, `>`, `&`, U+2028 and U+2029 as \u escapes, as Go's encoder has it; the log and `state` need it.
  bool html_escapes = false;
};

namespace detail {

inline void append_unicode_escape(std::string& out, unsigned code_unit) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U}) out += digits[(code_unit >> shift) & 15U];
}

// Whether this is ASCII that stands for itself.
[[nodiscard]] constexpr bool is_plain(char c, bool html) {
  if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x80) return false;
  return c != '"' && c != '\\' && !(html && (c == '<' || c == '>' || c == '&'));
}

// What `text[at]` begins with, when that needs an escape: its length and the code unit to write.
struct escape {
  std::size_t length;
  unsigned code_unit;
};

[[nodiscard]] inline std::optional<escape> escape_at(std::string_view text, std::size_t at, bool html) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return is_plain(text[at], html) ? std::nullopt : std::optional{escape{1, byte}};
  if (utf8_length(text, at) == 0) return escape{1, 0xfffd};
  const auto separator = text.substr(at, 3);
  if (html && (separator == "\u2028" || separator == "\u2029"))
    return escape{3, separator == "\u2028" ? 0x2028U : 0x2029U};
  return std::nullopt;
}

}  // namespace detail

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
inline void append_quoted(std::string& out, std::string_view text, bool html_escapes = false) {
  static constexpr std::string_view short_codes = "\"\\\b\f\n\r\t";
  static constexpr std::string_view short_letters = "\"\\bfnrt";
  out += '"';
  std::size_t written = 0;  // what stands between two escapes is appended at once
  for (std::size_t at = 0; at < text.size();) {
    if (detail::is_plain(text[at], html_escapes)) {
      ++at;
      continue;
    }
    const auto needed = detail::escape_at(text, at, html_escapes);
    if (!needed) {
      at += detail::utf8_length(text, at);
      continue;
    }
    out += text.substr(written, at - written);
    const auto short_code = short_codes.find(text[at]);
    if (needed->length == 1 && short_code != std::string_view::npos) {
      out += '\\';
      out += short_letters[short_code];
    } else {
      detail::append_unicode_escape(out, needed->code_unit);
    }
    at += needed->length;
    written = at;
  }
  out += text.substr(written);
  out += '"';
}

namespace detail {

// Absent and default read the same, so the default need not be written. A name or an object has no default.
template <class T>
[[nodiscard]] bool is_default(const T& held) {
  if constexpr (is_optional<T>)
    return !held.has_value();
  else if constexpr (std::integral<T>)
    return held == T{};
  else if constexpr (requires { held.empty(); })
    return held.empty();
  else
    return false;
}

template <class T>
[[nodiscard]] bool is_zero(const T& held) {
  if constexpr (described<T> && std::equality_comparable<T>) return held == T{};
  return false;
}

}  // namespace detail

/// Whether a property that holds this is not written.
template <class T>
[[nodiscard]] bool is_left_out(const rule& of, const T& held) {
  return (of.omits_zero && detail::is_zero(held)) || (!of.is_written && detail::is_default(held));
}

namespace detail {

class writer {
 public:
  explicit writer(const write_options& options) : options_{options} {}

  [[nodiscard]] std::string take() && { return std::move(out_); }

  void value(bool from) { out_ += from ? "true" : "false"; }
  void value(std::integral auto from) { out_ += std::to_string(from); }
  /// The fewest decimals that mean `from`, without an exponent; null for what is no number. Not by std::to_chars, which
  /// brings libm.
  void value(double from) {
    if (from - from != 0) {
      out_ += "null";
      return;
    }
    constexpr int most_decimals = 340;
    char digits[680];
    int size = 0;
    for (int decimals = 0; decimals <= most_decimals; ++decimals) {
      size = std::snprintf(digits, sizeof digits, "%.*f", decimals, from);
      if (std::strtod(digits, nullptr) == from) break;
    }
    out_.append(digits, static_cast<std::size_t>(size));
  }
  void value(const std::string& from) { append_quoted(out_, from, options_.html_escapes); }
  void value(has_names auto from) { append_quoted(out_, name_of(from), options_.html_escapes); }

  template <class T>
  void value(const std::optional<T>& from) {
    if (from)
      value(*from);
    else
      out_ += "null";
  }

  template <class T>
  void value(const std::vector<T>& from) {
    open('[');
    for (const auto& element : from) {
      separate();
      value(element);
    }
    close(']');
  }

  template <class T>
  void value(const map<T>& from) {
    open('{');
    for (const auto& [key, entry] : from) property(key, entry);
    close('}');
  }

  template <described T>
  void value(const T& from) {
    open('{');
    std::apply([&](const auto&... f) { (member(from, f), ...); }, table<T>);
    close('}');
  }

 private:
  // `Object` is `Struct` or derives from it and borrowed its table.
  template <class Object, class Struct, class Value>
  void member(const Object& from, const field<Struct, Value>& f) {
    const Value& held = from.*(f.pointer);
    if (!is_left_out(f.rule, held)) property(f.name, held);
  }
  template <class Struct>
  void member(const Struct&, const ignored&) {}

  template <class T>
  void property(std::string_view name, const T& held) {
    separate();
    append_quoted(out_, name, options_.html_escapes);
    out_ += options_.indent.empty() ? ":" : ": ";
    value(held);
  }

  void open(char bracket) {
    out_ += bracket;
    ++depth_;
    first_ = true;
  }
  void close(char bracket) {
    --depth_;
    if (!first_) line();
    first_ = false;
    out_ += bracket;
  }
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
    line();
  }
  void line() {
    if (options_.indent.empty()) return;
    out_ += '\n';
    for (std::size_t i = 0; i < depth_; ++i) out_ += options_.indent;
  }

  std::string out_;
  const write_options& options_;
  std::size_t depth_ = 0;
  bool first_ = true;  // no member of the innermost open bracket has been written
};

}  // namespace detail

/// `value` as JSON text: properties in the order of its table, those that hold the default left out unless the table
/// says otherwise.
template <described T>
[[nodiscard]] std::string write(const T& value, const write_options& options = {}) {
  detail::writer out{options};
  out.value(value);
  return std::move(out).take();
}

}  // namespace ocikit::spec
