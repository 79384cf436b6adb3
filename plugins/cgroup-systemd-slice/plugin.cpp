// SPDX-License-Identifier: Apache-2.0
#include <bus_manager.hpp>

#include <ocikit/cgroups/as_plugin.hpp>
#include <ocikit/cgroups/systemd_slice.hpp>

namespace {

struct opener_on_the_bus : ocikit::cgroups::systemd_slice_opener {
  opener_on_the_bus() : systemd_slice_opener{&ocikit::cgroups::bus_manager::connect} {}
};

}  // namespace

OCIKIT_CGROUP_PLUGIN(opener_on_the_bus, "cgroup-systemd-slice", "cgroups below one systemd unit for each slice",
                     "0.1.0")
