// SPDX-License-Identifier: Apache-2.0
//
// The command line's grammar and what it yields.
//
// Why not CLI11: engines write runc's command lines, and runc's grammar is that of Go's flag package, which a
// GNU-style parser cannot be configured to be. One dash means the same as two (`-no-subreaper`, which go-runc really
// sends, is not a cluster of ten letters), `-td` is the unknown option "td", a bool takes a value after `=` only, in
// Go's spellings, an option takes the next argument whatever it looks like, and the texts of usage errors are Go's. The
// parser below is that grammar and no more; it also needs no tables built at start-up.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/zstring_view.hpp>
#include <ocikit/sys/log.hpp>
#include <tl/expected.hpp>

#include "command.hpp"

namespace ocikit::runtime {

/// The options and positional arguments of one command line, borrowed from argv.
///
/// The accessors take an option's long name. Asking for a name that the table does not have, or for another kind, is a
/// mistake in the program and aborts.
class option_values {
 public:
  explicit option_values(std::span<const option> table) : table_{table} {}

  /// Was the option on the command line at all?
  [[nodiscard]] bool given(std::string_view name) const;
  /// A `flag`: false unless given, and not given as `=false`.
  [[nodiscard]] bool flag(std::string_view name) const;
  /// A `text`: the last one given, else the table's fallback.
  [[nodiscard]] zstring_view text(std::string_view name) const;
  /// A `texts`: all that were given, in order.
  [[nodiscard]] std::vector<zstring_view> texts(std::string_view name) const;
  /// A `number`: the last one given, else the table's fallback, else 0.
  [[nodiscard]] std::int64_t number(std::string_view name) const;
  /// A `numbers`: all that were given, in order.
  [[nodiscard]] std::vector<std::int64_t> numbers(std::string_view name) const;
  /// A `duration`: the last one given, else the table's fallback, else 0.
  [[nodiscard]] std::chrono::nanoseconds duration(std::string_view name) const;
  /// A `tristate`: nothing means `auto`.
  [[nodiscard]] std::optional<bool> tristate(std::string_view name) const;

  /// What is not an option, in order.
  std::vector<zstring_view> positionals;
  /// `-h` or `--help` was given.
  bool help = false;

 private:
  friend class option_reader;
  struct occurrence {
    const option* what;
    zstring_view value;  // for a flag without `=`: "true"
  };
  [[nodiscard]] const option& find(std::string_view name, option_kind kind) const;
  [[nodiscard]] const occurrence* last(const option& what) const;

  std::span<const option> table_;
  std::vector<occurrence> occurrences_;
};

/// A command line that cannot be understood; in Go's words, since people and scripts have seen those before.
struct usage_error {
  std::string message;
  /// The option was understood, its value was not.
  bool about_value = false;
};

/// Sorts `arguments` into options of `table` (and `help`, `h`) and positionals. Pure.
///
/// With `stop_at_first_positional` whatever follows the first positional is positional too.
[[nodiscard]] tl::expected<option_values, usage_error> parse_options(std::span<const option> table,
                                                                     std::span<const char* const> arguments,
                                                                     bool stop_at_first_positional);

/// The complaint about a wrong number of positional arguments, or nothing. Pure. `program` is argv[0].
[[nodiscard]] std::optional<std::string> positional_count_complaint(const command& what, std::size_t count,
                                                                    std::string_view program);

/// What Go's strconv.ParseBool makes of `text`.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

/// The options in front of the command's name, decided and checked.
struct globals {
  std::span<const char* const> command_line;  ///< all of argv, for whoever has to begin anew
  std::string_view program;  ///< what the program calls itself in messages: `ocirun`, or `runc` when started as that
  std::string root;          ///< the state directory, absolute and without `.`, `..` and doubled slashes
  bool root_given = false;   ///< `root` was asked for, it is not the default
  std::string log;           ///< the log file; empty: standard error
  sys::log_format log_format = sys::log_format::text;
  bool debug = false;
  bool systemd_cgroup = false;
  std::optional<bool> rootless;          ///< nothing: `auto`
  std::string cgroup_manager;            ///< a plugin's name; empty: the host decides
  std::vector<std::string> plugin_dirs;  ///< searched after the installed directory
};

/// Everything a command's `run` is told.
class invocation : public option_values {
 public:
  invocation(const command& which, option_values values, const runtime::globals& global, sys::logger& logger)
      : option_values{std::move(values)}, what{which}, globals{global}, log{logger} {}

  const command& what;
  const runtime::globals& globals;
  sys::logger& log;
};

}  // namespace ocikit::runtime
