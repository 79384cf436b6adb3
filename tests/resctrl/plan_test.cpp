// SPDX-License-Identifier: Apache-2.0
#include <ocikit/resctrl/plan.hpp>

#include <string>

#include "catch.hpp"
#include "steps_text.hpp"

using namespace ocikit;

static std::string planned_for(const spec::intel_rdt& wanted) {
  text_pool texts;
  const auto got = resctrl::plan_groups(wanted, "c1", "/r", texts);
  return testing::full_text(got.before) + "--" + testing::full_text(got.after);
}

TEST_CASE("without closID the group is called like the container, and made for it") {
  CHECK(planned_for({}) == R"(
make the resctrl group {path="/r/c1", must_exist=false} [/linux/intelRdt]
--
join the resctrl group {group="/r/c1", monitor=""} [/linux/intelRdt]
)");
}

TEST_CASE("a named group without a schema must be there already") {
  CHECK(planned_for({.clos_id = "gold"}) == R"(
make the resctrl group {path="/r/gold", must_exist=true} [/linux/intelRdt/closID]
--
join the resctrl group {group="/r/gold", monitor=""} [/linux/intelRdt]
)");
}

TEST_CASE("the lines keep the spec's order, and those of schemata are not compared") {
  CHECK(planned_for({.clos_id = "gold",
                     .schemata = {"L2:0=f", "SMBA:0=10"},
                     .l3_cache_schema = "L3:0=1",
                     .mem_bw_schema = "MB:0=10",
                     .enable_monitoring = true}) == R"(
make the resctrl group {path="/r/gold", must_exist=false} [/linux/intelRdt/closID]
set the schema {group="/r/gold", line="L3:0=1", agreed=true} [/linux/intelRdt/l3CacheSchema]
set the schema {group="/r/gold", line="MB:0=10", agreed=true} [/linux/intelRdt/memBwSchema]
set the schema {group="/r/gold", line="L2:0=f", agreed=false} [/linux/intelRdt/schemata/0]
set the schema {group="/r/gold", line="SMBA:0=10", agreed=false} [/linux/intelRdt/schemata/1]
make the resctrl monitoring group {path="/r/gold/mon_groups/c1"} [/linux/intelRdt/enableMonitoring]
--
join the resctrl group {group="/r/gold", monitor="/r/gold/mon_groups/c1"} [/linux/intelRdt]
)");
}

TEST_CASE("closID / is the root, in which a monitoring group can be made too") {
  CHECK(planned_for({.clos_id = "/", .enable_monitoring = true}) == R"(
make the resctrl group {path="/r", must_exist=true} [/linux/intelRdt/closID]
make the resctrl monitoring group {path="/r/mon_groups/c1"} [/linux/intelRdt/enableMonitoring]
--
join the resctrl group {group="/r", monitor="/r/mon_groups/c1"} [/linux/intelRdt]
)");
}
