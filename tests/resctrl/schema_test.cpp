// SPDX-License-Identifier: Apache-2.0
#include <ocikit/resctrl/schema.hpp>

#include "catch.hpp"

using namespace ocikit::resctrl;

TEST_CASE("schemata agree when every value that is wanted is there, whatever the kernel pads and adds") {
  // As the kernel writes it: resources aligned, masks with leading zeros.
  constexpr auto file = "    MB:0= 20;1=100\n    L3:0=007f0;1=0001f\nL2CODE:0=ff\n";
  struct row {
    const char* wanted;
    bool agreed;
  };
  const row rows[] = {
      {"L3:0=7f0;1=1f", true},
      {"L3:1=1f", true},
      {"L3: 0 = 007F0 ; 1=1f", true},
      {"MB:0=20;1=100", true},
      {"L3:0=7f0\nMB:1=100\n", true},
      {"L2CODE:0=ff", true},
      {"", true},
      {"MB:0=14", false},  // decimal: not the mask 0x14
      {"L3:0=7f1;1=1f", false},
      {"L3:2=1f", false},
      {"L2:0=ff", false},
      {"L3:0=7f0\nMB:1=90", false},
      {"L3:", false},
      {"L3", false},
      {"L3:0", false},
      {"L3:0=", false},
      {"L3:0=7f0x", false},
      {"=:;", false},
  };
  for (const auto& [wanted, agreed] : rows) {
    INFO(wanted);
    CHECK(agrees(file, wanted) == agreed);
  }
}
