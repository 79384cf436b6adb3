// SPDX-License-Identifier: Apache-2.0
//
// What stands between the labels of a config and the kernel's files: the request that a security module gets, and what
// it gives back.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <ocikit/base/error.hpp>

namespace ocikit::lsm {

/// The labels that a config asks one module for; empty: none.
struct request {
  std::string process_label;  ///< of the program and its session keyring
  std::string mount_label;    ///< of the container's new file systems
  bool operator==(const request&) const = default;
};

/// One write to a file of the process's own.
struct attribute {
  std::string file;     ///< below /proc/thread-self/attr; empty: nothing is to be written
  std::string text;     ///< what to write
  std::string failure;  ///< what the kernel's refusal means, for people
  bool operator==(const attribute&) const = default;
};

/// A request in the kernel's terms.
struct labels {
  attribute program;         ///< for the executions that follow
  attribute keyring;         ///< for the keyrings that follow; an empty write takes it back
  std::string mount_option;  ///< for mount(2); empty: none
  bool operator==(const labels&) const = default;
};

/// A security module. One virtual function: the seam for plugins and for tests.
class security_module {
 public:
  security_module() = default;
  security_module(const security_module&) = delete;
  security_module& operator=(const security_module&) = delete;
  virtual ~security_module() = default;

  /// Looks at the host. Errors: config for a label that cannot be one, each with its pointer; unsupported when the
  /// kernel has no such module or it is off; system; plugin.
  [[nodiscard]] virtual result<labels> translate(const request& wanted) = 0;
};

/// Refuses what the kernel could only misunderstand: control characters, and more than fits into one write.
[[nodiscard]] inline result<void> check_label(std::string_view label, std::string_view pointer) {
  constexpr std::size_t longest = 4000;  // the kernel takes a page, with a word before the label
  if (label.size() > longest)
    return tl::unexpected(
        error::config(std::string{pointer}, "a label of more than " + std::to_string(longest) + " bytes"));
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(label.begin(), label.end(), is_control))
    return tl::unexpected(error::config(std::string{pointer}, "a label with control characters"));
  return {};
}

}  // namespace ocikit::lsm
