// SPDX-License-Identifier: Apache-2.0
//
// linux.resources and annotations as properties of a systemd unit. Pure.
//
// See: systemd.resource-control(5); org.freedesktop.systemd1(5).
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/bus_value.hpp>
#include <ocikit/cgroups/cpu_weight.hpp>
#include <ocikit/cgroups/device_rules.hpp>
#include <ocikit/cgroups/gvariant_text.hpp>
#include <ocikit/cgroups/plan_v2.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::cgroups {

/// What the properties depend on.
struct systemd_facts {
  unsigned version = 0;  ///< systemd's
  bool unified = true;   ///< cgroup v2
  bool operator==(const systemd_facts&) const = default;
};

using unit_properties = std::vector<unit_property>;

/// The first systemd that knows a property, or a value of one.
namespace since_systemd {
inline constexpr unsigned device_majors = 240, cpu_quota_period = 242, allowed_cpus = 244, idle_weight = 252;
}  // namespace since_systemd

inline constexpr std::uint64_t bus_infinity = std::numeric_limits<std::uint64_t>::max();

namespace detail {

inline void put_number(unit_properties& to, const char* name, std::uint64_t value) { to.push_back({name, {value}}); }

/// Bytes, or no limit.
[[nodiscard]] inline std::uint64_t or_infinity(std::int64_t limit) {
  return limit < 0 ? bus_infinity : static_cast<std::uint64_t>(limit);
}

/// What the kernel's memparse() takes, as well as `max`.
[[nodiscard]] inline std::optional<std::uint64_t> parse_amount(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  while (text.starts_with(' ')) text.remove_prefix(1);
  if (text == "max") return bus_infinity;
  std::uint64_t value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.empty()) return value;
  constexpr std::string_view suffixes = "kmgt", upper = "KMGT";
  auto power = suffixes.find(text[0]);
  if (power == std::string_view::npos) power = upper.find(text[0]);
  if (power == std::string_view::npos || text.size() > 1) return std::nullopt;
  const auto shift = 10 * (power + 1);
  if (value > bus_infinity >> shift) return std::nullopt;
  return value << shift;
}

/// Microseconds of CPU time in each second, rounded up to a hundredth of a CPU: systemd's own precision.
[[nodiscard]] inline std::uint64_t quota_per_second(std::uint64_t quota, std::uint64_t period) {
  __extension__ using wide = unsigned __int128;
  constexpr std::uint64_t second = 1000000, step = 10000;
  const wide steps = (wide{quota} * second + wide{period} * step - 1) / (wide{period} * step);
  return steps > bus_infinity / step ? bus_infinity : static_cast<std::uint64_t>(steps) * step;
}

inline constexpr std::uint64_t usual_period = 100000;

inline void put_cpu_quota(std::int64_t quota, std::uint64_t period, const systemd_facts& host, unit_properties& to) {
  if (period != 0 && host.version >= since_systemd::cpu_quota_period) put_number(to, "CPUQuotaPeriodUSec", period);
  if (quota == 0 && period == 0) return;
  put_number(to, "CPUQuotaPerSecUSec",
             quota <= 0 ? bus_infinity
                        : quota_per_second(static_cast<std::uint64_t>(quota), period != 0 ? period : usual_period));
}

}  // namespace detail

