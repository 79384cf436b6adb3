// SPDX-License-Identifier: Apache-2.0
#include <ocikit/resctrl/statistics.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::resctrl;
namespace fs = std::filesystem;

namespace {

/// A resctrl file system in files, with a group `g` and its monitoring group `m`.
class fake_resctrl {
 public:
  fake_resctrl() {
    std::string pattern = (fs::temp_directory_path() / "ocikit-resctrl-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    put("info/L3/cbm_mask", "fff\n");
    put("info/L3/min_cbm_bits", "2\n");
    put("info/L3/num_closids", "16\n");
    put("info/L3_MON/num_rmids", "32\n");
    put("info/MB/bandwidth_gran", "10\n");
    put("info/MB/delay_linear", "1\n");
    put("info/MB/min_bandwidth", "20\n");
    put("info/MB/num_closids", "8\n");
    put("schemata", "    MB:0=100;1=100\n    L3:0=fff;1=fff\n");
    put("g/schemata", "    MB:0= 20;1=100\n    L3:0=00f;1=0f0\n");
    put("g/mon_data/mon_L3_00/llc_occupancy", "1\n");
    monitor("00", "4096", "100", "50");
    monitor("11", "8192", "Unavailable", "60");
  }
  ~fake_resctrl() { fs::remove_all(root); }
  fake_resctrl(const fake_resctrl&) = delete;
  fake_resctrl& operator=(const fake_resctrl&) = delete;

  void put(const std::string& file, const char* text) const {
    fs::create_directories((fs::path{root} / file).parent_path());
    std::ofstream{fs::path{root} / file} << text;
  }
  [[nodiscard]] statistics read(const std::string& monitoring) const {
    return read_statistics(read_facts(root), root + "/g", monitoring.empty() ? "" : root + "/" + monitoring);
  }

  std::string root;

 private:
  void monitor(const std::string& cache, const char* occupancy, const char* total, const char* local) const {
    const std::string folder = "g/mon_groups/m/mon_data/mon_L3_" + cache + "/";
    put(folder + "llc_occupancy", occupancy);
    put(folder + "mbm_total_bytes", total);
    put(folder + "mbm_local_bytes", local);
  }
};

}  // namespace

TEST_CASE("a group's statistics: its lines beside the root's, what the processor allows, its monitors") {
  const fake_resctrl tree;
  statistics want;
  want.l3_cache_info = l3_cache_info{"fff", 2, 16};
  want.l3_cache_schema_root = "L3:0=fff;1=fff";
  want.l3_cache_schema = "L3:0=00f;1=0f0";
  want.mem_bw_info = memory_bandwidth_info{10, 1, 20, 8};
  want.mem_bw_schema_root = "MB:0=100;1=100";
  want.mem_bw_schema = "MB:0= 20;1=100";
  want.schemata = {"MB:0= 20;1=100", "L3:0=00f;1=0f0"};
  want.mbm_stats = {{100, 50}, {0, 60}};
  want.cmt_stats = {{4096}, {8192}};
  CHECK(tree.read("g/mon_groups/m") == want);

  want.mbm_stats = {};  // the control group's own monitors count no bandwidth here
  want.cmt_stats = {{1}};
  CHECK(tree.read("") == want);
}

TEST_CASE("what the host has not is not told") {
  const fake_resctrl tree;
  fs::remove_all(tree.root + "/info/L3");
  fs::remove_all(tree.root + "/info/L3_MON");
  fs::remove(tree.root + "/g/schemata");
  statistics want;
  want.mem_bw_info = memory_bandwidth_info{10, 1, 20, 8};
  want.mem_bw_schema_root = "MB:0=100;1=100";
  CHECK(tree.read("g/mon_groups/m") == want);
}
