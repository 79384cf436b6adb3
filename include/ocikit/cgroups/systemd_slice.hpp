// SPDX-License-Identifier: Apache-2.0
//
// The driver that has one unit of systemd's for all containers of a slice, and makes their cgroups below it by itself.
// systemd is asked when the first container comes, and no more while there are others.
#pragma once

#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/cgroups/driver.hpp>
#include <ocikit/cgroups/execute.hpp>
#include <ocikit/cgroups/fs2.hpp>
#include <ocikit/cgroups/no_cgroup.hpp>
#include <ocikit/cgroups/service_manager.hpp>
#include <ocikit/cgroups/shared_unit.hpp>
#include <ocikit/cgroups/systemd.hpp>
#include <ocikit/cgroups/unit_name.hpp>

namespace ocikit::cgroups {

/// A cgroup below a unit's: its files, and systemd for what their owner may not do.
class below_unit_driver : public driver {
 public:
  below_unit_driver(std::unique_ptr<driver> files, unit_part part, connect_manager connect, bool of_user)
      : files_{std::move(files)}, part_{std::move(part)}, connect_{std::move(connect)}, of_user_{of_user} {}

  result<void> create() override { return files_->create(); }
  result<void> undo() override { return files_->undo(); }
  result<void> apply(const spec::resources& wanted, device_policy devices) override {
    return files_->apply(wanted, devices);
  }
  result<entrance> enter() override { return files_->enter(); }

  /// A user may not move a process here from outside the user's manager; that manager may.
  result<void> attach(pid_t pid) override {
    auto done = files_->attach(pid);
    if (done || !detail::is_permission(done.error())) return done;
    return OCIKIT_TRY(connect_(of_user_))->attach(part_.unit, "/" + part_.below, pid);
  }

  result<void> freeze() override { return files_->freeze(); }
  result<void> thaw() override { return files_->thaw(); }
  result<bool> frozen() override { return files_->frozen(); }
  result<std::vector<pid_t>> pids() override { return files_->pids(); }
  result<void> kill(int signal) override { return files_->kill(signal); }
  result<void> remove() override { return files_->remove(); }
  [[nodiscard]] path_map paths() const override { return files_->paths(); }

 protected:
  void use(std::unique_ptr<driver> files) { files_ = std::move(files); }
  result<std::unique_ptr<service_manager>> manager() const { return connect_(of_user_); }

 private:
  std::unique_ptr<driver> files_;
  unit_part part_;
  connect_manager connect_;
  bool of_user_;
};

/// A new one. Before `create` there is no cgroup, and perhaps no unit.
class new_below_unit_driver final : public below_unit_driver {
 public:
  /// `manager_root`: where the manager's cgroups begin, cleaned.
  new_below_unit_driver(host_paths host, const std::string& manager_root, shared_place place, const fs2_wish& wish,
                        connect_manager connect, bool of_user)
      : below_unit_driver{std::make_unique<no_cgroup>(), {place.unit, place.container}, std::move(connect), of_user},
        host_{std::move(host)},
        unit_path_{joined(manager_root, place.path)},
        place_{std::move(place)},
        wish_{wish} {}

  /// The cgroup of a unit that is not there, or on its way up or down, is waited for. Errors: as of all drivers; state,
  /// when systemd starts the unit again and again and it does not stay.
  result<void> create() override {
    std::chrono::milliseconds patience{0};
    for (;;) {
      const auto until = clock::now() + patience;
      do {
        auto made = create_below_unit();
        if (made || !may_pass(made.error())) return made;
        if (patience == longest_patience && clock::now() >= until) return does_not_stay(made.error());
        if (patience.count() != 0) detail::sleep_for(std::clamp(patience / looks, shortest_look, longest_look));
      } while (clock::now() < until);
      patience = std::clamp(patience * 2, shortest_patience, longest_patience);
      OCIKIT_TRY(start_unit());
    }
  }

  [[nodiscard]] path_map paths() const override { return {{"", unit_directory() + "/" + place_.container}}; }

 private:
  using clock = std::chrono::steady_clock;
  /// Between one question to systemd and the next; in all twenty seconds.
  static constexpr std::chrono::milliseconds shortest_patience{20}, longest_patience{10240};
  /// Between one look at the cgroup and the next: hundreds may be waiting, and must leave systemd the time to work.
  static constexpr int looks = 16;
  static constexpr std::chrono::milliseconds shortest_look{1}, longest_look{100};

