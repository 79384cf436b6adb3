// SPDX-License-Identifier: Apache-2.0
//
// GVariant's text format, as annotations give values of unit properties: `'text'`, `true`, `uint64 5`, `@as ['a']`.
// Pure. See: glib, "GVariant Text Format".
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/bus_value.hpp>

namespace ocikit::cgroups {

namespace detail {

/// Reads one value. Texts, numbers, booleans, byte strings, arrays and tuples; a number without a type is an int32, or
/// a double when it has a point or an exponent. No property of systemd's has a dictionary or a maybe.
class gvariant_reader {
 public:
  explicit gvariant_reader(std::string_view text) : rest_{text} {}

  result<bus_value> whole() {
    auto value = OCIKIT_TRY(read("", 0));
    skip_space();
    if (!rest_.empty()) return refuse("there is more after the value");
    return value;
  }

 private:
  static constexpr int deepest = 8;

  static tl::unexpected<error> refuse(const std::string& why) { return tl::unexpected(error::config("", why)); }

  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size())); }

  bool take(char c) {
    skip_space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view take_word() {
    const auto word = rest_.substr(0, rest_.find_first_of(" \t\n,()[]{}<>'\""));
    rest_.remove_prefix(word.size());
    return word;
  }

  /// The length of the type that `signature` begins with; 0: none that can be had.
  static std::size_t type_length(std::string_view signature, int depth) {
    if (signature.empty() || depth > deepest) return 0;
    if (std::string_view{"bynqiuxtds"}.find(signature[0]) != std::string_view::npos) return 1;
    if (signature[0] == 'a') {
      const auto element = type_length(signature.substr(1), depth + 1);
      return element == 0 ? 0 : element + 1;
    }
    if (signature[0] != '(') return 0;
    std::size_t at = 1;
    while (at < signature.size() && signature[at] != ')') {
      const auto field = type_length(signature.substr(at), depth + 1);
      if (field == 0) return 0;
      at += field;
    }
    return at > 1 && at < signature.size() ? at + 1 : 0;
  }

  /// `type`: its signature, or empty when the text decides.
  result<bus_value> read(std::string_view type, int depth) {
    if (depth > deepest) return refuse("it is nested too deep");
    skip_space();
    if (rest_.empty()) return refuse("a value is missing");
    const char c = rest_.front();
    if (c == '@') {
      rest_.remove_prefix(1);
      // A type has parentheses of its own.
      const auto named = rest_.substr(0, rest_.find_first_of(" \t\n"));
      rest_.remove_prefix(named.size());
      if (named.empty() || type_length(named, 0) != named.size()) return refuse("its type is none that a property has");
      if (!type.empty() && type != named) return refuse("its types do not agree");
      return read(named, depth + 1);
    }
    if (c == '[') return read_array(type, depth);
    if (c == '(') return read_tuple(type, depth);
    if (c == '\'' || c == '"') return read_text(type);
    if (rest_.starts_with("b'") || rest_.starts_with("b\"")) return read_byte_string(type);
    const auto word = take_word();
    if (word == "true" || word == "false") {
      if (!type.empty() && type != "b") return refuse("a boolean stands for something else");
      return bus_value{word == "true"};
    }
    if (const auto named = type_called(word); !named.empty()) {
      if (!type.empty() && type != named) return refuse("its types do not agree");
      return read(named, depth + 1);
    }
    return read_number(word, type);
  }

  static std::string_view type_called(std::string_view word) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> names{{{"boolean", "b"},
                                                                                          {"byte", "y"},
                                                                                          {"int16", "n"},
                                                                                          {"uint16", "q"},
                                                                                          {"int32", "i"},
                                                                                          {"uint32", "u"},
                                                                                          {"int64", "x"},
                                                                                          {"uint64", "t"},
                                                                                          {"double", "d"},
                                                                                          {"string", "s"}}};
    for (const auto& [name, type] : names)
      if (name == word) return type;
    return {};
  }

  template <class Number>
  static result<bus_value> number(bool negative, std::uint64_t size) {
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<Number>::max());
    const bool fits = negative ? std::numeric_limits<Number>::is_signed && size <= largest + 1 : size <= largest;
    if (!fits && !(negative && size == 0)) return refuse("a number is out of range");
    return bus_value{static_cast<Number>(negative ? std::uint64_t{0} - size : size)};
  }

  static result<bus_value> read_number(std::string_view word, std::string_view type) {
    const bool hexadecimal = word.find("0x") != std::string_view::npos;
    if (type == "d" || (type.empty() && !hexadecimal && word.find_first_of(".eE") != std::string_view::npos)) {
      double value = 0;
      const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), value);
      if (wrong != std::errc{} || end != word.data() + word.size()) return refuse(shown(word) + " is no value");
      return bus_value{value};
    }
    auto digits = word;
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) digits.remove_prefix(1);
    int base = 10;
    if (digits.starts_with("0x")) {
      base = 16;
      digits.remove_prefix(2);
    } else if (digits.size() > 1 && digits.starts_with('0')) {
      base = 8;
    }
    std::uint64_t size = 0;
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), size, base);
    if (wrong == std::errc::result_out_of_range) return refuse("a number is out of range");
    if (wrong != std::errc{} || end != digits.data() + digits.size()) return refuse(shown(word) + " is no value");
    if (type == "y") return number<std::uint8_t>(negative, size);
    if (type == "n") return number<std::int16_t>(negative, size);
    if (type == "q") return number<std::uint16_t>(negative, size);
    if (type == "u") return number<std::uint32_t>(negative, size);
    if (type == "x") return number<std::int64_t>(negative, size);
    if (type == "t") return number<std::uint64_t>(negative, size);
    if (type.empty() || type == "i") return number<std::int32_t>(negative, size);
    return refuse("a number stands for something else");
  }

  static std::string shown(std::string_view word) {
    std::string out;
    for (const char c : word.substr(0, 40)) out += c >= ' ' && c <= '~' ? c : '?';
    return '"' + out + '"';
  }

  static void add_utf8(std::uint32_t point, std::string& to) {
    const auto add = [&](std::uint32_t byte) { to += static_cast<char>(byte); };
    if (point < 0x80) return add(point);
    if (point < 0x800) {
      add(0xc0U | point >> 6U);
    } else {
      if (point < 0x10000) {
        add(0xe0U | point >> 12U);
      } else {
        add(0xf0U | point >> 18U);
        add(0x80U | (point >> 12U & 0x3fU));
      }
      add(0x80U | (point >> 6U & 0x3fU));
    }
    add(0x80U | (point & 0x3fU));
  }

  /// `\u00e9` or `\U0001f600`.
  result<void> read_code_point(std::size_t digits, std::string& to) {
    std::uint32_t point = 0;
    const auto text = rest_.substr(0, digits);
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), point, 16);
    if (text.size() < digits || wrong != std::errc{} || end != text.data() + digits || point == 0 || point > 0x10ffff ||
        (point >= 0xd800 && point < 0xe000))
      return refuse("a text has a bad \\u");
    rest_.remove_prefix(digits);
    add_utf8(point, to);
    return {};
  }

  /// What is between two quotes.
  result<std::string> quoted(bool code_points) {
    const char quote = rest_.front();
    rest_.remove_prefix(1);
    std::string out;
    for (;;) {
      if (rest_.empty()) return refuse("a text has no end");
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == quote) return out;
      if (c == '\0') return refuse("a text has a NUL");
      if (c != '\\') {
        out += c;
        continue;
      }
      if (rest_.empty()) return refuse("a text has no end");
      const char escaped = rest_.front();
      rest_.remove_prefix(1);
      if (code_points && (escaped == 'u' || escaped == 'U')) {
        OCIKIT_TRY(read_code_point(escaped == 'u' ? 4 : 8, out));
        continue;
      }
      constexpr std::string_view letters = "abfnrtv", meanings = "\a\b\f\n\r\t\v";
      const auto at = letters.find(escaped);
      out += at == std::string_view::npos ? escaped : meanings[at];
    }
  }

  result<bus_value> read_text(std::string_view type) {
    if (!type.empty() && type != "s") return refuse("a text stands for something else");
    return bus_text(OCIKIT_TRY(quoted(true)));
  }

  /// With the NUL at its end, which GVariant says is part of it.
  result<bus_value> read_byte_string(std::string_view type) {
    if (!type.empty() && type != "ay") return refuse("a byte string stands for something else");
    rest_.remove_prefix(1);
    const auto text = OCIKIT_TRY(quoted(false));
    std::vector<std::uint8_t> bytes(text.begin(), text.end());
    bytes.push_back(0);
    return bus_bytes(bytes);
  }

  result<bus_value> read_array(std::string_view type, int depth) {
    if (!type.empty() && type[0] != 'a') return refuse("an array stands for something else");
    bus_value::array out;
    if (!type.empty()) out.element = type.substr(1);
    rest_.remove_prefix(1);
    if (!take(']')) {
      do {
        const std::string element = out.element;  // the first one decides where nothing else does
        out.items.push_back(OCIKIT_TRY(read(element, depth + 1)));
        if (element.empty()) out.element = out.items.back().signature();
      } while (take(','));
      if (!take(']')) return refuse("an array has no end");
    }
    if (out.element.empty()) return refuse("an empty array needs a type");
    return bus_value{std::move(out)};
  }

  result<bus_value> read_tuple(std::string_view type, int depth) {
    if (!type.empty() && type[0] != '(') return refuse("a tuple stands for something else");
    auto fields = type.empty() ? type : type.substr(1, type.size() - 2);
    bus_value::tuple out;
    rest_.remove_prefix(1);
    do {
      const auto field = fields.substr(0, type_length(fields, 0));
      if (!type.empty() && field.empty()) return refuse("a tuple has too many fields");
      fields.remove_prefix(field.size());
      out.items.push_back(OCIKIT_TRY(read(field, depth + 1)));
    } while (take(','));
    if (!take(')')) return refuse("a tuple has no end");
    if (!fields.empty()) return refuse("a tuple has too few fields");
    return bus_value{std::move(out)};
  }

  std::string_view rest_;
};

}  // namespace detail

/// The value that `text` is. Errors: config, without a pointer.
[[nodiscard]] inline result<bus_value> parse_gvariant(std::string_view text) {
  return detail::gvariant_reader{text}.whole();
}

}  // namespace ocikit::cgroups
