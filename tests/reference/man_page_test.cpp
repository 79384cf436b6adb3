// SPDX-License-Identifier: Apache-2.0
#include "man_page.hpp"

#include "catch.hpp"

using namespace ocikit::runtime;
using namespace ocikit::runtime::reference;

namespace {

constexpr option few[] = {
    {"bundle", "b", option_kind::text, "DIR", "", "the bundle"},
    {"all", "a", option_kind::flag, "", "", "obsolete", true},
    {"depth", "", option_kind::number, "N", "7", "how deep; `0` is none"},
};
constexpr command sample{
    .name = "dig",
    .purpose = "make a hole",
    .usage = "<where>",
    .description = "Digs.",
    .options = few,
};

}  // namespace

TEST_CASE("a command's page is its table, but for what is hidden, with the prose at its two places") {
  const std::string page = command_page(sample, "Beware.\n\n## FILES\n\nNone.\n");
  CHECK(page.starts_with(".TH OCIRUN\\-DIG 8 \"\" \"ocirun "));
  CHECK(page.substr(page.find(".SH NAME")) ==
        ".SH NAME\nocirun\\-dig \\- make a hole\n"
        ".SH SYNOPSIS\n\\fBocirun\\fR [\\fIglobal options\\fR] \\fBdig\\fR [\\fIoptions\\fR] <where>\n"
        ".SH DESCRIPTION\nDigs.\n.PP\nBeware.\n"
        ".SH OPTIONS\n"
        ".TP\n\\fB\\-\\-bundle\\fR \\fIDIR\\fR, \\fB\\-b\\fR \\fIDIR\\fR\nthe bundle\n"
        ".TP\n\\fB\\-\\-depth\\fR \\fIN\\fR\nhow deep; \\fB0\\fR is none\n(default: 7)\n"
        ".TP\n\\fB\\-\\-help\\fR, \\fB\\-h\\fR\nshow help\n"
        ".SH FILES\nNone.\n"
        ".SH SEE ALSO\n\\fBocirun\\fR(8)\n");
}

TEST_CASE("prose may have sections alone, or nothing") {
  CHECK(command_page(sample, "## FILES\n\nNone.\n").find("Digs.\n.SH OPTIONS") != std::string::npos);
  CHECK(command_page(sample, "").find("Digs.\n.SH OPTIONS") != std::string::npos);
}
