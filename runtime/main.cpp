// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>

#include <cstddef>
#include <string>

#include <ocikit/sys/call.hpp>

#include "program.hpp"
#include "self_protection.hpp"

int main(int argc, char** argv) {
  // Enough memory for a container's plan at once, of which only what is used becomes real.
  (void)::mallopt(M_TOP_PAD, 512 << 10);
  if (const auto safe = ocikit::runtime::protect_self(); !safe) {
    (void)ocikit::sys::write_all(ocikit::fd_view{2}, "ocirun: " + safe.error().message() + '\n');
    return 1;
  }
  return ocikit::runtime::run_program({argv, static_cast<std::size_t>(argc)});
}
