// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>

namespace ocikit::container {

/// The name of a container. One that exists is safe as the name of a file: it has no `/`, no NUL, and is neither `.`
/// nor `..`.
class container_id {
 public:
  static constexpr std::size_t longest = 1024;

  /// `text` as an id: letters, digits and `_+.-`, at most `longest` bytes. The messages are runc's.
  /// Errors: config.
  [[nodiscard]] static result<container_id> parse(std::string_view text) {
    if (text.empty()) return tl::unexpected(error::config("", "container id cannot be empty"));
    if (text.size() > longest || text == "." || text == ".." || !std::ranges::all_of(text, is_allowed))
      return tl::unexpected(error::config("", "invalid container ID format"));
    return container_id{std::string{text}};
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  friend bool operator==(const container_id&, const container_id&) = default;

 private:
  explicit container_id(std::string text) : text_{std::move(text)} {}

  static constexpr bool is_allowed(char c) noexcept {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '.' || c == '-';
  }

  std::string text_;
};

}  // namespace ocikit::container
