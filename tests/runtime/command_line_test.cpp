// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::runtime;

namespace {

constexpr option table[] = {
    {"bundle", "b", option_kind::text, "DIR", "here", "a text"},
    {"detach", "d", option_kind::flag, "", "", "a flag"},
    {"tty", "t", option_kind::flag, "", "", "a flag"},
    {"env", "e", option_kind::texts, "K=V", "", "texts"},
    {"preserve-fds", "", option_kind::number, "N", "0", "a number"},
    {"depth", "n", option_kind::number, "N", "7", "a number"},
    {"gids", "g", option_kind::numbers, "GID", "", "numbers"},
    {"rootless", "", option_kind::tristate, "BOOL", "auto", "a tristate"},
};

/// Everything that a command line means, or its usage error, in one string that a row of a table can hold.
std::string meaning(const std::vector<const char*>& arguments, bool stop = false) {
  const auto got = parse_options(table, arguments, stop);
  if (!got) return "error: " + got.error().message;
  std::string out = "b=" + std::string{std::string_view{got->text("bundle")}};
  if (got->flag("detach")) out += " d";
  if (got->flag("tty")) out += " t";
  for (const std::string_view each : got->texts("env")) (out += " e=") += each;
  if (got->given("preserve-fds")) out += " fds=" + std::to_string(got->number("preserve-fds"));
  if (got->given("depth")) out += " n=" + std::to_string(got->number("depth"));
  for (const auto each : got->numbers("gids")) out += " g=" + std::to_string(each);
  if (got->given("rootless"))
    out += got->tristate("rootless") ? *got->tristate("rootless") ? " r=yes" : " r=no" : " r=auto";
  if (got->help) out += " help";
  for (const std::string_view each : got->positionals) ((out += " [") += each) += "]";
  return out;
}

struct row {
  std::vector<const char*> arguments;
  std::string means;
};

}  // namespace

TEST_CASE("one dash means the same as two, for long names and short, because engines send both") {
  for (const row& r : std::vector<row>{
           {{"--bundle", "x"}, "b=x"},
           {{"-bundle", "x"}, "b=x"},
           {{"--b", "x"}, "b=x"},
           {{"-b", "x"}, "b=x"},
           {{"-bundle=x"}, "b=x"},
           {{"--b=x"}, "b=x"},
           {{"-d"}, "b=here d"},
           {{"--d"}, "b=here d"},
           {{"-detach"}, "b=here d"},
       })
    CHECK(meaning(r.arguments) == r.means);
}

TEST_CASE("an option takes the next argument whatever it looks like, and everything behind the first `=`") {
  for (const row& r : std::vector<row>{
           {{"-b", "-d"}, "b=-d"},
           {{"-b", "--", "id"}, "b=-- [id]"},
           {{"-b", ""}, "b="},
           {{"--bundle="}, "b="},
           {{"-b", "x", "-b", "y"}, "b=y"},
           {{"--env=A=B=C"}, "b=here e=A=B=C"},
           {{"-b"}, "error: flag needs an argument: -b"},
           {{"--bundle"}, "error: flag needs an argument: -bundle"},
       })
    CHECK(meaning(r.arguments) == r.means);
}

TEST_CASE("a flag takes no separate argument, and after `=` Go's spellings of a bool") {
  for (const row& r : std::vector<row>{
           {{"-d", "false"}, "b=here d [false]"},
           {{"-d=false"}, "b=here"},
           {{"-d=0"}, "b=here"},
           {{"-d=f"}, "b=here"},
           {{"-d=False"}, "b=here"},
           {{"-d=t"}, "b=here d"},
           {{"-d=TRUE"}, "b=here d"},
           {{"-d", "-d=F"}, "b=here"},
           {{"-d=fALSE"}, R"(error: invalid boolean value "fALSE" for -d: parse error)"},
           {{"--detach="}, R"(error: invalid boolean value "" for -detach: parse error)"},
       })
    CHECK(meaning(r.arguments) == r.means);
}

