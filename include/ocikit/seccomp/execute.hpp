// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <ocikit/seccomp/steps.hpp>
#include <ocikit/sys/raw.hpp>

namespace ocikit::seccomp {

/// Loads the filter: prctl(2) without flags, else seccomp(2). Yields the notify descriptor (close-on-exec) with
/// NEW_LISTENER, else 0. The caller has set no_new_privs or holds CAP_SYS_ADMIN in its user namespace.
///
/// Errors: EINVAL for a program that is empty, not whole instructions or longer than BPF_MAXINSNS; EACCES without the
/// privilege; EBUSY when a listener is there already; ESRCH with TSYNC.
/// Since: Linux 3.5 (prctl), 3.17 (seccomp), 5.0 (NEW_LISTENER). See: seccomp(2), seccomp_unotify(2).
[[nodiscard]] inline sys::raw::outcome execute(const load_filter& step) noexcept {
  const auto count = step.program.size() / sizeof(struct ::sock_filter);
  if (count == 0 || count > BPF_MAXINSNS || step.program.size() % sizeof(struct ::sock_filter) != 0) return -EINVAL;
  // The kernel copies the instructions and does not mind their alignment; its struct forgot the const.
  void* instructions = const_cast<std::byte*>(step.program.data());
  const struct ::sock_fprog program = {static_cast<unsigned short>(count),
                                       static_cast<struct ::sock_filter*>(instructions)};
  if (step.flags != 0) return sys::raw::seccomp(SECCOMP_SET_MODE_FILTER, step.flags, &program);
  return sys::raw::call(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

}  // namespace ocikit::seccomp
