// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <ocikit/base/unique_fd.hpp>

#include "catch.hpp"

using namespace ocikit;

static bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST_CASE("a unique_fd closes what it owns, once") {
  int number = -1;
  {
    unique_fd a{adopt_fd, ::open("/", O_RDONLY | O_CLOEXEC)};
    number = a.get();
    unique_fd b{std::move(a)};
    CHECK(!a);
    CHECK(is_open(number));
    b = std::move(b);
    CHECK(is_open(number));
  }
  CHECK(!is_open(number));
}

TEST_CASE("release gives the number away") {
  unique_fd a{adopt_fd, ::open("/", O_RDONLY | O_CLOEXEC)};
  const int number = a.release();
  CHECK(is_open(number));
  (void)::close(number);
}
