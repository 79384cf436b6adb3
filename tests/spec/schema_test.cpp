// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <sstream>

#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/write.hpp>

#include "catch.hpp"
#include "documents.hpp"

using namespace ocikit;

// tests/spec/schema_properties.txt and every_property.json are made by tests/spec/extract_schema.py from the JSON
// schemas of runtime-spec 1.3, never from our tables:
//   git clone --branch v1.3.0 https://github.com/opencontainers/runtime-spec
//   tests/spec/extract_schema.py runtime-spec/schema tests/spec

// Pointers of every property of T's table, `*` for elements and for keys that are data.
template <class T>
static void list_properties(const std::string& pointer, std::set<std::string>& out) {
  if constexpr (spec::detail::is_optional<T>) {
    list_properties<typename T::value_type>(pointer, out);
  } else if constexpr (spec::detail::is_map<T>) {
    list_properties<typename T::value_type::second_type>(pointer + "/*", out);
  } else if constexpr (spec::detail::is_vector<T>) {
    list_properties<typename T::value_type>(pointer + "/*", out);
  } else if constexpr (spec::described<T>) {
    const auto list = [&]<class Field>(const Field& f) {
      out.insert(pointer + "/" + std::string{f.name});
      if constexpr (!spec::detail::is_ignored<Field>)
        list_properties<typename Field::value_type>(pointer + "/" + std::string{f.name}, out);
    };
    std::apply([&](const auto&... f) { (list(f), ...); }, spec::table<T>);
  }
}

template <class T>
static std::set<std::string> properties_of_table() {
  std::set<std::string> out;
  list_properties<T>("", out);
  return out;
}

static std::set<std::string> properties_of_schema(std::string_view document) {
  std::set<std::string> out;
  std::istringstream lines{read_text("tests/spec/schema_properties.txt")};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(std::string{document} + " ")) out.insert(line.substr(document.size() + 1));
  return out;
}

static std::vector<std::string> difference(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::vector<std::string> out;
  std::ranges::set_difference(a, b, std::back_inserter(out));
  return out;
}

TEST_CASE("the tables of config.json have the schema's properties, all of them and no others") {
  const auto schema = properties_of_schema("config");
  REQUIRE(schema.size() > 200);
  CHECK(difference(schema, properties_of_table<spec::config>()).empty());
  CHECK(difference(properties_of_table<spec::config>(), schema).empty());
}

TEST_CASE("the table of the state has the schema's properties, all of them and no others") {
  const auto schema = properties_of_schema("state");
  REQUIRE(schema.size() == 6);
  CHECK(schema == properties_of_table<spec::state>());
}

TEST_CASE("the tables of features have the schema's properties, and those that only the prose and the Go types have") {
  const auto schema = properties_of_schema("features");
  REQUIRE(schema.size() > 20);
  CHECK(difference(schema, properties_of_table<spec::features>()).empty());
  CHECK(difference(properties_of_table<spec::features>(), schema) ==
        std::vector<std::string>{"/linux/intelRdt/monitoring", "/linux/intelRdt/schemata", "/linux/memoryPolicy",
                                 "/linux/memoryPolicy/flags", "/linux/memoryPolicy/modes"});
}

// The characters of a document without white space and without the blocks that are skipped, sorted: the same for two
// documents that differ only in the order of their properties.
static std::string sorted_characters(std::string text) {
  for (const std::string_view skipped : {"solaris", "windows", "vm", "zos", "freebsd"}) {
    const auto start = text.find("\"" + std::string{skipped} + "\":");
    if (start == std::string::npos) continue;
    text.erase(start, text.find('}', start) + 1 - start);
  }
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == ','; });
  std::ranges::sort(text);
  return text;
}

TEST_CASE("a document with every property of the schema loses nothing on the way through the types") {
  const auto text = read_text("tests/spec/every_property.json");
  const auto got = spec::parse_config(text);
  if (!got) FAIL(got.error().message());
  CHECK(got->unknown.empty());
  CHECK(sorted_characters(spec::write(got->value)) == sorted_characters(text));
  CHECK(spec::parse_config(spec::write(got->value))->value == got->value);
}