/// A list of CPUs or memory nodes, `0-2,4`, as bytes of a bit mask, the lowest first.
/// Errors: config, without a pointer, for what is no such list, or a number above 8191, the kernel's utmost.
[[nodiscard]] inline result<std::vector<std::uint8_t>> parse_set(std::string_view list) {
  constexpr unsigned most = 8192;
  const auto refuse = [&] {
    return tl::unexpected(error::config("", "not a list such as 0-2,4 of numbers up to 8191"));
  };
  std::vector<std::uint8_t> mask;
  while (!list.empty() && (list.back() == '\n' || list.back() == ' ')) list.remove_suffix(1);
  for (bool more = true; more;) {
    auto part = list.substr(0, list.find(','));
    more = part.size() < list.size();
    list.remove_prefix(std::min(part.size() + 1, list.size()));
    while (part.starts_with(' ')) part.remove_prefix(1);
    unsigned first = 0;
    const char* const end = part.data() + part.size();
    auto read = std::from_chars(part.data(), end, first);
    unsigned last = first;
    if (read.ec == std::errc{} && read.ptr != end && *read.ptr == '-') read = std::from_chars(read.ptr + 1, end, last);
    if (read.ec != std::errc{} || read.ptr != end || first > last || last >= most) return refuse();
    mask.resize(std::max<std::size_t>(mask.size(), last / 8 + 1));
    for (unsigned n = first; n <= last; ++n) mask[n / 8] = static_cast<std::uint8_t>(mask[n / 8] | 1U << n % 8);
  }
  return mask;
}

namespace detail {

inline result<void> put_set(const std::string& list, const char* name, const std::string& where,
                            const systemd_facts& host, unit_properties& to) {
  if (list.empty() || !host.unified || host.version < since_systemd::allowed_cpus) return {};
  to.push_back(
      {name, bus_bytes(OCIKIT_TRY(parse_set(list).map_error([&](error e) { return std::move(e).at(where); })))});
  return {};
}

inline result<void> put_cpu(const spec::cpu& cpu, const systemd_facts& host, unit_properties& to) {
  if (cpu.shares.value_or(0) != 0) {
    if (host.unified)
      put_number(to, "CPUWeight", quadratic_weight::from_shares(*cpu.shares));
    else
      put_number(to, "CPUShares", std::clamp<std::uint64_t>(*cpu.shares, 2, 262144));
  }
  put_cpu_quota(cpu.quota.value_or(0), cpu.period.value_or(0), host, to);
  OCIKIT_TRY(put_set(cpu.cpus, "AllowedCPUs", "/linux/resources/cpu/cpus", host, to));
  return put_set(cpu.mems, "AllowedMemoryNodes", "/linux/resources/cpu/mems", host, to);
}

inline result<void> put_memory(const spec::memory& memory, const systemd_facts& host, unit_properties& to) {
  if (memory.limit.value_or(0) != 0)
    put_number(to, host.unified ? "MemoryMax" : "MemoryLimit", or_infinity(*memory.limit));
  if (!host.unified) return {};
  if (memory.reservation.value_or(0) != 0) put_number(to, "MemoryLow", or_infinity(*memory.reservation));
  const auto swap = OCIKIT_TRY(swap_alone(memory));
  // Without swap accounting there is no file for 0, and systemd would complain of it.
  if (!swap.empty() && swap != "0") put_number(to, "MemorySwapMax", parse_amount(swap).value_or(bus_infinity));
  return {};
}

/// What systemd has a property for; every other file is written only.
inline result<void> put_unified(const std::string& file, const std::string& value, const systemd_facts& host,
                                unit_properties& to) {
  const std::string where = "/linux/resources/unified/" + file;
  const auto refuse = [&] {
    return tl::unexpected(error::config(where, "unified resource \"" + file + "\" has no value that it can have"));
  };
  static constexpr std::pair<std::string_view, const char*> amounts[] = {
      {"memory.min", "MemoryMin"}, {"memory.low", "MemoryLow"},          {"memory.high", "MemoryHigh"},
      {"memory.max", "MemoryMax"}, {"memory.swap.max", "MemorySwapMax"}, {"pids.max", "TasksMax"},
      {"cpu.weight", "CPUWeight"}};
  for (const auto& [key, property] : amounts)
    if (key == file) {
      const auto amount = parse_amount(value);
      if (!amount) return refuse();
      put_number(to, property, *amount);
      return {};
    }
  if (file == "cpuset.cpus") return put_set(value, "AllowedCPUs", where, host, to);
  if (file == "cpuset.mems") return put_set(value, "AllowedMemoryNodes", where, host, to);
  if (file != "cpu.max") return {};
  const auto blank = value.find(' ');
  const auto quota = parse_amount(value.substr(0, blank));
  const auto period = blank == std::string::npos ? usual_period : parse_amount(value.substr(blank)).value_or(0);
  if (!quota || *quota == 0 || period == 0 || period == bus_infinity) return refuse();
  put_cpu_quota(*quota == bus_infinity ? -1 : static_cast<std::int64_t>(std::min<std::uint64_t>(*quota, INT64_MAX)),
                period, host, to);
  return {};
}

}  // namespace detail

