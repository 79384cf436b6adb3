// SPDX-License-Identifier: Apache-2.0
//
// The hooks that run on the host's side: prestart, createRuntime, poststart and poststop. createContainer and
// startContainer belong to the init.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/container/captured_program.hpp>
#include <ocikit/container/state.hpp>
#include <ocikit/spec/extensions.hpp>
#include <ocikit/spec/state.hpp>
#include <ocikit/spec/tables.hpp>
#include <ocikit/spec/types.hpp>
#include <ocikit/spec/write.hpp>
#include <ocikit/sys/trace.hpp>

namespace ocikit::container {

/// What hooks are told of the container. The pid is left out (0) where there is no process any more. Pure.
[[nodiscard]] inline spec::state hook_state(const state& of, spec::container_status status) {
  const bool gone = status == spec::container_status::stopped;
  return {.oci_version = std::string{specification_version},
          .id = of.id,
          .status = status,
          .pid = gone ? 0 : of.init_process_pid,
          .bundle = of.ocikit.bundle,
          .annotations = of.config.annotations};
}

/// Opens the host's file for what hooks write, to its end; it is made, 0600, where it is missing. A link, and what is
/// no regular file, is refused: it would lead, or wait, elsewhere. Errors: config; system.
[[nodiscard]] inline result<unique_fd> open_hook_file(zstring_view path) {
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
  unique_fd file = OCIKIT_TRY(sys::openat(sys::at_fdcwd, path, flags, 0600));
  if (!S_ISREG(OCIKIT_TRY(sys::statx(file, STATX_TYPE)).stx_mode))
    return tl::unexpected(error::config(
        "", "the file for the output of hooks is not a regular one: " + sys::detail::shown(std::string_view{path})));
  if (file.get() > 2) return file;
  const auto above = sys::raw::fcntl(file.get(), F_DUPFD_CLOEXEC, 3);  // clear of a child's standard streams
  if (sys::raw::failed(above)) return tl::unexpected(error::from_errno(sys::raw::errno_of(above), "fcntl(F_DUPFD)"));
  return unique_fd{adopt_fd, static_cast<int>(above)};
}

/// Files that take what hooks write; without, it serves the error only.
struct hook_outputs {
  unique_fd output;
  unique_fd errors;
};

/// Opens those that the annotations `run.oci.hooks.stdout` and `run.oci.hooks.stderr` name. Errors: as
/// `open_hook_file`, with the annotation's pointer.
[[nodiscard]] inline result<hook_outputs> open_hook_outputs(const spec::string_map& annotations) {
  const auto said = OCIKIT_TRY(spec::read_extensions(annotations));
  const auto open = [](const std::string& path, std::string_view key) -> result<unique_fd> {
    if (path.empty()) return unique_fd{};
    return open_hook_file(path).map_error([&](error e) { return std::move(e).at("/annotations/" + std::string{key}); });
  };
  hook_outputs out;
  out.output = OCIKIT_TRY(open(said.hooks_stdout, spec::annotation::hooks_stdout));
  out.errors = OCIKIT_TRY(open(said.hooks_stderr, spec::annotation::hooks_stderr));
  return out;
}

namespace detail {

inline error hook_past_timeout(std::int64_t seconds) {
  return error::state("hook ran past specified timeout of " + std::to_string(seconds) + ".0s");
}

inline result<void> run_hook(const spec::hook& hook, std::string_view state_document, const hook_outputs& outputs) {
  constexpr std::int64_t longest_timeout = 1LL << 31U;  // sixty years
  if (!hook.path.starts_with('/')) return tl::unexpected(error::config("", "hook path is not absolute: " + hook.path));
  program what{.path = hook.path,
               .args = hook.args,
               .env = hook.env.value_or(std::vector<std::string>{}),
               .input = std::string{state_document},
               .timeout = {},
               .longest_output = 8192,
               .output_to = outputs.output,
               .errors_to = outputs.errors};
  const std::int64_t seconds = std::min(hook.timeout.value_or(0), longest_timeout);
  if (seconds > 0) what.timeout = std::chrono::seconds{seconds};
  const auto end = OCIKIT_TRY(run_captured(what));
  if (end.timed_out) return tl::unexpected(hook_past_timeout(seconds));
  if (end.status == 0) return {};
  return tl::unexpected(
      error::state(end_text(end.status) + ", stdout: " + end.output + ", stderr: " + end.error_output));
}

}  // namespace detail

/// Runs `hooks` in their order and stops at the first that fails. `kind` is the property's name, `createRuntime`;
/// `now` goes to each one's standard input as JSON. A hook sees its own `env` and nothing else (an empty environment
/// when it has none), this process's current directory, and no descriptors but 0, 1 and 2; its outputs serve the error
/// only, 8 KiB of each, or go to the files that its annotations name. A hook that does not read its input is fine.
/// Errors: `error running createRuntime hook #1: exit status 3, stdout: ..., stderr: ...` of kind state; the same with
/// `hook ran past specified timeout of 1.0s`; system when it cannot be started; config for a path that is not absolute.
/// See: runtime-spec config.md, "POSIX-platform Hooks".
[[nodiscard]] inline result<void> run_hooks(std::string_view kind, std::span<const spec::hook> hooks,
                                            const spec::state& now) {
  if (hooks.empty()) return {};
  const hook_outputs outputs = OCIKIT_TRY(open_hook_outputs(now.annotations));
  const std::string document = spec::write(now);
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    const sys::traced running{[&] { return std::string{kind} + " hook " + hooks[i].path; }};
    auto ended = detail::run_hook(hooks[i], document, outputs);
    if (ended) continue;
    return tl::unexpected(
        std::move(ended).error().within("error running " + std::string{kind} + " hook #" + std::to_string(i)));
  }
  return {};
}

}  // namespace ocikit::container
