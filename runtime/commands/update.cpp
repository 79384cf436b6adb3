// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/update.hpp>

#include <string>
#include <utility>

#include <ocikit/cgroups/directories.hpp>
#include <ocikit/cgroups/plan_v2.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"
#include "resctrl.hpp"
#include "update_request.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    {"resources", "r", option_kind::text, "FILE", "",
     "the new resources as JSON like linux.resources of config.json, instead of the options below; `-` is standard "
     "input"},
    {"blkio-weight", "", option_kind::number, "N", "", "the block IO weight, 10 to 1000"},
    {"cpu-period", "", option_kind::text, "USEC", "", "the CPU quota's period"},
    {"cpu-quota", "", option_kind::text, "USEC", "", "the CPU time in each period; -1 is unlimited"},
    {"cpu-burst", "", option_kind::text, "USEC", "", "the CPU time that may be saved for later periods"},
    {"cpu-share", "", option_kind::text, "N", "", "the CPU shares, in relation to those of other containers"},
    {"cpu-rt-period", "", option_kind::text, "USEC", "", "the realtime period (cgroup v1)"},
    {"cpu-rt-runtime", "", option_kind::text, "USEC", "", "the realtime in each such period (cgroup v1)"},
    {"cpu-idle", "", option_kind::text, "N", "", "1: the SCHED_IDLE policy for the whole cgroup; 0: not"},
    {"cpuset-cpus", "", option_kind::text, "LIST", "", "the CPUs, such as 0-3,7"},
    {"cpuset-mems", "", option_kind::text, "LIST", "", "the memory nodes"},
    {"memory", "", option_kind::text, "SIZE", "", "the memory limit, such as 64m; -1 is unlimited"},
    {"memory-reservation", "", option_kind::text, "SIZE", "", "the memory that is left to it when memory is short"},
    {"memory-swap", "", option_kind::text, "SIZE", "", "the limit of memory and swap together; -1 is unlimited"},
    {"pids-limit", "", option_kind::number, "N", "", "the most processes; below 0 is unlimited"},
    {"l3-cache-schema", "", option_kind::text, "SCHEMA", "", "the schema of the L3 cache (Intel RDT)"},
    {"mem-bw-schema", "", option_kind::text, "SCHEMA", "", "the schema of the memory bandwidth (Intel RDT)"},
    {"kernel-memory", "", option_kind::text, "SIZE", "", "has no effect", true},
    {"kernel-memory-tcp", "", option_kind::text, "SIZE", "", "has no effect", true},
};

/// What `left_alone` names has been told.
void warn_of_what_v2_lacks(const invocation& call, spec::resources wanted) {
  wanted.memory.reset();
  wanted.network.reset();
  std::string names;
  for (const auto& name : cgroups::without_effect_on_v2(wanted)) names += (names.empty() ? "" : ", ") + name;
  if (!names.empty()) call.log.warning("cgroup v2 has nothing for " + names + ": ignored");
  if (cgroups::loses_weight_to_idle(wanted)) call.log.warning(std::string{cgroups::weight_lost_to_idle});
}

result<int> run(const invocation& call) {
  auto found = OCIKIT_TRY(load_container(call, container::locking::exclusive));
  const auto wanted = OCIKIT_TRY(read_update_request(call));
  if (cgroups::directories::is_unified(found.saved.cgroup_paths)) warn_of_what_v2_lacks(call, wanted.resources);
  container::warnings told;
  const auto updated = container::update(found, wanted, find_resctrl(), told);
  for (const auto& text : told) call.log.warning(text);
  if (!updated) return tl::unexpected(updated.error());
  return 0;
}

constexpr command self{
    .name = "update",
    .purpose = "change a container's resource limits",
    .usage = "<container-id>",
    .description =
        "Changes the limits that are given, of a container that is not stopped, and leaves the others. When one is\n"
        "refused, none is changed. A SIZE is a number of bytes, or one with a unit such as 512k, 1.5g or 64MiB.\n"
        "\n"
        "A document given with --resources may have:\n"
        "\n"
        "  {\n"
        "    \"memory\": {\"limit\": 0, \"reservation\": 0, \"swap\": 0, \"checkBeforeUpdate\": true},\n"
        "    \"cpu\": {\"shares\": 0, \"quota\": 0, \"burst\": 0, \"period\": 0, \"realtimeRuntime\": 0,\n"
        "            \"realtimePeriod\": 0, \"cpus\": \"\", \"mems\": \"\", \"idle\": 0},\n"
        "    \"pids\": {\"limit\": 0},\n"
        "    \"blockIO\": {\"weight\": 0, \"leafWeight\": 0, \"weightDevice\": [], \"throttleReadBpsDevice\": [],\n"
        "                \"throttleWriteBpsDevice\": [], \"throttleReadIOPSDevice\": [], \"throttleWriteIOPSDevice\": "
        "[]},\n"
        "    \"unified\": {\"memory.high\": \"64M\"}\n"
        "  }",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& update_command() noexcept { return self; }

}  // namespace ocikit::runtime
