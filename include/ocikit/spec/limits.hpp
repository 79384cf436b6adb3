// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// What a document may cost before it is refused. Nothing real comes near; a hostile one must not take the runtime's
/// memory or time.
namespace ocikit::spec::limits {

inline constexpr std::size_t document_bytes = 8UL << 20;
inline constexpr std::size_t depth = 64;
inline constexpr std::size_t string_bytes = 1UL << 20;
inline constexpr std::size_t items = 4096;    ///< of any list or map that has no number of its own
inline constexpr std::size_t mappings = 340;  ///< the kernel's own limit on an id map
inline constexpr std::size_t namespaces = 8;
inline constexpr std::size_t devices = 1024;
inline constexpr std::size_t hooks = 64;
inline constexpr std::size_t capabilities = 64;
inline constexpr std::size_t rlimits = 16;
inline constexpr std::size_t syscalls = 8192;
inline constexpr std::size_t arguments = 65536;             ///< entries of args or env
inline constexpr std::size_t argument_bytes = 128UL << 10;  ///< one string of args or env: execve(2), MAX_ARG_STRLEN
inline constexpr std::size_t arguments_bytes = 2UL << 20;   ///< args and env together
inline constexpr std::size_t groups = 65536;                ///< the kernel's NGROUPS_MAX
inline constexpr std::size_t unknown = 1024;                ///< unknown properties reported; more are not listed
inline constexpr std::uint32_t cpu = 65535;                 ///< the largest number in a list of CPUs
inline constexpr std::uint32_t node = 1023;  ///< ... of memory nodes: MAX_NUMNODES of the largest kernel configuration
inline constexpr std::uint64_t id = 0xffff'fffe;  ///< (uid_t)-1 means "leave alone" to the kernel

}  // namespace ocikit::spec::limits
