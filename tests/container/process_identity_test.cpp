// SPDX-License-Identifier: Apache-2.0
#include <sys/prctl.h>

#include <ocikit/container/process_identity.hpp>

#include "catch.hpp"
#include "child_process.hpp"

using namespace ocikit;
using namespace ocikit::container;
using testing::child_process;

static std::string stat_line(const std::string& command, const std::string& start = "22") {
  return "7 (" + command + ") S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 " + start + " 23 24\n";
}

TEST_CASE("a command may hold spaces and parentheses, so the line is read from its last one on") {
  for (const char* command :
       {"sh", "", "a b", ") R 1 2", "((", "))", ") S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 99"}) {
    INFO(command);
    CHECK(parse_process_stat(stat_line(command)) == process_stat{7, 'S', 22});
  }
  CHECK(parse_process_stat(stat_line("x", "18446744073709551615"))->start == 18446744073709551615ULL);
}

TEST_CASE("a line that is not of /proc/PID/stat is nobody's") {
  for (const auto& line : {std::string{}, std::string{"7"}, std::string{"7 (sh"}, std::string{"7 (sh) S 4 5"},
                           std::string{"x (sh) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22"},
                           stat_line("sh", "-1"), stat_line("sh", "18446744073709551616"), stat_line("sh", "")}) {
    INFO(line);
    CHECK(!parse_process_stat(line));
  }
}

TEST_CASE("a process with a hostile name is recognised") {
  const child_process child{[] { (void)::prctl(PR_SET_NAME, ") R 1 (x"); }};
  const auto who = child.identity();
  CHECK(who.pid == child.pid());
  CHECK(is_alive(who) == true);
}

TEST_CASE("a pid with another start time is another process, and gets no signal") {
  const child_process child;
  auto stranger = child.identity();
  stranger.start += 1;
  CHECK(is_alive(stranger) == false);
  CHECK(send_signal(stranger, SIGKILL) == false);
  CHECK(is_alive(child.identity()) == true);
}

TEST_CASE("a zombie is dead: it runs no more, though its pid is taken") {
  const child_process child;
  const auto who = child.identity();
  child.make_zombie();
  CHECK(is_alive(who) == false);
  CHECK(send_signal(who, 0) == false);
}

TEST_CASE("a signal reaches the process that was meant") {
  child_process child;
  CHECK(send_signal(child.identity(), SIGTERM) == true);
  CHECK(WTERMSIG(child.reap()) == SIGTERM);
}

TEST_CASE("a number that is no signal is the kernel's to refuse") {
  const child_process child;
  for (const int number : {-1, 65, 1000}) {
    INFO(number);
    CHECK(send_signal(child.identity(), number).error().code() == EINVAL);
  }
}

TEST_CASE("pids that cannot be are nobody's: kill(2) would take 0 and -1 for many") {
  for (const pid_t pid : {0, -1, -4711}) {
    INFO(pid);
    CHECK(send_signal({pid, 0}, SIGKILL) == false);
    CHECK(identify(pid).value() == std::nullopt);
  }
}
