// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include <ocikit/container/state_directory.hpp>

#include "catch.hpp"
#include "child_process.hpp"
#include "example_container.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;
using std::chrono::milliseconds;

// ---- state.json

TEST_CASE("a directory without state.json is no container yet, whatever else is in it") {
  const example_root in;
  auto made = in.root.create(id()).value();
  CHECK(made.read_state().error().message() == "container does not exist");
  REQUIRE(made.write_creating(example_state()));
  write_file(in.path("c1/.state-1"), "{");
  const auto fifo = made.make_fifo_for_init(::geteuid(), ::getegid());
  CHECK(made.read_state().error().message() == "container does not exist");
  REQUIRE(made.write_state(example_state()));
  CHECK(made.read_state() == example_state());
  CHECK(mode_of(in.path("c1/state.json")) == 0600);
}

TEST_CASE("a state.json that is no file, or no state, is refused without being waited for") {
  const example_root in;
  auto made = in.root.create(id()).value();
  const auto path = in.path("c1/state.json");
  const auto refused = [&] {
    const auto got = made.read_state();
    INFO((got ? "(accepted)" : got.error().message()));
    CHECK((!got && got.error().kind() == errc::state && got.error().message().starts_with("invalid state: ")));
    (void)::unlink(path.c_str());
  };
  write_file(path, "");
  refused();
  write_file(path, "{\"id\":");
  refused();
  write_file(path, write_state_document(example_state("other")).value());
  refused();
  (void)::mkfifo(path.c_str(), 0600);
  refused();
  (void)::symlink("/etc/passwd", path.c_str());
  refused();
  write_file(in.path("c1/real"), write_state_document(example_state()).value());
  (void)::symlink("real", path.c_str());
  refused();
  write_file(path, "");
  (void)::truncate(path.c_str(), static_cast<off_t>(longest_state) + 1);
  refused();
  write_file(path, std::string(100000, '['));
  refused();
  (void)::mkdir(path.c_str(), 0700);
  const auto got = made.read_state();
  CHECK(got.error().message().starts_with("invalid state: "));
}

TEST_CASE("the state of another container is not written") {
  const example_root in;
  auto made = in.root.create(id()).value();
  CHECK(made.write_state(example_state("c2")).error().message() == "invalid state: it is of another container");
  CHECK(!exists(in.path("c1/state.json")));
}

TEST_CASE(
    "a writer that is killed at any moment leaves a whole document, and what it leaves is removed with the rest") {
  const example_root in;
  auto made = in.root.create(id()).value();
  auto saved = example_state();
  saved.config.domainname = std::string(200000, 'x');
  REQUIRE(made.write_state(saved));
  for (int round = 0; round < 40; ++round) {
    child_process writer{[&] {
      for (saved.init_process_start = 1;; ++saved.init_process_start) (void)made.write_state(saved);
    }};
    (void)::usleep(static_cast<useconds_t>(500 + 613 * round % 5000));
    const auto meanwhile = made.read_state();
    writer.end();
    const auto after = made.read_state();
    REQUIRE(meanwhile);
    REQUIRE(after);
    REQUIRE(after->config.domainname == saved.config.domainname);
  }
  REQUIRE(made.remove());
  CHECK(!exists(in.path("c1")));
}

TEST_CASE("a write that stops half-way leaves the old state, whether the writer fails or dies of it") {
  const example_root in;
  auto made = in.root.create(id()).value();
  const auto before = example_state();
  REQUIRE(made.write_state(before));
  for (const bool dies : {false, true}) {
    child_process writer{[&] {
      (void)::signal(SIGXFSZ, dies ? SIG_DFL : SIG_IGN);
      const ::rlimit small{100, 100};
      (void)::setrlimit(RLIMIT_FSIZE, &small);
      const ::rlimit no_core{0, 0};
      (void)::setrlimit(RLIMIT_CORE, &no_core);
      auto after = before;
      after.rootless = true;
      ::_exit(made.write_state(after) ? 1 : 0);
    }};
    const int status = writer.reap();
    CHECK((dies ? WIFSIGNALED(status) : status == 0));
    CHECK(made.read_state() == before);
    if (!dies) CHECK(read_directory(made.directory()).value().size() == 1);
  }
  CHECK(made.remove());
}

