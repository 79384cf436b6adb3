// SPDX-License-Identifier: Apache-2.0
//
// The driver that has systemd make a unit for each container, and works with the files of its cgroup like fs and fs2.
#pragma once

#include <unistd.h>

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
#include <ocikit/cgroups/fs.hpp>
#include <ocikit/cgroups/fs2.hpp>
#include <ocikit/cgroups/service_manager.hpp>
#include <ocikit/cgroups/unit_name.hpp>
#include <ocikit/cgroups/unit_properties.hpp>

namespace ocikit::cgroups {

/// A container's unit: what systemd is told of it.
struct unit_wish {
  unit_place place;
  unit_properties annotated = {};  ///< by org.systemd.property annotations
};

namespace detail {

/// The files of a unit's cgroup. systemd makes the cgroup on v2; on v1 it makes some of them.
struct unit_files {
  std::unique_ptr<driver> all;
  fs2_driver* unified = nullptr;  ///< the same, on v2
  host_paths host = {};
};

/// What every unit of a container has. Limits and what annotations ask for come after it, so that they win.
[[nodiscard]] inline unit_properties basic_properties(const unit_place& place, const systemd_facts& host, pid_t init) {
  unit_properties out{{"Description", bus_text("libcontainer container " + place.unit)}};
  const bool slice = place.unit.ends_with(".slice");
  if (slice) {
    out.push_back({"Wants", bus_texts({place.slice})});
  } else {
    out.push_back({"Slice", bus_text(place.slice)});
    out.push_back({"Delegate", {true}});
    out.push_back({"PIDs", {bus_value::array{"u", {{static_cast<std::uint32_t>(init)}}}}});
  }
  for (const char* accounting : {"MemoryAccounting", "CPUAccounting", "TasksAccounting"})
    out.push_back({accounting, {true}});
  out.push_back({host.unified ? "IOAccounting" : "BlockIOAccounting", {true}});
  out.push_back({"DefaultDependencies", {false}});
  return out;
}

}  // namespace detail

/// A container's cgroup as that of a transient scope. A scope cannot be without a process, so it is started by
/// `attach`, and what `apply` was told before is kept until then.
class systemd_driver final : public driver {
 public:
  /// `wish`: for a new container; nothing when the unit is there already.
  systemd_driver(detail::unit_files files, unit_part part, std::optional<unit_wish> wish, connect_manager connect,
                 bool of_user)
      : files_{std::move(files)},
        part_{std::move(part)},
        wish_{std::move(wish)},
        connect_{std::move(connect)},
        of_user_{of_user} {}

  /// Looks whether the cgroup is free. On v1 it makes what systemd will not; on v2 `attach` has it all made.
  result<void> create() override {
    if (files_.unified == nullptr) return files_.all->create();
    const auto there = OCIKIT_TRY(files_.all->pids());
    return detail::refuse_populated(there.size(), there.empty() && OCIKIT_TRY(files_.all->frozen()));
  }

  result<void> undo() override {
    if (!started_) return files_.unified == nullptr && wish_ ? files_.all->undo() : result<void>{};
    started_ = false;
    auto stopped = stop();
    auto removed = files_.unified == nullptr ? files_.all->undo() : files_.all->remove();
    return removed ? stopped : removed;
  }

  result<void> apply(const spec::resources& wanted, device_policy devices) override {
    const systemd_facts host{OCIKIT_TRY(OCIKIT_TRY(manager())->version()), files_.unified != nullptr};
    auto properties = OCIKIT_TRY(plan_unit_limits(wanted, host));
    if (devices == device_policy::enforce) {
      auto rules = plan_unit_devices(OCIKIT_TRY(evaluate_devices(wanted.devices)), host);
      properties.insert(properties.end(), std::make_move_iterator(rules.begin()), std::make_move_iterator(rules.end()));
    }
    if (wish_ && !started_) {
      OCIKIT_TRY(check_files(wanted));
      waiting_.push_back({wanted, devices, std::move(properties)});
      return {};
    }
    if (files_.unified != nullptr) OCIKIT_TRY(files_.unified->check_memory(wanted));
    if (!properties.empty() && part_.below.empty())
      OCIKIT_TRY(OCIKIT_TRY(manager())->set_properties(part_.unit, properties));
    return files_.all->apply(with_rounded_quota(wanted), devices);
  }

  result<entrance> enter() override {
    if (wish_ && !started_) return enter_by_attach{};
    return files_.all->enter();
  }

  result<void> attach(pid_t pid) override {
    if (!wish_ || started_) return attach_another(pid);
    OCIKIT_TRY(start(pid));
    // A systemd that starts anew between making a unit and starting it forgets the process.
    for (int tries = 0; !OCIKIT_TRY(is_inside(pid)); ++tries) {
      OCIKIT_TRY(stop());
      if (tries == 5)
        return tl::unexpected(
            error::state("systemd starts unit " + part_.unit + " again and again without its process"));
      OCIKIT_TRY(start(pid));
    }
    auto done = settle(pid);
    if (!done) abandon();
    return done;
  }

