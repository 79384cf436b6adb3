// SPDX-License-Identifier: Apache-2.0
#include <ocikit/process/capabilities.hpp>

#include <linux/capability.h>

#include <cstdint>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace ocikit::process;

namespace {

using list = std::vector<std::string>;

constexpr std::uint64_t bit(unsigned capability) { return std::uint64_t{1} << capability; }

}  // namespace

TEST_CASE("capability names become the kernel's bits") {
  struct row {
    list names;
    std::uint32_t last;
    std::uint64_t bits;
    list unknown;
  };
  const row rows[] = {
      {{}, 40, 0, {}},
      {{"CAP_CHOWN"}, 40, bit(CAP_CHOWN), {}},
      {{"CAP_KILL", "CAP_SETPCAP", "CAP_KILL"}, 40, bit(CAP_KILL) | bit(CAP_SETPCAP), {}},
      {{"CAP_CHECKPOINT_RESTORE", "CAP_MAC_OVERRIDE"}, 40, bit(40) | bit(32), {}},
      // An older kernel: known to us, not to it.
      {{"CAP_BPF", "CAP_AUDIT_READ"}, 37, bit(37), {"CAP_BPF"}},
      {{"CAP_BPF"}, 38, 0, {"CAP_BPF"}},
      // Names that libcap would take but the specification has not.
      {{"cap_kill", "CAP_kill", "KILL", "5", "CAP_", "", "CAP_NONSENSE", "CAP_KILL ", "CAP_KILL,CAP_BPF"},
       40,
       0,
       {"cap_kill", "CAP_kill", "KILL", "5", "CAP_", "", "CAP_NONSENSE", "CAP_KILL ", "CAP_KILL,CAP_BPF"}},
      {{"X", "CAP_KILL", "X", "Y", "X"}, 40, bit(CAP_KILL), {"X", "Y"}},
  };
  for (const row& one : rows) {
    CAPTURE(one.names, one.last);
    list unknown;
    CHECK(capability_bits(one.names, one.last, unknown) == one.bits);
    CHECK(unknown == one.unknown);
  }
}

TEST_CASE("unknown names of several sets are told once, because one warning is enough") {
  list unknown{"CAP_OLD"};
  CHECK(capability_bits(list{"CAP_OLD", "CAP_NEW"}, 40, unknown) == 0);
  CHECK(unknown == list{"CAP_OLD", "CAP_NEW"});
}

TEST_CASE("this kernel's highest capability is one that the bits can hold") {
  const auto last = read_last_capability();
  CHECK(last >= CAP_AUDIT_READ);
  CHECK(last < 64);
}
