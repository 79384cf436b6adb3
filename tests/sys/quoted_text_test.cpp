// SPDX-License-Identifier: Apache-2.0
#include <ocikit/sys/quoted_text.hpp>

#include "catch.hpp"

using namespace ocikit::sys;
using namespace std::string_view_literals;

TEST_CASE("go_quoted is strconv.Quote") {
  CHECK(go_quoted("") == R"("")");
  CHECK(go_quoted("a \"b\" \\") == R"("a \"b\" \\")");
  CHECK(go_quoted("\a\b\f\n\r\t\v") == R"("\a\b\f\n\r\t\v")");
  CHECK(go_quoted("\x1b[31m\x7f\0"sv) == R"("\x1b[31m\x7f\x00")");
  CHECK(go_quoted("h\u00e9llo \u65e5 \U0001f600") == "\"h\u00e9llo \u65e5 \U0001f600\"");
  CHECK(go_quoted("a\xff"
                  "b") == R"("a\xffb")");
  CHECK(go_quoted("\u0085\u00a0\u202e\ufeff") == R"("\u0085\u00a0\u202e\ufeff")");
  CHECK(go_quoted("\U000e0041") == R"("\U000e0041")");
}

TEST_CASE("what only looks like UTF-8 is escaped byte by byte") {
  CHECK(go_quoted("\xc0\xaf") == R"("\xc0\xaf")");                  // overlong
  CHECK(go_quoted("\xe0\x80\xaf") == R"("\xe0\x80\xaf")");          // overlong
  CHECK(go_quoted("\xed\xa0\x80") == R"("\xed\xa0\x80")");          // a surrogate
  CHECK(go_quoted("\xf4\x90\x80\x80") == R"("\xf4\x90\x80\x80")");  // beyond U+10FFFF
  CHECK(go_quoted("\xe6\x97") == R"("\xe6\x97")");                  // cut short
}

TEST_CASE("json_quoted is encoding/json") {
  CHECK(json_quoted("a \"b\" \\ /") == R"("a \"b\" \\ /")");
  CHECK(json_quoted("<a href='x'>&") == R"("\u003ca href='x'\u003e\u0026")");
  CHECK(json_quoted("\b\f\n\r\t\x1b\0"sv) == R"("\b\f\n\r\t\u001b\u0000")");
  CHECK(json_quoted("\u2028\u2029\u65e5") == "\"\\u2028\\u2029\u65e5\"");
  CHECK(json_quoted("a\xff") == R"("a\ufffd")");
}

TEST_CASE("one_line keeps quotes and cannot leave its line") {
  CHECK(one_line("exec \"x\"\n\x1b[2J") == R"(exec "x"\n\x1b[2J)");
}
