// SPDX-License-Identifier: Apache-2.0
//
// Cgroups below a container's own, as `exec --cgroup` names them. Pure.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/cgroups/driver.hpp>
#include <ocikit/cgroups/location.hpp>

namespace ocikit::cgroups {

/// A path below the container's cgroup, for one controller or, with an empty one, for all.
struct sub_cgroup {
  std::string controller;
  std::string path;
  bool operator==(const sub_cgroup&) const = default;
};

/// Reads `PATH`, or any number of `CONTROLLER[,CONTROLLER...]:PATH`. Errors: config, in runc's words.
[[nodiscard]] inline result<std::vector<sub_cgroup>> parse_sub_cgroups(std::span<const zstring_view> arguments) {
  std::vector<sub_cgroup> out;
  for (const std::string_view argument : arguments) {
    const auto invalid = [&](const char* why) {
      return tl::unexpected(
          error::config("", "invalid --cgroup argument: " + std::string{argument.substr(0, 256)} + why));
    };
    const auto colon = argument.find(':');
    if (colon == std::string_view::npos && arguments.size() > 1) return invalid(" (missing <controller>: prefix)");
    if (colon == 0) return invalid(" (empty <controller> prefix)");
    const std::string path{colon == std::string_view::npos ? argument : argument.substr(colon + 1)};
    std::string_view names = colon == std::string_view::npos ? std::string_view{} : argument.substr(0, colon);
    do {
      const std::string_view name = names.substr(0, names.find(','));
      names.remove_prefix(std::min(name.size() + 1, names.size()));
      if (name.empty() && colon != std::string_view::npos) return invalid(" (empty <controller> prefix)");
      if (std::ranges::find(out, name, &sub_cgroup::controller) != out.end())
        return tl::unexpected(error::config(
            "", "invalid --cgroup argument(s): controller " + std::string{name} + " specified multiple times"));
      out.push_back({std::string{name}, path});
    } while (!names.empty());
  }
  return out;
}

namespace detail {

/// Whether following `path` from a directory leads out of it, at any point.
[[nodiscard]] inline bool leads_out(std::string_view path) {
  int depth = 0;
  while (!path.empty()) {
    const auto name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    if (name.empty() || name == ".") continue;
    depth += name == ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

}  // namespace detail

/// The places in `own`, the container's as `driver::paths` tells them, that `wanted` means. Controllers that share a
/// hierarchy share its place. The unified hierarchy of a hybrid host stays as it is.
/// Errors: config, for a path that leads out of the container's cgroup and for a controller that it has not.
[[nodiscard]] inline result<path_map> sub_cgroup_paths(const path_map& own, std::span<const sub_cgroup> wanted) {
  path_map out = own;
  for (const sub_cgroup& one : wanted) {
    if (detail::leads_out(one.path))
      return tl::unexpected(error::config("", "bad sub cgroup path: " + one.path.substr(0, 256)));
    OCIKIT_TRY(check_cgroups_path(one.path).map_error([](error e) { return std::move(e).within("--cgroup").at(""); }));
    const auto asked = std::ranges::find(own, one.controller, &path_map::value_type::first);
    if (!one.controller.empty() && asked == own.end())
      return tl::unexpected(
          error::config("", "unknown controller " + one.controller.substr(0, 256) + " in SubCgroupPaths"));
    for (std::size_t i = 0; i < own.size(); ++i) {
      const bool hybrid = own.size() > 1 && own[i].first.empty();
      const bool meant = one.controller.empty() ? !hybrid : own[i].second == asked->second;
      if (meant) out[i].second = "/" + joined(clean_path(own[i].second), clean_path(one.path));
    }
  }
  return out;
}

}  // namespace ocikit::cgroups
