// SPDX-License-Identifier: Apache-2.0
//
// linux.resources.devices, evaluated. Pure: both back ends, v1's device files and v2's eBPF program, are made from the
// outcome and so mean the same.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/kernel_number.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::cgroups {

/// What may be done with a device. The bits are the kernel's BPF_DEVCG_ACC_ bits.
using device_access = std::uint8_t;
inline constexpr device_access may_mknod = 1, may_read = 2, may_write = 4, may_all = 7;

/// Block or character devices, one of them or many.
struct device_exception {
  static constexpr std::int64_t any = -1;

  char type = 'c';  ///< 'b' or 'c'
  std::int64_t major = any;
  std::int64_t minor = any;
  device_access access = 0;

  [[nodiscard]] bool same_devices(const device_exception& other) const noexcept {
    return type == other.type && major == other.major && minor == other.minor;
  }
  /// Whether every device of `other` is one of this.
  [[nodiscard]] bool covers_devices(const device_exception& other) const noexcept {
    return type == other.type && (major == any || major == other.major) && (minor == any || minor == other.minor);
  }
  /// Whether every device of its type is one of this.
  [[nodiscard]] bool is_whole_type() const noexcept { return major == any && minor == any; }
  bool operator==(const device_exception&) const = default;
};

/// `c 1:3 rwm`, as the kernel's device files have it.
[[nodiscard]] inline std::string to_text(const device_exception& e) {
  const auto number = [](std::int64_t n) { return n == device_exception::any ? std::string{"*"} : std::to_string(n); };
  std::string text{e.type};
  text += " " + number(e.major) + ":" + number(e.minor) + " ";
  if ((e.access & may_read) != 0) text += 'r';
  if ((e.access & may_write) != 0) text += 'w';
  if ((e.access & may_mknod) != 0) text += 'm';
  return text;
}

/// What a list of rules comes to: a verdict for all devices, and the exceptions from it. This is the form of the v1
/// controller, whose semantics hold on v2 as well.
class device_list {
 public:
  [[nodiscard]] bool allows_by_default() const noexcept { return allow_; }
  [[nodiscard]] const std::vector<device_exception>& exceptions() const noexcept { return exceptions_; }
  /// Nothing is forbidden: no filter is needed.
  [[nodiscard]] bool allows_everything() const noexcept { return allow_ && exceptions_.empty(); }

  /// The verdict on one use of one device. Where the default is to deny, one exception must grant all of `access`;
  /// where it is to allow, an exception that withholds any of it denies.
  [[nodiscard]] bool allows(char type, std::int64_t major, std::int64_t minor, device_access access) const noexcept {
    const device_exception asked{type, major, minor, access};
    const bool excepted = std::any_of(exceptions_.begin(), exceptions_.end(), [&](const device_exception& e) {
      return e.covers_devices(asked) && (allow_ ? (e.access & access) != 0 : (access & ~e.access) == 0);
    });
    return excepted != allow_;
  }

  /// A rule for all devices: forgets everything before it.
  void reset(bool allow) {
    allow_ = allow;
    exceptions_.clear();
  }

  /// A rule for some devices. Errors: config (without pointer) when it would take a part out of a wider exception,
  /// which the v1 controller cannot.
  result<void> apply(bool allow, const device_exception& rule) {
    if (allow != allow_) return add(rule);
    return take_away(rule);
  }

  bool operator==(const device_list& other) const {
    return allow_ == other.allow_ && exceptions_.size() == other.exceptions_.size() &&
           std::is_permutation(exceptions_.begin(), exceptions_.end(), other.exceptions_.begin());
  }

 private:
  result<void> add(const device_exception& rule) {
    for (auto& e : exceptions_)
      if (e.same_devices(rule)) {
        e.access |= rule.access;
        return {};
      }
    exceptions_.push_back(rule);
    return {};
  }

  result<void> take_away(const device_exception& rule) {
    for (const auto& e : exceptions_)
      if (!e.same_devices(rule) && e.covers_devices(rule) && (e.access & rule.access) != 0)
        return tl::unexpected(error::config("", "requested rule [" + to_text(rule) +
                                                    "] not supported by devices cgroupv1 (cannot punch hole in "
                                                    "existing wildcard rule [" +
                                                    to_text(e) + "])"));
    for (auto& e : exceptions_)
      if (e.same_devices(rule)) e.access = static_cast<device_access>(e.access & ~rule.access);
    std::erase_if(exceptions_, [](const device_exception& e) { return e.access == 0; });
    return {};
  }

  bool allow_ = false;
  std::vector<device_exception> exceptions_;
};

