// SPDX-License-Identifier: Apache-2.0
//
// fs-idmap PATH
// Tries an idmapped mount of PATH and shows it nowhere. The suite reads how the message ends: "invalid argument" is a
// file system that cannot, "operation not permitted" a kernel that will not.
#include <sched.h>
#include <sys/wait.h>

#include "unix_socket.hpp"

namespace {
using namespace ocikit;
using namespace ocikit::tools;

result<void> write_file(const std::string& path, std::string_view text) {
  const unique_fd file = OCIKIT_TRY(sys::openat(sys::at_fdcwd, path, O_WRONLY));
  return sys::write_all(file, text);
}

/// A user namespace that maps one id to another, held open while its only process waits on `gate`.
result<unique_fd> mapped_namespace(pid_t process) {
  const std::string folder = "/proc/" + std::to_string(process);
  OCIKIT_TRY(write_file(folder + "/uid_map", "0 100000 65536"));
  OCIKIT_TRY(write_file(folder + "/gid_map", "0 100000 65536"));
  return sys::openat(sys::at_fdcwd, folder + "/ns/user", O_RDONLY);
}

/// Starts a process in a new user namespace, takes the namespace, and ends the process.
result<unique_fd> user_namespace() {
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) return tl::unexpected(error::from_errno(errno, "pipe2"));
  unique_fd here{adopt_fd, ready[0]};
  unique_fd there{adopt_fd, ready[1]};
  const pid_t process = ::fork();
  if (process < 0) return tl::unexpected(error::from_errno(errno, "fork"));
  if (process == 0) {
    char outcome = ::unshare(CLONE_NEWUSER) == 0 ? '\0' : static_cast<char>(errno);
    (void)sys::raw::write(there.get(), &outcome, 1);
    (void)::pause();
    ::_exit(0);
  }
  there.reset();
  char code = 0;
  (void)sys::raw::read(here.get(), &code, 1);
  auto made = code == 0 ? mapped_namespace(process)
                        : result<unique_fd>{tl::unexpected(error::from_errno(code, "unshare(CLONE_NEWUSER)"))};
  (void)::kill(process, SIGKILL);
  (void)::waitpid(process, nullptr, 0);
  return made;
}

result<void> try_idmap(const char* path) {
  const unique_fd ids = OCIKIT_TRY(user_namespace());
  const auto tree = sys::raw::open_tree(AT_FDCWD, path, sys::open_tree_clone | sys::open_tree_cloexec);
  if (sys::raw::failed(tree))
    return tl::unexpected(error::from_errno(sys::raw::errno_of(tree), sys::call_text("open_tree", path)));
  const unique_fd mount{adopt_fd, static_cast<int>(tree)};
  sys::mount_attributes how{};
  how.set = sys::mount_attr::idmap;
  how.userns_fd = static_cast<std::uint64_t>(ids.get());
  const auto set = sys::raw::mount_setattr(mount.get(), "", AT_EMPTY_PATH, how);
  if (!sys::raw::failed(set)) return {};
  return tl::unexpected(error::from_errno(sys::raw::errno_of(set), sys::call_text("mount_setattr", mount.view())));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) usage("PATH");
  or_die(try_idmap(argv[1]));
}
