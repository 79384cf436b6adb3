// SPDX-License-Identifier: Apache-2.0
//
// What the readers and writers of the other libraries share: walking the table of a struct, and refusing.
#pragma once

#include <concepts>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include <ocikit/spec/tables.hpp>
#include <ocikit/spec/write.hpp>

namespace spec_parse {

namespace spec = ocikit::spec;

[[noreturn]] inline void refuse(std::string_view what) { throw std::runtime_error{std::string{what}}; }

/// Calls `visit(field)` for each property of `T`; unrolled, as code by hand would be.
template <class T, class Visit>
void for_each_field(Visit&& visit) {
  const auto one = [&]<class Field>(const Field& field) {
    if constexpr (!std::same_as<Field, spec::ignored>) visit(field);
  };
  std::apply([&](const auto&... fields) { (one(fields), ...); }, spec::table<T>);
}

template <spec::has_names Enum>
Enum enum_of(std::string_view name) {
  if (const auto known = spec::from_name<Enum>(name)) return *known;
  refuse(name);
}

/// The integer, if `to` can hold it.
template <std::integral Int, std::integral Wide>
Int narrowed(Wide value) {
  if (!std::in_range<Int>(value)) refuse("an integer is out of range");
  return static_cast<Int>(value);
}

}  // namespace spec_parse
