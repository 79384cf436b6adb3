// SPDX-License-Identifier: Apache-2.0
#include "roff.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace ocikit::runtime::reference {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

using block = std::vector<std::string_view>;

std::vector<block> blocks_of(std::string_view text) {
  std::vector<block> out;
  bool open = false;
  for (const std::string_view line : lines_of(text)) {
    if (!line.empty()) {
      if (!open) out.emplace_back();
      out.back().push_back(line);
    }
    open = !line.empty();
  }
  return out;
}

/// A line of output; one that begins with a dot or an apostrophe would be a request.
std::string protected_line(std::string line) {
  if (line.starts_with('.') || line.starts_with('\'')) line.insert(0, "\\&");
  return line + '\n';
}

std::string prose(std::span<const std::string_view> lines) {
  std::string out;
  for (std::string_view line : lines) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    out += protected_line(roff_line(line));
  }
  return out;
}

std::string code(std::span<const std::string_view> lines) {
  std::size_t margin = std::string_view::npos;
  for (const std::string_view line : lines) margin = std::min(margin, line.find_first_not_of(' '));
  std::string out = ".RS 4\n.nf\n";
  for (const std::string_view line : lines) out += protected_line(roff_literal(line.substr(margin)));
  return out + ".fi\n.RE\n";
}

std::string definition(const block& lines) {
  std::vector<std::string_view> explanation{lines.begin() + 1, lines.end()};
  explanation.front().remove_prefix(1);  // the colon
  return ".TP\n" + protected_line(roff_line(lines.front())) + prose(explanation);
}

std::string roff_block(const block& lines) {
  if (lines.front().starts_with("## ")) return ".SH " + roff_literal(lines.front().substr(3)) + '\n';
  if (lines.front().starts_with("  ")) return code(lines);
  if (lines.size() > 1 && lines[1].starts_with(": ")) return definition(lines);
  return prose(lines);
}

/// It brings its own distance from the text above.
bool is_apart(std::string_view roff) { return roff.starts_with(".SH ") || roff.starts_with(".TP\n"); }

}  // namespace

std::string roff_literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string roff_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char mark = text.front();
    const bool marked = mark == '`' || mark == '*';
    const std::size_t end = marked ? text.find(mark, 1) : std::min(text.find_first_of("`*"), text.size());
    if (end == std::string_view::npos) return out + roff_literal(text);  // a mark without its second is itself
    const std::string inner = roff_literal(text.substr(marked ? 1 : 0, marked ? end - 1 : end));
    out += marked ? (mark == '`' ? "\\fB" : "\\fI") + inner + "\\fR" : inner;
    text.remove_prefix(marked ? end + 1 : end);
  }
  return out;
}

std::string roff_blocks(std::string_view markdown) {
  std::string out;
  bool below_heading = true;
  for (const block& each : blocks_of(markdown)) {
    const std::string roff = roff_block(each);
    if (!below_heading && !is_apart(roff)) out += ".PP\n";
    out += roff;
    below_heading = roff.starts_with(".SH ");
  }
  return out;
}

}  // namespace ocikit::runtime::reference
