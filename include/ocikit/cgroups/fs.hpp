// SPDX-License-Identifier: Apache-2.0
//
// The driver for cgroup v1 and hybrid hosts that works with the file systems directly.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/cgroups/device_rules.hpp>
#include <ocikit/cgroups/driver.hpp>
#include <ocikit/cgroups/execute.hpp>
#include <ocikit/cgroups/kernel_number.hpp>
#include <ocikit/cgroups/location.hpp>
#include <ocikit/cgroups/mounts_v1.hpp>
#include <ocikit/cgroups/no_cgroup.hpp>
#include <ocikit/cgroups/own_v1.hpp>
#include <ocikit/cgroups/plan_v1.hpp>
#include <ocikit/cgroups/tree.hpp>

namespace ocikit::cgroups {

/// A container's cgroup in one hierarchy.
struct fs_member {
  std::vector<std::string> keys;  ///< see hierarchy::keys
  std::string mount_point;
  std::string path;  ///< cleaned, below the mount point
  bool unified = false;

  unique_fd root = {};  ///< of the mount point, opened when needed
  unique_fd dir = {};
  unique_fd procs = {};
  bool fresh = false;
  std::vector<std::string> made = {};  ///< by `create`, the outermost first

  unique_fd above = {};  ///< the directory above `path`, by `create`