TEST_CASE("creating.json is read when it is there, and forgotten once") {
  const example_root in;
  auto made = in.root.create(id()).value();
  CHECK(made.read_creating().value() == std::nullopt);
  REQUIRE(made.write_creating(example_state()));
  CHECK(made.read_creating().value() == example_state());
  CHECK(made.forget_creating());
  CHECK(made.forget_creating());
  CHECK(made.read_creating().value() == std::nullopt);
}

TEST_CASE("planned.json does not know whose the cgroup is, until it is confirmed") {
  const example_root in;
  auto made = in.root.create(id()).value();
  auto planned = example_state();
  planned.ocikit.owns_cgroup = true;
  REQUIRE(made.write_planned(planned));
  auto doubtful = planned;
  doubtful.ocikit.owns_cgroup = false;
  CHECK(made.read_creating().value() == doubtful);
  REQUIRE(made.confirm_planned());
  CHECK(made.read_creating().value() == planned);
  CHECK(made.forget_creating());
  CHECK(made.read_creating().value() == std::nullopt);
}

TEST_CASE("half a planned.json is none: nothing was made yet") {
  const example_root in;
  auto made = in.root.create(id()).value();
  write_file(in.path("c1/planned.json"), R"({"id":"c1",)");
  CHECK(made.read_creating().value() == std::nullopt);
}

// ---- the lock

TEST_CASE("the lock keeps others out for as long as it is held, and no longer than they are patient") {
  const example_root in;
  auto first = in.root.create(id()).value();  // locked
  auto second = in.root.find(id()).value();
  const auto start = std::chrono::steady_clock::now();
  CHECK(second.lock(milliseconds{50}).error().message() == "container is in use by another command");
  const auto waited = std::chrono::steady_clock::now() - start;
  CHECK(waited >= milliseconds{50});
  CHECK(waited < milliseconds{1000});
  first.unlock();
  CHECK(second.lock(milliseconds{0}));
}

TEST_CASE("the lock of a process that is killed is free, and a waiting one gets it") {
  const example_root in;
  (void)in.root.create(id()).value();
  int ready[2];
  REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
  child_process holder{[&] {
    auto held = in.root.find(id()).value();
    (void)held.lock();
    (void)!::write(ready[1], "x", 1);
    for (;;) (void)::pause();
  }};
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  auto waiting = in.root.find(id()).value();
  CHECK(!waiting.lock(milliseconds{20}));
  holder.end();
  CHECK(waiting.lock(milliseconds{0}));
  (void)::close(ready[0]);
  (void)::close(ready[1]);
}

TEST_CASE("the lock of a directory that was removed meanwhile is worth nothing") {
  const example_root in;
  (void)in.root.create(id()).value();
  auto late = in.root.find(id()).value();
  REQUIRE(in.root.find(id()).value().remove());
  CHECK(late.lock(milliseconds{0}).error().message() == "container does not exist");
  CHECK(in.root.create(id()));
  CHECK(late.lock(milliseconds{0}).error().message() == "container does not exist");
}

TEST_CASE("the lock does not pass to programs that the holder executes") {
  const example_root in;
  auto made = in.root.create(id()).value();
  CHECK((::fcntl(made.directory().get(), F_GETFD) & FD_CLOEXEC) != 0);
}

// ---- exec.fifo

TEST_CASE("an init that reads one byte from exec.fifo waits until it is released") {
  const example_root in;
  auto made = in.root.create(id()).value();
  auto fifo = made.make_fifo_for_init(::geteuid(), ::getegid()).value();
  CHECK(mode_of(in.path("c1/exec.fifo")) == 0622);
  child_process init{[&] {
    char byte = 0;
    const auto size = ::read(fifo.get(), &byte, 1);
    ::_exit(size == 1 && byte == '0' ? 42 : 1);
  }};
  fifo.reset();
  ::pollfd none{-1, 0, 0};
  (void)::poll(&none, 0, 20);
  CHECK(is_alive(init.identity()) == true);
  CHECK(made.has_waiting_init() == true);
  CHECK(made.has_waiting_init() == true);  // asking does not release it
  REQUIRE(made.release_init());
  CHECK(WEXITSTATUS(init.reap()) == 42);
  CHECK(!exists(in.path("c1/exec.fifo")));
  CHECK(made.has_waiting_init() == false);
  CHECK(made.release_init().error().code() == ENOENT);
}

