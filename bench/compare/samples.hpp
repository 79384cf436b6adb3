// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace compare {

/// Times of one thing, in milliseconds.
class samples {
 public:
  void add(double value) { values_.push_back(value); }
  [[nodiscard]] bool empty() const { return values_.empty(); }
  [[nodiscard]] const std::vector<double>& all() const { return values_; }
  /// The value below which `part` of them (0 to 1) lie.
  [[nodiscard]] double quantile(double part) const {
    auto sorted = values_;
    std::ranges::sort(sorted);
    return sorted[static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * part)];
  }

 private:
  std::vector<double> values_;
};

/// What was found out: by experiment ("run minimal"), then by runtime.
struct findings {
  std::map<std::string, std::map<std::string, samples>> times;
  std::map<std::string, std::map<std::string, long>> counts;  ///< system calls, KiB, bytes
};

}  // namespace compare
