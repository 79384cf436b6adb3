// SPDX-License-Identifier: Apache-2.0
//
// One descriptor in one message over an AF_UNIX stream socket: how a pty master or a pidfd is handed over. The raw half
// allocates nothing and is fit for the container's init.
#pragma once

#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/sys/call_text.hpp>
#include <ocikit/sys/raw.hpp>

namespace ocikit::container {

namespace raw {

/// sendmsg(2) of `descriptor` with `payload` beside it, which must not be empty: a stream socket drops a descriptor
/// that rides on no byte. EINTR is asked again. Returns the bytes sent, or a negative errno.
inline sys::raw::outcome send_descriptor(int socket, int descriptor, const char* payload, std::size_t size) noexcept {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
  ::iovec bytes{const_cast<char*>(payload), size};  // the kernel only reads it; iovec has no const form
  ::msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ::cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof descriptor);
  __builtin_memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  sys::raw::outcome sent = -EINTR;
  while (sent == -EINTR) sent = sys::raw::sendmsg(socket, message, MSG_NOSIGNAL);
  return sent;
}

}  // namespace raw

/// Sends `descriptor` and `payload` in one message over the connected `socket`. `payload` must not be empty; what a
/// signal keeps from going along with the descriptor follows.
[[nodiscard]] inline result<void> send_descriptor(fd_view socket, fd_view descriptor, std::string_view payload) {
  const auto sent = raw::send_descriptor(socket.get(), descriptor.get(), payload.data(), payload.size());
  if (sys::raw::failed(sent))
    return tl::unexpected(
        error::from_errno(sys::raw::errno_of(sent), sys::call_text("sendmsg", socket, payload, descriptor)));
  for (payload.remove_prefix(static_cast<std::size_t>(sent)); !payload.empty();) {
    const auto more = sys::raw::sendto(socket.get(), payload.data(), payload.size(), MSG_NOSIGNAL);
    if (more == -EINTR) continue;
    if (sys::raw::failed(more))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(more), sys::call_text("sendto", socket, payload)));
    payload.remove_prefix(static_cast<std::size_t>(more));
  }
  return {};
}

/// What `receive_descriptor` got: the descriptor, close-on-exec, and the text that came with it.
struct received_descriptor {
  unique_fd descriptor;
  std::string payload;
};

namespace detail {

inline unique_fd descriptor_in(::msghdr& message) {
  const ::cmsghdr* rights = CMSG_FIRSTHDR(&message);
  if (rights == nullptr || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS ||
      rights->cmsg_len != CMSG_LEN(sizeof(int)))
    return {};
  int number = -1;
  std::memcpy(&number, CMSG_DATA(rights), sizeof number);
  return unique_fd{adopt_fd, number};
}

}  // namespace detail

/// Receives one message with exactly one descriptor and at most 4096 bytes of text; waits for it.
///
/// Two descriptors in one message do not fit the buffer: the kernel closes the second and says so, and the message is
/// refused. Errors: system; state when the peer closed the socket or sent something else.
[[nodiscard]] inline result<received_descriptor> receive_descriptor(fd_view socket) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  char text[4096];
  ::iovec bytes{text, sizeof text};
  ::msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_LEN(sizeof(int));  // not CMSG_SPACE, whose padding would hold a second descriptor
  sys::raw::outcome size = -EINTR;
  while (size == -EINTR) size = sys::raw::recvmsg(socket.get(), message, MSG_CMSG_CLOEXEC);
  if (sys::raw::failed(size))
    return tl::unexpected(error::from_errno(sys::raw::errno_of(size), sys::call_text("recvmsg", socket)));
  received_descriptor got{detail::descriptor_in(message), std::string(text, static_cast<std::size_t>(size))};
  if (!got.descriptor || (message.msg_flags & MSG_CTRUNC) != 0)
    return tl::unexpected(error::state(sys::call_text("recvmsg", socket) + ": not exactly one descriptor"));
  return got;
}

/// A socket of `type` connected to the AF_UNIX socket at `path`; `@name` is a name in the abstract namespace, as Go's
/// programs and sd_notify(3) write it, so a file of such a name needs `./`. Waits for half a minute at most, now and
/// when it is written to, for a listener that does not accept or read. See: unix(7), socket(7) SO_SNDTIMEO.
/// Errors: config when `path` is empty or longer than a socket's address can hold (107 bytes); system.
[[nodiscard]] inline result<unique_fd> connect_to(zstring_view path, int type = SOCK_STREAM) {
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return tl::unexpected(error::config("", "socket path " + sys::detail::shown(std::string_view{path}) + " has " +
                                                std::to_string(path.size()) + " bytes: 1 to " +
                                                std::to_string(sizeof address.sun_path - 1) + " are possible"));
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const bool abstract = std::string_view{path}.starts_with('@');
  if (abstract) address.sun_path[0] = '\0';
  const std::size_t size = abstract ? offsetof(::sockaddr_un, sun_path) + path.size() : sizeof address;
  const auto made = sys::raw::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (sys::raw::failed(made))
    return tl::unexpected(error::from_errno(sys::raw::errno_of(made), sys::call_text("socket", AF_UNIX)));
  unique_fd connected{adopt_fd, static_cast<int>(made)};
  constexpr ::timeval patience{30, 0};
  (void)sys::raw::call(SYS_setsockopt, connected.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const auto r = sys::raw::call(SYS_connect, connected.get(), &address, size);
  if (sys::raw::failed(r))
    return tl::unexpected(error::from_errno(sys::raw::errno_of(r), sys::call_text("connect", std::string_view{path})));
  return connected;
}

}  // namespace ocikit::container
