// SPDX-License-Identifier: Apache-2.0
#include "backends.hpp"

#include <unistd.h>

#include <memory>
#include <utility>

#include <ocikit/cgroups/from_plugin.hpp>
#include <ocikit/container/embedded_init.hpp>
#include <ocikit/lsm/from_plugin.hpp>
#include <ocikit/plugin/loader.hpp>
#include <ocikit/sys/call.hpp>
#include <ocikit/sys/trace.hpp>

#include "plugin_search.hpp"
#include "seccomp_filter.hpp"

namespace ocikit::runtime {
container::backends make_backends(const invocation& call) {
  container::backends out;
  out.init_image = container::embedded_init();
  out.installed_init = OCIKIT_INSTALLED_INIT;
  out.cgroup_opener = [&call](std::string_view name) -> result<std::unique_ptr<cgroups::opener>> {
    const sys::traced loading{[&] { return "load the cgroup driver " + std::string{name}; }};
    return OCIKIT_TRY(cgroups::load_opener(plugin_search(call.globals), name));
  };
  out.translate_labels = [&call](std::string_view name, const lsm::request& wanted) -> result<lsm::labels> {
    const sys::traced loading{[&] { return "translate labels by " + std::string{name}; }};
    const auto module =
        OCIKIT_TRY(lsm::from_plugin(OCIKIT_TRY(plugin::load(plugin_search(call.globals), "lsm", name))));
    return module->translate(wanted);
  };
  out.compile_seccomp = [&call](const spec::seccomp& profile) { return compile_filter(call, profile); };
  return out;
}

result<std::string> choose_cgroup_manager(const globals& options, bool unified) {
  if (!options.cgroup_manager.empty()) return options.cgroup_manager;
  if (options.systemd_cgroup) {
    if (::access("/run/systemd/system", F_OK) != 0)
      return tl::unexpected(error::unsupported("systemd not running on this host, cannot use systemd cgroups manager"));
    return std::string{"cgroup-systemd"};
  }
  return std::string{unified ? "cgroup-fs2" : "cgroup-fs"};
}

}  // namespace ocikit::runtime
