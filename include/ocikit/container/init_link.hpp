// SPDX-License-Identifier: Apache-2.0
//
// The runtime's end of the socket to the init.
#pragma once

#include <sys/socket.h>

#include <cstring>
#include <string>
#include <utility>
#include <variant>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/container/failure_text.hpp>
#include <ocikit/container/wire.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// The init did its steps up to this one of the plan.
struct init_progress {
  std::size_t step = 0;
  unique_fd terminal;  ///< master end of the container's terminal, when it has just been made
  int listener = -1;   ///< the number in the init of the notify descriptor of the filter that it has just loaded
};
/// The init opened the container's terminal and goes on.
struct init_terminal {
  unique_fd master;
};
/// The init arrived in the namespaces that it was to join, as this process, and waits.
struct init_arrival {
  pid_t pid = -1;
};
/// The init took this step of the plan, or with `wire::no_step` began; in a trace.
struct init_trace {
  std::uint32_t step = wire::no_step;
  std::int64_t time = 0;  ///< nanoseconds of CLOCK_REALTIME
};
/// The socket was closed: by a successful execve(2), or by the init's death.
struct init_silence {};

/// The next thing the init says.
using init_word = std::variant<init_progress, init_terminal, init_arrival, init_trace, init_failure, init_silence>;

/// A pair of sockets: the runtime's and the init's end.
struct init_link {
  unique_fd ours;
  unique_fd theirs;

  /// Errors: system.
  static result<init_link> make() {
    int ends[2] = {-1, -1};
    const auto r = sys::raw::call(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
    if (sys::raw::failed(r))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(r), "socketpair(AF_UNIX, SOCK_SEQPACKET)"));
    return init_link{unique_fd{adopt_fd, ends[0]}, unique_fd{adopt_fd, ends[1]}};
  }
};

namespace detail {

/// The one descriptor that came along, if any.
inline unique_fd received_fd(struct ::msghdr& message) {
  unique_fd out;
  for (struct ::cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    int number = -1;
    std::memcpy(&number, CMSG_DATA(c), sizeof number);
    out = unique_fd{adopt_fd, number};
  }
  return out;
}

}  // namespace detail

/// Waits for the init's next word. What it says is taken as from a stranger: lengths and kinds are checked.
/// Errors: system; state for nonsense.
[[nodiscard]] inline result<init_word> receive(fd_view link) {
  struct {
    wire::report report;
    char detail[wire::longest_detail];
  } buffer{};
  struct ::iovec part {
    &buffer, sizeof buffer
  };
  alignas(struct ::cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  struct ::msghdr message {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_LEN(sizeof(int));  // not CMSG_SPACE, whose padding would hold a second descriptor
  sys::raw::outcome r = -EINTR;
  while (r == -EINTR) r = sys::raw::recvmsg(link.get(), message, MSG_CMSG_CLOEXEC);
  if (r == -ECONNRESET || r == 0) return init_word{init_silence{}};
  if (sys::raw::failed(r))
    return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("recvmsg", link)));
  unique_fd with = detail::received_fd(message);
  const auto size = static_cast<std::size_t>(r);
  const auto kind = buffer.report.kind;
  const bool known = kind <= wire::report_kind::taken;
  if (size < sizeof buffer.report || !known || buffer.report.detail_size != size - sizeof buffer.report)
    return tl::unexpected(error::state("the init sent a message that makes no sense"));
  if (kind == wire::report_kind::failed)
    return init_word{init_failure{buffer.report.step, buffer.report.error, static_cast<int>(buffer.report.wait_status),
                                  std::string(buffer.detail, buffer.report.detail_size)}};
  if (kind == wire::report_kind::terminal) return init_word{init_terminal{std::move(with)}};
  if (kind == wire::report_kind::arrived) return init_word{init_arrival{buffer.report.pid}};
  if (kind == wire::report_kind::taken) return init_word{init_trace{buffer.report.step, buffer.report.time}};
  return init_word{init_progress{buffer.report.step, std::move(with), buffer.report.listener}};
}

/// Lets the waiting init go on. Errors: system, EPIPE when it is dead.
[[nodiscard]] inline result<void> say_go(fd_view link) {
  const char word = wire::go;
  const auto r = sys::raw::sendto(link.get(), &word, 1, MSG_NOSIGNAL);
  if (!sys::raw::failed(r)) return {};
  return tl::unexpected(error::from_errno(sys::raw::errno_of(r), "telling the init to go on"));
}

}  // namespace ocikit::container