/// Limits as properties: those that systemd has one for. All of linux.resources is written to the files as well, so
/// what is missing here is in effect, but would be lost when systemd sets up the unit again. To systemd an idle cgroup
/// is one of the weight 0, and has no other. Errors: config, with the pointer of the value.
[[nodiscard]] inline result<unit_properties> plan_unit_limits(const spec::resources& wanted,
                                                              const systemd_facts& host) {
  unit_properties out;
  if (wanted.memory) OCIKIT_TRY(detail::put_memory(*wanted.memory, host, out));
  if (wanted.cpu) OCIKIT_TRY(detail::put_cpu(*wanted.cpu, host, out));
  if (wanted.pids && wanted.pids->limit)
    detail::put_number(out, "TasksMax", *wanted.pids->limit == 0 ? 1 : detail::or_infinity(*wanted.pids->limit));
  if (wanted.block_io && wanted.block_io->weight.value_or(0) != 0 && !host.unified)
    detail::put_number(out, "BlockIOWeight", *wanted.block_io->weight);
  if (!host.unified) return out;
  for (const auto& [file, value] : wanted.unified) OCIKIT_TRY(detail::put_unified(file, value, host, out));
  if (!makes_idle(wanted) || host.version < since_systemd::idle_weight) return out;
  std::erase_if(out, [](const unit_property& each) { return each.name == "CPUWeight"; });
  detail::put_number(out, "CPUWeight", 0);
  return out;
}

/// `wanted` with the CPU quota that systemd makes of it, for the files: were they different, the limit would change
/// when systemd sets up the unit again.
[[nodiscard]] inline spec::resources with_rounded_quota(spec::resources wanted) {
  if (!wanted.cpu || wanted.cpu->quota.value_or(0) <= 0) return wanted;
  const auto period = wanted.cpu->period.value_or(0) != 0 ? *wanted.cpu->period : detail::usual_period;
  const auto per_second = detail::quota_per_second(static_cast<std::uint64_t>(*wanted.cpu->quota), period);
  __extension__ using wide = unsigned __int128;
  const wide quota = wide{per_second} * period / 1000000;
  wanted.cpu->quota = quota > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(quota);
  return wanted;
}

/// Device rules as DevicePolicy= and DeviceAllow=. systemd's list can only allow. Where everything but some devices is
/// allowed it is left without a say on v2, whose filters are all asked, ours too; on v1, where it would open what was
/// closed by writing to the same file, it denies everything.
[[nodiscard]] inline unit_properties plan_unit_devices(const device_list& devices, const systemd_facts& host) {
  bus_value::array allowed{"(ss)"};
  const bool open = devices.allows_by_default() && (host.unified || devices.allows_everything());
  if (!devices.allows_by_default())
    for (const auto& e : without_implied(devices.exceptions())) {
      constexpr auto any = device_exception::any;
      if (e.major == any && e.minor != any) continue;  // no such thing in systemd; v1 and ours have it
      const std::string kind = e.type == 'b' ? "block" : "char";
      const std::string path = e.major == any ? kind + "-*"
                               : e.minor == any
                                   ? kind + "-" + std::to_string(e.major)
                                   : "/dev/" + kind + "/" + std::to_string(e.major) + ":" + std::to_string(e.minor);
      const std::string text = to_text(e);
      allowed.items.push_back({bus_value::tuple{{bus_text(path), bus_text(text.substr(text.rfind(' ') + 1))}}});
    }
  unit_properties out{{"DevicePolicy", bus_text(open ? "auto" : "strict")},
                      {"DeviceAllow", {bus_value::array{"(ss)"}}}};  // an empty one forgets those of before
  if (!allowed.items.empty()) out.push_back({"DeviceAllow", {std::move(allowed)}});
  return out;
}

