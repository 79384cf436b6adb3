// SPDX-License-Identifier: Apache-2.0
//
// Runs a command and takes its measure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace compare {

using words = std::vector<std::string>;

/// What a command that has ended took.
struct measure {
  double milliseconds = 0;  ///< wall time, from the moment before it is spawned until it has been waited for
  long peak_kib = 0;        ///< the largest resident size among it and its children that it waited for
  int status = 0;           ///< 0, or why it is no success
};

/// A command that runs.
struct running {
  pid_t pid = -1;
  std::int64_t started = 0;
};

/// Starts it with /dev/null as its streams, but for what it says on stderr, which goes to `log`.
running spawn(const words& command, const std::string& log);
measure wait_for(const running& command);
inline measure run(const words& command, const std::string& log) { return wait_for(spawn(command, log)); }

/// Waits for whichever of `commands` ends first and takes it off the list.
measure wait_for_any(std::vector<running>& commands);

}  // namespace compare
