// SPDX-License-Identifier: Apache-2.0
//
// spec_lint FILE: what is wrong with a config.json, one line for each finding, with its place. Exit status 0 when there
// are warnings at most, 1 for an error, 2 when there is no such file. It runs nothing and needs no privileges.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include <ocikit/spec/extensions.hpp>
#include <ocikit/spec/locate.hpp>
#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/validate.hpp>

namespace {

using namespace ocikit;

// [check]
class linter {
 public:
  explicit linter(std::string_view text) : text_{text} {}

  /// Whether the document describes a container. The parser stops at its first error, and so do the rules for the
  /// whole.
  bool check() {
    auto parsed = spec::parse_config(text_);
    if (!parsed) {
      std::cout << "error: " << parsed.error().message() << '\n';  // has line and column
      return false;
    }
    for (const auto& pointer : parsed->unknown) say("warning", "unknown property", pointer);
    for (const auto& one : spec::find_warnings(parsed->value)) say("warning", one.text, one.pointer);
    const auto valid = spec::expand_extensions(parsed->value).and_then([&] { return spec::validate(parsed->value); });
    if (!valid) say("error", valid.error().story(), valid.error().where());
    return valid.has_value();
  }

 private:
  void say(std::string_view level, std::string_view what, std::string_view pointer) {
    const auto [line, column] = spec::locate(text_, pointer);
    std::cout << level << ": " << what << " at line " << line << ", column " << column << " (config.json#" << pointer
              << ")\n";
  }

  std::string_view text_;
};
// [check]

}  // namespace

int main(int argc, char** argv) {
  std::ifstream file{argc == 2 ? argv[1] : ""};
  if (!file) {
    std::cerr << "usage: spec_lint FILE\n";
    return 2;
  }
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  return linter{text}.check() ? 0 : 1;
}
