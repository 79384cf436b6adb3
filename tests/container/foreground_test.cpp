// SPDX-License-Identifier: Apache-2.0
#include <sys/prctl.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <ocikit/container/foreground.hpp>

#include "catch.hpp"
#include "container/pty_pair.hpp"
#include "container/temporary_directory.hpp"

using namespace ocikit;
using namespace ocikit::container;

namespace {

/// A child that runs `body` with the caller's signal mask and exits with what it returns.
class child {
 public:
  template <class Body>
  child(const signal_inbox& inbox, Body body) : pid_{::fork()} {
    if (pid_ == 0) {
      (void)sys::raw::rt_sigprocmask(SIG_SETMASK, &inbox.mask_before(), nullptr);
      ::_exit(body());
    }
    pidfd_ = *sys::pidfd_open(pid_);
  }
  operator foreground_child() const { return {pid_, pidfd_}; }  // NOLINT(google-explicit-constructor)

 private:
  pid_t pid_;
  unique_fd pidfd_;
};

struct pipe_pair {
  pipe_pair() {
    std::array<int, 2> ends{};
    (void)::pipe2(ends.data(), O_CLOEXEC);
    out = unique_fd{adopt_fd, ends[0]};
    in = unique_fd{adopt_fd, ends[1]};
  }
  unique_fd out;
  unique_fd in;
};

unique_fd open_file(const std::string& path, int flags) {
  return unique_fd{adopt_fd, ::open(path.c_str(), flags | O_CLOEXEC, 0600)};
}
unique_fd null() { return open_file("/dev/null", O_RDWR); }

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

/// Writes all of `text`; false when the other end is gone.
bool say(fd_view fd, std::string_view text) { return sys::write_all(fd, text).has_value(); }

void pause_ms(long ms) {
  const ::timespec time{0, ms * 1'000'000};
  (void)::nanosleep(&time, nullptr);
}

signal_inbox inbox() { return *signal_inbox::open(); }

template <class Body>
foreground_end wait_for(signal_inbox& box, stdio_copy stdio, reaping whom, Body body) {
  const child started{box, body};
  const auto end = wait_in_foreground(box, started, stdio, whom);
  REQUIRE(end);
  return *end;
}

}  // namespace

TEST_CASE("the exit status is the process's own, or 128 and the signal that killed it") {
  auto box = inbox();
  CHECK(wait_for(box, stdio_copy::inherited(), reaping::one_child, [] { return 7; }).status == 7);
  CHECK(wait_for(box, stdio_copy::inherited(), reaping::one_child, [] { return ::kill(::getpid(), SIGKILL); }).status ==
        128 + SIGKILL);
}

TEST_CASE("a caller that ignores SIGCHLD still learns the exit status") {
  (void)::signal(SIGCHLD, SIG_IGN);
  auto box = inbox();
  CHECK(wait_for(box, stdio_copy::inherited(), reaping::every_child, [] { return 3; }).status == 3);
}

TEST_CASE("signals are forwarded, those that came before the process too, but not SIGWINCH and SIGURG") {
  auto box = inbox();
  for (const int signal : {SIGWINCH, SIGURG, SIGUSR1, SIGRTMIN + 1}) (void)::kill(::getpid(), signal);
  const auto end = wait_for(box, stdio_copy::inherited(), reaping::one_child, [] {
    for (;;) ::pause();
    return 0;
  });
  CHECK((end.status == 128 + SIGUSR1 || end.status == 128 + SIGRTMIN + 1));

  for (const int signal : {SIGWINCH, SIGURG}) (void)::kill(::getpid(), signal);
  const auto calm = wait_for(box, stdio_copy::inherited(), reaping::one_child, [] {
    (void)::signal(SIGWINCH, [](int) { ::_exit(1); });
    (void)::signal(SIGURG, [](int) { ::_exit(1); });
    pause_ms(200);
    return 0;
  });
  CHECK(calm.status == 0);
}