  result<void> freeze() override { return files_.all->freeze(); }
  result<void> thaw() override { return files_.all->thaw(); }
  result<bool> frozen() override { return files_.all->frozen(); }
  result<std::vector<pid_t>> pids() override { return files_.all->pids(); }
  result<void> kill(int signal) override {
    if (wish_ && !started_) return {};  // whoever is in there is not ours
    return files_.all->kill(signal);
  }

  /// By systemd, where it answers; a cgroup that is gone is a unit that systemd gives up by itself.
  result<void> remove() override {
    if (wish_ && !started_) return undo();
    auto stopped = is_empty() ? stop() : result<void>{};
    auto removed = files_.all->remove();
    if (!removed && !stopped)
      return tl::unexpected(std::move(stopped).error().within("unable to remove container's cgroup"));
    return removed;
  }

  [[nodiscard]] path_map paths() const override { return files_.all->paths(); }

 private:
  struct limits {
    spec::resources wanted;
    device_policy devices;
    unit_properties properties;
  };

  result<service_manager*> manager() {
    if (!manager_) manager_ = OCIKIT_TRY(connect_(of_user_));
    return manager_.get();
  }

  /// What the files would refuse for its form, told before anything is made.
  [[nodiscard]] result<void> check_files(const spec::resources& wanted) const {
    if (files_.unified != nullptr) return plan_v2(wanted).map([](const auto&) {});
    return plan_v1(wanted, std::nullopt).map([](const auto&) {});
  }

  result<void> start(pid_t pid) {
    auto& systemd = *OCIKIT_TRY(manager());
    const systemd_facts host{OCIKIT_TRY(systemd.version()), files_.unified != nullptr};
    auto properties = detail::basic_properties(wish_->place, host, pid);
    for (const auto& each : waiting_)
      properties.insert(properties.end(), each.properties.begin(), each.properties.end());
    properties.insert(properties.end(), wish_->annotated.begin(), wish_->annotated.end());
    auto done = systemd.start(part_.unit, properties);
    if (!done && done.error().code() == EEXIST) {  // perhaps one that has failed and was left behind
      OCIKIT_TRY(systemd.reset_failed(part_.unit));
      done = systemd.start(part_.unit, properties);
    }
    started_ = done.has_value() || done.error().kind() == errc::state;
    if (done) return {};
    if (started_) abandon();
    return tl::unexpected(std::move(done).error().within("unable to apply cgroup configuration"));
  }

  /// What there is to do once systemd has made the cgroup.
  result<void> settle(pid_t pid) {
    if (files_.unified != nullptr) OCIKIT_TRY(files_.unified->adopt());
    if (!is_moved_by_systemd()) OCIKIT_TRY(files_.all->attach(pid));
    for (const auto& each : std::exchange(waiting_, {}))
      OCIKIT_TRY(files_.all->apply(with_rounded_quota(each.wanted), each.devices));
    return {};
  }

  /// A slice cannot be started with a process, and on v1 systemd sees to some hierarchies only.
  [[nodiscard]] bool is_moved_by_systemd() const {
    return files_.unified != nullptr && !part_.unit.ends_with(".slice");
  }

  /// Whether systemd has moved the process where it should. False: the unit is empty, so nobody minds when it is
  /// stopped. Errors: state when it has processes, and so may be another's.
  result<bool> is_inside(pid_t pid) {
    if (!is_moved_by_systemd()) return true;
    auto inside = OCIKIT_TRY(files_.all->pids());
    if (std::find(inside.begin(), inside.end(), pid) != inside.end()) return true;
    started_ = false;
    const auto place = clean_path(OCIKIT_TRY(OCIKIT_TRY(manager())->control_group_of(part_.unit)));
    if (!place.empty()) {
      const auto there = OCIKIT_TRY(fs2_opener{files_.host}.reopen({{"", files_.host.cgroups + "/" + place}}, false));
      inside = OCIKIT_TRY(there->pids());
    }
    if (inside.empty()) return false;
    return tl::unexpected(error::state("systemd unit " + part_.unit + " has its processes in the cgroup \"/" + place +
                                       "\", not at " + files_.all->paths().front().second));
  }

  /// The unit was started for nothing: its processes go first, because systemd waits for them.
  void abandon() {
    (void)files_.all->kill(SIGKILL);
    (void)stop();
    (void)(files_.unified == nullptr ? files_.all->undo() : files_.all->remove());
    started_ = false;
  }

