// SPDX-License-Identifier: Apache-2.0
//
// The driver for cgroup v2 that works with its file system directly.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/cgroups/device_filter.hpp>
#include <ocikit/cgroups/device_rules.hpp>
#include <ocikit/cgroups/driver.hpp>
#include <ocikit/cgroups/execute.hpp>
#include <ocikit/cgroups/kernel_number.hpp>
#include <ocikit/cgroups/location.hpp>
#include <ocikit/cgroups/no_cgroup.hpp>
#include <ocikit/cgroups/plan_v2.hpp>
#include <ocikit/cgroups/tree.hpp>

namespace ocikit::cgroups {

namespace detail {

/// The words of a line, as in cgroup.controllers.
[[nodiscard]] inline std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
    if (text.empty()) return out;
    const auto word = text.substr(0, text.find_first_of(" \n"));
    out.emplace_back(word);
    text.remove_prefix(word.size());
  }
}

/// The value of `key` in a file of lines `key value`; empty when it has none.
[[nodiscard]] inline std::string_view value_of(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ')
      return line.substr(key.size() + 1);
  }
  return {};
}

/// Whether it takes a controller that works on domains only, not in a threaded cgroup.
[[nodiscard]] inline bool needs_domain(const spec::resources& r) {
  return r.memory || r.block_io || r.cpu || !r.hugepage_limits.empty();
}

/// Adds to a directory's subtree_control what of `wanted` it lacks. In one write; where the kernel refuses that, one by
/// one, and what it refuses then stays off: a limit that needs it will say so.
inline void enable_controllers(fd_view dir, const std::vector<std::string>& wanted) {
  const auto text = read_file(dir, "cgroup.subtree_control");
  if (!text) return;
  const auto enabled = words(*text);
  std::vector<std::string> missing;
  for (const auto& name : wanted)
    if (std::find(enabled.begin(), enabled.end(), name) == enabled.end()) missing.push_back("+" + name);
  if (missing.empty()) return;
  std::string all;
  for (const auto& change : missing) all += (all.empty() ? "" : " ") + change;
  if (write_file(dir, "cgroup.subtree_control", all)) return;
  for (const auto& change : missing) (void)write_file(dir, "cgroup.subtree_control", change);
}

/// Waits until cgroup.events says what it should; the kernel wakes pollers when it changes.
[[nodiscard]] inline result<bool> wait_for_event(fd_view dir, std::string_view key, std::string_view value,
                                                 std::chrono::milliseconds longest) {
  const unique_fd events = OCIKIT_TRY(sys::openat(dir, "cgroup.events", O_RDONLY | O_NOFOLLOW));
  const auto deadline = std::chrono::steady_clock::now() + longest;
  for (;;) {
    char text[256];
    const auto got = sys::raw::pread(events.get(), text, sizeof text, 0);
    if (sys::raw::failed(got))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(got), sys::call_text("pread", events.view())));
    if (value_of({text, static_cast<std::size_t>(got)}, key) == value) return true;
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) return false;
    struct ::pollfd wait {
      events.get(), POLLPRI, 0
    };
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const struct ::timespec timeout { seconds.count(), std::chrono::nanoseconds{left - seconds}.count() };
    (void)sys::raw::ppoll(&wait, 1, &timeout);  // whatever ends it, the file decides
  }
}

}  // namespace detail

/// What the driver must know of the container, beyond the place of its cgroup.
struct fs2_wish {
  bool rootless = false;
  bool bearable = false;      ///< missing permissions mean no cgroup instead of an error
  bool needs_domain = false;  ///< its resources take a controller that a threaded cgroup cannot have
};

/// A cgroup of the unified hierarchy, by its path below the root.
class fs2_driver final : public driver {
 public:
  /// `path` is cleaned.
  fs2_driver(host_paths host, unique_fd root, std::string path, const fs2_wish& wish)
      : host_{std::move(host)}, root_{std::move(root)}, path_{std::move(path)}, wish_{wish} {}

