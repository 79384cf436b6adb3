// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ocikit::init {

/// A text of bounded length, built without a heap. What does not fit is cut off.
template <std::size_t Size>
class bounded_text {
 public:
  bounded_text& operator<<(std::string_view text) noexcept {
    const std::size_t fits = text.size() < Size - used_ ? text.size() : Size - used_;
    std::memcpy(text_ + used_, text.data(), fits);
    used_ += fits;
    return *this;
  }
  bounded_text& operator<<(std::uint64_t number) noexcept {
    char digits[20];
    std::size_t at = sizeof digits;
    do digits[--at] = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    return *this << std::string_view{digits + at, sizeof digits - at};
  }
  [[nodiscard]] const char* data() const noexcept { return text_; }
  [[nodiscard]] std::size_t size() const noexcept { return used_; }
  [[nodiscard]] std::string_view view() const noexcept { return {text_, used_}; }

 private:
  char text_[Size]{};
  std::size_t used_ = 0;
};

/// The kernel's words for the errno values that starting a program ends in.
[[nodiscard]] inline std::string_view errno_words(int code) noexcept {
  switch (code) {
    case 1:
      return "operation not permitted";
    case 2:
      return "no such file or directory";
    case 5:
      return "input/output error";
    case 7:
      return "argument list too long";
    case 8:
      return "exec format error";
    case 12:
      return "cannot allocate memory";
    case 13:
      return "permission denied";
    case 20:
      return "not a directory";
    case 21:
      return "is a directory";
    case 26:
      return "text file busy";
    case 36:
      return "file name too long";
    case 38:
      return "function not implemented";
    case 40:
      return "too many levels of symbolic links";
    case 110:
      return "connection timed out";
    default:
      return {};
  }
}

}  // namespace ocikit::init