TEST_CASE("letters do not cluster: -td is the option td, which does not exist") {
  CHECK(meaning({"-td"}) == "error: flag provided but not defined: -td");
  CHECK(meaning({"--bogus=3"}) == "error: flag provided but not defined: -bogus");
  CHECK(meaning({"---d"}) == "error: bad flag syntax: ---d");
  CHECK(meaning({"-=d"}) == "error: bad flag syntax: -=d");
  CHECK(meaning({"--=d"}) == "error: bad flag syntax: --=d");
}

TEST_CASE("repeated options accumulate where the table says so, and commas separate nothing") {
  for (const row& r : std::vector<row>{
           {{"-e", "A=1,2", "--env", "B", "-e=C"}, "b=here e=A=1,2 e=B e=C"},
           {{"-g", "3", "-g=-4"}, "b=here g=3 g=-4"},
           {{"-g", "3,4"},
            R"(error: invalid value "3,4" for flag -g: strconv.ParseInt: parsing "3,4": invalid syntax)"},
           {{"-g", "99999999999999999999"},
            "error: invalid value \"99999999999999999999\" for flag -g: strconv.ParseInt: parsing "
            "\"99999999999999999999\": value out of range"},
       })
    CHECK(meaning(r.arguments) == r.means);
}

TEST_CASE("a number is a Go literal; its edges are those of 64 bits") {
  for (const row& r : std::vector<row>{
           {{"-n", "0x1f"}, "b=here n=31"},
           {{"-n", "-0X1F"}, "b=here n=-31"},
           {{"-n", "0o17"}, "b=here n=15"},
           {{"-n", "017"}, "b=here n=15"},
           {{"-n", "0b101"}, "b=here n=5"},
           {{"-n", "+5"}, "b=here n=5"},
           {{"-n", "0"}, "b=here n=0"},
           {{"-n", "9223372036854775807"}, "b=here n=9223372036854775807"},
           {{"-n", "-9223372036854775808"}, "b=here n=-9223372036854775808"},
           {{"-n", "9223372036854775808"},
            R"(error: invalid value "9223372036854775808" for flag -n: value out of range)"},
           {{"-n", "x"}, R"(error: invalid value "x" for flag -n: parse error)"},
           {{"-n", ""}, R"(error: invalid value "" for flag -n: parse error)"},
           {{"-n", "-"}, R"(error: invalid value "-" for flag -n: parse error)"},
           {{"-n", "0x"}, R"(error: invalid value "0x" for flag -n: parse error)"},
           {{"-n", "0x-1"}, R"(error: invalid value "0x-1" for flag -n: parse error)"},
           {{"-n", "--1"}, R"(error: invalid value "--1" for flag -n: parse error)"},
           {{"-n", "08"}, R"(error: invalid value "08" for flag -n: parse error)"},
           {{"-n", " 1"}, R"(error: invalid value " 1" for flag -n: parse error)"},
           {{"-n", "1\n"}, R"(error: invalid value "1\n" for flag -n: parse error)"},
       })
    CHECK(meaning(r.arguments) == r.means);
}

TEST_CASE("what is not given has the table's default") {
  const auto got = parse_options(table, {}, false);
  REQUIRE(got);
  CHECK(got->text("bundle") == "here");
  CHECK(got->number("depth") == 7);
  CHECK(got->number("preserve-fds") == 0);
  CHECK(got->tristate("rootless") == std::nullopt);
  CHECK(!got->given("bundle"));
}

TEST_CASE("options may follow positionals, and `--` ends them once") {
  for (const row& r : std::vector<row>{
           {{"id", "-d", "KILL"}, "b=here d [id] [KILL]"},
           {{"id", "-b", "x"}, "b=x [id]"},
           {{"id", "--", "-d"}, "b=here [id] [-d]"},
           {{"--", "-d", "--", "x"}, "b=here [-d] [--] [x]"},
           {{"-", "-d"}, "b=here d [-]"},
           {{""}, "b=here []"},
           {{"id", "-9"}, "error: flag provided but not defined: -9"},
       })
    CHECK(meaning(r.arguments) == r.means);
}

