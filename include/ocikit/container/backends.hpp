// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/cgroups/driver.hpp>
#include <ocikit/lsm/labels.hpp>
#include <ocikit/seccomp/compile.hpp>

namespace ocikit::container {

/// What a container is made with: the caller decides whether it is compiled in or comes out of plugins.
struct backends {
  std::span<const std::byte> init_image;  ///< the init, a static program: `embedded_init()`
  zstring_view installed_init;            ///< a copy on disk, for kernels that forbid executing a memfd; or empty
  /// The cgroup driver of that name.
  std::function<result<std::unique_ptr<cgroups::opener>>(std::string_view name)> cgroup_opener;
  /// What the LSM backend of that name makes of labels.
  std::function<result<lsm::labels>(std::string_view name, const lsm::request&)> translate_labels;
  /// Compiles a seccomp profile that wants a filter.
  std::function<result<seccomp::compiled_filter>(const spec::seccomp&)> compile_seccomp;
};

}  // namespace ocikit::container
