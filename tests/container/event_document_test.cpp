// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/event_document.hpp>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::container;

namespace {

/// The part of an event's line that is about `mine`.
std::string line_of(const event_data& data) { return event_line({"stats", "c1", data}); }

const std::string nothing_of_cpuset =
    R"("cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,"memory_migrate":0,"memory_spread_page":0,)"
    R"("memory_spread_slab":0,"memory_pressure":0,"sched_load_balance":0,"sched_relax_domain_level":0)";

}  // namespace

TEST_CASE("an event without data is its type and id, and no HTML can be made of them") {
  CHECK(event_line({"oom", "c1", {}}) == "{\"type\":\"oom\",\"id\":\"c1\"}\n");
  CHECK(event_line({"oom", "<b>", {}}) == "{\"type\":\"oom\",\"id\":\"\\u003cb\\u003e\"}\n");
}

TEST_CASE("what is zero is left out where runc leaves it out, and nowhere else") {
  CHECK(line_of({}) == R"({"type":"stats","id":"c1","data":{"cpu":{},"cpuset":{)" + nothing_of_cpuset +
                           R"(},"memory":{},"pids":{},"blkio":{},"hugetlb":{},"intel_rdt":{},)"
                           R"("network_interfaces":null}})" +
                           "\n");
}

TEST_CASE("every number under its name, in runc's order") {
  event_data d;
  d.cpu.usage = {1, {2}, {3}, {4}, 5, 0};
  d.cpu.throttling = {6, 0, 7};
  d.cpu.psi = cgroups::pressure_stall{{1.25, 0.5, 100, 49157}, {0.01, 0, 0, 0}};
  d.cpuset.cpus = {0, 1};
  d.cpuset.mems = {0};
  d.cpuset.sched_relax_domain_level = -1;
  d.memory.cache = 8;
  d.memory.usage = {9223372036854771712U, 9, 0, 0};
  d.memory.swap = {cgroups::unlimited, 0, 0, 10};
  d.memory.kernel = {11, 0, 0, 0};
  d.memory.kernel_tcp = {0, 0, 12, 0};
  d.memory.raw = {{"anon", 0}, {"file", 13}};
  d.pids = {14, 15};
  d.block_io.service_bytes = {{8, 0, "Read", 16}};
  d.block_io.serviced = {{0, 1, "", 0}};
  d.block_io.queued = d.block_io.service_time = d.block_io.wait_time = {{1, 1, "", 1}};
  d.block_io.merged = d.block_io.time = d.block_io.sectors = {{2, 2, "", 2}};
  d.hugetlb = {{"2MB", {0, 17, 0}}};
  d.intel_rdt.l3_cache_info = resctrl::l3_cache_info{"fff", 1, 16};
  d.intel_rdt.l3_cache_schema = "L3:0=f";
  d.intel_rdt.mem_bw_info = resctrl::memory_bandwidth_info{10, 1, 20, 8};
  d.intel_rdt.mem_bw_schema_root = "MB:0=100";
  d.intel_rdt.schemata = {"L3:0=f"};
  d.intel_rdt.mbm_stats = {{18, 0}};
  d.intel_rdt.cmt_stats = {{19}};
  std::string cpuset = nothing_of_cpuset;
  cpuset.replace(cpuset.rfind(":0"), 2, ":-1");
  cpuset.insert(cpuset.find(",\"mem_hardwall"), ",\"mems\":[0]");
  CHECK(line_of(d) ==
        R"({"type":"stats","id":"c1","data":{"cpu":{"usage":{"total":1,"percpu":[2],"percpu_kernel":[3],)"
        R"("percpu_user":[4],"kernel":5,"user":0},"throttling":{"periods":6,"throttledTime":7},)"
        R"("psi":{"some":{"avg10":1.25,"avg60":0.5,"avg300":100,"total":49157},)"
        R"("full":{"avg10":0.01,"avg60":0,"avg300":0,"total":0}}},"cpuset":{"cpus":[0,1],)" +
            cpuset +
            R"(},"memory":{"cache":8,"usage":{"limit":9223372036854771712,"usage":9,"failcnt":0},)"
            R"("swap":{"limit":18446744073709551615,"failcnt":10},"kernel":{"limit":11,"failcnt":0},)"
            R"("kernelTCP":{"limit":0,"max":12,"failcnt":0},"raw":{"anon":0,"file":13}},)"
            R"("pids":{"current":14,"limit":15},"blkio":{)"
            R"("ioServiceBytesRecursive":[{"major":8,"op":"Read","value":16}],"ioServicedRecursive":[{"minor":1}],)"
            R"("ioQueueRecursive":[{"major":1,"minor":1,"value":1}],)"
            R"("ioServiceTimeRecursive":[{"major":1,"minor":1,"value":1}],)"
            R"("ioWaitTimeRecursive":[{"major":1,"minor":1,"value":1}],)"
            R"("ioMergedRecursive":[{"major":2,"minor":2,"value":2}],)"
            R"("ioTimeRecursive":[{"major":2,"minor":2,"value":2}],)"
            R"("sectorsRecursive":[{"major":2,"minor":2,"value":2}]},"hugetlb":{"2MB":{"max":17,"failcnt":0}},)"
            R"("intel_rdt":{"l3_cache_info":{"cbm_mask":"fff","min_cbm_bits":1,"num_closids":16},)"
            R"("l3_cache_schema":"L3:0=f",)"
            R"("mem_bw_info":{"bandwidth_gran":10,"delay_linear":1,"min_bandwidth":20,"num_closids":8},)"
            R"("mem_bw_schema_root":"MB:0=100","schemata":["L3:0=f"],"mbm_stats":[{"mbm_total_bytes":18}],)"
            R"("cmt_stats":[{"llc_occupancy":19}]},"network_interfaces":null}})" +
            "\n");
}
