// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/spec/fields.hpp>
#include <ocikit/spec/limits.hpp>
#include <ocikit/spec/simdjson.hpp>
#include <ocikit/spec/syntax.hpp>
#include <ocikit/spec/tables.hpp>

/// JSON text to the types of this module, or to any struct with a table, in one pass of simdjson On-Demand.
///
/// Accepted: what RFC 8259 allows, properties in any order, `null` for absent, unknown properties (listed).
/// Refused, each with its line, column and JSON pointer: anything outside the grammar, text after the document, a
/// property given twice, NUL in a string, invalid UTF-8, an integer that is not exactly representable in its field,
/// and what exceeds `limits`. The case of letters in names means nothing, as in runc; two names that differ in it alone
/// are one name given twice, except that the members of an object may be spread over `cpu` and `CPU`, of which the
/// later one's count.
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
  bool is_object;
};

/// All of them, in the order of the table.
struct object_reader {
  std::span<const field_reader> fields;
  std::uint64_t required;  // bit i: fields[i] is
};

/// Reads one document. Every function returns false after it has recorded the first error.
class reader {
 public:
  reader(std::string_view text, const parse_options& options) : text_{text}, options_{options} { texts_.reserve(64); }

  [[nodiscard]] std::optional<error>& failure() { return failure_; }
  [[nodiscard]] std::vector<std::string>& unknown() { return unknown_; }

  /// The whole document into `object`. `padded` holds `text` and simdjson's padding behind it.
  bool document(simdjson::padded_string_view padded, void* object, const object_reader& with) {
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
    if (!object_members(members, start, object, with, top)) return false;
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
    const auto got = text_of(from, at, allowed);
    if (got.data() == nullptr) return false;
    to = std::string{got};
    return true;
  }

  template <has_names Enum>
  bool value(json::value& from, Enum& to, const place& at, const rule& allowed) {
    const auto got = text_of(from, at, allowed);
    if (got.data() == nullptr) return false;
    if (const auto known = from_name<Enum>(got)) {
      to = *known;
      return true;
    }
    return unknown_name(offset_of(from), at, names<Enum>.refusal, got);
  }

  template <described T>
  bool value(json::value& from, T& to, const place& at, const rule&);

  template <class T>
  bool value(json::value& from, std::optional<T>& to, const place& at, const rule& allowed) {
    // Go writes "" for an unset name of an enum, and every engine is written in Go.
    if constexpr (has_names<T>)
      if (token_of(from) == "\"\"") return true;
    return value(from, to ? *to : to.emplace(), at, allowed);
  }

  template <class T>
  bool value(json::value& from, std::vector<T>& to, const place& at, const rule& allowed) {
    if (!to.empty()) return twice(offset_of(from), at);
    to.reserve(first_capacity);
    return each_element(from, at, allowed.max_items, [&](json::value& element, const place& here) {
      return value(element, to.emplace_back(), here, allowed);
    });
  }

  // Most lists are of strings. These are gathered first and made at once, as many as there are.
  bool value(json::value& from, std::vector<std::string>& to, const place& at, const rule& allowed) {
    if (!to.empty()) return twice(offset_of(from), at);
    texts_.clear();
    const bool good = each_element(from, at, allowed.max_items, [&](json::value& element, const place& here) {
      const auto got = text_of(element, here, allowed);
      texts_.push_back(got);
      return got.data() != nullptr;
    });
    if (good) to.assign(texts_.begin(), texts_.end());
    return good;
  }

  template <class T>
  bool value(json::value& from, map<T>& to, const place& at, const rule& allowed) {
    if (!to.empty()) return twice(offset_of(from), at);
    if (first_of(from) != '{') return mismatch(token_of(from), at, "an object");
    json::object members;
    if (from.get_object().get(members) != simdjson::SUCCESS) return syntax();
    std::vector<found_key> keys;
    for (auto got : members) {
      if (got.error() != simdjson::SUCCESS) return syntax();
      json::field&& member = std::move(got).value_unsafe();
      const auto key_start = offset_of(member);
      const auto key = key_of(member, at);
      if (key.data() == nullptr) return false;
      keys.push_back({key, key_start});
      if (to.size() == allowed.max_items) return too_many(key_start, at, allowed.max_items);
      auto& entry = to.emplace_back(key, T{});
      if (!value(member.value(), entry.second, at.property(key), allowed)) return false;
    }
    return distinct(std::move(keys), at);
  }

 private:
  // ---- tokens ----

