// SPDX-License-Identifier: Apache-2.0
//
// Takes the steps of steps.hpp. Raw storey: no allocation, no decision; the outcome is the kernel's.
#pragma once

#include <linux/if.h>
#include <linux/sockios.h>

#include <cstring>

#include <ocikit/namespaces/steps.hpp>
#include <ocikit/sys/procfs.hpp>
#include <ocikit/sys/raw.hpp>

namespace ocikit::namespaces {

using sys::raw::outcome;

/// See unshare(2).
[[nodiscard]] inline outcome execute(const unshare& s) noexcept { return sys::raw::unshare(s.flags); }

namespace detail {

/// The link below /proc that leads to a process's own namespace of that type.
[[nodiscard]] inline const char* own_link(std::uint64_t type) noexcept {
  switch (type) {
    case CLONE_NEWNET:
      return "self/ns/net";
    case CLONE_NEWIPC:
      return "self/ns/ipc";
    case CLONE_NEWUTS:
      return "self/ns/uts";
    case CLONE_NEWNS:
      return "self/ns/mnt";
    case CLONE_NEWCGROUP:
      return "self/ns/cgroup";
    default:
      return "self/ns/time";
  }
}

/// Whether the process is in the namespace `fd` already.
[[nodiscard]] inline bool is_in(int fd, std::uint64_t type, int procfs) noexcept {
  struct ::statx wanted {
  }, own{};
  return !sys::raw::failed(sys::raw::statx(fd, "", AT_EMPTY_PATH, STATX_INO, wanted)) &&
         !sys::raw::failed(sys::raw::statx(procfs, own_link(type), 0, STATX_INO, own)) &&
         wanted.stx_ino == own.stx_ino && wanted.stx_dev_minor == own.stx_dev_minor;
}

}  // namespace detail

/// `fd` is what the slot of `s` holds, `procfs` a descriptor of a trusted /proc. EPERM is fine for a namespace that was
/// joined before the user namespace, whose root may not join it again. See setns(2).
[[nodiscard]] inline outcome execute(const join& s, int fd, int procfs) noexcept {
  const outcome r = sys::raw::setns(fd, static_cast<int>(s.type));
  return r == -EPERM && detail::is_in(fd, s.type, procfs) ? 0 : r;
}

/// `procfs` is a descriptor of a trusted /proc. Since: Linux 5.6.
/// The caller of unshare(2) stays outside a new time namespace, so it is entered through time_for_children.
[[nodiscard]] inline outcome execute(const enter_time_namespace& s, int procfs) noexcept {
  outcome r = sys::raw::unshare(CLONE_NEWTIME);
  if (!sys::raw::failed(r) && !s.offsets.empty())
    r = sys::raw::write_below_procfs(procfs, "self/timens_offsets", s.offsets.c_str(), s.offsets.size());
  if (sys::raw::failed(r)) return r;
  const outcome entry = sys::raw::openat(procfs, "self/ns/time_for_children", O_RDONLY);
  if (sys::raw::failed(entry)) return entry;
  r = sys::raw::setns(static_cast<int>(entry), CLONE_NEWTIME);
  (void)sys::raw::close(static_cast<int>(entry));
  return r;
}

/// See setresgid(2), setresuid(2), setgroups(2); a user namespace that denies setgroups keeps the groups.
[[nodiscard]] inline outcome execute(const become_root& s) noexcept {
  outcome r = sys::raw::setresgid(s.gid, s.gid, s.gid);
  if (!sys::raw::failed(r)) r = sys::raw::setresuid(s.uid, s.uid, s.uid);
  return r;
}

/// See netdevice(7).
[[nodiscard]] inline outcome execute(const bring_up_loopback&) noexcept {
  const outcome fd = sys::raw::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sys::raw::failed(fd)) return fd;
  struct ::ifreq request {};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP;
  // The socket is close-on-exec, like all that the init opens.
  return sys::raw::ioctl(static_cast<int>(fd), SIOCSIFFLAGS, sys::raw::reg(&request));
}

/// See sethostname(2).
[[nodiscard]] inline outcome execute(const set_hostname& s) noexcept {
  return sys::raw::sethostname(s.hostname.c_str(), s.hostname.size());
}

/// See setdomainname(2).
[[nodiscard]] inline outcome execute(const set_domainname& s) noexcept {
  return sys::raw::setdomainname(s.domainname.c_str(), s.domainname.size());
}

/// `procfs` is a descriptor of a trusted /proc.
[[nodiscard]] inline outcome execute(const write_sysctl& s, int procfs) noexcept {
  return sys::raw::write_below_procfs(procfs, s.path.c_str(), s.value.c_str(), s.value.size());
}

}  // namespace ocikit::namespaces
