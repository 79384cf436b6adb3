// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <chrono>

#include <string>
#include <vector>

#include <ocikit/container/hooks.hpp>

#include "catch.hpp"
#include "example_container.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;

static spec::hook shell(std::string script) {
  return {.path = "/bin/sh", .args = {"sh", "-c", std::move(script)}, .env = {}, .timeout = {}};
}

static std::string outcome(std::vector<spec::hook> hooks, const spec::state& now = {}) {
  const auto ended = run_hooks("createRuntime", hooks, now);
  return ended ? "fine" : ended.error().message();
}

static std::string outcome(const std::string& script) { return outcome(std::vector{shell(script)}); }

static double seconds_of(auto&& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST_CASE("a failing hook is told by kind, index, status and what it printed") {
  CHECK(outcome({shell("exit 0"), shell("echo out; echo err >&2; exit 3"), shell("exit 4")}) ==
        "error running createRuntime hook #1: exit status 3, stdout: out\n, stderr: err\n");
  CHECK(outcome("kill -9 $$") == "error running createRuntime hook #0: signal: killed, stdout: , stderr: ");
  CHECK(outcome("ulimit -c 0; kill -SEGV $$") ==
        "error running createRuntime hook #0: signal: segmentation fault, stdout: , stderr: ");
}

TEST_CASE("hooks run in order and stop at the first failure") {
  const temporary_directory dir;
  const auto note = [&](const char* text) { return "echo " + std::string{text} + " >> " + (dir / "log"); };
  CHECK(outcome({shell(note("1")), shell(note("2") + "; exit 1"), shell(note("3"))}).find("hook #1") !=
        std::string::npos);
  CHECK(read_text(dir / "log") == "1\n2\n");
}

TEST_CASE("a hook that cannot be started is told with the path") {
  CHECK(outcome({{.path = "/no/such", .args = {}, .env = {}, .timeout = {}}}) ==
        "error running createRuntime hook #0: fork/exec /no/such: no such file or directory");
  CHECK(outcome({{.path = "/etc/passwd", .args = {}, .env = {}, .timeout = {}}}) ==
        "error running createRuntime hook #0: fork/exec /etc/passwd: permission denied");
  CHECK(outcome({{.path = "sh", .args = {}, .env = {}, .timeout = {}}}) ==
        "error running createRuntime hook #0: hook path is not absolute: sh");
}

TEST_CASE("a hook reads the state on its standard input") {
  const temporary_directory dir;
  auto saved = example_state();
  saved.init_process_pid = 4711;
  const auto script = "cat > " + (dir / "state");
  CHECK(outcome({shell(script)}, hook_state(saved, spec::container_status::creating)) == "fine");
  CHECK(read_text(dir / "state") == R"({"ociVersion":"1.3.0","id":"c1","status":"creating","pid":4711,"bundle":"/b",)"
                                    R"("annotations":{"org.b":"2","org.a":"<1>"}})");
  saved.config.annotations.clear();
  CHECK(outcome({shell(script)}, hook_state(saved, spec::container_status::stopped)) == "fine");
  CHECK(read_text(dir / "state") == R"({"ociVersion":"1.3.0","id":"c1","status":"stopped","bundle":"/b"})");
}

TEST_CASE("a hook may open /dev/stdin, so it is a pipe and no socket") {
  CHECK(outcome("read line < /dev/stdin && [ -p /dev/stdin ] || [ -n \"$line\" ]") == "fine");
}

TEST_CASE("a hook that reads nothing is fine, however long the state: EPIPE is nobody's error") {
  spec::state now;
  now.annotations = {{"long", std::string(1U << 20U, 'x')}};
  CHECK(outcome({shell("exec 0<&-; sleep 0.05")}, now) == "fine");
  CHECK(outcome({shell("exit 0")}, now) == "fine");
  CHECK(outcome({shell("[ $(wc -c) -gt 1048576 ]")}, now) == "fine");
}

TEST_CASE("a hook has the environment that it names, and an empty one otherwise") {
  (void)::setenv("OCIKIT_TEST_LEAK", "1", 1);
  auto hook = shell("/usr/bin/env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD= > /dev/stderr; exit 1");
  CHECK(outcome({hook}) == "error running createRuntime hook #0: exit status 1, stdout: , stderr: ");
  hook.env.emplace();
  CHECK(outcome({hook}) == "error running createRuntime hook #0: exit status 1, stdout: , stderr: ");
  hook.env->push_back("A=b c");
  CHECK(outcome({hook}) == "error running createRuntime hook #0: exit status 1, stdout: , stderr: A=b c\n");
}

TEST_CASE("argv is what the configuration says, its first element included") {
  CHECK(outcome({{.path = "/bin/sh", .args = {"me", "-c", "[ $0 = me ] || exit 1"}, .env = {}, .timeout = {}}}) ==
        "fine");
  CHECK(outcome({{.path = "/bin/sh",
                  .args = {"x", "-c", "[ $0 = me ] && [ \"$1\" = 'a b' ]", "me", "a b"},
                  .env = {},
                  .timeout = {}}}) == "fine");
  CHECK(outcome({{.path = "/bin/true", .args = {}, .env = {}, .timeout = {}}}) == "fine");
}

TEST_CASE("no descriptor but the three reaches a hook, not even one that is not close-on-exec") {
  const unique_fd leaky{adopt_fd, ::open("/", O_RDONLY)};  // NOLINT: without O_CLOEXEC on purpose
  REQUIRE(leaky);
  CHECK(outcome("[ -e /proc/$$/fd/0 ] && [ ! -e /proc/$$/fd/" + std::to_string(leaky.get()) + " ]") == "fine");
}

TEST_CASE("signals that this process ignores or blocks are a hook's again") {
  ::sigset_t term, before;
  (void)::sigemptyset(&term);
  (void)::sigaddset(&term, SIGTERM);
  (void)::sigprocmask(SIG_BLOCK, &term, &before);
  const auto old = ::signal(SIGTERM, SIG_IGN);
  CHECK(outcome("kill -TERM $$; exit 0") ==
        "error running createRuntime hook #0: signal: terminated, stdout: , stderr: ");
  (void)::signal(SIGTERM, old);
  (void)::sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("a hook past its timeout is killed with its children") {
  const temporary_directory dir;
  auto hook = shell("(sleep 3; echo late > " + (dir / "late") + ") & echo $! > " + (dir / "pid") + "; sleep 30");
  hook.timeout = 1;
  std::string message;
  const double took = seconds_of([&] { message = outcome({hook}); });
  CHECK(message == "error running createRuntime hook #0: hook ran past specified timeout of 1.0s");
  CHECK(took > 0.9);
  CHECK(took < 20);  // it did not wait for the hook's own end
  const auto child = std::stoi(read_text(dir / "pid"));
  const auto dead = [&] { return is_alive(identify(child).value().value_or(process_identity{})) == false; };
  for (int patience = 0; patience < 200 && !dead(); ++patience) (void)::usleep(10'000);  // the kernel takes its time
  CHECK(dead());
}

TEST_CASE("a hook that prints without end is stopped by its timeout, and only the beginning is kept") {
  auto hook = shell("yes");
  hook.timeout = 1;
  CHECK(outcome({hook}) == "error running createRuntime hook #0: hook ran past specified timeout of 1.0s");
  const auto message =
      outcome("head -c 10000000 /dev/zero | tr '\\0' x; head -c 10000000 /dev/zero | tr '\\0' y >&2; exit 1");
  CHECK(message == "error running createRuntime hook #0: exit status 1, stdout: " + std::string(8192, 'x') +
                       ", stderr: " + std::string(8192, 'y'));
}

TEST_CASE("a process that a hook leaves behind with its pipes is not waited for") {
  CHECK(seconds_of([] { CHECK(outcome("sleep 5 & exit 0") == "fine"); }) < 3);
}

TEST_CASE("a timeout that no clock can count is as good as none") {
  auto hook = shell("exit 0");
  for (const std::int64_t seconds : {INT64_MAX, INT64_MIN, std::int64_t{0}, std::int64_t{-1}}) {
    hook.timeout = seconds;
    CHECK(outcome({hook}) == "fine");
  }
}

TEST_CASE("hooks work where 0, 1 and 2 are closed, as a daemon may call us") {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int fd : {0, 1, 2}) (void)::close(fd);
    ::_exit(outcome("read x; echo out; echo err >&2; exit 3") ==
                    "error running createRuntime hook #0: exit status 3, stdout: out\n, stderr: err\n"
                ? 0
                : 1);
  }
  int status = -1;
  (void)::waitpid(child, &status, 0);
  CHECK(status == 0);
}
