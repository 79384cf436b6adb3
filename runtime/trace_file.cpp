// SPDX-License-Identifier: Apache-2.0
#include "trace_file.hpp"

#include <fcntl.h>

#include <utility>

#include <ocikit/sys/call.hpp>

#include "trace_report.hpp"

namespace ocikit::runtime {
namespace {

sys::trace_record the_record;

}  // namespace

result<trace_file> trace_file::open(std::string_view path) {
  trace_file out;
  if (path != "-") {
    const std::string name{path};
    const auto r = sys::raw::openat(AT_FDCWD, name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0644);
    if (sys::raw::failed(r))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(r), "opening the trace file " + name));
    out.file_ = unique_fd{adopt_fd, static_cast<int>(r)};
  }
  out.asked_ = true;
  the_record.reserve(256);
  sys::active_trace = &the_record;
  return out;
}

result<void> trace_file::write(std::string_view program) {
  if (!std::exchange(asked_, false)) return {};
  sys::active_trace = nullptr;
  if (!file_) return sys::write_all(fd_view{2}, trace_waterfall(the_record));
  return sys::write_all(file_, trace_events(the_record, program));
}

}  // namespace ocikit::runtime
