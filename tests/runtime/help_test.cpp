// SPDX-License-Identifier: Apache-2.0
#include "help.hpp"

#include <set>
#include <string>

#include "catch.hpp"
#include "commands.hpp"
#include "global_options.hpp"

using namespace ocikit;
using namespace ocikit::runtime;

namespace {

constexpr option few[] = {
    {"bundle", "b", option_kind::text, "DIR", "", "the bundle"},
    {"all", "a", option_kind::flag, "", "", "obsolete", true},
    {"depth", "", option_kind::number, "N", "7", "how deep"},
};
constexpr command sample{
    .name = "dig",
    .purpose = "make a hole",
    .usage = "<where>",
    .description = "Digs.\n\nAnd digs.",
    .options = few,
};

/// Names and letters must be unique and help must say something; returns the first row that breaks this.
std::string first_bad_row(std::span<const option> table) {
  std::set<std::string_view> seen = {"help", "h"};
  for (const option& row : table) {
    if (row.help.empty() || !seen.insert(row.name).second) return std::string{row.name};
    if (!row.short_name.empty() && !seen.insert(row.short_name).second) return std::string{row.name};
    if ((row.kind == option_kind::flag) != row.value.empty()) return std::string{row.name};
  }
  return {};
}

}  // namespace

TEST_CASE("a command's help is its table, but for what is hidden") {
  CHECK(command_help(sample, "ocirun") ==
        "NAME:\n"
        "   ocirun dig - make a hole\n"
        "\n"
        "USAGE:\n"
        "   ocirun dig [command options] <where>\n"
        "\n"
        "DESCRIPTION:\n"
        "   Digs.\n"
        "\n"
        "   And digs.\n"
        "\n"
        "OPTIONS:\n"
        "   --bundle DIR, -b DIR  the bundle\n"
        "   --depth N             how deep (default: 7)\n"
        "   --help, -h            show help\n");
}

TEST_CASE("every command can run, explains itself and has a sound option table") {
  for (const auto& each : all_commands) {
    const command& what = each();
    INFO(what.name);
    CHECK(what.run != nullptr);
    CHECK(find_command(what.name) == &what);
    CHECK(!what.purpose.empty());
    CHECK(!what.description.empty());
    CHECK(what.min_positionals <= what.max_positionals);
    CHECK(first_bad_row(what.options).empty());
    CHECK(program_help("ocirun").find("\n   " + std::string{what.name} + " ") != std::string::npos);
  }
  CHECK(first_bad_row(global_options).empty());
}

TEST_CASE("commands are listed in alphabetical order, so that a new one has one place") {
  std::string_view last;
  for (const auto& each : all_commands) {
    CHECK(last < each().name);
    last = each().name;
  }
}

TEST_CASE("what is not a command is not found") {
  CHECK(find_command("foo") == nullptr);
  CHECK(find_command("") == nullptr);
  CHECK(find_command("help") == nullptr);
}

TEST_CASE("the version has the lines that clients look for") {
  const std::string text = version_text("runc");
  CHECK(text.starts_with("runc version "));
  CHECK(text.ends_with("\nspec: 1.3.0\n"));
}
