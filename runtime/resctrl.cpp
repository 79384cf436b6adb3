// SPDX-License-Identifier: Apache-2.0
#include "resctrl.hpp"

namespace ocikit::runtime {

resctrl::facts find_resctrl() { return resctrl::probe_facts(); }

}  // namespace ocikit::runtime
