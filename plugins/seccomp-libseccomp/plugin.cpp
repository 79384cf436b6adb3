// SPDX-License-Identifier: Apache-2.0
#include <ocikit/seccomp/as_plugin.hpp>

#include "compiler.hpp"

OCIKIT_DEFINE_PLUGIN("seccomp", "seccomp-libseccomp", "seccomp profiles compiled by libseccomp", "0.1.0",
                     &ocikit::seccomp::as_plugin<ocikit::seccomp::libseccomp_compiler>)
