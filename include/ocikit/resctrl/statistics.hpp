// SPDX-License-Identifier: Apache-2.0
//
// What a resctrl group may use and has used.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/resctrl/execute.hpp>
#include <ocikit/resctrl/facts.hpp>
#include <ocikit/resctrl/schema.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::resctrl {

/// `info/L3`: what the processor allows of masks.
struct l3_cache_info {
  std::string cbm_mask = {};  ///< hexadecimal
  std::uint64_t min_cbm_bits = 0, num_closids = 0;
  bool operator==(const l3_cache_info&) const = default;
};

/// `info/MB`: what the processor allows of bandwidths, in percent.
struct memory_bandwidth_info {
  std::uint64_t bandwidth_gran = 0, delay_linear = 0, min_bandwidth = 0, num_closids = 0;
  bool operator==(const memory_bandwidth_info&) const = default;
};

/// One memory node's bandwidth, in bytes since the group was made.
struct bandwidth_statistics {
  std::uint64_t total_bytes = 0, local_bytes = 0;
  bool operator==(const bandwidth_statistics&) const = default;
};

/// One cache's bytes that the group holds.
struct occupancy_statistics {
  std::uint64_t llc_occupancy = 0;
  bool operator==(const occupancy_statistics&) const = default;
};

/// Everything about one group. What the host has not is empty or absent.
struct statistics {
  std::optional<resctrl::l3_cache_info> l3_cache_info = {};
  std::string l3_cache_schema_root = {};  ///< the root group's line, such as `L3:0=f;1=f`
  std::string l3_cache_schema = {};
  std::optional<memory_bandwidth_info> mem_bw_info = {};
  std::string mem_bw_schema_root = {};
  std::string mem_bw_schema = {};
  std::vector<std::string> schemata = {};            ///< all lines of the group
  std::vector<bandwidth_statistics> mbm_stats = {};  ///< by memory node
  std::vector<occupancy_statistics> cmt_stats = {};  ///< by cache
  bool operator==(const statistics&) const = default;
};

namespace detail {

/// A file's text without blanks around it; empty when it cannot be read.
[[nodiscard]] inline std::string text_of(const std::string& path) {
  const auto text = sys::read_file(sys::at_fdcwd, path, longest_file);
  return std::string{text ? trimmed(std::string_view{*text}.substr(0, text->find_last_not_of('\n') + 1)) : ""};
}

[[nodiscard]] inline std::uint64_t number_of(const std::string& path) {
  const auto text = text_of(path);
  std::uint64_t value = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), value);  // 0 for `Unavailable`
  return value;
}

/// The lines of a group's schemata.
[[nodiscard]] inline std::vector<std::string> schemata_of(const std::string& group) {
  const auto text = text_of(group + "/schemata");
  std::vector<std::string> lines;
  for (std::string_view rest = text; !rest.empty();)
    if (const auto line = trimmed(next_part(rest, '\n')); !line.empty()) lines.emplace_back(line);
  return lines;
}

/// The line of `resource`; empty when there is none.
[[nodiscard]] inline std::string line_of(const std::vector<std::string>& schemata, std::string_view resource) {
  for (std::string_view line : schemata)
    if (auto rest = line; trimmed(next_part(rest, ':')) == resource) return std::string{line};
  return {};
}

[[nodiscard]] inline bool is_there(const std::string& path) {
  return sys::openat(sys::at_fdcwd, path, O_PATH).has_value();
}

/// Caches are numbered as the kernel likes; their folders are `mon_L3_00`, `mon_L3_01` and so on.
inline void read_monitors(const std::string& group, statistics& to) {
  constexpr int most = 256;
  for (int i = 0; i < most; ++i) {
    const std::string folder = group + "/mon_data/mon_L3_" + (i < 10 ? "0" : "") + std::to_string(i) + "/";
    if (!is_there(folder)) continue;
    if (is_there(folder + "mbm_total_bytes") || is_there(folder + "mbm_local_bytes"))
      to.mbm_stats.push_back({number_of(folder + "mbm_total_bytes"), number_of(folder + "mbm_local_bytes")});
    if (is_there(folder + "llc_occupancy")) to.cmt_stats.push_back({number_of(folder + "llc_occupancy")});
  }
}

}  // namespace detail

/// The statistics of the control group `group`; monitors are those of `monitor`, where that is not empty. What cannot
/// be read is left out. See: kernel filesystems/resctrl.rst.
[[nodiscard]] inline statistics read_statistics(const facts& host, const std::string& group,
                                                const std::string& monitor) {
  statistics out;
  const std::string info = host.root + "/info/";
  const auto root = detail::schemata_of(host.root);
  out.schemata = detail::schemata_of(group);
  if (host.cache_allocation) {
    out.l3_cache_info = {detail::text_of(info + "L3/cbm_mask"), detail::number_of(info + "L3/min_cbm_bits"),
                         detail::number_of(info + "L3/num_closids")};
    out.l3_cache_schema_root = detail::line_of(root, "L3");
    out.l3_cache_schema = detail::line_of(out.schemata, "L3");
  }
  if (host.bandwidth_allocation) {
    out.mem_bw_info = {detail::number_of(info + "MB/bandwidth_gran"), detail::number_of(info + "MB/delay_linear"),
                       detail::number_of(info + "MB/min_bandwidth"), detail::number_of(info + "MB/num_closids")};
    out.mem_bw_schema_root = detail::line_of(root, "MB");
    out.mem_bw_schema = detail::line_of(out.schemata, "MB");
  }
  if (host.monitoring) detail::read_monitors(monitor.empty() ? group : monitor, out);
  return out;
}

}  // namespace ocikit::resctrl
