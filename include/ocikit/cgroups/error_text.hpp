// SPDX-License-Identifier: Apache-2.0
//
// Errors on their way over the plugin boundary and back: nothing a caller branches on or a person reads gets lost.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include <ocikit/plugin/abi.h>
#include <ocikit/base/error.hpp>

namespace ocikit::cgroups::detail {

/// The message without what the C form carries apart: the errno's text and the pointer.
[[nodiscard]] inline std::string story(const error& e) {
  std::string text = e.message();
  const auto drop = [&](const std::string& tail) {
    if (text.ends_with(tail)) text.resize(text.size() - tail.size());
  };
  if (!e.where().empty()) drop(" (config.json#" + std::string{e.where()} + ")");
  if (e.code() != 0) drop(": " + errno_text(e.code()));
  if (e.code() != 0) drop(errno_text(e.code()));
  return text;
}

[[nodiscard]] inline std::uint32_t c_kind(errc kind) {
  switch (kind) {
    case errc::config:
      return OCIKIT_ERR_CONFIG;
    case errc::unsupported:
      return OCIKIT_ERR_UNSUPPORTED;
    case errc::system:
      return OCIKIT_ERR_SYSTEM;
    case errc::state:
      return OCIKIT_ERR_STATE;
    case errc::plugin:
      break;
  }
  return OCIKIT_ERR_PLUGIN;
}

[[nodiscard]] inline std::int32_t to_errbuf(const error& e, ocikit_errbuf* err) {
  return ocikit_fail(err, c_kind(e.kind()), e.code(), std::string{e.where()}.c_str(), story(e).c_str());
}

/// A C string in a fixed array that a plugin may have filled to the brim.
template <std::size_t Size>
[[nodiscard]] std::string bounded(const char (&text)[Size]) {
  return {text, static_cast<std::size_t>(std::find(text, text + Size, '\0') - text)};
}

/// What the plugin said, with control characters made harmless: it goes to terminals and logs.
[[nodiscard]] inline error from_errbuf(const ocikit_errbuf& err, std::int32_t returned) {
  std::string text = bounded(err.text);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  const int code = err.code != 0 || returned == -1 ? err.code : -returned;
  const auto plain = [&] { return text.empty() ? std::string{"the plugin gave no reason"} : text; };
  const auto made = [&]() -> error {
    switch (err.kind) {
      case OCIKIT_ERR_CONFIG:
        return error::config("", plain());
      case OCIKIT_ERR_UNSUPPORTED:
        return error::unsupported(plain());
      case OCIKIT_ERR_STATE:
        return error::state(plain());
      case OCIKIT_ERR_SYSTEM:
        return error::from_errno(code, text);
      default:
        break;
    }
    if (err.kind == 0 && code != 0) return error::from_errno(code, text);
    return error::plugin(plain());
  };
  return made().at(bounded(err.pointer));
}

}  // namespace ocikit::cgroups::detail
