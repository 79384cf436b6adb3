// SPDX-License-Identifier: Apache-2.0
#include "seccomp_filter.hpp"

#include <memory>
#include <string>
#include <utility>

#include <ocikit/plugin/loader.hpp>
#include <ocikit/seccomp/cache.hpp>
#include <ocikit/seccomp/from_plugin.hpp>
#include <ocikit/sys/trace.hpp>

#include "plugin_search.hpp"

namespace ocikit::runtime {
namespace {

constexpr std::string_view compiler_plugin = "seccomp-libseccomp";

/// Which ocirun would finish what is compiled, and which plugin would compile, where that is not part of it.
/// Errors: system.
result<std::string> name_compiler(const plugin::search& where) {
  const std::string program = OCIKIT_TRY(seccomp::file_identity("/proc/self/exe"));
  const std::string file = plugin::find_file(where, compiler_plugin);
  if (file.empty()) return program;
  return program + " " + file + " " + OCIKIT_TRY(seccomp::file_identity(file));
}

result<seccomp::cached_filter> compile_or_find(const invocation& call, const spec::seccomp& profile) {
  const auto where = plugin_search(call.globals);
  const auto kernel = seccomp::probe_kernel();
  const auto open_compiler = [&]() -> result<std::unique_ptr<seccomp::compiler>> {
    const sys::traced loading{[] { return "load the plugin " + std::string{compiler_plugin}; }};
    return seccomp::from_plugin(OCIKIT_TRY(plugin::load(where, "seccomp", compiler_plugin)));
  };
  const auto kept = seccomp::cache::open_or_create(call.globals.root + ".seccomp");
  const auto name = name_compiler(where);
  if (kept && name) return seccomp::compile(profile, kernel, *kept, *name, open_compiler);
  const auto compiler = OCIKIT_TRY(open_compiler());
  seccomp::cached_filter out;
  out.filter = OCIKIT_TRY(seccomp::compile(profile, kernel, *compiler));
  out.not_kept = kept ? name.error() : kept.error();
  return out;
}

std::string comma_separated(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) (out += out.empty() ? "" : ", ") += name;
  return out;
}

}  // namespace

result<seccomp::compiled_filter> compile_filter(const invocation& call, const spec::seccomp& profile) {
  if (!seccomp::wants_filter(profile)) return seccomp::compiled_filter{};
  const sys::traced compiling{[] { return "find or compile the seccomp filter"; }};
  auto [filter, kept_before, not_kept] = OCIKIT_TRY(compile_or_find(call, profile));
  for (const std::string& text : filter.warnings) call.log.warning(text);
  if (!filter.unknown.empty())
    call.log.debug("seccomp: unknown system calls are ignored: " + comma_separated(filter.unknown));
  if (kept_before) call.log.debug("seccomp filter taken from " + call.globals.root + ".seccomp");
  call.log.debug("seccomp filter flags: " + std::to_string(filter.flags));
  if (not_kept) call.log.debug("seccomp filter not kept: " + not_kept->message());
  return std::move(filter);
}

}  // namespace ocikit::runtime
