// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/planned.hpp>
#include <ocikit/mounts/options.hpp>
#include <ocikit/mounts/steps.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::mounts {

/// What planning must know about the host and the command line.
struct facts {
  std::string rootfs;             ///< absolute path of the root file system
  std::string bundle;             ///< absolute path; relative sources start here
  bool user_namespace = false;    ///< the container has a user namespace of its own
  bool mount_namespace = true;    ///< ... and a mount namespace
  bool cgroup_namespace = false;  ///< ... and a cgroup namespace
  bool unified_cgroups = true;    ///< cgroup v2 alone
  /// The container's cgroup per controller, absolute: `{"", path}` on v2, one entry per controller on v1.
  std::vector<std::pair<std::string, std::string>> cgroup_paths;
  bool detached_mounts = true;                  ///< see has_detached_mounts(); asked for with a user namespace alone
  std::string label;                            ///< /linux/mountLabel, a label of SELinux; empty: none
  std::string label_option;                     ///< ... as an option for mount(2)
  bool no_pivot = false;                        ///< --no-pivot
  bool kcore = true;                            ///< see has_kcore()
  std::vector<std::string> host_kernel_mounts;  ///< with no_pivot: where the host's proc and sysfs are mounted
};

/// A user namespace by whose maps mounts are mapped, to be put into `slot`: the one at `path`, or a new one.
struct id_mapping_source {
  std::vector<spec::id_mapping> uids, gids;
  std::string path;
  std::uint32_t slot = 0;
  std::string where;
};

/// Steps for the mounts of a container, in the order of these members.
struct mount_plan {
  std::vector<id_mapping_source> id_mappings;
  step_list<step> mapped;     ///< sources whose ids are mapped, which takes the host's privileges
  step_list<step> sources;    ///< all other sources, before anything is attached; but see `inside` of open_source
  step_list<step> targets;    ///< in the config's order
  step_list<step> finishing;  ///< read-only at last, when nothing has to be made inside any more
};

namespace detail {

inline std::string absolute(const std::string& path, const std::string& base) {
  return path.starts_with('/') ? path : base + '/' + path;
}

/// `path` without `.`, `..` and doubled slashes, absolute.
inline std::string cleaned(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
  }
  std::string out;
  for (const std::string_view part : parts) (out += '/') += part;
  return out.empty() ? "/" : out;
}

