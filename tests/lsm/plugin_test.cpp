// SPDX-License-Identifier: Apache-2.0
//
// The boundary itself: what a plugin says, throws or leaves out reaches the host as an error, and nothing else.
#include <ocikit/lsm/as_plugin.hpp>
#include <ocikit/lsm/from_plugin.hpp>

#include <stdexcept>
#include <string>

#include "catch.hpp"

extern "C" const ocikit_lsm_ops ocikit_test_c_lsm;

using namespace ocikit;
using namespace ocikit::lsm;

namespace {

ocikit_plugin_info info_of(const ocikit_lsm_ops& ops) {
  return {OCIKIT_HEAD(ocikit_plugin_info), "lsm", "test", "a test", "1", &ops};
}

/// Opens a plugin with this table, and asks it once.
result<labels> ask(const ocikit_lsm_ops& ops, const request& wanted) {
  const auto info = info_of(ops);
  const auto with = OCIKIT_TRY(from_plugin(plugin::loaded{info, "", nullptr}));
  return with->translate(wanted);
}

/// Remembers the request and answers with everything an answer can have.
struct echo {
  static inline request seen;
  result<labels> translate(const request& wanted) {
    seen = wanted;
    return labels{{"exec", "a", "b"}, {"keycreate", "c", "d"}, "context=\"e\""};
  }
};
struct thrower {
  result<labels> translate(const request&) { throw std::runtime_error("it is raining"); }
};
struct failing {
  result<labels> translate(const request&) {
    return tl::unexpected(error::unsupported("there is no such module").at("/process/x"));
  }
};

}  // namespace

TEST_CASE("a request and its answer cross the boundary unchanged") {
  const request wanted{"u:r:t:s0", "u:object_r:t:s0"};
  const auto got = ask(as_plugin<echo>, wanted);
  CHECK(got.value() == labels{{"exec", "a", "b"}, {"keycreate", "c", "d"}, "context=\"e\""});
  CHECK(echo::seen == wanted);
}

TEST_CASE("an exception stops at the boundary, an error crosses with its kind and its place") {
  const auto thrown = ask(as_plugin<thrower>, {});
  REQUIRE_FALSE(thrown);
  CHECK(thrown.error().kind() == errc::plugin);
  CHECK(thrown.error().message() == "it is raining");
  const auto failed = ask(as_plugin<failing>, {});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind() == errc::unsupported);
  CHECK(failed.error().message() == "there is no such module (config.json#/process/x)");
}

TEST_CASE("a plugin in C is a module like any other, and what it leaves out is nothing") {
  CHECK(ask(ocikit_test_c_lsm, {"p", ""}).value() == labels{{"own/exec", "p", ""}, {}, ""});
  CHECK(ask(ocikit_test_c_lsm, {}).error().message() == "there is no label (config.json#/process)");
}

TEST_CASE("a table that lacks a function is refused before it is used") {
  for (int missing = 0; missing < 3; ++missing) {
    ocikit_lsm_ops ops = as_plugin<echo>;
    if (missing == 0) ops.open = nullptr;
    if (missing == 1) ops.close = nullptr;
    if (missing == 2) ops.head.struct_size -= sizeof ops.translate;  // an entry that its version does not have
    CHECK(ask(ops, {}).error().message() == "plugin test lacks a required function");
  }
}

TEST_CASE("a label that would be cut at a NUL is never handed over") {
  echo::seen = {};
  for (const request& wanted : {request{std::string{"a\0b", 3}, ""}, request{"", std::string{"a\0b", 3}}})
    CHECK(ask(as_plugin<echo>, wanted).error().message() == "a label with a NUL byte");
  CHECK(echo::seen == request{});
}

TEST_CASE("an attribute's name leads nowhere but below the thread's own attributes") {
  static const char* file = nullptr;
  ocikit_lsm_ops ops = as_plugin<echo>;
  ops.translate = [](void*, const ocikit_lsm_request*, ocikit_lsm_labels* out, ocikit_errbuf*) {
    out->keyring.file = file;
    return 0;
  };
  for (const char* bad : {"../oom_score_adj", "/proc/self/attr/exec", "exec.", "a b"}) {
    file = bad;
    const auto got = ask(ops, {});
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == errc::plugin);
  }
  file = "own_module/key-create";
  CHECK(ask(ops, {}).value().keyring.file == "own_module/key-create");
}
