// SPDX-License-Identifier: Apache-2.0
//
// sd_notify(3) across the container's border. The container gets a socket of its own, and what it says there of being
// ready is passed on to the service manager in the runtime's name. Everything else it says is dropped: it is not the
// service's to say.
#pragma once

#include <poll.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/container/descriptor_message.hpp>
#include <ocikit/spec/types.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// The socket's directory below the container's own, and where the container sees it.
inline constexpr zstring_view notify_directory = "notify";
inline constexpr zstring_view notify_mount_point = "/run/notify";

/// Adds the socket's directory, `source` on the host, to the container's mounts, and its path to the environment.
inline void add_notify_socket(spec::config& to, std::string source) {
  spec::mount one;
  one.destination = notify_mount_point;
  one.source = std::move(source);
  one.type = "bind";
  one.options = {"bind", "nosuid", "noexec", "nodev", "ro"};
  to.mounts.push_back(std::move(one));
  if (!to.process->env) to.process->env.emplace();
  to.process->env->push_back("NOTIFY_SOCKET=" + std::string{notify_mount_point} + "/notify.sock");
}

/// The `READY=...` line of what a service says, without its newline; nothing when there is none. Pure.
[[nodiscard]] inline std::optional<std::string> ready_line(std::string_view message) {
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\n'), message.size());
    const std::string_view line = message.substr(0, end);
    if (line.starts_with("READY=")) return std::string{line};
    message.remove_prefix(std::min(end + 1, message.size()));
  }
  return std::nullopt;
}

/// The container's socket.
class notify_socket {
 public:
  /// Makes and listens at `notify/notify.sock` below `container`, the container's directory, for everybody to write to.
  /// Errors: system; ENOENT when the container was created without one.
  [[nodiscard]] static result<notify_socket> listen(fd_view container) {
    const unique_fd directory =
        OCIKIT_TRY(sys::openat(container, notify_directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    const auto made = sys::raw::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sys::raw::failed(made))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(made), sys::call_text("socket", AF_UNIX)));
    notify_socket out{unique_fd{adopt_fd, static_cast<int>(made)}};
    (void)sys::raw::unlinkat(directory.get(), "notify.sock", 0);  // of a start that failed
    // The directory's own path may be too long for an address.
    const std::string path = "/proc/self/fd/" + std::to_string(directory.get()) + "/notify.sock";
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size());
    const auto r = sys::raw::call(SYS_bind, out.fd_.get(), &address, sizeof address);
    if (sys::raw::failed(r))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("bind", std::string_view{path})));
    const auto opened = sys::raw::call(SYS_fchmodat, directory.get(), "notify.sock", 0777);
    OCIKIT_TRY(sys::detail::explain_void(opened, "fchmodat", directory, "notify.sock", 0777));
    return out;
  }

  [[nodiscard]] fd_view fd() const noexcept { return fd_; }

  /// Reads what was said, one message; its `READY=...` line if it has one. Never waits.
  [[nodiscard]] std::optional<std::string> take() const {
    char text[4096];
    const auto size = sys::raw::recvfrom(fd_.get(), text, sizeof text, 0);
    return size > 0 ? ready_line({text, static_cast<std::size_t>(size)}) : std::nullopt;
  }

 private:
  explicit notify_socket(unique_fd fd) : fd_{std::move(fd)} {}
  unique_fd fd_;
};

/// Tells the service manager at `manager` (the runtime's own NOTIFY_SOCKET) that the service is ready, in the line
/// that it used itself, and that its main process is `main_pid`; then waits up to `patience` until the manager has read
/// all that. False: it took longer. Errors: system. See: sd_notify(3), BARRIER.
[[nodiscard]] inline result<bool> pass_on_readiness(zstring_view manager, const std::string& line, pid_t main_pid,
                                                    std::chrono::milliseconds patience) {
  const unique_fd socket = OCIKIT_TRY(connect_to(manager, SOCK_DGRAM));
  OCIKIT_TRY(sys::write_all(socket, line + '\n'));
  OCIKIT_TRY(sys::write_all(socket, "MAINPID=" + std::to_string(main_pid) + '\n'));
  int ends[2] = {-1, -1};
  const auto piped = sys::raw::pipe2(ends, O_CLOEXEC);
  if (sys::raw::failed(piped)) return tl::unexpected(error::from_errno(sys::raw::errno_of(piped), "pipe2(O_CLOEXEC)"));
  const unique_fd ours{adopt_fd, ends[0]};
  unique_fd theirs{adopt_fd, ends[1]};
  OCIKIT_TRY(send_descriptor(socket, theirs, "BARRIER=1"));
  theirs.reset();
  ::pollfd closed{ours.get(), POLLIN, 0};
  const int ready = ::poll(&closed, 1, static_cast<int>(patience.count()));
  return ready > 0;
}

/// Waits until the container says that it is ready, and returns its line; nothing when `process` ends first.
/// Errors: system.
[[nodiscard]] inline result<std::optional<std::string>> await_readiness(const notify_socket& socket, fd_view process) {
  for (;;) {
    ::pollfd watched[2] = {{socket.fd().get(), POLLIN, 0}, {process.get(), POLLIN, 0}};
    sys::raw::outcome r = -EINTR;
    while (r == -EINTR) r = sys::raw::ppoll(watched, 2, nullptr);
    if (sys::raw::failed(r)) return tl::unexpected(error::from_errno(sys::raw::errno_of(r), "ppoll"));
    if (watched[0].revents != 0)
      if (auto line = socket.take()) return line;
    if (watched[0].revents == 0 && watched[1].revents != 0) return std::optional<std::string>{};
  }
}

}  // namespace ocikit::container
