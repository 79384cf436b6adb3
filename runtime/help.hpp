// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "command.hpp"

namespace ocikit::runtime {

/// What every command and the program itself take besides their tables.
inline constexpr option help_option{"help", "h", option_kind::flag, "", "", "show help"};
/// The purpose of `help`, which is not among the commands.
inline constexpr std::string_view help_purpose = "list the commands, or show the help of one";

/// The command called `name`, or null.
[[nodiscard]] const command* find_command(std::string_view name) noexcept;

/// The help of the whole program, made from the tables. Pure.
[[nodiscard]] std::string program_help(std::string_view program);

/// The help of one command, made from its table. Pure.
[[nodiscard]] std::string command_help(const command& what, std::string_view program);

/// What `--version` prints. Pure.
[[nodiscard]] std::string version_text(std::string_view program);

}  // namespace ocikit::runtime
