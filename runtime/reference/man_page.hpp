// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "command.hpp"

namespace ocikit::runtime::reference {

/// ocirun(8). What stands in `prose` in front of its first heading describes the program; the sections behind it follow
/// the options. Pure.
[[nodiscard]] std::string program_page(std::string_view prose);

/// ocirun-COMMAND(8). What stands in `prose` in front of its first heading follows the table's description; the
/// sections behind it follow the options. Pure.
[[nodiscard]] std::string command_page(const command& what, std::string_view prose);

}  // namespace ocikit::runtime::reference
