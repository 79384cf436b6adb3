// SPDX-License-Identifier: Apache-2.0
#include "roff.hpp"

#include "catch.hpp"

using namespace ocikit::runtime::reference;

TEST_CASE("what roff would take for a command is literal") {
  CHECK(roff_literal(R"(a-b\n 'c' `d` ^~)") == R"(a\-b\en \(aqc\(aq \(gad\(ga \(ha\(ti)");
}

TEST_CASE("code is bold and emphasis italic; a mark without its second is itself") {
  CHECK(roff_line("`--log` takes *one* name") == R"(\fB\-\-log\fR takes \fIone\fR name)");
  CHECK(roff_line("2 * 3") == "2 * 3");
  CHECK(roff_line("`a") == R"(\(gaa)");
}

TEST_CASE("headings, paragraphs, code and definitions are blocks") {
  CHECK(roff_blocks("One\nline.\n\nTwo.\n\n    code --a\n      .b\n\n## FILES\n\n`f`\n: The\nfile.\n\nLast.") ==
        "One\nline.\n"
        ".PP\nTwo.\n"
        ".PP\n.RS 4\n.nf\ncode \\-\\-a\n  .b\n.fi\n.RE\n"
        ".SH FILES\n"
        ".TP\n\\fBf\\fR\nThe\nfile.\n"
        ".PP\nLast.\n");
}

TEST_CASE("a line that begins with a dot or an apostrophe is no request") {
  CHECK(roff_blocks(".SH x\n'y") == "\\&.SH x\n\\(aqy\n");
}
