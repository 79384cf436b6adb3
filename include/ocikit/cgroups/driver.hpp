// SPDX-License-Identifier: Apache-2.0
//
// What a cgroup driver does for a container. Authors implement it, container code uses it; whether the driver was
// compiled in or came out of a .so (from_plugin.hpp) makes no difference to either.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::cgroups {

/// Which cgroup a new container gets.
struct request {
  std::string id;             ///< the container's id; names the cgroup when there is no path
  std::string cgroups_path;   ///< linux.cgroupsPath; empty: absent
  bool rootless = false;      ///< runc's notion: missing permissions are bearable where nothing was asked for
  spec::resources resources;  ///< what `apply` will be called with; decides whether missing permissions are bearable
  spec::string_map annotations = {};  ///< the container's that drivers may heed: `org.systemd.property.NAME`
};

/// Where a container's cgroup is, as state.json's `cgroup_paths` has it: absolute paths of directories; on v2 one with
/// the key "", on v1 one per controller.
using path_map = spec::string_map;

/// The new process is born in the cgroup: clone3(CLONE_INTO_CGROUP) with this descriptor. Should the kernel refuse
/// (EBUSY, EOPNOTSUPP, ENOSYS), `driver::attach` does the same a little later. Since: Linux 5.7.
struct enter_by_clone {
  fd_view directory;
};
/// The new process writes "0" into each of these before it executes anything, and so joins every hierarchy itself.
struct enter_by_write {
  std::vector<fd_view> procs;
};
/// The parent calls `driver::attach(pid)` before the new process executes anything. Until then the cgroup need not
/// exist, and if it does it need not be the container's.
struct enter_by_attach {};
/// The new process stays in its parent's cgroup: a rootless container that asked for no limits got no cgroup.
struct enter_nothing {};

/// How the init gets in. Descriptors belong to the driver and live as long as it does.
using entrance = std::variant<enter_by_clone, enter_by_write, enter_by_attach, enter_nothing>;

/// The cgroup of one container. Not thread-safe.
///
/// All errors carry the JSON pointer of the config value at fault where there is one, e.g.
/// `/linux/resources/memory/limit`.
class driver {
 public:
  driver() = default;
  driver(const driver&) = delete;
  driver& operator=(const driver&) = delete;
  virtual ~driver() = default;

  /// Makes the cgroup with whatever parents it lacks, or sees that it can be made: a driver whose `enter` says
  /// `enter_by_attach` may leave that to `attach`. Nothing is left of it when this fails.
  /// Errors: state when it is there already and not empty (`container's cgroup is not empty: N process(es) found`) or
  /// frozen (`container's cgroup unexpectedly frozen`); system.
  virtual result<void> create() = 0;

  /// Removes just what `create` made, parents included, and never what was there before: for a container whose
  /// creation fails later on. Its processes are dead by then. Does nothing after `reopen`.
  virtual result<void> undo() = 0;

  /// Sets limits and device rules. Values that are absent stay as they are; device rules are set when `devices` is
  /// `device_policy::enforce`, else (an update) left alone. Before `attach` has made a cgroup this looks at the values
  /// and keeps them, and `attach` sets them.
  /// Errors: config or unsupported, for what this driver or kernel cannot carry; system, naming the file and the value.
  enum class device_policy { enforce, keep };
  virtual result<void> apply(const spec::resources& wanted, device_policy devices) = 0;

  /// How the init gets in. Call it after `create` or `reopen`.
  virtual result<entrance> enter() = 0;

  /// Moves a process in, with all its threads. Retries while the kernel still sets the process up. Where the cgroup was
  /// left to it, it makes it, and nothing is left of it when this fails.
  virtual result<void> attach(pid_t pid) = 0;

  /// Stops every process in the cgroup and below it, and returns when they stand still.
  /// Errors: unsupported without a freezer; system; state when they do not come to a stop in ten seconds.
  virtual result<void> freeze() = 0;
  /// Lets them go on.
  virtual result<void> thaw() = 0;
  /// Whether `freeze` is in effect on this very cgroup; a frozen ancestor does not count. False without a freezer and
  /// when the cgroup is gone.
  virtual result<bool> frozen() = 0;

  /// All processes of the cgroup and of those below it, as this process's pid namespace numbers them. Empty when the
  /// cgroup is gone.
  virtual result<std::vector<pid_t>> pids() = 0;

  /// Sends `signal` to each of them; SIGKILL by cgroup.kill where there is one, else frozen meanwhile, so that none
  /// can escape by forking. No error when the cgroup is gone.
  virtual result<void> kill(int signal) = 0;

  /// Removes the cgroup and what the container made below it, deepest first, asking again while the kernel is still
  /// busy with dead processes. No error when it is gone.
  virtual result<void> remove() = 0;

  /// For state.json; `opener::reopen` takes it back. Empty when there is no cgroup (rootless).
  virtual path_map paths() const = 0;
};

/// Makes drivers: one per backend, from a header (fs.hpp, fs2.hpp) or from a plugin (from_plugin.hpp).
class opener {
 public:
  opener() = default;
  opener(const opener&) = delete;
  opener& operator=(const opener&) = delete;
  virtual ~opener() = default;

  /// Decides where the container's cgroup is to be, and makes nothing yet.
  /// Errors: config at `/linux/cgroupsPath` for a path that cannot be; unsupported when this host has not the kind of
  /// cgroups that the backend works with; system.
  virtual result<std::unique_ptr<driver>> open(const request& wanted) = 0;

  /// Finds the cgroup of an existing container again. A cgroup that is gone by now is no error.
  virtual result<std::unique_ptr<driver>> reopen(const path_map& saved, bool rootless) = 0;
};

}  // namespace ocikit::cgroups
