// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/update.hpp>

#include "catch.hpp"
#include "child_process.hpp"
#include "example_container.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;

namespace {

/// The state of a container whose cgroup is nowhere, so that only its driver sees what is set.
state bare_state() {
  auto saved = example_state();
  saved.cgroup_paths.clear();
  saved.config.platform->resources.emplace().devices = {{.allow = true, .access = "rwm"}};
  return saved;
}

update_request pids_of(std::int64_t limit) {
  update_request wanted;
  wanted.resources.pids = spec::pids{limit};
  return wanted;
}

}  // namespace

TEST_CASE("an update reaches the cgroup without device rules, and then the state") {
  example_root in;
  const child_process init;
  auto c = in.make(bare_state(), init.identity());
  warnings told;
  REQUIRE(update(c, pids_of(7), {}, told));
  REQUIRE(in.cgroup.applied.size() == 1);
  CHECK(in.cgroup.applied[0] == pids_of(7).resources);
  const auto read = c.directory.read_state();
  REQUIRE(read);
  CHECK(read->config.platform->resources->pids == spec::pids{7});
  CHECK(read->config.platform->resources->devices.size() == 1);
  CHECK(*read == c.saved);
  CHECK(told.empty());
}

TEST_CASE("a refused update leaves the state as it was") {
  example_root in;
  const child_process init;
  auto c = in.make(bare_state(), init.identity());
  in.cgroup.can_apply = false;
  const auto before = c.saved;
  warnings told;
  CHECK(update(c, pids_of(7), {}, told).error().message() == "write pids.max: invalid argument");
  CHECK(*c.directory.read_state() == before);
  CHECK(c.saved == before);
}

TEST_CASE("a stopped container cannot be updated, a paused one can") {
  example_root in;
  auto c = in.make(bare_state());
  warnings told;
  CHECK(is_not_running(update(c, pids_of(7), {}, told).error()));
  CHECK(in.cgroup.applied.empty());
  in.cgroup.frozen = true;
  CHECK(update(c, pids_of(7), {}, told));
}

TEST_CASE("a schema needs a host that has it and a container with a group, before anything is set") {
  example_root in;
  const child_process init;
  auto c = in.make(bare_state(), init.identity());
  warnings told;
  auto wanted = pids_of(7);
  wanted.l3_cache_schema = "L3:0=f";
  CHECK(update(c, wanted, {}, told).error().message() == "Intel RDT/CAT: l3 cache schema is not enabled");
  resctrl::facts host{.root = "/nowhere", .cache_allocation = true};
  CHECK(update(c, wanted, host, told).error().message() ==
        "updating a non-existent Intel RDT configuration is not supported");
  wanted.mem_bw_schema = "MB:0=10";
  CHECK(update(c, wanted, host, told).error().message() == "Intel RDT/MBA: memory bandwidth schema is not enabled");
  CHECK(in.cgroup.applied.empty());
}

TEST_CASE("the schemata of a group are set together, and set back when the state cannot be kept") {
  example_root in;
  const child_process init;
  temporary_directory rdt;
  auto saved = bare_state();
  saved.intel_rdt_path = rdt.path();
  saved.config.platform->intel_rdt.emplace().schemata = {"L3:0=ff"};
  auto c = in.make(saved, init.identity());
  write_file(rdt / "schemata", "L3:0=ff\nMB:0=99\n");
  const resctrl::facts host{.root = rdt.path(), .cache_allocation = true, .bandwidth_allocation = true};
  auto wanted = pids_of(7);
  wanted.l3_cache_schema = "L3:0=0f";
  wanted.mem_bw_schema = "MB:0=10";
  warnings told;
  REQUIRE(update(c, wanted, host, told));
  CHECK(read_text(rdt / "schemata") == "L3:0=0f\nMB:0=10\n");
  CHECK(c.directory.read_state()->config.platform->intel_rdt->l3_cache_schema == "L3:0=0f");

  wanted.l3_cache_schema = "L3:0=01";
  c.saved.id = "c2";  // which is not the directory's: it will not write that
  REQUIRE(!update(c, wanted, host, told));
  CHECK(read_text(rdt / "schemata") == "L3:0=0f\nMB:0=10\n");
  CHECK(told.empty());
}
