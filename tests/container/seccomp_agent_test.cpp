// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/seccomp_agent.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::container;

namespace {

state example_state() {
  spec::config config;
  config.annotations = {{"org.example.key", "value"}};
  state out = make_state("c1", std::move(config), "/bundle", "/bundle/rootfs");
  out.init_process_pid = 17;
  return out;
}

/// A listening socket with a name in the abstract namespace that no other test run has.
struct abstract_listener {
  std::string name = "@ocikit-test-" + std::to_string(::getpid());
  unique_fd socket{adopt_fd, ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};

  abstract_listener() {
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, name.size());
    address.sun_path[0] = '\0';
    const auto size = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(socket.get(), reinterpret_cast<const ::sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket.get(), 1) == 0);
  }
};

}  // namespace

TEST_CASE("an agent is told of the container, of the process, and which descriptor comes along") {
  CHECK(spec::write(agent_state(example_state(), 17, spec::container_status::creating, "meta")) ==
        R"({"ociVersion":"1.3.0","fds":["seccompFd"],"pid":17,"metadata":"meta",)"
        R"("state":{"ociVersion":"1.3.0","id":"c1","status":"creating","pid":17,"bundle":"/bundle",)"
        R"("annotations":{"org.example.key":"value"}}})");
  const auto joined = agent_state(example_state(), 23, spec::container_status::running, "");
  CHECK(joined.pid == 23);
  CHECK(joined.state.pid == 17);
  CHECK(joined.state.status == spec::container_status::running);
}

TEST_CASE("the listener and the state are one message, also to an agent with an abstract name") {
  const abstract_listener agent;
  const unique_fd sent{adopt_fd, ::open("/", O_PATH | O_CLOEXEC)};
  const auto about = agent_state(example_state(), 17, spec::container_status::creating, "meta");
  REQUIRE(hand_over_listener(agent.name, sent, about));
  const unique_fd peer{adopt_fd, ::accept(agent.socket.get(), nullptr, nullptr)};
  const auto got = receive_descriptor(peer);
  REQUIRE(got);
  CHECK(got->payload == spec::write(about));
  struct ::stat theirs {
  }, ours{};
  REQUIRE(::fstat(got->descriptor.get(), &theirs) == 0);
  REQUIRE(::fstat(sent.get(), &ours) == 0);
  CHECK(theirs.st_ino == ours.st_ino);
  char end = 'x';
  CHECK(::read(peer.get(), &end, 1) == 0);  // nothing more, and the socket is closed
}

TEST_CASE("without an agent the failure names its socket") {
  const unique_fd any{adopt_fd, ::open("/", O_PATH | O_CLOEXEC)};
  const auto none = hand_over_listener("/nonexistent/agent", any, {});
  REQUIRE(!none);
  CHECK(none.error().message() ==
        "failed to connect with seccomp agent: connect(\"/nonexistent/agent\"): no such file or directory");
  CHECK(hand_over_listener("@ocikit-no-such-agent", any, {}).error().code() == ECONNREFUSED);
}
