// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

#include "by_table.hpp"
#include "library.hpp"

namespace spec_parse {

namespace {

namespace json = simdjson::ondemand;

template <class T>
T must(simdjson::simdjson_result<T>&& got) {
  T value;
  if (std::move(got).get(value) != simdjson::SUCCESS) refuse("not a JSON document that simdjson can read");
  return value;
}

template <class Field>
auto unescaped_key(Field& of) {
  if constexpr (requires { of.unescaped_key(false); })
    return of.unescaped_key(false);
  else
    return of.unescaped_key();  // simdjson before 3.3
}

std::size_t through(json::value from) {
  switch (must(from.type())) {
    case json::json_type::object: {
      std::size_t sum = 0;
      for (auto member : must(from.get_object())) {
        auto field = must(std::move(member));
        sum += must(unescaped_key(field)).size();
        sum += through(field.value());
      }
      return sum;
    }
    case json::json_type::array: {
      std::size_t sum = 0;
      for (auto element : must(from.get_array())) sum += through(must(std::move(element)));
      return sum;
    }
    case json::json_type::string:
      return must(from.get_string()).size();
    case json::json_type::number: {
      const auto number = must(from.get_number());
      return number.is_uint64() ? number.get_uint64() : static_cast<std::size_t>(number.get_int64());
    }
    case json::json_type::boolean:
      return must(from.get_bool()) ? 1 : 0;
    case json::json_type::null:
      return must(from.is_null()) ? 1 : 0;
  }
  return 0;
}

}  // namespace

std::size_t scan_on_demand(const document& from) {
  json::parser parser;
  json::document doc;
  const simdjson::padded_string_view text{from.text().data(), from.text().size(), from.padded().size()};
  if (parser.iterate(text).get(doc) != simdjson::SUCCESS) refuse("not a JSON document that simdjson can read");
  return through(must(doc.get_value()));
}

std::size_t scan_dom(const document& from) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const auto error = parser.parse(from.text().data(), from.text().size(), false).get(root);
  if (error != simdjson::SUCCESS) refuse("not a JSON document that simdjson can read");
  return static_cast<std::size_t>(root.type());
}

}  // namespace spec_parse
