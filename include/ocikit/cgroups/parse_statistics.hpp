// SPDX-License-Identifier: Apache-2.0
//
// The kernel's files of statistics, text to type. All of it is pure, and total: whatever a text holds, what cannot be
// understood of it is left out, so that a newer kernel's line hides nothing else.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/cgroups/statistics.hpp>
#include <ocikit/spec/limits.hpp>

namespace ocikit::cgroups {

/// What stands for `max`.
inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

namespace detail {

/// Takes what is before the next `separator` off `text`.
[[nodiscard]] inline std::string_view take_until(std::string_view& text, char separator) noexcept {
  const auto part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

/// Takes the next word off a line; blanks separate words.
[[nodiscard]] inline std::string_view take_word(std::string_view& line) noexcept {
  while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
  return take_until(line, ' ');
}

/// The whole of `text` as a number; `max` is the largest; more than fits is too.
[[nodiscard]] inline std::optional<std::uint64_t> whole_count(std::string_view text) noexcept {
  if (text == "max") return unlimited;
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (failure == std::errc::result_out_of_range) return unlimited;
  return failure == std::errc{} ? std::optional{value} : std::nullopt;
}

/// `MAJOR:MINOR`.
[[nodiscard]] inline std::optional<std::pair<std::uint64_t, std::uint64_t>> device_of(std::string_view text) noexcept {
  const auto major = whole_count(take_until(text, ':')), minor = whole_count(text);
  if (!major || !minor) return std::nullopt;
  return std::pair{*major, *minor};
}

/// `0.25` of two digits behind the point, as the kernel prints percents.
[[nodiscard]] inline std::optional<double> percent(std::string_view text) noexcept {
  const auto whole = whole_count(take_until(text, '.'));
  const auto hundredths = whole_count(text);
  if (!whole || !hundredths || text.size() != 2 || *whole > 1000) return std::nullopt;
  return static_cast<double>(*whole * 100 + *hundredths) / 100;
}

/// `product`, or the largest number.
[[nodiscard]] inline std::uint64_t times(std::uint64_t number, std::uint64_t factor) noexcept {
  return number > unlimited / factor ? unlimited : number * factor;
}

[[nodiscard]] inline std::uint64_t plus(std::uint64_t a, std::uint64_t b) noexcept {
  return a > unlimited - b ? unlimited : a + b;
}

}  // namespace detail

/// The number that a file of one number holds; `max` is the largest; 0 for anything else.
[[nodiscard]] inline std::uint64_t parse_count(std::string_view text) noexcept {
  return detail::whole_count(detail::take_until(text, '\n')).value_or(0);
}

/// Lines of a name and a number, as memory.stat, cpu.stat and memory.events have them, sorted by name.
[[nodiscard]] inline spec::map<std::uint64_t> parse_keyed_counts(std::string_view text) {
  spec::map<std::uint64_t> out;
  while (!text.empty()) {
    auto line = detail::take_until(text, '\n');
    const auto name = detail::take_word(line);
    if (const auto value = detail::whole_count(line); value && !name.empty()) out.emplace_back(name, *value);
  }
  std::ranges::sort(out, {}, &std::pair<std::string, std::uint64_t>::first);
  return out;
}

/// The number of `name`; 0 when there is none.
[[nodiscard]] inline std::uint64_t count_named(const spec::map<std::uint64_t>& counts, std::string_view name) noexcept {
  const auto found = std::ranges::find(counts, name, &std::pair<std::string, std::uint64_t>::first);
  return found == counts.end() ? 0 : found->second;
}

/// Numbers between blanks, as cpuacct.usage_percpu has them.
[[nodiscard]] inline std::vector<std::uint64_t> parse_counts(std::string_view text) {
  std::vector<std::uint64_t> out;
  auto line = detail::take_until(text, '\n');
  while (!line.empty())
    if (const auto value = detail::whole_count(detail::take_word(line))) out.push_back(*value);
  return out;
}

/// A list of numbers and ranges such as `0-3,7`, as in cpuset.cpus. Nothing of one that names what no processor or
/// memory node can be called.
[[nodiscard]] inline std::vector<std::uint16_t> parse_number_list(std::string_view text) {
  std::vector<std::uint16_t> out;
  auto list = detail::take_until(text, '\n');
  while (!list.empty()) {
    auto range = detail::take_until(list, ',');
    const auto first = detail::whole_count(detail::take_until(range, '-'));
    const auto last = range.empty() ? first : detail::whole_count(range);
    if (!first || !last || *first > *last || *last > spec::limits::cpu || out.size() > spec::limits::cpu) return {};
    for (std::uint64_t n = *first; n <= *last; ++n) out.push_back(static_cast<std::uint16_t>(n));
  }
  return out;
}

/// A pressure file: lines `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and, for cpu since Linux 5.13, `full ...`.
[[nodiscard]] inline pressure_stall parse_pressure(std::string_view text) {
  pressure_stall out;
  while (!text.empty()) {
    auto line = detail::take_until(text, '\n');
    const auto kind = detail::take_word(line);
    if (kind != "some" && kind != "full") continue;
    auto& to = kind == "some" ? out.some : out.full;
    while (!line.empty()) {
      auto value = detail::take_word(line);
      const auto name = detail::take_until(value, '=');
      if (name == "avg10") to.avg10 = detail::percent(value).value_or(0);
      if (name == "avg60") to.avg60 = detail::percent(value).value_or(0);
      if (name == "avg300") to.avg300 = detail::percent(value).value_or(0);
      if (name == "total") to.total = detail::whole_count(value).value_or(0);
    }
  }
  return out;
}

/// Two columns of a file with a line per processor: cpuacct.usage_all of v1, `cpu user system` and numbers below.
struct usage_by_processor {
  std::vector<std::uint64_t> user, kernel;
  bool operator==(const usage_by_processor&) const = default;
};
[[nodiscard]] inline usage_by_processor parse_usage_all(std::string_view text) {
  usage_by_processor out;
  while (!text.empty()) {
    auto line = detail::take_until(text, '\n');
    const auto processor = detail::whole_count(detail::take_word(line));
    const auto user = detail::whole_count(detail::take_word(line)), system = detail::whole_count(line);
    if (!processor || !user || !system) continue;
    out.user.push_back(*user);
    out.kernel.push_back(*system);
  }
  return out;
}

/// A file of blkio: lines `8:0 Read 4096`, or `8:0 4096`. The sum below them, `Total 4096`, is left out.
[[nodiscard]] inline std::vector<block_io_entry> parse_block_io(std::string_view text) {
  std::vector<block_io_entry> out;
  while (!text.empty()) {
    auto line = detail::take_until(text, '\n');
    const auto device = detail::device_of(detail::take_word(line));
    if (!device) continue;
    const auto word = detail::take_word(line);
    const auto value = detail::whole_count(line.empty() ? word : line);
    if (value)
      out.push_back({device->first, device->second, std::string{line.empty() ? std::string_view{} : word}, *value});
  }
  return out;
}

/// Adds io.stat of v2: lines `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6`. Discards have no place in it.
inline void parse_io_stat(std::string_view text, block_io_statistics& to) {
  while (!text.empty()) {
    auto line = detail::take_until(text, '\n');
    const auto device = detail::device_of(detail::take_word(line));
    while (device && !line.empty()) {
      auto text_of = detail::take_word(line);
      const auto name = detail::take_until(text_of, '=');
      const auto value = detail::whole_count(text_of);
      if (!value || name.empty()) continue;
      const auto kind = name.substr(1);
      if ((name[0] != 'r' && name[0] != 'w') || (kind != "bytes" && kind != "ios")) continue;
      auto& list = kind == "bytes" ? to.service_bytes : to.serviced;
      list.push_back({device->first, device->second, name[0] == 'r' ? "Read" : "Write", *value});
    }
  }
}

/// rdma.current and rdma.max: lines `mlx4_0 hca_handle=2 hca_object=max`.
[[nodiscard]] inline std::vector<rdma_statistics> parse_rdma(std::string_view text) {
  std::vector<rdma_statistics> out;
  while (!text.empty()) {
    auto line = detail::take_until(text, '\n');
    const auto device = detail::take_word(line);
    if (device.empty()) continue;
    auto& one = out.emplace_back(rdma_statistics{std::string{device}, 0, 0});
    while (!line.empty()) {
      auto value = detail::take_word(line);
      const auto name = detail::take_until(value, '=');
      if (name == "hca_handle") one.hca_handles = detail::whole_count(value).value_or(0);
      if (name == "hca_object") one.hca_objects = detail::whole_count(value).value_or(0);
    }
  }
  return out;
}

/// memory.events of v2, or memory.oom_control of v1.
[[nodiscard]] inline memory_events parse_memory_events(std::string_view text) {
  const auto counts = parse_keyed_counts(text);
  const auto of = [&](std::string_view name) { return count_named(counts, name); };
  return {of("low"), of("high"), of("max"), of("oom"), of("oom_kill"), of("oom_group_kill")};
}

}  // namespace ocikit::cgroups