TEST_CASE("an init that died before start is told, and nobody waits for it") {
  const example_root in;
  auto made = in.root.create(id()).value();
  auto fifo = made.make_fifo_for_init(::geteuid(), ::getegid()).value();
  child_process init;
  fifo.reset();
  init.make_zombie();
  CHECK(made.has_waiting_init() == false);
  CHECK(made.release_init().error().message() == "container process is already dead");
}

TEST_CASE("an exec.fifo that is something else is not written to") {
  const example_root in;
  auto made = in.root.create(id()).value();
  write_file(in.path("c1/exec.fifo"), "as it was");
  CHECK(made.release_init().error().message() == "exec.fifo is not a FIFO");
  CHECK(made.has_waiting_init() == false);
  CHECK(read_text(in.path("c1/exec.fifo")) == "as it was");
  CHECK(made.make_fifo_for_init(::geteuid(), ::getegid()).error().code() == EEXIST);
  (void)::unlink(in.path("c1/exec.fifo").c_str());
  (void)::symlink("../elsewhere", in.path("c1/exec.fifo").c_str());
  write_file(in.path("elsewhere"), "as it was");
  CHECK(made.release_init().error().code() == ELOOP);
  CHECK(read_text(in.path("elsewhere")) == "as it was");
}

TEST_CASE("exec.fifo belongs to the container's root, who may be another user") {
  if (::geteuid() != 0) {
    WARN("skipped: chown needs root");
    return;
  }
  const example_root in;
  auto made = in.root.create(id()).value();
  const mode_t before = ::umask(077);
  const auto fifo = made.make_fifo_for_init(100000, 100001).value();
  (void)::umask(before);
  struct ::stat found {};
  REQUIRE(::fstat(fifo.get(), &found) == 0);
  CHECK(found.st_uid == 100000);
  CHECK(found.st_gid == 100001);
  CHECK((found.st_mode & 07777U) == 0622);
}

TEST_CASE("SIGPIPE is neither raised nor left behind by a write that nobody reads") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  (void)::close(ends[0]);
  const unique_fd writer{adopt_fd, ends[1]};
  const child_process unharmed{[&] {
    {
      const blocked_sigpipe quiet;
      if (sys::write_all(writer, "x").error().code() != EPIPE) ::_exit(1);
    }
    ::sigset_t pending;
    (void)::sigpending(&pending);
    ::_exit(::sigismember(&pending, SIGPIPE) == 1 ? 2 : 0);
  }};
  int status = -1;
  (void)::waitpid(unharmed.pid(), &status, 0);
  CHECK(status == 0);
}

// ---- removal

TEST_CASE("removal takes everything below and follows no link out of the directory") {
  const example_root in;
  auto made = in.root.create(id()).value();
  REQUIRE(made.write_state(example_state()));
  (void)::mkdir(in.path("outside").c_str(), 0700);
  write_file(in.path("outside/kept"), "");
  (void)::mkdir(in.path("c1/notify").c_str(), 0);
  (void)::mkdir(in.path("c1/deep").c_str(), 0700);
  (void)::mkdir(in.path("c1/deep/er").c_str(), 0700);
  (void)::symlink("../../outside", in.path("c1/deep/link").c_str());
  (void)::symlink("../outside", in.path("c1/link").c_str());
  (void)::mkfifo(in.path("c1/deep/er/fifo").c_str(), 0600);
  REQUIRE(made.remove());
  CHECK(!exists(in.path("c1")));
  CHECK(exists(in.path("outside/kept")));
  CHECK(made.remove());
}

TEST_CASE("a removal that was interrupted can be repeated") {
  const example_root in;
  auto made = in.root.create(id()).value();
  write_file(in.path("c1/zzz"), "");  // state.json went first
  REQUIRE(made.remove());
  CHECK(!exists(in.path("c1")));
}

TEST_CASE("a tree deeper than anything we make is refused rather than followed for ever") {
  const example_root in;
  auto made = in.root.create(id()).value();
  std::string path = in.path("c1");
  for (int i = 0; i < 40; ++i) (void)::mkdir((path += "/d").c_str(), 0700);
  CHECK(made.remove().error().code() == ELOOP);
  path = in.path("c1");
  for (int i = 0; i < 20; ++i) path += "/d";
  (void)remove_below(sys::openat(sys::at_fdcwd, path, O_RDONLY | O_DIRECTORY).value());
  CHECK(made.remove());
}
