// SPDX-License-Identifier: Apache-2.0
//
// ENOSYS for system calls newer than the profile. A C library probes new calls and falls back on ENOSYS; a profile
// written before they existed would answer EPERM, which it takes for a real refusal. So calls with a greater number
// than any that the profile mentions say ENOSYS, in a prologue before the compiled filter.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <ocikit/seccomp/architectures.hpp>

namespace ocikit::seccomp {

/// An architecture and the greatest system call number that the profile mentions for it (x32's with its bit).
struct newest_call {
  arch_token token = 0;
  std::int64_t number = -1;  ///< -1: it mentions none, the architecture is left alone
};

/// Whether a filter with this default action needs the prologue: not when unknown calls go through anyway, and not
/// when they get ENOSYS already.
[[nodiscard]] constexpr bool needs_unknown_call_rule(std::uint32_t default_action) noexcept {
  const auto action = default_action & SECCOMP_RET_ACTION_FULL;
  if (action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG || action == SECCOMP_RET_TRACE) return false;
  return default_action != (SECCOMP_RET_ERRNO | std::uint32_t{ENOSYS});
}

namespace detail {

using instructions = std::vector<struct ::sock_filter>;

inline constexpr std::uint32_t answer_enosys = SECCOMP_RET_ERRNO | std::uint32_t{ENOSYS};

constexpr struct ::sock_filter load_word(std::size_t offset) noexcept {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}
constexpr struct ::sock_filter jump_if(unsigned test, std::uint32_t value, std::uint8_t yes, std::uint8_t no) noexcept {
  return {static_cast<std::uint16_t>(BPF_JMP | BPF_K | test), yes, no, value};
}
constexpr struct ::sock_filter answer(std::uint32_t value) noexcept { return {BPF_RET | BPF_K, 0, 0, value}; }

/// What is asked about one value of `seccomp_data.arch`; x32 shares x86_64's.
struct arch_test {
  std::uint32_t arch = 0;
  std::int64_t newest = -1;
  std::int64_t newest_x32 = -1;
};

inline std::vector<arch_test> group_by_arch(std::span<const newest_call> calls) {
  std::vector<arch_test> tests;
  for (const auto& call : calls) {
    if (call.number < 0) continue;
    const auto arch = call.token == token_x32 ? token_x86_64 : call.token;
    auto at = std::find_if(tests.begin(), tests.end(), [&](const arch_test& t) { return t.arch == arch; });
    if (at == tests.end()) at = tests.insert(tests.end(), arch_test{arch});
    (call.token == token_x32 ? at->newest_x32 : at->newest) = call.number;
  }
  return tests;
}

inline void append_answer_if(instructions& to, unsigned test, std::uint32_t number) {
  to.push_back(jump_if(test, number, 0, 1));
  to.push_back(answer(answer_enosys));
}

/// The tests of one architecture; falls through when the number is known. The answers of x32 come first: what is
/// greater than its newest call is no call of x86_64 either.
inline instructions tests_of(const arch_test& test) {
  constexpr auto s390 = token_of(spec::seccomp_arch::s390), s390x = token_of(spec::seccomp_arch::s390x);
  instructions body{load_word(offsetof(struct ::seccomp_data, nr))};
  // s390 restarts and probes with call 0, `setup`, which no profile names.
  if (test.arch == s390 || test.arch == s390x) append_answer_if(body, BPF_JEQ, 0);
  if (test.newest_x32 >= 0) append_answer_if(body, BPF_JGT, static_cast<std::uint32_t>(test.newest_x32));
  if (test.newest < 0) return body;
  if (test.arch == token_x86_64) body.push_back(jump_if(BPF_JGE, x32_bit, 2, 0));  // x32: over the next two
  append_answer_if(body, BPF_JGT, static_cast<std::uint32_t>(test.newest));
  return body;
}

}  // namespace detail

/// The prologue: put before a compiled filter it answers ENOSYS to the calls that are newer than the profile and leaves
/// all others to the filter. Empty when no architecture has a number. Pure. At most ten instructions an architecture.
///
/// x32 calls of a profile without x32 are left to the filter, which refuses the architecture.
[[nodiscard]] inline std::vector<struct ::sock_filter> unknown_call_rule(std::span<const newest_call> calls) {
  detail::instructions out;
  std::vector<std::size_t> to_end;
  for (const auto& test : detail::group_by_arch(calls)) {
    const auto body = detail::tests_of(test);
    out.push_back(detail::load_word(offsetof(struct ::seccomp_data, arch)));
    out.push_back(detail::jump_if(BPF_JEQ, test.arch, 0, static_cast<std::uint8_t>(body.size() + 1)));
    out.insert(out.end(), body.begin(), body.end());
    to_end.push_back(out.size());
    out.push_back({BPF_JMP | BPF_JA, 0, 0, 0});
  }
  for (const auto at : to_end) out[at].k = static_cast<std::uint32_t>(out.size() - at - 1);
  return out;
}

}  // namespace ocikit::seccomp
