// SPDX-License-Identifier: Apache-2.0
#include <ocikit/lsm/plan.hpp>

#include "catch.hpp"
#include "steps_text.hpp"

using namespace ocikit;
using namespace ocikit::lsm;
using testing::full_text;

TEST_CASE("an attribute is written to a file of the thread's own") {
  text_pool texts;
  CHECK(full_text(plan_attribute({"apparmor/exec", "exec p", "no profile"}, "/process/apparmorProfile", texts)) ==
        full_text(step_list<step>{
            {write_attribute{"thread-self/attr/apparmor/exec", "exec p", "no profile"}, "/process/apparmorProfile"}}));
}

TEST_CASE("what was set for one keyring is taken back by an empty write, or every later one would have it") {
  text_pool texts;
  CHECK(full_text(plan_reset({"keycreate", "u:r:t:s0", "no label"}, "/process/selinuxLabel", texts)) ==
        full_text(
            step_list<step>{{write_attribute{"thread-self/attr/keycreate", "", "no label"}, "/process/selinuxLabel"}}));
}

TEST_CASE("no file, no step") {
  text_pool texts;
  CHECK(plan_attribute({}, "/x", texts).empty());
  CHECK(plan_reset({}, "/x", texts).empty());
}
