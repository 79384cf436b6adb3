// SPDX-License-Identifier: Apache-2.0
//
// Schemata as text: `L3:0=7f0;1=1f`, a resource and what each of its domains gets.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ocikit::resctrl {

namespace detail {

/// Takes the part before the next `separator` off `text`.
inline std::string_view next_part(std::string_view& text, char separator) noexcept {
  const auto end = std::min(text.find(separator), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

inline std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

/// The whole of `text` as a number: the kernel writes bandwidths in decimal and bit masks in hexadecimal.
inline std::optional<std::uint64_t> value_of(std::string_view resource, std::string_view text) noexcept {
  const int base = resource == "MB" || resource == "SMBA" ? 10 : 16;
  text = trimmed(text);
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failure != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

/// What follows `name` and `separator` in one of `parts`, which `between` separates; nothing when none is called so.
inline std::optional<std::string_view> find(std::string_view parts, char between, std::string_view name,
                                            char separator) noexcept {
  while (!parts.empty()) {
    std::string_view part = trimmed(next_part(parts, between));
    if (trimmed(next_part(part, separator)) == name) return part;
  }
  return {};
}

}  // namespace detail

/// Whether each value that `wanted` names, one or more lines, is the one in `schemata`, the content of a group's file
/// of that name. A domain that `wanted` leaves out may have any. Pure. See: kernel filesystems/resctrl.rst.
[[nodiscard]] inline bool agrees(std::string_view schemata, std::string_view wanted) noexcept {
  while (!wanted.empty()) {
    std::string_view line = detail::trimmed(detail::next_part(wanted, '\n'));
    if (line.empty()) continue;
    const auto resource = detail::trimmed(detail::next_part(line, ':'));
    const auto domains = detail::find(schemata, '\n', resource, ':');
    if (!domains || line.empty()) return false;
    while (!line.empty()) {
      std::string_view value = detail::next_part(line, ';');
      const auto domain = detail::trimmed(detail::next_part(value, '='));
      const auto found = detail::find(*domains, ';', domain, '=');
      const auto want = detail::value_of(resource, value);
      if (!found || !want || detail::value_of(resource, *found) != want) return false;
    }
  }
  return true;
}

}  // namespace ocikit::resctrl
