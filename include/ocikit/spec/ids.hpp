// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/spec/limits.hpp>
#include <ocikit/spec/syntax.hpp>

/// Numbers that people type: user and group ids, lists of CPUs and of memory nodes. One rule each, used by the command
/// line and by `validate` alike.
namespace ocikit::spec {

namespace detail {

/// Decimal digits only: no sign, no space, no leading zero, nothing behind, at most `most`.
[[nodiscard]] inline std::optional<std::uint32_t> parse_decimal(std::string_view text, std::uint64_t most) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  for (const char c : text)
    if (c < '0' || c > '9') return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || value > most) return std::nullopt;
  return value;
}

}  // namespace detail

/// A user or group id: 0 to 4294967294 in plain decimal. 4294967295 is (uid_t)-1, which the kernel reads as "leave
/// alone", and is refused; so are signs, spaces, leading zeros and other bases.
///
/// Errors: config, without a pointer.
[[nodiscard]] inline result<std::uint32_t> parse_id(std::string_view text) {
  if (const auto id = detail::parse_decimal(text, limits::id)) return *id;
  return tl::unexpected(error::config({}, "\"" + detail::shown(text) + "\" is not an id from 0 to 4294967294"));
}

/// `UID[:GID]` of `exec --user`.
struct user_ids {
  std::uint32_t uid = 0;
  std::optional<std::uint32_t> gid;
  bool operator==(const user_ids&) const = default;
};

/// Errors: config `bad uid: ...` or `bad gid: ...`, as runc words it.
[[nodiscard]] inline result<user_ids> parse_user_ids(std::string_view text) {
  const auto colon = text.find(':');
  user_ids ids;
  ids.uid =
      OCIKIT_TRY(parse_id(text.substr(0, colon)).map_error([](error e) { return std::move(e).within("bad uid"); }));
  if (colon != std::string_view::npos)
    ids.gid =
        OCIKIT_TRY(parse_id(text.substr(colon + 1)).map_error([](error e) { return std::move(e).within("bad gid"); }));
  return ids;
}

/// `first` to `last`, both included.
struct id_range {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  bool operator==(const id_range&) const = default;
};

/// A list of CPUs or memory nodes such as `0-2, 4`, each at most `most`. Empty text is an empty list; spaces around
/// numbers are allowed, empty entries and falling ranges are not.
///
/// Errors: config, without a pointer.
[[nodiscard]] inline result<std::vector<id_range>> parse_id_list(std::string_view text, std::uint32_t most) {
  const auto trimmed = [](std::string_view part) {
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    return part;
  };
  std::vector<id_range> ranges;
  if (trimmed(text).empty()) return ranges;
  for (auto rest = text;;) {
    const auto comma = rest.find(',');
    const auto entry = trimmed(rest.substr(0, comma));
    const auto dash = entry.find('-');
    const auto first = detail::parse_decimal(trimmed(entry.substr(0, dash)), most);
    const auto last =
        dash == std::string_view::npos ? first : detail::parse_decimal(trimmed(entry.substr(dash + 1)), most);
    if (!first || !last || *last < *first)
      return tl::unexpected(error::config(
          {}, "\"" + detail::shown(entry) + "\" is not a number or range of numbers up to " + std::to_string(most)));
    ranges.push_back({*first, *last});
    if (comma == std::string_view::npos) return ranges;
    rest = rest.substr(comma + 1);
  }
}

}  // namespace ocikit::spec
