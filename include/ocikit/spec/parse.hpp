// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <simdjson.h>

#include <ocikit/base/error.hpp>
#include <ocikit/spec/fields.hpp>
#include <ocikit/spec/limits.hpp>
#include <ocikit/spec/syntax.hpp>
#include <ocikit/spec/tables.hpp>

/// JSON text to the types of this module, or to any struct with a table, in one pass of simdjson On-Demand.
///
/// Accepted: what RFC 8259 allows, properties in any order, `null` for absent, unknown properties (listed).
/// Refused, each with its line, column and JSON pointer: anything outside the grammar, text after the document, a
/// property given twice, NUL in a string, invalid UTF-8, an integer that is not exactly representable in its field,
/// and what exceeds `limits`. Names are compared exactly (runc ignores their case, runtime-spec does not).
namespace ocikit::spec {

/// A document and what this version did not understand in it.
template <class T>
struct parsed {
  T value;
  std::vector<std::string> unknown;  ///< JSON pointers of unknown properties; at most `limits::unknown`, and 1 MiB
};

struct parse_options {
  /// What errors call the document. Only in config.json do errors carry the pointer as `where()`; elsewhere it is part
  /// of the text: `expected a string, found a number at line 1, column 8 (state.json#/id)`.
  std::string_view document = "config.json";
  std::size_t max_bytes = limits::document_bytes;
};

namespace detail {

namespace json = simdjson::ondemand;

/// Where in the document we are: a list from the leaf to the root, on the stack, put into words for errors only.
struct place {
  const place* parent = nullptr;
  std::string_view name = {};  // of a property; data() is null for an element
  std::size_t index = 0;       // of an element
  std::size_t depth = 0;

  [[nodiscard]] place property(std::string_view key) const { return {this, key, 0, depth + 1}; }
  [[nodiscard]] place element(std::size_t i) const { return {this, {}, i, depth + 1}; }

  /// The RFC 6901 pointer; control characters, which would break the line of an error, are written as \u00NN.
  [[nodiscard]] std::string pointer() const {
    if (parent == nullptr) return {};
    std::string out = parent->pointer() + '/';
    if (name.data() == nullptr) return out + std::to_string(index);
    for (const char c : name) append_escaped(out, c);
    return out;
  }

 private:
  static void append_escaped(std::string& out, char c) {
    static constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    } else {
      out += c;
    }
  }
};

class reader;

/// A field of some struct with the types rubbed out, so that one loop reads every object.
struct field_reader {
  std::string_view name;
  spec::rule rule;
  bool (*read)(reader&, json::value&, void* object, const place&);  // null: skipped knowingly
};

/// Reads one document. Every function returns false after it has recorded the first error.
class reader {
 public:
  reader(std::string_view text, const parse_options& options) : text_{text}, options_{options} {}

  [[nodiscard]] std::optional<error>& failure() { return failure_; }
  [[nodiscard]] std::vector<std::string>& unknown() { return unknown_; }

  /// The whole document into `object`. `padded` holds `text` and simdjson's padding behind it.
  bool document(simdjson::padded_string_view padded, void* object, std::span<const field_reader> fields) {
    const place top{};
    if (text_.size() > options_.max_bytes) return too_large();
    const auto start = text_.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) return fail(text_.size(), top, "unexpected EOF");
    if (text_[start] != '{') return no_object(start);
    json::parser parser;
    json::document doc;
    json::object members;
    if (parser.iterate(padded).get(doc) != simdjson::SUCCESS) return syntax();
    if (doc.get_object().get(members) != simdjson::SUCCESS) return syntax();
    if (!object_members(members, start, object, fields, top)) return false;
    return doc.current_location().error() == simdjson::OUT_OF_BOUNDS || syntax();
  }

  // One function per kind of value. `allowed` is the rule of the property that holds it.

  bool value(json::value& from, bool& to, const place& at, const rule&) {
    const auto token = token_of(from);
    if (token != "true" && token != "false") return mismatch(token, at, "true or false");
    to = token == "true";
    return true;
  }

  template <std::integral Int>
  bool value(json::value& from, Int& to, const place& at, const rule& allowed) {
    const auto token = token_of(from);
    if (token.empty() || (token[0] != '-' && (token[0] < '0' || token[0] > '9')))
      return mismatch(token, at, "an integer");
    const auto most =
        std::min<std::uint64_t>(allowed.max_value, static_cast<std::uint64_t>(std::numeric_limits<Int>::max()));
    if (from_digits(token, to) && (to < 0 || static_cast<std::uint64_t>(to) <= most)) return true;
    return bad_integer(token, at, std::to_string(std::numeric_limits<Int>::min()), std::to_string(most));
  }

