// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <ocikit/container/processes.hpp>

#include "catch.hpp"
#include "child_process.hpp"

using namespace ocikit;
using namespace ocikit::container;
using pids = std::vector<pid_t>;

TEST_CASE("pids as JSON are one line, and null for none") {
  CHECK(pids_as_json(pids{}) == "null\n");
  CHECK(pids_as_json(pids{7}) == "[7]\n");
  CHECK(pids_as_json(pids{7, 4711, 8}) == "[7,4711,8]\n");
}

TEST_CASE("the rows of ps are picked by the column that the header calls PID") {
  const std::string output = "UID   PID PPID CMD\nroot    1    0 init\nroot   12    1 sh -c 7\n\nroot    7    1 x\n";
  CHECK(rows_of(output, pids{12, 7}) == "UID   PID PPID CMD\nroot   12    1 sh -c 7\nroot    7    1 x\n");
  CHECK(rows_of(output, pids{}) == "UID   PID PPID CMD\n");
}

TEST_CASE("what is not the output of ps is told apart") {
  CHECK(rows_of("USER PPID\nroot 1\n", pids{1}).error().message() == "couldn't find PID field in ps output");
  CHECK(rows_of("", pids{1}).error().message() == "couldn't find PID field in ps output");
  CHECK(rows_of("PID CMD\nx y\n", pids{1}).error().message() ==
        "unable to parse pid: strconv.Atoi: parsing \"x\": invalid syntax");
  CHECK(rows_of("USER PID\nroot\n", pids{1}).error().message() ==
        "unable to parse pid: strconv.Atoi: parsing \"\": invalid syntax");
}

TEST_CASE("the real ps lists a child and nobody else") {
  const testing::child_process child;
  const std::vector<std::string> arguments = {"-e", "-o", "pid,ppid"};
  const auto got = run_ps(arguments, pids{child.pid()});
  REQUIRE(got);
  const auto row = std::string_view{*got}.substr(got->find('\n') + 1);
  const auto words = container::detail::words_of(row.substr(0, row.find('\n')));
  REQUIRE(words.size() == 2);
  CHECK(words[0] == std::to_string(child.pid()));
  CHECK(words[1] == std::to_string(::getpid()));
  CHECK(row.find('\n') == row.size() - 1);
}

TEST_CASE("ps that fails is an error with what it said") {
  const std::vector<std::string> arguments = {"--no-such-option"};
  CHECK(run_ps(arguments, pids{1}).error().message().starts_with("exit status 1: "));
}