  [[nodiscard]] std::string unit_directory() const { return host_.cgroups + "/" + unit_path_; }

  /// No unit; or one whose keeper is about to end it, and lets nobody in.
  static bool may_pass(const error& e) { return detail::is_gone(e) || e.code() == EAGAIN; }

  result<void> create_below_unit() {
    const unique_fd root = OCIKIT_TRY(sys::openat(sys::at_fdcwd, host_.cgroups, O_PATH | O_DIRECTORY));
    unique_fd unit = OCIKIT_TRY(open_below(root, unit_path_, O_PATH | O_DIRECTORY));
    const unique_fd keeper = OCIKIT_TRY(open_below(unit, keeper_name, O_PATH | O_DIRECTORY));
    if (detail::value_of(OCIKIT_TRY(read_file(keeper, "cgroup.events")), "populated") != "1")
      return tl::unexpected(error::from_errno(ENOENT, "the keeper of " + place_.unit));
    host_paths below = host_;
    below.cgroups = unit_directory();
    auto files = std::make_unique<fs2_driver>(std::move(below), std::move(unit), place_.container, wish_);
    OCIKIT_TRY(files->create());
    use(std::move(files));
    return {};
  }

  /// Should somebody else start it just now, that is as good.
  result<void> start_unit() {
    const auto systemd = OCIKIT_TRY(manager());
    auto done = systemd->start(place_.unit, shared_unit_properties(place_, unit_directory()));
    if (!done && done.error().code() == EEXIST) done = systemd->reset_failed(place_.unit);
    return done.map_error([](error e) { return std::move(e).within("unable to apply cgroup configuration"); });
  }

  [[nodiscard]] result<void> does_not_stay(const error& last) const {
    return tl::unexpected(
        error::state("systemd unit " + place_.unit + " does not stay at " + unit_directory() + ": " + last.message()));
  }

  host_paths host_;
  std::string unit_path_;
  shared_place place_;
  fs2_wish wish_;
};

/// A cgroup for each container, below one unit for each slice; cgroupsPath is `slice:prefix:name`. For cgroup v2.
class systemd_slice_opener : public opener {
 public:
  explicit systemd_slice_opener(connect_manager connect)
      : systemd_slice_opener{std::move(connect), host_paths{}, ::geteuid() != 0 || detail::in_user_namespace({})} {}
  /// `of_user`: it is the caller's own manager that has the unit, not the system's.
  systemd_slice_opener(connect_manager connect, host_paths host, bool of_user)
      : connect_{std::move(connect)}, host_{std::move(host)}, of_user_{of_user} {}

  result<std::unique_ptr<driver>> open(const request& wanted) override {
    if (!host_is_unified(host_))
      return tl::unexpected(error::unsupported("cgroup-systemd-slice needs cgroup v2 alone"));
    for (const auto& [name, value] : wanted.annotations)
      return tl::unexpected(
          error::unsupported("the container has no unit of its own to set a property of").at("/annotations/" + name));
    auto place = OCIKIT_TRY(plan_shared_unit(wanted.cgroups_path, wanted.id, of_user_));
    const fs2_wish wish{wanted.rootless, false, detail::needs_domain(wanted.resources)};
    return std::make_unique<new_below_unit_driver>(host_, OCIKIT_TRY(manager_root()), std::move(place), wish, connect_,
                                                   of_user_);
  }

  result<std::unique_ptr<driver>> reopen(const path_map& saved, bool rootless) override {
    auto files = OCIKIT_TRY(fs2_opener{host_}.reopen(saved, rootless));
    if (saved.empty()) return files;
    auto part = unit_of(clean_path(saved.front().second.substr(host_.cgroups.size())));
    return std::make_unique<below_unit_driver>(std::move(files), std::move(part), connect_, of_user_);
  }

 private:
  /// A user's manager is where logind has put it; when it is not, systemd knows.
  [[nodiscard]] result<std::string> manager_root() const {
    if (!of_user_) return std::string{};
    const auto id = std::to_string(::geteuid());
    const std::string usual = "user.slice/user-" + id + ".slice/user@" + id + ".service";
    if (!detail::in_user_namespace(host_) && detail::may_make_in(host_.cgroups + "/" + usual)) return usual;
    return clean_path(OCIKIT_TRY(OCIKIT_TRY(connect_(true))->control_group()));
  }

  connect_manager connect_;
  host_paths host_;
  bool of_user_;
};

}  // namespace ocikit::cgroups
