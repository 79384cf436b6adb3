// SPDX-License-Identifier: Apache-2.0
//
// What is compared. Each experiment takes the runtimes in alternation, so that what else the machine does meets all.
#pragma once

#include <string>
#include <vector>

#include "runtime.hpp"
#include "samples.hpp"

namespace compare {

/// What all experiments work with.
struct bench {
  std::vector<runtime> runtimes;
  std::string bundles;  ///< folder of bundles: minimal, engine, ...
  std::string work;     ///< folder for what lies about meanwhile
  std::string floor;    ///< the bare program; empty: not in this view
  int rounds;
};

/// `run`, for each profile.
void run(const bench& b, const std::string& profile, findings& to);
/// `create`, `start` and `delete`, one after the other.
void life(const bench& b, const std::string& profile, findings& to);
/// `exec` of /bin/true and `state`, of a container that sleeps.
void visits(const bench& b, findings& to);
/// `run` with as many others at once.
void parallel(const bench& b, int at_once, findings& to);
/// `run` while as many containers live.
void crowded(const bench& b, int alive, findings& to);
/// `run` of engine by a runtime that never saw its filter.
void cold_filter(const bench& b, findings& to);
/// System calls of `run`, of all processes; needs strace.
void system_calls(const bench& b, const std::string& profile, findings& to);
/// Peak memory of the runtime, and what a created container's first process and its cgroup take.
void memory(const bench& b, const std::string& profile, findings& to);
/// The smallest memory limit with which a container of `minimal` runs; needs the memory controller.
void smallest_limit(const bench& b, findings& to);

}  // namespace compare
