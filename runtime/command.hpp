// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <span>
#include <string_view>

#include <ocikit/base/error.hpp>

#include "option.hpp"

namespace ocikit::runtime {

class invocation;

/// No upper bound on the positional arguments.
inline constexpr int any_number = std::numeric_limits<int>::max();

/// One command of ocirun: plain constant data and one function. `{}` in texts stands for the program's name.
struct command {
  std::string_view name = {};
  std::string_view purpose = {};      ///< one line, lower case, no full stop
  std::string_view usage = {};        ///< the positional arguments: "<container-id> [signal]"
  std::string_view description = {};  ///< paragraphs, lines of at most 100 columns
  std::span<const option> options = {};
  int min_positionals = 0;
  int max_positionals = 0;
  /// The first positional ends option parsing, because the rest is somebody else's command line (exec, ps).
  bool stops_at_first_positional = false;
  /// Has to do with no container, so that the state directory is left alone.
  bool stateless = false;
  /// Put in front of an error's message: "{} run failed: ".
  std::string_view failure_prefix = {};
  /// The exit status when `run` returns an error.
  int failure_status = 1;
  /// Does the work; the value is the program's exit status.
  result<int> (*run)(const invocation&) = nullptr;
};

}  // namespace ocikit::runtime
