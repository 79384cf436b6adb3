// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/planned.hpp>
#include <ocikit/resctrl/steps.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::resctrl {

/// The steps around a container's first process.
struct arrangement {
  step_list<step> before;  ///< it is born
  step_list<step> after;
};

/// The groups of the container `id` below `root`, where the file system is mounted: the control group is called closID
/// (`/` is the root itself), else like the container; the monitoring group in it is always called like the container.
/// Without a schema a named group must exist. Pure.
/// See: runtime-spec config-linux.md, "IntelRdt"; kernel filesystems/resctrl.rst.
[[nodiscard]] inline arrangement plan_groups(const spec::intel_rdt& wanted, std::string_view id, std::string_view root,
                                             text_pool& texts) {
  const std::string pointer = "/linux/intelRdt";
  const bool named = !wanted.clos_id.empty();
  const bool has_schema = !wanted.l3_cache_schema.empty() || !wanted.mem_bw_schema.empty() || !wanted.schemata.empty();
  std::string path{root};
  if (wanted.clos_id != "/") path += '/' + (named ? wanted.clos_id : std::string{id});
  const zstring_view group = texts.keep(path);
  const zstring_view monitor =
      wanted.enable_monitoring ? texts.keep(path + "/mon_groups/" + std::string{id}) : zstring_view{};

  arrangement out;
  out.before.push_back({make_group{group, named && !has_schema}, named ? pointer + "/closID" : pointer});
  if (!wanted.l3_cache_schema.empty())
    out.before.push_back({set_schema{group, wanted.l3_cache_schema, true}, pointer + "/l3CacheSchema"});
  if (!wanted.mem_bw_schema.empty())
    out.before.push_back({set_schema{group, wanted.mem_bw_schema, true}, pointer + "/memBwSchema"});
  for (std::size_t i = 0; i < wanted.schemata.size(); ++i)
    out.before.push_back({set_schema{group, wanted.schemata[i], false}, pointer + "/schemata/" + std::to_string(i)});
  if (!monitor.empty()) out.before.push_back({make_monitoring_group{monitor}, pointer + "/enableMonitoring"});
  out.after.push_back({join_group{group, monitor}, pointer});
  return out;
}

}  // namespace ocikit::resctrl
