// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/sys/mount_abi.hpp>

/// The options of a mount entry, read as mount(8) spells them. See: runtime-spec config.md, "Linux mount options".
namespace ocikit::mounts {

/// What one mount entry's options add up to.
struct option_set {
  std::uint64_t flags = 0;                 ///< MS_* to set
  std::uint64_t cleared = 0;               ///< MS_* that the user spelled out as off
  std::vector<std::uint64_t> propagation;  ///< MS_SHARED and its like, with MS_REC, in order
  std::uint64_t recursive_set = 0;         ///< MOUNT_ATTR_* for the whole tree
  std::uint64_t recursive_clear = 0;
  bool copy_up = false;           ///< a tmpfs begins with a copy of what it covers
  bool id_map = false;            ///< ids are mapped
  bool id_map_recursive = false;  ///< ... also in what is mounted below
  bool copy_link = false;         ///< a source that is a link is not bound, but made anew
  bool source_nofollow = false;   ///< a source that is a link is bound itself
  bool target_nofollow = false;   ///< a target that is a link is covered itself
  std::string data;               ///< the rest, for the file system

  [[nodiscard]] bool is_bind() const noexcept { return (flags & sys::ms::bind) != 0; }
};

namespace detail {

/// An option that sets or clears a flag of mount(2), and the attribute of mount_setattr(2) that does the same.
struct flag_option {
  std::string_view name;
  bool clears;
  std::uint64_t flag;
  std::uint64_t attribute;       ///< 0: the flag has none
  std::uint64_t attribute_mask;  ///< what is cleared before `attribute` is set
};

inline constexpr std::uint64_t none = 0;
inline constexpr std::uint64_t atime = sys::mount_attr::atime_mask;

inline constexpr std::array flag_options{
    flag_option{"ro", false, sys::ms::rdonly, sys::mount_attr::rdonly, none},
    flag_option{"rw", true, sys::ms::rdonly, sys::mount_attr::rdonly, none},
    flag_option{"nosuid", false, sys::ms::nosuid, sys::mount_attr::nosuid, none},
    flag_option{"suid", true, sys::ms::nosuid, sys::mount_attr::nosuid, none},
    flag_option{"nodev", false, sys::ms::nodev, sys::mount_attr::nodev, none},
    flag_option{"dev", true, sys::ms::nodev, sys::mount_attr::nodev, none},
    flag_option{"noexec", false, sys::ms::noexec, sys::mount_attr::noexec, none},
    flag_option{"exec", true, sys::ms::noexec, sys::mount_attr::noexec, none},
    flag_option{"nosymfollow", false, sys::ms::nosymfollow, sys::mount_attr::nosymfollow, none},
    flag_option{"symfollow", true, sys::ms::nosymfollow, sys::mount_attr::nosymfollow, none},
    flag_option{"nodiratime", false, sys::ms::nodiratime, sys::mount_attr::nodiratime, none},
    flag_option{"diratime", true, sys::ms::nodiratime, sys::mount_attr::nodiratime, none},
    flag_option{"noatime", false, sys::ms::noatime, sys::mount_attr::noatime, atime},
    flag_option{"atime", true, sys::ms::noatime, sys::mount_attr::relatime, atime},
    flag_option{"relatime", false, sys::ms::relatime, sys::mount_attr::relatime, atime},
    flag_option{"norelatime", true, sys::ms::relatime, sys::mount_attr::relatime, atime},
    flag_option{"strictatime", false, sys::ms::strictatime, sys::mount_attr::strictatime, atime},
    flag_option{"nostrictatime", true, sys::ms::strictatime, sys::mount_attr::relatime, atime},
    flag_option{"sync", false, sys::ms::synchronous, none, none},
    flag_option{"async", true, sys::ms::synchronous, none, none},
    flag_option{"dirsync", false, sys::ms::dirsync, none, none},
    flag_option{"mand", false, sys::ms::mandlock, none, none},
    flag_option{"nomand", true, sys::ms::mandlock, none, none},
    flag_option{"iversion", false, sys::ms::i_version, none, none},
    flag_option{"noiversion", true, sys::ms::i_version, none, none},
    flag_option{"lazytime", false, sys::ms::lazytime, none, none},
    flag_option{"nolazytime", true, sys::ms::lazytime, none, none},
    flag_option{"silent", false, sys::ms::silent, none, none},
    flag_option{"loud", true, sys::ms::silent, none, none},
    flag_option{"bind", false, sys::ms::bind, none, none},
    flag_option{"rbind", false, sys::ms::bind | sys::ms::rec, none, none},
    flag_option{"remount", false, sys::ms::remount, none, none},
};

struct propagation_option {
  std::string_view name;
  std::uint64_t flags;
};

inline constexpr std::array propagation_options{
    propagation_option{"private", sys::ms::private_},
    propagation_option{"rprivate", sys::ms::private_ | sys::ms::rec},
    propagation_option{"slave", sys::ms::slave},
    propagation_option{"rslave", sys::ms::slave | sys::ms::rec},
    propagation_option{"shared", sys::ms::shared},
    propagation_option{"rshared", sys::ms::shared | sys::ms::rec},
    propagation_option{"unbindable", sys::ms::unbindable},
    propagation_option{"runbindable", sys::ms::unbindable | sys::ms::rec},
};

/// An option that mount(2) does not know: what it sets in the option_set. The last three are crun's.
struct extension_option {
  std::string_view name;
  void (*apply)(option_set&);
};

inline constexpr std::array extension_options{
    extension_option{"tmpcopyup", [](option_set& to) { to.copy_up = true; }},
    extension_option{"idmap",
                     [](option_set& to) {
                       to.id_map = true;
                       to.id_map_recursive = false;
                     }},
    extension_option{"ridmap", [](option_set& to) { to.id_map = to.id_map_recursive = true; }},
    extension_option{"copy-symlink", [](option_set& to) { to.copy_link = true; }},
    extension_option{"src-nofollow", [](option_set& to) { to.source_nofollow = true; }},
    extension_option{"dest-nofollow", [](option_set& to) { to.target_nofollow = true; }},
};

inline constexpr bool has_attribute(const flag_option& o) { return o.attribute != 0 || o.attribute_mask != 0; }

inline const flag_option* find_flag(std::string_view name) {
  for (const flag_option& o : flag_options)
    if (o.name == name) return &o;
  return nullptr;
}

inline void add_flag(option_set& to, const flag_option& o) {
  (o.clears ? to.flags : to.cleared) &= ~o.flag;
  (o.clears ? to.cleared : to.flags) |= o.flag;
}

/// Adds one attribute to a set and a clear mask; the later option wins.
inline void add_attribute(std::uint64_t& set, std::uint64_t& clear, const flag_option& o) {
  if (o.attribute_mask != 0) {
    set = (set & ~o.attribute_mask) | o.attribute;
    clear |= o.attribute_mask;
  } else if (o.clears) {
    set &= ~o.attribute;
    clear |= o.attribute;
  } else {
    set |= o.attribute;
    clear &= ~o.attribute;
  }
}

inline bool add_recursive(option_set& to, std::string_view name) {
  if (!name.starts_with('r')) return false;
  const flag_option* o = find_flag(name.substr(1));
  if (o == nullptr || !has_attribute(*o)) return false;
  add_attribute(to.recursive_set, to.recursive_clear, *o);
  return true;
}

inline bool add_propagation(option_set& to, std::string_view name) {
  for (const propagation_option& o : propagation_options) {
    if (o.name != name) continue;
    to.propagation.push_back(o.flags);
    return true;
  }
  return false;
}

inline bool add_extension(option_set& to, std::string_view name) {
  for (const extension_option& o : extension_options) {
    if (o.name != name) continue;
    o.apply(to);
    return true;
  }
  return false;
}

}  // namespace detail

/// Reads `options` in order; a later option undoes an earlier one of the same flag. What no table knows is data.
[[nodiscard]] inline option_set parse_options(std::span<const std::string> options) {
  option_set out;
  for (const std::string& name : options) {
    if (const detail::flag_option* o = detail::find_flag(name)) {
      detail::add_flag(out, *o);
    } else if (!detail::add_propagation(out, name) && !detail::add_recursive(out, name) &&
               !detail::add_extension(out, name)) {
      out.data += (out.data.empty() ? "" : ",") + name;
    }
  }
  return out;
}

/// The attributes that a bind mount with these options takes for itself.
struct attribute_change {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
};

namespace detail {

inline constexpr std::uint64_t atime_flags =
    sys::ms::noatime | sys::ms::nodiratime | sys::ms::relatime | sys::ms::strictatime;
/// The attributes that are a flag each, and those among them that a user namespace finds locked.
inline constexpr std::uint64_t lockable =
    sys::mount_attr::rdonly | sys::mount_attr::nosuid | sys::mount_attr::nodev | sys::mount_attr::noexec;
inline constexpr std::uint64_t plain_attributes = lockable | sys::mount_attr::nosymfollow;

/// The attributes of those of `flags` (MS_*) that are plain ones.
inline std::uint64_t plain_attributes_of(std::uint64_t flags) {
  std::uint64_t out = 0;
  for (const flag_option& o : flag_options)
    if ((o.attribute & plain_attributes) != 0 && (flags & o.flag) != 0) out |= o.attribute;
  return out;
}

/// What mount(2) makes of several atime flags: strictatime before noatime before relatime.
inline std::uint64_t atime_attribute(std::uint64_t flags) {
  const std::uint64_t kind = (flags & sys::ms::strictatime) != 0 ? sys::mount_attr::strictatime
                             : (flags & sys::ms::noatime) != 0   ? sys::mount_attr::noatime
                                                                 : sys::mount_attr::relatime;
  return kind | ((flags & sys::ms::nodiratime) != 0 ? sys::mount_attr::nodiratime : 0);
}

}  // namespace detail

/// The attributes of a bind mount. As in runc, options without any flag leave the source's; with one they are all of
/// it: what is not asked for is cleared, except an atime setting. In a user namespace (`locks`) flags of the source
/// that could be locked stay unless they are spelled out as off. Flags of the superblock have no attribute.
[[nodiscard]] inline attribute_change bind_attributes(const option_set& options, bool locks) {
  const std::uint64_t given = options.flags & ~(sys::ms::bind | sys::ms::rec | sys::ms::remount);
  attribute_change out;
  if (given == 0 && options.cleared == 0) return out;
  out.set = detail::plain_attributes_of(given);
  const std::uint64_t kept = locks ? detail::lockable & ~detail::plain_attributes_of(options.cleared) : 0;
  out.clear = detail::plain_attributes & ~out.set & ~kept;
  if ((given & detail::atime_flags) != 0) {
    out.set |= detail::atime_attribute(given);
    out.clear |= (detail::atime | sys::mount_attr::nodiratime) & ~(out.set & sys::mount_attr::nodiratime);
  }
  return out;
}

/// Flags of statfs(2) that the source must have, or the options take back what a user namespace may not: `value` of
/// those in `mask`.
struct flag_demand {
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
};

/// What `options` demand of a source whose flags are locked.
[[nodiscard]] inline flag_demand locked_demand(const option_set& options) {
  constexpr std::uint64_t noatime = 0x400, nodiratime = 0x800, relatime = 0x1000;       // ST_*
  flag_demand out{detail::plain_attributes_of(options.cleared) & detail::lockable, 0};  // ST_* and MOUNT_ATTR_* agree
  if ((options.flags & detail::atime_flags) == 0) return out;
  const std::uint64_t wanted = detail::atime_attribute(options.flags);
  out.mask |= noatime | nodiratime | relatime;
  if ((wanted & sys::mount_attr::nodiratime) != 0) out.value |= nodiratime;
  if ((wanted & detail::atime) == sys::mount_attr::noatime) out.value |= noatime;
  if ((wanted & detail::atime) == sys::mount_attr::relatime) out.value |= relatime;
  return out;
}

/// The names of every option that has a meaning here, for `features`: unsorted. `defaults` is among them as in runc,
/// though it is left to the file system.
[[nodiscard]] inline std::vector<std::string> option_names() {
  std::vector<std::string> out{"defaults"};
  for (const auto& o : detail::flag_options) out.emplace_back(o.name);
  for (const auto& o : detail::propagation_options) out.emplace_back(o.name);
  for (const auto& o : detail::extension_options) out.emplace_back(o.name);
  for (const auto& o : detail::flag_options)
    if (detail::has_attribute(o)) out.push_back("r" + std::string{o.name});
  return out;
}

}  // namespace ocikit::mounts
