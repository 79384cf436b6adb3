// SPDX-License-Identifier: Apache-2.0
//
// What the running kernel's seccomp can do.
#pragma once

#include <errno.h>

#include <cstdint>
#include <string>

#include <ocikit/sys/raw.hpp>

namespace ocikit::seccomp {

/// SECCOMP_FILTER_FLAG_ bits by number: older headers lack the newer ones. See: Linux include/uapi/linux/seccomp.h.
namespace filter_flag {
inline constexpr std::uint32_t tsync = 1, log = 2, spec_allow = 4, new_listener = 8, tsync_esrch = 16,
                               wait_killable_recv = 32;
inline constexpr std::uint32_t all = 63;
}  // namespace filter_flag

/// Facts that decide how a profile is compiled; a plain value, so that every decision can be tested on any machine.
struct kernel_facts {
  std::uint32_t flags = 0;  ///< the filter flags that the kernel takes
  bool operator==(const kernel_facts&) const = default;
};

/// The level that libseccomp would give this kernel (0 to 7), for messages that people look up.
[[nodiscard]] constexpr int api_level(const kernel_facts& kernel) noexcept {
  constexpr std::uint32_t steps[] = {filter_flag::tsync,       filter_flag::log,
                                     filter_flag::spec_allow,  filter_flag::new_listener,
                                     filter_flag::tsync_esrch, filter_flag::wait_killable_recv};
  int level = 1;
  for (const auto flag : steps) {
    if ((kernel.flags & flag) == 0) break;
    ++level;
  }
  return level;
}

namespace detail {
/// A kernel that knows the flags looks at the missing program next and says EFAULT.
[[nodiscard]] inline bool takes_flags(std::uint32_t flags) noexcept {
  constexpr unsigned set_mode_filter = 1;
  return sys::raw::seccomp(set_mode_filter, flags, nullptr) == -EFAULT;
}
}  // namespace detail

/// Asks the kernel: one system call on a current one, up to seven on an old one. Changes nothing.
/// Since: Linux 3.17; before that, and where an outer filter forbids seccomp(2), no flag is found.
[[nodiscard]] inline kernel_facts probe_kernel() noexcept {
  using namespace filter_flag;
  // TSYNC and NEW_LISTENER go together only with TSYNC_ESRCH, and WAIT_KILLABLE_RECV wants NEW_LISTENER.
  if (detail::takes_flags(all)) return {all};
  kernel_facts found;
  for (const auto flag : {tsync, log, spec_allow, new_listener})
    if (detail::takes_flags(flag)) found.flags |= flag;
  if (detail::takes_flags(tsync | new_listener | tsync_esrch)) found.flags |= tsync_esrch;
  if (detail::takes_flags(new_listener | wait_killable_recv)) found.flags |= wait_killable_recv;
  return found;
}

}  // namespace ocikit::seccomp
