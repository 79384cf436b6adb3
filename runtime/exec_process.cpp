// SPDX-License-Identifier: Apache-2.0
#include "exec_process.hpp"

#include <string>
#include <utility>
#include <vector>

#include <ocikit/process/capabilities.hpp>
#include <ocikit/spec/ids.hpp>
#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/validate.hpp>
#include <ocikit/sys/call.hpp>

#include "bundle.hpp"

namespace ocikit::runtime {
namespace {

constexpr std::size_t largest_document = std::size_t{8} << 20;

result<spec::process> from_file(zstring_view path) {
  const auto file = OCIKIT_TRY(sys::openat(sys::at_fdcwd, path, O_RDONLY | O_NOCTTY));
  return OCIKIT_TRY(spec::parse_process(OCIKIT_TRY(sys::read_all(file, largest_document)))).value;
}

result<spec::process> from_bundle(const container::state& in) {
  if (in.ocikit.bundle.empty()) return tl::unexpected(error::state("bundle not found in labels"));
  const std::string path = in.ocikit.bundle + "/config.json";
  auto text = sys::read_file(sys::at_fdcwd, path, largest_document);
  if (!text && text.error().code() == ENOENT)
    return tl::unexpected(error::config("", "JSON specification file " + path + " not found"));
  auto config = OCIKIT_TRY(spec::parse_config(OCIKIT_TRY(std::move(text))));
  if (!config.value.process) return tl::unexpected(error::config("/process", "process property must not be empty"));
  return *std::move(config.value.process);
}

result<void> set_user(const invocation& call, spec::user& user) {
  if (call.given("user")) {
    const auto ids = OCIKIT_TRY(spec::parse_user_ids(call.text("user")));
    user.uid = ids.uid;
    if (ids.gid) user.gid = *ids.gid;
  }
  for (const std::int64_t gid : call.numbers("additional-gids")) {
    if (gid < 0)
      return tl::unexpected(error::config("", "additional-gids must be a positive number " + std::to_string(gid)));
    if (gid > 4294967294)
      return tl::unexpected(error::config("", "additional-gids is out of range: " + std::to_string(gid)));
    user.additional_gids.push_back(static_cast<std::uint32_t>(gid));
  }
  return {};
}

/// --cap adds to bounding, effective and permitted; to ambient only where the spec has an inheritable set.
void add_capabilities(const invocation& call, std::optional<spec::capabilities>& sets) {
  const auto added = call.texts("cap");
  if (added.empty()) return;
  if (!sets) sets.emplace();
  for (const zstring_view name : added) {
    const std::string text{name};
    sets->bounding.push_back(text);
    sets->effective.push_back(text);
    sets->permitted.push_back(text);
    if (!sets->inheritable.empty()) sets->ambient.push_back(text);
  }
}

result<void> override_from_options(const invocation& call, spec::process& process) {
  process.args.assign(call.positionals.begin() + 1, call.positionals.end());
  if (call.given("cwd")) process.cwd = std::string{call.text("cwd")};
  if (call.given("apparmor")) process.apparmor_profile = std::string{call.text("apparmor")};
  if (call.given("process-label")) process.selinux_label = std::string{call.text("process-label")};
  if (call.given("no-new-privs")) process.no_new_privileges = call.flag("no-new-privs");
  process.terminal = call.flag("tty");
  const auto variables = call.texts("env");
  if (!variables.empty() && !process.env) process.env.emplace();
  for (const zstring_view variable : variables) process.env->emplace_back(variable);
  add_capabilities(call, process.capabilities);
  return set_user(call, process.user);
}

/// What the process does not say for itself is the container's.
void borrow(spec::process& process, const spec::process& own) {
  if (!process.capabilities) process.capabilities = own.capabilities;
  if (process.rlimits.empty()) process.rlimits = own.rlimits;
  if (process.apparmor_profile.empty()) process.apparmor_profile = own.apparmor_profile;
  if (process.selinux_label.empty()) process.selinux_label = own.selinux_label;
  if (!process.scheduler) process.scheduler = own.scheduler;
  if (!process.io_priority) process.io_priority = own.io_priority;
  if (!process.exec_cpu_affinity) process.exec_cpu_affinity = own.exec_cpu_affinity;
  if (!process.oom_score_adj) process.oom_score_adj = own.oom_score_adj;
  process.user.umask = own.user.umask;
}

}  // namespace

result<spec::process> read_exec_process(const invocation& call, const container::state& in) {
  const zstring_view file = call.text("process");
  if (file.empty() && call.positionals.size() < 2)
    return tl::unexpected(error::config("", "exec args cannot be empty"));
  spec::process process = OCIKIT_TRY(file.empty() ? from_bundle(in) : from_file(file));
  if (file.empty()) OCIKIT_TRY(override_from_options(call, process));
  if (in.config.process) borrow(process, *in.config.process);
  const auto facts = read_validation_facts(false, process::read_last_capability());
  for (const spec::warning& one : OCIKIT_TRY(spec::validate_process(process, facts))) call.log.warning(one.text);
  return process;
}

}  // namespace ocikit::runtime
