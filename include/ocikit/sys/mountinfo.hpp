// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

namespace ocikit::sys {

/// The plain text of a field of /proc/PID/mountinfo, in which blanks, backslashes and newlines are `\040` and the like.
/// Pure. See: proc(5).
[[nodiscard]] inline std::string unescape_mount_field(std::string_view field) {
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\' || field.size() - i < 4) {
      out += field[i];
      continue;
    }
    out += static_cast<char>(std::strtol(std::string{field.substr(i + 1, 3)}.c_str(), nullptr, 8));
    i += 3;
  }
  return out;
}

}  // namespace ocikit::sys