TEST_CASE("where the first positional ends options, the rest is somebody else's command line, to the byte") {
  for (const row& r : std::vector<row>{
           {{"-d", "id", "ls", "-t", "--bogus"}, "b=here d [id] [ls] [-t] [--bogus]"},
           {{"id", "--", "ls"}, "b=here [id] [--] [ls]"},
           {{"--", "id", "-d"}, "b=here [id] [-d]"},
       })
    CHECK(meaning(r.arguments, true) == r.means);
}

TEST_CASE("help is an option of every command, in both spellings") {
  for (const char* spelling : {"-h", "--h", "-help", "--help"}) CHECK(meaning({spelling}) == "b=here help");
  CHECK(meaning({"id", "-h"}) == "b=here help [id]");
  CHECK(meaning({"-h", "--bogus"}) == "error: flag provided but not defined: -bogus");
}

TEST_CASE("a tristate is a bool or auto") {
  CHECK(meaning({"--rootless", "true"}) == "b=here r=yes");
  CHECK(meaning({"--rootless=F"}) == "b=here r=no");
  CHECK(meaning({"--rootless=auto"}) == "b=here r=auto");
  CHECK(meaning({"--rootless=maybe"}) ==
        R"(error: invalid value "maybe" for flag -rootless: neither true, false nor auto)");
}

TEST_CASE("a wrong number of positionals is complained about in runc's words") {
  const auto complaint = [](int least, int most, std::size_t count) {
    const command what{.name = "kill", .min_positionals = least, .max_positionals = most};
    return positional_count_complaint(what, count, "/usr/bin/ocirun").value_or("fine");
  };
  CHECK(complaint(1, 1, 1) == "fine");
  CHECK(complaint(1, 1, 0) == R"(/usr/bin/ocirun: "kill" requires exactly 1 argument(s))");
  CHECK(complaint(0, 0, 2) == R"(/usr/bin/ocirun: "kill" requires exactly 0 argument(s))");
  CHECK(complaint(1, 2, 0) == R"(/usr/bin/ocirun: "kill" requires a minimum of 1 argument(s))");
  CHECK(complaint(1, 2, 3) == R"(/usr/bin/ocirun: "kill" requires a maximum of 2 argument(s))");
  CHECK(complaint(1, any_number, 4000) == "fine");
}

TEST_CASE("no command line loses or invents an argument, whatever it is made of") {
  const std::vector<const char*> pieces = {"-",    "--",  "---", "-=",      "-d",        "--d=",   "-b",
                                           "-b=x", "-n",  "-n=", "-n=0x",   "-g",        "-g=1,2", "--rootless",
                                           "id",   "",    "-h",  "--help=", "-\xff\xfe", "-d=\n",  "--env=\x1b[m",
                                           "=",    "0x7", "7",   "true",    "--bogus",   "-e",     "--preserve-fds=-1"};
  std::uint32_t state = 1;
  const auto below = [&](std::size_t n) {
    state = state * 1664525U + 1013904223U;
    return static_cast<std::size_t>(state >> 8) % n;
  };
  for (int round = 0; round < 20000; ++round) {
    std::vector<const char*> arguments(below(8));
    for (const char*& each : arguments) each = pieces[below(pieces.size())];
    const auto got = parse_options(table, arguments, below(2) == 0);
    if (!got) {
      REQUIRE(!got.error().message.empty());
      continue;
    }
    for (const zstring_view each : got->positionals)
      REQUIRE(std::find(arguments.begin(), arguments.end(), each.c_str()) != arguments.end());
    REQUIRE(got->positionals.size() + got->texts("env").size() + got->numbers("gids").size() <= arguments.size());
    REQUIRE(got->text("bundle").c_str() != nullptr);
  }
}
