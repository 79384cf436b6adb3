// SPDX-License-Identifier: Apache-2.0
#include <ocikit/mounts/options.hpp>

#include <sys/mount.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"

using namespace ocikit::mounts;

namespace {

using list = std::vector<std::string>;

/// All of an option_set in one value.
std::string sum(const option_set& o) {
  std::string out = std::to_string(o.flags) + " -" + std::to_string(o.cleared) + " r" +
                    std::to_string(o.recursive_set) + " -r" + std::to_string(o.recursive_clear) + " data:" + o.data +
                    (o.copy_up ? " copy-up" : "") + (o.id_map ? " id-map" : "") + (o.id_map_recursive ? "-r" : "") +
                    (o.copy_link ? " copy-link" : "") + (o.source_nofollow ? " source" : "") +
                    (o.target_nofollow ? " target" : "") + " propagation:";
  for (const std::uint64_t p : o.propagation) out += std::to_string(p) + ",";
  return out;
}

constexpr std::uint64_t no_symfollow = 256, no_symfollow_attribute = 0x200000;  // newer than many C libraries

struct flag_row {
  const char* name;
  std::uint64_t set, cleared;
};

/// From mount(8) and <sys/mount.h>, not from the table under test.
const flag_row flag_rows[] = {
    {"ro", MS_RDONLY, 0},
    {"rw", 0, MS_RDONLY},
    {"nosuid", MS_NOSUID, 0},
    {"suid", 0, MS_NOSUID},
    {"nodev", MS_NODEV, 0},
    {"dev", 0, MS_NODEV},
    {"noexec", MS_NOEXEC, 0},
    {"exec", 0, MS_NOEXEC},
    {"nosymfollow", no_symfollow, 0},
    {"symfollow", 0, no_symfollow},
    {"nodiratime", MS_NODIRATIME, 0},
    {"diratime", 0, MS_NODIRATIME},
    {"noatime", MS_NOATIME, 0},
    {"atime", 0, MS_NOATIME},
    {"relatime", MS_RELATIME, 0},
    {"norelatime", 0, MS_RELATIME},
    {"strictatime", MS_STRICTATIME, 0},
    {"nostrictatime", 0, MS_STRICTATIME},
    {"sync", MS_SYNCHRONOUS, 0},
    {"async", 0, MS_SYNCHRONOUS},
    {"dirsync", MS_DIRSYNC, 0},
    {"mand", MS_MANDLOCK, 0},
    {"nomand", 0, MS_MANDLOCK},
    {"iversion", MS_I_VERSION, 0},
    {"noiversion", 0, MS_I_VERSION},
    {"lazytime", MS_LAZYTIME, 0},
    {"nolazytime", 0, MS_LAZYTIME},
    {"silent", MS_SILENT, 0},
    {"loud", 0, MS_SILENT},
    {"bind", MS_BIND, 0},
    {"rbind", MS_BIND | MS_REC, 0},
    {"remount", MS_REMOUNT, 0},
};

struct propagation_row {
  const char* name;
  std::uint64_t flags;
};
const propagation_row propagation_rows[] = {
    {"private", MS_PRIVATE},       {"rprivate", MS_PRIVATE | MS_REC},
    {"slave", MS_SLAVE},           {"rslave", MS_SLAVE | MS_REC},
    {"shared", MS_SHARED},         {"rshared", MS_SHARED | MS_REC},
    {"unbindable", MS_UNBINDABLE}, {"runbindable", MS_UNBINDABLE | MS_REC},
};

struct attribute_row {
  const char* name;
  std::uint64_t set, clear;
};
/// mount_setattr(2)'s: every atime setting needs the whole field cleared.
const attribute_row attribute_rows[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nosymfollow", no_symfollow_attribute, 0},
    {"symfollow", 0, no_symfollow_attribute},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"norelatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
};

option_set flags(std::uint64_t set, std::uint64_t cleared) {
  option_set out;
  out.flags = set;
  out.cleared = cleared;
  return out;
}

}  // namespace

