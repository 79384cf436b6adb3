// SPDX-License-Identifier: Apache-2.0
//
// The one step of this domain. Plain data: no allocation, nothing of the C++ runtime, fit for the container's init.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>

#include <ocikit/base/members.hpp>

namespace ocikit::seccomp {

/// Puts a filter on the calling thread and its future children, for good.
struct load_filter {
  std::span<const std::byte> program;  ///< struct sock_filter, one after the other, in the host's byte order
  std::uint32_t flags = 0;             ///< SECCOMP_FILTER_FLAG_ bits
  bool notify = false;                 ///< `flags` holds NEW_LISTENER: the step yields the notify descriptor

  static constexpr std::string_view name = "load a seccomp filter";
  static constexpr auto members =
      std::make_tuple(member{"program", &load_filter::program}, member{"flags", &load_filter::flags},
                      member{"notify", &load_filter::notify});
};

}  // namespace ocikit::seccomp
