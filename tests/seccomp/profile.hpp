// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <ocikit/spec/types.hpp>

/// The profile in this JSON text; apostrophes stand for quotation marks. Throws on a bad one.
ocikit::spec::seccomp profile_from(std::string_view json);

/// `/linux/seccomp` of a config.json. Throws when it cannot be read.
ocikit::spec::seccomp profile_of_config(const char* path);
