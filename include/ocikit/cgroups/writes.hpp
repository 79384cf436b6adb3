// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::cgroups {

/// One value on its way into one file of a cgroup. A list of these is the plan of `apply`; whoever executes it decides
/// nothing.
struct file_write {
  std::string controller;  ///< such as `memory`; on v1 it selects the hierarchy
  std::string file;        ///< one name: `memory.max`
  std::string value;       ///< one write(2)
  std::string where;       ///< JSON pointer of the cause

  /// Written instead when the kernel has no `file`; empty: no such choice.
  std::string other_file = {};
  std::string other_value = {};
  /// Nothing is written, and that is fine, when the kernel has none of the files.
  bool may_be_missing = false;
  /// EINVAL: depends on a later write, try once more after all others.
  bool again_at_end = false;

  bool operator==(const file_write&) const = default;
};

using write_plan = std::vector<file_write>;

namespace detail {

/// `-1` of the spec as v2 spells it.
[[nodiscard]] inline std::string or_max(std::int64_t value) { return value == -1 ? "max" : std::to_string(value); }

/// pids.max of both versions: 0 cannot be, so that a process may start; negative is unlimited.
[[nodiscard]] inline std::string pids_max(std::int64_t limit) {
  if (limit == 0) return "1";
  return limit < 0 ? "max" : std::to_string(limit);
}

[[nodiscard]] inline std::string device_number(std::int64_t major, std::int64_t minor) {
  return std::to_string(major) + ":" + std::to_string(minor);
}

[[nodiscard]] inline std::string element(std::string_view list, std::size_t index, std::string_view field = {}) {
  return std::string{list} + "/" + std::to_string(index) + std::string{field};
}

/// A name that becomes part of a file name: no slash, nothing invisible, no more than a name can hold.
[[nodiscard]] inline bool is_file_name(std::string_view name) {
  const auto bad = [](char c) { return c == '/' || static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         std::none_of(name.begin(), name.end(), bad);
}

/// A value that is one line of a file. What else may be in it is the kernel's to judge.
[[nodiscard]] inline result<std::string> one_line(std::string_view value, std::string where) {
  if (value.find_first_of(std::string_view{"\n\0", 2}) == std::string_view::npos && value.size() <= 4096)
    return std::string{value};
  return tl::unexpected(error::config(std::move(where), "the value must be one line of at most 4096 bytes"));
}

/// cpuset lists are the same on both versions.
[[nodiscard]] inline result<void> plan_cpuset(const spec::cpu& cpu, write_plan& out) {
  const auto put = [&](const std::string& list, const char* file, const char* where) -> result<void> {
    if (!list.empty()) out.push_back({"cpuset", file, OCIKIT_TRY(one_line(list, where)), where});
    return {};
  };
  OCIKIT_TRY(put(cpu.cpus, "cpuset.cpus", "/linux/resources/cpu/cpus"));
  return put(cpu.mems, "cpuset.mems", "/linux/resources/cpu/mems");
}

/// rdma.max is the same on both versions.
[[nodiscard]] inline result<void> plan_rdma(const spec::map<spec::rdma>& devices, write_plan& out) {
  for (const auto& [device, limit] : devices) {
    const std::string where = "/linux/resources/rdma/" + device;
    if (!is_file_name(device)) return tl::unexpected(error::config(where, "not a name of a device"));
    std::string value = device;
    if (limit.hca_handles) value += " hca_handle=" + std::to_string(*limit.hca_handles);
    if (limit.hca_objects) value += " hca_object=" + std::to_string(*limit.hca_objects);
    if (value != device) out.push_back({"rdma", "rdma.max", std::move(value), where});
  }
  return {};
}

/// hugetlb.SIZE.* of both versions: the limit, and the limit on reservations where the kernel has it (since 5.7).
[[nodiscard]] inline result<void> plan_hugetlb(const std::vector<spec::hugepage_limit>& limits, std::string_view suffix,
                                               write_plan& out) {
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const auto where = element("/linux/resources/hugepageLimits", i);
    if (!is_file_name(limits[i].page_size))
      return tl::unexpected(
          error::config(where + "/pageSize", "not a page size: \"" + limits[i].page_size.substr(0, 80) + "\""));
    const std::string stem = "hugetlb." + limits[i].page_size;
    const auto value = std::to_string(limits[i].limit);
    out.push_back({"hugetlb", stem + "." + std::string{suffix}, value, where});
    auto& reservations = out.emplace_back(file_write{"hugetlb", stem + ".rsvd." + std::string{suffix}, value, where});
    reservations.may_be_missing = true;
  }
  return {};
}

}  // namespace detail

}  // namespace ocikit::cgroups