  bool value(json::value& from, std::string& to, const place& at, const rule& allowed) {
    std::string_view got;
    if (!text_value(from, got, at, allowed)) return false;
    to.assign(got);
    return true;
  }

  template <has_names Enum>
  bool value(json::value& from, Enum& to, const place& at, const rule& allowed) {
    const auto start = offset_of(from);
    std::string_view got;
    if (!text_value(from, got, at, allowed)) return false;
    if (const auto known = from_name<Enum>(got)) {
      to = *known;
      return true;
    }
    return unknown_name(start, at, names<Enum>.refusal, got);
  }

  template <described T>
  bool value(json::value& from, T& to, const place& at, const rule&);

  template <class T>
  bool value(json::value& from, std::optional<T>& to, const place& at, const rule& allowed) {
    // Go writes "" for an unset name of an enum, and every engine is written in Go.
    if constexpr (has_names<T>)
      if (token_of(from) == "\"\"") return true;
    return value(from, to.emplace(), at, allowed);
  }

  template <class T>
  bool value(json::value& from, std::vector<T>& to, const place& at, const rule& allowed) {
    const auto token = token_of(from);
    if (token.empty() || token[0] != '[') return mismatch(token, at, "an array");
    json::array elements;
    if (from.get_array().get(elements) != simdjson::SUCCESS) return syntax();
    for (auto got : elements) {
      json::value element;
      if (std::move(got).get(element) != simdjson::SUCCESS) return syntax();
      if (to.size() == allowed.max_items) return too_many(offset_of(element), at, allowed);
      const auto here = at.element(to.size());
      if (!value(element, to.emplace_back(), here, allowed)) return false;
    }
    return true;
  }

  template <class T>
  bool value(json::value& from, map<T>& to, const place& at, const rule& allowed) {
    const auto token = token_of(from);
    if (token.empty() || token[0] != '{') return mismatch(token, at, "an object");
    json::object members;
    if (from.get_object().get(members) != simdjson::SUCCESS) return syntax();
    std::vector<std::size_t> starts;
    for (auto got : members) {
      json::field member;
      std::string_view key;
      if (std::move(got).get(member) != simdjson::SUCCESS) return syntax();
      starts.push_back(offset_of(member));
      if (!key_of(member, key, at)) return false;
      if (to.size() == allowed.max_items) return too_many(starts.back(), at, allowed);
      auto& entry = to.emplace_back(std::string{key}, T{});
      if (!value(member.value(), entry.second, at.property(key), allowed)) return false;
    }
    return distinct([&](std::size_t i) -> std::string_view { return to[i].first; }, starts, at);
  }

 private:
  // ---- tokens ----

