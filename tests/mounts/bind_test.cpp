// SPDX-License-Identifier: Apache-2.0
#include <ocikit/mounts/bind.hpp>

#include <sys/mount.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "catch.hpp"

using namespace ocikit::mounts;

TEST_CASE("a remount has all flags of the mount and the change, because mount(2) takes what is not said as off") {
  constexpr std::uint64_t shown_relatime = 0x1000, shown_nosymfollow = 0x2000;
  constexpr std::uint64_t nosymfollow = 256, nosymfollow_attribute = 0x200000;
  struct row {
    std::uint64_t shown;
    attributes wanted;
    std::uint64_t flags;
  };
  const row rows[] = {
      {0, {MOUNT_ATTR_RDONLY, 0}, MS_RDONLY | MS_STRICTATIME},
      {shown_relatime, {MOUNT_ATTR_RDONLY, 0}, MS_RDONLY | MS_RELATIME},
      {ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_NODIRATIME,
       {MOUNT_ATTR_RDONLY, 0},
       MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME},
      {ST_NOSUID | ST_RDONLY | shown_relatime,
       {MOUNT_ATTR_NODEV, MOUNT_ATTR_RDONLY},
       MS_NOSUID | MS_NODEV | MS_RELATIME},
      {shown_nosymfollow | shown_relatime, {0, 0}, nosymfollow | MS_RELATIME},
      {shown_nosymfollow | shown_relatime, {0, nosymfollow_attribute}, MS_RELATIME},
      {shown_relatime, {nosymfollow_attribute, 0}, nosymfollow | MS_RELATIME},
      {ST_NOATIME, {MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME}, MS_RELATIME},
      {shown_relatime, {MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME}, MS_STRICTATIME},
      {shown_relatime, {MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME, MOUNT_ATTR__ATIME}, MS_NOATIME | MS_NODIRATIME},
      {ST_NODIRATIME, {0, MOUNT_ATTR_NODIRATIME}, MS_STRICTATIME},
      {0x20 | ST_SYNCHRONOUS | ST_MANDLOCK, {MOUNT_ATTR_RDONLY, 0}, MS_RDONLY | MS_STRICTATIME},  // the superblock's
  };
  for (const row& one : rows) {
    CAPTURE(one.shown, one.wanted.set, one.wanted.clear);
    CHECK(detail::changed_flags(one.shown, one.wanted) == one.flags);
  }
}

TEST_CASE("a descriptor's name is its number") {
  for (const int fd : {0, 7, 10, 1023, 2147483647}) CHECK(detail::descriptor_name{fd}.text == std::to_string(fd));
}

TEST_CASE("only what says that a call is not there counts as that, since EPERM has other reasons") {
  for (const long r : {0L, 5L, -long{EINVAL}, -long{EACCES}}) {
    CHECK(!detail::lacks_open_tree(r));
    CHECK(!detail::lacks_move_mount(r));
    CHECK(!detail::lacks_mount_setattr(r));
  }
  CHECK(detail::lacks_open_tree(-ENOSYS));
  CHECK(detail::lacks_move_mount(-ENOSYS));
  CHECK(detail::lacks_mount_setattr(-ENOSYS));
}
