// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/write.hpp>

#include "catch.hpp"
#include "documents.hpp"

using namespace ocikit;
namespace limits = ocikit::spec::limits;

static std::string repeated(std::string_view piece, std::size_t count, std::string_view separator = ",") {
  std::string out;
  out.reserve((piece.size() + separator.size()) * count);
  for (std::size_t i = 0; i < count; ++i) out.append(i == 0 ? "" : separator).append(piece);
  return out;
}

/// `{"a":{"a":...1}}` with `levels` objects.
static std::string nested(std::size_t levels) {
  return repeated(R"({"a":)", levels, "") + "1" + std::string(levels, '}');
}

TEST_CASE("a document is at most 8 MiB") {
  const std::string body = R"({"hostname":"a"})";
  CHECK(refusal_of(std::string(limits::document_bytes - body.size(), ' ') + body) == "accepted");
  CHECK(refusal_of(std::string(limits::document_bytes - body.size() + 1, ' ') + body) ==
        "config.json is larger than 8388608 bytes");
}

TEST_CASE("a document is at most 64 levels deep, and deeper ones do not exhaust the stack") {
  CHECK(refusal_of(nested(64)) == "accepted");
  CHECK(refusal_of(nested(65)).starts_with("nested more than 64 levels deep at line 1, column 321 (config.json#/a/a/"));
  CHECK(refusal_of(nested(500'000)).starts_with("nested "));
  const std::string arrays = R"({"x":)" + std::string(63, '[') + std::string(63, ']') + "}";
  CHECK(refusal_of(arrays) == "accepted");
  CHECK(refusal_of(R"({"x":)" + std::string(64, '[') + std::string(64, ']') + "}").starts_with("nested more than 64"));
  CHECK(
      refusal_of(R"({"x":)" + std::string(2'000'000, '[') + std::string(2'000'000, ']') + "}").starts_with("nested "));
  CHECK(refusal_of(R"({"x":)" + std::string(2'000'000, '[')).starts_with("nested "));
}

TEST_CASE("a string is at most 1 MiB, one of args or env 128 KiB, with escapes undone before they are counted") {
  const auto hostname = [](const std::string& value) { return refusal_of(R"({"hostname":")" + value + "\"}"); };
  CHECK(hostname(std::string(limits::string_bytes, 'a')) == "accepted");
  CHECK(hostname(repeated("\\n", limits::string_bytes, "")) == "accepted");
  CHECK(hostname(std::string(limits::string_bytes + 1, 'a')) ==
        "string of 1048577 bytes, more than 1048576 at line 1, column 13 (config.json#/hostname)");
  CHECK(refusal_of(R"({"x":")" + std::string(limits::string_bytes + 1, 'a') + "\"}") ==
        "string of 1048577 bytes, more than 1048576 at line 1, column 6 (config.json#/x)");
  CHECK(refusal_of("{\"" + std::string(limits::string_bytes + 1, 'a') + "\":1}") ==
        "property name of 1048577 bytes at line 1, column 2");
  CHECK(refusal_of(R"({"process":{"args":[")" + std::string(131073, 'a') + "\"]}}") ==
        "string of 131073 bytes, more than 131072 at line 1, column 21 (config.json#/process/args/0)");
}

TEST_CASE("lists and maps are bounded, and one more than the bound is refused") {
  struct bounded {
    std::string_view before, piece, after, pointer;
    std::size_t most;
  };
  const bounded list[] = {
      {R"({"mounts":[)", R"({"destination":"/"})", "]}", "/mounts", 4096},
      {R"({"process":{"rlimits":[)", R"({"type":"RLIMIT_CPU","hard":1,"soft":1})", "]}}", "/process/rlimits", 16},
      {R"({"process":{"capabilities":{"bounding":[)", R"("CAP_KILL")", "]}}}", "/process/capabilities/bounding", 64},
      {R"({"hooks":{"poststop":[)", R"({"path":"/x"})", "]}}", "/hooks/poststop", 64},
      {R"({"linux":{"uidMappings":[)", R"({"containerID":0,"hostID":0,"size":1})", "]}}", "/linux/uidMappings", 340},
      {R"({"linux":{"namespaces":[)", R"({"type":"pid"})", "]}}", "/linux/namespaces", 8},
      {R"({"linux":{"devices":[)", R"({"path":"/x","type":"c"})", "]}}", "/linux/devices", 1024},
      {R"({"linux":{"resources":{"devices":[)", R"({"allow":true})", "]}}}", "/linux/resources/devices", 1024},
      {R"({"linux":{"seccomp":{"syscalls":[)", R"({"names":["a"],"action":"SCMP_ACT_LOG"})", "]}}}",
       "/linux/seccomp/syscalls", 8192},
      {R"({"linux":{"maskedPaths":[)", R"("/a")", "]}}", "/linux/maskedPaths", 4096},
  };
  for (const auto& b : list) {
    INFO(b.pointer);
    CHECK(refusal_of(std::string{b.before} + repeated(b.piece, b.most) + std::string{b.after}) == "accepted");
    const auto refused = refusal_of(std::string{b.before} + repeated(b.piece, b.most + 1) + std::string{b.after});
    CHECK(refused.starts_with("more than " + std::to_string(b.most) + " entries at line 1, column "));
    CHECK(refused.ends_with("(config.json#" + std::string{b.pointer} + ")"));
  }
  std::string annotations;
  for (std::size_t i = 0; i < limits::items; ++i) annotations += "\"" + std::to_string(i) + R"(":"",)";
  CHECK(refusal_of(R"({"annotations":{)" + annotations.substr(0, annotations.size() - 1) + "}}") == "accepted");
  CHECK(refusal_of(R"({"annotations":{)" + annotations + R"("x":""}})").starts_with("more than 4096 entries"));
}

