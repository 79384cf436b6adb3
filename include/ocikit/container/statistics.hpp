// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/read_statistics.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/resctrl/statistics.hpp>

namespace ocikit::container {

/// What a container uses and may use.
struct all_statistics : cgroups::statistics {
  resctrl::statistics intel_rdt = {};  ///< empty without a resctrl group
  bool operator==(const all_statistics&) const = default;
};

/// The statistics of the container now, whatever its status. `rdt` is the host's resctrl file system.
/// Errors: as `cgroups::read_statistics`: system, ENOENT when its cgroup is gone.
[[nodiscard]] inline result<all_statistics> statistics(const loaded_container& of, const resctrl::facts& rdt) {
  all_statistics out{OCIKIT_TRY(cgroups::read_statistics(of.saved.cgroup_paths)), {}};
  if (rdt.mounted() && !of.saved.intel_rdt_path.empty())
    out.intel_rdt = resctrl::read_statistics(rdt, of.saved.intel_rdt_path, of.saved.ocikit.resctrl_monitor);
  return out;
}

}  // namespace ocikit::container
