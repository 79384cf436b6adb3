// SPDX-License-Identifier: Apache-2.0
#include "bundle.hpp"
#include "host.hpp"
#include "resctrl.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include <ocikit/mounts/plan.hpp>
#include <ocikit/spec/extensions.hpp>
#include <ocikit/spec/limits.hpp>
#include <ocikit/spec/parse.hpp>
#include <ocikit/sys/call.hpp>
#include <ocikit/sys/trace.hpp>

namespace ocikit::runtime {
namespace {

result<std::string> current_directory() {
  char path[4096];
  const auto r = sys::raw::getcwd(path, sizeof path);
  if (sys::raw::failed(r)) return tl::unexpected(error::from_errno(sys::raw::errno_of(r), "getcwd"));
  return std::string{path};
}

result<std::string> read_config() {
  constexpr std::size_t largest = std::size_t{8} << 20;
  auto text = sys::read_file(sys::at_fdcwd, "config.json", largest);
  if (!text && text.error().code() == ENOENT)
    return tl::unexpected(error::config("", "JSON specification file config.json not found"));
  return text;
}

/// Whether the config's network namespace is that of this process, by a path.
bool network_path_is_own(const spec::config& c) {
  if (!c.platform) return false;
  struct ::stat named {
  }, own{};
  for (const spec::linux_namespace& one : c.platform->namespaces)
    if (one.type == spec::namespace_type::network && !one.path.empty())
      return ::stat(one.path.c_str(), &named) == 0 && ::stat("/proc/self/ns/net", &own) == 0 &&
             named.st_dev == own.st_dev && named.st_ino == own.st_ino;
  return false;
}

}  // namespace

result<bundle> load_bundle(const invocation& call, zstring_view path, const spec::validation_facts& facts) {
  if (!path.empty()) {
    const auto r = sys::raw::chdir(path.c_str());
    if (sys::raw::failed(r))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(r), "chdir " + std::string{path}));
  }
  const sys::traced loading{[] { return "read and check config.json"; }};
  bundle out;
  out.directory = OCIKIT_TRY(current_directory());
  auto parsed = OCIKIT_TRY(spec::parse_config(OCIKIT_TRY(read_config())));
  for (const std::string& pointer : parsed.unknown) call.log.debug("config.json: unknown property " + pointer);
  out.config = std::move(parsed.value);
  OCIKIT_TRY(spec::expand_extensions(out.config));
  spec::validation_facts complete = facts;
  if (out.config.platform && out.config.platform->intel_rdt) {
    out.resctrl = find_resctrl();
    complete.intel_rdt_enabled = out.resctrl.mounted();
    complete.intel_rdt_l3_enabled = out.resctrl.cache_allocation;
    complete.intel_rdt_mba_enabled = out.resctrl.bandwidth_allocation;
  }
  complete.network_path_is_own = network_path_is_own(out.config);
  out.warnings = OCIKIT_TRY(spec::validate(out.config, complete));
  const std::string root = out.config.root ? out.config.root->path : std::string{"rootfs"};
  out.rootfs = mounts::detail::cleaned(root.starts_with('/') ? root : out.directory + '/' + root);
  return out;
}

spec::validation_facts read_validation_facts(bool no_pivot, std::uint32_t last_capability) {
  spec::validation_facts facts;
  facts.rootless_euid = effective_uid() != 0;
  facts.no_pivot = no_pivot;
  facts.capability_count = last_capability + 1;
  return facts;
}

result<void> check_rootfs(const std::string& rootfs) {
  const open_how how{O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS};
  auto r = sys::raw::openat2(AT_FDCWD, rootfs.c_str(), how);
  if (r == -ENOSYS || r == -EPERM) r = sys::raw::openat(AT_FDCWD, rootfs.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!sys::raw::failed(r)) {
    (void)sys::raw::close(static_cast<int>(r));
    return {};
  }
  const int code = sys::raw::errno_of(r);
  if (code == ELOOP)
    return tl::unexpected(error::config("/root/path", "invalid rootfs: not an absolute path, or a symlink"));
  return tl::unexpected(error::from_errno(code, "invalid rootfs: stat " + rootfs).at("/root/path"));
}

}  // namespace ocikit::runtime
