// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/init_link.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <variant>
#include <vector>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::container;

namespace {

/// One message as the init would send it.
void send(fd_view from, std::string_view bytes, const std::vector<int>& descriptors = {}) {
  ::iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  ::msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(::cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
  if (!descriptors.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    ::cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size() * sizeof(int));
  }
  REQUIRE(::sendmsg(from.get(), &message, 0) == static_cast<::ssize_t>(bytes.size()));
}

std::string bytes_of(const wire::report& report, std::string_view detail = {}) {
  std::string out(sizeof report, '\0');
  std::memcpy(out.data(), &report, sizeof report);
  return out.append(detail);
}

int lowest_free_descriptor() {
  const unique_fd probe{adopt_fd, ::open("/", O_PATH | O_CLOEXEC)};
  return probe.get();
}

}  // namespace

TEST_CASE("the init's words arrive: progress with a terminal, failure with its details, and silence") {
  const auto link = init_link::make().value();
  const unique_fd terminal{adopt_fd, ::open("/", O_PATH | O_CLOEXEC)};
  send(link.theirs, bytes_of({wire::report_kind::reached, 7, 0, 0, 0}), {terminal.get()});
  send(link.theirs, bytes_of({wire::report_kind::created, 9, 0, 0, 0}));
  send(link.theirs, bytes_of({wire::report_kind::failed, 3, ENOENT, 256, 5}, std::string("a\0b\nc", 5)));

  const auto first = receive(link.ours);
  REQUIRE(first);
  const auto& progress = std::get<init_progress>(*first);
  CHECK(progress.step == 7);
  CHECK(::fcntl(progress.terminal.get(), F_GETFD) == FD_CLOEXEC);
  const auto second = receive(link.ours);
  REQUIRE(second);
  CHECK(std::get<init_progress>(*second).step == 9);
  CHECK(!std::get<init_progress>(*second).terminal);
  const auto third = receive(link.ours);
  REQUIRE(third);
  const auto& failure = std::get<init_failure>(*third);
  CHECK(failure.step == 3);
  CHECK(failure.code == ENOENT);
  CHECK(failure.wait_status == 256);
  CHECK(failure.output == std::string("a\0b\nc", 5));
}

TEST_CASE("when a step was taken is told with the step") {
  const auto link = init_link::make().value();
  send(link.theirs, bytes_of({wire::report_kind::taken, 7, 0, 0, 0, -1, 0, 1'790'000'000'123'456'789}));
  const auto word = receive(link.ours);
  REQUIRE(word);
  CHECK(std::get<init_trace>(*word).step == 7);
  CHECK(std::get<init_trace>(*word).time == 1'790'000'000'123'456'789);
}

TEST_CASE("a terminal may come ahead of the word it belongs to, because a filter may forbid to send it later") {
  const auto link = init_link::make().value();
  const unique_fd terminal{adopt_fd, ::open("/", O_PATH | O_CLOEXEC)};
  send(link.theirs, bytes_of({wire::report_kind::terminal, 7, 0, 0, 0}), {terminal.get()});
  const auto got = receive(link.ours);
  REQUIRE(got);
  CHECK(::fcntl(std::get<init_terminal>(*got).master.get(), F_GETFD) == FD_CLOEXEC);
}

TEST_CASE("a socket that is closed is silence, and telling it to go on is EPIPE without a signal") {
  auto link = init_link::make().value();
  link.theirs.reset();
  const auto got = receive(link.ours);
  REQUIRE(got);
  CHECK(std::holds_alternative<init_silence>(*got));
  const auto told = say_go(link.ours);
  REQUIRE(!told);
  CHECK(told.error().code() == EPIPE);
}

TEST_CASE("go is one word") {
  const auto link = init_link::make().value();
  REQUIRE(say_go(link.ours));
  char word[8] = {};
  CHECK(::read(link.theirs.get(), word, sizeof word) == 1);
  CHECK(word[0] == wire::go);
}

TEST_CASE("what makes no sense is refused, because the init may be anybody's by then") {
  const auto link = init_link::make().value();
  const std::string good = bytes_of({wire::report_kind::failed, 0, 1, 0, 3}, "abc");
  const std::string table[] = {
      good.substr(0, 1),
      good.substr(0, sizeof(wire::report) - 1),
      good.substr(0, good.size() - 1),  // a detail shorter than it says
      good + "d",                       // and a longer one
      bytes_of({wire::report_kind::reached, 0, 0, 0, 0xffffffff}),
      bytes_of({static_cast<wire::report_kind>(6), 0, 0, 0, 0}),
      bytes_of({static_cast<wire::report_kind>(0xffffffff), 0, 0, 0, 0}),
      bytes_of({wire::report_kind::failed, 0, 1, 0, 5000}, std::string(5000, 'x')),  // more than there is room for
  };
  for (const std::string& bytes : table) {
    CAPTURE(bytes.size());
    send(link.theirs, bytes);
    const auto got = receive(link.ours);
    REQUIRE(!got);
    CHECK(got.error().kind() == errc::state);
  }
}

TEST_CASE("a second descriptor in a message stays outside, instead of staying open for good") {
  const auto link = init_link::make().value();
  const unique_fd one{adopt_fd, ::open("/", O_PATH | O_CLOEXEC)};
  const int before = lowest_free_descriptor();
  send(link.theirs, bytes_of({wire::report_kind::reached, 0, 0, 0, 0}), {one.get(), one.get()});
  { const auto got = receive(link.ours); }
  CHECK(lowest_free_descriptor() == before);
}
