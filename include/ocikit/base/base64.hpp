// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ocikit {

namespace detail {

/// The six bits that a character of the alphabet stands for; nothing for another.
[[nodiscard]] constexpr std::optional<std::uint32_t> base64_bits(char c) noexcept {
  const auto from = [&](char first, std::uint32_t value) { return value + static_cast<std::uint32_t>(c - first); };
  if (c >= 'A' && c <= 'Z') return from('A', 0);
  if (c >= 'a' && c <= 'z') return from('a', 26);
  if (c >= '0' && c <= '9') return from('0', 52);
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

}  // namespace detail

/// The bytes that `text` encodes; nothing when it is not base64 with its padding, or when bits of the last group that
/// no byte has are set. See: RFC 4648, section 4.
[[nodiscard]] inline std::optional<std::vector<std::byte>> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::vector<std::byte> out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t pending = 0;
  unsigned pending_bits = 0;
  for (const char c : text) {
    const auto bits = detail::base64_bits(c);
    if (!bits) return std::nullopt;
    pending = (pending << 6U | *bits) & 0xfffU;
    pending_bits += 6;
    if (pending_bits < 8) continue;
    pending_bits -= 8;
    out.push_back(static_cast<std::byte>(pending >> pending_bits));
  }
  if ((pending & ((1U << pending_bits) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace ocikit
