// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ocikit::runtime {

/// Bytes as people write them: a number, with a fraction if need be, and a unit out of b, k, m, g, t and p in either
/// case, perhaps behind a blank and with `b` or `ib` behind it: `64m`, `1.5 GiB`. Units are powers of 1024. `-1` is
/// unlimited. The error is runc's sentence: `invalid suffix: 'x'`, `invalid size: '-5'`. Pure.
[[nodiscard]] tl::expected<std::int64_t, std::string> parse_memory_size(std::string_view text);

}  // namespace ocikit::runtime
