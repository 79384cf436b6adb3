// SPDX-License-Identifier: Apache-2.0
//
// What a step of the init that failed says to people, and to engines that match on runc's words.
#pragma once

#include <sys/wait.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <variant>

#include <ocikit/base/error.hpp>
#include <ocikit/container/captured_program.hpp>
#include <ocikit/container/describe.hpp>
#include <ocikit/container/plan.hpp>
#include <ocikit/mounts/copy_up.hpp>
#include <ocikit/sys/quoted_text.hpp>

namespace ocikit::container {

/// What the init reported: the step of the plan, the errno, and for a hook how it ended and what it wrote.
struct init_failure {
  std::size_t step = 0;
  int code = 0;
  int wait_status = 0;
  std::string output = {};  ///< ... or of a step with many files the name of the one at which it failed
};

namespace detail {

inline error with_errno(const init_failure& f, std::string text) { return error::from_errno(f.code, std::move(text)); }

template <class Step>
error explain(const Step& s, const init_failure& f, const plan&) {
  return with_errno(f, words(s));
}

inline std::string mounting(std::string_view source, std::string_view target) {
  return "error mounting \"" + std::string{source} + "\" to rootfs at \"" + std::string{target} + "\"";
}

/// Of a copy that failed at the file that the init named.
inline error copying(const std::string& mount, const init_failure& f) {
  const std::string what = mount + ": tmpcopyup: copy " + sys::go_quoted(f.output);
  if (f.code == E2BIG)
    return error::from_errno(0, what + ": there are more than " + std::to_string(mounts::most_copied) + " files");
  if (f.code == ENAMETOOLONG)
    return error::from_errno(
        0, what + ": directories are more than " + std::to_string(mounts::deepest_copy) + " levels deep");
  return with_errno(f, what);
}

inline error explain(const mounts::mount_filesystem& s, const init_failure& f, const plan&) {
  const std::string what = mounting(s.source, s.target);
  if (s.copy_up && !f.output.empty()) return copying(what, f);
  if (s.ordinary_directory && (f.code == ELOOP || f.code == ENOTDIR))
    return error::from_errno(
        0, what + ": filesystem \"" + std::string{s.type} + "\" must be mounted on ordinary directory");
  if (f.code == EXDEV) return error::from_errno(0, what + ": the mountpoint lies on procfs");
  return with_errno(f, what + ": " + words(s));
}

/// The source that `slot` holds.
inline std::string source_of(const plan& of, std::uint32_t slot) {
  for (const plan_step& one : of.steps)
    if (const auto* open = std::get_if<mounts::open_source>(&one.what); open != nullptr && open->slot == slot)
      return std::string{open->path};
  return {};
}

inline error explain(const mounts::attach& s, const init_failure& f, const plan& of) {
  const std::string what = mounting(source_of(of, s.slot), s.target);
  if (f.code == EXDEV) return error::from_errno(0, what + ": the mountpoint lies on procfs");
  if (f.code == EOPNOTSUPP)
    return error::from_errno(
        0, what + ": recursive attributes take mount_setattr(2), which this kernel lacks or a filter denies");
  if (f.code == EPERM && s.locked.mask != 0)
    return with_errno(f, what + ": " + words(s) + ": flags that the host set stay set in a user namespace");
  return with_errno(f, what + ": " + words(s));
}

/// Where what `slot` holds is to go.
inline std::string target_of(const plan& of, std::uint32_t slot) {
  for (const plan_step& one : of.steps)
    if (const auto* attach = std::get_if<mounts::attach>(&one.what); attach != nullptr && attach->slot == slot)
      return std::string{attach->target};
  return {};
}

inline error explain(const mounts::open_source& s, const init_failure& f, const plan& of) {
  const std::string what = mounting(s.path, target_of(of, s.slot)) + ": source " + std::string{s.path};
  return with_errno(f, f.code == ENOSYS ? what + ": open_tree(2), without which no ids can be mapped" : what);
}

inline error explain(const mounts::map_source& s, const init_failure& f, const plan& of) {
  const std::string source = source_of(of, s.slot);
  const std::string what = mounting(source, target_of(of, s.slot)) + ": failed to set MOUNT_ATTR_IDMAP on " + source;
  if (f.code == ENOSYS) return with_errno(f, what + ": mount_setattr(2)");
  if (f.code == EINVAL) return with_errno(f, what + " (can its file system be id-mapped?)");
  if (f.code == EPERM) return with_errno(f, what + " (is it id-mapped already, or of a file system that is not ours?)");
  return with_errno(f, what);
}

inline error explain(const mounts::bind_console& s, const init_failure& f, const plan&) {
  if (f.code == ELOOP) return error::from_errno(0, words(s) + ": /dev/console is a symbolic link");
  return with_errno(f, words(s));
}

inline error explain(const process::open_terminal& s, const init_failure& f, const plan&) {
  if (f.code == ENODEV) return error::from_errno(0, "open a terminal: there is no devpts at /dev/pts");
  return with_errno(f, words(s));
}

inline error explain(const process::find_program& s, const init_failure& f, const plan&) {
  const std::string file{s.file};
  const std::string head = "exec: \"" + file + "\": ";
  if (file.find('/') == std::string::npos && f.code == ENOENT)
    return error::from_errno(0, head + "executable file not found in $PATH");
  if (f.code == EACCES || f.code == EISDIR) return with_errno(f, "exec: \"" + file + "\"");
  return with_errno(f, head + "stat " + file);
}

inline error explain(const process::change_directory& s, const init_failure& f, const plan&) {
  if (f.code == EXDEV)
    return error::from_errno(0,
                             "current working directory is outside of container mount namespace root -- possible "
                             "container breakout detected");
  return with_errno(f, "chdir to cwd (\"" + std::string{s.path} + "\") set in config.json failed");
}

inline error explain(const process::set_user& s, const init_failure& f, const plan&) {
  if (f.code == EINVAL)
    return error::from_errno(0, "cannot set user " + std::to_string(s.uid) + " or group " + std::to_string(s.gid) +
                                    ": unmapped in the user namespace");
  return with_errno(f, words(s));
}

inline error explain(const lsm::write_attribute& s, const init_failure& f, const plan&) {
  const std::string what = std::string{s.failure} + ": write /proc/" + std::string{s.path};
  if (f.code == EXDEV) return error::from_errno(0, what + ": something is mounted over it");
  return with_errno(f, what);
}

inline error explain(const process::set_scheduler& s, const init_failure& f, const plan&) {
  constexpr std::uint32_t deadline = 6;  // SCHED_DEADLINE
  if (f.code == EPERM && s.policy == deadline)
    return with_errno(f, words(s) + ": process scheduler can't be used together with AllowedCPUs");
  return with_errno(f, words(s));
}

inline error explain(const execute_hook& s, const init_failure& f, const plan&) {
  const std::string head = "error running " + std::string{s.kind} + " hook #" + std::to_string(s.index) + ": ";
  if (f.code == ECANCELED) return error::from_errno(0, head + end_text(f.wait_status) + ", " + f.output);
  if (f.code == ETIMEDOUT)
    return error::from_errno(0, head + "hook ran past specified timeout of " + std::to_string(s.timeout) + ".0s");
  return with_errno(f, head + std::string{s.path});
}

}  // namespace detail

/// The error for a failure that the init of `of` reported, with its place in config.json. Pure.
[[nodiscard]] inline error explain(const init_failure& f, const plan& of) {
  if (f.step >= of.steps.size()) return error::from_errno(f.code, "the init refused its plan");
  const plan_step& one = of.steps[f.step];
  return std::visit([&](const auto& s) { return detail::explain(s, f, of); }, one.what).at(one.where);
}

}  // namespace ocikit::container
