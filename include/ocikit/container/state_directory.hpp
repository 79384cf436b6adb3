// SPDX-License-Identifier: Apache-2.0
//
// ROOT/ID/, the directory that is a container between two calls of the runtime.
//
//     ROOT/ID/               0711; an advisory lock (flock) on it orders create, start, delete and what else changes it
//     ROOT/ID/state.json     0600; replaced by rename, so a reader needs no lock and never sees half a file
//     ROOT/ID/creating.json  the same document while `create` is at work: what to clean up should it be killed
//     ROOT/ID/planned.json   what becomes creating.json, by renaming, once the cgroup is made
//     ROOT/ID/exec.fifo      0622; there between create and start, the init waits at its other end
//
// What a `create` that was killed leaves behind, and who cleans it: the lock goes with its holder, so whoever gets the
// lock on a directory without state.json knows that nobody works on it any more. Without state.json the container does
// not exist for every command; `delete` kills and removes what creating.json names, then the directory.
//
//     directory only, or with exec.fifo, a `.state-*` file or half a planned.json: nothing else was made yet
//     planned.json: its cgroup may exist, and may be another container's
//     creating.json with cgroup paths: the cgroup exists, is the container's own and may hold its processes
//     creating.json with a pid: that process too, if it is still the same
//     creating.json beside state.json: killed between the two last steps; the container exists
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/container/blocked_sigpipe.hpp>
#include <ocikit/container/container_id.hpp>
#include <ocikit/container/directory_tree.hpp>
#include <ocikit/container/state.hpp>
#include <ocikit/container/state_document.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// The error every command gives for an id that is not there; clients look for these words.
[[nodiscard]] inline error no_such_container() { return error::state("container does not exist"); }

/// True for that error.
[[nodiscard]] inline bool is_no_such_container(const error& e) { return e.message() == no_such_container().message(); }

/// One container's directory, held open: nothing here looks up a path above it again.
class state_directory {
 public:
  static constexpr zstring_view state_file = "state.json";
  static constexpr zstring_view creating_file = "creating.json";
  static constexpr zstring_view planned_file = "planned.json";
  static constexpr zstring_view fifo_file = "exec.fifo";

  /// Adopts an open directory and its parent; `state_root::create` and `state_root::find` call it.
  state_directory(unique_fd directory, unique_fd root, container_id id)
      : directory_{std::move(directory)}, root_{std::move(root)}, id_{std::move(id)} {}

  [[nodiscard]] const container_id& id() const noexcept { return id_; }
  [[nodiscard]] fd_view directory() const noexcept { return directory_; }

