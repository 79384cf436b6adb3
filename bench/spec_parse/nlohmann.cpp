// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "by_table.hpp"
#include "library.hpp"

namespace spec_parse {

namespace {

using nlohmann::json;

void read(const json& from, bool& to) { to = from.get_ref<const bool&>(); }

template <std::integral Int>
void read(const json& from, Int& to) {
  if (from.is_number_unsigned())
    to = narrowed<Int>(from.get_ref<const json::number_unsigned_t&>());
  else
    to = narrowed<Int>(from.get_ref<const json::number_integer_t&>());
}

void read(const json& from, std::string& to) { to = from.get_ref<const std::string&>(); }

template <spec::has_names Enum>
void read(const json& from, Enum& to) {
  to = enum_of<Enum>(from.get_ref<const std::string&>());
}

template <spec::described T>
void read(const json& from, T& to);
template <class T>
void read(const json& from, std::vector<T>& to);
template <class T>
void read(const json& from, spec::map<T>& to);

template <class T>
void read(const json& from, std::optional<T>& to) {
  read(from, to.emplace());
}

template <class T>
void read(const json& from, std::vector<T>& to) {
  const auto& elements = from.get_ref<const json::array_t&>();
  to.reserve(elements.size());
  for (const auto& element : elements) read(element, to.emplace_back());
}

template <class T>
void read(const json& from, spec::map<T>& to) {
  for (const auto& [key, value] : from.get_ref<const json::object_t&>()) {
    to.emplace_back(key, T{});
    read(value, to.back().second);
  }
}

template <spec::described T>
void read(const json& from, T& to) {
  const auto& members = from.get_ref<const json::object_t&>();
  for_each_field<T>([&](const auto& field) {
    const auto found = members.find(field.name);
    if (found != members.end() && !found->second.is_null())
      read(found->second, to.*(field.pointer));
    else if (field.rule.is_required)
      refuse(field.name);
  });
}

json written(bool from) { return from; }
json written(std::integral auto from) { return from; }
json written(const std::string& from) { return from; }
json written(spec::has_names auto from) { return spec::name_of(from); }

template <spec::described T>
json written(const T& from);
template <class T>
json written(const std::vector<T>& from);
template <class T>
json written(const spec::map<T>& from);

template <class T>
json written(const std::optional<T>& from) {
  return from ? written(*from) : json{};
}

template <class T>
json written(const std::vector<T>& from) {
  json::array_t out;
  out.reserve(from.size());
  for (const auto& element : from) out.push_back(written(element));
  return out;
}

template <class T>
json written(const spec::map<T>& from) {
  json::object_t out;
  for (const auto& [key, value] : from) out.emplace(key, written(value));
  return out;
}

template <spec::described T>
json written(const T& from) {
  json::object_t out;
  for_each_field<T>([&](const auto& field) {
    const auto& held = from.*(field.pointer);
    if (!spec::is_left_out(field.rule, held)) out.emplace(field.name, written(held));
  });
  return out;
}

}  // namespace

spec::config read_by_nlohmann(const document& from) {
  spec::config out;
  read(json::parse(from.text()), out);
  return out;
}

std::string write_by_nlohmann(const spec::config& from) { return written(from).dump(); }

}  // namespace spec_parse
