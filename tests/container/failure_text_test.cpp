// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/failure_text.hpp>

#include <cerrno>
#include <string>
#include <variant>
#include <vector>

#include "catch.hpp"
#include "every_step.hpp"

using namespace ocikit;
using namespace ocikit::container;

namespace {

/// The message for a plan in which the last of `steps` failed.
std::string message(const std::vector<step>& steps, init_failure failure, const std::string& where = "") {
  plan of;
  for (const step& one : steps) of.add(actor::init, one, where);
  failure.step = steps.size() - 1;
  return explain(failure, of).message();
}

init_failure with(int code) { return {.code = code}; }

}  // namespace

TEST_CASE("a failure reads as in runc, word for word, because engines match on it") {
  using process::change_directory;
  using process::find_program;
  const std::vector<std::pair<std::string, std::string>> table = {
      {message({find_program{"/nosuch", ""}}, with(ENOENT)),
       "exec: \"/nosuch\": stat /nosuch: no such file or directory"},
      {message({find_program{"dir/nosuch", ""}}, with(ENOTDIR)),
       "exec: \"dir/nosuch\": stat dir/nosuch: not a directory"},
      {message({find_program{"nosuch", "/bin"}}, with(ENOENT)), "exec: \"nosuch\": executable file not found in $PATH"},
      {message({find_program{"/etc/passwd", ""}}, with(EACCES)), "exec: \"/etc/passwd\": permission denied"},
      {message({find_program{"sh", "/bin"}}, with(EACCES)), "exec: \"sh\": permission denied"},
      {message({find_program{"/", ""}}, with(EISDIR)), "exec: \"/\": is a directory"},
      {message({change_directory{"/x", true}}, with(ENOENT)),
       "chdir to cwd (\"/x\") set in config.json failed: no such file or directory"},
      {message({change_directory{"/x", true}}, with(EXDEV)),
       "current working directory is outside of container mount namespace root -- possible container breakout "
       "detected"},
      {message(
           {mounts::mount_filesystem{.type = "proc", .source = "proc", .target = "/proc", .ordinary_directory = true}},
           with(ELOOP)),
       "error mounting \"proc\" to rootfs at \"/proc\": filesystem \"proc\" must be mounted on ordinary directory"},
      {message({mounts::mount_filesystem{.type = "sysfs", .source = "s", .target = "/sys", .ordinary_directory = true}},
               with(ENOTDIR)),
       "error mounting \"s\" to rootfs at \"/sys\": filesystem \"sysfs\" must be mounted on ordinary directory"},
      {message({mounts::mount_filesystem{.type = "tmpfs", .source = "t", .target = "/a/b"}}, with(EXDEV)),
       "error mounting \"t\" to rootfs at \"/a/b\": the mountpoint lies on procfs"},
      {message({mounts::mount_filesystem{.type = "tmpfs", .source = "t", .target = "/a", .flags = 1, .data = "size=x"}},
               with(EINVAL)),
       "error mounting \"t\" to rootfs at \"/a\": mount tmpfs at /a (ro,size=x): invalid argument"},
      {message({mounts::mount_filesystem{.type = "tmpfs", .source = "t", .target = "/a"}}, with(ENOTDIR)),
       "error mounting \"t\" to rootfs at \"/a\": mount tmpfs at /a: not a directory"},
      {message({mounts::mount_filesystem{.type = "tmpfs", .source = "t", .target = "/a", .copy_up = true}},
               {.code = EACCES, .output = "se\ncret"}),
       "error mounting \"t\" to rootfs at \"/a\": tmpcopyup: copy \"se\\ncret\": permission denied"},
      {message({mounts::mount_filesystem{.type = "tmpfs", .source = "t", .target = "/a", .copy_up = true}},
               {.code = ENAMETOOLONG, .output = "d"}),
       "error mounting \"t\" to rootfs at \"/a\": tmpcopyup: copy \"d\": directories are more than 128 levels deep"},
      {message({mounts::mount_filesystem{.type = "tmpfs", .source = "t", .target = "/a", .copy_up = true}},
               {.code = E2BIG, .output = "f"}),
       "error mounting \"t\" to rootfs at \"/a\": tmpcopyup: copy \"f\": there are more than 1048576 files"},
      {message({mounts::mount_filesystem{.type = "tmpfs", .source = "t", .target = "/a", .copy_up = true}},
               with(EPERM)),
       "error mounting \"t\" to rootfs at \"/a\": mount tmpfs at /a over a copy of what lies there: operation not "
       "permitted"},
      {message({mounts::attach{.target = "/m", .slot = 4}, mounts::open_source{"/srv", 4, false}}, with(ENOENT)),
       "error mounting \"/srv\" to rootfs at \"/m\": source /srv: no such file or directory"},
      {message({mounts::open_source{"/x", 3, false}, mounts::open_source{"/srv", 4, false},
                mounts::attach{.target = "/m", .slot = 4}},
               with(ENOTDIR)),
       "error mounting \"/srv\" to rootfs at \"/m\": bind it at /m: not a directory"},
      {message({mounts::open_source{"/srv", 4, false}, mounts::attach{.target = "/m", .slot = 4}}, with(EXDEV)),
       "error mounting \"/srv\" to rootfs at \"/m\": the mountpoint lies on procfs"},
      {message({mounts::open_source{"/srv", 4, false}, mounts::attach{.target = "/m", .slot = 4},
                mounts::map_source{4, 5, false}},
               with(EINVAL)),
       "error mounting \"/srv\" to rootfs at \"/m\": failed to set MOUNT_ATTR_IDMAP on /srv (can its file system be "
       "id-mapped?): invalid argument"},
      {message({mounts::open_source{"/srv", 4, false}, mounts::attach{.target = "/m", .slot = 4},
                mounts::map_source{4, 5, false}},
               with(ENOSYS)),
       "error mounting \"/srv\" to rootfs at \"/m\": failed to set MOUNT_ATTR_IDMAP on /srv: mount_setattr(2): "
       "function not implemented"},
      {message({mounts::open_source{"/srv", 4, false}, mounts::attach{.target = "/m", .slot = 4}}, with(EOPNOTSUPP)),
       "error mounting \"/srv\" to rootfs at \"/m\": recursive attributes take mount_setattr(2), which this kernel "
       "lacks or a filter denies"},
      {message({mounts::open_source{"/srv", 4, false}, mounts::attach{.target = "/m", .slot = 4, .locked = {1, 0}}},
               with(EPERM)),
       "error mounting \"/srv\" to rootfs at \"/m\": bind it at /m: flags that the host set stay set in a user "
       "namespace: operation not permitted"},
      {message({mounts::bind_console{}}, with(ELOOP)),
       "bind the terminal to /dev/console: /dev/console is a symbolic link"},
      {message({process::open_terminal{}}, with(ENODEV)), "open a terminal: there is no devpts at /dev/pts"},
      {message({process::set_user{.uid = 7, .gid = 8}}, with(EINVAL)),
       "cannot set user 7 or group 8: unmapped in the user namespace"},
  };
  for (const auto& [got, wanted] : table) CHECK(got == wanted);
}

