// SPDX-License-Identifier: Apache-2.0
#define RAPIDJSON_HAS_STDSTRING 0
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "by_table.hpp"
#include "library.hpp"

namespace spec_parse {

namespace {

using json = rapidjson::Value;

rapidjson::SizeType size_of(std::string_view text) { return static_cast<rapidjson::SizeType>(text.size()); }
std::string_view text_of(const json& from) {
  if (!from.IsString()) refuse("not a string");
  return {from.GetString(), from.GetStringLength()};
}

void read(const json& from, bool& to) {
  if (!from.IsBool()) refuse("neither true nor false");
  to = from.GetBool();
}

template <std::integral Int>
void read(const json& from, Int& to) {
  if (from.IsUint64())
    to = narrowed<Int>(from.GetUint64());
  else if (from.IsInt64())
    to = narrowed<Int>(from.GetInt64());
  else
    refuse("not an integer");
}

void read(const json& from, std::string& to) { to = text_of(from); }

template <spec::has_names Enum>
void read(const json& from, Enum& to) {
  to = enum_of<Enum>(text_of(from));
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
  if (!from.IsArray()) refuse("not an array");
  to.reserve(from.Size());
  for (const auto& element : from.GetArray()) read(element, to.emplace_back());
}

template <class T>
void read(const json& from, spec::map<T>& to) {
  if (!from.IsObject()) refuse("not an object");
  to.reserve(from.MemberCount());
  for (const auto& member : from.GetObject()) {
    to.emplace_back(text_of(member.name), T{});
    read(member.value, to.back().second);
  }
}

template <spec::described T>
void read(const json& from, T& to) {
  if (!from.IsObject()) refuse("not an object");
  for_each_field<T>([&](const auto& field) {
    const auto found = from.FindMember(json{rapidjson::StringRef(field.name.data(), field.name.size())});
    if (found != from.MemberEnd() && !found->value.IsNull())
      read(found->value, to.*(field.pointer));
    else if (field.rule.is_required)
      refuse(field.name);
  });
}

using output = rapidjson::Writer<rapidjson::StringBuffer>;

void write(output& to, std::string_view from) { to.String(from.data(), size_of(from)); }
void write(output& to, const std::string& from) { write(to, std::string_view{from}); }
void write(output& to, bool from) { to.Bool(from); }
void write(output& to, std::signed_integral auto from) { to.Int64(from); }
void write(output& to, std::unsigned_integral auto from) { to.Uint64(from); }
void write(output& to, spec::has_names auto from) { write(to, spec::name_of(from)); }

template <spec::described T>
void write(output& to, const T& from);
template <class T>
void write(output& to, const std::vector<T>& from);
template <class T>
void write(output& to, const spec::map<T>& from);

template <class T>
void write(output& to, const std::optional<T>& from) {
  if (from)
    write(to, *from);
  else
    to.Null();
}

template <class T>
void write(output& to, const std::vector<T>& from) {
  to.StartArray();
  for (const auto& element : from) write(to, element);
  to.EndArray();
}

template <class T>
void write(output& to, const spec::map<T>& from) {
  to.StartObject();
  for (const auto& [key, value] : from) {
    to.Key(key.data(), size_of(key));
    write(to, value);
  }
  to.EndObject();
}

template <spec::described T>
void write(output& to, const T& from) {
  to.StartObject();
  for_each_field<T>([&](const auto& field) {
    const auto& held = from.*(field.pointer);
    if (spec::is_left_out(field.rule, held)) return;
    to.Key(field.name.data(), size_of(field.name));
    write(to, held);
  });
  to.EndObject();
}

}  // namespace

spec::config read_by_rapidjson(const document& from) {
  rapidjson::Document tree;
  tree.Parse(from.text().data(), from.text().size());
  if (tree.HasParseError()) refuse("not a JSON document that RapidJSON can read");
  spec::config out;
  read(tree, out);
  return out;
}

std::string write_by_rapidjson(const spec::config& from) {
  rapidjson::StringBuffer text;
  output to{text};
  write(to, from);
  return {text.GetString(), text.GetSize()};
}

}  // namespace spec_parse
