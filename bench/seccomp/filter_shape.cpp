// SPDX-License-Identifier: Apache-2.0
#include "filter_shape.hpp"

#include <algorithm>

#include "seccomp/bpf_interpreter.hpp"

namespace seccomp_bench {

depth depth_of(std::span<const std::byte> program, std::uint32_t arch, std::uint32_t first) {
  constexpr std::uint32_t numbers = 1024;  // more than any architecture here has
  const auto code = bpf::instructions(program);
  depth found;
  std::size_t sum = 0;
  for (std::uint32_t number = first; number < first + numbers; ++number) {
    const auto got = bpf::run(code, {static_cast<int>(number), arch, 0, {}});
    if (got.value != SECCOMP_RET_ALLOW) continue;
    ++found.allowed;
    sum += got.instructions;
    found.most = std::max(found.most, got.instructions);
  }
  if (found.allowed != 0) found.mean = static_cast<double>(sum) / static_cast<double>(found.allowed);
  return found;
}

}  // namespace seccomp_bench