  result<void> create() override {
    auto made = make();
    if (made) return made;
    dir_.reset();
    detail::remove_made(root_, made_);
    if (!wish_.rootless || !detail::is_permission(made.error())) return made;
    if (!wish_.bearable)
      return tl::unexpected(std::move(made).error().within(
          "rootless needs no limits + no cgrouppath when no permission is granted for cgroups"));
    absent_ = true;
    return {};
  }

  /// Instead of `create`, for a cgroup that is there, with processes in it, and was made for the container by somebody
  /// else: lets it have every controller. Errors: system.
  result<void> adopt() {
    const fd_view dir = OCIKIT_TRY(directory());
    enable_all(OCIKIT_TRY(sys::openat(dir, "..", O_PATH | O_DIRECTORY)));
    return {};
  }

  result<void> undo() override {
    dir_.reset();
    if (made_.empty()) return {};
    // The container may have made cgroups of its own below.
    auto removed = result<void>{};
    if (fresh_) {
      removed = remove_tree(root_, path_);
      made_.pop_back();
    }
    detail::remove_made(root_, made_);
    return removed;
  }

  result<void> apply(const spec::resources& wanted, device_policy devices) override {
    if (absent_) return {};
    const fd_view dir = OCIKIT_TRY(directory());
    const auto plan = OCIKIT_TRY(plan_v2(wanted));
    OCIKIT_TRY(check_memory(wanted));
    OCIKIT_TRY(execute(plan, [&](const std::string&) -> result<fd_view> { return dir; }));
    if (devices == device_policy::keep) return {};
    return apply_devices(dir, wanted.devices);
  }

  /// `check_usage` of what it uses now: the part of `apply` that whoever sets the same limits by another way has to do
  /// before. Errors: config at the limit; system.
  result<void> check_memory(const spec::resources& wanted) {
    if (absent_ || !wanted.memory || !wanted.memory->check_before_update.value_or(false)) return {};
    const auto usage = read_line(OCIKIT_TRY(directory()), "memory.current");
    if (!usage) return {};  // no memory controller: the limit itself will say so
    return check_usage(*wanted.memory, kernel_number(*usage));
  }

  result<entrance> enter() override {
    if (absent_) return enter_nothing{};
    return enter_by_clone{OCIKIT_TRY(directory())};
  }

  result<void> attach(pid_t pid) override {
    if (absent_) return {};
    const fd_view dir = OCIKIT_TRY(directory());
    auto done = write_pid(dir, pid);
    if (done || done.error().code() != EOPNOTSUPP) return done;
    OCIKIT_TRY(make_threaded(dir));
    return write_pid(dir, pid);
  }

  result<void> freeze() override { return set_frozen(true); }
  result<void> thaw() override { return set_frozen(false); }

  result<bool> frozen() override {
    if (absent_) return false;
    const auto dir = directory();
    if (!dir) return gone_is(false, dir.error());
    const auto wish = read_line(*dir, "cgroup.freeze");
    if (!wish) return gone_is(false, wish.error());
    if (*wish != "1") return false;
    return detail::wait_for_event(*dir, "frozen", "1", freeze_patience);
  }

  result<std::vector<pid_t>> pids() override {
    if (absent_) return std::vector<pid_t>{};
    const auto dir = directory();
    if (!dir) return gone_is(std::vector<pid_t>{}, dir.error());
    auto found = pids_below(*dir);
    if (!found) return gone_is(std::vector<pid_t>{}, found.error());
    return found;
  }

  result<void> kill(int signal) override {
    if (absent_) return {};
    const auto dir = directory();
    if (!dir && detail::is_gone(dir.error())) return {};
    if (!dir) return tl::unexpected(dir.error());
    if (signal == SIGKILL) {
      auto done = write_file(*dir, "cgroup.kill", "1");  // since Linux 5.14
      const bool threaded = !done && done.error().code() == EOPNOTSUPP;
      if (done || !(threaded || detail::is_gone(done.error()))) return done;
    }
    return kill_each(signal);
  }

