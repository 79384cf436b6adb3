// SPDX-License-Identifier: Apache-2.0
#include "man_page.hpp"

#include <algorithm>
#include <span>

#include "commands.hpp"
#include "global_options.hpp"
#include "help.hpp"
#include "roff.hpp"
#include "version.hpp"

namespace ocikit::runtime::reference {
namespace {

std::string bold(std::string_view text) { return "\\fB" + roff_literal(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff_literal(text) + "\\fR"; }

std::string upper_case(std::string_view text) {
  std::string out{text};
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

/// Without a date, so that the same source gives the same page; not hyphenated or justified, as names are read exactly.
std::string heading(const std::string& name, std::string_view purpose) {
  return ".TH " + roff_literal(upper_case(name)) + " 8 \"\" \"ocirun " + std::string{version} +
         "\" \"System Administration\"\n.nh\n.ad l\n" +  //
         ".SH NAME\n" + roff_literal(name) + " \\- " + roff_literal(purpose) + '\n';
}

std::string entry(const option& row) {
  const std::string value = row.value.empty() ? "" : " " + italic(row.value);
  std::string out = ".TP\n" + bold("--" + std::string{row.name}) + value;
  if (!row.short_name.empty()) out += ", " + bold("-" + std::string{row.short_name}) + value;
  out += '\n' + roff_line(row.help) + '\n';
  if (!row.fallback.empty()) out += "(default: " + roff_literal(row.fallback) + ")\n";
  return out;
}

std::string entries(std::span<const option> table) {
  std::string out;
  for (const option& row : table)
    if (!row.hidden) out += entry(row);
  return out + entry(help_option);
}

std::string command_entries() {
  std::string out;
  for (const auto& each : all_commands)
    out += ".TP\n" + bold("ocirun-" + std::string{each().name}) + "(8)\n" + roff_line(each().purpose) + '\n';
  return out + ".TP\n" + bold("help") + " [" + italic("command") + "]\n" + roff_line(help_purpose) + '\n';
}

/// The prose in front of the first heading, and the rest.
struct two_parts {
  std::string_view description, sections;
};

two_parts split(std::string_view prose) {
  const std::size_t heading = prose.starts_with("## ") ? 0 : prose.find("\n## ");
  const std::size_t at = std::min(heading, prose.size());
  return {prose.substr(0, at), prose.substr(at)};
}

}  // namespace

std::string program_page(std::string_view prose) {
  const auto [description, sections] = split(prose);
  return heading("ocirun", "Open Container Initiative runtime") +  //
         ".SH SYNOPSIS\n" + bold("ocirun") + " [" + italic("global options") + "] " + italic("command") + " [" +
         italic("options") + "] [" + italic("arguments") + "]\n" +  //
         ".SH DESCRIPTION\n" + roff_blocks(description) + ".SH COMMANDS\n" + command_entries() +
         ".SH GLOBAL OPTIONS\n" + entries(global_options) + roff_blocks(sections);
}

std::string command_page(const command& what, std::string_view prose) {
  const auto [description, sections] = split(prose);
  std::string usage =
      bold("ocirun") + " [" + italic("global options") + "] " + bold(what.name) + " [" + italic("options") + "]";
  if (!what.usage.empty()) usage += ' ' + roff_literal(what.usage);
  return heading("ocirun-" + std::string{what.name}, what.purpose) +                                             //
         ".SH SYNOPSIS\n" + usage + '\n' +                                                                       //
         ".SH DESCRIPTION\n" + roff_blocks(std::string{what.description} + "\n\n" + std::string{description}) +  //
         ".SH OPTIONS\n" + entries(what.options) + roff_blocks(sections) +                                       //
         ".SH SEE ALSO\n" + bold("ocirun") + "(8)\n";
}

}  // namespace ocikit::runtime::reference
