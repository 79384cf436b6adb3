// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/resctrl/facts.hpp>

namespace ocikit::runtime {

/// The resource control file system of this host. Looks at the host.
[[nodiscard]] resctrl::facts find_resctrl();

}  // namespace ocikit::runtime
