// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/capability.h>
#include <sys/prctl.h>

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

/// The kernel's highest capability. Two system calls where it is the one that we were compiled for, and none that
/// needs /proc. See: PR_CAPBSET_READ(2const).
[[nodiscard]] inline std::uint32_t read_last_capability() {
  const auto is_known = [](std::uint32_t number) { return ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; };
  std::uint32_t last = CAP_LAST_CAP;
  while (last > 0 && !is_known(last)) --last;
  while (last < 63 && is_known(last + 1)) ++last;
  return last;
}

}  // namespace ocikit::process
