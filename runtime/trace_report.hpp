// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <ocikit/sys/trace.hpp>

namespace ocikit::runtime {

/// The record in the Trace Event Format, which chrome://tracing and https://ui.perfetto.dev show: complete events with
/// microseconds since the first one, on one thread for the runtime and one for the init. Pure.
[[nodiscard]] std::string trace_events(const sys::trace_record& record, std::string_view program);

/// The record as a text: a line for each entry, by its beginning, with a bar for its place in the whole. Pure.
[[nodiscard]] std::string trace_waterfall(const sys::trace_record& record);

}  // namespace ocikit::runtime
