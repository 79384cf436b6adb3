// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

extern "C" const std::byte ocikit_init_image_begin[];
extern "C" const std::byte ocikit_init_image_end[];

namespace ocikit::container {

/// The init that was built with this library, for `backends::init_image`. Whoever calls this links `ocikit::init`.
[[nodiscard]] inline std::span<const std::byte> embedded_init() noexcept {
  return {ocikit_init_image_begin, ocikit_init_image_end};
}

}  // namespace ocikit::container
