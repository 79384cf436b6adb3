// SPDX-License-Identifier: Apache-2.0
#include <ocikit/resctrl/execute.hpp>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <ocikit/resctrl/facts.hpp>

#include "catch.hpp"

using namespace ocikit;
namespace fs = std::filesystem;

namespace {

/// A tree with the files of a resctrl file system. A group that the kernel would have made comes from `put_group`,
/// whose files hold "?" at first: a wrong value.
class fake_resctrl {
 public:
  fake_resctrl() { (void)::mkdtemp(path_.data()); }
  ~fake_resctrl() { fs::remove_all(path_); }
  fake_resctrl(const fake_resctrl&) = delete;
  fake_resctrl& operator=(const fake_resctrl&) = delete;

  void put(const std::string& file, const std::string& text) const {
    fs::create_directories(fs::path{at(file)}.parent_path());
    std::ofstream{at(file)} << text;
  }
  void put_group(const std::string& name) const {
    put(name + "/tasks", "?");
    put(name + "/schemata", "?");
    fs::create_directories(at(name + "/mon_groups"));
  }
  [[nodiscard]] std::string get(const std::string& file) const {
    std::ifstream in{at(file)};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  [[nodiscard]] bool has(const std::string& file) const { return fs::exists(at(file)); }
  [[nodiscard]] std::string at(const std::string& file) const { return path_ + "/" + file; }
  [[nodiscard]] const std::string& root() const { return path_; }

 private:
  std::string path_ = (fs::temp_directory_path() / "ocikit-resctrl-XXXXXX").string();
};

}  // namespace

TEST_CASE("the folder info tells what the processor offers") {
  const fake_resctrl tree;
  CHECK(resctrl::read_facts(tree.root()) == resctrl::facts{.root = tree.root()});
  tree.put("info/L3/cbm_mask", "fffff");
  tree.put("info/MB/min_bandwidth", "10");
  tree.put("info/L3_MON/num_rmids", "8");
  CHECK(
      resctrl::read_facts(tree.root()) ==
      resctrl::facts{.root = tree.root(), .cache_allocation = true, .bandwidth_allocation = true, .monitoring = true});
}

TEST_CASE("a folder of another file system is no resctrl, whatever is in it") {
  const fake_resctrl tree;
  tree.put("info/L3/cbm_mask", "fffff");
  CHECK(!resctrl::probe_facts(tree.root()).mounted());
  CHECK(!resctrl::probe_facts(tree.at("missing")).mounted());
}

TEST_CASE("a group is new once") {
  const fake_resctrl tree;
  const std::string path = tree.at("gold");
  CHECK(resctrl::execute(resctrl::make_group{path, false}, tree.root()) == true);
  CHECK(resctrl::execute(resctrl::make_group{path, false}, tree.root()) == false);
  CHECK(resctrl::execute(resctrl::make_group{path, true}, tree.root()) == false);
}

TEST_CASE("a group that must exist is not made") {
  const fake_resctrl tree;
  const std::string path = tree.at("gold");
  CHECK(resctrl::execute(resctrl::make_group{path, true}, tree.root()).error().message() ==
        "clos dir not accessible (must be pre-created when schemata, l3CacheSchema and memBwSchema are empty): stat " +
            path + ": no such file or directory");
  CHECK(!tree.has("gold"));
}

TEST_CASE("a file in a group's place is an error") {
  const fake_resctrl tree;
  tree.put("schemata", "L3:0=f");
  const std::string path = tree.at("schemata");
  CHECK(resctrl::execute(resctrl::make_group{path, false}, tree.root()).error().code() == EEXIST);
}

TEST_CASE("a new group gets its schema, one that others use must have it") {
  const fake_resctrl tree;
  tree.put_group("gold");
  const std::string group = tree.at("gold");
  const resctrl::set_schema line{group, "L3:0=f", true};

  CHECK(resctrl::execute(line, true, tree.root()));
  CHECK(tree.get("gold/schemata") == "L3:0=f\n");

  tree.put("gold/schemata", "    L3:0=0f0\n");
  CHECK(resctrl::execute(line, false, tree.root()).error().message() ==
        "the group " + group + " exists and has another schema than L3:0=f");
  CHECK(tree.get("gold/schemata") == "    L3:0=0f0\n");

  CHECK(resctrl::execute(resctrl::set_schema{group, "L3:0=f", false}, false, tree.root()));
  CHECK(tree.get("gold/schemata").starts_with("L3:0=f\n"));
}

TEST_CASE("what the kernel says of its refusal is in the error") {
  const fake_resctrl tree;
  tree.put("info/last_cmd_status", "Mask out of range\n");
  const std::string group = tree.at("gold");
  CHECK(resctrl::execute(resctrl::set_schema{group, "L3:0=f", true}, true, tree.root())
            .error()
            .message()
            .starts_with("Intel RDT last cmd status: Mask out of range: openat"));
  tree.put("info/last_cmd_status", "ok\n");
  CHECK(resctrl::execute(resctrl::set_schema{group, "L3:0=f", true}, true, tree.root())
            .error()
            .message()
            .starts_with("openat"));
}

TEST_CASE("a process is put into its group first, then into the monitoring group, which the kernel demands") {
  const fake_resctrl tree;
  tree.put_group("gold");
  const std::string group = tree.at("gold");
  CHECK(resctrl::execute(resctrl::join_group{group, {}}, 4711));
  CHECK(tree.get("gold/tasks") == "4711");

  const std::string monitor = tree.at("gold/mon_groups/c1");
  CHECK(resctrl::execute(resctrl::make_monitoring_group{monitor}, tree.root()));
  CHECK(resctrl::execute(resctrl::make_monitoring_group{monitor}, tree.root()).error().code() == EEXIST);
  tree.put("gold/tasks", "?");
  CHECK(resctrl::execute(resctrl::join_group{group, monitor}, 4712).error().code() == ENOENT);
  CHECK(tree.get("gold/tasks") == "4712");
  tree.put("gold/mon_groups/c1/tasks", "?");
  CHECK(resctrl::execute(resctrl::join_group{group, monitor}, 4713));
  CHECK(tree.get("gold/mon_groups/c1/tasks") == "4713");
}

TEST_CASE("a group that is gone needs no removing, and one with processes in it is left to them") {
  const fake_resctrl tree;
  CHECK(resctrl::remove_group(tree.at("gold")));
  fs::create_directories(tree.at("gold"));
  CHECK(resctrl::remove_group(tree.at("gold")));
  CHECK(!tree.has("gold"));

  tree.put("silver/tasks", "4711\n");
  CHECK(resctrl::remove_empty_group(tree.at("silver")));
  CHECK(tree.has("silver/tasks"));
  tree.put("silver/tasks", "");
  CHECK(resctrl::remove_empty_group(tree.at("silver")).error().code() == ENOTEMPTY);  // resctrl would let it go
}
