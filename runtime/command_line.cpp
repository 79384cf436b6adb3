// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"

#include <charconv>
#include <cstdlib>
#include <limits>

#include <ocikit/sys/quoted_text.hpp>

#include "duration.hpp"

namespace ocikit::runtime {
namespace {

constexpr option help_option{"help", "h", option_kind::flag, "", "", "show help"};

/// Why a value is refused, in Go's words; or nothing.
using complaint = std::optional<std::string>;

struct number {
  std::int64_t value = 0;
  std::errc error{};
};

/// A whole number with an optional sign, in `base`. All of `text` must be used.
number parse_digits(std::string_view text, int base) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  number out;
  std::uint64_t magnitude = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, magnitude, base);
  const std::uint64_t most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) + (negative ? 1 : 0);
  if (text.empty() || rest != end || error == std::errc::invalid_argument) {
    out.error = std::errc::invalid_argument;
  } else if (error != std::errc{} || magnitude > most) {
    out.error = std::errc::result_out_of_range;
  } else {
    out.value = static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
  }
  return out;
}

/// As Go reads an integer literal: 0x, 0o, 0b and a leading 0 choose the base.
number parse_literal(std::string_view text) {
  const std::size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const std::string_view digits = text.substr(sign);
  if (digits.size() < 2 || digits[0] != '0') return parse_digits(text, 10);
  const char letter = static_cast<char>(digits[1] | 0x20);
  const int base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  std::string plain{text.substr(0, sign)};
  plain += digits.substr(base == 0 ? 1 : 2);
  if (const char first = plain.size() > sign ? plain[sign] : '\0'; first == '-' || first == '+') plain.clear();
  return parse_digits(plain, base == 0 ? 8 : base);
}

number parse_number(option_kind kind, std::string_view text) {
  return kind == option_kind::numbers ? parse_digits(text, 10) : parse_literal(text);
}

complaint check_number(const option& what, std::string_view text) {
  const number got = parse_number(what.kind, text);
  if (got.error == std::errc{}) return {};
  const bool range = got.error == std::errc::result_out_of_range;
  if (what.kind == option_kind::number) return range ? "value out of range" : "parse error";
  return "strconv.ParseInt: parsing " + sys::go_quoted(text) + (range ? ": value out of range" : ": invalid syntax");
}

complaint check_value(const option& what, std::string_view text) {
  switch (what.kind) {
    case option_kind::number:
    case option_kind::numbers:
      return check_number(what, text);
    case option_kind::duration:
      if (parse_duration(text)) return {};
      return "parse error";
    case option_kind::tristate:
      if (text == "auto" || parse_bool(text)) return {};
      return "neither true, false nor auto";
    case option_kind::flag:
      if (parse_bool(text)) return {};
      return "parse error";
    case option_kind::text:
    case option_kind::texts:
      return {};
  }
  std::abort();
}

}  // namespace

std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return true;
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return false;
  return {};
}

/// Walks one command line.
class option_reader {
 public:
  option_reader(std::span<const option> table, std::span<const char* const> arguments, bool stop)
      : table_{table}, rest_{arguments}, stop_{stop}, out_{table} {}

  tl::expected<option_values, usage_error> read() {
    while (!rest_.empty()) {
      const std::string_view argument = rest_.front();
      if (argument == "--") {
        rest_ = rest_.subspan(1);
        break;
      }
      if (argument.size() < 2 || argument[0] != '-') {
        if (stop_) break;
        out_.positionals.emplace_back(next());
      } else if (auto wrong = read_option(next())) {
        return tl::unexpected(*std::move(wrong));
      }
    }
    for (const char* argument : rest_) out_.positionals.emplace_back(argument);
    return std::move(out_);
  }

 private:
  using outcome = std::optional<usage_error>;

  const char* next() {
    const char* argument = rest_.front();
    rest_ = rest_.subspan(1);
    return argument;
  }

  [[nodiscard]] const option* look_up(std::string_view name) const {
    for (const option& row : table_)
      if (name == row.name || (!row.short_name.empty() && name == row.short_name)) return &row;
    return name == help_option.name || name == help_option.short_name ? &help_option : nullptr;
  }