inline bool below(std::string_view path, std::string_view directory) {
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

/// Files of procfs that lxcfs and its like may cover.
inline bool may_cover_in_proc(std::string_view path) {
  constexpr std::string_view names[] = {"/proc/cpuinfo",
                                        "/proc/diskstats",
                                        "/proc/meminfo",
                                        "/proc/stat",
                                        "/proc/swaps",
                                        "/proc/uptime",
                                        "/proc/loadavg",
                                        "/proc/slabinfo",
                                        "/proc/sys/kernel/ns_last_pid",
                                        "/proc/sys/crypto/fips_enabled"};
  return std::find(std::begin(names), std::end(names), path) != std::end(names);
}

/// `data` with the label of the container's file systems, which the kernel has for all but its views of itself.
inline std::string labelled(std::string data, const facts& known) {
  if (!known.label_option.empty()) (data += data.empty() ? "" : ",") += known.label_option;
  return data;
}

/// Why these options go with no mount of this kind; empty: they do.
inline std::string contradiction(const option_set& options) {
  if (!options.copy_link && !options.source_nofollow && !options.target_nofollow) return {};
  if (!options.is_bind()) return "`copy-symlink`, `src-nofollow` and `dest-nofollow` are for bind mounts only";
  if (options.copy_link && (options.source_nofollow || options.target_nofollow))
    return "`copy-symlink` is mutually exclusive with `src-nofollow` and `dest-nofollow`";
  return {};
}

inline bool is_cgroup(std::string_view type) { return type == "cgroup" || type == "cgroup2"; }

/// What may lie on which target, as far as names tell; the executor judges by descriptors again.
inline result<void> check_target(const spec::mount& m, const option_set& options, const std::string& source,
                                 const std::string& target, const std::string& where) {
  if (target == "/")
    return tl::unexpected(error::config(where + "/destination", "mountpoint \"/\" is on the top of rootfs"));
  if (!below(target, "/proc")) return {};
  if (target == "/proc") {
    const bool procfs = m.type == "proc" || (options.is_bind() && below(cleaned(source), "/proc"));
    if (procfs) return {};
    return tl::unexpected(error::config(where, "\"/proc\" cannot be mounted because it is not of type proc"));
  }
  if (options.is_bind() && may_cover_in_proc(target)) return {};
  return tl::unexpected(error::config(where, "\"" + target + "\" cannot be mounted because it is inside /proc"));
}

/// Gathers the steps of all mounts.
class mount_planner {
 public:
  mount_planner(const spec::config& config, const facts& known, text_pool& texts, std::uint32_t& next_slot)
      : config_{config}, known_{known}, texts_{texts}, next_slot_{next_slot} {}

  result<void> add(const spec::mount& m, const std::string& where) {
    const option_set options = parse_options(m.options ? *m.options : std::vector<std::string>{});
    const std::string target = target_of(m);
    if (const std::string why = contradiction(options); !why.empty())
      return tl::unexpected(error::config(where + "/options", why));
    OCIKIT_TRY(check_target(m, options, absolute(m.source, known_.bundle), target, where));
    if (options.is_bind()) return add_bind(m, options, target, where);
    if (is_cgroup(m.type)) return add_cgroup(options, target, where);
    add_filesystem(m, options, target, where);
    return {};
  }

  mount_plan take() && { return std::move(plan_); }

 private:
  result<void> add_bind(const spec::mount& m, const option_set& options, const std::string& target,
                        const std::string& where) {
    if (!options.data.empty())
      return tl::unexpected(
          error::config(where + "/options", "bind mounts cannot have any filesystem-specific options applied"));
    const bool mapped = options.id_map || !m.uid_mappings.empty() || !m.gid_mappings.empty();
    bind(absolute(m.source, known_.bundle), target, options, where, false, mapped ? &m : nullptr);
    return {};
  }

  /// As runc has it, a destination may also be told as the host sees it, below the root file system.
  std::string target_of(const spec::mount& m) const {
    std::string target = cleaned(m.destination);
    return inside(target) == 0 ? target : target.substr(inside(target));
  }

  /// How many bytes of the clean `path` name the root file system, when it names something in there; else 0.
  std::uint32_t inside(std::string_view path) const {
    const bool within = known_.rootfs.size() > 1 && below(path, known_.rootfs) && path.size() > known_.rootfs.size();
    return within ? static_cast<std::uint32_t>(known_.rootfs.size()) : 0;
  }

  /// A source in the root file system may be there only when the mounts before it are, so it is opened in its turn; and
  /// it is looked up as the container would: what the image put there leads nowhere else.
  void add_source(std::string path, const option_set& options, std::uint32_t slot, const spec::mount* mapped,
                  const std::string& where) {
    open_source open;
    open.inside = inside(cleaned(path));
    open.path = texts_.keep(open.inside == 0 ? std::move(path) : cleaned(path));
    open.slot = slot;
    open.recursive = (options.flags & sys::ms::rec) != 0;
    open.nofollow = options.source_nofollow || options.copy_link;
    step_list<step>& to = open.inside != 0 ? plan_.targets : mapped != nullptr ? plan_.mapped : plan_.sources;
    to.push_back({open, where + "/source"});
    if (mapped != nullptr)
      to.push_back({map_source{slot, mapping_for(*mapped, where), options.id_map_recursive}, where});
  }

  /// The slot of the mapping that `m` asks for; mounts with the same one share it.
  std::uint32_t mapping_for(const spec::mount& m, const std::string& where) {
    id_mapping_source wanted{m.uid_mappings, m.gid_mappings, {}, 0, where + "/uidMappings"};
    if (m.uid_mappings.empty() && m.gid_mappings.empty() && config_.platform) {
      wanted = {config_.platform->uid_mappings, config_.platform->gid_mappings, {}, 0, "/linux/uidMappings"};
      const auto& all = config_.platform->namespaces;
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].type != spec::namespace_type::user || all[i].path.empty()) continue;
        wanted = {{}, {}, all[i].path, 0, "/linux/namespaces/" + std::to_string(i)};
      }
    }
    for (const id_mapping_source& known : plan_.id_mappings)
      if (known.uids == wanted.uids && known.gids == wanted.gids && known.path == wanted.path) return known.slot;
    wanted.slot = next_slot_++;
    plan_.id_mappings.push_back(std::move(wanted));
    return plan_.id_mappings.back().slot;
  }

  void bind(std::string source, const std::string& target, const option_set& options, const std::string& where,
            bool directory = false, const spec::mount* mapped = nullptr) {
    const std::uint32_t slot = next_slot_++;
    add_source(std::move(source), options, slot, mapped, where);
    const attribute_change own = bind_attributes(options, known_.user_namespace);
    attach step{texts_.keep(target),   slot, {own.set, own.clear}, {options.recursive_set, options.recursive_clear}, {},
                below(target, "/proc")};
    step.propagation = keep_numbers(options.propagation);
    step.directory = directory;
    step.nofollow = options.target_nofollow;
    step.copy_link = options.copy_link;
    step.subtree = (options.flags & sys::ms::rec) != 0;
    if (known_.user_namespace) {
      const flag_demand demand = locked_demand(options);
      step.locked = {demand.mask, demand.value};
    }
    plan_.targets.push_back({step, where});
  }

  std::span<const std::uint64_t> keep_numbers(const std::vector<std::uint64_t>& numbers) {
    if (numbers.empty()) return {};
    const zstring_view bytes =
        texts_.keep(std::string{reinterpret_cast<const char*>(numbers.data()), numbers.size() * 8});
    return {reinterpret_cast<const std::uint64_t*>(bytes.c_str()), numbers.size()};
  }

  void add_filesystem(const spec::mount& m, const option_set& options, const std::string& target,
                      const std::string& where) {
    const bool kernel_view = m.type == "proc" || m.type == "sysfs";
    const bool memory = m.type == "tmpfs";
    const bool queues = m.type == "mqueue";
    // What the runtime still has to fill is made read-only last.
    const bool late = (options.flags & sys::ms::rdonly) != 0 && (memory || target == "/dev");
    mount_filesystem step;
    step.type = m.type;
    step.source = m.source.empty() ? zstring_view{m.type} : zstring_view{m.source};
    step.target = texts_.keep(target);
    step.flags = options.flags & ~(late ? sys::ms::rdonly : 0UL);
    step.data = texts_.keep(kernel_view || queues ? options.data : detail::labelled(options.data, known_));
    if (queues) step.label = texts_.keep(known_.label);
    step.ordinary_directory = kernel_view || m.type == "devpts" || queues;
    step.inherit_mode = memory && options.data.find("mode=") == std::string::npos;
    step.copy_up = memory && options.copy_up;  // as in runc, of no meaning for any other type
    plan_.targets.push_back({step, where});
    add_propagation(options, step.target, where);
    if (late) plan_.finishing.push_back({change_attributes{step.target, {sys::mount_attr::rdonly, 0}}, where});
  }

  void add_propagation(const option_set& options, zstring_view target, const std::string& where) {
    for (const std::uint64_t flags : options.propagation)
      plan_.targets.push_back({change_propagation{target, flags}, where});
  }

  result<void> add_cgroup(const option_set& options, const std::string& target, const std::string& where) {
    if (known_.unified_cgroups) {
      add_unified(options, target, where);
    } else {
      add_hierarchies(options, target, where);
    }
    return {};
  }

  /// Without a cgroup namespace what the host has is bound: there is one file system for all, and who mounts it anew in
  /// the host's cgroup namespace sets its options for the whole machine, nsdelegate and memory_recursiveprot among
  /// them. In a user namespace the kernel refuses such a mount anyhow, as it does where the host's is not visible as a
  /// whole.
  void add_unified(const option_set& options, const std::string& target, const std::string& where) {
    if (!known_.cgroup_namespace) {
      option_set as_bind = options;
      as_bind.data.clear();
      as_bind.flags |= sys::ms::bind | sys::ms::rec;
      bind("/sys/fs/cgroup", target, as_bind, where);
      return;
    }
    mount_filesystem step;
    step.type = step.source = "cgroup2";
    step.target = texts_.keep(target);
    step.flags = options.flags;
    step.data = texts_.keep(options.data);
    step.ordinary_directory = true;
    step.instead =
        !known_.cgroup_paths.empty() ? texts_.keep(known_.cgroup_paths.front().second) : zstring_view{"/sys/fs/cgroup"};
    plan_.targets.push_back({step, where});
    add_propagation(options, step.target, where);
  }

  /// cgroup v1: a tmpfs with a directory per hierarchy, and links for controllers that share one.
  void add_hierarchies(const option_set& options, const std::string& target, const std::string& where) {
    mount_filesystem base;
    base.type = base.source = "tmpfs";
    base.target = texts_.keep(target);
    base.flags = options.flags & ~sys::ms::rdonly;
    base.data = texts_.keep(detail::labelled("mode=755", known_));
    base.ordinary_directory = true;
    plan_.targets.push_back({base, where});
    add_propagation(options, base.target, where);
    std::vector<std::string> seen;
    for (const auto& [controller, path] : known_.cgroup_paths) {
      const std::string directory = hierarchy_directory(path);
      const std::string name = controller.starts_with("name=") ? controller.substr(5) : controller;
      if (directory.empty() || controller.empty()) continue;  // the v2 hierarchy of a hybrid host is not shown
      if (std::find(seen.begin(), seen.end(), directory) == seen.end()) {
        seen.push_back(directory);
        add_hierarchy(options, controller, path, directory, target, where);
      }
      if (directory != name)
        plan_.targets.push_back(
            {make_link{texts_.keep(target.substr(1)), texts_.keep(name), texts_.keep(directory), false}, where});
    }
    if ((options.flags & sys::ms::rdonly) != 0)
      plan_.finishing.push_back({change_attributes{base.target, {sys::mount_attr::rdonly, 0}}, where});
  }

  void add_hierarchy(const option_set& options, const std::string& controller, const std::string& path,
                     const std::string& directory, const std::string& target, const std::string& where) {
    const std::string at = target + '/' + directory;
    if (!known_.cgroup_namespace) {
      option_set as_bind = options;
      as_bind.flags |= sys::ms::bind | sys::ms::rec;
      bind(path, at, as_bind, where, true);
      return;
    }
    mount_filesystem step;
    step.type = step.source = "cgroup";
    step.target = texts_.keep(at);
    step.flags = options.flags;
    step.data = texts_.keep(controller.starts_with("name=") ? "none," + controller : directory);
    step.ordinary_directory = true;
    plan_.targets.push_back({step, where});
    add_propagation(options, step.target, where);
  }

  /// `cpu,cpuacct` of `/sys/fs/cgroup/cpu,cpuacct/a/b`.
  static std::string hierarchy_directory(const std::string& path) {
    constexpr std::string_view root = "/sys/fs/cgroup/";
    if (!path.starts_with(root)) return {};
    return path.substr(root.size(), path.find('/', root.size()) - root.size());
  }

  const spec::config& config_;
  const facts& known_;
  text_pool& texts_;
  std::uint32_t& next_slot_;
  mount_plan plan_{};
};

