// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdlib>

#include <ocikit/container/notify_socket.hpp>

#include "command_line.hpp"

namespace ocikit::runtime {

/// The socket of the service manager that started the program; empty: nobody wants to be told.
[[nodiscard]] inline zstring_view service_manager() {
  const char* const socket = std::getenv("NOTIFY_SOCKET");
  return socket == nullptr ? zstring_view{} : zstring_view{socket};
}

/// Waits until the container, whose first process is `pid`, says that it is ready, and tells `manager`; a container
/// that ends first has nothing to say. Errors: system.
[[nodiscard]] inline result<void> tell_manager(const invocation& call, const container::notify_socket& notify,
                                               zstring_view manager, pid_t pid, fd_view pidfd) {
  const auto line = OCIKIT_TRY(container::await_readiness(notify, pidfd));
  if (!line) return {};
  constexpr std::chrono::seconds patience{30};
  if (!OCIKIT_TRY(container::pass_on_readiness(manager, *line, pid, patience)))
    call.log.warning("the service manager has not read that the container is ready");
  return {};
}

}  // namespace ocikit::runtime
