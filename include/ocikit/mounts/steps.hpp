// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <tuple>
#include <variant>

#include <ocikit/base/members.hpp>
#include <ocikit/base/zstring_view.hpp>

/// Steps that build the container's tree of mounts. Targets are paths below the container's root, resolved there.
namespace ocikit::mounts {

/// Changes the propagation of the whole tree below `/`, so that nothing mounted later reaches the host. `flags` are
/// those of mount(2): MS_SLAVE | MS_REC and its like. See: mount_namespaces(7).
struct set_propagation {
  static constexpr std::string_view name = "set the propagation of all mounts";
  std::uint64_t flags = 0;
  static constexpr auto members = std::make_tuple(member{"flags", &set_propagation::flags});
  bool operator==(const set_propagation&) const = default;
};

/// Makes the mount that holds `path` private: pivot_root(2) refuses a shared parent, and nothing shall leak to it.
struct isolate_parent {
  static constexpr std::string_view name = "isolate the mount below the root file system";
  zstring_view path = {};
  static constexpr auto members = std::make_tuple(member{"path", &isolate_parent::path});
  bool operator==(const isolate_parent&) const = default;
};

/// Makes the directory `path` of the host a mount of its own, the container's root. No component may be a link.
struct bind_root {
  static constexpr std::string_view name = "bind the root file system";
  zstring_view path = {};
  static constexpr auto members = std::make_tuple(member{"path", &bind_root::path});
  bool operator==(const bind_root&) const = default;
};

/// Clones the mount at `path` of the host into `slot`, with all below it when `recursive`. The first `inside` bytes of
/// `path` name the container's root; what follows is looked up there, as a process in it would. See: open_tree(2).
struct open_source {
  static constexpr std::string_view name = "open the source of a bind mount";
  zstring_view path = {};
  std::uint32_t slot = 0;
  bool recursive = false;
  bool nofollow = false;     ///< a link is not followed, but taken itself
  std::uint32_t inside = 0;  ///< 0: all of `path` is the host's
  static constexpr auto members =
      std::make_tuple(member{"path", &open_source::path}, member{"slot", &open_source::slot},
                      member{"recursive", &open_source::recursive}, member{"nofollow", &open_source::nofollow},
                      member{"inside", &open_source::inside});
  bool operator==(const open_source&) const = default;
};

/// Maps the ids of the mount in `slot`, with all below it when `recursive`, by the user namespace in `mapping`.
/// See: mount_setattr(2), "ID-mapped mounts".
struct map_source {
  static constexpr std::string_view name = "map the ids of a bind mount's source";
  std::uint32_t slot = 0;
  std::uint32_t mapping = 0;
  bool recursive = false;
  static constexpr auto members =
      std::make_tuple(member{"slot", &map_source::slot}, member{"mapping", &map_source::mapping},
                      member{"recursive", &map_source::recursive});
  bool operator==(const map_source&) const = default;
};

/// Attributes for mount_setattr(2): MOUNT_ATTR_* to set and to clear.
struct attributes {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
  static constexpr auto members = std::make_tuple(member{"set", &attributes::set}, member{"clear", &attributes::clear});
  [[nodiscard]] bool empty() const noexcept { return set == 0 && clear == 0; }
  bool operator==(const attributes&) const = default;
};

/// Flags as statfs(2) shows them (ST_*) that a mount must have: those in `mask` are to be `value`. In a user namespace
/// these are the flags that the host set and the container may not take back, though it holds a clone that is not
/// locked yet. See: mount_namespaces(7), "Restrictions on mount namespaces".
struct locked_flags {
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
  static constexpr auto members =
      std::make_tuple(member{"mask", &locked_flags::mask}, member{"value", &locked_flags::value});
  bool operator==(const locked_flags&) const = default;
};

/// Attaches what `slot` holds at `target`, after giving it its attributes (`recursive` ones to everything below too)
/// and each of `propagation` (mount(2) flags) in order. A missing target is made: a directory, or an empty file.
struct attach {
  static constexpr std::string_view name = "attach a bind mount";
  zstring_view target = {};
  std::uint32_t slot = 0;
  attributes own = {};
  attributes recursive = {};
  std::span<const std::uint64_t> propagation = {};
  bool inside_procfs = false;  ///< the target may lie on procfs
  bool directory = false;      ///< the source is known to be one
  bool nofollow = false;       ///< a target that is a link is not followed, but covered itself
  bool copy_link = false;      ///< a source that is a link is not attached: one with the same content is made
  locked_flags locked = {};    ///< of the source, or EPERM
  bool subtree = false;        ///< the source comes with what is mounted below it
  static constexpr auto members =
      std::make_tuple(member{"target", &attach::target}, member{"slot", &attach::slot}, member{"own", &attach::own},
                      member{"recursive", &attach::recursive}, member{"propagation", &attach::propagation},
                      member{"inside_procfs", &attach::inside_procfs}, member{"directory", &attach::directory},
                      member{"nofollow", &attach::nofollow}, member{"copy_link", &attach::copy_link},
                      member{"locked", &attach::locked}, member{"subtree", &attach::subtree});
};

/// mount(2) of a new file system at `target`, a directory that is made when missing.
struct mount_filesystem {
  static constexpr std::string_view name = "mount a file system";
  zstring_view type = {};
  zstring_view source = {};
  zstring_view target = {};
  std::uint64_t flags = 0;
  zstring_view data = {};
  bool ordinary_directory = false;  ///< no component of `target` may be a link, and it may not lie on another procfs
  bool inherit_mode = false;        ///< a tmpfs takes the mode of the directory it covers, if there was one
  bool copy_up = false;             ///< ... and begins with a copy of what lies there; see copy_up.hpp
  zstring_view instead = {};        ///< bound where the kernel refuses the mount: a directory of the host
  zstring_view label = {};          ///< for the root of a file system that takes no label as an option; empty: none
  static constexpr auto members = std::make_tuple(
      member{"type", &mount_filesystem::type}, member{"source", &mount_filesystem::source},
      member{"target", &mount_filesystem::target}, member{"flags", &mount_filesystem::flags},
      member{"data", &mount_filesystem::data}, member{"ordinary_directory", &mount_filesystem::ordinary_directory},
      member{"inherit_mode", &mount_filesystem::inherit_mode}, member{"copy_up", &mount_filesystem::copy_up},
      member{"instead", &mount_filesystem::instead}, member{"label", &mount_filesystem::label});
  bool operator==(const mount_filesystem&) const = default;
};

/// mount(2) flags of a propagation type for the mount at `target`.
struct change_propagation {
  static constexpr std::string_view name = "change the propagation of a mount";
  zstring_view target = {};
  std::uint64_t flags = 0;
  static constexpr auto members =
      std::make_tuple(member{"target", &change_propagation::target}, member{"flags", &change_propagation::flags});
  bool operator==(const change_propagation&) const = default;
};

/// mount_setattr(2) of the mount at `target`.
struct change_attributes {
  static constexpr std::string_view name = "change the attributes of a mount";
  zstring_view target = {};
  attributes own = {};
  static constexpr auto members =
      std::make_tuple(member{"target", &change_attributes::target}, member{"own", &change_attributes::own});
  bool operator==(const change_attributes&) const = default;
};

/// mknod(2) of `file` in `directory`; the same node that is there already stays. Where the kernel forbids it, and
/// always with `bind`, the host's node of that path is bound instead. `mode` holds the type bits too.
struct make_node {
  static constexpr std::string_view name = "make a device node";
  zstring_view directory = {};
  zstring_view file = {};
  zstring_view host_path = {};
  std::uint32_t mode = 0;
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  bool bind = false;
  static constexpr auto members =
      std::make_tuple(member{"directory", &make_node::directory}, member{"file", &make_node::file},
                      member{"host_path", &make_node::host_path}, member{"mode", &make_node::mode},
                      member{"major", &make_node::major}, member{"minor", &make_node::minor},
                      member{"uid", &make_node::uid}, member{"gid", &make_node::gid}, member{"bind", &make_node::bind});
  bool operator==(const make_node&) const = default;
};

/// symlink(2) of `file` in `directory`; a name that is there stays, or with `replace` gives way.
struct make_link {
  static constexpr std::string_view name = "make a symbolic link";
  zstring_view directory = {};
  zstring_view file = {};
  zstring_view content = {};
  bool replace = false;
  static constexpr auto members =
      std::make_tuple(member{"directory", &make_link::directory}, member{"file", &make_link::file},
                      member{"content", &make_link::content}, member{"replace", &make_link::replace});
  bool operator==(const make_link&) const = default;
};

/// Binds the slave end of the container's terminal over /dev/console.
struct bind_console {
  static constexpr std::string_view name = "bind the terminal to /dev/console";
  static constexpr auto members = std::make_tuple();
  bool operator==(const bind_console&) const = default;
};

/// Makes what `path` names read-only, with all mounted below it. A missing path is no failure.
struct protect {
  static constexpr std::string_view name = "make a path read-only";
  zstring_view path = {};
  static constexpr auto members = std::make_tuple(member{"path", &protect::path});
  bool operator==(const protect&) const = default;
};

/// Covers `path`: a file by the null device, a directory by an empty read-only tmpfs, the same for all, whose options
/// are `data`. A missing path is no failure.
struct mask {
  static constexpr std::string_view name = "mask a path";
  zstring_view path = {};
  zstring_view data = {};
  static constexpr auto members = std::make_tuple(member{"path", &mask::path}, member{"data", &mask::data});
  bool operator==(const mask&) const = default;
};

/// mkdir -p of a directory in the container, mode 0755.
struct make_directory {
  static constexpr std::string_view name = "make a directory";
  zstring_view path = {};
  static constexpr auto members = std::make_tuple(member{"path", &make_directory::path});
  bool operator==(const make_directory&) const = default;
};

/// pivot_root(2) to the container's root and out with the host's tree.
struct pivot_root {
  static constexpr std::string_view name = "change to the new root";
  static constexpr auto members = std::make_tuple();
  bool operator==(const pivot_root&) const = default;
};

/// Removes the host's mount at `path`, or covers it where it may not be removed, before a `move_root` that leaves it
/// reachable.
struct hide_mount {
  static constexpr std::string_view name = "hide a mount of the host";
  zstring_view path = {};
  static constexpr auto members = std::make_tuple(member{"path", &hide_mount::path});
  bool operator==(const hide_mount&) const = default;
};

/// MS_MOVE of the container's root over `/`, then chroot(2): for hosts whose root is the initial ramfs.
struct move_root {
  static constexpr std::string_view name = "move the new root over the old one";
  static constexpr auto members = std::make_tuple();
  bool operator==(const move_root&) const = default;
};

/// chroot(2) to the container's root: for a container that shares the host's mount namespace, where nothing else may
/// change.
struct change_root {
  static constexpr std::string_view name = "change to the new root directory";
  static constexpr auto members = std::make_tuple();
  bool operator==(const change_root&) const = default;
};

using step = std::variant<set_propagation, isolate_parent, bind_root, open_source, map_source, attach, mount_filesystem,
                          change_propagation, change_attributes, make_node, make_link, bind_console, protect, mask,
                          make_directory, pivot_root, hide_mount, move_root, change_root>;

}  // namespace ocikit::mounts
