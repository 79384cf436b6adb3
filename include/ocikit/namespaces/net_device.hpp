// SPDX-License-Identifier: Apache-2.0
//
// Moves a network device into another network namespace, by rtnetlink. For the runtime, on the host's side.
// See: runtime-spec config-linux.md, "Network Devices"; rtnetlink(7), netlink(7).
#pragma once

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::namespaces {

namespace detail {

inline constexpr std::size_t netlink_aligned(std::size_t size) noexcept { return (size + 3) & ~std::size_t{3}; }

/// The bytes of a message behind its header: a fixed structure, then attributes.
class netlink_body {
 public:
  template <class Fixed>
  explicit netlink_body(const Fixed& fixed) {
    append(&fixed, sizeof fixed);
  }

  netlink_body& attribute(std::uint16_t type, std::string_view value) {
    const ::rtattr head{static_cast<std::uint16_t>(sizeof(::rtattr) + value.size()), type};
    append(&head, sizeof head);
    append(value.data(), value.size());
    return *this;
  }
  netlink_body& attribute(std::uint16_t type, std::uint32_t value) {
    return attribute(type, {reinterpret_cast<const char*>(&value), sizeof value});
  }
  netlink_body& name(std::uint16_t type, std::string_view value) { return attribute(type, std::string{value} + '\0'); }

  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  void append(const void* from, std::size_t size) {
    bytes_.append(static_cast<const char*>(from), size);
    bytes_.resize(netlink_aligned(bytes_.size()));
  }
  std::string bytes_;
};

/// Calls `each(type, value)` for every attribute in `bytes`; stops at one that cannot be.
inline void for_each_attribute(std::string_view bytes,
                               const std::function<void(std::uint16_t, std::string_view)>& each) {
  ::rtattr head{};
  while (bytes.size() >= sizeof head) {
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > bytes.size()) return;
    each(head.rta_type, bytes.substr(sizeof head, head.rta_len - sizeof head));
    bytes.remove_prefix(std::min(bytes.size(), netlink_aligned(head.rta_len)));
  }
}

/// A socket to the network namespace in which it was opened.
class netlink {
 public:
  using on_reply = std::function<void(std::uint16_t type, std::string_view body)>;

  [[nodiscard]] static result<netlink> open() {
    const auto made = sys::raw::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (!sys::raw::failed(made)) return netlink{unique_fd{adopt_fd, static_cast<int>(made)}};
    return tl::unexpected(error::from_errno(sys::raw::errno_of(made), "socket(AF_NETLINK)"));
  }

  /// Sends a request and hands each answer to `reply`, until the kernel has acknowledged it or has no more.
  /// Errors: system, with `what` for the request.
  [[nodiscard]] result<void> ask(std::uint16_t type, unsigned flags, const netlink_body& body, std::string_view what,
                                 const on_reply& reply = {}) {
    ::nlmsghdr head{};
    head.nlmsg_len = static_cast<std::uint32_t>(sizeof head + body.bytes().size());
    head.nlmsg_type = type;
    head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    head.nlmsg_seq = ++sequence_;
    std::string message(reinterpret_cast<const char*>(&head), sizeof head);
    message += body.bytes();
    const auto fail = [&](int code) { return tl::unexpected(error::from_errno(code, std::string{what})); };
    const auto sent = sys::raw::sendto(fd_.get(), message.data(), message.size(), 0);
    if (sys::raw::failed(sent)) return fail(sys::raw::errno_of(sent));
    for (;;) {
      char buffer[32768];
      sys::raw::outcome size = -EINTR;
      while (size == -EINTR) size = sys::raw::recvfrom(fd_.get(), buffer, sizeof buffer, 0);
      if (sys::raw::failed(size)) return fail(sys::raw::errno_of(size));
      const int end = read({buffer, static_cast<std::size_t>(size)}, reply);
      if (end <= 0) return end == 0 ? result<void>{} : result<void>{fail(-end)};
    }
  }

 private:
  explicit netlink(unique_fd fd) : fd_{std::move(fd)} {}

  /// 1: more is to come, 0: it was the end, else a negative errno.
  [[nodiscard]] int read(std::string_view bytes, const on_reply& reply) const {
    ::nlmsghdr head{};
    while (bytes.size() >= sizeof head) {
      std::memcpy(&head, bytes.data(), sizeof head);
      if (head.nlmsg_len < sizeof head || head.nlmsg_len > bytes.size()) return -EBADMSG;
      const std::string_view body = bytes.substr(sizeof head, head.nlmsg_len - sizeof head);
      bytes.remove_prefix(std::min(bytes.size(), netlink_aligned(head.nlmsg_len)));
      if (head.nlmsg_seq != sequence_) continue;
      if (head.nlmsg_type == NLMSG_DONE) return 0;
      if (head.nlmsg_type == NLMSG_ERROR) {
        int code = -EBADMSG;
        if (body.size() >= sizeof code) std::memcpy(&code, body.data(), sizeof code);
        return code;
      }
      if (reply) reply(head.nlmsg_type, body);
    }
    return 1;
  }

  unique_fd fd_;
  std::uint32_t sequence_ = 0;
};

/// An address of a device, as rtnetlink tells and takes it.
struct device_address {
  ::ifaddrmsg fixed{};
  std::vector<std::pair<std::uint16_t, std::string>> attributes;
};

class device_mover {
 public:
  device_mover(zstring_view name, zstring_view renamed) : name_{name}, renamed_{renamed} {}

  result<void> move_to(fd_view target) {
    netlink here = OCIKIT_TRY(netlink::open());
    const int index = OCIKIT_TRY(index_of(here, name_));
    const auto addresses = OCIKIT_TRY(addresses_of(here, index));
    OCIKIT_TRY(set_up(here, index, false));
    ::ifinfomsg link{};
    link.ifi_index = index;
    netlink_body body{link};
    body.attribute(IFLA_NET_NS_FD, static_cast<std::uint32_t>(target.get())).name(IFLA_IFNAME, renamed_);
    OCIKIT_TRY(here.ask(RTM_NEWLINK, NLM_F_ACK, body, "move it to the container"));
    netlink there = OCIKIT_TRY(open_in(target));
    const int index_there = OCIKIT_TRY(index_of(there, renamed_));
    for (const device_address& address : addresses) OCIKIT_TRY(add_address(there, index_there, address));
    return set_up(there, index_there, true);
  }

 private:
  /// A socket in `target`, where this process only is for as long as that takes.
  static result<netlink> open_in(fd_view target) {
    const auto own = OCIKIT_TRY(sys::openat(sys::at_fdcwd, "/proc/self/ns/net", O_RDONLY));
    const auto enter = [](fd_view which) -> result<void> {
      const auto r = sys::raw::setns(which.get(), CLONE_NEWNET);
      return sys::detail::explain_void(r, "setns", which, CLONE_NEWNET);
    };
    OCIKIT_TRY(enter(target));
    auto made = netlink::open();
    OCIKIT_TRY(enter(own));
    return made;
  }

  static result<int> index_of(netlink& in, std::string_view name) {
    int index = 0;
    netlink_body body{::ifinfomsg{}};
    body.name(IFLA_IFNAME, name);
    OCIKIT_TRY(in.ask(RTM_GETLINK, NLM_F_ACK, body, "find it", [&](std::uint16_t, std::string_view reply) {
      ::ifinfomsg link{};
      if (reply.size() < sizeof link) return;
      std::memcpy(&link, reply.data(), sizeof link);
      index = link.ifi_index;
    }));
    return index;
  }

  /// The permanent ones of global scope: others the kernel makes by itself, or they have no meaning elsewhere.
  static result<std::vector<device_address>> addresses_of(netlink& in, int index) {
    std::vector<device_address> found;
    const netlink_body all{::ifaddrmsg{}};
    OCIKIT_TRY(in.ask(RTM_GETADDR, NLM_F_DUMP, all, "list its addresses", [&](std::uint16_t, std::string_view reply) {
      device_address one;
      if (reply.size() < sizeof one.fixed) return;
      std::memcpy(&one.fixed, reply.data(), sizeof one.fixed);
      std::uint32_t flags = one.fixed.ifa_flags;
      const std::string_view attributes = reply.substr(netlink_aligned(sizeof one.fixed));
      for_each_attribute(attributes, [&](std::uint16_t type, std::string_view value) {
        if (type == IFA_FLAGS && value.size() == sizeof flags) std::memcpy(&flags, value.data(), sizeof flags);
        if (type == IFA_LOCAL || type == IFA_ADDRESS || type == IFA_BROADCAST)
          one.attributes.emplace_back(type, std::string{value});
      });
      const bool wanted = static_cast<int>(one.fixed.ifa_index) == index && one.fixed.ifa_scope == RT_SCOPE_UNIVERSE &&
                          (flags & IFA_F_PERMANENT) != 0;
      if (wanted) found.push_back(std::move(one));
    }));
    return found;
  }

  static result<void> add_address(netlink& to, int index, const device_address& address) {
    ::ifaddrmsg fixed = address.fixed;
    fixed.ifa_index = static_cast<std::uint32_t>(index);
    fixed.ifa_flags = 0;
    netlink_body body{fixed};
    for (const auto& [type, value] : address.attributes) body.attribute(type, value);
    return to.ask(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, body, "give it its address again");
  }

  static result<void> set_up(netlink& in, int index, bool up) {
    ::ifinfomsg link{};
    link.ifi_index = index;
    link.ifi_change = IFF_UP;
    link.ifi_flags = up ? IFF_UP : 0;
    return in.ask(RTM_NEWLINK, NLM_F_ACK, netlink_body{link}, up ? "set it up" : "set it down");
  }

  zstring_view name_, renamed_;
};

}  // namespace detail

/// Moves the device `name` of the caller's network namespace to the one that `target` is open on, where it is called
/// `renamed`. It keeps its permanent addresses of global scope, and is up in the end; routes are not kept. When the
/// other namespace goes, a physical device comes back to the host's. The caller must have one thread.
/// Errors: system, naming device and request: ENODEV for no such device, EEXIST for a name that is taken there.
[[nodiscard]] inline result<void> move_net_device(zstring_view name, zstring_view renamed, fd_view target) {
  return detail::device_mover{name, renamed}.move_to(target).map_error(
      [&](error e) { return std::move(e).within("network device \"" + std::string{name} + "\""); });
}

}  // namespace ocikit::namespaces