  // A scalar's text without the space behind it; of containers only the first character means anything.
  static std::string_view token_of(json::value& from) {
    auto token = from.raw_json_token();
    while (!token.empty() &&
           (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
      token.remove_suffix(1);
    return token;
  }
  [[nodiscard]] std::size_t offset_of(const char* position) const {
    return static_cast<std::size_t>(position - text_.data());
  }
  [[nodiscard]] std::size_t offset_of(json::value& from) const { return offset_of(from.raw_json_token().data()); }
  [[nodiscard]] std::size_t offset_of(const json::field& member) const { return offset_of(member.key().raw()) - 1; }

  template <std::integral Int>
  static bool from_digits(std::string_view token, Int& to) {
    const auto digits = token.substr(token[0] == '-' ? 1 : 0);
    if (digits.size() > 1 && digits[0] == '0') return false;  // from_chars would take it, JSON does not
    const auto [end, code] = std::from_chars(token.data(), token.data() + token.size(), to);
    if (code == std::errc{} && end == token.data() + token.size()) return true;
    if (token != "-0") return false;  // for unsigned fields, where from_chars knows no sign
    to = 0;
    return true;
  }

  bool text_value(json::value& from, std::string_view& to, const place& at, const rule& allowed) {
    const auto token = token_of(from);
    if (token.empty() || token[0] != '"') return mismatch(token, at, "a string");
    if (token.size() < 2 || token.back() != '"') return syntax();
    to = token.substr(1, token.size() - 2);
    if (to.find('\\') != std::string_view::npos) {
      if (from.get_string().get(to) != simdjson::SUCCESS) return syntax();
      if (!clean(to, offset_of(token.data()), at)) return false;
    }
    if (to.size() <= allowed.max_bytes) return true;
    return fail(offset_of(token.data()), at,
                "string of " + std::to_string(to.size()) + " bytes, more than " + std::to_string(allowed.max_bytes));
  }

  // What escapes can smuggle in: NUL, and with older versions of simdjson a lone surrogate.
  bool clean(std::string_view unescaped, std::size_t start, const place& at) {
    if (unescaped.find('\0') != std::string_view::npos) return fail(start, at, "string contains NUL");
    return simdjson::validate_utf8(unescaped.data(), unescaped.size()) || syntax();
  }

  template <class Field>
  static auto unescaped(Field& member) {
    if constexpr (requires { member.unescaped_key(false); })
      return member.unescaped_key(false);
    else
      return member.unescaped_key();  // simdjson before 3.3
  }

  bool key_of(json::field& member, std::string_view& to, const place& at) {
    const char* const begin = member.key().raw();
    const auto rest = text_.substr(offset_of(begin));
    std::size_t length = 0;
    while (length < rest.size() && rest[length] != '"' && rest[length] != '\\') ++length;
    to = rest.substr(0, length);
    if (length < rest.size() && rest[length] == '\\') {
      if (unescaped(member).get(to) != simdjson::SUCCESS) return syntax();
      if (!clean(to, offset_of(begin) - 1, at)) return false;
    }
    if (to.size() <= limits::string_bytes) return true;
    return fail(offset_of(begin) - 1, at, "property name of " + std::to_string(to.size()) + " bytes");
  }

  // ---- objects ----

  bool object_members(json::object& members, std::size_t start, void* object, std::span<const field_reader> fields,
                      const place& at) {
    std::uint64_t seen = 0;
    std::uint64_t given = 0;
    std::size_t next = 0;
    std::vector<std::string_view> strangers;
    std::vector<std::size_t> stranger_starts;
    for (auto got : members) {
      json::field member;
      std::string_view key;
      if (std::move(got).get(member) != simdjson::SUCCESS) return syntax();
      const auto key_start = offset_of(member);
      if (!key_of(member, key, at)) return false;
      const auto here = at.property(key);
      const auto i = find(fields, key, next);
      if (i == fields.size()) {
        strangers.push_back(key);
        stranger_starts.push_back(key_start);
        list_unknown(here);
        if (!skip(member.value(), here)) return false;
        continue;
      }
      const auto bit = std::uint64_t{1} << i;
      if ((seen & bit) != 0) return twice(key_start, at, key);
      seen |= bit;
      next = i + 1;
      if (fields[i].read == nullptr) {
        if (!skip(member.value(), here)) return false;
      } else if (token_of(member.value()) != "null") {
        given |= bit;
        if (!fields[i].read(*this, member.value(), object, here)) return false;
      }
    }
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (fields[i].rule.is_required && (given & std::uint64_t{1} << i) == 0)
        return fail(start, at, "missing property \"" + std::string{fields[i].name} + "\"");
    return distinct([&](std::size_t i) { return strangers[i]; }, stranger_starts, at);
  }

  // Bounded in number and in bytes: a long key that is data stands in the pointer of everything below it.
  void list_unknown(const place& at) {
    if (unknown_.size() >= limits::unknown || unknown_bytes_ >= limits::string_bytes) return;
    unknown_bytes_ += unknown_.emplace_back(at.pointer()).size();
  }

  // Documents are mostly written in the order of the table, so the search starts behind the last hit.
  static std::size_t find(std::span<const field_reader> fields, std::string_view key, std::size_t next) {
    for (std::size_t i = next; i < fields.size(); ++i)
      if (fields[i].name == key) return i;
    for (std::size_t i = 0; i < std::min(next, fields.size()); ++i)
      if (fields[i].name == key) return i;
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (!key.empty() && fields[i].rule.other_name == key) return i;
    return fields.size();
  }

  // Keys that are data, or unknown: sorted rather than compared each with each, as a document may have a million.
  template <class KeyAt>
  bool distinct(KeyAt key_at, const std::vector<std::size_t>& starts, const place& at) {
    if (starts.size() < 2) return true;
    std::vector<std::size_t> order(starts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, key_at);
    const auto same = std::ranges::adjacent_find(order, {}, key_at);
    return same == order.end() || twice(starts[*std::next(same)], at, key_at(*same));
  }

  // Reads and drops a value that nobody wants, as strictly as any other.
  bool skip(json::value& from, const place& at) {
    const auto token = token_of(from);
    const char first = token.empty() ? '\0' : token[0];
    if (first == '{') return skip_object(from, at);
    if (first == '[') return skip_array(from, at);
    if (first == '"') {
      std::string_view ignored_text;
      return text_value(from, ignored_text, at, rule{});
    }
    return is_scalar(token) || syntax();
  }

  bool skip_object(json::value& from, const place& at) {
    if (at.depth >= limits::depth) return too_deep(from, at);
    json::object members;
    if (from.get_object().get(members) != simdjson::SUCCESS) return syntax();
    std::vector<std::string_view> keys;
    std::vector<std::size_t> starts;
    for (auto got : members) {
      json::field member;
      if (std::move(got).get(member) != simdjson::SUCCESS) return syntax();
      starts.push_back(offset_of(member));
      if (!key_of(member, keys.emplace_back(), at)) return false;
      if (!skip(member.value(), at.property(keys.back()))) return false;
    }
    return distinct([&](std::size_t i) { return keys[i]; }, starts, at);
  }

  bool skip_array(json::value& from, const place& at) {
    if (at.depth >= limits::depth) return too_deep(from, at);
    json::array elements;
    if (from.get_array().get(elements) != simdjson::SUCCESS) return syntax();
    std::size_t count = 0;
    for (auto got : elements) {
      json::value element;
      if (std::move(got).get(element) != simdjson::SUCCESS) return syntax();
      if (!skip(element, at.element(count++))) return false;
    }
    return true;
  }

  static bool is_scalar(std::string_view token) {
    return !token.empty() && token[0] != '{' && token[0] != '[' && !find_syntax_error(token);
  }

  // ---- errors ----

  bool fail(std::size_t offset, const place& at, std::string what) {
    static constexpr std::size_t longest_pointer = 4096;  // nobody reads the rest of a hostile key
    auto pointer = at.pointer();
    if (pointer.size() > longest_pointer) pointer.replace(longest_pointer, std::string::npos, "...");
    what += at_position(text_, offset);
    if (options_.document == "config.json") {
      failure_ = error::config(std::move(pointer), std::move(what));
    } else {
      failure_ = error::config({}, what + " (" + std::string{options_.document} + "#" + pointer + ")");
    }
    return false;
  }

  // simdjson stops somewhere near the fault; the scanner names it.
  bool syntax() {
    if (const auto found = find_syntax_error(text_)) return fail(found->offset, place{}, std::string{found->what});
    return fail(text_.size(), place{}, "not a JSON document that simdjson can read");
  }

  bool no_object(std::size_t start) {
    if (const auto found = find_syntax_error(text_)) return fail(found->offset, place{}, std::string{found->what});
    if (text_[start] == 'n' && options_.document == "config.json") {
      failure_ = error::config({}, "config cannot be null");
      return false;
    }
    return mismatch(text_.substr(start, 1), place{}, "an object");
  }

  bool too_large() {
    failure_ = error::config(
        {}, std::string{options_.document} + " is larger than " + std::to_string(options_.max_bytes) + " bytes");
    return false;
  }

  bool mismatch(std::string_view token, const place& at, std::string_view expected) {
    const char first = token.empty() ? '\0' : token[0];
    std::string_view found;
    if (first == '{') found = "an object";
    if (first == '[') found = "an array";
    if (first == '"') found = "a string";
    if (first == 'n') found = "null";
    if (first == 't' || first == 'f') found = "a boolean";
    if (first == '-' || (first >= '0' && first <= '9')) found = "a number";
    const bool scalar = first != '{' && first != '[' && first != '"';
    if (found.empty() || (scalar && at.parent != nullptr && !is_scalar(token))) return syntax();
    return fail(offset_of(token.data()), at, "expected " + std::string{expected} + ", found " + std::string{found});
  }

  bool bad_integer(std::string_view token, const place& at, const std::string& least, const std::string& most) {
    if (!is_scalar(token)) return syntax();
    const auto start = offset_of(token.data());
    if (token.find_first_of(".eE") != std::string_view::npos)
      return fail(start, at, "expected an integer, found " + shown(token));
    return fail(start, at, shown(token) + " is out of range (" + least + " to " + most + ")");
  }

  bool unknown_name(std::size_t start, const place& at, std::string_view refusal, std::string_view got) {
    const auto gap = refusal.find("{}");
    std::string what{refusal.substr(0, gap)};
    if (gap != std::string_view::npos) what += shown(got) + std::string{refusal.substr(gap + 2)};
    return fail(start, at, std::move(what));
  }

  bool too_many(std::size_t start, const place& at, const rule& allowed) {
    return fail(start, at, "more than " + std::to_string(allowed.max_items) + " entries");
  }

  bool too_deep(json::value& from, const place& at) {
    return fail(offset_of(from), at, "nested more than " + std::to_string(limits::depth) + " levels deep");
  }

  bool twice(std::size_t start, const place& at, std::string_view key) {
    return fail(start, at.property(key), "property \"" + shown(key) + "\" appears twice");
  }

  std::string_view text_;
  const parse_options& options_;
  std::optional<error> failure_;
  std::vector<std::string> unknown_;
  std::size_t unknown_bytes_ = 0;
};

template <class T, std::size_t I>
constexpr field_reader field_reader_for() {
  constexpr auto& described_field = std::get<I>(table<T>);
  if constexpr (is_ignored<decltype(described_field)>) {
    return {described_field.name, {}, nullptr};
  } else {
    return {described_field.name, described_field.rule,
            [](reader& in, json::value& from, void* object, const place& at) {
              constexpr auto& f = std::get<I>(table<T>);
              return in.value(from, static_cast<T*>(object)->*(f.pointer), at, f.rule);
            }};
  }
}

template <class T>
constexpr auto make_field_readers() {
  static_assert(std::tuple_size_v<std::remove_cvref_t<decltype(table<T>)>> <= 64);
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<field_reader, sizeof...(I)>{field_reader_for<T, I>()...};
  }
  (std::make_index_sequence<std::tuple_size_v<std::remove_cvref_t<decltype(table<T>)>>>{});
}

template <class T>
inline constexpr auto field_readers = make_field_readers<T>();

template <described T>
bool reader::value(json::value& from, T& to, const place& at, const rule&) {
  const auto token = token_of(from);
  if (token.empty() || token[0] != '{') return mismatch(token, at, "an object");
  const auto start = offset_of(token.data());
  json::object members;
  if (from.get_object().get(members) != simdjson::SUCCESS) return syntax();
  return object_members(members, start, &to, field_readers<T>, at);
}

}  // namespace detail

