// SPDX-License-Identifier: Apache-2.0
//
// Having a cgroup's limits back as they were.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/directories.hpp>
#include <ocikit/cgroups/execute.hpp>
#include <ocikit/cgroups/parse_statistics.hpp>
#include <ocikit/cgroups/plan_v1.hpp>
#include <ocikit/cgroups/plan_v2.hpp>
#include <ocikit/cgroups/tree.hpp>
#include <ocikit/cgroups/writes.hpp>

namespace ocikit::cgroups {

namespace detail {

[[nodiscard]] inline std::string first_word(std::string_view line) { return std::string{take_word(line)}; }

/// What a file of lines per device is told so that it has no line for `device`.
[[nodiscard]] inline std::string without_limit(const std::string& file, const std::string& device) {
  if (file == "io.max") return device + " rbps=max wbps=max riops=max wiops=max";
  return device + (file.starts_with("io.") ? " default" : " 0");
}

}  // namespace detail

/// The writes that undo `write` in a file that has `content` now. Pure.
///
/// Where the value is about one device (`8:0 4096`), that device's line, or no limit for it; else each line as it is. A
/// file that was empty is emptied with a newline: of an empty write the kernel hears nothing.
[[nodiscard]] inline write_plan undo_of(const file_write& write, std::string_view content) {
  write_plan out;
  const auto put = [&](std::string value) {
    out.push_back({write.controller, write.file, std::move(value), write.where});
  };
  const auto device = detail::first_word(write.value);
  const bool about_device = detail::device_of(device).has_value();
  while (!content.empty()) {
    const auto line = detail::take_until(content, '\n');
    if (!line.empty() && (!about_device || detail::first_word(line) == device)) put(std::string{line});
  }
  if (out.empty()) put(about_device ? detail::without_limit(write.file, device) : "\n");
  return out;
}

namespace detail {

/// What the file that `write` will go to has now, and its name in `write`. Nothing where there is no such file. A
/// cpuset of v2 that is empty follows its parent's, and cannot be emptied again while it has processes: then what is in
/// effect.
[[nodiscard]] inline std::optional<std::string> content_before(fd_view dir, file_write& write) {
  auto content = read_file(dir, write.file);
  if (!content && !write.other_file.empty()) {
    write.file = write.other_file;
    write.value = write.other_value;
    content = read_file(dir, write.file);
  }
  if (!content) return std::nullopt;
  if (write.file.starts_with("cpuset.") && content->find_first_not_of('\n') == std::string::npos)
    if (auto effective = read_file(dir, write.file + ".effective")) content = std::move(effective);
  return *std::move(content);
}

}  // namespace detail

/// The writes that undo what `driver::apply(wanted, keep)` will do to the cgroup at `paths`, last first: the kernel
/// accepted each state on the way. Reads the files, writes nothing.
/// Errors: config, for what `apply` would refuse too; as `directories::open`.
[[nodiscard]] inline result<write_plan> plan_undo(const path_map& paths, const spec::resources& wanted,
                                                  const host_paths& host = {}) {
  if (paths.empty()) return write_plan{};
  const bool v2 = directories::is_unified(paths);
  auto plan = OCIKIT_TRY(v2 ? plan_v2(wanted) : plan_v1(wanted));
  const auto in = OCIKIT_TRY(directories::open(paths, host));
  write_plan out;
  for (auto write = plan.rbegin(); write != plan.rend(); ++write) {
    const fd_view dir = in.find(write->controller);
    const auto content = dir ? detail::content_before(dir, *write) : std::nullopt;
    if (!content) continue;  // `apply` will say so, or do without
    const auto undo = undo_of(*write, *content);
    out.insert(out.end(), undo.begin(), undo.end());
  }
  return out;
}

/// Executes what `plan_undo` has planned. Errors: the first; the other files are written nevertheless.
[[nodiscard]] inline result<void> execute_undo(const path_map& paths, std::span<const file_write> plan,
                                               const host_paths& host = {}) {
  if (plan.empty()) return {};
  const auto in = OCIKIT_TRY(directories::open(paths, host));
  const auto once = [&](const file_write& write) { return detail::execute_one(in.find(write.controller), write); };
  std::vector<const file_write*> again;  // depends on a later one
  for (const auto& write : plan)
    if (!once(write)) again.push_back(&write);
  result<void> outcome;
  for (const auto* write : again)
    if (auto done = once(*write); !done && outcome) outcome = std::move(done);
  return outcome;
}

}  // namespace ocikit::cgroups
