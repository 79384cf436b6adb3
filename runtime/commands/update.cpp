// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    {"resources", "r", option_kind::text, "FILE", "", "the new resources as JSON; `-` is standard input"},
    {"blkio-weight", "", option_kind::text, "N", "", "the block IO weight, 10 to 1000"},
    {"cpu-period", "", option_kind::text, "USEC", "", "the CPU quota period"},
    {"cpu-quota", "", option_kind::text, "USEC", "", "the CPU quota per period"},
    {"cpu-burst", "", option_kind::text, "USEC", "", "the CPU burst"},
    {"cpu-share", "", option_kind::text, "N", "", "the CPU shares"},
    {"cpu-rt-period", "", option_kind::text, "USEC", "", "the realtime period"},
    {"cpu-rt-runtime", "", option_kind::text, "USEC", "", "the realtime runtime"},
    {"cpu-idle", "", option_kind::text, "N", "", "1: the SCHED_IDLE policy for the whole cgroup"},
    {"cpuset-cpus", "", option_kind::text, "LIST", "", "the CPUs"},
    {"cpuset-mems", "", option_kind::text, "LIST", "", "the memory nodes"},
    {"memory", "", option_kind::text, "SIZE", "", "the memory limit"},
    {"memory-reservation", "", option_kind::text, "SIZE", "", "the memory reservation"},
    {"memory-swap", "", option_kind::text, "SIZE", "", "the limit of memory and swap together"},
    {"pids-limit", "", option_kind::text, "N", "", "the most processes"},
    {"l3-cache-schema", "", option_kind::text, "SCHEMA", "", "the Intel RDT L3 cache schema"},
    {"mem-bw-schema", "", option_kind::text, "SCHEMA", "", "the Intel RDT memory bandwidth schema"},
};

result<int> run(const invocation&) { return tl::unexpected(error::unsupported("update is not supported yet")); }

constexpr command self{
    .name = "update",
    .purpose = "change a container's resource limits",
    .usage = "<container-id>",
    .description = "Changes what is given and leaves the rest. Not available yet.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& update_command() noexcept { return self; }

}  // namespace ocikit::runtime
