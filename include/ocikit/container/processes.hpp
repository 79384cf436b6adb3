// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <unistd.h>
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/container/captured_program.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/process_identity.hpp>
#include <ocikit/sys/quoted_text.hpp>

namespace ocikit::container {

/// The host's pids of all processes of the container; none when it is stopped. Errors: system.
[[nodiscard]] inline result<std::vector<pid_t>> processes(const loaded_container& of) { return of.cgroup->pids(); }

/// `[1,2,3]` and a newline, or `null` and a newline for no process, as Go's encoder has it. Pure.
[[nodiscard]] inline std::string pids_as_json(std::span<const pid_t> pids) {
  if (pids.empty()) return "null\n";
  std::string out;
  for (const pid_t pid : pids) out += (out.empty() ? '[' : ',') + std::to_string(pid);
  return out + "]\n";
}

namespace detail {

inline std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view blanks = " \t\r\v\f";
  std::vector<std::string_view> words;
  for (auto at = line.find_first_not_of(blanks); at != std::string_view::npos;) {
    const auto end = std::min(line.find_first_of(blanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(blanks, end);
  }
  return words;
}

inline std::string_view next_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

inline error unparsable_pid(std::string_view word) {
  return error::state("unable to parse pid: strconv.Atoi: parsing " + sys::go_quoted(word) + ": invalid syntax");
}

}  // namespace detail

/// The header of `ps_output`, and those of its rows whose PID is among `pids`. Pure.
/// Errors: state `couldn't find PID field in ps output`, `unable to parse pid: ...`.
[[nodiscard]] inline result<std::string> rows_of(std::string_view ps_output, std::span<const pid_t> pids) {
  const auto header = detail::next_line(ps_output);
  const auto titles = detail::words_of(header);
  const auto column = static_cast<std::size_t>(std::ranges::find(titles, "PID") - titles.begin());
  if (column == titles.size()) return tl::unexpected(error::state("couldn't find PID field in ps output"));
  std::string out = std::string{header} + '\n';
  while (!ps_output.empty()) {
    const auto line = detail::next_line(ps_output);
    if (line.empty()) continue;
    const auto words = detail::words_of(line);
    const auto word = column < words.size() ? words[column] : std::string_view{};
    const auto pid = detail::whole_number<pid_t>(word);
    if (!pid) return tl::unexpected(detail::unparsable_pid(word));
    if (std::ranges::find(pids, *pid) != pids.end()) (out += line) += '\n';
  }
  return out;
}

/// Runs ps(1), found in $PATH, with `arguments` (`-ef` when there are none) and this process's environment, and picks
/// the rows of `pids`. Errors: state, with what ps printed, when it fails; as `rows_of`; system without ps.
[[nodiscard]] inline result<std::string> run_ps(std::span<const std::string> arguments, std::span<const pid_t> pids) {
  program ps{.path = "ps", .args = {"ps"}, .env = {}, .input = {}, .timeout = {}, .longest_output = 64UL << 20U};
  ps.args.insert(ps.args.end(), arguments.begin(), arguments.end());
  if (arguments.empty()) ps.args.emplace_back("-ef");
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) ps.env.emplace_back(*entry);
  const auto end = OCIKIT_TRY(run_captured(ps));
  if (end.status != 0) return tl::unexpected(error::state(end_text(end.status) + ": " + end.output + end.error_output));
  return rows_of(end.output, pids);
}

}  // namespace ocikit::container
