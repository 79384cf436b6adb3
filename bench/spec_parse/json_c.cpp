// SPDX-License-Identifier: Apache-2.0
#include <json-c/json.h>

#include <memory>

#include "by_table.hpp"
#include "library.hpp"

namespace spec_parse {

namespace {

using json = ::json_object;
struct release {
  void operator()(json* of) const { ::json_object_put(of); }
  void operator()(::json_tokener* of) const { ::json_tokener_free(of); }
};
using owned = std::unique_ptr<json, release>;

int size_of(std::string_view text) { return static_cast<int>(text.size()); }
void expect(json* from, ::json_type type) {
  if (!::json_object_is_type(from, type)) refuse("a value of another type");
}
std::string_view text_of(json* from) {
  expect(from, ::json_type_string);
  return {::json_object_get_string(from), static_cast<std::size_t>(::json_object_get_string_len(from))};
}

void read(json* from, bool& to) {
  expect(from, ::json_type_boolean);
  to = ::json_object_get_boolean(from) != 0;
}

template <std::signed_integral Int>
void read(json* from, Int& to) {
  expect(from, ::json_type_int);
  to = narrowed<Int>(::json_object_get_int64(from));
}
template <std::unsigned_integral Int>
void read(json* from, Int& to) {
  expect(from, ::json_type_int);
  to = narrowed<Int>(::json_object_get_uint64(from));
}

void read(json* from, std::string& to) { to = text_of(from); }

template <spec::has_names Enum>
void read(json* from, Enum& to) {
  to = enum_of<Enum>(text_of(from));
}

template <spec::described T>
void read(json* from, T& to);
template <class T>
void read(json* from, std::vector<T>& to);
template <class T>
void read(json* from, spec::map<T>& to);

template <class T>
void read(json* from, std::optional<T>& to) {
  read(from, to.emplace());
}

template <class T>
void read(json* from, std::vector<T>& to) {
  expect(from, ::json_type_array);
  const auto size = ::json_object_array_length(from);
  to.reserve(size);
  for (std::size_t i = 0; i < size; ++i) read(::json_object_array_get_idx(from, i), to.emplace_back());
}

template <class T>
void read(json* from, spec::map<T>& to) {
  expect(from, ::json_type_object);
  json_object_object_foreach(from, key, value) {
    to.emplace_back(key, T{});
    read(value, to.back().second);
  }
}

template <spec::described T>
void read(json* from, T& to) {
  expect(from, ::json_type_object);
  for_each_field<T>([&](const auto& field) {
    json* value = nullptr;  // also what null is
    (void)::json_object_object_get_ex(from, field.name.data(), &value);
    if (value != nullptr)
      read(value, to.*(field.pointer));
    else if (field.rule.is_required)
      refuse(field.name);
  });
}

json* written(std::string_view from) { return ::json_object_new_string_len(from.data(), size_of(from)); }
json* written(const std::string& from) { return written(std::string_view{from}); }
json* written(bool from) { return ::json_object_new_boolean(from ? 1 : 0); }
json* written(std::signed_integral auto from) { return ::json_object_new_int64(from); }
json* written(std::unsigned_integral auto from) { return ::json_object_new_uint64(from); }
json* written(spec::has_names auto from) { return written(spec::name_of(from)); }

template <spec::described T>
json* written(const T& from);
template <class T>
json* written(const std::vector<T>& from);
template <class T>
json* written(const spec::map<T>& from);

template <class T>
json* written(const std::optional<T>& from) {
  return from ? written(*from) : nullptr;
}

template <class T>
json* written(const std::vector<T>& from) {
  auto* const out = ::json_object_new_array_ext(static_cast<int>(from.size()));
  for (const auto& element : from) (void)::json_object_array_add(out, written(element));
  return out;
}

template <class T>
json* written(const spec::map<T>& from) {
  auto* const out = ::json_object_new_object();
  for (const auto& [key, value] : from) (void)::json_object_object_add(out, key.c_str(), written(value));
  return out;
}

template <spec::described T>
json* written(const T& from) {
  auto* const out = ::json_object_new_object();
  for_each_field<T>([&](const auto& field) {
    const auto& held = from.*(field.pointer);
    constexpr unsigned how = JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY;
    if (!spec::is_left_out(field.rule, held))
      (void)::json_object_object_add_ex(out, field.name.data(), written(held), how);
  });
  return out;
}

}  // namespace

spec::config read_by_json_c(const document& from) {
  const std::unique_ptr<::json_tokener, release> tokener{::json_tokener_new()};
  const owned tree{::json_tokener_parse_ex(tokener.get(), from.text().data(), size_of(from.text()))};
  if (!tree) refuse("not a JSON document that json-c can read");
  spec::config out;
  read(tree.get(), out);
  return out;
}

std::string write_by_json_c(const spec::config& from) {
  const owned tree{written(from)};
  std::size_t size = 0;
  const char* const text =
      ::json_object_to_json_string_length(tree.get(), JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
  return {text, size};
}

}  // namespace spec_parse
