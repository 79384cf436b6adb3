// SPDX-License-Identifier: Apache-2.0
#include "candidates.hpp"
#include "commands.hpp"
#include "completion.hpp"
#include "global_options.hpp"
#include "help.hpp"
#include "shell_text.hpp"

namespace ocikit::runtime::reference {
namespace {

/// `text` in single quotes, for a place in _arguments or _describe where colons and brackets have a meaning.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view{"\\:[]"}.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return replaced(std::move(out), "'", "'\\''");
}

std::string action(const candidates& what) {
  switch (what.kind) {
    case candidate_kind::unknown:
      return " ";
    case candidate_kind::files:
      return "_files";
    case candidate_kind::directories:
      return "_files -/";
    case candidate_kind::containers:
      return "_ocirun_containers";
    case candidate_kind::words:
      return "(" + joined(what.words, " ") + ")";
  }
  return " ";
}

bool repeatable(const option& row) { return row.kind == option_kind::texts || row.kind == option_kind::numbers; }

/// One line for _arguments, such as '(--bundle -b)'{--bundle=,-b}'[the bundle]:DIR:_files -/'.
std::string spelled(const option& row) {
  const std::string name = "--" + std::string{row.name}, letter = "-" + std::string{row.short_name};
  std::string text = "[" + escaped(row.help) + "]";
  if (!row.value.empty()) text += ":" + escaped(row.value) + ":" + action(value_candidates(row));
  const std::string long_name = row.value.empty() ? name : name + "=";
  std::string in_front;
  if (repeatable(row))
    in_front = "*";
  else if (!row.short_name.empty())
    in_front = "(" + name + " " + letter + ")";
  if (row.short_name.empty()) return "'" + in_front + long_name + text + "'";
  return "'" + in_front + "'{" + long_name + "," + letter + "}'" + text + "'";
}

std::string option_lines(std::span<const option> table) {
  std::string out;
  for (const option& row : table)
    if (!row.hidden) out += "\t\t" + spelled(row) + '\n';
  return out + "\t\t" + spelled(help_option) + '\n';
}

std::string argument_lines(const command& what) {
  std::string out;
  int place = 1;
  for (const candidates& argument : argument_candidates(what))
    out += "\t\t'" + std::to_string(place++) + ":argument:" + action(argument) + "'\n";
  if (what.stops_at_first_positional) out += "\t\t'*:::argument: '\n";
  return out;
}

std::string command_case(std::string_view name, const std::string& lines) {
  return "\t" + std::string{name} + ") specs=(\n" + lines + "\t) ;;\n";
}

std::string command_cases() {
  std::string out;
  for (const auto& each : all_commands)
    out += command_case(each().name, option_lines(each().options) + argument_lines(each()));
  return out + command_case("help", option_lines({}) + "\t\t'1:command:_ocirun_commands'\n");
}

std::string command_lines() {
  std::string out;
  for (const auto& each : all_commands)
    out += "\t\t'" + std::string{each().name} + ":" + escaped(each().purpose) + "'\n";
  return out + "\t\t'help:" + escaped(help_purpose) + "'\n";
}

}  // namespace

std::string zsh_completion(std::string_view skeleton) {
  std::string out = replaced(std::string{skeleton}, "@COMMANDS@\n", command_lines());
  out = replaced(std::move(out), "@GLOBAL_OPTIONS@\n", option_lines(global_options));
  return replaced(std::move(out), "@OPTIONS@\n", command_cases());
}

}  // namespace ocikit::runtime::reference
