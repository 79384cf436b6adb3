// SPDX-License-Identifier: Apache-2.0
//
// cpu.shares of v1 (2 to 262144, usual 1024) as cpu.weight of v2 (1 to 10000, usual 100): named policies.
#pragma once

#include <cmath>
#include <cstdint>

namespace ocikit::cgroups {

/// A curve through the three points that matter: 2 -> 1, 1024 -> 100, 262144 -> 10000. What runc does since 1.3.2 and
/// crun since 1.23: ceil(10 ^ ((L*L + 125*L) / 612 - 7/34)) with L = log2(shares).
struct quadratic_weight {
  [[nodiscard]] static std::uint64_t from_shares(std::uint64_t shares) {
    if (shares <= 2) return 1;
    if (shares >= 262144) return 10000;
    const double l = std::log2(static_cast<double>(shares));
    return static_cast<std::uint64_t>(std::ceil(std::pow(10, (l * l + 125 * l) / 612 - 7.0 / 34.0)));
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