  result<void> remove() override {
    if (absent_) return {};
    dir_.reset();
    return remove_tree(root_, path_).map_error([](error e) {
      return std::move(e).within("unable to remove container's cgroup");
    });
  }

  [[nodiscard]] path_map paths() const override {
    if (absent_) return {};
    return {{"", host_.cgroups + "/" + path_}};
  }

 private:
  static constexpr std::chrono::milliseconds freeze_patience{10000};

  /// The open cgroup; opened when asked for the first time after `reopen`.
  result<fd_view> directory() {
    if (!dir_) dir_ = OCIKIT_TRY(open_below(root_, path_, O_PATH | O_DIRECTORY));
    return dir_.view();
  }

  template <class Value>
  static result<Value> gone_is(Value value, const error& e) {
    if (detail::is_gone(e)) return value;
    return tl::unexpected(e);
  }

  result<void> make() {
    const auto above = parent_of(path_);
    const auto name = path_.substr(above.empty() ? 0 : above.size() + 1);
    detail::directory_maker maker{root_, made_};
    unique_fd opened;
    if (!above.empty()) opened = OCIKIT_TRY(maker.all(above));
    const fd_view parent = opened ? opened.view() : root_.view();
    fresh_ = OCIKIT_TRY(maker.one(parent, name, path_));
    dir_ = OCIKIT_TRY(open_below(parent, name, O_PATH | O_DIRECTORY));
    if (!fresh_) OCIKIT_TRY(check_unused());
    enable_all(parent);
    return {};
  }

  result<void> check_unused() {
    const auto there = OCIKIT_TRY(pids());
    const auto wish = read_line(dir_, "cgroup.freeze");
    return detail::refuse_populated(there.size(), wish && *wish == "1");
  }

  /// Every controller that the root has is to be there for the container. A controller is enabled in a directory only
  /// if it is in the one above, so a parent that has them all needs no look further up.
  void enable_all(fd_view parent) const {
    const auto available = read_file(root_, "cgroup.controllers");
    if (!available) return;
    const auto wanted = detail::words(*available);
    if (wanted.empty()) return;
    const auto enabled = read_file(parent, "cgroup.subtree_control");
    if (enabled && detail::words(*enabled).size() >= wanted.size()) return;
    unique_fd at;
    detail::enable_controllers(root_, wanted);
    for (std::size_t slash = path_.find('/'); slash != std::string::npos; slash = path_.find('/', slash + 1)) {
      auto next = open_below(root_, path_.substr(0, slash), O_PATH | O_DIRECTORY);
      if (!next) return;
      detail::enable_controllers(*next, wanted);
    }
  }

  result<void> apply_devices(fd_view dir, std::span<const spec::device_rule> rules) {
    const auto devices = OCIKIT_TRY(evaluate_devices(rules));
    auto done = enforce_devices(dir, devices, fresh_ && !filtered_);
    filtered_ = true;
    if (done || wish_.rootless || detail::in_user_namespace(host_)) return {};  // bpf(2) is the host's root's alone
    return tl::unexpected(std::move(done).error().within("setting device rules").at("/linux/resources/devices"));
  }

  /// Below a threaded cgroup a new one is `domain invalid` until it is made threaded itself, which the controllers that
  /// work on domains cannot bear.
  result<void> make_threaded(fd_view dir) const {
    const auto type = OCIKIT_TRY(read_line(dir, "cgroup.type"));
    if (type != "domain invalid" && type != "threaded")
      return tl::unexpected(error::from_errno(EOPNOTSUPP, "joining a cgroup of type \"" + type + "\""));
    if (wish_.needs_domain)
      return tl::unexpected(error::unsupported("cannot enter cgroupv2 \"" + host_.cgroups + "/" + path_ +
                                               "\" with domain controllers -- it is in an invalid state"));
    return write_file(dir, "cgroup.type", "threaded");
  }

