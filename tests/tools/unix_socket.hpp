// SPDX-License-Identifier: Apache-2.0
//
// What the socket tools share: a listening Unix socket, a message with descriptors, a pid file, a last word.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/sys/call.hpp>

namespace ocikit::tools {

/// Prints the error and ends the program.
[[noreturn]] inline void die(const error& why) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, why.message().c_str());
  std::exit(1);
}
/// The value, or the end of the program.
template <class T>
T or_die(result<T> tried) {
  if (!tried) die(tried.error());
  if constexpr (!std::is_void_v<T>) return std::move(*tried);
}
[[noreturn]] inline void usage(const char* arguments) {
  std::fprintf(stderr, "usage: %s %s\n", program_invocation_short_name, arguments);
  std::exit(2);
}

/// Writes our pid to `path`, whole or not at all, so that a reader never sees half a number. An empty path: nothing.
inline result<void> write_pid_file(const std::string& path) {
  if (path.empty()) return {};
  const std::string partial = path + ".partial";
  {
    const unique_fd file = OCIKIT_TRY(sys::openat(sys::at_fdcwd, partial, O_WRONLY | O_CREAT | O_TRUNC, 0644));
    OCIKIT_TRY(sys::write_all(file, std::to_string(::getpid())));
  }
  return sys::rename_within(sys::at_fdcwd, partial, path);
}

/// A listening socket at `path`; what an earlier run left there is removed.
inline result<unique_fd> listen_at(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return tl::unexpected(error::config("", "socket path is too long"));
  std::copy(path.begin(), path.end(), address.sun_path);
  (void)::unlink(address.sun_path);
  unique_fd listener{adopt_fd, ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!listener) return tl::unexpected(error::from_errno(errno, "socket(AF_UNIX, SOCK_STREAM)"));
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return tl::unexpected(error::from_errno(errno, sys::call_text("bind", listener.view(), path)));
  if (::listen(listener.get(), 16) != 0)
    return tl::unexpected(error::from_errno(errno, sys::call_text("listen", listener.view())));
  return listener;
}

inline result<unique_fd> accept_from(fd_view listener) {
  const int number = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
  if (number < 0) return tl::unexpected(error::from_errno(errno, sys::call_text("accept4", listener)));
  return unique_fd{adopt_fd, number};
}

/// One message: its bytes and the descriptors that came along.
struct message {
  std::string payload;
  std::vector<unique_fd> descriptors;
};

inline std::vector<unique_fd> take_descriptors(msghdr& header) {
  std::vector<unique_fd> taken;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(part) + i * sizeof number, sizeof number);
      taken.emplace_back(adopt_fd, number);
    }
  }
  return taken;
}

/// Receives one message of at most 64 KiB with at most 16 descriptors.
inline result<message> receive(fd_view connection) {
  message got;
  got.payload.resize(65536);
  iovec bytes{got.payload.data(), got.payload.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(16 * sizeof(int))];
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const auto size = ::recvmsg(connection.get(), &header, MSG_CMSG_CLOEXEC);
  if (size < 0) return tl::unexpected(error::from_errno(errno, sys::call_text("recvmsg", connection)));
  got.payload.resize(static_cast<std::size_t>(size));
  got.descriptors = take_descriptors(header);
  return got;
}

/// The one descriptor that a console or pidfd socket is for.
inline result<unique_fd> receive_descriptor(fd_view connection) {
  message got = OCIKIT_TRY(receive(connection));
  if (got.descriptors.size() != 1)
    return tl::unexpected(error::state("wanted one descriptor, got " + std::to_string(got.descriptors.size())));
  return std::move(got.descriptors.front());
}

}  // namespace ocikit::tools
