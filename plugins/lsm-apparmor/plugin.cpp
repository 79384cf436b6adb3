// SPDX-License-Identifier: Apache-2.0
#include <ocikit/lsm/apparmor.hpp>
#include <ocikit/lsm/as_plugin.hpp>

OCIKIT_DEFINE_PLUGIN("lsm", "lsm-apparmor", "AppArmor profiles, by the kernel's attr files", "0.1.0",
                     &ocikit::lsm::as_plugin<ocikit::lsm::apparmor>)