inline std::uint64_t propagation_flags(spec::propagation type) {
  switch (type) {
    case spec::propagation::shared:
      return sys::ms::shared;
    case spec::propagation::rshared:
      return sys::ms::shared | sys::ms::rec;
    case spec::propagation::slave:
      return sys::ms::slave;
    case spec::propagation::rslave:
      return sys::ms::slave | sys::ms::rec;
    case spec::propagation::private_:
      return sys::ms::private_;
    case spec::propagation::rprivate:
      return sys::ms::private_ | sys::ms::rec;
    case spec::propagation::unbindable:
      return sys::ms::unbindable;
    case spec::propagation::runbindable:
      return sys::ms::unbindable | sys::ms::rec;
  }
  return 0;
}

}  // namespace detail

/// The container's root as a mount of its own in a mount namespace that no longer reaches the host. Pure.
/// See: runtime-spec config-linux.md, "Rootfs Mount Propagation".
[[nodiscard]] inline step_list<step> plan_root(const spec::linux_platform& platform, const facts& known,
                                               text_pool& texts) {
  step_list<step> out;
  const std::uint64_t flags = platform.rootfs_propagation ? detail::propagation_flags(*platform.rootfs_propagation)
                                                          : sys::ms::slave | sys::ms::rec;
  const zstring_view path = texts.keep(known.rootfs);
  if (known.mount_namespace)
    out.push_back({set_propagation{flags}, platform.rootfs_propagation ? "/linux/rootfsPropagation" : ""});
  if (known.mount_namespace && (flags & (sys::ms::shared | sys::ms::unbindable)) != 0)
    out.push_back({isolate_parent{path}, "/linux/rootfsPropagation"});
  out.push_back({bind_root{path}, "/root/path"});
  return out;
}