namespace detail {

/// `a`, which v1 takes for a type, grants nothing here; runc, whose users write it, has it so.
[[nodiscard]] inline result<device_access> parse_access(std::string_view letters) {
  device_access out = 0;
  for (const char letter : letters) {
    switch (letter) {
      case 'r':
        out |= may_read;
        break;
      case 'w':
        out |= may_write;
        break;
      case 'm':
        out |= may_mknod;
        break;
      case 'a':
        break;
      default:
        return tl::unexpected(error::config(
            "", "device access \"" + std::string{letters.substr(0, 16)} + "\" has letters other than r, w and m"));
    }
  }
  return out;
}

/// A device number of the spec: absent and -1 are any.
[[nodiscard]] inline result<std::int64_t> parse_number(const std::optional<std::int64_t>& number) {
  if (!number || *number == -1) return device_exception::any;
  if (*number < 0 || *number > std::numeric_limits<std::uint32_t>::max())
    return tl::unexpected(error::config("", "no device has the number " + std::to_string(*number)));
  return *number;
}

inline result<void> apply_rule(const spec::device_rule& rule, std::size_t index, device_list& to) {
  const std::string where = "/linux/resources/devices/" + std::to_string(index);
  const auto at = [&](std::string_view field) {
    return [where = where + std::string{field}](error e) { return std::move(e).at(where); };
  };
  const char type = static_cast<char>(rule.type.value_or(spec::device_rule_type::all));
  if (type != 'a' && type != 'b' && type != 'c')
    return tl::unexpected(error::config(where + "/type", "invalid cgroup device type \"" + std::string{type} + "\""));
  if (rule.access.empty())
    return tl::unexpected(
        error::config(where + "/access", "device access at " + std::to_string(index) + " field cannot be empty"));
  device_exception wanted{type, 0, 0, 0};
  wanted.access = OCIKIT_TRY(parse_access(rule.access).map_error(at("/access")));
  wanted.major = OCIKIT_TRY(parse_number(rule.major).map_error(at("/major")));
  wanted.minor = OCIKIT_TRY(parse_number(rule.minor).map_error(at("/minor")));
  if (type == 'a') {
    to.reset(rule.allow);
    return {};
  }
  return to.apply(rule.allow, wanted).map_error(at(""));
}

}  // namespace detail

/// The devices that every container may use, whatever its rules say: null, zero, full, random, urandom, tty, the
/// pseudo terminals, tun; and mknod of anything, because a node that cannot be opened does no harm.
inline constexpr device_exception devices_of_every_container[] = {
    {'c', device_exception::any, device_exception::any, may_mknod},
    {'b', device_exception::any, device_exception::any, may_mknod},
    {'c', 1, 3, may_all},
    {'c', 1, 8, may_all},
    {'c', 1, 7, may_all},
    {'c', 5, 0, may_all},
    {'c', 1, 5, may_all},
    {'c', 1, 9, may_all},
    {'c', 136, device_exception::any, may_all},
    {'c', 5, 2, may_all},
    {'c', 10, 200, may_all},
};

/// Evaluates the rules as runc does: at first everything is denied, then the rules in their order, then the devices of
/// every container. A rule of type `a` (or without type) resets everything before it and its numbers and access do not
/// count.
///
/// Errors: config at `/linux/resources/devices/N` or a field of it.
/// See: runtime-spec config-linux.md, "Allowed Device list"; kernel admin-guide/cgroup-v1/devices.rst.
[[nodiscard]] inline result<device_list> evaluate_devices(std::span<const spec::device_rule> rules) {
  device_list out;
  for (std::size_t i = 0; i < rules.size(); ++i) OCIKIT_TRY(detail::apply_rule(rules[i], i, out));
  for (const auto& each : devices_of_every_container) OCIKIT_TRY(out.apply(true, each));
  return out;
}

/// The exceptions without those that a wider one implies anyway.
[[nodiscard]] inline std::vector<device_exception> without_implied(std::span<const device_exception> all) {
  std::vector<device_exception> out;
  for (const auto& e : all) {
    const bool implied = std::any_of(all.begin(), all.end(), [&](const device_exception& wider) {
      return !wider.same_devices(e) && wider.covers_devices(e) && (e.access & ~wider.access) == 0;
    });
    if (!implied) out.push_back(e);
  }
  return out;
}

// ---- v1 --------------------------------------------------------------------------------------------------------

/// One write to a v1 device file.
struct device_write {
  bool allow = false;  ///< devices.allow, else devices.deny
  std::string text;
  bool operator==(const device_write&) const = default;
};

/// Reads devices.list. Where everything is allowed by default the kernel shows `a *:* rwm` and hides the exceptions.
/// Errors: config, without pointer, for text that no kernel writes.
[[nodiscard]] inline result<device_list> parse_device_list(std::string_view text) {
  device_list out;
  while (!text.empty()) {
    const std::string line{text.substr(0, text.find('\n'))};
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) continue;
    char type = 0, major[16] = "", minor[16] = "", access[8] = "";
    if (std::sscanf(line.c_str(), "%c %15[0-9*]:%15[0-9*] %7[rwm]", &type, major, minor, access) != 4)
      return tl::unexpected(error::config("", "devices.list has a line that is no rule: " + line.substr(0, 80)));
    if (type == 'a') {
      out.reset(true);
      continue;
    }
    const auto number = [](const char* t) { return *t == '*' ? device_exception::any : kernel_number(t); };
    const auto bits = OCIKIT_TRY(detail::parse_access(access));
    OCIKIT_TRY(out.apply(true, {type, number(major), number(minor), bits}));
  }
  return out;
}

/// The writes that lead from `now` to `target`. Where the kernel hides the exceptions, or the default changes, the list
/// is reset first.
[[nodiscard]] inline std::vector<device_write> plan_device_writes(const device_list& now, const device_list& target) {
  std::vector<device_write> out;
  const bool start_over = now.allows_by_default() || target.allows_by_default();
  if (start_over) out.push_back({target.allows_by_default(), "a"});
  const auto less = [](const device_exception& e, const std::vector<device_exception>& than) {
    auto left = e;
    for (const auto& other : than)
      if (other.same_devices(e)) left.access = static_cast<device_access>(left.access & ~other.access);
    return left;
  };
  const bool grant = !target.allows_by_default();
  if (!start_over)
    for (const auto& e : now.exceptions())
      if (const auto extra = less(e, target.exceptions()); extra.access != 0) out.push_back({!grant, to_text(extra)});
  const auto there = start_over ? std::vector<device_exception>{} : now.exceptions();
  for (const auto& e : target.exceptions())
    if (const auto missing = less(e, there); missing.access != 0) out.push_back({grant, to_text(missing)});
  return out;
}

}  // namespace ocikit::cgroups