/// `text` to a `T`. `padded` is the text with at least SIMDJSON_PADDING readable bytes behind it: nothing is copied.
///
/// Errors: config, with line, column and pointer; nothing else.
template <described T>
[[nodiscard]] result<parsed<T>> parse_padded(simdjson::padded_string_view padded, const parse_options& options = {}) {
  parsed<T> out;
  detail::reader in{std::string_view{padded.data(), padded.size()}, options};
  if (!in.document(padded, &out.value, detail::field_readers<T>)) return tl::unexpected(*std::move(in.failure()));
  out.unknown = std::move(in.unknown());
  return out;
}

/// The same for text that may be taken over; padding is appended to it.
template <described T, std::same_as<std::string> String>
[[nodiscard]] result<parsed<T>> parse(String&& text, const parse_options& options = {}) {
  const auto size = text.size();
  text.append(simdjson::SIMDJSON_PADDING, '\0');
  return parse_padded<T>(simdjson::padded_string_view{text.data(), size, text.size()}, options);
}

/// The same for text that must be copied.
template <described T>
[[nodiscard]] result<parsed<T>> parse(std::string_view text, const parse_options& options = {}) {
  std::string copy;
  copy.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  copy.assign(text);
  return parse<T>(std::move(copy), options);
}

/// A whole config.json.
[[nodiscard]] inline result<parsed<config>> parse_config(std::string_view text) { return parse<config>(text); }
template <std::same_as<std::string> String>
[[nodiscard]] result<parsed<config>> parse_config(String&& text) {
  return parse<config>(std::forward<String>(text));
}
[[nodiscard]] inline result<parsed<config>> parse_config(simdjson::padded_string_view text) {
  return parse_padded<config>(text);
}

/// A `process` object alone, as `exec --process FILE` takes it.
[[nodiscard]] inline result<parsed<process>> parse_process(std::string_view text) {
  return parse<process>(text, {.document = "process.json"});
}

/// A `linux.resources` object alone, as `update --resources FILE` takes it.
[[nodiscard]] inline result<parsed<resources>> parse_resources(std::string_view text) {
  return parse<resources>(text, {.document = "resources.json"});
}

#ifdef OCIKIT_COMPILED_DOCUMENTS
// A program of many source files compiles these once: it defines the macro for all of them, and in one of them each
// function as a `template result<...> parse_padded<...>(...);`.
extern template result<parsed<config>> parse_padded<config>(simdjson::padded_string_view, const parse_options&);
extern template result<parsed<process>> parse_padded<process>(simdjson::padded_string_view, const parse_options&);
extern template result<parsed<resources>> parse_padded<resources>(simdjson::padded_string_view, const parse_options&);
#endif

}  // namespace ocikit::spec
