// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/container/loaded_container.hpp>
#include <ocikit/container/process_identity.hpp>
#include <ocikit/spec/state.hpp>
#include <ocikit/spec/tables.hpp>

namespace ocikit::container {

/// What a container's status follows from.
struct status_facts {
  bool frozen = false;        ///< its own cgroup is, whatever its ancestors are
  bool init_alive = false;    ///< the recorded process runs, and is no zombie
  bool init_waiting = false;  ///< somebody reads exec.fifo
};

/// The status, by runc's order of precedence: frozen is `paused` even without a living init. Pure.
[[nodiscard]] constexpr spec::container_status status_from(const status_facts& facts) noexcept {
  if (facts.frozen) return spec::container_status::paused;
  if (!facts.init_alive) return spec::container_status::stopped;
  return facts.init_waiting ? spec::container_status::created : spec::container_status::running;
}

/// The status of an existing container now; it may be another one when this returns. Errors: system.
[[nodiscard]] inline result<spec::container_status> read_status(const loaded_container& of) {
  status_facts facts;
  facts.frozen = OCIKIT_TRY(of.cgroup->frozen());
  facts.init_alive = OCIKIT_TRY(is_alive(of.init()));
  if (facts.init_alive) facts.init_waiting = OCIKIT_TRY(of.directory.has_waiting_init());
  return status_from(facts);
}

/// `running`. Pure.
[[nodiscard]] constexpr std::string_view status_name(spec::container_status status) noexcept {
  return spec::name_of(status);
}

}  // namespace ocikit::container
