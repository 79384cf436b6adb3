// SPDX-License-Identifier: Apache-2.0
//
// cpu.shares of v1 (2 to 262144, usual 1024) as cpu.weight of v2 (1 to 10000, usual 100): named policies.
#pragma once

#include <bit>
#include <cstdint>

namespace ocikit::cgroups {

namespace detail {

// The mathematics library would cost each start of a container fifteen system calls to load, for two functions.
inline constexpr double ln2 = 0.693147180559945309417, ln10 = 2.302585092994045684018;

/// Base 2, of 1 or more. Exact for powers of two.
[[nodiscard]] constexpr double log2(std::uint64_t n) noexcept {
  const int whole = static_cast<int>(std::bit_width(n)) - 1;
  const double mantissa = static_cast<double>(n) / static_cast<double>(std::uint64_t{1} << whole);  // [1, 2)
  const double t = (mantissa - 1) / (mantissa + 1), square = t * t;                                 // ln m = 2 artanh t
  double sum = 0;
  for (int k = 41; k >= 1; k -= 2) sum = sum * square + 1.0 / k;  // t^2 <= 1/9: the first term left out is 1e-21
  return whole + 2 * t * sum / ln2;
}

/// 10 to the power of `e`, 0 to 4.
[[nodiscard]] constexpr double power_of_ten(double e) noexcept {
  const double x = e * ln10;
  const int whole = static_cast<int>(x / ln2 + 0.5);  // NOLINT(bugprone-incorrect-roundings): x is not negative
  const double rest = x - whole * ln2;                // at most ln2 / 2
  double sum = 1;
  for (int k = 18; k >= 1; --k) sum = 1 + sum * rest / k;
  return sum * static_cast<double>(1 << whole);
}

}  // namespace detail

/// A curve through the three points that matter: 2 -> 1, 1024 -> 100, 262144 -> 10000. What runc does since 1.3.2 and
/// crun since 1.23: ceil(10 ^ ((L*L + 125*L) / 612 - 7/34)) with L = log2(shares).
struct quadratic_weight {
  [[nodiscard]] static constexpr std::uint64_t from_shares(std::uint64_t shares) {
    if (shares <= 2) return 1;
    if (shares >= 262144) return 10000;
    const double l = detail::log2(shares);
    const double weight = detail::power_of_ten((l * l + 125 * l - 126) / 612);
    // Rounded up, but for a calculation's last digits: no number of shares comes closer than 1e-10 to a whole weight
    // without being meant to be one.
    constexpr double noise = 1e-12;
    const auto whole = static_cast<std::uint64_t>(weight);
    return whole + (weight - static_cast<double>(whole) > noise * weight ? 1 : 0);
  }
};

/// A straight line between the ends, what runtimes did before: the usual 1024 becomes 39, less than half of what a
/// process outside gets.
struct linear_weight {
  [[nodiscard]] static std::uint64_t from_shares(std::uint64_t shares) {
    if (shares <= 2) return 1;
    if (shares >= 262144) return 10000;
    return 1 + ((shares - 2) * 9999) / 262142;
  }
};

}  // namespace ocikit::cgroups
