// SPDX-License-Identifier: Apache-2.0
#include "candidates.hpp"
#include "commands.hpp"
#include "completion.hpp"
#include "global_options.hpp"
#include "help.hpp"
#include "shell_text.hpp"

namespace ocikit::runtime::reference {
namespace {

std::string spelled(const candidates& what) {
  switch (what.kind) {
    case candidate_kind::unknown:
      return "";
    case candidate_kind::files:
      return "@files";
    case candidate_kind::directories:
      return "@directories";
    case candidate_kind::containers:
      return "@containers";
    case candidate_kind::words:
      return joined(what.words, ",");
  }
  return "";
}

std::string spelled(const option& row) {
  const std::string behind = row.value.empty() ? "" : ":" + spelled(value_candidates(row));
  std::string out = std::string{row.name} + behind;
  if (!row.short_name.empty()) out += ' ' + std::string{row.short_name} + behind;
  return out;
}

std::string case_of(std::string_view name, const std::string& text) {
  return "\t" + std::string{name} + ") echo '" + text + "' ;;\n";
}

std::string option_case(std::string_view name, std::span<const option> table) {
  std::string out;
  for (const option& row : table)
    if (!row.hidden) out += spelled(row) + ' ';
  return case_of(name, out + spelled(help_option));
}

std::string option_cases() {
  std::string out = option_case("''", global_options);
  for (const auto& each : all_commands) out += option_case(each().name, each().options);
  return out + option_case("help", {});
}

std::string argument_cases() {
  std::string out;
  for (const auto& each : all_commands) {
    std::string text;
    for (const candidates& argument : argument_candidates(each())) text += spelled(argument) + ' ';
    if (each().stops_at_first_positional) text += "@rest ";
    if (text.size() > 1) out += case_of(each().name, text.substr(0, text.size() - 1));
  }
  return out + case_of("help", "@commands");
}

std::string command_names() {
  std::string out;
  for (const auto& each : all_commands) out += std::string{each().name} + ' ';
  return out + "help";
}

}  // namespace

std::string bash_completion(std::string_view skeleton) {
  std::string out = replaced(std::string{skeleton}, "@COMMANDS@", command_names());
  out = replaced(std::move(out), "@OPTIONS@\n", option_cases());
  return replaced(std::move(out), "@ARGUMENTS@\n", argument_cases());
}

}  // namespace ocikit::runtime::reference
