// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>

#include <cstddef>
#include <span>
#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

namespace detail {
inline constexpr unsigned mfd_allow_sealing = 2, mfd_exec = 0x10;
inline constexpr int seal_all = 0x1f;   // F_SEAL_SEAL, SHRINK, GROW, WRITE, and FUTURE_WRITE
inline constexpr int seal_exec = 0x20;  // F_SEAL_EXEC
}  // namespace detail

/// A memfd that holds `bytes` and that nobody can change any more. Errors: system. See: memfd_create(2).
[[nodiscard]] inline result<unique_fd> sealed_memfd(zstring_view name, std::string_view bytes, bool executable) {
  const unsigned flags = detail::mfd_allow_sealing | (executable ? detail::mfd_exec : 0);
  auto fd = sys::memfd_create(name, flags);
  if (!fd && fd.error().code() == EINVAL) fd = sys::memfd_create(name, detail::mfd_allow_sealing);  // before Linux 6.3
  if (!fd) return tl::unexpected(std::move(fd).error());
  OCIKIT_TRY(sys::write_all(*fd, bytes));
  auto r = sys::raw::fcntl(fd->get(), F_ADD_SEALS, detail::seal_all | (executable ? detail::seal_exec : 0));
  if (r == -EINVAL)
    r = sys::raw::fcntl(fd->get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  if (sys::raw::failed(r))
    return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("fcntl", *fd, "F_ADD_SEALS")));
  return fd;
}

/// The program that the container's first process executes until its own: `image` from a sealed memfd, so that nothing
/// inside the container ever maps a file of the host's. Where vm.memfd_noexec forbids that, `installed`, an own copy on
/// disk, is opened instead. Errors: system.
[[nodiscard]] inline result<unique_fd> open_init(std::span<const std::byte> image, zstring_view installed) {
  // The name that tools which look for a protected runtime already know.
  constexpr zstring_view name = "runc_cloned:/proc/self/exe";
  auto fd = sealed_memfd(name, {reinterpret_cast<const char*>(image.data()), image.size()}, true);
  if (fd || fd.error().code() != EACCES || installed.empty()) return fd;
  return sys::openat(sys::at_fdcwd, installed, O_PATH | O_NOFOLLOW);
}

}  // namespace ocikit::container
