// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/capability.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <ocikit/spec/capability_names.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::process {

/// One bit per capability, as capset(2) takes them.
using capability_set = std::uint64_t;

/// The bits of `names` (`CAP_KILL`). Names that we or the kernel do not know go to `unknown`, once each.
/// `last` is the kernel's highest capability. See: capabilities(7).
[[nodiscard]] inline capability_set capability_bits(std::span<const std::string> names, std::uint32_t last,
                                                    std::vector<std::string>& unknown) {
  capability_set bits = 0;
  for (const std::string& name : names) {
    // Not cap_from_name(3), which reads `CAP_KILL,CAP_SYS_ADMIN` as CAP_KILL and does not mind small letters.
    if (const auto number = spec::capability_number(name); number && *number <= last) {
      bits |= capability_set{1} << *number;
      continue;
    }
    bool seen = false;
    for (const std::string& other : unknown) seen = seen || other == name;
    if (!seen) unknown.push_back(name);
  }
  return bits;
}

/// The kernel's highest capability. Reads the host.
[[nodiscard]] inline std::uint32_t read_last_capability() { return static_cast<std::uint32_t>(::cap_max_bits()) - 1; }

}  // namespace ocikit::process