  /// Takes the exclusive lock, which this object's descriptor then holds until it is closed or executes a program.
  /// Errors: state when somebody else holds it for longer than `patience`, or when the directory was removed meanwhile
  /// (`container does not exist`); system.
  [[nodiscard]] result<void> lock(std::chrono::milliseconds patience = std::chrono::seconds{10}) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const auto r = sys::raw::call(SYS_flock, directory_.get(), LOCK_EX | LOCK_NB);
      if (r == 0) break;
      if (r != -EWOULDBLOCK && r != -EINTR) return sys::detail::explain_void(r, "flock", directory(), LOCK_EX);
      if (std::chrono::steady_clock::now() >= deadline)
        return tl::unexpected(error::state("container is in use by another command"));
      (void)sys::raw::nanosleep({.tv_sec = 0, .tv_nsec = 2'000'000});
    }
    if (OCIKIT_TRY(sys::statx(directory_, STATX_NLINK)).stx_nlink == 0) return tl::unexpected(no_such_container());
    return {};
  }

  /// Gives the lock back.
  void unlock() noexcept { (void)sys::raw::call(SYS_flock, directory_.get(), LOCK_UN); }

  /// The saved state. Errors: state: `container does not exist` without state.json, `invalid state: ...` when it is
  /// not a regular file, too long, somebody else's to write, no such document, of another schema or of another
  /// container; system.
  [[nodiscard]] result<state> read_state() const { return read_document(state_file); }

  /// False when there is nothing called state.json: then nobody but `delete` knows of the container. Errors: system.
  [[nodiscard]] result<bool> has_state() const {
    const auto found = sys::openat(directory_, state_file, O_PATH | O_NOFOLLOW);
    if (!found && found.error().code() == ENOENT) return false;
    if (!found) return tl::unexpected(found.error());
    return true;
  }

  /// Replaces state.json: whole or not at all. Errors: system; state for one that is too large.
  [[nodiscard]] result<void> write_state(const state& now) { return write_document(state_file, now); }

  /// The first half of `write_state`: all but the name. Errors: as `write_state`.
  [[nodiscard]] result<void> prepare_state(const state& now) {
    prepared_ = OCIKIT_TRY(write_temporary(now));
    return {};
  }

  /// The second half: gives what was prepared last its name. Errors: system.
  [[nodiscard]] result<void> publish_state() { return rename_temporary(std::exchange(prepared_, {}), state_file); }

  /// Writes planned.json, once. Call it before anything is made outside this directory. Errors: as `write_state`.
  [[nodiscard]] result<void> write_planned(const state& planned) {
    return write_new(planned_file, OCIKIT_TRY(text_of(planned)));
  }

  /// What was planned is made: planned.json becomes creating.json. Errors: system.
  [[nodiscard]] result<void> confirm_planned() { return sys::rename_within(directory_, planned_file, creating_file); }

  /// Replaces creating.json. Errors: as `write_state`.
  [[nodiscard]] result<void> write_creating(const state& made) { return write_document(creating_file, made); }

  /// The same for what turned out after it had been planned. Errors: as `write_state`.
  [[nodiscard]] result<void> replace_planned(const state& made) {
    OCIKIT_TRY(write_creating(made));
    return unlink_if_there(planned_file);
  }

  /// creating.json, or planned.json with a cgroup that is not known to be the container's own; nothing when there is
  /// neither, or half a planned.json. Errors: as `read_state`.
  [[nodiscard]] result<std::optional<state>> read_creating() const {
    const auto found = sys::openat(directory_, creating_file, O_PATH | O_NOFOLLOW);
    if (found || found.error().code() != ENOENT) return std::optional<state>{OCIKIT_TRY(read_document(creating_file))};
    auto planned = read_document(planned_file);
    if (!planned && planned.error().kind() == errc::state) return std::nullopt;
    if (!planned) return tl::unexpected(std::move(planned).error());
    planned->ocikit.owns_cgroup = false;
    return std::optional<state>{*std::move(planned)};
  }

  /// Removes creating.json: create is complete. Not there is fine. Errors: system.
  [[nodiscard]] result<void> forget_creating() { return unlink_if_there(creating_file); }

  /// Makes exec.fifo and opens it for the init, O_RDWR so that neither end waits for the other. The init inherits it,
  /// reads one byte and closes it. `owner` and `group` are the container root's ids on the host. Errors: system.
  [[nodiscard]] result<unique_fd> make_fifo_for_init(uid_t owner, gid_t group) {
    constexpr mode_t mode = 0622;  // the container's root may be another user than the one who calls `start`
    OCIKIT_TRY(sys::mknodat(directory_, fifo_file, S_IFIFO | mode, 0));
    unique_fd fifo = OCIKIT_TRY(sys::openat(directory_, fifo_file, O_RDWR | O_NOFOLLOW));
    OCIKIT_TRY(expect_fifo(fifo));
    OCIKIT_TRY(sys::fchmod(fifo, mode));  // mknod(2) took the umask off
    if (owner != ::geteuid() || group != ::getegid())
      OCIKIT_TRY(sys::fchownat(fifo, "", owner, group, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
    return fifo;
  }

  /// True while an init waits at exec.fifo. A fifo without a reader does not count: it is what a `start` leaves that
  /// was killed before it could remove it. Errors: system.
  [[nodiscard]] result<bool> has_waiting_init() const {
    const auto fifo = sys::openat(directory_, fifo_file, O_WRONLY | O_NONBLOCK | O_NOFOLLOW);
    if (fifo) return S_ISFIFO(OCIKIT_TRY(sys::statx(*fifo, STATX_TYPE)).stx_mode);
    const int code = fifo.error().code();
    if (code == ENOENT || code == ENXIO) return false;
    if (code == EACCES) return true;  // there, and of somebody else's
    return tl::unexpected(fifo.error());
  }

  /// Lets the init go: writes the byte and removes exec.fifo. The result is the fifo's other end, whose readers are
  /// gone (POLLERR) when the init has executed the container's program, or is dead. Errors: state `container process is
  /// already dead` when nobody reads; system, ENOENT without a fifo.
  [[nodiscard]] result<unique_fd> release_init() {
    const auto dead = [] { return tl::unexpected(error::state("container process is already dead")); };
    auto fifo = sys::openat(directory_, fifo_file, O_WRONLY | O_NONBLOCK | O_NOFOLLOW);
    if (!fifo && fifo.error().code() == ENXIO) return dead();
    if (!fifo) return tl::unexpected(std::move(fifo).error());
    OCIKIT_TRY(expect_fifo(*fifo));
    const blocked_sigpipe quiet;
    const auto written = sys::write_all(*fifo, "0");
    if (!written && written.error().code() == EPIPE) return dead();
    OCIKIT_TRY(written);
    OCIKIT_TRY(unlink_if_there(fifo_file));
    return fifo;
  }

  /// Removes the directory and everything below it, by descriptor and without following a symbolic link. A removal that
  /// is interrupted can be repeated. Already gone is fine. Errors: system.
  [[nodiscard]] result<void> remove() {
    OCIKIT_TRY(unlink_if_there(state_file));
    auto removed = remove_emptied();
    if (removed || removed.error().code() != ENOTEMPTY) return removed;
    OCIKIT_TRY(remove_below(directory_));
    return remove_emptied();
  }

 private:
  [[nodiscard]] result<state> read_document(zstring_view name) const {
    auto text = sys::read_file(directory_, name, longest_state, O_NOFOLLOW);
    if (!text && text.error().code() == ENOENT) return tl::unexpected(no_such_container());
    if (!text && (text.error().kind() == errc::config || text.error().code() == ELOOP))
      return tl::unexpected(error::state("invalid state: " + text.error().message()));
    if (!text) return tl::unexpected(std::move(text).error());
    OCIKIT_TRY(expect_own(name));
    return parse_state_document(*std::move(text), id_);
  }

  [[nodiscard]] result<std::string> text_of(const state& from) const {
    if (from.id != id_.text()) return tl::unexpected(error::state("invalid state: it is of another container"));
    return write_state_document(from);
  }

  [[nodiscard]] result<void> write_document(zstring_view name, const state& from) {
    return rename_temporary(OCIKIT_TRY(write_temporary(from)), name);
  }

  [[nodiscard]] result<std::string> write_temporary(const state& from) {
    const std::string text = OCIKIT_TRY(text_of(from));
    // The name only has to differ from what a killed writer left.
    struct ::timespec now {};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);
    std::string temporary = ".state-" + std::to_string(now.tv_sec) + std::to_string(now.tv_nsec);
    OCIKIT_TRY(write_new(temporary, text));
    return temporary;
  }

  [[nodiscard]] result<void> rename_temporary(const std::string& temporary, zstring_view name) {
    auto replaced = sys::rename_within(directory_, temporary, name);
    if (!replaced) (void)unlink_if_there(temporary);
    return replaced;
  }

  // No fsync: the directory is on a tmpfs, or the container does not outlive the machine's restart anyway.
  [[nodiscard]] result<void> write_new(zstring_view name, std::string_view text) {
    constexpr int fresh = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const auto file = OCIKIT_TRY(sys::openat(directory_, name, fresh, 0600));
    auto written = sys::write_all(file, text);
    if (!written) (void)unlink_if_there(name);
    return written;
  }

  [[nodiscard]] result<void> remove_emptied() {
    auto removed = sys::unlinkat(root_, id_.text(), AT_REMOVEDIR);
    if (!removed && removed.error().code() == ENOENT) return {};
    return removed;
  }

  [[nodiscard]] result<void> unlink_if_there(zstring_view name) {
    auto gone = sys::unlinkat(directory_, name);
    if (!gone && gone.error().code() == ENOENT) return {};
    return gone;
  }

  /// Whoever else may write to the document could have any process signalled and any cgroup removed.
  [[nodiscard]] result<void> expect_own(zstring_view name) const {
    struct ::statx found {};
    const auto r = sys::raw::statx(directory_.get(), name.c_str(), AT_SYMLINK_NOFOLLOW, STATX_UID | STATX_MODE, found);
    if (sys::raw::failed(r)) return sys::detail::explain_void(r, "statx", directory(), name);
    if (found.stx_uid != ::geteuid()) return tl::unexpected(error::state("invalid state: it belongs to another user"));
    if ((found.stx_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
    return tl::unexpected(error::state("invalid state: others may write to it"));
  }

  [[nodiscard]] static result<void> expect_fifo(fd_view fd) {
    if (S_ISFIFO(OCIKIT_TRY(sys::statx(fd, STATX_TYPE)).stx_mode)) return {};
    return tl::unexpected(error::state("exec.fifo is not a FIFO"));
  }

  unique_fd directory_;
  unique_fd root_;
  container_id id_;
  std::string prepared_;  ///< name of a whole state that waits to be published
};

}  // namespace ocikit::container