  static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  // A scalar's text without the space behind it; of containers only the first character means anything.
  // Every value passes here once or twice, and the call would cost as much as the rest.
  [[gnu::always_inline]] static std::string_view token_of(json::value& from) {
    const std::string_view token = from.raw_json_token();
    auto size = token.size();
    while (size != 0 && is_space(token[size - 1])) --size;
    return {token.data(), size};
  }
  // What a value begins with, which tells its kind.
  static char first_of(json::value& from) {
    const std::string_view token = from.raw_json_token();
    return token.empty() ? '\0' : token[0];
  }
  static bool is_null(json::value& from) { return first_of(from) == 'n' && token_of(from) == "null"; }
  // The text from there on. Unlike substr() it checks nothing, as nothing can be wrong.
  [[nodiscard]] std::string_view behind(std::size_t offset) const {
    return {text_.data() + offset, text_.size() - offset};
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

  // A string's text; after an error its data() is null. Returned like this it stays in registers.
  std::string_view text_of(json::value& from, const place& at, const rule& allowed) {
    const auto token = token_of(from);
    if (token.size() < 2 || token.front() != '"' || token.back() != '"') return no_text(token, at);
    std::string_view text{token.data() + 1, token.size() - 2};
    if (has_escape(text)) text = unescaped(from, at);
    if (text.size() > allowed.max_bytes) return too_long(text.size(), offset_of(token.data()), at, allowed.max_bytes);
    return text;
  }

  std::string_view unescaped(json::value& from, const place& at) {
    const auto start = offset_of(from);
    std::string_view text;
    if (from.get_string().get(text) != simdjson::SUCCESS) return no_text();
    return clean(text, start, at) ? text : std::string_view{};
  }

  // Parts of the text are asked about from front to back: it is searched once, not part by part.
  bool has_escape(std::string_view part) {
    const auto start = offset_of(part.data());
    if (next_escape_ < start) next_escape_ = text_.find('\\', start);
    return next_escape_ < start + part.size();
  }

  // What escapes can smuggle in: NUL, and with older versions of simdjson a lone surrogate.
  bool clean(std::string_view unescaped, std::size_t start, const place& at) {
    if (unescaped.find('\0') != std::string_view::npos) return fail(start, at, "string contains NUL");
    return simdjson::validate_utf8(unescaped.data(), unescaped.size()) || syntax();
  }

  // Whether the key is this, written without escapes.
  bool is_key(const json::field& member, std::string_view name) const {
    const auto rest = behind(offset_of(member) + 1);
    return rest.size() > name.size() && rest[name.size()] == '"' && rest.starts_with(name);
  }

  // The key; after an error its data() is null.
  std::string_view key_of(json::field& member, const place& at) {
    const auto start = offset_of(member);
    const auto rest = behind(start + 1);
    std::string_view key{rest.data(), std::min(rest.find('"'), rest.size())};
    if (has_escape(key)) key = unescaped_key(member, at);
    if (key.size() <= limits::string_bytes) return key;
    (void)fail(start, at, "property name of " + std::to_string(key.size()) + " bytes");
    return {};
  }

  template <class Field>
  static auto strictly_unescaped(Field& member) {
    if constexpr (requires { member.unescaped_key(false); })
      return member.unescaped_key(false);
    else
      return member.unescaped_key();  // simdjson before 3.3
  }

  std::string_view unescaped_key(json::field& member, const place& at) {
    const auto start = offset_of(member);
    std::string_view key;
    if (strictly_unescaped(member).get(key) != simdjson::SUCCESS) return no_text();
    return clean(key, start, at) ? key : std::string_view{};
  }

  // ---- arrays ----

  // Calls `read(value, place)` for each element, until it says false.
  template <class Read>
  bool each_element(json::value& from, const place& at, std::size_t most, Read&& read) {
    if (first_of(from) != '[') return mismatch(token_of(from), at, "an array");
    json::array elements;
    if (from.get_array().get(elements) != simdjson::SUCCESS) return syntax();
    auto here = at.element(0);
    for (auto got : elements) {
      if (got.error() != simdjson::SUCCESS) return syntax();
      json::value&& element = std::move(got).value_unsafe();
      if (here.index == most) return too_many(offset_of(element), at, most);
      if (!read(element, here)) return false;
      ++here.index;
    }
    return true;
  }

  // ---- objects ----

  bool object_members(json::object& members, std::size_t start, void* object, const object_reader& with,
                      const place& at) {
    const auto fields = with.fields;
    std::uint64_t seen = 0;        // by the name in the table,
    std::uint64_t seen_other = 0;  // and by one with letters of another case
    std::uint64_t given = 0;
    std::size_t next = 0;
    std::vector<found_key> strangers;
    for (auto got : members) {
      if (got.error() != simdjson::SUCCESS) return syntax();
      json::field&& member = std::move(got).value_unsafe();
      const auto key_start = offset_of(member);
      // Documents are mostly written in the order of the table.
      const bool in_order = next < fields.size() && is_key(member, fields[next].name);
      const auto key = in_order ? fields[next].name : key_of(member, at);
      if (key.data() == nullptr) return false;
      const auto i = in_order ? next : find(fields, key, next);
      const auto here = at.property(key);
      if (i == fields.size()) {
        strangers.push_back({key, key_start});
        list_unknown(here);
        if (!skip(member.value(), here)) return false;
        continue;
      }
      const auto bit = std::uint64_t{1} << i;
      auto& seen_so = in_order || fields[i].name == key ? seen : seen_other;
      if (((fields[i].is_object ? seen_so : seen | seen_other) & bit) != 0) return twice(key_start, at.property(key));
      seen_so |= bit;
      next = i + 1;
      if (fields[i].read == nullptr) {
        if (!skip(member.value(), here)) return false;
      } else if (!is_null(member.value())) {
        given |= bit;
        if (!fields[i].read(*this, member.value(), object, here)) return false;
      }
    }
    if (const auto missing = with.required & ~given; missing != 0) {
      const auto first = static_cast<std::size_t>(std::countr_zero(missing));
      return fail(start, at, "missing property \"" + std::string{fields[first].name} + "\"");
    }
    return distinct(std::move(strangers), at);
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
    // runc does not mind the case of letters, so there are documents with `CPU` and `pagesize`.
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (equal_but_for_case(fields[i].name, key)) return i;
    return fields.size();
  }

  // A key that is data, or unknown. Sorted rather than compared each with each, as a document may have a million.
  struct found_key {
    std::string_view key;
    std::size_t start;
  };
  bool distinct(std::vector<found_key> all, const place& at) {
    if (all.size() < 2) return true;
    std::ranges::stable_sort(all, {}, &found_key::key);
    const auto same = std::ranges::adjacent_find(all, {}, &found_key::key);
    return same == all.end() || twice(std::next(same)->start, at.property(same->key));
  }

  // Reads and drops a value that nobody wants, as strictly as any other.
  bool skip(json::value& from, const place& at) {
    const char first = first_of(from);
    if (first == '{') return skip_object(from, at);
    if (first == '[') return skip_array(from, at);
    if (first == '"') return text_of(from, at, rule{}).data() != nullptr;
    return is_scalar(token_of(from)) || syntax();
  }

  bool skip_object(json::value& from, const place& at) {
    if (at.depth >= limits::depth) return too_deep(from, at);
    json::object members;
    if (from.get_object().get(members) != simdjson::SUCCESS) return syntax();
    std::vector<found_key> keys;
    for (auto got : members) {
      if (got.error() != simdjson::SUCCESS) return syntax();
      json::field&& member = std::move(got).value_unsafe();
      const auto key_start = offset_of(member);
      const auto key = key_of(member, at);
      if (key.data() == nullptr) return false;
      keys.push_back({key, key_start});
      if (!skip(member.value(), at.property(key))) return false;
    }
    return distinct(std::move(keys), at);
  }

  bool skip_array(json::value& from, const place& at) {
    if (at.depth >= limits::depth) return too_deep(from, at);
    constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
    return each_element(from, at, unlimited,
                        [&](json::value& element, const place& here) { return skip(element, here); });
  }

  static bool is_scalar(std::string_view token) {
    return !token.empty() && token[0] != '{' && token[0] != '[' && !find_syntax_error(token);
  }

  // ---- errors ----
  // Cold, so that what calls them is small and itself inlined.

  [[gnu::cold]] bool fail(std::size_t offset, const place& at, std::string what) {
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
  [[gnu::cold]] bool syntax() {
    if (const auto found = find_syntax_error(text_)) return fail(found->offset, place{}, std::string{found->what});
    return fail(text_.size(), place{}, "not a JSON document that simdjson can read");
  }

  [[gnu::cold]] bool no_object(std::size_t start) {
    if (const auto found = find_syntax_error(text_)) return fail(found->offset, place{}, std::string{found->what});
    if (text_[start] == 'n' && options_.document == "config.json") {
      failure_ = error::config({}, "config cannot be null");
      return false;
    }
    return mismatch(text_.substr(start, 1), place{}, "an object");
  }

  [[gnu::cold]] bool too_large() {
    failure_ = error::config(
        {}, std::string{options_.document} + " is larger than " + std::to_string(options_.max_bytes) + " bytes");
    return false;
  }

  [[gnu::cold]] bool mismatch(std::string_view token, const place& at, std::string_view expected) {
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

  [[gnu::cold]] std::string_view no_text() {
    (void)syntax();
    return {};
  }
  [[gnu::cold]] std::string_view no_text(std::string_view token, const place& at) {
    if (!token.empty() && token[0] == '"') return no_text();
    (void)mismatch(token, at, "a string");
    return {};
  }

  [[gnu::cold]] bool bad_integer(std::string_view token, const place& at, const std::string& least,
                                 const std::string& most) {
    if (!is_scalar(token)) return syntax();
    const auto start = offset_of(token.data());
    if (token.find_first_of(".eE") != std::string_view::npos)
      return fail(start, at, "expected an integer, found " + shown(token));
    return fail(start, at, shown(token) + " is out of range (" + least + " to " + most + ")");
  }

  [[gnu::cold]] bool unknown_name(std::size_t start, const place& at, std::string_view refusal, std::string_view got) {
    const auto gap = refusal.find("{}");
    std::string what{refusal.substr(0, gap)};
    if (gap != std::string_view::npos) what += shown(got) + std::string{refusal.substr(gap + 2)};
    return fail(start, at, std::move(what));
  }

  [[gnu::cold]] bool too_many(std::size_t start, const place& at, std::size_t most) {
    return fail(start, at, "more than " + std::to_string(most) + " entries");
  }

  [[gnu::cold]] std::string_view too_long(std::size_t size, std::size_t start, const place& at, std::size_t most) {
    (void)fail(start, at, "string of " + std::to_string(size) + " bytes, more than " + std::to_string(most));
    return {};
  }

  [[gnu::cold]] bool too_deep(json::value& from, const place& at) {
    return fail(offset_of(from), at, "nested more than " + std::to_string(limits::depth) + " levels deep");
  }

  [[gnu::cold]] bool twice(std::size_t start, const place& at) {
    return fail(start, at, "property \"" + shown(at.name) + "\" appears twice");
  }

  // Lists of objects have several, mostly. Left to itself a vector moves to new memory for the second, third and fifth.
  static constexpr std::size_t first_capacity = 8;

  std::string_view text_;
  const parse_options& options_;
  std::size_t next_escape_ = 0;          // the first backslash behind what has been read; npos: none
  std::vector<std::string_view> texts_;  // of the list that is being read
  std::optional<error> failure_;
  std::vector<std::string> unknown_;
  std::size_t unknown_bytes_ = 0;
};

template <class T>
inline constexpr bool is_object = described<T>;
template <class T>
inline constexpr bool is_object<std::optional<T>> = described<T>;

template <class T, std::size_t I>
constexpr field_reader field_reader_for() {
  constexpr auto& described_field = std::get<I>(table<T>);
  if constexpr (is_ignored<decltype(described_field)>) {
    return {described_field.name, {}, nullptr, false};
  } else {
    return {described_field.name, described_field.rule,
            [](reader& in, json::value& from, void* object, const place& at) {
              constexpr auto& f = std::get<I>(table<T>);
              return in.value(from, static_cast<T*>(object)->*(f.pointer), at, f.rule);
            },
            is_object<std::remove_cvref_t<decltype(std::declval<T&>().*(described_field.pointer))>>};
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

constexpr std::uint64_t required_among(std::span<const field_reader> fields) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].rule.is_required) bits |= std::uint64_t{1} << i;
  return bits;
}

template <class T>
inline constexpr object_reader reader_of = {field_readers<T>, required_among(field_readers<T>)};

template <described T>
bool reader::value(json::value& from, T& to, const place& at, const rule&) {
  if (first_of(from) != '{') return mismatch(token_of(from), at, "an object");
  const auto start = offset_of(from);
  json::object members;
  if (from.get_object().get(members) != simdjson::SUCCESS) return syntax();
  return object_members(members, start, &to, reader_of<T>, at);
}

}  // namespace detail

/// `text` to a `T`. `padded` is the text with at least SIMDJSON_PADDING readable bytes behind it: nothing is copied.
///
/// Errors: config, with line, column and pointer; nothing else.
template <described T>
[[nodiscard]] result<parsed<T>> parse_padded(simdjson::padded_string_view padded, const parse_options& options = {}) {
  result<parsed<T>> out{tl::in_place};
  detail::reader in{std::string_view{padded.data(), padded.size()}, options};
  if (in.document(padded, &out->value, detail::reader_of<T>))
    out->unknown = std::move(in.unknown());
  else
    out = tl::unexpected(*std::move(in.failure()));
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