TEST_CASE("a million unknown properties cost neither quadratic time nor a list of a million") {
  std::string text = "{";
  for (int i = 0; i < 700'000; ++i) text += "\"" + std::to_string(i) + "\":1,";
  const auto got = spec::parse_config(text + R"("last":1})");
  REQUIRE(got);
  CHECK(got->unknown.size() == limits::unknown);
  CHECK(refusal_of(text + R"("5":1})").starts_with("property \"5\" appears twice"));
}

TEST_CASE("a long key is not multiplied by what lies below it") {
  std::string text = R"({"linux":{"netDevices":{")" + std::string(limits::string_bytes, 'k') + R"(":{)";
  for (int i = 0; i < 1000; ++i) text += "\"" + std::to_string(i) + "\":1,";
  const auto got = spec::parse_config(text + R"("x":1}}}})");
  REQUIRE(got);
  CHECK(got->unknown.size() == 1);
  CHECK(refusal_of(text + R"("name":1}}}})").size() < 5000);
}

TEST_CASE("foreign text is shown on one line, whatever is in it") {
  using spec::detail::shown;
  CHECK(shown("plain \u00e9") == "plain \u00e9");
  CHECK(shown("a\n\x1b[31m\x7f") == "a\\x0a\\x1b[31m\\x7f");
  CHECK(shown("\xc2\x9b|\xff|\xc3") == "\\xc2\\x9b|\\xff|\\xc3");
  CHECK(shown(std::string(129, 'a')) == std::string(128, 'a') + "...");
  CHECK(shown(std::string(127, 'a') + "\u00e9b") == std::string(127, 'a') + "\u00e9...");
}

TEST_CASE("no beginning of a document passes for the document") {
  const auto text = read_text("bench/profiles/engine.json");
  const auto end = text.find_last_of('}');
  std::size_t accepted = 0;
  std::size_t other_words = 0;
  for (std::size_t length = 0; length <= end; ++length) {
    const auto got = spec::parse_config(std::string_view{text}.substr(0, length));
    accepted += got.has_value() ? 1U : 0U;
    if (!got && !got.error().message().starts_with("unexpected EOF at line ")) ++other_words;
  }
  CHECK(accepted == 0);
  CHECK(other_words == 0);
  CHECK(refusal_of(text) == "accepted");
}

// One to four random changes, weighted towards what means something in JSON.
static std::string mutated(std::string text, std::mt19937& random) {
  static constexpr std::string_view telling = "{}[]\",:\\u0-9.eEntf \n\x00\x80\xff\x1f";
  const auto pick = [&](std::size_t below) { return std::uniform_int_distribution<std::size_t>{0, below - 1}(random); };
  for (std::size_t changes = 1 + pick(4); changes > 0; --changes) {
    const auto at = pick(text.size());
    switch (pick(5)) {
      case 0:
        text[at] = telling[pick(telling.size())];
        break;
      case 1:
        text[at] = static_cast<char>(pick(256));
        break;
      case 2:
        text.erase(at, 1 + pick(16));
        break;
      case 3:
        text.insert(at, 1, telling[pick(telling.size())]);
        break;
      default: {
        const auto from = pick(text.size());
        text.insert(at, text.substr(from, 1 + pick(64)));
      }
    }
  }
  return text;
}

TEST_CASE("thousands of damaged documents are refused or read, and what is read can be written and read again") {
  std::mt19937 random{20251122};
  const std::string originals[] = {read_text("bench/profiles/minimal.json"), read_text("bench/profiles/userns.json"),
                                   read_text("tests/spec/every_property.json")};
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < 6000; ++i) {
    const auto text = mutated(originals[i % 3], random);
    const auto got = spec::parse_config(text);
    const bool grammatical = !spec::detail::find_syntax_error(text);
    if (got) {
      ++accepted;
      CHECK(grammatical);
      const auto again = spec::parse_config(spec::write(got->value));
      REQUIRE(again);
      CHECK(again->value == got->value);
    } else if (grammatical) {
      CHECK(got.error().message().find(" at line ") != std::string::npos);
      CHECK(got.error().message().find("that simdjson can read") == std::string::npos);
    }
  }
  CHECK(accepted > 500);
  CHECK(accepted < 5000);
}
