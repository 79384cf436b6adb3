// SPDX-License-Identifier: Apache-2.0
#include "candidates.hpp"

#include <algorithm>

#include "catch.hpp"
#include "help.hpp"

using namespace ocikit::runtime;
using namespace ocikit::runtime::reference;

namespace {

candidates value_of(std::string_view command, std::string_view name) {
  const auto table = find_command(command)->options;
  return value_candidates(*std::ranges::find(table, name, &option::name));
}

}  // namespace

TEST_CASE("files and directories of the host are completed, those of the container cannot be") {
  CHECK(value_of("run", "bundle").kind == candidate_kind::directories);
  CHECK(value_of("run", "pid-file").kind == candidate_kind::files);
  CHECK(value_of("run", "console-socket").kind == candidate_kind::files);
  CHECK(value_of("exec", "cwd").kind == candidate_kind::unknown);
}

TEST_CASE("words that the help puts in backquotes are what a value can be") {
  CHECK(value_of("list", "format") == candidates{candidate_kind::words, {"table", "json"}});
  CHECK(value_of("checkpoint", "manage-cgroups-mode") ==
        candidates{candidate_kind::words, {"soft", "full", "strict", "ignore"}});
  CHECK(value_of("update", "resources").kind == candidate_kind::files);
}

TEST_CASE("an argument is a container that is there, but for commands that make one") {
  CHECK(argument_candidates(*find_command("delete")) == std::vector{candidates{candidate_kind::containers}});
  CHECK(argument_candidates(*find_command("exec")) == std::vector{candidates{candidate_kind::containers}});
  for (const auto* name : {"create", "run", "restore", "explain"})
    CHECK(argument_candidates(*find_command(name)) == std::vector{candidates{}});
  for (const auto* name : {"spec", "list", "features"}) CHECK(argument_candidates(*find_command(name)).empty());
}

TEST_CASE("kill takes a signal behind the container") {
  const auto arguments = argument_candidates(*find_command("kill"));
  REQUIRE(arguments.size() == 2);
  CHECK(arguments[0].kind == candidate_kind::containers);
  CHECK(std::ranges::count(arguments[1].words, "TERM") == 1);
}
