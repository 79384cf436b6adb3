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
#include <ocikit/spec/state.hpp>
#include <ocikit/spec/tables.hpp>
#include <ocikit/spec/types.hpp>
#include <ocikit/spec/write.hpp>

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

namespace detail {

inline error hook_past_timeout(std::int64_t seconds) {
  return error::state("hook ran past specified timeout of " + std::to_string(seconds) + ".0s");
}

inline result<void> run_hook(const spec::hook& hook, std::string_view state_document) {
  constexpr std::int64_t longest_timeout = 1LL << 31U;  // sixty years
  if (!hook.path.starts_with('/')) return tl::unexpected(error::config("", "hook path is not absolute: " + hook.path));
  program what{.path = hook.path,
               .args = hook.args,
               .env = hook.env.value_or(std::vector<std::string>{}),
               .input = std::string{state_document},
               .timeout = {},
               .longest_output = 8192};
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
/// only, 8 KiB of each. A hook that does not read its input is fine.
/// Errors: `error running createRuntime hook #1: exit status 3, stdout: ..., stderr: ...` of kind state; the same with
/// `hook ran past specified timeout of 1.0s`; system when it cannot be started; config for a path that is not absolute.
/// See: runtime-spec config.md, "POSIX-platform Hooks".
[[nodiscard]] inline result<void> run_hooks(std::string_view kind, std::span<const spec::hook> hooks,
                                            const spec::state& now) {
  if (hooks.empty()) return {};
  const std::string document = spec::write(now);
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    auto ended = detail::run_hook(hooks[i], document);
    if (ended) continue;
    return tl::unexpected(
        std::move(ended).error().within("error running " + std::string{kind} + " hook #" + std::to_string(i)));
  }
  return {};
}

}  // namespace ocikit::container
