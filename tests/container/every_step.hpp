// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <ocikit/container/plan.hpp>

namespace ocikit::testing {

/// Fills every member of any step with a value that no other member has. New members and new kinds come along.
class distinct_values {
 public:
  template <class Step>
  void fill(Step& step) {
    for_each_member(step, [this](std::string_view, auto& value) { set(value); });
  }

 private:
  void set(zstring_view& to) { to = texts_.keep("text " + std::to_string(++last_)); }
  void set(bool& to) { to = true; }
  template <class Number>
  requires(std::is_integral_v<Number> || std::is_enum_v<Number>)  //
      void set(Number& to) {
    // Into the upper half too, as far as the type has one.
    to = static_cast<Number>(++last_ + (sizeof(Number) == 8 ? 0x7000000000 : 0x70000000));
  }
  void set(std::byte& to) { to = static_cast<std::byte>(++last_); }
  template <class Element>
  void set(std::span<const Element>& to) {
    auto& list = lists_of<Element>().emplace_back(3 + last_ % 4);
    for (Element& element : list) set(element);
    to = list;
  }
  template <class Record>
  requires requires { Record::members; }
  void set(Record& to) { fill(to); }

  template <class Element>
  auto& lists_of() {
    return std::get<std::deque<std::vector<Element>>>(lists_);
  }

  text_pool texts_;
  std::tuple<std::deque<std::vector<zstring_view>>, std::deque<std::vector<std::uint32_t>>,
             std::deque<std::vector<std::uint64_t>>, std::deque<std::vector<std::byte>>>
      lists_;
  unsigned last_ = 0;
};

/// One step of every kind, in the order of their numbers.
template <std::size_t... Kind>
std::vector<container::step> every_step(distinct_values& values, std::index_sequence<Kind...>) {
  std::vector<container::step> out;
  const auto add = [&](auto step) {
    values.fill(step);
    out.emplace_back(step);
  };
  (add(std::variant_alternative_t<Kind, container::step>{}), ...);
  return out;
}
inline std::vector<container::step> every_step(distinct_values& values) {
  return every_step(values, std::make_index_sequence<std::variant_size_v<container::step>>{});
}

}  // namespace ocikit::testing
