// SPDX-License-Identifier: Apache-2.0
#include <ocikit/container/encode.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "every_step.hpp"
#include "steps_text.hpp"

using namespace ocikit;
using namespace ocikit::container;
using namespace ocikit::testing;

namespace {

/// Memory of exactly this size, so that AddressSanitizer sees one byte too many.
struct exact {
  explicit exact(std::size_t n) : size{n}, bytes{std::make_unique_for_overwrite<std::byte[]>(n)} {}
  explicit exact(std::string_view text) : exact{text.size()} { std::memcpy(bytes.get(), text.data(), text.size()); }
  std::size_t size;
  std::unique_ptr<std::byte[]> bytes;

  [[nodiscard]] bool holds(const void* from, std::size_t n) const {
    const auto* at = static_cast<const std::byte*>(from);
    return std::less_equal<>{}(bytes.get(), at) && std::less_equal<>{}(at, bytes.get() + size) &&
           n <= static_cast<std::size_t>(bytes.get() + size - at);
  }
};

/// Whether everything that a step borrows lies in the plan's bytes or in the scratch.
struct borrows_only_from {
  const exact& plan;
  const exact& scratch;

  bool operator()(zstring_view text) const {
    return text.empty() || (plan.holds(text.c_str(), text.size() + 1) && text.c_str()[text.size()] == '\0');
  }
  bool operator()(std::span<const std::byte> bytes) const {
    return bytes.empty() || plan.holds(bytes.data(), bytes.size());
  }
  template <class Element>
  bool operator()(std::span<const Element> list) const {
    if (list.empty()) return true;
    if (!scratch.holds(list.data(), list.size_bytes())) return false;
    for (const Element& element : list)
      if (!(*this)(element)) return false;
    return true;
  }
  template <class Number>
  requires(std::is_integral_v<Number>)  //
      bool
      operator()(Number) const {
    return true;
  }
  template <class Record>
  requires requires { Record::members; }
  bool operator()(const Record& record) const {
    bool all = true;
    for_each_member(record, [&](std::string_view, const auto& value) { all = all && (*this)(value); });
    return all;
  }
};

struct read_back {
  bool ok = false;
  bool safe = true;
  std::string text;
};

/// Reads a step as the init does it.
template <class Step>
read_back read_as(const exact& body, const exact& scratch) {
  Step step{};
  wire::reader reader{body.bytes.get(), body.size, scratch.bytes.get(), scratch.size};
  reader.read(step);
  return {reader.ok(), borrows_only_from{body, scratch}(step), reader.ok() ? full_text(step) : ""};
}

template <std::size_t... Kind>
constexpr auto readers_of(std::index_sequence<Kind...>) {
  return std::array{&read_as<std::variant_alternative_t<Kind, step>>...};
}

read_back read_step(std::size_t kind, const exact& body, const exact& scratch) {
  static constexpr auto readers = readers_of(std::make_index_sequence<std::variant_size_v<step>>{});
  return readers.at(kind)(body, scratch);
}

wire::header header_of(const std::string& bytes) {
  wire::header head{};
  std::memcpy(&head, bytes.data(), sizeof head);
  return head;
}

/// A plan of this one step; what stands behind its step header.
struct encoded_step {
  std::string bytes;
  wire::header head;
  std::string body;

  explicit encoded_step(const step& one) {
    plan of;
    of.add(actor::init, one);
    bytes = wire::encode(of, {});
    head = header_of(bytes);
    body = bytes.substr(sizeof(wire::header) + sizeof(wire::step_header));
  }
};

}  // namespace

TEST_CASE("every kind of step comes out of the wire as it went in, and the scratch it was promised is enough") {
  distinct_values values;
  for (const step& one : every_step(values)) {
    CAPTURE(one.index());
    const encoded_step sent{one};
    const read_back got = read_step(one.index(), exact{sent.body}, exact{sent.head.scratch});
    CHECK(got.ok);
    CHECK(got.safe);
    CHECK(got.text == full_text(one));
  }
}

TEST_CASE("a plan's bytes hold the init's steps alone, under their numbers in the whole plan") {
  plan of;
  of.add(actor::runtime, save_state{});
  of.add(actor::init, learn_pid{});
  of.add(actor::runtime, make_cgroup{"/c"});
  of.add(actor::init, mounts::mask{"/proc/keys", "ro"});
  const int slots[] = {7, -1, 300};
  const std::string bytes = wire::encode(of, slots);

  std::string expected(sizeof(wire::header), '\0');
  const auto put = [&](const auto& value) { expected.append(reinterpret_cast<const char*>(&value), sizeof value); };
  for (const std::int32_t slot : slots) put(slot);
  put(wire::step_header{static_cast<std::uint32_t>(step{learn_pid{}}.index()), 1, 0});
  put(wire::step_header{static_cast<std::uint32_t>(step{mounts::mask{}}.index()), 3, 4 + 10 + 1 + 4 + 2 + 1});
  put(std::uint32_t{10});
  expected.append("/proc/keys", 11);
  put(std::uint32_t{2});
  expected.append("ro", 3);
  const wire::header head{wire::magic, wire::version, static_cast<std::uint32_t>(expected.size()), 2, 3, 0};
  std::memcpy(expected.data(), &head, sizeof head);
  CHECK(bytes == expected);
}

TEST_CASE("a plan without steps is a header") {
  const std::string bytes = wire::encode({}, {});
  CHECK(bytes.size() == sizeof(wire::header));
  CHECK(header_of(bytes).size == bytes.size());
}

TEST_CASE("a step that is cut anywhere is refused, and nothing behind the cut is read") {
  distinct_values values;
  for (const step& one : every_step(values)) {
    const encoded_step sent{one};
    const exact scratch{sent.head.scratch};
    for (std::size_t length = 0; length < sent.body.size(); ++length) {
      const read_back got = read_step(one.index(), exact{std::string_view{sent.body}.substr(0, length)}, scratch);
      if (got.ok || !got.safe) FAIL("kind " << one.index() << " cut to " << length << " bytes");
    }
  }
  SUCCEED();
}

TEST_CASE("less scratch than a step's lists need is a refusal, not an overflow") {
  distinct_values values;
  for (const step& one : every_step(values)) {
    const encoded_step sent{one};
    for (std::size_t room = 0; room < sent.head.scratch; ++room) {
      const read_back got = read_step(one.index(), exact{sent.body}, exact{room});
      if (got.ok || !got.safe) FAIL("kind " << one.index() << " with " << room << " bytes of scratch");
    }
  }
  SUCCEED();
}

TEST_CASE("bytes that were changed at random are read within their bounds or refused") {
  distinct_values values;
  std::mt19937 random{20240501};  // NOLINT(cert-msc51-cpp): the same every time, on purpose
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::uint32_t lengths[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0x10000};
  for (const step& one : every_step(values)) {
    const encoded_step sent{one};
    const exact scratch{sent.head.scratch};
    for (int round = 0; round < 400 && !sent.body.empty(); ++round) {
      std::string changed = sent.body;
      for (std::size_t n = 1 + below(3); n > 0; --n) {
        const std::size_t at = below(changed.size());
        if (below(2) == 0 && at + 4 <= changed.size())
          std::memcpy(changed.data() + at, &lengths[below(std::size(lengths))], 4);
        else
          changed[at] = static_cast<char>(random());
      }
      // Any kind may be claimed for any bytes.
      const std::size_t kind = below(4) == 0 ? below(std::variant_size_v<step>) : one.index();
      if (!read_step(kind, exact{changed}, scratch).safe) FAIL("kind " << kind << " round " << round);
    }
  }
  SUCCEED();
}