  [[nodiscard]] bool has(std::string_view key) const { return std::find(keys.begin(), keys.end(), key) != keys.end(); }
};

/// A cgroup without a descriptor of its hierarchy: a name in a directory.
struct short_way {
  fd_view directory;
  std::string name;
};

namespace detail {

/// What is at `name`, no link on the way to it.
[[nodiscard]] inline result<unique_fd> open_plain(fd_view dir, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  return sys::openat2(dir, name, how);
}

/// The usual ways to a cgroup: right below the mount point, whose path is the kernel's own, or with the directory above
/// it open. Null for others, which are reached level by level from the root.
[[nodiscard]] inline std::optional<short_way> way_to(const fs_member& m) {
  const auto slash = m.path.rfind('/');
  if (m.path.empty() || (slash != std::string::npos && !m.above)) return std::nullopt;
  if (slash == std::string::npos) return short_way{sys::at_fdcwd, m.mount_point + "/" + m.path};
  return short_way{m.above, m.path.substr(slash + 1)};
}

/// A cpuset starts without cpus and memory nodes, and nothing can join it like that: each level takes over what the one
/// above has. `levels` are the open directories from the top; the top's values are never empty.
[[nodiscard]] inline result<void> inherit_cpuset(std::span<const fd_view> levels) {
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    std::vector<fd_view> empty;
    std::string value;
    for (auto level = levels.rbegin(); level != levels.rend() && value.empty(); ++level) {
      value = OCIKIT_TRY(read_line(*level, file));
      if (value.empty()) empty.push_back(*level);
    }
    for (auto level = empty.rbegin(); level != empty.rend(); ++level) OCIKIT_TRY(write_file(*level, file, value));
  }
  return {};
}

/// The open directories from `root` to `path`, the root first.
[[nodiscard]] inline result<std::vector<unique_fd>> open_levels(fd_view root, std::string_view path) {
  std::vector<unique_fd> out;
  out.push_back(OCIKIT_TRY(sys::openat(root, ".", O_PATH | O_DIRECTORY)));
  while (!path.empty()) {
    const std::string name{path.substr(0, path.find('/'))};
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    out.push_back(OCIKIT_TRY(sys::openat(out.back(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW)));
  }
  return out;
}

/// freezer.state until it says what it should. A task that forks while it is being frozen can keep the cgroup FREEZING,
/// so the state is written again and again and, every fiftieth time, thawed for a moment.
[[nodiscard]] inline result<void> freeze_v1(fd_view dir) {
  for (int tries = 0; tries < 1000; ++tries) {
    if (tries % 50 == 49) {
      OCIKIT_TRY(write_file(dir, "freezer.state", "THAWED"));
      sleep_for(std::chrono::milliseconds{10});
    }
    OCIKIT_TRY(write_file(dir, "freezer.state", "FROZEN"));
    if (tries % 25 == 24) sleep_for(std::chrono::microseconds{10});
    const auto state = OCIKIT_TRY(read_line(dir, "freezer.state"));
    if (state == "FROZEN") return {};
    if (state != "FREEZING") return tl::unexpected(error::state("unexpected state " + state + " while freezing"));
  }
  return tl::unexpected(error::state("unable to freeze"));
}

[[nodiscard]] inline bool same_list(const device_list& now, const device_list& target) {
  // The kernel hides the exceptions from an allowance for all.
  if (target.allows_by_default()) return now.allows_by_default();
  return now == target;
}

/// devices.allow and devices.deny, opened when needed.
struct device_files {
  unique_fd allow = {}, deny = {};
};

/// v1 device rules: from what devices.list shows to `target`, and a look whether the kernel has it so. The list of a
/// `fresh` cgroup, one that nobody has set rules in yet, is whatever it has from above: it is not read but started
/// over.
[[nodiscard]] inline result<void> enforce_devices_v1(fd_view dir, const device_list& target, bool fresh,
                                                     device_files& files) {
  device_list everything;
  everything.reset(true);
  const auto now = fresh ? everything : OCIKIT_TRY(read_file(dir, "devices.list").and_then(parse_device_list));
  const auto plan = plan_device_writes(now, target);
  if (plan.empty()) return {};
  for (const auto& write : plan) {
    auto& file = write.allow ? files.allow : files.deny;
    if (!file)
      file = OCIKIT_TRY(sys::openat(dir, write.allow ? "devices.allow" : "devices.deny", O_WRONLY | O_NOFOLLOW));
    OCIKIT_TRY(sys::write_all(file, write.text));  // a rule is far too short to be cut
  }
  const auto after = OCIKIT_TRY(read_file(dir, "devices.list").and_then(parse_device_list));
  if (same_list(after, target)) return {};
  return tl::unexpected(error::state("resulting devices cgroup doesn't precisely match target"));
}

}  // namespace detail

/// What the driver must know of the container, beyond the places of its cgroups.
struct fs_wish {
  bool rootless = false;
  bool path_given = false;  ///< cgroupsPath: then missing permissions are an error
};

/// A cgroup in every v1 hierarchy of the host, and in the unified one of a hybrid host, which gives cgroup.kill.
class fs_driver final : public driver {
 public:
  fs_driver(host_paths host, std::vector<fs_member> members, const fs_wish& wish)
      : host_{std::move(host)}, members_{std::move(members)}, wish_{wish} {}

