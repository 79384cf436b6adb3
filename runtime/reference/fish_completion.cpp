// SPDX-License-Identifier: Apache-2.0
#include "candidates.hpp"
#include "commands.hpp"
#include "completion.hpp"
#include "global_options.hpp"
#include "help.hpp"
#include "shell_text.hpp"

namespace ocikit::runtime::reference {
namespace {

std::string quoted(std::string_view text) {
  return "'" + replaced(replaced(std::string{text}, "\\", "\\\\"), "'", "\\'") + "'";
}

/// How `complete` is told of them.
std::string spelled(const candidates& what) {
  switch (what.kind) {
    case candidate_kind::unknown:
      return " -x";
    case candidate_kind::files:
      return " -r -F";
    case candidate_kind::directories:
      return " -x -a '(__fish_complete_directories)'";
    case candidate_kind::containers:
      return " -x -a '(__ocirun_containers)'";
    case candidate_kind::words:
      return " -x -a " + quoted(joined(what.words, " "));
  }
  return "";
}

std::string line(const std::string& when, const std::string& what) {
  return "complete -c ocirun -n " + quoted("__ocirun_at " + when) + what + '\n';
}

std::string option_line(const std::string& when, const option& row) {
  std::string what = " -l " + std::string{row.name};
  if (!row.short_name.empty()) what += " -s " + std::string{row.short_name};
  if (!row.value.empty()) what += spelled(value_candidates(row));
  return line(when, what + " -d " + quoted(row.help));
}

std::string option_lines(const std::string& when, std::span<const option> table) {
  std::string out;
  for (const option& row : table)
    if (!row.hidden) out += option_line(when, row);
  return out + option_line(when, help_option);
}

std::string argument_lines(const command& what) {
  std::string out;
  int given = 0;
  for (const candidates& argument : argument_candidates(what))
    if (argument.kind != candidate_kind::unknown)
      out += line(std::string{what.name} + ' ' + std::to_string(given++), spelled(argument));
  return out;
}

std::string command_lines(const std::string& when) {
  std::string out;
  for (const auto& each : all_commands)
    out += line(when, " -a " + std::string{each().name} + " -d " + quoted(each().purpose));
  return out;
}

/// `create | list) names` in fish's words: the options that take a value.
std::string value_case(const std::string& name, std::span<const option> table) {
  std::string names;
  for (const option& row : table) {
    if (row.hidden || row.value.empty()) continue;
    names += ' ' + std::string{row.name};
    if (!row.short_name.empty()) names += ' ' + std::string{row.short_name};
  }
  return names.empty() ? "" : "        case " + name + "\n            set names" + names + '\n';
}

std::string value_cases() {
  std::string out = value_case("''", global_options);
  for (const auto& each : all_commands) out += value_case(std::string{each().name}, each().options);
  return out;
}

std::string completions() {
  std::string out = option_lines("''", global_options) + command_lines("''");
  out += line("''", " -a help -d " + quoted(help_purpose)) + command_lines("help 0");
  for (const auto& each : all_commands) {
    const std::string name{each().name};
    out += option_lines(each().stops_at_first_positional ? name + " 0" : name, each().options);
    out += argument_lines(each());
  }
  return out;
}

}  // namespace

std::string fish_completion(std::string_view skeleton) {
  return replaced(replaced(std::string{skeleton}, "@VALUES@\n", value_cases()), "@COMPLETIONS@\n", completions());
}

}  // namespace ocikit::runtime::reference
