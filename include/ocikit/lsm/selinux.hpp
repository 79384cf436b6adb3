// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/lsm/labels.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::lsm {

/// SELinux: labels are security contexts, `user:role:type:level`. A program's is also that of its session keyring.
///
/// Whether the policy knows a context, the kernel says when it is written.
/// See: selinux(8), proc_pid_attr(5), mount(8) "context="; config.md of the runtime-spec, "selinuxLabel".
class selinux final : public security_module {
 public:
  static constexpr std::string_view process_pointer = "/process/selinuxLabel";
  static constexpr std::string_view mount_pointer = "/linux/mountLabel";

  selinux() = default;
  /// With another directory for /proc.
  explicit selinux(std::string procfs) : procfs_{std::move(procfs)} {}

  [[nodiscard]] result<labels> translate(const request& wanted) override {
    labels out;
    OCIKIT_TRY(check(wanted.process_label, process_pointer, "selinux label"));
    OCIKIT_TRY(check(wanted.mount_label, mount_pointer, "selinux mount label"));
    if (!wanted.process_label.empty()) {
      out.program = {"exec", wanted.process_label, "can't set process label"};
      out.keyring = {"keycreate", wanted.process_label, "can't set the label of the session keyring"};
    }
    // In quotes, since a level may hold commas, which separate options.
    if (!wanted.mount_label.empty()) out.mount_option = "context=\"" + wanted.mount_label + '"';
    return out;
  }

 private:
  [[nodiscard]] result<void> check(const std::string& label, std::string_view pointer, const char* what) const {
    if (label.empty()) return {};
    OCIKIT_TRY(check_label(label, pointer));
    if (label.find('"') != std::string::npos)
      return tl::unexpected(error::config(std::string{pointer}, "a label with a quotation mark"));
    if (enabled()) return {};
    return tl::unexpected(
        error::unsupported(what + std::string{" is specified in config, but selinux is disabled or not supported"})
            .at(std::string{pointer}));
  }

  /// The kernel names its file system when it was booted with the module, and itself `kernel` until it has a policy.
  [[nodiscard]] bool enabled() const {
    constexpr std::size_t longest = std::size_t{1} << 20;
    const auto systems = sys::read_file(sys::at_fdcwd, procfs_ + "/filesystems", longest);
    if (!systems || systems->find("\tselinuxfs\n") == std::string::npos) return false;
    const auto own = sys::read_file(sys::at_fdcwd, procfs_ + "/thread-self/attr/current", longest);
    return own && !own->empty() && own->c_str() != std::string_view{"kernel"};
  }

  std::string procfs_ = "/proc";
};

}  // namespace ocikit::lsm
