// SPDX-License-Identifier: Apache-2.0
//
// Texts that the completion scripts of several shells are made with.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ocikit::runtime::reference {

/// `text` with every `what` in it replaced. Pure.
[[nodiscard]] inline std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

/// The words with `separator` between them. Pure.
[[nodiscard]] inline std::string joined(std::span<const std::string_view> words, std::string_view separator) {
  std::string out;
  for (const std::string_view word : words) (out += out.empty() ? "" : separator) += word;
  return out;
}

}  // namespace ocikit::runtime::reference
