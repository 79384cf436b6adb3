// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command_line.hpp"
#include "option.hpp"

namespace ocikit::runtime {

/// The options in front of the command's name.
inline constexpr option global_options[] = {
    {"debug", "", option_kind::flag, "", "", "log more, and with each entry its place in the source"},
    {"log", "", option_kind::text, "FILE", "", "append log entries to this file (default: standard error)"},
    {"log-format", "", option_kind::text, "FORMAT", "text", "how to write log entries: `text` or `json`"},
    {"root", "", option_kind::text, "DIR", "/run/ocirun",
     "the directory that keeps the containers' state; without root privileges the default is "
     "$XDG_RUNTIME_DIR/ocirun"},
    {"systemd-cgroup", "", option_kind::flag, "", "",
     "let systemd make cgroups; cgroupsPath is then `slice:prefix:name`"},
    {"rootless", "", option_kind::tristate, "BOOL", "auto", "put up with missing permissions for cgroups"},
    {"cgroup-manager", "", option_kind::text, "NAME", "", "the cgroup plugin to use (default: what the host suggests)"},
    {"plugin-dir", "", option_kind::texts, "DIR", "", "a further directory to look for plugins in; repeatable"},
    {"trace", "", option_kind::text, "FILE", "",
     "write what took how long to this file, for ui.perfetto.dev; `-` is a text on standard error"},
    {"version", "v", option_kind::flag, "", "", "print the version"},
};

/// What of the host the global options' defaults depend on.
struct caller {
  std::string_view program;          ///< see `globals::program`
  std::string_view xdg_runtime_dir;  ///< $XDG_RUNTIME_DIR; empty: not set
  std::string_view user;             ///< $USER
  uid_t euid = 0;
  bool in_user_namespace = false;
  std::string cwd;  ///< absolute
};

/// The host as this process sees it.
[[nodiscard]] caller read_caller(std::string_view program);

/// Checks the global options and fills in the defaults. Pure. Errors: config.
[[nodiscard]] result<globals> decide_globals(const option_values& given, const caller& who);

/// True when state goes below $XDG_RUNTIME_DIR unless --root says otherwise. Pure.
[[nodiscard]] bool state_is_below_runtime_dir(const caller& who);

/// Makes the default root below $XDG_RUNTIME_DIR: mode 0700, and sticky, so that systemd-tmpfiles leaves it alone.
/// Errors: system.
[[nodiscard]] result<void> make_rootless_root(const std::string& root);

}  // namespace ocikit::runtime
