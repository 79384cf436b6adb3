// SPDX-License-Identifier: Apache-2.0
//
// Steps with every member, as text: a comparison of two of these is one of whole values, and Catch shows the
// difference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <ocikit/base/members.hpp>
#include <ocikit/base/planned.hpp>

namespace ocikit::testing {

inline std::string full_text(zstring_view value) { return "\"" + std::string{value} + "\""; }
inline std::string full_text(bool value) { return value ? "true" : "false"; }
template <class Number>
requires(std::is_integral_v<Number> || std::is_enum_v<Number>)  //
    std::string full_text(Number value) {
  return std::to_string(static_cast<std::int64_t>(value));
}
inline std::string full_text(std::byte value) { return std::to_string(static_cast<int>(value)); }

template <class Step>
requires requires { Step::members; }
std::string full_text(const Step& step);

template <class T>
std::string full_text(std::span<const T> list) {
  std::string out = "[";
  for (const T& element : list) out += (out.size() == 1 ? "" : " ") + full_text(element);
  return out + "]";
}

template <class Step>
requires requires { Step::members; }
std::string full_text(const Step& step) {
  std::string out;
  if constexpr (requires { Step::name; }) out += std::string{Step::name} + " ";
  out += "{";
  const std::size_t start = out.size();
  for_each_member(step, [&](std::string_view name, const auto& value) {
    out += (out.size() == start ? "" : ", ") + std::string{name} + "=" + full_text(value);
  });
  return out + "}";
}

template <class... Steps>
std::string full_text(const std::variant<Steps...>& step) {
  return std::visit([](const auto& one) { return full_text(one); }, step);
}

/// One line per step: its name, its members, the pointer of its cause.
template <class Step>
std::string full_text(const step_list<Step>& steps) {
  std::string out = "\n";
  for (const auto& [what, where] : steps) out += full_text(what) + " [" + where + "]\n";
  return out;
}

}  // namespace ocikit::testing
