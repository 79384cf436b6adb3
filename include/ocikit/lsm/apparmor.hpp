// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>

#include <string>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/lsm/labels.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::lsm {

/// AppArmor: process labels are names of loaded profiles, or `unconfined`. Keyrings and mounts have no label of its.
///
/// A profile is given by `exec NAME` in a file of its own, or on kernels before 5.8 in the one that modules share.
/// Whether the profile is loaded, the kernel says when that is written.
/// See: the kernel's admin-guide/LSM/apparmor.rst, aa_change_onexec(2).
class apparmor final : public security_module {
 public:
  static constexpr std::string_view pointer = "/process/apparmorProfile";

  apparmor() = default;
  /// With other directories for /sys and /proc.
  apparmor(std::string sysfs, std::string procfs) : sysfs_{std::move(sysfs)}, procfs_{std::move(procfs)} {}

  [[nodiscard]] result<labels> translate(const request& wanted) override {
    labels out;
    if (!wanted.mount_label.empty())
      return tl::unexpected(error::unsupported("AppArmor knows no labels of mounts").at("/linux/mountLabel"));
    if (wanted.process_label.empty()) return out;
    OCIKIT_TRY(check_label(wanted.process_label, pointer));
    if (!enabled())
      return tl::unexpected(
          error::unsupported("apparmor failed to apply profile: apparmor is disabled or not supported")
              .at(std::string{pointer}));
    out.program.file = has_own_files() ? "apparmor/exec" : "exec";
    out.program.text = "exec " + wanted.process_label;
    out.program.failure = "unable to apply apparmor profile: apparmor failed to apply profile";
    return out;
  }

 private:
  [[nodiscard]] bool enabled() const {
    const auto answer = sys::read_file(sys::at_fdcwd, sysfs_ + "/module/apparmor/parameters/enabled", 4096);
    return answer && answer->starts_with('Y');
  }

  [[nodiscard]] bool has_own_files() const {
    return sys::openat(sys::at_fdcwd, procfs_ + "/thread-self/attr/apparmor/exec", O_PATH).has_value();
  }

  std::string sysfs_ = "/sys";
  std::string procfs_ = "/proc";
};

}  // namespace ocikit::lsm