  result<void> create() override {
    for (std::size_t i = 0; i < members_.size();) {
      auto made = make(members_[i]);
      if (!made && bearable(made.error())) {  // no cgroup in this hierarchy then
        members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      if (!made) {
        (void)undo();  // the first failure is the one to tell
        return made;
      }
      ++i;
    }
    return {};
  }

  result<void> undo() override {
    result<void> outcome;
    for (auto& m : members_) {
      close(m);
      if (m.fresh) {
        m.fresh = false;
        const auto removed = remove_member(m, 10);
        if (!removed && outcome) outcome = removed;
        if (!m.made.empty()) m.made.pop_back();
      }
      if (!m.made.empty()) detail::remove_made(m.root, m.made);
    }
    return outcome;
  }

  result<void> apply(const spec::resources& wanted, device_policy devices) override {
    auto limit = std::optional<std::int64_t>{};
    if (wanted.memory && wanted.memory->limit.value_or(0) != 0 && wanted.memory->swap.value_or(0) != 0)
      limit = memory_number("memory.limit_in_bytes");
    const auto plan = OCIKIT_TRY(plan_v1(wanted, limit));
    const auto directory_of = [this](const std::string& controller) -> result<fd_view> {
      if (auto* m = member(controller); m != nullptr) return directory(*m);
      return tl::unexpected(
          error::unsupported("cannot set " + controller + " limit: container could not join or create cgroup"));
    };
    OCIKIT_TRY(execute(plan, directory_of).map_error([&](error e) { return explained(std::move(e), wanted); }));
    OCIKIT_TRY(check_shares(wanted));
    if (devices == device_policy::keep) return {};
    return apply_devices(wanted.devices);
  }

  result<entrance> enter() override {
    if (members_.empty()) return enter_nothing{};
    enter_by_write way;
    for (auto& m : members_) {
      if (!m.procs) OCIKIT_TRY(open_procs(m));
      way.procs.push_back(m.procs);
    }
    return way;
  }

  result<void> attach(pid_t pid) override {
    for (auto& m : members_) {
      const auto dir = directory(m);
      auto done = dir ? write_pid(*dir, pid) : result<void>{tl::unexpected(dir.error())};
      if (!done && !wish_.rootless) return done;
    }
    return {};
  }

  result<void> freeze() override {
    const fd_view dir = OCIKIT_TRY(freezer());
    auto done = detail::freeze_v1(dir);
    if (!done) (void)write_file(dir, "freezer.state", "THAWED");  // as if nothing had been tried
    return done;
  }

  result<void> thaw() override {
    const fd_view dir = OCIKIT_TRY(freezer());
    return write_file(dir, "freezer.state", "THAWED");
  }

  result<bool> frozen() override {
    auto* m = member("freezer");
    if (m == nullptr) return false;
    const auto dir = directory(*m);
    if (!dir && detail::is_gone(dir.error())) return false;
    if (!dir) return tl::unexpected(dir.error());
    for (int tries = 0; tries < 1000; ++tries) {
      const auto state = read_line(*dir, "freezer.state");
      if (!state && detail::is_gone(state.error())) return false;
      if (OCIKIT_TRY(state) == "THAWED") return false;
      // A frozen ancestor freezes this one too, but then thawing it is not ours.
      if (*state == "FROZEN") return OCIKIT_TRY(read_line(*dir, "freezer.self_freezing")) == "1";
      detail::sleep_for(std::chrono::milliseconds{1});
    }
    return tl::unexpected(error::state("the cgroup stays FREEZING"));
  }

  result<std::vector<pid_t>> pids() override {
    if (members_.empty()) return std::vector<pid_t>{};
    auto* m = member("devices");
    const auto dir = directory(m != nullptr ? *m : members_.front());
    auto found = dir ? pids_below(*dir) : result<std::vector<pid_t>>{tl::unexpected(dir.error())};
    if (!found && detail::is_gone(found.error())) return std::vector<pid_t>{};
    return found;
  }

  result<void> kill(int signal) override {
    if (signal == SIGKILL && kill_unified()) return {};
    const bool was = frozen().value_or(false);
    const bool still = !was && freeze().has_value();
    const auto found = pids();
    if (found) signal_each(*found, signal);
    // What is frozen dies only when it runs again.
    if (still || (was && signal == SIGKILL)) OCIKIT_TRY(thaw());
    if (!found) return tl::unexpected(found.error());
    return {};
  }

  result<void> remove() override {
    result<void> outcome;
    for (auto& m : members_) {
      // Whoever lives in one hierarchy lives in the others too: a second of patience is enough for all of them.
      auto removed = remove_member(m, outcome ? 10 : 0);
      if (!removed && outcome && !(wish_.rootless && detail::is_permission(removed.error()))) outcome = removed;
    }
    return outcome.map_error([](error e) { return std::move(e).within("unable to remove container's cgroup"); });
  }

  [[nodiscard]] path_map paths() const override {
    path_map out;
    for (const auto& m : members_)
      for (const auto& key : m.keys) out.emplace_back(key, m.mount_point + "/" + m.path);
    return out;
  }

 private:
  [[nodiscard]] fs_member* member(std::string_view key) {
    const auto found = std::find_if(members_.begin(), members_.end(), [&](const fs_member& m) { return m.has(key); });
    return found == members_.end() ? nullptr : &*found;
  }

  result<void> open_procs(fs_member& m) const {
    if (const auto way = detail::way_to(m); way && m.fresh && !m.dir)
      if (auto opened = detail::open_plain(way->directory, way->name + "/cgroup.procs", O_WRONLY)) {
        m.procs = *std::move(opened);
        return {};
      }
    const fd_view dir = OCIKIT_TRY(directory(m));
    m.procs = OCIKIT_TRY(sys::openat(dir, "cgroup.procs", O_WRONLY | O_NOFOLLOW));
    return {};
  }

  /// rmdir, and nothing else in the usual case.
  result<void> remove_member(fs_member& m, int retries) const {
    if (const auto way = detail::way_to(m)) {
      const auto r = sys::raw::unlinkat(way->directory.get(), way->name.c_str(), AT_REMOVEDIR);
      if (const int code = sys::raw::errno_of(r); code == 0 || code == ENOENT) return {};
    }
    return remove_tree(OCIKIT_TRY(root_of(m)), m.path, retries);
  }

  static void close(fs_member& m) {
    m.dir.reset();
    m.procs.reset();
  }

  result<fd_view> root_of(fs_member& m) const {
    if (!m.root) {
      m.root = OCIKIT_TRY(sys::openat(sys::at_fdcwd, m.mount_point, O_PATH | O_DIRECTORY));
      if (host_.verify_magic)
        OCIKIT_TRY(detail::check_magic(m.root, m.unified ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC));
    }
    return m.root.view();
  }

  result<fd_view> directory(fs_member& m) const {
    if (m.dir) return m.dir.view();
    if (const auto way = detail::way_to(m); way && m.fresh)
      if (auto dir = detail::open_plain(way->directory, way->name, O_PATH | O_DIRECTORY)) {
        m.dir = *std::move(dir);
        return m.dir.view();
      }
    const fd_view root = OCIKIT_TRY(root_of(m));
    if (!m.dir) m.dir = OCIKIT_TRY(open_below(root, m.path, O_PATH | O_DIRECTORY));
    return m.dir.view();
  }

  result<fd_view> freezer() {
    if (auto* m = member("freezer"); m != nullptr) return directory(*m);
    return tl::unexpected(error::unsupported("freezer not supported: no freezer controller is mounted"));
  }

  /// Without permission a rootless container does without, where nobody named a path; a limit that needs the
  /// hierarchy fails later on. Nothing on a hybrid host depends on the unified one.
  [[nodiscard]] bool bearable(const error& e) const {
    return wish_.rootless && !wish_.path_given && detail::is_permission(e);
  }

  result<void> make(fs_member& m) {
    if (const auto above = parent_of(m.path); !above.empty())
      if (auto found = detail::open_plain(sys::at_fdcwd, m.mount_point + "/" + above, O_PATH | O_DIRECTORY))
        m.above = *std::move(found);
    if (const auto way = detail::way_to(m);
        way && !sys::raw::failed(sys::raw::mkdirat(way->directory.get(), way->name.c_str(), 0755))) {
      // Nothing is known of the file system yet. But whatever is done to a new directory is done to files in it, and
      // only in a cgroup a new directory has any.
      m.fresh = true;
      return m.has("cpuset") ? inherit_cpuset(m) : result<void>{};
    }
    const fd_view root = OCIKIT_TRY(root_of(m));
    const auto above = parent_of(m.path);
    const auto name = m.path.substr(above.empty() ? 0 : above.size() + 1);
    detail::directory_maker maker{root, m.made};
    unique_fd opened;
    if (!above.empty()) opened = OCIKIT_TRY(maker.all(above));
    const fd_view parent = opened ? opened.view() : root;
    m.fresh = OCIKIT_TRY(maker.one(parent, name, m.path));
    m.dir = OCIKIT_TRY(open_below(parent, name, O_PATH | O_DIRECTORY));
    if (!m.fresh) OCIKIT_TRY(check_unused(m));
    return m.has("cpuset") ? inherit_cpuset(m) : result<void>{};
  }

  /// A new cgroup's cpuset is empty, or with cgroup.clone_children has what is above already: then it is written once
  /// more, to no effect.
  result<void> inherit_cpuset(fs_member& m) const {
    const bool parent_there = m.fresh && m.made.empty();
    if (parent_there && take_over(m, "cpuset.cpus") && take_over(m, "cpuset.mems")) return {};
    const fd_view root = OCIKIT_TRY(root_of(m));
    const auto levels = OCIKIT_TRY(detail::open_levels(root, m.path));
    return detail::inherit_cpuset(std::vector<fd_view>(levels.begin(), levels.end()));
  }

  bool take_over(fs_member& m, const std::string& file) const {
    const auto above = m.above ? read_line(m.above, file) : read_line(sys::at_fdcwd, m.mount_point + "/" + file);
    const auto dir = directory(m);
    return above && !above->empty() && dir && write_file(*dir, file, *above);
  }

  result<void> check_unused(fs_member& m) {
    const auto there = OCIKIT_TRY(pids_below(m.dir));
    return detail::refuse_populated(there.size(), m.has("freezer") && OCIKIT_TRY(frozen()));
  }

  [[nodiscard]] std::optional<std::int64_t> memory_number(const char* file) {
    auto* m = member("memory");
    if (m == nullptr) return std::nullopt;
    const auto dir = directory(*m);
    if (!dir) return std::nullopt;
    const auto text = read_line(*dir, file);
    if (!text) return std::nullopt;
    return kernel_number(*text);
  }

  /// EBUSY on the memory limit means that more is in use than it allows; say how much.
  [[nodiscard]] error explained(error e, const spec::resources& wanted) {
    if (e.code() != EBUSY || e.where() != "/linux/resources/memory/limit" || !wanted.memory) return e;
    const auto shown = [&](const char* file) { return std::to_string(memory_number(file).value_or(0)); };
    return std::move(e).within("unable to set memory limit to " + std::to_string(wanted.memory->limit.value_or(0)) +
                               " (current usage: " + shown("memory.usage_in_bytes") +
                               ", peak usage: " + shown("memory.max_usage_in_bytes") + ")");
  }

  /// The kernel clamps cpu.shares silently.
  result<void> check_shares(const spec::resources& wanted) {
    const auto shares = wanted.cpu ? wanted.cpu->shares.value_or(0) : 0;
    auto* m = member("cpu");
    if (shares == 0 || m == nullptr) return {};
    const fd_view dir = OCIKIT_TRY(directory(*m));
    const auto text = OCIKIT_TRY(read_line(dir, "cpu.shares"));
    const auto got = static_cast<std::uint64_t>(kernel_number(text));
    if (got == shares) return {};
    return tl::unexpected(
        error::config("/linux/resources/cpu/shares",
                      (shares > got ? "the maximum allowed cpu-shares is " : "the minimum allowed cpu-shares is ") +
                          std::to_string(got)));
  }

  result<void> apply_devices(std::span<const spec::device_rule> rules) {
    const auto target = OCIKIT_TRY(evaluate_devices(rules));
    auto* m = member("devices");
    if (m == nullptr) return {};  // rootless; else `open` has refused
    const fd_view dir = OCIKIT_TRY(directory(*m));
    const bool untouched = m->fresh && !ruled_;
    ruled_ = true;
    auto done = detail::enforce_devices_v1(dir, target, untouched, device_files_);
    if (done || wish_.rootless || detail::in_user_namespace(host_)) return {};
    return tl::unexpected(std::move(done).error().within("setting device rules").at("/linux/resources/devices"));
  }

  /// cgroup.kill of a hybrid host, if every process is in the unified cgroup too: one that was moved out of it lives
  /// on.
  bool kill_unified() {
    auto* m = member("");
    if (m == nullptr) return false;
    const auto dir = directory(*m);
    if (!dir || !write_file(*dir, "cgroup.kill", "1")) return false;
    // Frozen by v1 means that nobody dies before the thaw.
    if (frozen().value_or(false)) (void)thaw();
    const auto left = pids();
    const auto born_there = pids_below(*dir);
    return left && born_there && std::all_of(left->begin(), left->end(), [&](pid_t pid) {
             return std::find(born_there->begin(), born_there->end(), pid) != born_there->end();
           });
  }

  host_paths host_;
  std::vector<fs_member> members_;
  fs_wish wish_;
  bool ruled_ = false;  ///< device rules were set
  detail::device_files device_files_;
};

/// cgroup v1 and hybrid, by their files.
class fs_opener final : public opener {
 public:
  explicit fs_opener(host_paths host = {}) : host_{std::move(host)} {}

