// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/base/error.hpp>
#include <ocikit/seccomp/compile.hpp>
#include <ocikit/spec/types.hpp>

#include "command_line.hpp"

namespace ocikit::runtime {

/// The filter of a profile. It is kept in the directory ROOT.seccomp beside the state root (in which every name may be
/// a container's) and taken from there while profile, kernel, ocirun, plugin and library are the same: no plugin is
/// loaded then. A directory that cannot be made, is full or is not to be trusted costs the time to compile and no more.
/// What the compiler has to say is logged each time. Errors: as `seccomp::compile` and `plugin::load`.
[[nodiscard]] result<seccomp::compiled_filter> compile_filter(const invocation& call, const spec::seccomp& profile);

}  // namespace ocikit::runtime
