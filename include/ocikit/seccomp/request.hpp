// SPDX-License-Identifier: Apache-2.0
//
// From a profile to a request and flags: every check that needs no compiler. Pure.
#pragma once

#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include <ocikit/seccomp/compiler.hpp>
#include <ocikit/seccomp/kernel.hpp>

namespace ocikit::seccomp {

/// More rules than this are refused before anything is compiled.
inline constexpr std::size_t most_rules = 8192;

/// Whether the profile asks for a filter at all: one without default action and system calls does not.
[[nodiscard]] inline bool wants_filter(const spec::seccomp& profile) noexcept {
  return profile.default_action.has_value() || !profile.syscalls.empty();
}

/// Whether any system call of the profile is to be answered by an agent.
[[nodiscard]] inline bool uses_notify(const spec::seccomp& profile) noexcept {
  return std::any_of(profile.syscalls.begin(), profile.syscalls.end(),
                     [](const auto& entry) { return entry.action == spec::seccomp_action::notify; });
}

namespace detail {

inline std::string syscall_pointer(std::size_t entry, std::string_view below = {}) {
  return "/linux/seccomp/syscalls/" + std::to_string(entry) + std::string{below};
}

/// The SECCOMP_RET_ value of an action. EPERM where the profile names no errno; data counts for ERRNO and TRACE alone.
inline result<std::uint32_t> return_value(spec::seccomp_action action, std::optional<std::uint32_t> errno_ret) {
  const std::uint32_t data = errno_ret.value_or(EPERM);
  constexpr std::uint32_t most_errno = 4095;  // the kernel would cut it down to this
  switch (action) {
    case spec::seccomp_action::kill:
    case spec::seccomp_action::kill_thread:
      return std::uint32_t{SECCOMP_RET_KILL_THREAD};
    case spec::seccomp_action::kill_process:
      return std::uint32_t{SECCOMP_RET_KILL_PROCESS};
    case spec::seccomp_action::trap:
      return std::uint32_t{SECCOMP_RET_TRAP};
    case spec::seccomp_action::allow:
      return std::uint32_t{SECCOMP_RET_ALLOW};
    case spec::seccomp_action::log:
      return std::uint32_t{SECCOMP_RET_LOG};
    case spec::seccomp_action::notify:
      return std::uint32_t{SECCOMP_RET_USER_NOTIF};
    case spec::seccomp_action::errno_:
      if (data > most_errno) break;
      return SECCOMP_RET_ERRNO | data;
    case spec::seccomp_action::trace:
      if (data > SECCOMP_RET_DATA) break;
      return SECCOMP_RET_TRACE | data;
  }
  return tl::unexpected(error::config("", "errno " + std::to_string(data) + " is out of range"));
}

inline result<std::uint32_t> default_return_value(const spec::seccomp& profile) {
  constexpr std::string_view pointer = "/linux/seccomp/defaultAction";
  if (!profile.default_action)
    return tl::unexpected(error::config(std::string{pointer}, "string  is not a valid action for seccomp"));
  if (*profile.default_action == spec::seccomp_action::notify)
    return tl::unexpected(error::config(std::string{pointer}, "SCMP_ACT_NOTIFY cannot be used as default action"));
  return return_value(*profile.default_action, profile.default_errno_ret).map_error([](error e) {
    return std::move(e).at("/linux/seccomp/defaultErrnoRet");
  });
}

/// The profile's architectures in its order, each once, and the native one.
inline std::vector<wanted_arch> flatten_architectures(const spec::seccomp& profile) {
  std::vector<wanted_arch> out;
  const auto add = [&](spec::seccomp_arch arch, entry_index entry) {
    const auto token = token_of(arch);
    if (std::none_of(out.begin(), out.end(), [&](const auto& known) { return known.token == token; }))
      out.push_back({token, entry});
  };
  for (std::size_t i = 0; i < profile.architectures.size(); ++i)
    add(profile.architectures[i], static_cast<entry_index>(i));
  add(native_arch, no_entry);
  return out;
}

/// One entry's conditions, checked, and whether two of them look at the same argument.
struct conditions {
  std::vector<condition> all;
  bool repeated = false;
};

inline result<conditions> flatten_conditions(const spec::seccomp_syscall& entry, std::size_t at) {
  conditions out;
  std::array<bool, 6> seen{};
  for (std::size_t i = 0; i < entry.args.size(); ++i) {
    const auto& arg = entry.args[i];
    if (arg.index >= seen.size())
      return tl::unexpected(error::config(syscall_pointer(at, "/args/" + std::to_string(i) + "/index"),
                                          "system calls have arguments 0 to 5, not " + std::to_string(arg.index)));
    out.repeated = out.repeated || seen[arg.index];
    seen[arg.index] = true;
    out.all.push_back({arg.index, arg.op, arg.value, arg.value_two});
  }
  return out;
}

inline result<void> check_name(const std::string& name, spec::seccomp_action action, std::size_t entry,
                               std::size_t index) {
  std::string_view why;
  if (name.empty()) why = "empty string is not a valid syscall";
  if (name.find('\0') != std::string::npos) why = "a system call's name cannot hold a NUL";
  if (action == spec::seccomp_action::notify && name == "write")
    why = "SCMP_ACT_NOTIFY cannot be used for the write syscall";
  if (why.empty()) return {};
  return tl::unexpected(error::config(syscall_pointer(entry, "/names/" + std::to_string(index)), std::string{why}));
}

/// Appends the rules of one entry: one per name, or one per name and condition where an argument is looked at twice
/// (any of them is enough then, as in runc).
inline result<void> append_rules(const spec::seccomp_syscall& entry, std::size_t at, request& to) {
  const auto action = OCIKIT_TRY(return_value(entry.action, entry.errno_ret).map_error([&](error e) {
    return std::move(e).at(syscall_pointer(at, "/errnoRet"));
  }));
  const auto checked = OCIKIT_TRY(flatten_conditions(entry, at));
  for (std::size_t i = 0; i < entry.names.size(); ++i) {
    const zstring_view name{entry.names[i]};
    OCIKIT_TRY(check_name(entry.names[i], entry.action, at, i));
    const auto number = static_cast<entry_index>(at);
    if (action == to.default_action)
      to.also_mentioned.push_back(name);
    else if (!checked.repeated)
      to.rules.push_back({name, action, number, checked.all});
    else
      for (const auto& one : checked.all) to.rules.push_back({name, action, number, {one}});
    if (to.rules.size() + to.also_mentioned.size() > most_rules)
      return tl::unexpected(
          error::config(syscall_pointer(at), "more than " + std::to_string(most_rules) + " seccomp rules"));
  }
  return {};
}

inline result<void> check_notify(const spec::seccomp& profile, const kernel_facts& kernel) {
  if (profile.listener_path.empty())
    return tl::unexpected(error::config("/linux/seccomp/listenerPath", "seccomp listenerPath is not set"));
  constexpr int least = 6;
  if (api_level(kernel) >= least) return {};
  return tl::unexpected(error::unsupported("seccomp notify unsupported: API level: got " +
                                           std::to_string(api_level(kernel)) +
                                           ", want at least 6. Please try with libseccomp >= 2.5.0 and Linux >= 5.7")
                            .at("/linux/seccomp/syscalls"));
}

/// A flag of the profile: its bit, and what to say when it cannot be had.
struct known_flag {
  spec::seccomp_flag flag;
  std::uint32_t bit;
  std::string_view refusal;
  int level;
};
inline constexpr known_flag known_flags[] = {
    {spec::seccomp_flag::tsync, 0, "", 0},  // one thread loads the filter: nothing to synchronise
    {spec::seccomp_flag::log, filter_flag::log, "error adding log flag to seccomp filter: SetLogBit", 3},
    {spec::seccomp_flag::spec_allow, filter_flag::spec_allow, "error adding SSB flag to seccomp filter: SetSSB", 4},
    {spec::seccomp_flag::wait_killable_recv, filter_flag::wait_killable_recv,
     "error adding WaitKill flag to seccomp filter: SetWaitKill", 7},
};

inline result<std::uint32_t> flag_bit(spec::seccomp_flag flag, const kernel_facts& kernel) {
  const auto* known =
      std::find_if(std::begin(known_flags), std::end(known_flags), [&](const known_flag& k) { return k.flag == flag; });
  if ((kernel.flags & known->bit) == known->bit) return known->bit;
  return tl::unexpected(error::unsupported(std::string{known->refusal} +
                                           " requires API level >= " + std::to_string(known->level) +
                                           " (current API level: " + std::to_string(api_level(kernel)) + ")"));
}

}  // namespace detail

/// The flags that the filter is loaded with. Pure.
///
/// No `flags` in the profile: SPEC_ALLOW where the kernel has it, so that the filter does not cost the mitigation of
/// speculative store bypass; an empty list: none. TSYNC is taken and means nothing here. NEW_LISTENER comes with
/// notify. Errors: unsupported at `/linux/seccomp/flags/N`; config for WAIT_KILLABLE_RECV without a notify rule, which
/// the kernel refuses. Since: Linux 4.14 (LOG), 4.17 (SPEC_ALLOW), 5.19 (WAIT_KILLABLE_RECV).
[[nodiscard]] inline result<std::uint32_t> plan_flags(const spec::seccomp& profile, const kernel_facts& kernel) {
  std::uint32_t flags = uses_notify(profile) ? filter_flag::new_listener : 0;
  if (!profile.flags) return flags | (kernel.flags & filter_flag::spec_allow);
  for (std::size_t i = 0; i < profile.flags->size(); ++i) {
    const auto pointer = "/linux/seccomp/flags/" + std::to_string(i);
    flags |= OCIKIT_TRY(
        detail::flag_bit((*profile.flags)[i], kernel).map_error([&](error e) { return std::move(e).at(pointer); }));
    if ((flags & filter_flag::wait_killable_recv) != 0 && !uses_notify(profile))
      return tl::unexpected(
          error::config(pointer, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs a system call with SCMP_ACT_NOTIFY"));
  }
  return flags;
}

/// The profile, checked and flattened. Pure. The result borrows the profile's strings.
///
/// Errors: config, with the pointer of the value at fault; unsupported when the kernel has no usable notify.
/// See: runtime-spec config-linux.md, "Seccomp".
[[nodiscard]] inline result<request> plan_request(const spec::seccomp& profile, const kernel_facts& kernel) {
  request out;
  out.default_action = OCIKIT_TRY(detail::default_return_value(profile));
  out.architectures = detail::flatten_architectures(profile);
  for (std::size_t i = 0; i < profile.syscalls.size(); ++i)
    OCIKIT_TRY(detail::append_rules(profile.syscalls[i], i, out));
  if (uses_notify(profile)) OCIKIT_TRY(detail::check_notify(profile, kernel));
  return out;
}
// `&&` on a temporary profile would leave the names dangling.
result<request> plan_request(spec::seccomp&& profile, const kernel_facts& kernel) = delete;

}  // namespace ocikit::seccomp
