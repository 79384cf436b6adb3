// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/resctrl/facts.hpp>
#include <ocikit/spec/types.hpp>
#include <ocikit/spec/validate.hpp>

#include "command_line.hpp"

namespace ocikit::runtime {

/// A bundle: its directory and what its config.json says.
struct bundle {
  std::string directory;  ///< absolute
  std::string rootfs;     ///< absolute; not looked at yet
  spec::config config;
  std::vector<spec::warning> warnings;  ///< what runc would log and go on
  resctrl::facts resctrl;               ///< of the host; looked for only if the config asks for it
};

/// Enters the directory `path` (empty: stays) and reads and checks config.json there.
/// Errors: config, with the place in config.json; system.
[[nodiscard]] result<bundle> load_bundle(const invocation& call, zstring_view path,
                                         const spec::validation_facts& facts);

/// What validation must know of this host and of the caller.
[[nodiscard]] spec::validation_facts read_validation_facts(bool no_pivot, std::uint32_t last_capability);

/// Refuses a root file system that is missing, no directory, or reached through a link. Looks at the host.
[[nodiscard]] result<void> check_rootfs(const std::string& rootfs);

}  // namespace ocikit::runtime
