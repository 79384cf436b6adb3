// SPDX-License-Identifier: Apache-2.0
#include "duration.hpp"

#include <cstdint>
#include <limits>

namespace ocikit::runtime {
namespace {

constexpr std::uint64_t most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

struct unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};

// The longer names first; two letters mean micro.
constexpr unit units[] = {{"ns", 1},         {"us", 1'000},        {"\u00b5s", 1'000},    {"\u03bcs", 1'000},
                          {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the digits that `text` begins with; nothing when they are more than fits.
std::optional<std::uint64_t> take_digits(std::string_view& text) {
  std::uint64_t value = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    const auto digit = static_cast<std::uint64_t>(text.front() - '0');
    if (value > (most - digit) / 10) return {};
    value = value * 10 + digit;
  }
  return value;
}

/// Takes `.digits`: their part of one. Digits beyond the eighteenth are too small to count.
double take_fraction(std::string_view& text) {
  double value = 0, place = 0.1;
  for (text.remove_prefix(1); !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    value += (text.front() - '0') * place;
    place /= 10;
  }
  return value;
}

/// Takes a unit: everything up to the next number.
std::optional<std::uint64_t> take_unit(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && !is_digit(text[size]) && text[size] != '.') ++size;
  const auto name = text.substr(0, size);
  text.remove_prefix(size);
  for (const unit& one : units)
    if (one.name == name) return one.nanoseconds;
  return {};
}

/// Takes one number with its unit, in nanoseconds.
std::optional<std::uint64_t> take_part(std::string_view& text) {
  const bool has_whole = is_digit(text.front());
  const auto whole = take_digits(text);
  const bool has_point = text.starts_with('.');
  const bool has_fraction = has_point && text.size() > 1 && is_digit(text[1]);
  if (!whole || (!has_whole && !has_fraction)) return {};
  const double fraction = has_point ? take_fraction(text) : 0;
  const auto size = take_unit(text);
  if (!size || *whole > most / *size) return {};
  const auto rest = static_cast<std::uint64_t>(fraction * static_cast<double>(*size) + 1e-6);
  if (*whole * *size > most - rest) return {};
  return *whole * *size + rest;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds{};
  if (text.empty()) return {};
  std::uint64_t sum = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part || sum > most - *part) return {};
    sum += *part;
  }
  const auto length = static_cast<std::int64_t>(sum);
  return std::chrono::nanoseconds{negative ? -length : length};
}

}  // namespace ocikit::runtime
