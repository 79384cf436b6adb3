// SPDX-License-Identifier: Apache-2.0
#include <ocikit/cgroups/as_plugin.hpp>
#include <ocikit/cgroups/fs2.hpp>

OCIKIT_CGROUP_PLUGIN(ocikit::cgroups::fs2_opener, "cgroup-fs2", "cgroup v2, by its files", "0.1.0")
