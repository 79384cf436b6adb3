// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/audit.h>

#include <cstdint>

#include <ocikit/spec/types.hpp>

namespace ocikit::seccomp {

/// An architecture as `seccomp_data.arch` shows it: AUDIT_ARCH_ of <linux/audit.h>. x32 shares AUDIT_ARCH_X86_64 there
/// and is told apart by bit 30 of the system call number; here, as in libseccomp, it has a token of its own.
using arch_token = std::uint32_t;

inline constexpr arch_token token_x86_64 = 0xC000003E;
inline constexpr arch_token token_x32 = 0x4000003E;
/// Set in every x32 system call number.
inline constexpr std::uint32_t x32_bit = 0x40000000;

/// The token of an OCI architecture name.
[[nodiscard]] constexpr arch_token token_of(spec::seccomp_arch arch) noexcept {
  constexpr arch_token wide = 0x80000000, little = 0x40000000, n32 = 0x20000000;
  switch (arch) {
    case spec::seccomp_arch::x86:
      return 3 | little;
    case spec::seccomp_arch::x86_64:
      return token_x86_64;
    case spec::seccomp_arch::x32:
      return token_x32;
    case spec::seccomp_arch::arm:
      return 40 | little;
    case spec::seccomp_arch::aarch64:
      return 183 | wide | little;
    case spec::seccomp_arch::loongarch64:
      return 258 | wide | little;
    case spec::seccomp_arch::m68k:
      return 4;
    case spec::seccomp_arch::mips:
      return 8;
    case spec::seccomp_arch::mips64:
      return 8 | wide;
    case spec::seccomp_arch::mips64n32:
      return 8 | wide | n32;
    case spec::seccomp_arch::mipsel:
      return 8 | little;
    case spec::seccomp_arch::mipsel64:
      return 8 | wide | little;
    case spec::seccomp_arch::mipsel64n32:
      return 8 | wide | little | n32;
    case spec::seccomp_arch::ppc:
      return 20;
    case spec::seccomp_arch::ppc64:
      return 21 | wide;
    case spec::seccomp_arch::ppc64le:
      return 21 | wide | little;
    case spec::seccomp_arch::s390:
      return 22;
    case spec::seccomp_arch::s390x:
      return 22 | wide;
    case spec::seccomp_arch::sh:
      return 42 | little;
    case spec::seccomp_arch::sheb:
      return 42;
    case spec::seccomp_arch::parisc:
      return 15;
    case spec::seccomp_arch::parisc64:
      return 15 | wide;
    case spec::seccomp_arch::riscv64:
      return 243 | wide | little;
  }
  return 0;
}

/// The architecture this program is built for.
inline constexpr spec::seccomp_arch native_arch =
#if defined(__x86_64__) && defined(__ILP32__)
    spec::seccomp_arch::x32;
#elif defined(__x86_64__)
    spec::seccomp_arch::x86_64;
#elif defined(__aarch64__)
    spec::seccomp_arch::aarch64;
#elif defined(__riscv) && __riscv_xlen == 64
    spec::seccomp_arch::riscv64;
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
    spec::seccomp_arch::ppc64le;
#elif defined(__s390x__)
    spec::seccomp_arch::s390x;
#elif defined(__loongarch64)
    spec::seccomp_arch::loongarch64;
#else
#error "ocikit: name this architecture here"
#endif

static_assert(token_of(spec::seccomp_arch::x86_64) == AUDIT_ARCH_X86_64);
static_assert(token_of(spec::seccomp_arch::aarch64) == AUDIT_ARCH_AARCH64);
static_assert(token_of(spec::seccomp_arch::mipsel64n32) == AUDIT_ARCH_MIPSEL64N32);
static_assert(token_of(spec::seccomp_arch::s390x) == AUDIT_ARCH_S390X);
static_assert(token_of(spec::seccomp_arch::riscv64) == AUDIT_ARCH_RISCV64);

}  // namespace ocikit::seccomp
