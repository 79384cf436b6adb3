// SPDX-License-Identifier: Apache-2.0
#include "host.hpp"

#include <sys/auxv.h>

#include <algorithm>
#include <string_view>

#include <ocikit/sys/call.hpp>
#include <ocikit/sys/mountinfo.hpp>

namespace ocikit::runtime {
bool in_initial_user_namespace() {
  constexpr std::uint64_t initial_user_namespace = 0xEFFFFFFD;  // PROC_USER_INIT_INO, stable ABI of nsfs
  struct ::statx found {};
  const auto r = sys::raw::statx(AT_FDCWD, "/proc/self/ns/user", 0, STATX_INO, found);
  return sys::raw::failed(r) || found.stx_ino == initial_user_namespace;
}

namespace {

/// The mount point of a line of mountinfo(5) that is a procfs or sysfs; else empty.
std::string kernel_mount_in(std::string_view line) {
  const std::size_t separator = line.find(" - ");
  if (separator == std::string_view::npos) return {};
  const std::string_view type = line.substr(separator + 3, line.find(' ', separator + 3) - separator - 3);
  if (type != "proc" && type != "sysfs") return {};
  for (int skipped = 0; skipped < 4; ++skipped) line.remove_prefix(line.find(' ') + 1);
  return sys::unescape_mount_field(line.substr(0, line.find(' ')));
}

}  // namespace

uid_t effective_uid() { return static_cast<uid_t>(::getauxval(AT_EUID)); }

bool is_rootless(const globals& options) {
  if (options.rootless) return *options.rootless;
  return effective_uid() != 0 || !in_initial_user_namespace();
}

result<std::vector<std::string>> read_kernel_mounts() {
  constexpr std::size_t largest = std::size_t{16} << 20;
  const std::string text = OCIKIT_TRY(sys::read_file(sys::at_fdcwd, "/proc/self/mountinfo", largest));
  std::vector<std::string> out;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (auto point = kernel_mount_in(rest.substr(0, end)); !point.empty()) out.push_back(std::move(point));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace ocikit::runtime
