// SPDX-License-Identifier: Apache-2.0
#include <ocikit/lsm/as_plugin.hpp>
#include <ocikit/lsm/selinux.hpp>

OCIKIT_DEFINE_PLUGIN("lsm", "lsm-selinux", "SELinux labels, by the kernel's attr files", "0.1.0",
                     &ocikit::lsm::as_plugin<ocikit::lsm::selinux>)
