// SPDX-License-Identifier: Apache-2.0
//
// Processes in a driver's cgroup. They die with the object that stands for them, and with the suite.
#pragma once

#include <sys/types.h>

#include <functional>

#include <ocikit/cgroups/driver.hpp>

namespace driver_suite {

/// A process. Not copied; killed at the end, but not waited for: it may be frozen.
class child {
 public:
  explicit child(pid_t pid) : pid_{pid} {}
  child(child&& other) noexcept : pid_{std::exchange(other.pid_, -1)} {}
  child& operator=(child&&) = delete;
  ~child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Waits for its end: the exit status, or 128 and the signal.
  int end();

 private:
  pid_t pid_;
};

/// Starts a process outside of the driver's cgroup that does `errand` and exits with what that returns.
child start_outside(const std::function<int()>& errand);
/// Starts one that enters the cgroup as the driver says, and does `errand` once it is in.
child start(ocikit::cgroups::driver& in, const std::function<int()>& errand);

/// An errand: waits for a signal.
int sleep_forever();

/// A number that a process counts up, so that standing still can be seen from outside.
class counter {
 public:
  counter();
  ~counter();
  counter(const counter&) = delete;
  counter& operator=(const counter&) = delete;
  /// An errand: counts until killed.
  int count_forever() const;
  /// Whether it changes within half a second.
  [[nodiscard]] bool moves() const;
  /// Whether it stays the same for 60 ms.
  [[nodiscard]] bool stands() const;

 private:
  volatile unsigned long* value_;
};

}  // namespace driver_suite
