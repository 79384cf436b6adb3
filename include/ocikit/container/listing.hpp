// SPDX-License-Identifier: Apache-2.0
//
// What `state` and `list` print.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/status.hpp>
#include <ocikit/spec/fields.hpp>
#include <ocikit/spec/types.hpp>
#include <ocikit/spec/write.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// A container in nine properties.
struct summary {
  std::string oci_version;
  std::string id;
  std::int64_t pid = 0;  ///< 0: stopped
  spec::container_status status = spec::container_status::stopped;
  std::string bundle;
  std::string rootfs;
  std::string created;
  spec::string_map annotations;  ///< sorted by key
  std::string owner;             ///< of the container's directory; only `list` tells
  bool operator==(const summary&) const = default;
};

}  // namespace ocikit::container

namespace ocikit::spec {

template <>
inline constexpr auto table<container::summary> = std::tuple{
    field{"ociVersion", &container::summary::oci_version}.always(),
    field{"id", &container::summary::id}.always(),
    field{"pid", &container::summary::pid}.always(),
    field{"status", &container::summary::status}.always(),
    field{"bundle", &container::summary::bundle}.always(),
    field{"rootfs", &container::summary::rootfs}.always(),
    field{"created", &container::summary::created}.always(),
    field{"annotations", &container::summary::annotations},
    field{"owner", &container::summary::owner}.always(),
};

}  // namespace ocikit::spec

namespace ocikit::container {

/// The summary of a container that has `status`. Pure.
[[nodiscard]] inline summary summarize(const state& saved, spec::container_status status) {
  summary made;
  made.oci_version = specification_version;
  made.id = saved.id;
  made.pid = status == spec::container_status::stopped ? 0 : saved.init_process_pid;
  made.status = status;
  made.bundle = saved.ocikit.bundle;
  made.rootfs = saved.config.rootfs;
  made.created = saved.created;
  made.annotations = saved.config.annotations;
  std::ranges::sort(made.annotations);
  return made;
}

/// What `state` prints: two spaces of indentation, no newline at the end. Pure.
[[nodiscard]] inline std::string state_as_json(const summary& of) {
  return spec::write(of, {.indent = "  ", .html_escapes = true});
}

/// What `list --format json` prints: one line, `null` when there is nothing. Pure.
[[nodiscard]] inline std::string list_as_json(std::span<const summary> all) {
  if (all.empty()) return "null\n";
  std::string out;
  for (const auto& one : all) out += (out.empty() ? "[" : ",") + spec::write(one, {.html_escapes = true});
  return out + "]\n";
}

/// What `list --quiet` prints: the ids, one per line. Pure.
[[nodiscard]] inline std::string list_as_ids(std::span<const summary> all) {
  std::string out;
  for (const auto& one : all) out += one.id + '\n';
  return out;
}

namespace detail {

using table_row = std::array<std::string, 6>;

// Columns are as wide as their cells have characters, not bytes.
inline std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

inline table_row row_of(const summary& one) {
  return {one.id, std::to_string(one.pid), std::string{status_name(one.status)}, one.bundle, one.created, one.owner};
}

}  // namespace detail

/// What `list` prints: each column but the last as wide as its longest cell and three blanks, at least twelve. Pure.
[[nodiscard]] inline std::string list_as_table(std::span<const summary> all) {
  constexpr std::size_t padding = 3, narrowest = 12;
  std::vector<detail::table_row> rows{{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  for (const auto& one : all) rows.push_back(detail::row_of(one));
  std::array<std::size_t, 5> widths{};
  widths.fill(narrowest);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], detail::characters(row[i]) + padding);
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i)
      out += row[i] + std::string(widths[i] - detail::characters(row[i]), ' ');
    out += row.back() + '\n';
  }
  return out;
}

/// The name that the text of a passwd(5) file has for `uid`, or `#UID`. Pure.
[[nodiscard]] inline std::string user_name(std::string_view passwd, uid_t uid) {
  const std::string wanted = std::to_string(uid);
  while (!passwd.empty()) {
    const auto end = std::min(passwd.find('\n'), passwd.size());
    const auto line = passwd.substr(0, end);
    passwd.remove_prefix(std::min(end + 1, passwd.size()));
    const auto name = line.find(':');
    const auto password = name == std::string_view::npos ? name : line.find(':', name + 1);
    if (password == std::string_view::npos) continue;
    if (line.substr(password + 1).starts_with(wanted + ':')) return std::string{line.substr(0, name)};
  }
  return "#" + wanted;
}

/// The owner of `directory` by the host's /etc/passwd, which is read as a file: no name service is asked, for that
/// would load its libraries into this process. Errors: system.
[[nodiscard]] inline result<std::string> owner_of(fd_view directory) {
  constexpr std::size_t longest = 1UL << 20U;
  const auto found = OCIKIT_TRY(sys::statx(directory, STATX_UID));
  return user_name(sys::read_file(sys::at_fdcwd, "/etc/passwd", longest).value_or(""), found.stx_uid);
}

}  // namespace ocikit::container
