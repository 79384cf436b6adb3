// SPDX-License-Identifier: Apache-2.0
//
// A value of a wrong type, in the place of every value of a document that has every property.
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/spec/parse.hpp>

#include "catch.hpp"
#include "documents.hpp"

using namespace ocikit;

namespace {

/// A value of a JSON text: where it is, and its first character, which tells its type.
struct place {
  std::string pointer;
  std::size_t begin = 0, end = 0;
  char first = 0;
};

/// Lists the values of a text that is known to be good JSON without escapes.
class scanner {
 public:
  explicit scanner(std::string_view text) : text_{text} { value(""); }
  [[nodiscard]] const std::vector<place>& found() const { return found_; }

 private:
  void blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  bool take(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view string() {
    (void)take('"');
    const auto end = text_.find('"', at_);
    const auto out = text_.substr(at_, end - at_);
    at_ = end + 1;
    return out;
  }
  void value(const std::string& pointer) {
    blanks();
    const std::size_t index = found_.size();
    found_.push_back({pointer, at_, at_, text_[at_]});
    if (take('{')) {
      while (!take('}')) {
        const std::string key{string()};
        (void)take(':');
        value(pointer + "/" + key);
        (void)take(',');
      }
    } else if (take('[')) {
      for (std::size_t i = 0; !take(']'); ++i) {
        value(pointer + "/" + std::to_string(i));
        (void)take(',');
      }
    } else if (text_[at_] == '"') {
      (void)string();
    } else {
      while (at_ < text_.size() && std::string_view{",]} \n"}.find(text_[at_]) == std::string_view::npos) ++at_;
    }
    found_[index].end = at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<place> found_;
};

/// Values of all types but the one that begins with `first`, and numbers that no integer can be.
std::vector<std::string> wrong_values(char first) {
  std::vector<std::string> out;
  if (first != '{') out.insert(out.end(), {R"({"a":1})", "{}"});
  if (first != '[') out.insert(out.end(), {"[]", "[[]]"});
  if (first != '"') out.insert(out.end(), {R"("x")", R"("")", R"("7")"});
  if (first != 't' && first != 'f') out.insert(out.end(), {"true", "false"});
  const bool number = first == '-' || (first >= '0' && first <= '9');
  if (!number) out.insert(out.end(), {"0", "-1"});
  out.insert(out.end(), {"1.5", "18446744073709551616", "-9223372036854775809", "1e2"});
  return out;
}

bool is_skipped(const std::string& pointer) {
  for (const std::string_view block : {"/solaris", "/windows", "/vm", "/zos", "/freebsd"})
    if (pointer.starts_with(block)) return true;
  return false;
}

}  // namespace

TEST_CASE("a value of a wrong type is refused with its place, for every property of the schema") {
  const auto text = read_text("tests/spec/every_property.json");
  const scanner document{text};
  std::size_t tried = 0;
  for (const place& one : document.found()) {
    if (is_skipped(one.pointer)) continue;
    for (const std::string& wrong : wrong_values(one.first)) {
      INFO(one.pointer << " = " << wrong);
      const auto got = spec::parse_config(text.substr(0, one.begin) + wrong + text.substr(one.end));
      REQUIRE_FALSE(got);
      CHECK(got.error().kind() == errc::config);
      CHECK(got.error().where() == one.pointer);
      ++tried;
    }
  }
  CHECK(tried > 3000);
}
