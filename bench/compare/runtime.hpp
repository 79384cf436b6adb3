// SPDX-License-Identifier: Apache-2.0
//
// A container runtime under comparison, and its command line, which is the same for all.
#pragma once

#include <string>

#include "command.hpp"

namespace compare {

/// NAME=PATH of the command line.
struct runtime {
  std::string name;
  std::string path;
  std::string root;  ///< its --root

  [[nodiscard]] words with(words arguments) const {
    words out{path, "--root", root};
    out.insert(out.end(), arguments.begin(), arguments.end());
    return out;
  }
  [[nodiscard]] words run(const std::string& bundle, const std::string& id) const {
    return with({"run", "--bundle", bundle, id});
  }
  [[nodiscard]] words create(const std::string& bundle, const std::string& id, const std::string& pid_file) const {
    return with({"create", "--bundle", bundle, "--pid-file", pid_file, id});
  }
  [[nodiscard]] words start(const std::string& id) const { return with({"start", id}); }
  [[nodiscard]] words state(const std::string& id) const { return with({"state", id}); }
  [[nodiscard]] words exec(const std::string& id) const { return with({"exec", id, "/bin/true"}); }
  [[nodiscard]] words remove(const std::string& id) const { return with({"delete", "--force", id}); }
};

}  // namespace compare
