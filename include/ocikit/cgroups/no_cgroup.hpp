// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <ocikit/cgroups/driver.hpp>

namespace ocikit::cgroups {

namespace detail {

/// Whether anything of linux.resources asks for a limit: then a missing cgroup is not bearable.
[[nodiscard]] inline bool asks_for_limits(const spec::resources& r) {
  spec::resources without = r;
  without.devices.clear();
  return without != spec::resources{};
}

}  // namespace detail

/// The driver of a container without a cgroup: rootless, nothing asked for, nothing permitted.
class no_cgroup final : public driver {
 public:
  result<void> create() override { return {}; }
  result<void> undo() override { return {}; }
  result<void> apply(const spec::resources& wanted, device_policy) override {
    if (!detail::asks_for_limits(wanted)) return {};
    return tl::unexpected(error::unsupported("the container has no cgroup to set limits in").at("/linux/resources"));
  }
  result<entrance> enter() override { return enter_nothing{}; }
  result<void> attach(pid_t) override { return {}; }
  result<void> freeze() override { return cannot(); }
  result<void> thaw() override { return cannot(); }
  result<bool> frozen() override { return false; }
  result<std::vector<pid_t>> pids() override { return std::vector<pid_t>{}; }
  result<void> kill(int) override { return {}; }
  result<void> remove() override { return {}; }
  [[nodiscard]] path_map paths() const override { return {}; }

 private:
  static result<void> cannot() {
    return tl::unexpected(error::unsupported("freezer not supported: the container has no cgroup"));
  }
};

}  // namespace ocikit::cgroups
