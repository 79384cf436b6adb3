// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/notify_socket.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "catch.hpp"
#include "example_container.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;

TEST_CASE("a service is ready when a line of what it says begins with READY=") {
  CHECK(ready_line("READY=1") == "READY=1");
  CHECK(ready_line("STATUS=x\nREADY=1\nERRNO=2") == "READY=1");
  CHECK(ready_line("READY=1\n") == "READY=1");
  for (const char* other : {"", "\n", "\n\n", "STATUS=READY=1", " READY=1", "READY", "WATCHDOG=1\nSTOPPING=1"}) {
    CAPTURE(other);
    CHECK(!ready_line(other));
  }
}

TEST_CASE("the container gets the socket's directory and the variable, also without an environment") {
  spec::config config;
  config.process.emplace();
  add_notify_socket(config, "/run/x/notify");
  REQUIRE(config.mounts.size() == 1);
  CHECK(config.mounts[0].destination == "/run/notify");
  CHECK(config.mounts[0].source == "/run/x/notify");
  CHECK(config.process->env == std::vector<std::string>{"NOTIFY_SOCKET=/run/notify/notify.sock"});
}

TEST_CASE("what is said to the container's socket is heard, message by message") {
  const example_root in;
  auto made = in.root.create(id()).value();
  CHECK(notify_socket::listen(made.directory()).error().code() == ENOENT);
  REQUIRE(sys::mkdirat(made.directory(), notify_directory, 0755));
  REQUIRE(notify_socket::listen(made.directory()));  // one that was left behind is in nobody's way
  const auto socket = notify_socket::listen(made.directory()).value();
  CHECK(!socket.take());
  const auto client = connect_to(in.path("c1/notify/notify.sock"), SOCK_DGRAM).value();
  REQUIRE(sys::write_all(client, "STATUS=1"));
  REQUIRE(sys::write_all(client, "READY=2"));
  CHECK(!socket.take());
  CHECK(socket.take() == "READY=2");
}

TEST_CASE("a manager at an abstract address hears line, main process and barrier") {
  const std::string name = "ocikit-test-" + std::to_string(::getpid());
  const unique_fd manager{adopt_fd, ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(::sockaddr_un, sun_path) + 1 + name.size());
  REQUIRE(::bind(manager.get(), reinterpret_cast<const ::sockaddr*>(&address), size) == 0);

  // Nobody reads meanwhile, so the barrier stands.
  CHECK(pass_on_readiness("@" + name, "READY=1", 42, std::chrono::milliseconds{1}) == false);
  const auto heard = [&] {
    char text[100];
    const auto got = ::recv(manager.get(), text, sizeof text, 0);
    return std::string{text, got > 0 ? static_cast<std::size_t>(got) : 0};
  };
  CHECK(heard() == "READY=1\n");
  CHECK(heard() == "MAINPID=42\n");
  const auto barrier = receive_descriptor(manager).value();
  CHECK(barrier.payload == "BARRIER=1");
  CHECK(pass_on_readiness("@" + name + "-not", "READY=1", 42, {}).error().code() == ECONNREFUSED);
}