TEST_CASE("the signal mask is the caller's again when the inbox is gone") {
  ::sigset_t before{};
  ::sigset_t after{};
  (void)::sigprocmask(SIG_SETMASK, nullptr, &before);
  { auto box = inbox(); }
  (void)::sigprocmask(SIG_SETMASK, nullptr, &after);
  for (int signal = 1; signal < SIGRTMAX; ++signal)
    CHECK(::sigismember(&before, signal) == ::sigismember(&after, signal));
}

TEST_CASE("orphans are reaped while we wait, because a subreaper is their parent now") {
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
  auto box = inbox();
  const auto end = wait_for(box, stdio_copy::inherited(), reaping::every_child, [] {
    const pipe_pair pipe;
    const pid_t middle = ::fork();
    if (middle == 0) {
      const pid_t orphan = ::fork();
      if (orphan != 0) (void)!::write(pipe.in.get(), &orphan, sizeof orphan);
      ::_exit(0);
    }
    (void)::waitpid(middle, nullptr, 0);
    pid_t orphan = 0;
    (void)!::read(pipe.out.get(), &orphan, sizeof orphan);
    for (int tries = 0; tries < 500; ++tries, pause_ms(10))
      if (::kill(orphan, 0) != 0) return 0;
    return 1;  // a zombie for five seconds
  });
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 0);
  CHECK(end.status == 0);
}

TEST_CASE("waiting for somebody else's child is an error, not a wait for ever") {
  auto box = inbox();
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  const unique_fd pidfd = *sys::pidfd_open(pid);
  (void)::waitpid(pid, nullptr, 0);
  auto nothing = stdio_copy::inherited();
  const auto end = wait_in_foreground(box, {pid, pidfd}, nothing, reaping::one_child);
  REQUIRE(!end);
  CHECK(end.error().kind() == errc::state);
}

namespace {

/// Three pipes and a process between them. `body` sees `in.out`, `out.in` and `err.in`, and nothing else stays open.
struct piped_child {
  template <class Body>
  piped_child(const signal_inbox& box, Body body)
      : started{box, [&] {
                  for (unique_fd* ours : {&in.in, &out.out, &err.out}) ours->reset();
                  return body(*this);
                }} {
    for (unique_fd* theirs : {&in.out, &out.in, &err.in}) theirs->reset();
  }
  result<stdio_copy> copy_to(standard_streams streams) {
    return stdio_copy::pipes(std::move(in.in), std::move(out.out), std::move(err.out), streams);
  }
  pipe_pair in, out, err;
  child started;
};

}  // namespace

