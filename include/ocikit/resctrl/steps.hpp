// SPDX-License-Identifier: Apache-2.0
//
// The steps of this domain, all of them the runtime's. Plain data: no allocation, nothing of the C++ runtime.
#pragma once

#include <string_view>
#include <tuple>
#include <variant>

#include <ocikit/base/members.hpp>
#include <ocikit/base/zstring_view.hpp>

namespace ocikit::resctrl {

/// Makes the control group (a class of service) at `path`. One that exists is used as it is; with `must_exist` another
/// is not made.
struct make_group {
  static constexpr std::string_view name = "make the resctrl group";
  zstring_view path = {};
  bool must_exist = false;
  static constexpr auto members =
      std::make_tuple(member{"path", &make_group::path}, member{"must_exist", &make_group::must_exist});
  bool operator==(const make_group&) const = default;
};

/// Gives the control group `group` the schema `line`, such as `L3:0=f;1=f`; it may be several lines. With `agreed`, a
/// group that existed before, and that others may be in, must have that schema already.
struct set_schema {
  static constexpr std::string_view name = "set the schema";
  zstring_view group = {};
  zstring_view line = {};
  bool agreed = false;
  static constexpr auto members = std::make_tuple(
      member{"group", &set_schema::group}, member{"line", &set_schema::line}, member{"agreed", &set_schema::agreed});
  bool operator==(const set_schema&) const = default;
};

/// Makes the monitoring group at `path`, which must not exist yet.
struct make_monitoring_group {
  static constexpr std::string_view name = "make the resctrl monitoring group";
  zstring_view path = {};
  static constexpr auto members = std::make_tuple(member{"path", &make_monitoring_group::path});
  bool operator==(const make_monitoring_group&) const = default;
};

/// Puts the container's first process into the control group `group` and then into the monitoring group `monitor`;
/// empty: none.
struct join_group {
  static constexpr std::string_view name = "join the resctrl group";
  zstring_view group = {};
  zstring_view monitor = {};
  static constexpr auto members =
      std::make_tuple(member{"group", &join_group::group}, member{"monitor", &join_group::monitor});
  bool operator==(const join_group&) const = default;
};

/// Any step of this domain.
using step = std::variant<make_group, set_schema, make_monitoring_group, join_group>;

}  // namespace ocikit::resctrl
