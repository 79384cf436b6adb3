// SPDX-License-Identifier: Apache-2.0
//
// A D-Bus value with its type, as properties of systemd's units have them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace ocikit::cgroups {

/// See: the D-Bus Specification, "Type System".
struct bus_value {
  /// All of one type, which an empty array has, too.
  struct array {
    std::string element;  ///< its signature
    std::vector<bus_value> items = {};
    bool operator==(const array&) const = default;
  };
  struct tuple {
    std::vector<bus_value> items = {};
    bool operator==(const tuple&) const = default;
  };

  std::variant<bool, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t, std::int64_t,
               std::uint64_t, double, std::string, array, tuple>
      is;

  friend bool operator==(const bus_value& a, const bus_value& b) { return a.is == b.is; }

  /// `t`, `s`, `a(ss)`.
  [[nodiscard]] std::string signature() const {
    static constexpr const char* basic[] = {"b", "y", "n", "q", "i", "u", "x", "t", "d", "s"};
    if (const auto* list = std::get_if<array>(&is)) return "a" + list->element;
    const auto* fields = std::get_if<tuple>(&is);
    if (fields == nullptr) return basic[is.index()];
    std::string out = "(";
    for (const auto& field : fields->items) out += field.signature();
    return out + ")";
  }
};

/// A property of a unit.
struct unit_property {
  std::string name;
  bus_value value;
  bool operator==(const unit_property&) const = default;
};

[[nodiscard]] inline bus_value bus_text(std::string text) { return {std::move(text)}; }

/// Bytes, as `ay`.
[[nodiscard]] inline bus_value bus_bytes(const std::vector<std::uint8_t>& bytes) {
  bus_value::array out{"y"};
  for (const auto byte : bytes) out.items.push_back({byte});
  return {std::move(out)};
}

/// Texts, as `as`.
[[nodiscard]] inline bus_value bus_texts(std::vector<std::string> texts) {
  bus_value::array out{"s"};
  for (auto& text : texts) out.items.push_back(bus_text(std::move(text)));
  return {std::move(out)};
}

}  // namespace ocikit::cgroups
