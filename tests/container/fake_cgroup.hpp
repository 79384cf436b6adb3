// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ocikit/cgroups/driver.hpp>
#include <ocikit/container/loaded_container.hpp>

namespace ocikit::testing {

/// What a cgroup holds, and what was done to it, in order. Shared by all drivers opened on it.
struct fake_cgroup {
  bool frozen = false;
  bool can_kill = true;
  bool can_apply = true;
  std::vector<spec::resources> applied;
  std::vector<pid_t> pids;
  std::vector<std::string> calls;
};

/// A driver over a `fake_cgroup`: real signals, everything else just noted down.
class fake_driver final : public cgroups::driver {
 public:
  explicit fake_driver(fake_cgroup& of) : of_{of} {}

  result<void> create() override { return {}; }
  result<void> undo() override { return {}; }
  result<void> apply(const spec::resources& wanted, device_policy devices) override {
    if (!of_.can_apply || devices != device_policy::keep)
      return tl::unexpected(error::from_errno(EINVAL, "write pids.max"));
    of_.applied.push_back(wanted);
    return {};
  }
  result<cgroups::entrance> enter() override { return cgroups::entrance{cgroups::enter_nothing{}}; }
  result<void> attach(pid_t) override { return {}; }
  result<void> freeze() override {
    of_.calls.emplace_back("freeze");
    of_.frozen = true;
    return {};
  }
  result<void> thaw() override {
    of_.calls.emplace_back("thaw");
    of_.frozen = false;
    return {};
  }
  result<bool> frozen() override { return of_.frozen; }
  result<std::vector<pid_t>> pids() override { return of_.pids; }
  result<void> kill(int signal) override {
    of_.calls.push_back("kill " + std::to_string(signal));
    if (!of_.can_kill) return tl::unexpected(error::from_errno(EACCES, "open cgroup.kill"));
    for (const pid_t pid : of_.pids) (void)::kill(pid, signal);
    of_.pids.clear();
    return {};
  }
  result<void> remove() override {
    of_.calls.emplace_back("remove");
    return {};
  }
  cgroups::path_map paths() const override { return {}; }

 private:
  fake_cgroup& of_;
};

/// Reopens `of`, whatever the state says.
inline container::reopen_cgroup reopen(fake_cgroup& of) {
  return [&of](const container::state&) -> result<std::unique_ptr<cgroups::driver>> {
    return std::make_unique<fake_driver>(of);
  };
}

}  // namespace ocikit::testing
