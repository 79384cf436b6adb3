// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/sys/trace.hpp>

namespace ocikit::runtime {

/// What --trace asks for. From its making on, what the process does is recorded.
class trace_file {
 public:
  /// `path`: made new; `-` is a text on standard error. Errors: system.
  static result<trace_file> open(std::string_view path);

  trace_file() = default;
  trace_file(trace_file&&) noexcept = default;
  trace_file& operator=(trace_file&&) noexcept = default;
  ~trace_file() = default;

  /// Ends the recording and writes what there is; does nothing when nothing was asked for. Errors: system.
  [[nodiscard]] result<void> write(std::string_view program);

 private:
  bool asked_ = false;
  unique_fd file_;  ///< none: standard error
};

}  // namespace ocikit::runtime
