// SPDX-License-Identifier: Apache-2.0
//
// ocirun's look for a resctrl file system, for machines without one: any folder does that OCIKIT_TEST_RESCTRL names.
// Linked before the library, it takes the place of runtime/resctrl.cpp.
#include <cstdlib>

#include "resctrl.hpp"

namespace ocikit::runtime {

resctrl::facts find_resctrl() {
  const char* root = std::getenv("OCIKIT_TEST_RESCTRL");
  return root != nullptr ? resctrl::read_facts(root) : resctrl::facts{};
}

}  // namespace ocikit::runtime
