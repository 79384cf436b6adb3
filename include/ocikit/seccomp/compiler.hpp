// SPDX-License-Identifier: Apache-2.0
//
// What stands between a checked profile and BPF: the request that a compiler gets, and what it gives back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/seccomp/architectures.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::seccomp {

/// An index into one of the profile's lists, for error pointers; `no_entry` where the profile does not name the thing.
using entry_index = std::uint32_t;
inline constexpr entry_index no_entry = UINT32_MAX;

/// `arguments[index] op value`; for masked_eq, `(arguments[index] & value) == value_two`.
struct condition {
  std::uint32_t index = 0;
  spec::seccomp_operator op = spec::seccomp_operator::eq;
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
  bool operator==(const condition&) const = default;
};

/// A system call by name, what happens to it, and when. No condition: always; several: when all hold.
struct rule {
  zstring_view name;             ///< borrowed from the profile
  std::uint32_t action = 0;      ///< SECCOMP_RET_ value with its data
  entry_index entry = no_entry;  ///< in /linux/seccomp/syscalls
  std::vector<condition> conditions;
  bool operator==(const rule&) const = default;
};

struct wanted_arch {
  arch_token token = 0;
  entry_index entry = no_entry;  ///< in /linux/seccomp/architectures
  bool operator==(const wanted_arch&) const = default;
};

/// A profile flattened: no duplicate architectures, no rule that repeats the default action.
struct request {
  std::uint32_t default_action = 0;
  std::vector<wanted_arch> architectures;
  std::vector<rule> rules;
  /// Names that the profile mentions but that need no rule; they count when the newest known call is looked for.
  std::vector<zstring_view> also_mentioned;
  bool operator==(const request&) const = default;
};

/// What a compiler makes of a request.
struct assembled {
  std::vector<std::byte> program;  ///< struct sock_filter, one after the other
  /// For each of the request's architectures the greatest number of a mentioned call, -1 when it has none of them.
  std::vector<std::int64_t> newest;
  std::vector<std::string> unknown;   ///< mentioned names that the compiler does not know
  std::vector<std::string> warnings;  ///< one line each, for the log
  std::vector<std::string> files;     ///< absolute paths of what else the result depends on, e.g. a shared library
};

/// Turns requests into BPF. One virtual function: the seam for plugins and for tests.
class compiler {
 public:
  compiler() = default;
  compiler(const compiler&) = delete;
  compiler& operator=(const compiler&) = delete;
  virtual ~compiler() = default;

  /// Names the compiler does not know are collected, not refused.
  /// Errors: config (an architecture or rule that cannot be expressed), unsupported, system, plugin.
  [[nodiscard]] virtual result<assembled> assemble(const request& wanted) = 0;
};

}  // namespace ocikit::seccomp
