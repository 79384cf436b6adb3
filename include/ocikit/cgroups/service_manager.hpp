// SPDX-License-Identifier: Apache-2.0
//
// What the systemd drivers need of systemd. The plugins have it from libsystemd, tests from memory.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <span>
#include <string>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/bus_value.hpp>

namespace ocikit::cgroups {

/// A systemd that can be asked. Each call ends within a time of its own, and all errors name the unit.
///
/// Errors of all: system, ETIMEDOUT without an answer in time; unsupported when there is no systemd to talk to.
class service_manager {
 public:
  service_manager() = default;
  service_manager(const service_manager&) = delete;
  service_manager& operator=(const service_manager&) = delete;
  virtual ~service_manager() = default;

  /// systemd's version, such as 252.
  virtual result<unsigned> version() = 0;

  /// Where the cgroups of its units begin: "" for the system's, `/user.slice/.../user@1000.service` for a user's.
  virtual result<std::string> control_group() = 0;

  /// Makes and starts a transient unit, and waits until it runs.
  /// Errors: system, EEXIST when there is a unit of that name and nothing was done; state when the job failed.
  virtual result<void> start(const std::string& unit, std::span<const unit_property> properties) = 0;

  /// Where the cgroup of a unit is, below all of the host's; "" when it has none.
  virtual result<std::string> control_group_of(const std::string& unit) = 0;

  /// Changes properties of a unit for as long as it is there.
  virtual result<void> set_properties(const std::string& unit, std::span<const unit_property> properties) = 0;

  /// Stops a unit and waits until it has stopped; no error when there is none of that name.
  virtual result<void> stop(const std::string& unit) = 0;

  /// Lets systemd forget a unit that has failed; no error when there is none.
  virtual result<void> reset_failed(const std::string& unit) = 0;

  /// Has systemd move a process into the cgroup `below`, "" for its own, of a unit that was delegated.
  virtual result<void> attach(const std::string& unit, const std::string& below, pid_t pid) = 0;
};

/// Connects to the system's manager, or to the user's.
using connect_manager = std::function<result<std::unique_ptr<service_manager>>(bool of_user)>;

}  // namespace ocikit::cgroups