TEST_CASE("pipes: every byte arrives, in a file and through a slow reader, and the end of stdin is passed on") {
  const testing::temporary_directory dir;
  const std::string sent(3'000'001, 'x');
  auto box = inbox();
  pipe_pair slow;
  const child reader{box, [&] {
                       slow.in.reset();
                       std::array<char, 1000> some{};
                       long total = 0;
                       while (const long got = ::read(slow.out.get(), some.data(), some.size())) {
                         total += got;
                         if (total % 100'000 == 0) pause_ms(5);
                       }
                       return total == 1'000'000 ? 0 : 1;
                     }};
  piped_child writer{box, [&](piped_child& my) {
                       const bool said = say(my.out.in, sent) && say(my.err.in, std::string(1'000'000, 'y'));
                       return said && sys::read_all(my.in.out, 100) == std::string{"abc"} ? 0 : 1;
                     }};
  pipe_pair stdin_of_ours;
  REQUIRE(say(stdin_of_ours.in, "abc"));
  stdin_of_ours.in.reset();
  const unique_fd file = open_file(dir / "out", O_RDWR | O_CREAT);
  {
    auto copy = writer.copy_to({stdin_of_ours.out, file, slow.in});
    REQUIRE(copy);
    const auto end = wait_in_foreground(box, writer.started, *copy, reaping::one_child);
    REQUIRE(end);
    CHECK(end->status == 0);
    CHECK(end->output_error == 0);
  }
  CHECK(content(dir / "out") == sent);
  slow.in.reset();
  auto nothing = stdio_copy::inherited();
  CHECK(wait_in_foreground(box, reader, nothing, reaping::one_child)->status == 0);
}

TEST_CASE("a stdout that nobody reads gives the container EPIPE and us the errno, and kills neither silently") {
  auto box = inbox();
  piped_child writer{box, [](piped_child& my) {
                       (void)::signal(SIGPIPE, SIG_IGN);
                       while (say(my.out.in, "more")) pause_ms(1);
                       return 9;
                     }};
  pipe_pair unread;
  unread.out.reset();
  const unique_fd none = null();
  auto copy = writer.copy_to({none, unread.in, none});
  REQUIRE(copy);
  const auto end = wait_in_foreground(box, writer.started, *copy, reaping::one_child);
  REQUIRE(end);
  CHECK(end->status == 9);
  CHECK(end->output_error == EPIPE);
}

TEST_CASE("a reader that takes nothing holds us only until we are asked to end") {
  auto box = inbox();
  piped_child writer{box, [](piped_child& my) { return say(my.out.in, "last words") ? 0 : 1; }};
  pipe_pair full;
  REQUIRE(::fcntl(full.in.get(), F_SETFL, O_WRONLY | O_NONBLOCK) == 0);
  while (::write(full.in.get(), "0123456789abcdef", 16) > 0) {
  }
  REQUIRE(::fcntl(full.in.get(), F_SETFL, O_WRONLY) == 0);
  const unique_fd none = null();
  const pid_t us = ::getpid();
  const child killer{box, [us] {
                       pause_ms(300);
                       return ::kill(us, SIGTERM);
                     }};
  auto copy = writer.copy_to({none, full.in, none});
  REQUIRE(copy);
  const auto end = wait_in_foreground(box, writer.started, *copy, reaping::one_child);
  REQUIRE(end);
  CHECK(end->status == 0);
  auto nothing = stdio_copy::inherited();
  CHECK(wait_in_foreground(box, killer, nothing, reaping::one_child)->status == 0);
}

namespace {

/// A process whose standard streams are the slave of a pty.
struct terminal_child {
  template <class Body>
  terminal_child(const signal_inbox& box, Body body)
      : started{box, [&] {
                  (void)::setsid();
                  (void)::ioctl(pty.slave.get(), TIOCSCTTY, 0);
                  for (int fd = 0; fd < 3; ++fd) (void)::dup2(pty.slave.get(), fd);
                  pty.slave.reset();
                  pty.master.reset();
                  return body();
                }} {
    pty.slave.reset();
  }
  pty_pair pty;
  child started;
};

unique_fd copy_of(fd_view fd) { return unique_fd{adopt_fd, ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)}; }

result<foreground_end> wait_with_terminal(signal_inbox& box, terminal_child& one, const pty_pair& ours,
                                          standard_streams streams) {
  auto copy = stdio_copy::terminal(std::move(one.pty.master), copy_of(ours.slave), streams);
  REQUIRE(copy);
  return wait_in_foreground(box, one.started, *copy, reaping::one_child);
}

bool edits_lines(fd_view terminal) {
  ::termios mode{};
  return ::tcgetattr(terminal.get(), &mode) == 0 && (mode.c_lflag & ICANON) != 0;
}

}  // namespace

TEST_CASE("terminal: keys reach the process, its output ours, our window is its window, our mode comes back") {
  const testing::temporary_directory dir;
  auto box = inbox();
  const pty_pair ours;
  REQUIRE(set_window_size(ours.slave, {10, 110, 0, 0}));
  terminal_child one{box, [] {
                       std::string line(5, '\0');
                       const bool heard = ::read(0, line.data(), line.size()) == 5 && line == "keys\n";
                       const auto size = window_size(fd_view{0});
                       return heard && size && size->ws_row == 10 && size->ws_col == 110 && say(fd_view{1}, "seen") ? 0
                                                                                                                    : 1;
                     }};
  REQUIRE(say(ours.master, "keys\n"));
  const unique_fd file = open_file(dir / "out", O_RDWR | O_CREAT);
  const auto end = wait_with_terminal(box, one, ours, {ours.slave, file, file});
  REQUIRE(end);
  CHECK(end->status == 0);
  CHECK(content(dir / "out") == "keys\nseen");  // its terminal echoes, and leaves newlines to ours
  CHECK(edits_lines(ours.slave));
}

