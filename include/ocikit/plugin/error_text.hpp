// SPDX-License-Identifier: Apache-2.0
//
// Errors on their way over the plugin boundary and back: what a caller branches on and what a person reads arrives,
// each part once.
#pragma once

#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include <ocikit/plugin/abi.h>
#include <ocikit/base/error.hpp>

namespace ocikit::plugin {

/// An empty error buffer, for the host to pass.
[[nodiscard]] inline ocikit_errbuf fresh_errbuf() noexcept {
  ocikit_errbuf err{};
  err.head = OCIKIT_HEAD(ocikit_errbuf);
  return err;
}

namespace detail {

/// `message()` ends with the errno's text and the pointer; the host adds both again from fields of their own.
[[nodiscard]] inline std::string story_of(const error& why) {
  std::string text = why.message();
  const auto drop = [&](const std::string& tail) {
    if (text.ends_with(tail)) text.resize(text.size() - tail.size());
  };
  if (!why.where().empty()) drop(" (config.json#" + std::string{why.where()} + ")");
  if (why.code() == 0) return text;
  drop(": " + errno_text(why.code()));
  drop(errno_text(why.code()));  // which is all there is to tell
  return text;
}

[[nodiscard]] constexpr std::uint32_t kind_to_c(errc kind) noexcept {
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

/// A string in an array that a plugin may have filled to the brim, on one line: it goes to terminals and logs.
template <std::size_t Size>
[[nodiscard]] std::string line_in(const char (&array)[Size]) {
  std::string text{array, std::find(array, array + Size, '\0')};
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

}  // namespace detail

/// For plugins in C++: fills `err` (may be null) and returns what the function should return.
[[nodiscard]] inline std::int32_t to_errbuf(const error& why, ocikit_errbuf* err) {
  return ocikit_fail(err, detail::kind_to_c(why.kind()), why.code(), std::string{why.where()}.c_str(),
                     detail::story_of(why).c_str());
}

/// For plugins in C++: returns what `body` returns. An exception becomes an error; none may cross the boundary.
template <class Body>
[[nodiscard]] std::int32_t guarded(ocikit_errbuf* err, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return ocikit_fail(err, OCIKIT_ERR_SYSTEM, ENOMEM, "", "");
  } catch (const std::exception& thrown) {
    return ocikit_fail(err, OCIKIT_ERR_PLUGIN, 0, "", thrown.what());
  } catch (...) {
    return ocikit_fail(err, OCIKIT_ERR_PLUGIN, 0, "", "the plugin threw something that is no std::exception");
  }
}

/// For hosts: the error that a plugin's function reported when it returned `returned`, a negative errno.
[[nodiscard]] inline error from_errbuf(const ocikit_errbuf& err, std::int32_t returned) {
  std::string text = detail::line_in(err.text);
  const std::string pointer = detail::line_in(err.pointer);
  if (text.empty() && err.code == 0) text = "the plugin gave no reason";
  switch (err.kind) {
    case OCIKIT_ERR_CONFIG:
      return error::config(pointer, std::move(text));
    case OCIKIT_ERR_UNSUPPORTED:
      return error::unsupported(std::move(text)).at(pointer);
    case OCIKIT_ERR_STATE:
      return error::state(std::move(text)).at(pointer);
    case OCIKIT_ERR_SYSTEM:
      return error::from_errno(err.code != 0 ? err.code : -returned, std::move(text)).at(pointer);
    default:
      break;
  }
  if (err.kind == 0 && err.code != 0) return error::from_errno(err.code, std::move(text)).at(pointer);
  return error::plugin(std::move(text)).at(pointer);
}

}  // namespace ocikit::plugin
