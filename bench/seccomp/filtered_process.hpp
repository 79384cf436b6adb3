// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/seccomp/compile.hpp>

namespace seccomp_bench {

/// A system call that is allowed by an engine's profile.
enum class probe {
  getppid,      ///< whatever its arguments: since Linux 5.11 the kernel remembers that and does not run the filter
  personality,  ///< only with certain arguments: the filter runs each time
};

/// Seconds of processor time that `calls` calls take in a new process, behind `filter` (null: behind none). A filter
/// stays for the life of a process, therefore a new one each time. Throws when the process cannot be made or ends
/// badly.
double seconds_for(probe what, long calls, const ocikit::seccomp::compiled_filter* filter);

}  // namespace seccomp_bench