TEST_CASE("terminal: SIGWINCH hands the new window size on") {
  auto box = inbox();
  const pty_pair ours;
  terminal_child one{box, [] {
                       for (int tries = 0; tries < 500; ++tries, pause_ms(10))
                         if (window_size(fd_view{0})->ws_col == 77) return 0;
                       return 1;
                     }};
  const pid_t us = ::getpid();
  const child resizer{box, [&] {
                        pause_ms(200);
                        (void)set_window_size(ours.slave, {7, 77, 0, 0});
                        return ::kill(us, SIGWINCH);
                      }};
  const unique_fd none = null();
  const pipe_pair silent;
  CHECK(wait_with_terminal(box, one, ours, {silent.out, none, none})->status == 0);
  auto nothing = stdio_copy::inherited();
  CHECK(wait_in_foreground(box, resizer, nothing, reaping::one_child)->status == 0);
}

TEST_CASE("terminal: the end of a redirected stdin is typed as the end-of-file key, twice within a line") {
  for (const std::string typed : {"", "line\n", "part"}) {
    auto box = inbox();
    const pty_pair ours;
    terminal_child one{box, [&] { return sys::read_all(fd_view{0}, 100) == typed ? 0 : 1; }};
    pipe_pair input;
    REQUIRE(say(input.in, typed));
    input.in.reset();
    const unique_fd none = null();
    CHECK(wait_with_terminal(box, one, ours, {input.out, none, none})->status == 0);
  }
}

TEST_CASE("terminal: all output arrives, although a process left behind keeps the terminal open") {
  const testing::temporary_directory dir;
  auto box = inbox();
  const pty_pair ours;
  terminal_child one{box, [] {
                       if (::fork() == 0) {
                         (void)::signal(SIGHUP, SIG_IGN);
                         for (int i = 0; i < 50; ++i) pause_ms(100);
                         ::_exit(0);
                       }
                       return say(fd_view{1}, std::string(200'000, 'z')) ? 0 : 1;
                     }};
  const unique_fd file = open_file(dir / "out", O_RDWR | O_CREAT);
  const pipe_pair silent;
  const auto before = std::chrono::steady_clock::now();
  const auto end = wait_with_terminal(box, one, ours, {silent.out, file, file});
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds{4});
  REQUIRE(end);
  CHECK(end->status == 0);
  CHECK(content(dir / "out") == std::string(200'000, 'z'));
}

TEST_CASE("terminal: a process that closes its terminal for a while is heard again, and costs no busy loop") {
  const testing::temporary_directory dir;
  auto box = inbox();
  const pty_pair ours;
  terminal_child one{box, [] {
                       const std::string name = ::ttyname(0);
                       for (int fd = 0; fd < 3; ++fd) (void)::close(fd);
                       pause_ms(900);
                       const unique_fd again = open_file(name, O_RDWR | O_NOCTTY);
                       return say(again, "back") ? (pause_ms(300), 0) : 1;
                     }};
  const unique_fd file = open_file(dir / "out", O_RDWR | O_CREAT);
  const pipe_pair silent;
  ::timespec before{};
  ::timespec after{};
  (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  const auto end = wait_with_terminal(box, one, ours, {silent.out, file, file});
  (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  REQUIRE(end);
  CHECK(end->status == 0);
  CHECK(content(dir / "out") == "back");
  CHECK((after.tv_sec - before.tv_sec) * 1'000'000'000 + after.tv_nsec - before.tv_nsec < 200'000'000);
}

TEST_CASE("terminal: when nobody reads our output any more, the terminal hangs up") {
  auto box = inbox();
  const pty_pair ours;
  terminal_child one{box, [] {
                       for (;;)
                         if (!say(fd_view{1}, "more")) return 1;
                     }};
  pipe_pair unread;
  unread.out.reset();
  const pipe_pair silent;
  const auto end = wait_with_terminal(box, one, ours, {silent.out, unread.in, unread.in});
  REQUIRE(end);
  CHECK(end->status == 128 + SIGHUP);
  CHECK(end->output_error == EPIPE);
}
