// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/undo_writes.hpp>
#include <ocikit/container/kill.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/resource_update.hpp>
#include <ocikit/container/status.hpp>
#include <ocikit/resctrl/execute.hpp>
#include <ocikit/resctrl/facts.hpp>
#include <ocikit/resctrl/statistics.hpp>

namespace ocikit::container {

/// What is to change. What is absent or empty stays, but for the rules of `plan_update`.
struct update_request {
  spec::resources resources = {};
  std::string l3_cache_schema = {};  ///< of the container's resctrl group
  std::string mem_bw_schema = {};
};

namespace detail {

/// Sets the changed values, and has them back as they were unless it is told to `keep` them.
class reversible_update {
 public:
  reversible_update(loaded_container& of, warnings& told) : of_{of}, told_{told} {}
  reversible_update(const reversible_update&) = delete;
  reversible_update& operator=(const reversible_update&) = delete;
  ~reversible_update() {
    if (kept_) return;
    report(cgroups::execute_undo(of_.saved.cgroup_paths, undo_));
    if (!schemata_.empty()) report(set_schemata(schemata_));
  }

  result<void> set_limits(const spec::resources& now) {
    undo_ = OCIKIT_TRY(cgroups::plan_undo(of_.saved.cgroup_paths, now));
    return of_.cgroup->apply(now, cgroups::driver::device_policy::keep);
  }

  result<void> set_schema(const std::string& lines, const resctrl::facts& rdt) {
    root_ = rdt.root;
    for (const auto& line : resctrl::detail::schemata_of(of_.saved.intel_rdt_path)) schemata_ += line + '\n';
    return set_schemata(lines);
  }

  void keep() noexcept { kept_ = true; }

 private:
  [[nodiscard]] result<void> set_schemata(std::string lines) const {
    if (lines.ends_with('\n')) lines.pop_back();
    return resctrl::execute(resctrl::set_schema{of_.saved.intel_rdt_path, lines, false}, false, root_);
  }

  void report(const result<void>& done) const {
    if (done) return;
    told_.push_back("Setting back cgroup configs failed due to error: " + done.error().message() +
                    ", your state.json and actual configs might be inconsistent.");
  }

  loaded_container& of_;
  warnings& told_;
  cgroups::write_plan undo_;
  std::string schemata_, root_;
  bool kept_ = false;
};

/// The lines for the container's resctrl group; they are recorded in `config`. Empty when nothing is to change there.
[[nodiscard]] inline result<std::string> plan_schema(const update_request& wanted, const resctrl::facts& rdt,
                                                     spec::linux_platform& config) {
  const auto &l3 = wanted.l3_cache_schema, &bandwidth = wanted.mem_bw_schema;
  if (!l3.empty() && !rdt.cache_allocation)
    return tl::unexpected(error::unsupported("Intel RDT/CAT: l3 cache schema is not enabled"));
  if (!bandwidth.empty() && !rdt.bandwidth_allocation)
    return tl::unexpected(error::unsupported("Intel RDT/MBA: memory bandwidth schema is not enabled"));
  if (l3.empty() && bandwidth.empty()) return std::string{};
  if (!config.intel_rdt)
    return tl::unexpected(error::state("updating a non-existent Intel RDT configuration is not supported"));
  if (!l3.empty()) config.intel_rdt->l3_cache_schema = l3;
  if (!bandwidth.empty()) config.intel_rdt->mem_bw_schema = bandwidth;
  return l3 + (l3.empty() || bandwidth.empty() ? "" : "\n") + bandwidth;
}

}  // namespace detail

/// Changes the limits of a container that is not stopped, and records them. `rdt` is the host's resctrl file system.
/// When a value is refused, those that were set before it are set back and nothing is recorded; what could not be set
/// back is added to `told`. The container should be loaded with its lock. Device rules never change.
/// Errors: state `container not running`, `updating a non-existent Intel RDT configuration is not supported`; config
/// and unsupported, for what the cgroup's driver cannot carry; system.
[[nodiscard]] inline result<void> update(loaded_container& of, const update_request& wanted, const resctrl::facts& rdt,
                                         warnings& told) {
  if (OCIKIT_TRY(read_status(of)) == spec::container_status::stopped) return tl::unexpected(not_running());
  state changed = of.saved;
  auto& platform = changed.config.platform ? *changed.config.platform : changed.config.platform.emplace();
  auto plan = plan_update(platform.resources.value_or(spec::resources{}), wanted.resources);
  platform.resources = detail::unless_empty(std::move(plan.stored));
  const auto schema = OCIKIT_TRY(detail::plan_schema(wanted, rdt, platform));

  detail::reversible_update change{of, told};
  OCIKIT_TRY(change.set_limits(plan.now));
  if (!schema.empty()) OCIKIT_TRY(change.set_schema(schema, rdt));
  OCIKIT_TRY(of.directory.write_state(changed));
  change.keep();
  of.saved = std::move(changed);
  return {};
}

}  // namespace ocikit::container
