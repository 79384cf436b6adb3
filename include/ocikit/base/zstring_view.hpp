// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace ocikit {

/// A borrowed string that ends in NUL, so that it can be handed to the kernel without a copy.
/// Allocates nothing and needs no C++ runtime: fit for the container's init.
class zstring_view {
 public:
  constexpr zstring_view() noexcept = default;
  /// `text` must end in NUL.
  constexpr zstring_view(const char* text) noexcept  // NOLINT(google-explicit-constructor): as std::string_view
      : data_{text}, size_{std::char_traits<char>::length(text)} {}
  /// `text[size]` must be NUL.
  constexpr zstring_view(const char* text, std::size_t size) noexcept : data_{text}, size_{size} {}
  /// From std::string and whatever else promises a NUL behind its `size()` bytes.
  template <class String>
  requires requires(const String& s) {
    s.c_str();
    s.size();
  }
  constexpr zstring_view(const String& text) noexcept  // NOLINT(google-explicit-constructor)
      : data_{text.c_str()}, size_{text.size()} {}

  [[nodiscard]] constexpr const char* c_str() const noexcept { return data_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr char operator[](std::size_t i) const noexcept { return data_[i]; }
  constexpr operator std::string_view() const noexcept {  // NOLINT(google-explicit-constructor)
    return {data_, size_};
  }
  friend constexpr bool operator==(zstring_view a, zstring_view b) noexcept {
    return std::string_view{a} == std::string_view{b};
  }

 private:
  const char* data_ = "";
  std::size_t size_ = 0;
};

}  // namespace ocikit
