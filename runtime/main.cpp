// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>

#include <cstddef>

#include <ocikit/container/self_protection.hpp>
#include <ocikit/sys/log.hpp>

#include "program.hpp"

int main(int argc, char** argv) {
  // Enough memory for a container's plan at once, of which only what is used becomes real.
  (void)::mallopt(M_TOP_PAD, 512 << 10);
  if (const auto safe = ocikit::container::protect_self(); !safe) {
    ocikit::sys::logger{}.failure(safe.error().message());
    return 1;
  }
  return ocikit::runtime::run_program({argv, static_cast<std::size_t>(argc)});
}