  result<void> set_frozen(bool wish) {
    if (absent_) return tl::unexpected(error::unsupported("freezer not supported: the container has no cgroup"));
    const fd_view dir = OCIKIT_TRY(directory());
    auto done = write_file(dir, "cgroup.freeze", wish ? "1" : "0");  // since Linux 5.2
    if (!done && detail::is_gone(done.error()))
      return tl::unexpected(error::unsupported("freezer not supported: " + done.error().message()));
    if (!done) return done;
    if (OCIKIT_TRY(detail::wait_for_event(dir, "frozen", wish ? "1" : "0", freeze_patience))) return {};
    if (wish) (void)write_file(dir, "cgroup.freeze", "0");
    return tl::unexpected(
        error::state("timeout of 10s reached waiting for the cgroup to " + std::string{wish ? "freeze" : "thaw"}));
  }

  /// Frozen meanwhile, so that none escapes by forking.
  result<void> kill_each(int signal) {
    const bool was = frozen().value_or(false);
    const bool still = !was && freeze().has_value();
    const auto found = pids();
    if (found) signal_each(*found, signal);
    if (still) OCIKIT_TRY(thaw());
    if (!found) return tl::unexpected(found.error());
    return {};
  }

  host_paths host_;
  unique_fd root_;
  std::string path_;
  fs2_wish wish_;
  bool absent_ = false;
  bool fresh_ = false;
  bool filtered_ = false;
  unique_fd dir_;
  std::vector<std::string> made_;
};

/// cgroup v2, by its files.
class fs2_opener final : public opener {
 public:
  explicit fs2_opener(host_paths host = {}) : host_{std::move(host)} {}

  result<std::unique_ptr<driver>> open(const request& wanted) override {
    OCIKIT_TRY(check_cgroups_path(wanted.cgroups_path));
    auto root = OCIKIT_TRY(open_root());
    auto path = OCIKIT_TRY(place(wanted));
    OCIKIT_TRY(check_not_root(path));
    fs2_wish wish{wanted.rootless, false, detail::needs_domain(wanted.resources)};
    wish.bearable = wanted.rootless && wanted.cgroups_path.empty() && !detail::asks_for_limits(wanted.resources);
    if (wish.bearable && !detail::may_make_in(host_.cgroups + '/' + parent_of(path)))
      return std::make_unique<no_cgroup>();
    return std::make_unique<fs2_driver>(host_, std::move(root), std::move(path), wish);
  }

  result<std::unique_ptr<driver>> reopen(const path_map& saved, bool rootless) override {
    if (saved.empty()) return std::make_unique<no_cgroup>();
    const auto& path = saved.front().second;
    if (saved.size() != 1 || !saved.front().first.empty() || !path.starts_with(host_.cgroups + "/"))
      return tl::unexpected(
          error::state("the saved cgroup \"" + path.substr(0, 256) + "\" is not below " + host_.cgroups));
    OCIKIT_TRY(check_cgroups_path(path));
    auto below = clean_path(path.substr(host_.cgroups.size()));
    OCIKIT_TRY(check_not_root(below));
    auto root = OCIKIT_TRY(open_root());
    return std::make_unique<fs2_driver>(host_, std::move(root), std::move(below), fs2_wish{rootless, false, false});
  }

 private:
  [[nodiscard]] result<unique_fd> open_root() const {
    auto root = OCIKIT_TRY(sys::openat(sys::at_fdcwd, host_.cgroups, O_PATH | O_DIRECTORY));
    if (host_.verify_magic) OCIKIT_TRY(detail::check_magic(root, CGROUP2_SUPER_MAGIC));
    return root;
  }

  /// An absolute path starts at the root; a relative or absent one beside the caller's own cgroup.
  [[nodiscard]] result<std::string> place(const request& wanted) const {
    const auto& path = wanted.cgroups_path;
    if (path.starts_with('/')) return clean_path(path);
    const auto text = OCIKIT_TRY(read_file(sys::at_fdcwd, host_.proc_self + "/cgroup"));
    std::string own;
    for (const auto& line : parse_proc_cgroup(text))
      if (line.controllers.empty()) own = clean_path(line.path);
    return joined(parent_of(own), clean_path(path.empty() ? wanted.id : path));
  }

  host_paths host_;
};

}  // namespace ocikit::cgroups
