// SPDX-License-Identifier: Apache-2.0
//
// From a systemd driver's linux.cgroupsPath, `slice:prefix:name`, to a unit and the place of its cgroup. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/location.hpp>

namespace ocikit::cgroups {

/// A container's unit. See: systemd.unit(5), systemd.slice(5), systemd.scope(5).
struct unit_place {
  std::string slice;  ///< `machine.slice`
  std::string unit;   ///< `libpod-abc.scope`
  std::string path;   ///< its cgroup below the manager's root: `machine.slice/libpod-abc.scope`
  bool operator==(const unit_place&) const = default;
};

namespace detail {

inline constexpr std::size_t longest_unit_name = 255;

[[nodiscard]] inline tl::unexpected<error> refuse_place(const std::string& why) {
  return tl::unexpected(error::config("/linux/cgroupsPath", why));
}

/// Text for a message: cut, and nothing in it that could forge a line.
[[nodiscard]] inline std::string shown_name(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 80)) out += c >= ' ' && c <= '~' && c != '"' ? c : '?';
  return '"' + out + (text.size() > 80 ? "...\"" : "\"");
}

/// Whether systemd takes every character of it in the name of a unit. See: systemd.unit(5), "Description".
[[nodiscard]] inline bool has_unit_characters(std::string_view name) {
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@") ==
         std::string_view::npos;
}

/// Errors: config at `/linux/cgroupsPath`.
[[nodiscard]] inline result<void> check_unit_name(std::string_view name) {
  if (name.size() > longest_unit_name)
    return refuse_place("the unit's name has " + std::to_string(name.size()) + " bytes, 255 are possible");
  const auto stem = name.substr(0, name.rfind('.'));
  if (has_unit_characters(name) && !stem.empty() && stem.front() != '@' && stem.back() != '@') return {};
  return refuse_place(shown_name(name) + " is no name for a systemd unit");
}

/// The name of a unit's cgroup: the unit's own, but for names that the kernel might want for files. systemd puts an
/// underscore before those.
[[nodiscard]] inline std::string cgroup_name(std::string_view unit) {
  constexpr std::array file_prefixes{"cgroup.", "cpu.",    "cpuacct.", "cpuset.", "io.",
                                     "blkio.",  "memory.", "devices.", "pids."};
  const bool clashes = unit.starts_with('_') || unit.starts_with('.') ||
                       std::any_of(file_prefixes.begin(), file_prefixes.end(),
                                   [&](const char* prefix) { return unit.starts_with(prefix); });
  return (clashes ? "_" : "") + std::string{unit};
}

}  // namespace detail

/// Where a slice's cgroup is: `a-b-c.slice` at `a.slice/a-b.slice/a-b-c.slice`, `-.slice` at the root, which is "".
/// Errors: config at `/linux/cgroupsPath` for what is no slice. See: systemd.slice(5).
[[nodiscard]] inline result<std::string> slice_path(std::string_view slice) {
  constexpr std::string_view suffix = ".slice";
  if (slice == "-.slice") return std::string{};
  if (!slice.ends_with(suffix) || slice.size() == suffix.size())
    return detail::refuse_place(detail::shown_name(slice) + " is no name for a systemd slice");
  OCIKIT_TRY(detail::check_unit_name(slice));
  const auto stem = slice.substr(0, slice.size() - suffix.size());
  std::string path;
  for (std::size_t end = stem.find('-');; end = stem.find('-', end + 1)) {
    const auto upto = stem.substr(0, end);
    if (upto.empty() || upto.ends_with('-'))
      return detail::refuse_place(detail::shown_name(slice) + " is no name for a systemd slice");
    path = joined(path, detail::cgroup_name(std::string{upto} + std::string{suffix}));
    if (end == std::string_view::npos) break;
  }
  OCIKIT_TRY(check_cgroups_path(path));
  return path;
}

/// The three parts of `slice:prefix:name`; of an absent path, the defaults: the prefix `runc`, the container's `id`.
struct unit_words {
  std::string slice, prefix, name;
};

/// `of_user`: for a user's manager, whose containers are in user.slice unless told otherwise.
/// Errors: config at `/linux/cgroupsPath`.
[[nodiscard]] inline result<unit_words> split_cgroups_path(std::string_view path, std::string_view id, bool of_user) {
  const std::string usual = of_user ? "user.slice" : "system.slice";
  if (path.empty()) return unit_words{usual, "runc", std::string{id}};
  const auto first = path.find(':');
  const auto second = first == std::string_view::npos ? first : path.find(':', first + 1);
  if (second == std::string_view::npos || path.find(':', second + 1) != std::string_view::npos)
    return detail::refuse_place("expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got " +
                                detail::shown_name(path) + " instead");
  return unit_words{first == 0 ? usual : std::string{path.substr(0, first)},
                    std::string{path.substr(first + 1, second - first - 1)}, std::string{path.substr(second + 1)}};
}

/// The unit for a container: the scope `prefix-name.scope` in the slice, or the slice `name` when it is one.
/// Errors: config at `/linux/cgroupsPath`.
[[nodiscard]] inline result<unit_place> plan_unit(std::string_view cgroups_path, std::string_view id, bool of_user) {
  const auto words = OCIKIT_TRY(split_cgroups_path(cgroups_path, id, of_user));
  unit_place out;
  out.slice = words.slice;
  auto above = OCIKIT_TRY(slice_path(words.slice));
  if (words.name.ends_with(".slice")) {
    out.unit = words.name;
    out.path = OCIKIT_TRY(slice_path(words.name));
    OCIKIT_TRY(check_not_root(out.path));
    return out;
  }
  out.unit = words.prefix + "-" + words.name + ".scope";
  OCIKIT_TRY(detail::check_unit_name(out.unit));
  out.path = joined(above, detail::cgroup_name(out.unit));
  OCIKIT_TRY(check_cgroups_path(out.path));
  return out;
}

/// A cgroup as systemd sees it: of a unit, or below a unit's.
struct unit_part {
  std::string unit;   ///< empty: no unit's
  std::string below;  ///< "" for the unit's own cgroup
  bool operator==(const unit_part&) const = default;
};

/// Which unit the cgroup at `path`, cleaned, belongs to: the first that is no slice and no user's manager; where there
/// is none, the last slice.
[[nodiscard]] inline unit_part unit_of(std::string_view path) {
  unit_part out;
  while (!path.empty()) {
    const auto name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    const auto unit = name.substr(name.starts_with('_') ? 1 : 0);
    const bool manager = unit.starts_with("user@") && unit.ends_with(".service");
    if (unit.ends_with(".slice") && out.below.empty())
      out.unit = unit;
    else if (manager)
      out = {};
    else if (unit.ends_with(".scope") || unit.ends_with(".service"))
      return {std::string{unit}, std::string{path}};
    else if (!out.unit.empty())
      out.below = joined(out.below, name);
  }
  return out;
}

}  // namespace ocikit::cgroups
