// SPDX-License-Identifier: Apache-2.0
//
// ROOT/ID/, the directory that is a container between two calls of the runtime.
//
//     ROOT/ID/               0711; an advisory lock (flock) on it orders create, start, delete and what else changes it
//     ROOT/ID/state.json     0600; replaced by rename, so a reader needs no lock and never sees half a file
//     ROOT/ID/creating.json  the same document while `create` is at work: what to clean up should it be killed
//     ROOT/ID/exec.fifo      0622; there between create and start, the init waits at its other end
//
// What a `create` that was killed leaves behind, and who cleans it: the lock goes with its holder, so whoever gets the
// lock on a directory without state.json knows that nobody works on it any more. Without state.json the container does
// not exist for every command; `delete` kills and removes what creating.json names, then the directory.
//
//     directory only, or with exec.fifo or a `.state-*` file: nothing else was made yet
//     creating.json with cgroup paths: the cgroup may exist and hold processes
//     creating.json with a pid: that process too, if it is still the same
//     creating.json beside state.json: killed between the two last steps; the container exists
#pragma once

#include <sys/file.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/container/container_id.hpp>
#include <ocikit/container/state.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// One container's directory, held open: nothing here looks up a path above it again.
class state_directory {
 public:
  /// Adopts an open directory; use `state_root::create` and `state_root::find`.
  state_directory(unique_fd directory, unique_fd root, container_id id);

  [[nodiscard]] const container_id& id() const noexcept;
  [[nodiscard]] fd_view directory() const noexcept;

  /// Takes the exclusive lock, which this object's descriptor then holds until it is closed or executes a program.
  /// Errors: state when somebody else holds it for longer than `patience`, or when the directory was removed meanwhile
  /// (`container does not exist`); system.
  [[nodiscard]] result<void> lock(std::chrono::milliseconds patience = std::chrono::seconds{10});
  /// Gives the lock back.
  void unlock() noexcept;

  /// The saved state. Errors: state: `container does not exist` without state.json, and when the file is not a
  /// regular file of the caller's, too long, no such document, of another schema or of another container; system.
  [[nodiscard]] result<state> read_state() const;
  /// Replaces state.json: whole or not at all. Errors: system; state for another container's.
  [[nodiscard]] result<void> write_state(const state& now);

  /// Writes creating.json. Call it before each step of create that leaves something outside this directory.
  [[nodiscard]] result<void> write_creating(const state& planned);
  /// creating.json; nothing when there is none, or when it cannot be read (its writer never got that far).
  [[nodiscard]] result<std::optional<state>> read_creating() const;
  /// Removes creating.json: create is complete. Not there is fine.
  [[nodiscard]] result<void> forget_creating();

  /// Makes exec.fifo and opens it for the init, O_RDWR so that neither end waits for the other. The init inherits it,
  /// reads one byte and closes it. `owner` and `group` are the container root's ids on the host. Errors: system.
  [[nodiscard]] result<unique_fd> make_fifo_for_init(uid_t owner, gid_t group);
  /// True while an init waits at exec.fifo. Errors: system.
  [[nodiscard]] result<bool> has_waiting_init() const;
  /// Lets the init go: writes the byte and removes exec.fifo.
  /// Errors: state `container process is already dead` when nobody reads; system, ENOENT without a fifo.
  [[nodiscard]] result<void> release_init();

  /// Removes the directory and everything below it, by descriptor and without following a symbolic link; state.json
  /// goes last, so that a removal that is interrupted can be repeated. Already gone is fine. Errors: system.
  [[nodiscard]] result<void> remove();
};

/// The directory that holds one directory per container.
class state_root {
 public:
  /// Opens `path`, which must be a real directory (not a link to one) of the caller's that nobody else may write, and
  /// must not lie in a directory where anybody may replace it.
  /// Errors: system, with `open PATH`; state when it is not to be trusted.
  [[nodiscard]] static result<state_root> open(zstring_view path);
  /// As `open`, but makes it, 0700, and its parents where they are missing.
  [[nodiscard]] static result<state_root> open_or_create(zstring_view path);

  /// Sets the sticky bit, which keeps systemd-tmpfiles from cleaning $XDG_RUNTIME_DIR/NAME. Errors: system.
  [[nodiscard]] result<void> set_sticky();
  /// The names of the directories in it, sorted by byte. Errors: system.
  [[nodiscard]] result<std::vector<std::string>> names() const;
  /// Makes the directory of a new container, locked. Errors: state `container with given ID already exists`; system.
  [[nodiscard]] result<state_directory> create(const container_id& id) const;
  /// Opens an existing container's directory, which may still lack state.json.
  /// Errors: state `container does not exist`; system.
  [[nodiscard]] result<state_directory> find(const container_id& id) const;
};

}  // namespace ocikit::container
