// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/container/backends.hpp>
#include <ocikit/seccomp/compile.hpp>
#include <ocikit/spec/extensions.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::container {

/// The filter of a container: the program in its annotation `run.oci.seccomp_bpf_data`, else what its profile compiles
/// to; an empty one without either. Errors: config; as `backends::compile_seccomp`.
[[nodiscard]] inline result<seccomp::compiled_filter> choose_filter(const spec::config& config, const backends& with) {
  seccomp::compiled_filter out;
  out.program = OCIKIT_TRY(spec::read_extensions(config.annotations)).seccomp_program;
  if (!out.program.empty() || !config.platform || !config.platform->seccomp) return out;
  return with.compile_seccomp(*config.platform->seccomp);
}

}  // namespace ocikit::container
