// SPDX-License-Identifier: Apache-2.0
//
// For container code: a loaded cgroup plugin as an `opener`.
#pragma once

#include <csignal>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ocikit/plugin/cgroup.h>
#include <ocikit/cgroups/driver.hpp>
#include <ocikit/cgroups/flat_resources.hpp>
#include <ocikit/plugin/error_text.hpp>
#include <ocikit/plugin/loader.hpp>

namespace ocikit::cgroups {

namespace detail {

/// A C string ends at its first NUL: a path or value with one inside would reach the plugin as another one.
[[nodiscard]] inline result<void> refuse_nul(std::string_view text, std::string_view pointer) {
  if (text.find('\0') == std::string_view::npos) return {};
  return tl::unexpected(error::config(std::string{pointer}, "contains a NUL byte"));
}

[[nodiscard]] inline result<void> refuse_nul(const spec::resources& r) {
  for (std::size_t i = 0; i < r.devices.size(); ++i)
    OCIKIT_TRY(refuse_nul(r.devices[i].access, "/linux/resources/devices/" + std::to_string(i) + "/access"));
  if (r.cpu) {
    OCIKIT_TRY(refuse_nul(r.cpu->cpus, "/linux/resources/cpu/cpus"));
    OCIKIT_TRY(refuse_nul(r.cpu->mems, "/linux/resources/cpu/mems"));
  }
  for (std::size_t i = 0; i < r.hugepage_limits.size(); ++i)
    OCIKIT_TRY(refuse_nul(r.hugepage_limits[i].page_size,
                          "/linux/resources/hugepageLimits/" + std::to_string(i) + "/pageSize"));
  if (r.network)
    for (std::size_t i = 0; i < r.network->priorities.size(); ++i)
      OCIKIT_TRY(refuse_nul(r.network->priorities[i].name,
                            "/linux/resources/network/priorities/" + std::to_string(i) + "/name"));
  for (const auto& [device, limit] : r.rdma) OCIKIT_TRY(refuse_nul(device, "/linux/resources/rdma"));
  for (const auto& [file, value] : r.unified) {
    OCIKIT_TRY(refuse_nul(file, "/linux/resources/unified"));
    OCIKIT_TRY(refuse_nul(value, "/linux/resources/unified"));
  }
  return {};
}

/// Collects what a plugin emits. The callbacks run inside the plugin's frame, so they keep what they would throw.
template <class Item>
struct collected {
  std::vector<Item> items;
  bool out_of_memory = false;

  template <class... Parts>
  void add(Parts&&... parts) noexcept {
    try {
      items.emplace_back(std::forward<Parts>(parts)...);
    } catch (...) {
      out_of_memory = true;
    }
  }
};

inline void collect_pid(void* to, std::int32_t pid) { static_cast<collected<pid_t>*>(to)->add(pid); }
inline void collect_pair(void* to, const char* key, const char* value) {
  static_cast<collected<path_map::value_type>*>(to)->add(key != nullptr ? key : "", value != nullptr ? value : "");
}

}  // namespace detail

/// The name of a table's entry that is required but null, or nullptr.
[[nodiscard]] inline const char* missing_entry(const ocikit_cgroup_ops& ops) {
  if (ops.open == nullptr) return "open";
  if (ops.close == nullptr) return "close";
  if (ops.create == nullptr) return "create";
  if (ops.undo == nullptr) return "undo";
  if (ops.enter == nullptr) return "enter";
  if (ops.attach == nullptr) return "attach";
  if (ops.pids == nullptr) return "pids";
  if (ops.remove == nullptr) return "remove";
  if (ops.paths == nullptr) return "paths";
  return nullptr;
}

/// A driver behind the C table. Keeps the plugin loaded.
class plugin_driver final : public driver {
 public:
  plugin_driver(plugin::loaded from, const ocikit_cgroup_ops& ops, void* ctx)
      : from_{std::move(from)}, ops_{ops}, ctx_{ctx} {}
  ~plugin_driver() override { ops_.close(ctx_); }

