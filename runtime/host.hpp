// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "command_line.hpp"

namespace ocikit::runtime {

/// As the kernel noted it when the program was executed; nothing here changes it. No system call.
[[nodiscard]] uid_t effective_uid();

/// Whether the user namespace is the host's own, by the number that it has had since Linux 3.8. When in doubt, yes.
[[nodiscard]] bool in_initial_user_namespace();

/// Missing permissions for cgroups are bearable: as --rootless says, else without root's rights in the initial user
/// namespace. Looks at the host.
[[nodiscard]] bool is_rootless(const globals& options);

/// Where the host's proc and sysfs are mounted, the outermost last, for a start without pivot_root. Looks at the host.
[[nodiscard]] result<std::vector<std::string>> read_kernel_mounts();

}  // namespace ocikit::runtime
