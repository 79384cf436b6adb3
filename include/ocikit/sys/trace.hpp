// SPDX-License-Identifier: Apache-2.0
//
// What took how long. Off unless somebody asked; then there is one record for the whole process, because what is to be
// seen is what the process did.
#pragma once

#include <time.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ocikit::sys {

/// Nanoseconds of the clock that all processes share, also those in a time namespace of their own: CLOCK_REALTIME, so
/// that the traces of two commands can be laid side by side.
using trace_time = std::int64_t;

[[nodiscard]] inline trace_time trace_now() {
  struct ::timespec now {};
  (void)::clock_gettime(CLOCK_REALTIME, &now);
  return trace_time{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Something that was done, and by whom.
struct traced_work {
  enum class by : std::uint8_t { runtime, init } who = by::runtime;
  std::string what;
  trace_time begin = 0;
  trace_time end = 0;
};

/// In the order in which it ended.
using trace_record = std::vector<traced_work>;

/// The record that is being made; null: none. Not thread-safe.
inline constinit trace_record* active_trace = nullptr;

/// Records what lies between its making and its destruction. `words()` is called only when there is a record.
class traced {
 public:
  template <class Words>
  explicit traced(Words words) {
    if (active_trace == nullptr) return;
    what_ = words();
    begin_ = trace_now();
  }
  traced(const traced&) = delete;
  traced& operator=(const traced&) = delete;
  ~traced() {
    if (begin_ != 0 && active_trace != nullptr)
      active_trace->push_back({traced_work::by::runtime, std::move(what_), begin_, trace_now()});
  }

 private:
  std::string what_;
  trace_time begin_ = 0;
};

}  // namespace ocikit::sys
