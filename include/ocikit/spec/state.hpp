// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ocikit/spec/types.hpp>

namespace ocikit::spec {

/// `paused` is runc's own: the specification has the other four.
enum class container_status { creating, created, running, paused, stopped };

/// What hooks read on stdin and `state` prints the first fields of. See: runtime-spec runtime.md, "State".
struct state {
  std::string oci_version = {};
  std::string id = {};
  container_status status = container_status::creating;
  std::int64_t pid = 0;  ///< 0: absent
  std::string bundle = {};
  string_map annotations = {};
  bool operator==(const state&) const = default;
};

/// What a seccomp agent receives beside the descriptors. See: runtime-spec config-linux.md, "The container process
/// state".
struct container_process_state {
  std::string oci_version = {};
  std::vector<std::string> fds = {};
  std::int64_t pid = 0;
  std::string metadata = {};
  spec::state state = {};
  bool operator==(const container_process_state&) const = default;
};

}  // namespace ocikit::spec
