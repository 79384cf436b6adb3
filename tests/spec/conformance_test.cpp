// SPDX-License-Identifier: Apache-2.0
//
// docs/spec-conformance.md against the schemas and against the tests that it names.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "documents.hpp"

namespace {

/// One line of a table: which document, which properties, what becomes of them, and the file and title of the test.
struct entry {
  std::string document;
  std::vector<std::string> pointers;
  std::string status, file, title;
};

/// `/a/{b,c}` to `/a/b` and `/a/c`, for each group of braces.
std::vector<std::string> expanded(const std::string& text) {
  const auto open = text.find('{');
  if (open == std::string::npos) return {text};
  const auto close = text.find('}', open);
  std::vector<std::string> out;
  std::istringstream names{text.substr(open + 1, close - open - 1)};
  for (std::string name; std::getline(names, name, ',');)
    for (const std::string& rest : expanded(text.substr(close + 1))) out.push_back(text.substr(0, open) + name + rest);
  return out;
}

/// The pieces of `cell` between backticks.
std::vector<std::string> quoted(const std::string& cell) {
  std::vector<std::string> out;
  std::istringstream pieces{cell};
  std::string piece;
  for (bool inside = false; std::getline(pieces, piece, '`'); inside = !inside)
    if (inside) out.push_back(piece);
  return out;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

/// `| a | b | c |` to a, b and c.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream cells{line.substr(1)};
  for (std::string cell; std::getline(cells, cell, '|');) out.push_back(trimmed(cell));
  return out;
}

std::vector<entry> read_page() {
  std::vector<entry> out;
  std::string document;
  std::istringstream lines{read_text("docs/spec-conformance.md")};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) document = line == "## config.json" ? "config" : line.substr(3);
    if (!line.starts_with("| `/")) continue;
    const auto cells = cells_of(line);
    entry one{document, {}, {}, {}, {}};
    if (cells.size() == 3) {
      for (const std::string& pointer : quoted(cells[0]))
        for (std::string& each : expanded(pointer)) one.pointers.push_back(std::move(each));
      one.status = cells[1];
      const auto end = cells[2].find("`: ");
      if (cells[2].starts_with('`') && end != std::string::npos) {
        one.file = cells[2].substr(1, end - 1);
        one.title = cells[2].substr(end + 3);
      }
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

TEST_CASE("the page on conformance lists every property of the schemas once, and no others") {
  std::multiset<std::string> listed;
  for (const entry& one : read_page())
    for (const std::string& pointer : one.pointers) listed.insert(one.document + " " + pointer);
  std::multiset<std::string> schema;
  std::istringstream lines{read_text("tests/spec/schema_properties.txt")};
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with('#')) schema.insert(line);
  REQUIRE(schema.size() > 250);
  std::vector<std::string> missing, strange;
  std::ranges::set_difference(schema, listed, std::back_inserter(missing));
  std::ranges::set_difference(listed, schema, std::back_inserter(strange));
  CHECK(missing == std::vector<std::string>{});
  CHECK(strange == std::vector<std::string>{});
}

TEST_CASE("each line of the page on conformance has a status, and a test that is there") {
  std::map<std::string, std::string> files;
  for (const entry& one : read_page()) {
    INFO(one.document << " " << (one.pointers.empty() ? "(no pointer)" : one.pointers.front()));
    CHECK_FALSE(one.pointers.empty());
    const std::string word = one.status.substr(0, one.status.find_first_of(" ;,:"));
    const std::set<std::string> known{"applied", "kept", "refused", "ignored", "told"};
    CHECK(known.count(word) == 1);
    REQUIRE_FALSE(one.file.empty());
    if (files.find(one.file) == files.end()) files[one.file] = read_text(one.file);
    const std::string head = one.file.ends_with(".bats") ? "@test \"" : "TEST_CASE(\"";
    INFO(one.file << ": " << one.title);
    CHECK(files[one.file].find(head + one.title + "\"") != std::string::npos);
  }
}