// ---- annotations -----------------------------------------------------------------------------------------------

inline constexpr std::string_view property_annotation = "org.systemd.property.";

namespace detail {

[[nodiscard]] inline tl::unexpected<error> refuse_property(const std::string& key, const std::string& why) {
  return tl::unexpected(error::config("/annotations/" + key.substr(0, 120), why));
}

/// What is the driver's own business: with these a config could have foreign processes moved and killed, or the
/// container put where it is not looked for.
[[nodiscard]] inline bool is_drivers_own(std::string_view name) {
  constexpr std::string_view own[] = {"PIDs", "PIDFDs", "Slice", "Delegate", "Controller", "DelegateSubgroup"};
  return std::find(std::begin(own), std::end(own), name) != std::end(own);
}

/// A number of seconds as microseconds.
[[nodiscard]] inline std::optional<std::uint64_t> microseconds(const bus_value& seconds) {
  return std::visit(
      [](const auto& value) -> std::optional<std::uint64_t> {
        using type = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<type, double>) {
          const double out = value * 1e6;
          if (!(out >= 0 && out < 1.8e19)) return std::nullopt;
          return static_cast<std::uint64_t>(out);
        } else if constexpr (std::is_integral_v<type> && !std::is_same_v<type, bool>) {
          if (std::cmp_less(value, 0) || std::cmp_greater(value, bus_infinity / 1000000)) return std::nullopt;
          return static_cast<std::uint64_t>(value) * 1000000;
        } else {
          return std::nullopt;
        }
      },
      seconds.is);
}

}  // namespace detail

/// The properties that annotations `org.systemd.property.NAME` ask for, in their order; others are left alone. NAME is
/// letters, at least three; a value is GVariant text. Where NAME ends in `Sec` behind a small letter, the value is a
/// number of seconds, and systemd gets `USec` and microseconds.
/// Errors: config at the annotation, for another name, one that is the driver's own (`PIDs`, `Slice`, `Delegate`...),
/// or another value.
[[nodiscard]] inline result<unit_properties> plan_annotated_properties(const spec::string_map& annotations) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  unit_properties out;
  for (const auto& [key, text] : annotations) {
    if (!key.starts_with(property_annotation)) continue;
    std::string name = key.substr(property_annotation.size());
    if (name.size() < 3 || name.find_first_not_of(letters) != std::string::npos)
      return detail::refuse_property(key, "a property's name is three letters or more, and nothing else");
    if (detail::is_drivers_own(name))
      return detail::refuse_property(key, "the property " + name + " is not for annotations to set");
    const std::string where = "/annotations/" + key.substr(0, 120);
    auto value = OCIKIT_TRY(parse_gvariant(text).map_error(
        [&](error e) { return std::move(e).within("the property's value is not usable").at(where); }));
    const bool seconds =
        name.size() > 3 && name.ends_with("Sec") && name[name.size() - 4] >= 'a' && name[name.size() - 4] <= 'z';
    if (seconds) {
      const auto time = detail::microseconds(value);
      if (!time) return detail::refuse_property(key, "the property's value is no number of seconds");
      name.replace(name.size() - 3, 3, "USec");
      value = {*time};
    }
    out.push_back({std::move(name), std::move(value)});
  }
  return out;
}

}  // namespace ocikit::cgroups
