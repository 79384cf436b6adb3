// SPDX-License-Identifier: Apache-2.0
//
// The boundary itself: what a plugin says, throws or leaves out reaches the host as an error, and nothing else.
#include <ocikit/seccomp/as_plugin.hpp>
#include <ocikit/seccomp/from_plugin.hpp>

#include <stdexcept>

#include "catch.hpp"

extern "C" const ocikit_seccomp_ops ocikit_test_c_ops;

using namespace ocikit;
using namespace ocikit::seccomp;

namespace {

ocikit_plugin_info info_of(const ocikit_seccomp_ops& ops) {
  return {OCIKIT_HEAD(ocikit_plugin_info), "seccomp", "test", "a test", "1", &ops};
}
result<std::unique_ptr<compiler>> opened(const ocikit_plugin_info& info) {
  return from_plugin(plugin::loaded{info, "", nullptr});
}

request some_request() {
  request wanted;
  wanted.default_action = 0x00050001;
  wanted.architectures = {{token_x86_64, 3}, {token_x32, no_entry}};
  wanted.rules = {
      {"read", 0x7fff0000, 1, {}},
      {"dup3", 0, 2, {{1, spec::seccomp_operator::masked_eq, 7, 9}, {5, spec::seccomp_operator::ne, ~0ULL, 0}}}};
  wanted.also_mentioned = {"mkdir"};
  return wanted;
}

/// Remembers the request and answers with everything an answer can have.
struct echo {
  static inline request seen;
  static inline std::vector<std::string> names;
  result<assembled> assemble(const request& wanted) {
    names.clear();
    for (const auto& r : wanted.rules) names.emplace_back(r.name.c_str());
    for (const auto& n : wanted.also_mentioned) names.emplace_back(n.c_str());
    seen = wanted;
    return assembled{std::vector<std::byte>(16, std::byte{7}), {1, -1}, {"who"}, {"careful"}, {"/lib/x.so"}};
  }
};
struct thrower {
  result<assembled> assemble(const request&) { throw std::runtime_error("it is raining"); }
};
struct failing {
  result<assembled> assemble(const request&) {
    return tl::unexpected(error::from_errno(ENOSPC, "write(3)").at("/linux/seccomp").within("spilling"));
  }
};

template <class Author>
result<assembled> ask() {
  const auto info = info_of(as_plugin<Author>);
  auto with = opened(info);
  if (!with) return tl::unexpected(with.error());
  return (*with)->assemble(some_request());
}

}  // namespace

TEST_CASE("a request and its answer cross the boundary unchanged") {
  const auto info = info_of(as_plugin<echo>);
  auto with = opened(info);
  REQUIRE(with);
  const request wanted = some_request();
  const auto got = (*with)->assemble(wanted);
  REQUIRE(got);
  CHECK(echo::names == std::vector<std::string>{"read", "dup3", "mkdir"});
  CHECK(echo::seen == wanted);
  CHECK(got->program == std::vector<std::byte>(16, std::byte{7}));
  CHECK(got->newest == std::vector<std::int64_t>{1, -1});
  CHECK(got->unknown == std::vector<std::string>{"who"});
  CHECK(got->warnings == std::vector<std::string>{"careful"});
  CHECK(got->files == std::vector<std::string>{"/lib/x.so"});
}

TEST_CASE("an exception stops at the boundary") {
  const auto got = ask<thrower>();
  REQUIRE_FALSE(got);
  CHECK(got.error().kind() == errc::plugin);
  CHECK(got.error().message() == "it is raining");
}

TEST_CASE("an error crosses with kind, errno and pointer, each said once") {
  const auto got = ask<failing>();
  REQUIRE_FALSE(got);
  CHECK(got.error().kind() == errc::system);
  CHECK(got.error().code() == ENOSPC);
  CHECK(got.error().message() == "spilling: write(3): no space left on device (config.json#/linux/seccomp)");
}

TEST_CASE("a plugin in C is a compiler like any other") {
  const auto info = info_of(ocikit_test_c_ops);
  auto with = opened(info);
  REQUIRE(with);
  const auto got = (*with)->assemble(some_request());
  REQUIRE_FALSE(got);
  CHECK(got.error().message() == "read (config.json#/linux/seccomp/syscalls/0)");
}

TEST_CASE("a table that lacks a function is refused before it is used") {
  for (int missing = 0; missing < 3; ++missing) {
    ocikit_seccomp_ops ops = as_plugin<echo>;
    if (missing == 0) ops.open = nullptr;
    if (missing == 1) ops.close = nullptr;
    if (missing == 2) ops.head.struct_size -= sizeof ops.compile;  // an entry that its version does not have
    const auto info = info_of(ops);
    const auto got = opened(info);
    REQUIRE_FALSE(got);
    CHECK(got.error().message() == "plugin test lacks a required function");
  }
}

TEST_CASE("lists that cannot be are refused, not followed") {
  static ocikit_seccomp_program says{};
  ocikit_seccomp_ops ops = as_plugin<echo>;
  ops.compile = [](void*, const ocikit_seccomp_request*, ocikit_seccomp_program* out, ocikit_errbuf*) {
    *out = says;
    return 0;
  };
  const auto info = info_of(ops);
  auto with = opened(info);
  REQUIRE(with);
  const auto kind = [&] { return (*with)->assemble(some_request()).error().kind(); };
  says.size = 1ULL << 40;
  CHECK(kind() == errc::plugin);
  says = {};
  says.size = 8;
  CHECK(kind() == errc::plugin);
  says = {};
  says.warning_count = 3;
  CHECK(kind() == errc::plugin);
  says = {};
  says.newest_count = ~0ULL;
  CHECK(kind() == errc::plugin);
}