TEST_CASE("every option is read as mount(8) means it") {
  for (const flag_row& row : flag_rows) {
    CAPTURE(row.name);
    CHECK(sum(parse_options(list{row.name})) == sum(flags(row.set, row.cleared)));
  }
  for (const propagation_row& row : propagation_rows) {
    CAPTURE(row.name);
    option_set wanted;
    wanted.propagation = {row.flags};
    CHECK(sum(parse_options(list{row.name})) == sum(wanted));
  }
  for (const attribute_row& row : attribute_rows) {
    CAPTURE(row.name);
    option_set wanted;
    wanted.recursive_set = row.set;
    wanted.recursive_clear = row.clear;
    CHECK(sum(parse_options(list{std::string{"r"} + row.name})) == sum(wanted));
  }
}

TEST_CASE("the tables here know every option that `features` names, so that none goes untested") {
  list mine;
  for (const flag_row& row : flag_rows) mine.emplace_back(row.name);
  for (const propagation_row& row : propagation_rows) mine.emplace_back(row.name);
  for (const attribute_row& row : attribute_rows) mine.push_back(std::string{"r"} + row.name);
  for (const char* name : {"defaults", "tmpcopyup", "idmap", "ridmap", "copy-symlink", "src-nofollow", "dest-nofollow"})
    mine.emplace_back(name);
  auto named = option_names();
  std::sort(mine.begin(), mine.end());
  std::sort(named.begin(), named.end());
  CHECK(named == mine);
}

TEST_CASE("a later option undoes an earlier one, because fstab(5) works so") {
  for (const flag_row& on : flag_rows)
    for (const flag_row& off : flag_rows) {
      if (on.set == 0 || on.set != off.cleared) continue;
      CAPTURE(on.name, off.name);
      CHECK(sum(parse_options(list{on.name, off.name})) == sum(flags(0, on.set)));
      CHECK(sum(parse_options(list{off.name, on.name})) == sum(flags(on.set, 0)));
      CHECK(sum(parse_options(list{on.name, off.name, on.name})) == sum(flags(on.set, 0)));
    }
}

