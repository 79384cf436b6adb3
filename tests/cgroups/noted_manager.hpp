// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <ocikit/cgroups/service_manager.hpp>

namespace ocikit::testing {

/// What managers were asked, and what making a unit comes to.
struct manager_notes {
  std::vector<std::string> lines;
  std::vector<cgroups::unit_property> told;  ///< last
  std::function<result<void>()> on_start = [] { return result<void>{}; };
};

/// A manager that only takes notes.
class noted_manager final : public cgroups::service_manager {
 public:
  explicit noted_manager(manager_notes& to) : to_{to} {}

  result<unsigned> version() override { return 257; }
  result<std::string> control_group() override { return std::string{"/user.slice/user@1.service"}; }
  result<std::string> control_group_of(const std::string&) override { return std::string{}; }
  result<void> start(const std::string& unit, std::span<const cgroups::unit_property> properties) override {
    OCIKIT_TRY(note("start " + unit));
    to_.told.assign(properties.begin(), properties.end());
    return to_.on_start();
  }
  result<void> set_properties(const std::string& unit, std::span<const cgroups::unit_property> properties) override {
    to_.told.assign(properties.begin(), properties.end());
    return note("set " + unit);
  }
  result<void> stop(const std::string& unit) override { return note("stop " + unit); }
  result<void> reset_failed(const std::string& unit) override { return note("reset " + unit); }
  result<void> attach(const std::string& unit, const std::string& below, pid_t pid) override {
    return note("attach " + unit + " " + below + " " + std::to_string(pid));
  }

 private:
  result<void> note(const std::string& what) {
    to_.lines.push_back(what);
    return {};
  }
  manager_notes& to_;
};

/// Connects to such a manager. `to` outlives it.
[[nodiscard]] inline cgroups::connect_manager connect_to_notes(manager_notes& to) {
  return
      [&to](bool) -> result<std::unique_ptr<cgroups::service_manager>> { return std::make_unique<noted_manager>(to); };
}

}  // namespace ocikit::testing
