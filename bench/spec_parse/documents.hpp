// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <ocikit/spec/types.hpp>

#include "library.hpp"

namespace spec_parse {

/// The file's text under its name without folder and extension. Throws when it cannot be read.
document document_of_file(const std::string& path);

/// A config.json of 1 MiB such as an engine would write for a very large container, grown out of `from`: its mounts,
/// environment, annotations (some of them JSON in a string, as orchestrators have them), devices with their rules and
/// seccomp rules, each list as much larger as it is in practice, within ocikit's limits. The same on every machine.
document large_document(ocikit::spec::config from);

}  // namespace spec_parse
