// SPDX-License-Identifier: Apache-2.0
//
// Completion scripts: each shell's skeleton, with the tables in its words for @COMMANDS@, @OPTIONS@ and @ARGUMENTS@.
#pragma once

#include <string>
#include <string_view>

namespace ocikit::runtime::reference {

/// `skeleton` is ocirun.bash.in. Pure.
[[nodiscard]] std::string bash_completion(std::string_view skeleton);

/// `skeleton` is ocirun.zsh.in. Pure.
[[nodiscard]] std::string zsh_completion(std::string_view skeleton);

/// `skeleton` is ocirun.fish.in. Pure.
[[nodiscard]] std::string fish_completion(std::string_view skeleton);

}  // namespace ocikit::runtime::reference
