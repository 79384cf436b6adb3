// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <ocikit/base/zstring_view.hpp>

namespace ocikit::runtime {

/// What an option takes, and what happens when it is repeated.
enum class option_kind {
  flag,      ///< nothing, or `=BOOL`; the last one counts
  text,      ///< one string; the last one counts
  texts,     ///< one string each time; all of them count, commas are part of the string
  number,    ///< one whole number (also 0x, 0o, 0b); the last one counts
  numbers,   ///< one decimal number each time; all of them count
  duration,  ///< a length of time in Go's spelling such as `1m30s`; the last one counts
  tristate,  ///< `true`, `false` or `auto`; the last one counts
};

/// One row of a command's option table. Help, man pages and shell completions are made from these rows, so what an
/// option does is said here and nowhere else.
struct option {
  std::string_view name;        ///< without dashes
  std::string_view short_name;  ///< one letter, or empty
  option_kind kind = option_kind::flag;
  /// Placeholder for the value in help. FILE, SOCKET and DIR are paths of the host, which shells complete.
  std::string_view value;
  zstring_view fallback;  ///< the value when not given, as text; empty: none, 0 or false
  std::string_view help;  ///< words in backquotes are the values of an option that takes no path
  bool hidden = false;    ///< accepted, but not shown
};

}  // namespace ocikit::runtime
