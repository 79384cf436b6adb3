// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace ocikit::cgroups {

/// Takes the decimal number that `text` begins with, behind blanks, and leaves the rest; 0 when there is none, the
/// largest number when it has more digits than one. For what the kernel writes. Pure.
[[nodiscard]] constexpr std::int64_t take_number(std::string_view& text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  std::int64_t value = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1))
    value = value > (INT64_MAX - 9) / 10 ? INT64_MAX : value * 10 + (text.front() - '0');
  return value;
}

/// The decimal number that `text` begins with. Pure.
[[nodiscard]] constexpr std::int64_t kernel_number(std::string_view text) noexcept { return take_number(text); }

}  // namespace ocikit::cgroups