  outcome read_option(const char* argument) {
    const char* const begin = argument + (argument[1] == '-' ? 2 : 1);
    const std::string_view text = begin;
    if (text.empty() || text[0] == '-' || text[0] == '=')
      return usage_error{"bad flag syntax: " + std::string{argument}};
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const option* const what = look_up(name);
    if (what == nullptr) return usage_error{"flag provided but not defined: -" + std::string{name}};
    if (equals != std::string_view::npos) return keep(*what, name, begin + equals + 1);
    if (what->kind == option_kind::flag) return keep(*what, name, "true");
    if (rest_.empty()) return usage_error{"flag needs an argument: -" + std::string{name}};
    return keep(*what, name, next());
  }

  outcome keep(const option& what, std::string_view name, const char* value) {
    if (const complaint why = check_value(what, value)) return refused(what, name, value, *why);
    if (&what == &help_option)
      out_.help = parse_bool(value).value_or(true);
    else
      out_.occurrences_.push_back({&what, value});
    return {};
  }

  static outcome refused(const option& what, std::string_view name, std::string_view value, std::string_view why) {
    std::string text = what.kind == option_kind::flag ? "invalid boolean value " : "invalid value ";
    text += sys::go_quoted(value);
    text += what.kind == option_kind::flag ? " for -" : " for flag -";
    ((text += name) += ": ") += why;
    return usage_error{std::move(text), true};
  }

  std::span<const option> table_;
  std::span<const char* const> rest_;
  bool stop_;
  option_values out_;
};

tl::expected<option_values, usage_error> parse_options(std::span<const option> table,
                                                       std::span<const char* const> arguments,
                                                       bool stop_at_first_positional) {
  return option_reader{table, arguments, stop_at_first_positional}.read();
}

std::optional<std::string> positional_count_complaint(const command& what, std::size_t count,
                                                      std::string_view program) {
  const auto least = static_cast<std::size_t>(what.min_positionals);
  const auto most = static_cast<std::size_t>(what.max_positionals);
  if (count >= least && count <= most) return {};
  const std::string_view rule = least == most ? "exactly " : count < least ? "a minimum of " : "a maximum of ";
  std::string text{program};
  ((text += ": ") += sys::go_quoted(what.name)) += " requires ";
  (text += rule) += std::to_string(count < least ? least : most);
  return text + " argument(s)";
}

const option& option_values::find(std::string_view name, option_kind kind) const {
  for (const option& row : table_)
    if (row.name == name && row.kind == kind) return row;
  std::abort();
}

const option_values::occurrence* option_values::last(const option& what) const {
  for (auto it = occurrences_.rbegin(); it != occurrences_.rend(); ++it)
    if (it->what == &what) return &*it;
  return nullptr;
}

bool option_values::given(std::string_view name) const {
  for (const option& row : table_)
    if (row.name == name) return last(row) != nullptr;
  std::abort();
}

bool option_values::flag(std::string_view name) const {
  const occurrence* const got = last(find(name, option_kind::flag));
  return got != nullptr && parse_bool(got->value).value_or(false);
}

zstring_view option_values::text(std::string_view name) const {
  const option& what = find(name, option_kind::text);
  const occurrence* const got = last(what);
  return got != nullptr ? got->value : what.fallback;
}

std::vector<zstring_view> option_values::texts(std::string_view name) const {
  const option& what = find(name, option_kind::texts);
  std::vector<zstring_view> out;
  for (const occurrence& got : occurrences_)
    if (got.what == &what) out.push_back(got.value);
  return out;
}

std::int64_t option_values::number(std::string_view name) const {
  const option& what = find(name, option_kind::number);
  const occurrence* const got = last(what);
  const std::string_view text = got != nullptr ? got->value : what.fallback;
  return text.empty() ? 0 : parse_literal(text).value;
}

std::vector<std::int64_t> option_values::numbers(std::string_view name) const {
  const option& what = find(name, option_kind::numbers);
  std::vector<std::int64_t> out;
  for (const occurrence& got : occurrences_)
    if (got.what == &what) out.push_back(parse_digits(got.value, 10).value);
  return out;
}

std::chrono::nanoseconds option_values::duration(std::string_view name) const {
  const option& what = find(name, option_kind::duration);
  const occurrence* const got = last(what);
  return parse_duration(got != nullptr ? got->value : what.fallback).value_or(std::chrono::nanoseconds{});
}

std::optional<bool> option_values::tristate(std::string_view name) const {
  const occurrence* const got = last(find(name, option_kind::tristate));
  return got == nullptr ? std::nullopt : parse_bool(got->value);
}

}  // namespace ocikit::runtime