/// Every entry of /mounts. `next_slot` numbers the sources of bind mounts and the mappings of ids, and is advanced by
/// one for each. Pure. Errors: config, for a target that may not be covered or options that contradict each other.
[[nodiscard]] inline result<mount_plan> plan_mounts(const spec::config& config, const facts& known, text_pool& texts,
                                                    std::uint32_t& next_slot) {
  detail::mount_planner planner{config, known, texts, next_slot};
  for (std::size_t i = 0; i < config.mounts.size(); ++i)
    OCIKIT_TRY(planner.add(config.mounts[i], "/mounts/" + std::to_string(i)));
  return std::move(planner).take();
}

namespace detail {

inline bool binds_dev(const spec::config& config) {
  return std::any_of(config.mounts.begin(), config.mounts.end(), [](const spec::mount& m) {
    return cleaned(m.destination) == "/dev" && m.options && parse_options(*m.options).is_bind();
  });
}

struct default_node {
  const char* file;
  std::uint32_t major, minor;
};
inline constexpr default_node default_nodes[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                                                 {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

struct default_link {
  const char* file;
  const char* content;
};
inline constexpr default_link default_links[] = {{"fd", "/proc/self/fd"},
                                                 {"stdin", "/proc/self/fd/0"},
                                                 {"stdout", "/proc/self/fd/1"},
                                                 {"stderr", "/proc/self/fd/2"},
                                                 {"core", "/proc/kcore"}};

inline make_node node_for(const spec::device& d, const std::string& path, const facts& known, text_pool& texts) {
  const std::size_t slash = path.rfind('/');
  const std::uint32_t type = d.type == spec::device_type::block  ? S_IFBLK
                             : d.type == spec::device_type::fifo ? S_IFIFO
                                                                 : S_IFCHR;
  make_node out;
  out.directory = texts.keep(path.substr(1, std::max<std::size_t>(slash, 1) - 1));
  out.file = texts.keep(path.substr(slash + 1));
  out.host_path = texts.keep(path);
  out.mode = type | (d.file_mode.value_or(0666) & 07777);
  out.major = static_cast<std::uint32_t>(d.major);
  out.minor = static_cast<std::uint32_t>(d.minor);
  out.uid = known.user_namespace ? 0 : d.uid.value_or(0);
  out.gid = known.user_namespace ? 0 : d.gid.value_or(0);
  out.bind = known.user_namespace && d.type != spec::device_type::fifo;
  return out;
}

}  // namespace detail

/// Device nodes and links: those every container has and /linux/devices, which win over a default of the same path.
/// None when the config binds something over /dev. Pure. See: runtime-spec config-linux.md, "Default Devices".
[[nodiscard]] inline step_list<step> plan_devices(const spec::config& config, const facts& known, text_pool& texts) {
  step_list<step> out;
  if (detail::binds_dev(config)) return out;
  const auto& devices = config.platform ? config.platform->devices : std::vector<spec::device>{};
  const auto named = [&](const std::string& path) {
    return std::any_of(devices.begin(), devices.end(),
                       [&](const spec::device& d) { return detail::cleaned(d.path) == path; });
  };
  for (const detail::default_node& node : detail::default_nodes) {
    const std::string path = std::string{"/dev/"} + node.file;
    if (named(path)) continue;
    const spec::device d{path, spec::device_type::character, node.major, node.minor, 0666, 0, 0};
    out.push_back({detail::node_for(d, path, known, texts), ""});
  }
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const std::string path = detail::cleaned(devices[i].path);
    if (path == "/dev/ptmx") continue;  // always the link below
    out.push_back({detail::node_for(devices[i], path, known, texts), "/linux/devices/" + std::to_string(i)});
  }
  for (const detail::default_link& link : detail::default_links)
    if (known.kcore || std::string_view{link.file} != "core")
      out.push_back({make_link{"dev", link.file, link.content, false}, ""});
  out.push_back({make_link{"dev", "ptmx", "pts/ptmx", true}, ""});
  return out;
}

/// /linux/readonlyPaths, then /linux/maskedPaths, each path once. Pure.
[[nodiscard]] inline step_list<step> plan_restrictions(const spec::linux_platform& platform, const facts& known,
                                                       text_pool& texts) {
  step_list<step> out;
  const zstring_view data = texts.keep(detail::labelled("nr_blocks=1,nr_inodes=2,mode=0755", known));
  for (std::size_t i = 0; i < platform.readonly_paths.size(); ++i)
    out.push_back({protect{platform.readonly_paths[i]}, "/linux/readonlyPaths/" + std::to_string(i)});
  const auto& masked = platform.masked_paths;
  for (std::size_t i = 0; i < masked.size(); ++i)
    if (std::find(masked.begin(), masked.begin() + static_cast<std::ptrdiff_t>(i), masked[i]) ==
        masked.begin() + static_cast<std::ptrdiff_t>(i))
      out.push_back({mask{masked[i], data}, "/linux/maskedPaths/" + std::to_string(i)});
  return out;
}

/// From the host's root to the container's, the working directory made on the way. Pure.
[[nodiscard]] inline step_list<step> plan_root_change(const spec::config& config, const facts& known,
                                                      text_pool& texts) {
  step_list<step> out;
  if (config.process && config.process->cwd != "/")
    out.push_back({make_directory{config.process->cwd}, "/process/cwd"});
  if (!known.mount_namespace) {
    out.push_back({change_root{}, "/root/path"});
  } else if (known.no_pivot) {
    for (const std::string& path : known.host_kernel_mounts) out.push_back({hide_mount{texts.keep(path)}, ""});
    out.push_back({move_root{}, "/root/path"});
  } else {
    out.push_back({pivot_root{}, "/root/path"});
  }
  const auto wanted = config.platform ? config.platform->rootfs_propagation : std::nullopt;
  const std::uint64_t flags = wanted ? detail::propagation_flags(*wanted) : 0;
  if ((flags & (sys::ms::shared | sys::ms::unbindable | sys::ms::slave)) != 0)
    out.push_back({change_propagation{"/", flags}, "/linux/rootfsPropagation"});
  if (config.root && config.root->readonly)
    out.push_back({change_attributes{"/", {sys::mount_attr::rdonly, 0}}, "/root/readonly"});
  return out;
}

}  // namespace ocikit::mounts
