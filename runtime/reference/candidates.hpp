// SPDX-License-Identifier: Apache-2.0
//
// What the tables say of the words that may stand at a place of the command line.
#pragma once

#include <string_view>
#include <vector>

#include "command.hpp"

namespace ocikit::runtime::reference {

enum class candidate_kind { unknown, files, directories, containers, words };

struct candidates {
  candidate_kind kind = candidate_kind::unknown;
  std::vector<std::string_view> words = {};
  bool operator==(const candidates&) const = default;
};

/// Those for the value of an option that takes one. Pure.
[[nodiscard]] candidates value_candidates(const option& row);

/// Those for the positional arguments, as far as they are known. Pure.
[[nodiscard]] std::vector<candidates> argument_candidates(const command& what);

}  // namespace ocikit::runtime::reference
