// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/mounts/plan.hpp>

namespace ocikit::testing {

/// The least that a plan must know: a bundle and its root file system.
inline mounts::facts known_facts() {
  mounts::facts out;
  out.rootfs = "/b/rootfs";
  out.bundle = "/b";
  return out;
}

}  // namespace ocikit::testing
