// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <ocikit/spec/limits.hpp>

/// The table of a struct: the one description from which it is parsed, checked and written.
///
/// A property is one line. Any module can describe a struct of its own and gets parse and write with the same limits
/// and the same error texts:
///
///     struct saved { std::string id; std::optional<ocikit::spec::process> process; };
///
///     template <>
///     inline constexpr auto ocikit::spec::table<saved> =
///         std::tuple{field{"id", &saved::id}.required(), field{"process", &saved::process}};
///
///     auto got = ocikit::spec::parse<saved>(text, {.document = "state.json"});   // parse.hpp
///     std::string json = ocikit::spec::write(got->value);                        // write.hpp
///
/// Members may be bool, integers, std::string, an enum with `names<E>`, a struct with a table, and std::optional,
/// std::vector (not of bool) and spec::map of those; in what is only written, double too.
namespace ocikit::spec {

/// What holds for one property beyond its type.
struct rule {
  bool is_required = false;          ///< absent or null is an error
  bool is_written = false;           ///< written even when it holds the default
  bool omits_zero = false;           ///< an object is not written while it equals a default one
  std::size_t max_items = limits::items;
  std::size_t max_bytes = limits::string_bytes;  ///< of each string
  std::uint64_t max_value = std::numeric_limits<std::uint64_t>::max();
};

/// One property: its name in the document, the member that holds it, its rule.
template <class Struct, class Value>
struct field {
  using value_type = Value;
  std::string_view name;
  Value Struct::*pointer;
  spec::rule rule = {};

  /// Absent or null is an error, and it is always written.
  [[nodiscard]] constexpr field required() const {
    field made = always();
    made.rule.is_required = true;
    return made;
  }
  /// Written even when it holds the default.
  [[nodiscard]] constexpr field always() const {
    field made = *this;
    made.rule.is_written = true;
    return made;
  }
  /// An object is left out while it equals a default one.
  [[nodiscard]] constexpr field omit_zero() const {
    field made = *this;
    made.rule.omits_zero = true;
    return made;
  }
  /// At most `count` elements.
  [[nodiscard]] constexpr field at_most(std::size_t count) const {
    field made = *this;
    made.rule.max_items = count;
    return made;
  }
  /// Each string is at most `bytes` long.
  [[nodiscard]] constexpr field of_bytes(std::size_t bytes) const {
    field made = *this;
    made.rule.max_bytes = bytes;
    return made;
  }
  /// Each integer is at most `value`.
  [[nodiscard]] constexpr field up_to(std::uint64_t value) const {
    field made = *this;
    made.rule.max_value = value;
    return made;
  }
};
template <class Struct, class Value>
field(std::string_view, Value Struct::*) -> field<Struct, Value>;

/// A property that is known and of no use here, such as the blocks of other platforms. Skipped, never written.
struct ignored {
  std::string_view name;
};

/// The table of `T`: a std::tuple of `field` and `ignored`, in the order of writing. Specialise it for your type.
template <class T>
inline constexpr auto table = nullptr;

template <class T>
concept described = !std::is_same_v<std::remove_cvref_t<decltype(table<T>)>, std::nullptr_t>;

template <class Enum>
struct enum_name {
  std::string_view name;
  Enum value;
};

/// The names of an enum and the sentence that refuses any other; `{}` in it stands for the offending text.
template <class Enum, std::size_t Count>
struct enum_names {
  std::string_view refusal;
  std::array<enum_name<Enum>, Count> all;
};
template <class Enum, std::size_t Count>
constexpr enum_names<Enum, Count> named(std::string_view refusal, const enum_name<Enum> (&all)[Count]) {
  return {refusal, std::to_array(all)};
}

/// The names of `Enum`. Specialise it for your type with `named<E>("no such colour: {}", {{"red", E::red}, ...})`.
template <class Enum>
inline constexpr auto names = nullptr;

template <class T>
concept has_names = std::is_enum_v<T> && !std::is_same_v<std::remove_cvref_t<decltype(names<T>)>, std::nullptr_t>;

/// The document's word for `value`; empty for a value outside the enum.
template <has_names Enum>
[[nodiscard]] constexpr std::string_view name_of(Enum value) noexcept {
  for (const auto& entry : names<Enum>.all)
    if (entry.value == value) return entry.name;
  return {};
}

/// The value that the document calls `name`; nothing for an unknown one.
template <has_names Enum>
[[nodiscard]] constexpr std::optional<Enum> from_name(std::string_view name) noexcept {
  for (const auto& entry : names<Enum>.all)
    if (entry.name == name) return entry.value;
  return std::nullopt;
}

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::vector<std::pair<std::string, T>>> = true;

template <class T>
inline constexpr bool is_ignored = std::is_same_v<std::remove_cvref_t<T>, ignored>;

}  // namespace detail

}  // namespace ocikit::spec
