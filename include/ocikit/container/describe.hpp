// SPDX-License-Identifier: Apache-2.0
//
// Steps in words, for `explain`, for errors and for traces.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <variant>

#include <ocikit/base/members.hpp>
#include <ocikit/container/plan.hpp>
#include <ocikit/container/wire.hpp>
#include <ocikit/mounts/options.hpp>
#include <ocikit/namespaces/plan.hpp>
#include <ocikit/sys/quoted_text.hpp>

namespace ocikit::container {

namespace detail {

inline std::string in_octal(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "%04o", value);
  return text;
}

inline std::string in_hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

/// The flags of mount(2) by their options' names: `ro,nosuid`.
inline std::string flag_names(std::uint64_t flags) {
  std::string out;
  for (const auto& option : mounts::detail::flag_options)
    if (!option.clears && option.flag != (sys::ms::bind | sys::ms::rec) && (flags & option.flag) == option.flag)
      (out += out.empty() ? "" : ",") += option.name;
  return out;
}

inline std::string attribute_names(const mounts::attributes& a, std::string_view prefix = {}) {
  std::string out;
  for (const auto& option : mounts::detail::flag_options) {
    if (!mounts::detail::has_attribute(option) || option.attribute == 0) continue;
    const bool shown = option.clears ? (a.clear & option.attribute) != 0 && option.attribute_mask == 0
                                     : (a.set & option.attribute) == option.attribute;
    if (shown) ((out += out.empty() ? "" : ",") += prefix) += option.name;
  }
  return out;
}

inline std::string propagation_name(std::uint64_t flags) {
  for (const auto& option : mounts::detail::propagation_options)
    if (option.flags == flags) return std::string{option.name};
  return in_hex(flags);
}

inline std::string in_brackets(const std::string& text) { return text.empty() ? "" : " (" + text + ")"; }

inline std::string quoted_list(std::span<const zstring_view> texts) {
  std::string out;
  for (const zstring_view text : texts) ((out += out.empty() ? "" : " ") += std::string_view{text});
  return out;
}

inline std::string value_text(zstring_view v) { return "\"" + std::string{v} + "\""; }
inline std::string value_text(bool v) { return v ? "true" : "false"; }
template <wire::detail::number T>
std::string value_text(T v) {
  return std::to_string(static_cast<std::int64_t>(v));
}
template <class T>
std::string value_text(std::span<const T> v) {
  return std::to_string(v.size()) + " entries";
}
template <wire::detail::record T>
std::string value_text(const T& v);

/// Any step: its name, then its members.
template <class Step>
std::string words(const Step& s) {
  std::string out{Step::name};
  std::string_view separator = ": ";
  for_each_member(s, [&](std::string_view name, const auto& value) {
    ((out += separator) += name) += "=";
    out += value_text(value);
    separator = ", ";
  });
  return out;
}
template <wire::detail::record T>
std::string value_text(const T&) {
  return "{...}";
}

inline std::string words(const make_cgroup& s) {
  return "make the cgroup " + std::string{s.path} + " and set its limits";
}
inline std::string words(const open_namespace& s) { return "open the namespace " + std::string{s.path}; }
inline std::string words(const open_procfs& s) { return std::string{s.name}; }
inline std::string words(const use_procfs& s) { return std::string{s.name}; }
inline std::string words(const start_init& s) {
  std::string out = "start the init";
  if (s.flags != 0) out += " in new namespaces: " + namespaces::type_names(s.flags);
  if (!s.user_namespace.empty()) out += ", in the user namespace " + std::string{s.user_namespace};
  if (!s.pid_namespace.empty()) out += ", in the pid namespace " + std::string{s.pid_namespace};
  return out;
}
inline std::string words(const arrive& s) { return std::string{s.name}; }
inline std::string words(const resctrl::make_group& s) {
  return std::string{s.must_exist ? "find" : "make"} + " the resctrl group " + std::string{s.path};
}
inline std::string words(const resctrl::set_schema& s) { return "set the schema " + value_text(s.line); }
inline std::string words(const resctrl::make_monitoring_group& s) {
  return "make the resctrl monitoring group " + std::string{s.path};
}
inline std::string words(const resctrl::join_group& s) { return "join the resctrl group " + std::string{s.group}; }
inline std::string words(const hand_over& s) {
  return s.offers ? "hand the source to the runtime and wait" : "wait for the runtime";
}
inline std::string words(const call_hooks& s) { return "run the " + std::string{s.kind} + " hooks"; }
inline std::string words(const execute_hook& s) {
  return "run the " + std::string{s.kind} + " hook #" + std::to_string(s.index) + ": " + quoted_list(s.arguments);
}
inline std::string words(const hand_over_cgroup& s) {
  return "give the cgroup " + std::string{s.path} + " to user " + std::to_string(s.owner);
}
inline std::string words(const delegate_cgroup& s) { return "delegate the cgroup " + std::string{s.path}; }
inline std::string words(const open_hook_output& s) {
  return "open " + std::string{s.path} + " for the output of hooks";
}
inline std::string words(const send_listener& s) { return std::string{s.name} + " at " + std::string{s.path}; }
inline std::string words(const namespaces::unshare& s) { return "new namespaces: " + namespaces::type_names(s.flags); }
inline std::string words(const namespaces::join& s) {
  return "join the " + namespaces::type_names(s.type) + " namespace " + std::string{s.path};
}
inline std::string words(const namespaces::set_hostname& s) { return "set the host name to " + value_text(s.hostname); }
inline std::string words(const namespaces::set_domainname& s) {
  return "set the domain name to " + value_text(s.domainname);
}
inline std::string words(const namespaces::write_sysctl& s) {
  return "set /proc/" + std::string{s.path} + " to " + value_text(s.value);
}
inline std::string words(const process::open_terminal& s) {
  const std::string size = s.height != 0 && s.width != 0
                               ? " of " + std::to_string(s.width) + " columns and " + std::to_string(s.height) + " rows"
                               : "";
  return "open a terminal" + size + " from /dev/pts/ptmx";
}
inline std::string words(const namespaces::move_network_device& s) {
  return "move the network device " + std::string{s.device} + " into the container as " + std::string{s.renamed};
}
inline std::string words(const mounts::set_propagation& s) { return "make all mounts " + propagation_name(s.flags); }
inline std::string words(const mounts::bind_root& s) { return "bind the root file system " + std::string{s.path}; }
inline std::string words(const mounts::open_source& s) {
  return "open " + std::string{s.path} + (s.inside != 0 ? " of the container" : "") + " to bind it" +
         (s.nofollow ? ", also if it is a link," : "") + (s.recursive ? " with what is mounted below it" : "");
}
inline std::string words(const mounts::map_source& s) {
  return std::string{"map its ids"} + (s.recursive ? " and those of what is mounted below it" : "");
}
inline std::string words(const mounts::attach& s) {
  std::string notes = attribute_names(s.own);
  const std::string recursive = attribute_names(s.recursive, "r");
  if (!recursive.empty()) notes += (notes.empty() ? "" : ",") + recursive;
  for (const std::uint64_t flags : s.propagation) notes += (notes.empty() ? "" : ",") + propagation_name(flags);
  if (s.nofollow) notes += notes.empty() ? "dest-nofollow" : ",dest-nofollow";
  return (s.copy_link ? "bind it or copy the link to " : "bind it at ") + std::string{s.target} + in_brackets(notes);
}
inline std::string words(const mounts::mount_filesystem& s) {
  std::string notes = flag_names(s.flags);
  if (!s.data.empty()) notes += (notes.empty() ? "" : ",") + std::string{s.data};
  const std::string copying = s.copy_up ? " over a copy of what lies there" : "";
  return "mount " + std::string{s.type} + " at " + std::string{s.target} + copying + in_brackets(notes);
}
inline std::string words(const mounts::change_propagation& s) {
  return "make the mount at " + std::string{s.target} + " " + propagation_name(s.flags);
}
inline std::string words(const mounts::change_attributes& s) {
  return "change the mount at " + std::string{s.target} + in_brackets(attribute_names(s.own));
}
inline std::string words(const mounts::make_node& s) {
  const std::string path = "/" + std::string{s.directory} + "/" + std::string{s.file};
  if (s.bind) return "bind the device " + std::string{s.host_path} + " at " + path;
  return "make the device " + path + " (" + std::to_string(s.major) + ":" + std::to_string(s.minor) + ", " +
         in_octal(s.mode & 07777) + ")";
}
inline std::string words(const mounts::make_link& s) {
  return "link /" + std::string{s.directory} + "/" + std::string{s.file} + " to " + std::string{s.content};
}
inline std::string words(const mounts::protect& s) { return "make " + std::string{s.path} + " read-only"; }
inline std::string words(const mounts::mask& s) { return "mask " + std::string{s.path}; }
inline std::string words(const mounts::make_directory& s) { return "make the directory " + std::string{s.path}; }
inline std::string words(const process::join_session_keyring& s) {
  return "join the session keyring " + std::string{s.keyring};
}
inline std::string words(const process::limit_bounding_set& s) {
  return "limit the capability bounding set to " + in_hex(s.keep);
}
inline std::string words(const process::set_user& s) {
  return "become user " + std::to_string(s.uid) + ", group " + std::to_string(s.gid) + " with " +
         std::to_string(s.groups.size()) + " more groups";
}
inline std::string words(const process::set_capabilities& s) {
  return "set the capabilities: effective " + in_hex(s.effective) + ", permitted " + in_hex(s.permitted) +
         ", inheritable " + in_hex(s.inheritable) + ", ambient " + in_hex(s.ambient);
}
inline std::string words(const process::own_standard_streams& s) {
  return "give the standard streams to user " + std::to_string(s.uid);
}
inline std::string words(const process::set_umask& s) { return "set the umask to " + in_octal(s.mask); }
inline std::string words(const process::change_directory& s) { return "enter the directory " + std::string{s.path}; }
inline std::string words(const process::find_program& s) { return "find the program " + std::string{s.file}; }
inline std::string words(const process::execute_program& s) { return "execute " + quoted_list(s.arguments); }
inline std::string bit_list(std::span<const std::uint64_t> words) {
  std::string out;
  const std::size_t bits = words.size() * 64;
  const auto is_set = [&](std::size_t i) { return i < bits && (words[i / 64] >> i % 64 & 1U) != 0; };
  for (std::size_t first = 0; first < bits; ++first) {
    if (!is_set(first)) continue;
    std::size_t last = first;
    while (is_set(last + 1)) ++last;
    (out += out.empty() ? "" : ",") += std::to_string(first);
    if (last != first) out += "-" + std::to_string(last);
    first = last;
  }
  return out;
}
inline std::string words(const process::set_cpu_affinity& s) { return "run on the CPUs " + bit_list(s.cpus); }
inline std::string words(const process::set_memory_policy& s) {
  return "set the memory policy " + in_hex(s.mode) + " for the nodes " + bit_list(s.nodes);
}
inline std::string words(const process::set_rlimit& s) {
  const auto value = [](std::uint64_t v) {
    return v == ~std::uint64_t{0} ? std::string{"unlimited"} : std::to_string(v);
  };
  return "set resource limit " + std::to_string(s.resource) + " to " + value(s.soft) + ", at most " + value(s.hard);
}
inline std::string words(const lsm::write_attribute& s) {
  return "write " + value_text(s.text) + " to /proc/" + std::string{s.path};
}
inline std::string words(const seccomp::load_filter& s) {
  return s.program.empty() ? "load the seccomp filter"
                           : "load the seccomp filter of " + std::to_string(s.program.size() / 8) + " instructions";
}

}  // namespace detail

/// One step in words: `mount proc at /proc (nosuid,noexec,nodev)`. Pure.
[[nodiscard]] inline std::string describe(const step& what) {
  return std::visit([](const auto& s) { return detail::words(s); }, what);
}

/// A whole plan, one line per step whatever its texts hold: who, what, and the pointer of its cause. Pure.
[[nodiscard]] inline std::string describe(const plan& of) {
  std::string out;
  for (const plan_step& one : of.steps) {
    out += one.by == actor::runtime ? "runtime  " : "init     ";
    out += sys::one_line(describe(one.what));
    if (!one.where.empty()) out += "  [" + sys::one_line(one.where) + "]";
    out += '\n';
  }
  return out;
}

}  // namespace ocikit::container
