// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <array>

#include <ocikit/container/console.hpp>

#include "catch.hpp"
#include "container/pty_pair.hpp"
#include "container/temporary_directory.hpp"

using namespace ocikit;
using namespace ocikit::container;

namespace {

unique_fd listen_at(const std::string& path) {
  unique_fd socket{adopt_fd, ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const ::sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(socket.get(), 1) == 0);
  return socket;
}

ino_t inode_of(fd_view fd) {
  struct ::stat found {};
  REQUIRE(::fstat(fd.get(), &found) == 0);
  return found.st_ino;
}

bool translates_newlines(fd_view terminal) {
  ::termios mode{};
  REQUIRE(::tcgetattr(terminal.get(), &mode) == 0);
  return (mode.c_oflag & ONLCR) != 0;
}

bool edits_lines(fd_view terminal) {
  ::termios mode{};
  REQUIRE(::tcgetattr(terminal.get(), &mode) == 0);
  return (mode.c_lflag & ICANON) != 0;
}

}  // namespace

TEST_CASE("a listener that neither accepts nor reads does not keep us waiting for ever") {
  const testing::temporary_directory dir;
  const unique_fd listener = listen_at(dir / "socket");
  const auto socket = connect_to(dir / "socket");
  REQUIRE(socket);
  ::timeval patience{};
  ::socklen_t size = sizeof patience;
  REQUIRE(::getsockopt(socket->get(), SOL_SOCKET, SO_SNDTIMEO, &patience, &size) == 0);
  CHECK(patience.tv_sec == 30);
}

TEST_CASE("a console socket gets the master itself, close-on-exec, in one message with its name") {
  const testing::temporary_directory dir;
  const unique_fd listener = listen_at(dir / "socket");
  const pty_pair pty;
  REQUIRE(send_console(dir / "socket", pty.master));
  const unique_fd peer{adopt_fd, ::accept(listener.get(), nullptr, nullptr)};
  const auto got = receive_descriptor(peer);
  REQUIRE(got);
  CHECK(got->payload == "/dev/ptmx");
  CHECK(::ptsname(got->descriptor.get()) == std::string{::ptsname(pty.master.get())});
  CHECK(::fcntl(got->descriptor.get(), F_GETFD) == FD_CLOEXEC);
  char end = 'x';
  CHECK(::read(peer.get(), &end, 1) == 0);  // the sender has closed its socket
}

TEST_CASE("a pidfd socket learns whether the process is the container's first") {
  const testing::temporary_directory dir;
  const unique_fd listener = listen_at(dir / "socket");
  const auto pidfd = sys::pidfd_open(::getpid());
  REQUIRE(pidfd);
  for (const auto& [whose, payload] : {std::pair{pidfd_of::init, "standard"}, std::pair{pidfd_of::joined, "setns"}}) {
    REQUIRE(send_pidfd(dir / "socket", *pidfd, whose));
    const unique_fd peer{adopt_fd, ::accept(listener.get(), nullptr, nullptr)};
    const auto got = receive_descriptor(peer);
    REQUIRE(got);
    CHECK(got->payload == payload);
    CHECK(sys::pidfd_send_signal(got->descriptor, 0));
  }
}

TEST_CASE("a socket path longer than an address is refused, because the kernel would be asked for another path") {
  const testing::temporary_directory dir;
  const std::string longest(107, 'x');
  const auto missing = connect_to(longest);
  REQUIRE(!missing);
  CHECK(missing.error().kind() == errc::system);
  CHECK(missing.error().code() == ENOENT);
  const auto refused = connect_to(longest + "x");
  REQUIRE(!refused);
  CHECK(refused.error().kind() == errc::config);
  CHECK(refused.error().message() == "socket path \"" + longest + "x\" has 108 bytes: 1 to 107 are possible");
  CHECK(connect_to("").error().kind() == errc::config);
}

TEST_CASE("a message with two descriptors or none is refused, and nothing of it stays open") {
  std::array<int, 2> pair{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
  const unique_fd here{adopt_fd, pair[0]};
  const unique_fd there{adopt_fd, pair[1]};
  REQUIRE(::write(there.get(), "x", 1) == 1);
  const auto none = receive_descriptor(here);
  REQUIRE(!none);
  CHECK(none.error().kind() == errc::state);

  const std::array<int, 2> both{0, 1};
  alignas(::cmsghdr) std::array<char, CMSG_SPACE(sizeof both)> control{};
  char byte = 'x';
  ::iovec bytes{&byte, 1};
  ::msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ::cmsghdr* rights = CMSG_FIRSTHDR(&message);
  *rights = {CMSG_LEN(sizeof both), SOL_SOCKET, SCM_RIGHTS};
  std::memcpy(CMSG_DATA(rights), both.data(), sizeof both);
  REQUIRE(::sendmsg(there.get(), &message, 0) == 1);
  const int lowest_free = ::dup(0);
  (void)::close(lowest_free);
  CHECK(!receive_descriptor(here));
  const int still_free = ::dup(0);
  CHECK(still_free == lowest_free);
  (void)::close(still_free);
}

TEST_CASE("raw mode ends with its guard, and newlines still return the carriage meanwhile") {
  const pty_pair pty;
  {
    const auto raw = raw_terminal::enter(pty.slave);
    REQUIRE(raw);
    CHECK(!edits_lines(pty.slave));
    CHECK(translates_newlines(pty.slave));
  }
  CHECK(edits_lines(pty.slave));
}

TEST_CASE("raw mode is refused where there is no terminal") {
  const unique_fd null{adopt_fd, ::open("/dev/null", O_RDWR | O_CLOEXEC)};
  const auto refused = raw_terminal::enter(null);
  REQUIRE(!refused);
  CHECK(refused.error().code() == ENOTTY);
}

TEST_CASE("in the foreground the pty leaves newlines to the caller's terminal") {
  const pty_pair pty;
  REQUIRE(translates_newlines(pty.slave));
  REQUIRE(disable_newline_translation(pty.master));
  CHECK(!translates_newlines(pty.slave));
}

TEST_CASE("a pty takes the window size of the caller's terminal") {
  const pty_pair ours;
  const pty_pair theirs;
  REQUIRE(set_window_size(ours.slave, {10, 110, 0, 0}));
  REQUIRE(copy_window_size(ours.slave, theirs.master));
  const auto size = window_size(theirs.slave);
  REQUIRE(size);
  CHECK(size->ws_row == 10);
  CHECK(size->ws_col == 110);
}

TEST_CASE("the caller's terminal is found behind a redirected stdin and stdout") {
  const pty_pair pty;
  const int kept = ::dup(STDERR_FILENO);
  REQUIRE(::dup2(pty.slave.get(), STDERR_FILENO) == STDERR_FILENO);
  const auto found = open_own_terminal();
  (void)::dup2(kept, STDERR_FILENO);
  (void)::close(kept);
  REQUIRE(found);
  CHECK(inode_of(*found) == inode_of(pty.slave));
  CHECK(::fcntl(found->get(), F_GETFD) == FD_CLOEXEC);
}
