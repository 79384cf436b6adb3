// SPDX-License-Identifier: Apache-2.0
//
// What every cgroup driver must do with real cgroups and real processes.
#pragma once

#include <span>
#include <string>

#include <ocikit/plugin/cgroup.h>
#include <ocikit/cgroups/driver.hpp>

namespace driver_suite {

/// The driver under test.
struct subject {
  ocikit::cgroups::opener& backend;
  const ocikit_cgroup_ops& table;  ///< tells what it can do
  std::string cgroups_path;        ///< linux.cgroupsPath of each case; `%` stands for a name of its own
  bool enforces_devices;
};

/// One test. `run` returns when the driver passes; else it throws a `failure` or a `skipped`.
struct test_case {
  const char* name;
  void (*run)(const subject&);
};

std::span<const test_case> all_cases();

}  // namespace driver_suite
