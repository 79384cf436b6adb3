// SPDX-License-Identifier: Apache-2.0
#include <bus_manager.hpp>

#include <ocikit/cgroups/as_plugin.hpp>
#include <ocikit/cgroups/systemd.hpp>

namespace {

struct opener_on_the_bus : ocikit::cgroups::systemd_opener {
  opener_on_the_bus() : systemd_opener{&ocikit::cgroups::bus_manager::connect} {}
};

}  // namespace

OCIKIT_CGROUP_PLUGIN(opener_on_the_bus, "cgroup-systemd", "a systemd unit for each container", "0.1.0")
