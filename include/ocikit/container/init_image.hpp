// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

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

/// A memfd that holds `parts`, one behind the other, and that nobody can change any more.
/// Errors: system. See: memfd_create(2).
[[nodiscard]] inline result<unique_fd> sealed_memfd(zstring_view name, std::array<std::string_view, 3> parts,
                                                    bool executable) {
  const unsigned flags = detail::mfd_allow_sealing | (executable ? detail::mfd_exec : 0);
  auto fd = sys::memfd_create(name, flags);
  if (!fd && fd.error().code() == EINVAL) fd = sys::memfd_create(name, detail::mfd_allow_sealing);  // before Linux 6.3
  if (!fd) return tl::unexpected(std::move(fd).error());
  OCIKIT_TRY(sys::write_all(*fd, parts));
  auto r = sys::raw::fcntl(fd->get(), F_ADD_SEALS, detail::seal_all | (executable ? detail::seal_exec : 0));
  if (r == -EINVAL)
    r = sys::raw::fcntl(fd->get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  if (sys::raw::failed(r))
    return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("fcntl", *fd, "F_ADD_SEALS")));
  return fd;
}

/// What the container's first process executes until its own program, and what it is to do there.
class init_image {
 public:
  /// `program` and, behind it, the encoded `plan` in a sealed memfd, so that nothing inside the container ever maps a
  /// file of the host's. Where vm.memfd_noexec forbids to execute that, `installed`, an own copy on disk, is opened
  /// instead, and the memfd has the plan alone. Errors: system.
  [[nodiscard]] static result<init_image> make(std::span<const std::byte> program, zstring_view installed,
                                               std::string_view plan) {
    init_image made;
    made.plan_size_ = plan.size();
    // It is mapped, so it begins where a page does.
    const auto page = static_cast<std::size_t>(::getpagesize());
    const std::string gap((page - program.size() % page) % page, '\0');
    made.plan_offset_ = program.size() + gap.size();
    const std::string_view text{reinterpret_cast<const char*>(program.data()), program.size()};
    // The name that tools which look for a protected runtime already know.
    auto both = sealed_memfd("runc_cloned:/proc/self/exe", {text, gap, plan}, true);
    if (both) {
      made.executable_ = *std::move(both);
      return made;
    }
    if (both.error().code() != EACCES || installed.empty()) return tl::unexpected(std::move(both).error());
    made.executable_ = OCIKIT_TRY(sys::openat(sys::at_fdcwd, installed, O_PATH | O_NOFOLLOW));
    made.plan_ = OCIKIT_TRY(sealed_memfd("ocikit:plan", {plan}, false));
    made.plan_offset_ = 0;
    return made;
  }

  [[nodiscard]] fd_view executable() const noexcept { return executable_; }
  /// Must be inherited by the init.
  [[nodiscard]] fd_view plan() const noexcept { return plan_ ? plan_ : executable_; }
  /// For the init's command line: `FD,OFFSET,SIZE`.
  [[nodiscard]] std::string plan_location() const {
    return std::to_string(plan().get()) + ',' + std::to_string(plan_offset_) + ',' + std::to_string(plan_size_);
  }

 private:
  unique_fd executable_;
  unique_fd plan_;  ///< only when it is not behind the program
  std::size_t plan_offset_ = 0;
  std::size_t plan_size_ = 0;
};

}  // namespace ocikit::container
