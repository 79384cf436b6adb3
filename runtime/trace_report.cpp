// SPDX-License-Identifier: Apache-2.0
#include "trace_report.hpp"

#include <algorithm>
#include <cstdio>

#include <ocikit/sys/quoted_text.hpp>

namespace ocikit::runtime {
namespace {

using sys::trace_time;
using sys::traced_work;

/// By their beginning; what holds another stands before it.
sys::trace_record in_order(sys::trace_record record) {
  std::ranges::stable_sort(record, [](const traced_work& a, const traced_work& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  return record;
}

trace_time last_end(const sys::trace_record& record) { return std::ranges::max(record, {}, &traced_work::end).end; }

/// `nanoseconds` in units of 10^`digits`, with all digits behind the point.
std::string decimal(trace_time nanoseconds, int digits) {
  trace_time unit = 1;
  for (int i = 0; i < digits; ++i) unit *= 10;
  char text[48];
  std::snprintf(text, sizeof text, "%lld.%0*lld", static_cast<long long>(nanoseconds / unit), digits,
                static_cast<long long>(nanoseconds % unit));
  return text;
}

std::string metadata(std::string_view kind, int thread, std::string_view name) {
  return "{\"ph\":\"M\",\"pid\":1,\"tid\":" + std::to_string(thread) + ",\"name\":\"" + std::string{kind} +
         "\",\"args\":{\"name\":" + sys::json_quoted(name) + "}}";
}

constexpr int thread_of(traced_work::by who) { return who == traced_work::by::runtime ? 1 : 2; }

/// Where in the whole it was, in `width` characters: at least one of them.
std::string bar(const traced_work& one, trace_time first, trace_time whole, trace_time width) {
  const auto column = [&](trace_time time) { return whole == 0 ? 0 : (time - first) * width / whole; };
  const auto from = std::clamp<trace_time>(column(one.begin), 0, width - 1);
  const auto to = std::clamp<trace_time>(column(one.end), from + 1, width);
  std::string out(static_cast<std::size_t>(width), ' ');
  std::fill(out.begin() + from, out.begin() + to, one.who == traced_work::by::runtime ? '#' : '=');
  return out;
}

}  // namespace

std::string trace_events(const sys::trace_record& record, std::string_view program) {
  const auto all = in_order(record);
  std::string out = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + metadata("process_name", 1, program) + ",\n" +
                    metadata("thread_name", 1, "runtime") + ",\n" + metadata("thread_name", 2, "init");
  for (const auto& one : all)
    out += ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":" + std::to_string(thread_of(one.who)) +
           ",\"ts\":" + decimal(one.begin - all.front().begin, 3) + ",\"dur\":" + decimal(one.end - one.begin, 3) +
           ",\"name\":" + sys::json_quoted(one.what) + "}";
  return out + "\n]}\n";
}

std::string trace_waterfall(const sys::trace_record& record) {
  constexpr trace_time width = 40;
  const auto all = in_order(record);
  if (all.empty()) return {};
  const auto first = all.front().begin, whole = last_end(all) - first;
  std::string out = "   at ms  took ms  by      |" + std::string(static_cast<std::size_t>(width), ' ') + "|\n";
  for (const auto& one : all) {
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "%8s %8s  ", decimal((one.begin - first) / 1000, 3).c_str(),
                  decimal((one.end - one.begin) / 1000, 3).c_str());
    out += std::string{numbers} + (one.who == traced_work::by::runtime ? "runtime" : "init   ") + " |" +
           bar(one, first, whole, width) + "| " + sys::one_line(one.what) + "\n";
  }
  return out;
}

}  // namespace ocikit::runtime