  result<void> create() override { return call(ops_.create); }
  result<void> undo() override { return call(ops_.undo); }
  result<void> attach(pid_t pid) override { return call(ops_.attach, pid); }
  result<void> freeze() override { return ops_.freeze != nullptr ? call(ops_.freeze) : cannot("freeze"); }
  result<void> thaw() override { return ops_.thaw != nullptr ? call(ops_.thaw) : cannot("thaw"); }
  result<void> remove() override { return call(ops_.remove); }

  result<void> apply(const spec::resources& wanted, device_policy devices) override {
    OCIKIT_TRY(detail::refuse_nul(wanted));
    const flat_resources flat{wanted};
    if (ops_.apply == nullptr) {
      if (wanted == spec::resources{}) return {};
      return cannot("set limits or device rules").map_error([](error e) {
        return std::move(e).at("/linux/resources");
      });
    }
    return call(ops_.apply, &flat.get(), devices == device_policy::keep ? OCIKIT_CGROUP_KEEP_DEVICES : 0);
  }

  result<entrance> enter() override {
    ocikit_cgroup_entrance how{};
    how.head = OCIKIT_HEAD(ocikit_cgroup_entrance);
    how.directory = -1;
    OCIKIT_TRY(call(ops_.enter, &how));
    return typed(how);
  }

  result<bool> frozen() override {
    if (ops_.frozen == nullptr) return false;
    std::uint32_t yes = 0;
    OCIKIT_TRY(call(ops_.frozen, &yes));
    return yes != 0;
  }

  result<std::vector<pid_t>> pids() override {
    detail::collected<pid_t> found;
    OCIKIT_TRY(call(ops_.pids, &detail::collect_pid, static_cast<void*>(&found)));
    if (found.out_of_memory) return tl::unexpected(error::from_errno(ENOMEM, "listing processes"));
    return std::move(found.items);
  }

  result<void> kill(int signal) override { return ops_.kill != nullptr ? call(ops_.kill, signal) : kill_each(signal); }

  [[nodiscard]] path_map paths() const override {
    detail::collected<path_map::value_type> found;
    auto err = plugin::fresh_errbuf();
    if (ops_.paths(ctx_, &detail::collect_pair, &found, &err) != 0 || found.out_of_memory) return {};
    return std::move(found.items);
  }

 private:
  template <class Entry, class... Args>
  result<void> call(Entry entry, Args... args) {
    auto err = plugin::fresh_errbuf();
    const std::int32_t returned = entry(ctx_, args..., &err);
    if (returned == 0) return {};
    return tl::unexpected(plugin::from_errbuf(err, returned));
  }

  [[nodiscard]] result<void> cannot(std::string_view what) const {
    return tl::unexpected(
        error::unsupported("the cgroup driver " + std::string{from_.info().name} + " cannot " + std::string{what}));
  }

  result<entrance> typed(const ocikit_cgroup_entrance& how) const {
    switch (how.way) {
      case OCIKIT_CGROUP_NOTHING:
        return enter_nothing{};
      case OCIKIT_CGROUP_ATTACH:
        return enter_by_attach{};
      case OCIKIT_CGROUP_CLONE:
        if (how.directory < 0) break;
        return enter_by_clone{fd_view{how.directory}};
      case OCIKIT_CGROUP_WRITE: {
        enter_by_write way;
        for (const auto fd : detail::list(how.procs, how.procs_count)) way.procs.emplace_back(fd);
        return way;
      }
      default:
        break;
    }
    return tl::unexpected(
        error::plugin("the cgroup driver " + std::string{from_.info().name} + " names no usable way into its cgroup"));
  }

  /// For drivers without `kill`: frozen meanwhile where they can, so that none escapes by forking.
  result<void> kill_each(int signal) {
    const bool still = ops_.freeze != nullptr && ops_.thaw != nullptr && call(ops_.freeze).has_value();
    const auto found = pids();
    if (found)
      for (const pid_t pid : *found) (void)::kill(pid, signal);  // gone already is as good
    if (still) OCIKIT_TRY(thaw());
    if (!found) return tl::unexpected(found.error());
    return {};
  }

