// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "catch.hpp"
#include "trace_report.hpp"

using namespace ocikit;
using namespace ocikit::runtime;

namespace {

constexpr auto by_init = sys::traced_work::by::init;
constexpr auto by_runtime = sys::traced_work::by::runtime;
constexpr sys::trace_time start = 1'790'000'000'123'456'789;

/// In the order in which they ended: the whole comes last.
const sys::trace_record record{
    {by_init, "mount \"x\"\n", start + 1'000'000, start + 1'500'000},
    {by_runtime, "wait", start + 900'000, start + 1'600'000},
    {by_runtime, "run", start, start + 4'000'000},
};

}  // namespace

TEST_CASE("a record without anybody who asked is none") {
  REQUIRE(sys::active_trace == nullptr);
  bool asked = false;
  { const sys::traced nothing{[&] { return asked = true, std::string{}; }}; }
  CHECK_FALSE(asked);
}

TEST_CASE("what is traced is recorded when it ends, with its beginning") {
  sys::trace_record to;
  sys::active_trace = &to;
  {
    const sys::traced outer{[] { return "outer"; }};
    const sys::traced inner{[] { return "inner"; }};
  }
  sys::active_trace = nullptr;
  REQUIRE(to.size() == 2);
  CHECK(to[0].what == "inner");
  CHECK(to[1].what == "outer");
  CHECK(to[1].begin <= to[0].begin);
  CHECK(to[0].end <= to[1].end);
  CHECK(to[1].begin > start - 400'000'000'000'000'000);  // of a clock that everybody shares
}

TEST_CASE("events have microseconds since the first, and a thread for each of the two") {
  CHECK(trace_events(record, "ocirun") == R"({"displayTimeUnit":"ms","traceEvents":[
{"ph":"M","pid":1,"tid":1,"name":"process_name","args":{"name":"ocirun"}},
{"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"runtime"}},
{"ph":"M","pid":1,"tid":2,"name":"thread_name","args":{"name":"init"}},
{"ph":"X","pid":1,"tid":1,"ts":0.000,"dur":4000.000,"name":"run"},
{"ph":"X","pid":1,"tid":1,"ts":900.000,"dur":700.000,"name":"wait"},
{"ph":"X","pid":1,"tid":2,"ts":1000.000,"dur":500.000,"name":"mount \"x\"\n"}
]}
)");
}

TEST_CASE("the waterfall has a line and a bar for each, and no more lines than that") {
  CHECK(trace_waterfall(record) ==
        "   at ms  took ms  by      |                                        |\n"
        "   0.000    4.000  runtime |########################################| run\n"
        "   0.900    0.700  runtime |         #######                        | wait\n"
        "   1.000    0.500  init    |          =====                         | mount \"x\"\\n\n");
  CHECK(trace_waterfall({}).empty());
  CHECK(trace_waterfall({{by_runtime, "at once", start, start}}).find("|#   ") != std::string::npos);
}