TEST_CASE("a hook of the init fails with the same words as one of the runtime") {
  const execute_hook hook{.kind = "createContainer", .index = 2, .path = "/h", .timeout = 3};
  CHECK(message({hook}, {.code = ECANCELED, .wait_status = 3 << 8, .output = "stdout: a, stderr: b"}) ==
        "error running createContainer hook #2: exit status 3, stdout: a, stderr: b");
  CHECK(message({hook}, {.code = ECANCELED, .wait_status = SIGKILL, .output = "stdout: , stderr: "}) ==
        "error running createContainer hook #2: signal: killed, stdout: , stderr: ");
  CHECK(message({hook}, with(ETIMEDOUT)) ==
        "error running createContainer hook #2: hook ran past specified timeout of 3.0s");
  CHECK(message({hook}, with(EMFILE)) == "error running createContainer hook #2: /h: too many open files");
}

TEST_CASE("a label that the kernel refuses is told in the words that users of runc look for") {
  const lsm::write_attribute write{"thread-self/attr/apparmor/exec", "exec p",
                                   "unable to apply apparmor profile: apparmor failed to apply profile"};
  const std::string words =
      "unable to apply apparmor profile: apparmor failed to apply profile: write "
      "/proc/thread-self/attr/apparmor/exec: ";
  CHECK(message({write}, with(ENOENT)) == words + "no such file or directory");
  CHECK(message({write}, with(EXDEV)) == words + "something is mounted over it");
}

TEST_CASE("any other step says what it is in the words of `explain`, then the kernel's") {
  testing::distinct_values values;
  const auto has_own_text = [](const step& one) {
    return std::holds_alternative<mounts::mount_filesystem>(one) || std::holds_alternative<mounts::attach>(one) ||
           std::holds_alternative<mounts::open_source>(one) || std::holds_alternative<mounts::map_source>(one) ||
           std::holds_alternative<process::find_program>(one) || std::holds_alternative<lsm::write_attribute>(one) ||
           std::holds_alternative<process::change_directory>(one) || std::holds_alternative<execute_hook>(one);
  };
  for (const step& one : testing::every_step(values)) {
    if (has_own_text(one)) continue;
    CHECK(message({one}, with(EPERM)) == describe(one) + ": operation not permitted");
  }
}

TEST_CASE("a failure names its place in config.json, keeps the errno, and survives a step that does not exist") {
  CHECK(message({process::find_program{"x", ""}}, with(ENOENT), "/process/args/0") ==
        "exec: \"x\": executable file not found in $PATH (config.json#/process/args/0)");
  plan of;
  of.add(actor::init, hand_over{}, "/hooks");
  const error known = explain({.step = 0, .code = EIO}, of);
  CHECK(known.kind() == errc::system);
  CHECK(known.code() == EIO);
  CHECK(known.where() == "/hooks");
  CHECK(explain({.step = 1, .code = EBADMSG}, of).message() == "the init refused its plan: bad message");
  CHECK(explain({.step = ~std::size_t{0}, .code = 0}, of).message() == "the init refused its plan");
}