  result<std::unique_ptr<driver>> open(const request& wanted) override {
    OCIKIT_TRY(check_cgroups_path(wanted.cgroups_path));
    const auto found = OCIKIT_TRY(read_hierarchies(host_));
    const auto no_devices = std::none_of(found.begin(), found.end(), [](const auto& h) { return h.has("devices"); });
    if (no_devices) return tl::unexpected(error::unsupported("the devices controller of cgroup v1 is not mounted"));
    const bool absolute = wanted.cgroups_path.starts_with('/');
    std::vector<own_cgroup> own;
    if (!absolute) own = OCIKIT_TRY(read_own_cgroups(host_));
    const auto inner = clean_path(wanted.cgroups_path.empty() ? wanted.id : wanted.cgroups_path);
    std::vector<fs_member> members;
    members.reserve(found.size());
    for (const auto& h : found)
      members.push_back({h.keys, h.mount_point, absolute ? inner : joined(own_place(h, own), inner), h.unified});
    for (const auto& m : members) OCIKIT_TRY(check_not_root(m.path));
    const fs_wish wish{wanted.rootless, !wanted.cgroups_path.empty()};
    if (wish.rootless) std::erase_if(members, [&](const fs_member& m) { return is_beyond(m, wish); });
    return std::make_unique<fs_driver>(host_, std::move(members), wish);
  }