  plugin::loaded from_;
  ocikit_cgroup_ops ops_;
  void* ctx_;
};

/// Drivers from a loaded plugin.
class plugin_opener final : public opener {
 public:
  /// Errors: plugin, when its table lacks a required entry.
  static result<std::unique_ptr<plugin_opener>> from(plugin::loaded plugin) {
    const auto ops = plugin::table<ocikit_cgroup_ops>(plugin);
    if (const char* entry = missing_entry(ops); entry != nullptr)
      return tl::unexpected(error::plugin("plugin " + (plugin.path().empty() ? plugin.info().name : plugin.path()) +
                                          " refused: its table has no entry " + entry));
    return std::unique_ptr<plugin_opener>{new plugin_opener{std::move(plugin), ops}};
  }

  result<std::unique_ptr<driver>> open(const request& wanted) override {
    OCIKIT_TRY(detail::refuse_nul(wanted.id, ""));
    OCIKIT_TRY(detail::refuse_nul(wanted.cgroups_path, "/linux/cgroupsPath"));
    OCIKIT_TRY(detail::refuse_nul(wanted.resources));
    const flat_resources flat{wanted.resources};
    auto args = blank_args(wanted.rootless);
    args.id = wanted.id.c_str();
    args.cgroups_path = wanted.cgroups_path.c_str();
    args.resources = &flat.get();
    std::vector<ocikit_pair> annotations;
    for (const auto& [key, value] : wanted.annotations) {
      OCIKIT_TRY(detail::refuse_nul(key, "/annotations"));
      OCIKIT_TRY(detail::refuse_nul(value, "/annotations/" + key));
      annotations.push_back({key.c_str(), value.c_str()});
    }
    args.annotations = annotations.data();
    args.annotations_count = annotations.size();
    return opened(args);
  }

  result<std::unique_ptr<driver>> reopen(const path_map& saved, bool rootless) override {
    std::vector<ocikit_pair> pairs;
    for (const auto& [key, path] : saved) {
      OCIKIT_TRY(detail::refuse_nul(key, ""));
      OCIKIT_TRY(detail::refuse_nul(path, ""));
      pairs.push_back({key.c_str(), path.c_str()});
    }
    auto args = blank_args(rootless);
    args.reopen = 1;
    args.paths = pairs.data();
    args.paths_count = pairs.size();
    return opened(args);
  }

 private:
  plugin_opener(plugin::loaded from, const ocikit_cgroup_ops& ops) : from_{std::move(from)}, ops_{ops} {}

  static ocikit_cgroup_args blank_args(bool rootless) {
    ocikit_cgroup_args args{};
    args.head = OCIKIT_HEAD(ocikit_cgroup_args);
    args.flags = rootless ? OCIKIT_CGROUP_ROOTLESS : 0;
    args.id = "";
    args.cgroups_path = "";
    return args;
  }

  result<std::unique_ptr<driver>> opened(const ocikit_cgroup_args& args) const {
    auto err = plugin::fresh_errbuf();
    void* ctx = nullptr;
    const std::int32_t returned = ops_.open(&args, &ctx, &err);
    if (returned != 0) return tl::unexpected(plugin::from_errbuf(err, returned));
    return std::make_unique<plugin_driver>(from_, ops_, ctx);
  }

  plugin::loaded from_;
  ocikit_cgroup_ops ops_;
};

/// Loads the cgroup plugin called `name`, nothing else, and offers it as an opener.
/// Errors: plugin, naming the file and the reason.
[[nodiscard]] inline result<std::unique_ptr<plugin_opener>> load_opener(const plugin::search& where,
                                                                        std::string_view name) {
  return plugin_opener::from(OCIKIT_TRY(plugin::load(where, "cgroup", name)));
}

}  // namespace ocikit::cgroups
