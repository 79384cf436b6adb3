// SPDX-License-Identifier: Apache-2.0
#include <ocikit/seccomp/unknown_calls.hpp>

#include "bpf_interpreter.hpp"
#include "catch.hpp"

using namespace ocikit::seccomp;
using ocikit::spec::seccomp_arch;

namespace {

constexpr std::uint32_t enosys = SECCOMP_RET_ERRNO | 38;
constexpr std::uint32_t passed = 0x00051234;  // what the filter behind the prologue says
constexpr arch_token i386 = token_of(seccomp_arch::x86), aarch64 = token_of(seccomp_arch::aarch64),
                     s390x = token_of(seccomp_arch::s390x);

/// The answer of the prologue with a filter behind it that only says `passed`.
std::uint32_t ask(std::vector<newest_call> calls, std::uint32_t arch, std::uint32_t number) {
  auto program = unknown_call_rule(calls);
  program.push_back({BPF_RET | BPF_K, 0, 0, passed});
  ::seccomp_data data{};
  data.arch = arch;
  data.nr = static_cast<int>(number);
  return bpf::evaluate(program, data);
}

}  // namespace

TEST_CASE("a call newer than the profile's newest is ENOSYS, per architecture") {
  const std::vector<newest_call> all = {{token_x86_64, 400}, {i386, 500}, {token_x32, x32_bit | 300}, {aarch64, 200}};
  struct row {
    std::uint32_t arch, number, wanted;
  };
  const row table[] = {
      {token_x86_64, 0, passed},
      {token_x86_64, 400, passed},
      {token_x86_64, 401, enosys},
      {token_x86_64, x32_bit - 1, enosys},
      {token_x86_64, x32_bit, passed},
      {token_x86_64, x32_bit | 300, passed},
      {token_x86_64, x32_bit | 301, enosys},
      {token_x86_64, x32_bit | 400, enosys},
      {token_x86_64, 0xffffffff, enosys},
      {i386, 401, passed},
      {i386, 500, passed},
      {i386, 501, enosys},
      {i386, x32_bit, enosys},
      {aarch64, 200, passed},
      {aarch64, 201, enosys},
      {s390x, 9999, passed},
      {s390x, 0, passed},
  };
  for (const auto& row : table) {
    CAPTURE(row.arch, row.number);
    CHECK(ask(all, row.arch, row.number) == row.wanted);
  }
}

TEST_CASE("x32 calls are the filter's business where the profile has no x32") {
  CHECK(ask({{token_x86_64, 400}}, token_x86_64, x32_bit | 1) == passed);
  CHECK(ask({{token_x86_64, 400}}, token_x86_64, x32_bit | 9999) == passed);
  CHECK(ask({{token_x86_64, 400}}, token_x86_64, 401) == enosys);
  CHECK(ask({{token_x32, x32_bit | 400}, {token_x86_64, -1}}, token_x86_64, 401) == passed);
  CHECK(ask({{token_x32, x32_bit | 400}, {token_x86_64, -1}}, token_x86_64, x32_bit | 401) == enosys);
}

TEST_CASE("on s390 call 0 is ENOSYS too") {
  CHECK(ask({{s390x, 400}}, s390x, 0) == enosys);
  CHECK(ask({{s390x, 400}}, s390x, 1) == passed);
  CHECK(ask({{s390x, 400}}, s390x, 401) == enosys);
  CHECK(ask({{aarch64, 400}}, aarch64, 0) == passed);
}

TEST_CASE("an architecture without a mentioned call needs no instruction") {
  CHECK(unknown_call_rule(std::vector<newest_call>{{token_x86_64, -1}, {aarch64, -1}}).empty());
}

TEST_CASE("the prologue is left out where unknown calls pass anyway, or get ENOSYS already") {
  CHECK(needs_unknown_call_rule(SECCOMP_RET_ERRNO | 1));
  CHECK(needs_unknown_call_rule(SECCOMP_RET_KILL_THREAD));
  CHECK(needs_unknown_call_rule(SECCOMP_RET_KILL_PROCESS));
  CHECK(needs_unknown_call_rule(SECCOMP_RET_TRAP));
  CHECK_FALSE(needs_unknown_call_rule(SECCOMP_RET_ERRNO | 38));
  CHECK_FALSE(needs_unknown_call_rule(SECCOMP_RET_ALLOW));
  CHECK_FALSE(needs_unknown_call_rule(SECCOMP_RET_LOG));
  CHECK_FALSE(needs_unknown_call_rule(SECCOMP_RET_TRACE | 1));
}