  result<std::unique_ptr<driver>> reopen(const path_map& saved, bool rootless) override {
    if (saved.empty()) return std::make_unique<no_cgroup>();
    const auto found = OCIKIT_TRY(read_hierarchies(host_));
    std::vector<fs_member> members;
    for (const auto& [key, path] : saved) {
      OCIKIT_TRY(check_cgroups_path(path));
      const auto h =
          std::find_if(found.begin(), found.end(), [&, k = key](const hierarchy& each) { return each.has(k); });
      if (h == found.end()) continue;  // unmounted since: nothing of the container is left there
      if (!path.starts_with(h->mount_point + "/"))
        return tl::unexpected(
            error::state("the saved cgroup \"" + path.substr(0, 256) + "\" is not below " + h->mount_point));
      const auto known = [&](const fs_member& m) { return m.mount_point == h->mount_point; };
      if (std::any_of(members.begin(), members.end(), known)) continue;  // several controllers in one hierarchy
      members.push_back({h->keys, h->mount_point, clean_path(path.substr(h->mount_point.size())), h->unified});
      OCIKIT_TRY(check_not_root(members.back().path));
    }
    return std::make_unique<fs_driver>(host_, std::move(members), fs_wish{rootless, true});
  }

 private:
  /// Whether a rootless container does without this hierarchy: without permission where nobody named a path, and the
  /// unified one of a hybrid host, for which nothing is needed and which would have to be delegated at its root.
  static bool is_beyond(const fs_member& m, const fs_wish& wish) {
    return m.unified || (!wish.path_given && !detail::may_make_in(m.mount_point + '/' + parent_of(m.path)));
  }

  host_paths host_;
};

}  // namespace ocikit::cgroups
