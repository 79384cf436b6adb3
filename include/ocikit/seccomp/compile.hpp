// SPDX-License-Identifier: Apache-2.0
//
// From a profile to a filter that is ready to load.
#pragma once

#include <linux/filter.h>

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <ocikit/seccomp/compiler.hpp>
#include <ocikit/seccomp/kernel.hpp>
#include <ocikit/seccomp/request.hpp>
#include <ocikit/seccomp/steps.hpp>
#include <ocikit/seccomp/unknown_calls.hpp>

namespace ocikit::seccomp {

/// A filter, and what came to light on the way to it.
struct compiled_filter {
  std::vector<std::byte> program;  ///< empty: the profile asks for no filter
  std::uint32_t flags = 0;
  bool notify = false;
  std::vector<std::string> unknown;   ///< names that were ignored, for the debug log
  std::vector<std::string> warnings;  ///< one line each
  std::vector<std::string> files;     ///< what the result depends on besides the profile; see `assembled`
  bool operator==(const compiled_filter&) const = default;

  /// The step; it borrows the program.
  [[nodiscard]] load_filter step() const& noexcept { return {program, flags, notify}; }
  load_filter step() && = delete;
};

namespace detail {

/// A compiler may be a stranger's plugin: what it says is checked before the kernel sees it.
inline result<void> check_assembled(const assembled& made, const request& wanted) {
  if (made.program.empty() || made.program.size() % sizeof(struct ::sock_filter) != 0)
    return tl::unexpected(
        error::plugin("the seccomp compiler made a program of " + std::to_string(made.program.size()) + " bytes"));
  if (made.newest.size() == wanted.architectures.size()) return {};
  return tl::unexpected(error::plugin("the seccomp compiler named the newest call of " +
                                      std::to_string(made.newest.size()) + " architectures, not of " +
                                      std::to_string(wanted.architectures.size())));
}

inline std::vector<newest_call> newest_calls(const assembled& made, const request& wanted) {
  std::vector<newest_call> calls;
  for (std::size_t i = 0; i < wanted.architectures.size(); ++i)
    calls.push_back({wanted.architectures[i].token, made.newest[i]});
  return calls;
}

/// The compiled program behind its prologue.
inline result<std::vector<std::byte>> finish_program(assembled& made, const request& wanted) {
  if (needs_unknown_call_rule(wanted.default_action)) {
    const auto prologue = unknown_call_rule(newest_calls(made, wanted));
    const auto bytes = std::as_bytes(std::span{prologue});
    made.program.insert(made.program.begin(), bytes.begin(), bytes.end());
  }
  const auto count = made.program.size() / sizeof(struct ::sock_filter);
  if (count <= BPF_MAXINSNS) return std::move(made.program);
  return tl::unexpected(error::config(
      "/linux/seccomp",
      "the filter has " + std::to_string(count) + " instructions, the kernel takes " + std::to_string(BPF_MAXINSNS)));
}

}  // namespace detail

/// Compiles a profile for a kernel. A profile that asks for no filter (`wants_filter`) gives an empty program.
///
/// Names that `with` does not know are ignored and listed; a rule that only repeats the default action is skipped.
/// Errors: config with the pointer of the value at fault; unsupported for flags, notify or architectures that cannot be
/// had; system and plugin as `with` reports them.
/// See: runtime-spec config-linux.md, "Seccomp"; seccomp(2).
[[nodiscard]] inline result<compiled_filter> compile(const spec::seccomp& profile, const kernel_facts& kernel,
                                                     compiler& with) {
  compiled_filter out;
  if (!wants_filter(profile)) return out;
  const request wanted = OCIKIT_TRY(plan_request(profile, kernel));
  out.flags = OCIKIT_TRY(plan_flags(profile, kernel));
  out.notify = uses_notify(profile);
  assembled made = OCIKIT_TRY(
      with.assemble(wanted).map_error([](error e) { return std::move(e).within("compiling the seccomp profile"); }));
  OCIKIT_TRY(detail::check_assembled(made, wanted));
  out.program = OCIKIT_TRY(detail::finish_program(made, wanted));
  out.unknown = std::move(made.unknown);
  out.warnings = std::move(made.warnings);
  out.files = std::move(made.files);
  return out;
}

/// The same for the running kernel.
[[nodiscard]] inline result<compiled_filter> compile(const spec::seccomp& profile, compiler& with) {
  return compile(profile, probe_kernel(), with);
}

}  // namespace ocikit::seccomp
