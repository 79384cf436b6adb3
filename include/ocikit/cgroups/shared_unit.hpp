// SPDX-License-Identifier: Apache-2.0
//
// The unit that the containers of a slice share: its name, what systemd is told of it, and what keeps it. Pure.
//
// systemd removes the cgroup of a unit that has no process, so one process stays in it: the keeper, a shell in a cgroup
// of its own beside those of the containers, since a cgroup that passes controllers on has no processes itself. It ends
// the unit when that has been without containers for a while.
//
// See: systemd.resource-control(5), "Delegate="; "Control Group APIs and Delegation" of systemd's; cgroups(7).
#pragma once

#include <string>
#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/bus_value.hpp>
#include <ocikit/cgroups/unit_name.hpp>
#include <ocikit/cgroups/unit_properties.hpp>

namespace ocikit::cgroups {

/// The place of a container below a unit that it shares with others.
struct shared_place {
  std::string slice;      ///< `machine.slice`
  std::string unit;       ///< `ocikit-machine.service`
  std::string path;       ///< the unit's cgroup below the manager's root: `machine.slice/ocikit-machine.service`
  std::string container;  ///< the directory below it: `libpod-abc`
  bool operator==(const shared_place&) const = default;
};

/// The directory of the keeper. No container's is called that: theirs have a hyphen.
inline constexpr const char* keeper_name = "keeper";

/// How long a unit stays without a container, in seconds: at least so long, at most twice.
inline constexpr unsigned keeper_patience = 10;

/// `cgroups_path` is `slice:prefix:name`, or empty. Errors: config at `/linux/cgroupsPath`.
[[nodiscard]] inline result<shared_place> plan_shared_unit(std::string_view cgroups_path, std::string_view id,
                                                           bool of_user) {
  const auto words = OCIKIT_TRY(split_cgroups_path(cgroups_path, id, of_user));
  if (words.name.ends_with(".slice"))
    return detail::refuse_place(detail::shown_name(words.name) + " is a slice, and the container is to be in a cgroup" +
                                " of a unit that is shared");
  shared_place out;
  out.slice = words.slice;
  const auto above = OCIKIT_TRY(slice_path(words.slice));
  const auto stem = words.slice == "-.slice" ? "" : "-" + words.slice.substr(0, words.slice.rfind('.'));
  out.unit = "ocikit" + stem + ".service";
  OCIKIT_TRY(detail::check_unit_name(out.unit));
  out.path = joined(above, out.unit);
  // What a scope could not be called is no name here either: the drivers are to be swapped.
  out.container = words.prefix + "-" + words.name;
  OCIKIT_TRY(detail::check_unit_name(out.container + ".scope"));
  out.container = detail::cgroup_name(out.container);
  OCIKIT_TRY(check_cgroups_path(joined(out.path, out.container)));
  return out;
}

/// What the keeper is, for sh(1); its first argument is the unit's directory. While it looks whether the unit may go,
/// no cgroup can be made in it: whoever tries then is told EAGAIN. systemd leaves its dollar signs alone: none stands
/// for a word, none has a brace, and no two stand together.
inline constexpr const char* keeper_script =
    "cd \"$1\" && mkdir -p keeper && echo 0 >keeper/cgroup.procs || exit\n"
    "alone() { read -r _ count <cgroup.stat && [ \"$count\" = 1 ]; }\n"
    "while sleep \"$2\"; do\n"
    "  alone && sleep \"$2\" && alone || continue\n"
    "  echo 1 >cgroup.max.descendants\n"
    "  alone && exit\n"
    "  echo max >cgroup.max.descendants\n"
    "done";

/// Properties of the unit; `directory` is where its cgroup will be.
[[nodiscard]] inline unit_properties shared_unit_properties(const shared_place& place, const std::string& directory) {
  bus_value::tuple command{
      {bus_text("/bin/sh"),
       bus_texts({"sh", "-c", keeper_script, "ocikit-keeper", directory, std::to_string(keeper_patience)}),
       {false}}};
  return {
      {"Description", bus_text("containers in " + place.slice)},
      {"Slice", bus_text(place.slice)},
      {"Type", bus_text("exec")},  // it is in its cgroup when systemd says that it runs; since systemd 240
      {"Delegate", {true}},
      {"ExecStart", {bus_value::array{"(sasb)", {{std::move(command)}}}}},
      {"TasksMax", {bus_infinity}},  // which is by default a limit for all containers together
      {"OOMScoreAdjust", {std::int32_t{-1000}}},
      {"CollectMode", bus_text("inactive-or-failed")},
      {"DefaultDependencies", {false}},
  };
}

}  // namespace ocikit::cgroups
