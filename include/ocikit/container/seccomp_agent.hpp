// SPDX-License-Identifier: Apache-2.0
//
// The agent that answers the system calls of a profile with SCMP_ACT_NOTIFY: how it gets its descriptor.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/container/descriptor_message.hpp>
#include <ocikit/container/hooks.hpp>
#include <ocikit/container/state.hpp>
#include <ocikit/container/steps.hpp>
#include <ocikit/spec/state.hpp>
#include <ocikit/spec/tables.hpp>
#include <ocikit/spec/write.hpp>

namespace ocikit::container {

/// What an agent is told of the process `pid` of the container: `creating` for its first one, `running` for one that
/// joins it. `of` knows the container's first process by now. Pure.
/// See: runtime-spec config-linux.md, "The Container Process State".
[[nodiscard]] inline spec::container_process_state agent_state(const state& of, pid_t pid, spec::container_status now,
                                                               zstring_view metadata) {
  return {.oci_version = std::string{specification_version},
          .fds = {"seccompFd"},
          .pid = pid,
          .metadata = std::string{metadata},
          .state = hook_state(of, now)};
}

/// Connects to the agent and hands it `listener` and the state, in one message. The agent owns its copy.
/// Errors: as `connect_to`, within `failed to connect with seccomp agent`, and as `send_descriptor`.
/// See: seccomp_unotify(2).
[[nodiscard]] inline result<void> hand_over_listener(zstring_view agent, fd_view listener,
                                                     const spec::container_process_state& about) {
  const unique_fd socket = OCIKIT_TRY(
      connect_to(agent).map_error([](error e) { return std::move(e).within("failed to connect with seccomp agent"); }));
  return send_descriptor(socket, listener, spec::write(about)).map_error([](error e) {
    return std::move(e).within("sending the seccomp notify descriptor to its agent");
  });
}

}  // namespace ocikit::container
