// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <stdlib.h>

#include <ocikit/base/unique_fd.hpp>

/// Both ends of a new pty; needs no privilege.
struct pty_pair {
  ocikit::unique_fd master{ocikit::adopt_fd, ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  ocikit::unique_fd slave = open_slave();

 private:
  ocikit::unique_fd open_slave() const {
    (void)::grantpt(master.get());
    (void)::unlockpt(master.get());
    return ocikit::unique_fd{ocikit::adopt_fd, ::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC)};
  }
};
