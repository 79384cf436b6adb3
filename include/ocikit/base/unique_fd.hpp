// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <utility>

namespace ocikit {

/// A descriptor somebody else owns. Cheap to copy, never closes.
class fd_view {
 public:
  constexpr fd_view() noexcept = default;
  constexpr explicit fd_view(int number) noexcept : number_{number} {}
  [[nodiscard]] constexpr int get() const noexcept { return number_; }
  constexpr explicit operator bool() const noexcept { return number_ >= 0; }
  friend constexpr bool operator==(fd_view, fd_view) noexcept = default;

 private:
  int number_ = -1;
};

/// Spells out that a bare number becomes owned: `unique_fd{adopt_fd, n}`.
struct adopt_fd_t {};
inline constexpr adopt_fd_t adopt_fd;

/// Owns a descriptor and closes it once. close(2) is never retried: on Linux the number is free even after EINTR.
class unique_fd {
 public:
  unique_fd() noexcept = default;
  unique_fd(adopt_fd_t, int number) noexcept : number_{number} {}
  unique_fd(unique_fd&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    unique_fd taken{std::move(other)};
    std::swap(number_, taken.number_);
    return *this;
  }
  ~unique_fd() { reset(); }

  [[nodiscard]] fd_view view() const noexcept { return fd_view{number_}; }
  [[nodiscard]] int get() const noexcept { return number_; }
  /// Gives the number away without closing it.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  void reset() noexcept {
    if (number_ >= 0) (void)::close(std::exchange(number_, -1));
  }
  explicit operator bool() const noexcept { return number_ >= 0; }
  operator fd_view() const noexcept { return view(); }  // NOLINT(google-explicit-constructor): borrowing is harmless

 private:
  int number_ = -1;
};

}  // namespace ocikit
