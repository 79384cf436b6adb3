// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include <ocikit/container/console.hpp>
#include <ocikit/container/stdio_copy.hpp>

namespace ocikit::runtime {

/// A process's terminal on its way to whoever asked for it: a console socket, or the caller's own terminal.
class terminal_keeper {
 public:
  terminal_keeper(std::string socket, bool foreground) : socket_{std::move(socket)}, foreground_{foreground} {}

  /// Opens what is needed of the caller's terminal, before the process is made. Errors: system.
  result<void> prepare(bool terminal) {
    if (terminal && foreground_) own_ = OCIKIT_TRY(container::open_own_terminal());
    return {};
  }

  /// Takes the master end. Errors: of the console socket.
  result<void> adopt(unique_fd master) {
    if (!socket_.empty()) return container::send_console(socket_, master);
    master_ = std::move(master);
    return {};
  }

  /// What is copied while the process runs. Errors: system.
  result<container::stdio_copy> copy() {
    if (!master_) return container::stdio_copy::inherited();
    return container::stdio_copy::terminal(std::move(master_), std::move(own_));
  }

 private:
  std::string socket_;
  bool foreground_;
  unique_fd own_;
  unique_fd master_;
};

/// Whether terminal, console socket and staying in the foreground go together. Errors: config, in runc's words.
[[nodiscard]] inline result<void> check_terminal(bool terminal, bool socket, bool foreground) {
  if (terminal && !foreground && !socket)
    return tl::unexpected(
        error::config("/process/terminal", "cannot allocate tty if runc will detach without setting console socket"));
  if (socket && (foreground || !terminal))
    return tl::unexpected(error::config("", "cannot use console socket if runc will not detach or allocate tty"));
  return {};
}

}  // namespace ocikit::runtime
