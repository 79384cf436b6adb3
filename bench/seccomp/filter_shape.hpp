// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// What a filter is like, found out by running it in an interpreter.
namespace seccomp_bench {

/// How many instructions the filter executes for the calls of an architecture that it allows with all arguments zero.
struct depth {
  std::size_t allowed = 0;  ///< calls
  double mean = 0;
  std::size_t most = 0;
};

/// `arch` is a value of seccomp_data.arch; `first` what the architecture's numbers begin with (x32 has a bit).
depth depth_of(std::span<const std::byte> program, std::uint32_t arch, std::uint32_t first = 0);

}  // namespace seccomp_bench
