// SPDX-License-Identifier: Apache-2.0
#include <ocikit/cgroups/as_plugin.hpp>
#include <ocikit/cgroups/fs.hpp>

OCIKIT_CGROUP_PLUGIN(ocikit::cgroups::fs_opener, "cgroup-fs", "cgroup v1 and hybrid hosts, by their files", "0.1.0")
