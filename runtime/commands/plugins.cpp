// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <ocikit/sys/call.hpp>
#include <ocikit/sys/quoted_text.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "plugin_files.hpp"
#include "plugin_search.hpp"
#include "shared_options.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {shared::table_or_json};

using row = std::array<std::string, 4>;

row row_of(const plugin::listed& found) {
  const std::string status = found.refusal.empty() ? found.description : "refused: " + found.refusal;
  return {found.kind.empty() ? "?" : found.kind, found.name, found.version.empty() ? "?" : found.version,
          sys::one_line(status)};
}

std::string as_table(const std::vector<plugin::listed>& all) {
  std::vector<row> rows = {{"KIND", "NAME", "VERSION", "DESCRIPTION"}};
  for (const auto& found : all) rows.push_back(row_of(found));
  std::array<std::size_t, 3> widths{};
  for (const row& each : rows)
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], each[i].size() + 3);
  std::string out;
  for (row& each : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) each[i].resize(widths[i], ' ');
    for (const std::string& cell : each) out += cell;
    out += '\n';
  }
  return out;
}

std::string as_json(const plugin::listed& found) {
  std::string out = "{\"kind\":" + sys::json_quoted(found.kind) + ",\"name\":" + sys::json_quoted(found.name);
  out += ",\"version\":" + sys::json_quoted(found.version) + ",\"path\":" + sys::json_quoted(found.path);
  out += ",\"description\":" + sys::json_quoted(found.description);
  if (!found.refusal.empty()) out += ",\"refusal\":" + sys::json_quoted(found.refusal);
  return out + '}';
}

std::string as_json(const std::vector<plugin::listed>& all) {
  std::string out;
  for (const auto& found : all) out += (out.empty() ? "" : ",") + as_json(found);
  return '[' + out + "]\n";
}

/// The directory beside the program often is the installed one under another spelling: one of them is enough.
void drop_repeated_directories(plugin::search& where) {
  std::set<std::array<std::uint64_t, 3>> seen;
  std::erase_if(where.directories, [&](const std::string& directory) {
    const auto dir = sys::openat(sys::at_fdcwd, directory, O_PATH | O_DIRECTORY);
    const auto found = dir ? sys::statx(*dir) : tl::unexpected(dir.error());
    return found && !seen.insert({found->stx_dev_major, found->stx_dev_minor, found->stx_ino}).second;
  });
}

result<int> run(const invocation& call) {
  const std::string_view format = call.text("format");
  if (format != "table" && format != "json") return tl::unexpected(error::config("", "invalid format option"));
  if (const auto able = become_able_to_load_any(call.globals); !able) call.log.warning(able.error().message());
  plugin::search where = plugin_search(call.globals);
  drop_repeated_directories(where);
  const auto found = plugin::list_plugins(where);
  OCIKIT_TRY(sys::write_all(fd_view{1}, format == "json" ? as_json(found) : as_table(found)));
  return 0;
}

constexpr command self{
    .name = "plugins",
    .purpose = "list the plugins that can be used",
    .description =
        "Looks beside the program, through the installed directory and each --plugin-dir, and tells of a\n"
        "file that was refused why.",
    .options = options,
    .stateless = true,
    .run = run,
};

}  // namespace

const command& plugins_command() noexcept { return self; }

}  // namespace ocikit::runtime
