// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cctype>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace ocikit {

/// What a caller may branch on. Everything else is for people and lives in the message.
enum class errc {
  config,       ///< a value of config.json or of the command line cannot be honoured
  unsupported,  ///< this kernel, or this build, cannot do what was asked
  system,       ///< a system call failed; `code()` is its errno
  state,        ///< the container is not in a state that allows the operation, or does not exist
  plugin,       ///< a plugin is missing, refused or misbehaved
};

/// The kernel's text for an errno value, in lower case as engines match on it: `no such file or directory`.
[[nodiscard]] inline std::string errno_text(int code) {
  const char* known = ::strerrordesc_np(code);  // strerror(3) would follow the locale
  std::string text = known != nullptr ? known : "errno " + std::to_string(code);
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0)
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

/// The one error type: a kind to branch on, an errno, the place in config.json, and the story for people.
class [[nodiscard]] error {
 public:
  /// A failed system call. `call` shows every argument: `mkdirat(7</run/c1>, "proc", 0755)`.
  static error from_errno(int code, std::string call) { return error{errc::system, std::move(call), code}; }

  /// A value that cannot be honoured. `pointer` is its RFC 6901 JSON pointer in config.json, empty when it has none.
  static error config(std::string pointer, std::string why) {
    error made{errc::config, std::move(why), 0};
    made.where_ = std::move(pointer);
    return made;
  }

  /// Something this kernel or build cannot do.
  static error unsupported(std::string what) { return error{errc::unsupported, std::move(what), 0}; }
  /// The container's state forbids the operation, or there is no such container.
  static error state(std::string what) { return error{errc::state, std::move(what), 0}; }
  /// A plugin could not be used.
  static error plugin(std::string what) { return error{errc::plugin, std::move(what), 0}; }

  /// Adds what we were trying to do; the outermost intention reads first in `message()`.
  error within(std::string doing) && {
    doing_.push_back(std::move(doing));
    return std::move(*this);
  }

  /// Names the config value that asked for this, unless a deeper layer already did.
  error at(std::string_view pointer) && {
    if (where_.empty()) where_ = pointer;
    return std::move(*this);
  }

  [[nodiscard]] errc kind() const noexcept { return kind_; }
  /// The errno of the failed call; 0 for kinds other than `system`.
  [[nodiscard]] int code() const noexcept { return code_; }
  /// The JSON pointer of the config value at fault; empty when none is known.
  [[nodiscard]] std::string_view where() const noexcept { return where_; }

  /// One line: intentions, the call, the errno's text.
  [[nodiscard]] std::string story() const {
    std::string out;
    for (auto it = doing_.rbegin(); it != doing_.rend(); ++it) out += *it + ": ";
    out += what_;
    if (code_ != 0) out += (what_.empty() ? "" : ": ") + errno_text(code_);
    return out;
  }

  /// The same and, behind it, the place in config.json.
  [[nodiscard]] std::string message() const {
    return where_.empty() ? story() : story() + " (config.json#" + where_ + ")";
  }

 private:
  error(errc kind, std::string what, int code) : kind_{kind}, code_{code}, what_{std::move(what)} {}

  errc kind_;
  int code_;
  std::string what_;
  std::string where_;
  std::vector<std::string> doing_;
};

template <class T>
using result = tl::expected<T, error>;

namespace detail {
template <class T>
T unwrap(result<T>&& ok) {
  if constexpr (!std::is_void_v<T>) return *std::move(ok);
}
}  // namespace detail

}  // namespace ocikit

#define OCIKIT_DETAIL_JOIN2(a, b) a##b
#define OCIKIT_DETAIL_JOIN(a, b) OCIKIT_DETAIL_JOIN2(a, b)
#define OCIKIT_DETAIL_TRY(tried, ...)                                \
  __extension__({                                                    \
    auto tried = (__VA_ARGS__);                                      \
    if (!(tried)) return ::tl::unexpected(std::move(tried).error()); \
    ::ocikit::detail::unwrap(std::move(tried));                      \
  })

/// Evaluates to the value of a `result`, or returns its error from the enclosing function.
/// `auto fd = OCIKIT_TRY(open_root(path));` and `OCIKIT_TRY(write_all(fd, text));` both work, nested too.
#define OCIKIT_TRY(...) OCIKIT_DETAIL_TRY(OCIKIT_DETAIL_JOIN(ocikit_tried_, __COUNTER__), __VA_ARGS__)
