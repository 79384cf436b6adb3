// SPDX-License-Identifier: Apache-2.0
#include "memory_size.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <system_error>

namespace ocikit::runtime {
namespace {

std::string in_lower_case(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// The unit that `suffix`, in lower case, means.
std::optional<std::uint64_t> unit_of(std::string_view suffix) {
  if (suffix.empty() || suffix == "b") return 1;
  constexpr std::string_view letters = "kmgtp";
  const auto power = letters.find(suffix[0]);
  const auto rest = suffix.substr(1);
  if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) return {};
  return std::uint64_t{1} << (10 * (power + 1));
}

/// `digits` or `digits.digits`, one side of the point at least, times `unit`; nothing when that is no number of bytes.
std::optional<std::int64_t> product(std::string_view number, std::uint64_t unit) {
  const auto point = std::min(number.find('.'), number.size());
  const auto whole_digits = number.substr(0, point);
  const auto fraction_digits = number.substr(std::min(point + 1, number.size()));
  if (whole_digits.empty() && fraction_digits.empty()) return {};
  if ((std::string{whole_digits} + std::string{fraction_digits}).find_first_not_of("0123456789") != std::string::npos)
    return {};
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t whole = 0;
  if (std::from_chars(whole_digits.data(), whole_digits.data() + whole_digits.size(), whole).ec ==
          std::errc::result_out_of_range ||
      whole > most / unit)
    return {};
  double fraction = 0, place = 0.1;
  for (const char c : fraction_digits) {
    fraction += (c - '0') * place;
    place /= 10;
  }
  const auto rest = static_cast<std::uint64_t>(fraction * static_cast<double>(unit));
  if (whole * unit > most - rest) return {};
  return static_cast<std::int64_t>(whole * unit + rest);
}

}  // namespace

tl::expected<std::int64_t, std::string> parse_memory_size(std::string_view text) {
  if (text == "-1") return -1;
  const auto invalid = [&] { return tl::unexpected("invalid size: '" + std::string{text} + "'"); };
  const auto last = text.find_last_of("0123456789. ");
  if (last == std::string_view::npos) return invalid();
  const auto suffix = in_lower_case(text.substr(last + 1));
  const auto number = text.substr(0, text[last] == ' ' ? last : last + 1);
  const auto unit = unit_of(suffix);
  if (!unit) return tl::unexpected("invalid suffix: '" + suffix + "'");
  const auto bytes = product(number, *unit);
  return bytes ? tl::expected<std::int64_t, std::string>{*bytes} : invalid();
}

}  // namespace ocikit::runtime
