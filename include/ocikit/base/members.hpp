// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <tuple>

namespace ocikit {

/// One data member of a plain struct, by name. A struct that carries a tuple of these, called `members`, can be sent,
/// compared and put into words from that one table.
template <class Struct, class Value>
struct member {
  std::string_view name;
  Value Struct::*pointer;
};
template <class Struct, class Value>
member(std::string_view, Value Struct::*) -> member<Struct, Value>;

/// Calls `visit(name, value)` for each member of `object`, in the table's order.
template <class Object, class Visitor>
constexpr void for_each_member(Object& object, Visitor&& visit) {
  std::apply([&](const auto&... m) { (visit(m.name, object.*(m.pointer)), ...); }, Object::members);
}

}  // namespace ocikit
