// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/lsm/steps.hpp>
#include <ocikit/sys/procfs.hpp>
#include <ocikit/sys/raw.hpp>

namespace ocikit::lsm {

/// `procfs` is the root of a trusted procfs: one that the container cannot mount anything in.
///
/// Errors: EXDEV when something covers the file all the same; ENOENT for a profile that is not loaded, or where the
/// kernel has no such file; EINVAL for a label that its policy does not know.
/// Since: Linux 3.17 (thread-self), 5.8 (a directory for each module).
[[nodiscard]] inline sys::raw::outcome execute(const write_attribute& s, int procfs) noexcept {
  return sys::raw::write_below_procfs(procfs, s.path.c_str(), s.text.c_str(), s.text.size());
}

}  // namespace ocikit::lsm
