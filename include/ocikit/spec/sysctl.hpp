// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Names of kernel parameters, which come as `net.ipv4.ip_forward` or as `net/ipv4/conf/eno2.100/rp_filter`.
namespace ocikit::spec {

/// The path of `name` below /proc/sys. The first separator decides: after a dot, dots separate and slashes are literal
/// dots; after a slash it is the other way round. Nothing for a name that has an empty component, `.` or `..`, so a
/// result never leaves /proc/sys. See: sysctl.d(5).
[[nodiscard]] inline std::optional<std::string> sysctl_path(std::string_view name) {
  std::string path{name};
  const auto first = name.find_first_of("./");
  if (first != std::string_view::npos && name[first] == '.')
    for (char& c : path) c = c == '.' ? '/' : c == '/' ? '.' : c;
  for (std::string_view rest = path;;) {
    const auto slash = rest.find('/');
    const auto component = rest.substr(0, slash);
    if (component.empty() || component == "." || component == "..") return std::nullopt;
    if (slash == std::string_view::npos) return path;
    rest = rest.substr(slash + 1);
  }
}

}  // namespace ocikit::spec