TEST_CASE("recursive attributes undo each other too, and leave the mount's own flags alone") {
  struct row {
    list options;
    std::uint64_t set, clear;
  };
  const row rows[] = {
      {{"rro", "rrw"}, 0, MOUNT_ATTR_RDONLY},
      {{"rrw", "rro"}, MOUNT_ATTR_RDONLY, 0},
      {{"rro", "rnosuid"}, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0},
      {{"rnoatime", "rstrictatime"}, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
      {{"rstrictatime", "rnoatime"}, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
      {{"rnoatime", "ratime"}, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
      {{"rnodiratime", "rnoatime"}, MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
  };
  for (const row& one : rows) {
    CAPTURE(one.options);
    option_set wanted;
    wanted.recursive_set = one.set;
    wanted.recursive_clear = one.clear;
    CHECK(sum(parse_options(one.options)) == sum(wanted));
  }
}

TEST_CASE("what no table knows is data, in order, because the file system must judge it") {
  const auto got = parse_options(list{"mode=755", "ro", "size=1k", "defaults", "rprivate", "rsync", "RO", "", "r"});
  CHECK(got.data == "mode=755,size=1k,defaults,rsync,RO,,r");
  CHECK(got.flags == MS_RDONLY);
}

TEST_CASE("propagation keeps its order and its repetitions, because each is a system call of its own") {
  CHECK(parse_options(list{"rshared", "slave", "rshared"}).propagation ==
        std::vector<std::uint64_t>{MS_SHARED | MS_REC, MS_SLAVE, MS_SHARED | MS_REC});
}

TEST_CASE("what mount(2) has no flag for is set aside, and never data for the file system") {
  const auto only = [](void (*change)(option_set&)) {
    option_set out;
    change(out);
    return sum(out);
  };
  CHECK(sum(parse_options(list{"tmpcopyup"})) == only([](option_set& o) { o.copy_up = true; }));
  CHECK(sum(parse_options(list{"idmap"})) == only([](option_set& o) { o.id_map = true; }));
  CHECK(sum(parse_options(list{"ridmap"})) == only([](option_set& o) { o.id_map = o.id_map_recursive = true; }));
  CHECK(sum(parse_options(list{"ridmap", "idmap"})) == only([](option_set& o) { o.id_map = true; }));
  CHECK(sum(parse_options(list{"copy-symlink"})) == only([](option_set& o) { o.copy_link = true; }));
  CHECK(sum(parse_options(list{"src-nofollow"})) == only([](option_set& o) { o.source_nofollow = true; }));
  CHECK(sum(parse_options(list{"dest-nofollow"})) == only([](option_set& o) { o.target_nofollow = true; }));
}

namespace {

constexpr std::uint64_t plain =
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | no_symfollow_attribute;
constexpr std::uint64_t all_atime = MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;

}  // namespace

TEST_CASE("a bind mount without flags keeps its source's; with one it has those that are asked for and no others") {
  struct row {
    list options;
    std::uint64_t set, clear;
  };
  const row rows[] = {
      {{"bind"}, 0, 0},
      {{"rbind", "rprivate", "rro"}, 0, 0},
      {{"bind", "ro"}, MOUNT_ATTR_RDONLY, plain & ~std::uint64_t{MOUNT_ATTR_RDONLY}},
      {{"bind", "rw"}, 0, plain},
      {{"bind", "suid"}, 0, plain},
      {{"bind", "sync"}, 0, plain},  // of the superblock, but a flag
      {{"bind", "nosymfollow"}, no_symfollow_attribute, plain & ~no_symfollow_attribute},
      {{"bind", "nosuid", "nodev", "noexec", "ro", "nosymfollow"}, plain, 0},
      {{"bind", "atime"}, 0, plain},  // an atime that is only cleared changes nothing, as with mount(2)
      {{"bind", "diratime"}, 0, plain},
      {{"bind", "norelatime"}, 0, plain},
      {{"bind", "nostrictatime"}, 0, plain},
      {{"bind", "noatime"}, MOUNT_ATTR_NOATIME, plain | all_atime},
      {{"bind", "relatime"}, MOUNT_ATTR_RELATIME, plain | all_atime},
      {{"bind", "strictatime"}, MOUNT_ATTR_STRICTATIME, plain | all_atime},
      {{"bind", "nodiratime"}, MOUNT_ATTR_NODIRATIME, plain | MOUNT_ATTR__ATIME},
      {{"bind", "noatime", "relatime"}, MOUNT_ATTR_NOATIME, plain | all_atime},
      {{"bind", "strictatime", "noatime"}, MOUNT_ATTR_STRICTATIME, plain | all_atime},
  };
  for (const row& one : rows) {
    CAPTURE(one.options);
    const auto got = bind_attributes(parse_options(one.options), false);
    CHECK(got.set == one.set);
    CHECK(got.clear == one.clear);
  }
}

TEST_CASE(
    "in a user namespace flags that could be locked stay, and what spells them out as off demands their absence") {
  constexpr std::uint64_t atime_mask = ST_NOATIME | ST_NODIRATIME | ST_RELATIME;
  struct row {
    list options;
    std::uint64_t set, clear, mask, value;
  };
  const row rows[] = {
      {{"bind"}, 0, 0, 0, 0},
      {{"bind", "ro"}, MOUNT_ATTR_RDONLY, no_symfollow_attribute, 0, 0},
      {{"bind", "rw"}, 0, no_symfollow_attribute | MOUNT_ATTR_RDONLY, ST_RDONLY, 0},
      {{"bind", "dev", "exec", "suid"},
       0,
       no_symfollow_attribute | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID,
       ST_NODEV | ST_NOEXEC | ST_NOSUID,
       0},
      {{"bind", "norelatime"}, 0, no_symfollow_attribute, 0, 0},
      {{"bind", "noatime"}, MOUNT_ATTR_NOATIME, no_symfollow_attribute | all_atime, atime_mask, ST_NOATIME},
      {{"bind", "strictatime"}, MOUNT_ATTR_STRICTATIME, no_symfollow_attribute | all_atime, atime_mask, 0},
      {{"bind", "nodiratime"},
       MOUNT_ATTR_NODIRATIME,
       no_symfollow_attribute | MOUNT_ATTR__ATIME,
       atime_mask,
       ST_NODIRATIME | ST_RELATIME},
  };
  for (const row& one : rows) {
    CAPTURE(one.options);
    const option_set options = parse_options(one.options);
    const auto got = bind_attributes(options, true);
    CHECK(got.set == one.set);
    CHECK(got.clear == one.clear);
    const auto demand = locked_demand(options);
    CHECK(demand.mask == one.mask);
    CHECK(demand.value == one.value);
  }
}
