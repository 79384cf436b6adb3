// SPDX-License-Identifier: Apache-2.0
#include "help.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "global_options.hpp"
#include "version.hpp"

namespace ocikit::runtime {
namespace {

/// Two columns: what stands on the left, and its explanation.
using rows = std::vector<std::pair<std::string, std::string>>;

std::string columns(const rows& table) {
  std::size_t width = 0;
  for (const auto& [left, right] : table) width = std::max(width, left.size());
  std::string out;
  for (const auto& [left, right] : table) {
    out += "   " + left;
    out.append(width - left.size() + 2, ' ');
    out += right + '\n';
  }
  return out;
}

std::string spelled(const option& row) {
  std::string value = row.value.empty() ? "" : " " + std::string{row.value};
  std::string out = "--" + std::string{row.name} + value;
  if (!row.short_name.empty()) out += ", -" + std::string{row.short_name} + value;
  return out;
}

std::string explained(const option& row) {
  std::string out{row.help};
  if (!row.fallback.empty()) out += " (default: " + std::string{std::string_view{row.fallback}} + ")";
  return out;
}

std::string option_rows(std::span<const option> table) {
  rows out;
  for (const option& row : table)
    if (!row.hidden) out.emplace_back(spelled(row), explained(row));
  out.emplace_back(spelled(help_option), explained(help_option));
  return columns(out);
}

std::string command_rows() {
  rows out;
  for (const auto& each : all_commands) out.emplace_back(each().name, each().purpose);
  out.emplace_back("help, h", help_purpose);
  return columns(out);
}

/// Each line of `text` moved to the right.
std::string indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end != 0) (out += "   ") += text.substr(0, end);
    out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

const command* find_command(std::string_view name) noexcept {
  for (const auto& each : all_commands)
    if (each().name == name) return &each();
  return nullptr;
}

std::string program_help(std::string_view program) {
  const std::string self{program};
  return "NAME:\n   " + self + " - Open Container Initiative runtime\n\n" +  //
         "USAGE:\n   " + self + " [global options] command [command options] [arguments...]\n\n" + "VERSION:\n   " +
         std::string{version} + "\n\n" +  //
         "COMMANDS:\n" + command_rows() + "\nGLOBAL OPTIONS:\n" + option_rows(global_options);
}

std::string command_help(const command& what, std::string_view program) {
  const std::string self = std::string{program} + " " + std::string{what.name};
  std::string usage = self + " [command options]";
  if (!what.usage.empty()) (usage += ' ') += what.usage;
  return "NAME:\n   " + self + " - " + std::string{what.purpose} + "\n\nUSAGE:\n   " + usage + "\n\nDESCRIPTION:\n" +
         indented(what.description) + "\nOPTIONS:\n" + option_rows(what.options);
}

std::string version_text(std::string_view program) {
  std::string out = std::string{program} + " version " + std::string{version} + '\n';
  if (!commit.empty()) out += "commit: " + std::string{commit} + '\n';
  return out + "spec: " + std::string{spec_version} + '\n';
}

}  // namespace ocikit::runtime
