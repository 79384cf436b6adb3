// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace ocikit::runtime {

/// A length of time as Go's time.ParseDuration takes it: numbers with a unit each, such as `300ms`, `-1.5h` or
/// `2h45m`; units are ns, us, ms, s, m and h. Nothing for anything else, and for what is longer than 292 years. Pure.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace ocikit::runtime