  result<void> attach_another(pid_t pid) {
    auto done = files_.all->attach(pid);
    if (done || part_.unit.empty() || (done.error().code() != EACCES && done.error().code() != EPERM)) return done;
    return OCIKIT_TRY(manager())->attach(part_.unit, part_.below.empty() ? "" : "/" + part_.below, pid);
  }

  result<void> stop() {
    if (part_.unit.empty() || !part_.below.empty()) return {};
    auto& systemd = *OCIKIT_TRY(manager());
    OCIKIT_TRY(systemd.stop(part_.unit));
    return systemd.reset_failed(part_.unit);
  }

  /// Whether no process is left; those that were killed may take a moment. systemd would wait far longer.
  bool is_empty() {
    for (auto pause = std::chrono::milliseconds{1}; pause.count() <= 512; pause *= 2) {
      const auto there = files_.all->pids();
      if (!there || there->empty()) return true;
      detail::sleep_for(pause);
    }
    return false;
  }

  detail::unit_files files_;
  unit_part part_;
  std::optional<unit_wish> wish_;
  connect_manager connect_;
  bool of_user_;
  std::unique_ptr<service_manager> manager_;
  std::vector<limits> waiting_;
  bool started_ = false;  ///< by this object
};

/// A unit of systemd's for each container; cgroupsPath is `slice:prefix:name`.
class systemd_opener : public opener {
 public:
  explicit systemd_opener(connect_manager connect)
      : systemd_opener{std::move(connect), host_paths{}, ::geteuid() != 0 || detail::in_user_namespace({})} {}
  /// `of_user`: it is the caller's own manager that is asked, not the system's.
  systemd_opener(connect_manager connect, host_paths host, bool of_user)
      : connect_{std::move(connect)}, host_{std::move(host)}, of_user_{of_user} {}

  result<std::unique_ptr<driver>> open(const request& wanted) override {
    unit_wish wish;
    wish.place = OCIKIT_TRY(plan_unit(wanted.cgroups_path, wanted.id, of_user_));
    wish.annotated = OCIKIT_TRY(plan_annotated_properties(wanted.annotations));
    std::string root;
    if (of_user_) root = clean_path(OCIKIT_TRY(OCIKIT_TRY(connect_(true))->control_group()));
    auto files = OCIKIT_TRY(open_files(joined(root, wish.place.path), wanted));
    unit_part part{wish.place.unit, ""};
    return std::make_unique<systemd_driver>(std::move(files), std::move(part), std::move(wish), connect_, of_user_);
  }

  result<std::unique_ptr<driver>> reopen(const path_map& saved, bool rootless) override {
    if (saved.empty()) return std::make_unique<no_cgroup>();
    detail::unit_files files{.all = nullptr, .unified = nullptr, .host = host_};
    if (saved.size() == 1 && saved.front().first.empty()) {
      auto opened = OCIKIT_TRY(fs2_opener{host_}.reopen(saved, rootless));
      files.unified = static_cast<fs2_driver*>(opened.get());
      files.all = std::move(opened);
    } else {
      files.all = OCIKIT_TRY(fs_opener{host_}.reopen(saved, rootless));
    }
    auto part = unit_of(path_in_hierarchy(saved));
    return std::make_unique<systemd_driver>(std::move(files), std::move(part), std::nullopt, connect_, of_user_);
  }

 private:
  [[nodiscard]] result<detail::unit_files> open_files(const std::string& path, const request& wanted) const {
    request of_files = wanted;
    of_files.cgroups_path = "/" + path;
    detail::unit_files out{.all = nullptr, .unified = nullptr, .host = host_};
    if (host_is_unified(host_)) {
      auto opened = OCIKIT_TRY(fs2_opener{host_}.open(of_files));
      out.unified = static_cast<fs2_driver*>(opened.get());
      out.all = std::move(opened);
      return out;
    }
    if (of_user_) return tl::unexpected(error::unsupported("cannot use rootless systemd cgroups manager on cgroup v1"));
    out.all = OCIKIT_TRY(fs_opener{host_}.open(of_files));
    return out;
  }

  /// What follows the mount point; on v1 of the hierarchy that is systemd's own.
  [[nodiscard]] std::string path_in_hierarchy(const path_map& saved) const {
    for (const auto& [key, path] : saved) {
      if (!key.empty() && key != "name=systemd") continue;
      auto rest = path.substr(std::min(host_.cgroups.size(), path.size()));
      if (!key.empty())
        rest = rest.substr(std::min(rest.find('/', 1), rest.size()));
      else if (saved.size() > 1)
        continue;  // the unified one of a hybrid host
      return clean_path(rest);
    }
    return {};
  }

  connect_manager connect_;
  host_paths host_;
  bool of_user_;
};

}  // namespace ocikit::cgroups
