// SPDX-License-Identifier: Apache-2.0
//
// Classic BPF as seccomp(2) takes it, so that filters can be tested without loading them.
// See: Linux net/core/filter.c, kernel/seccomp.c (seccomp_check_filter lists the allowed instructions).
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace bpf {

struct machine {
  std::uint32_t a = 0, x = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> memory{};
};

inline std::uint32_t load_data(const ::seccomp_data& data, std::uint32_t offset) {
  if (offset % 4 != 0 || offset + 4 > sizeof data) throw std::runtime_error("load outside seccomp_data");
  std::uint32_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(&data) + offset, sizeof word);
  return word;
}

inline std::uint32_t alu(unsigned operation, std::uint32_t a, std::uint32_t b) {
  switch (operation) {
    case BPF_ADD:
      return a + b;
    case BPF_SUB:
      return a - b;
    case BPF_MUL:
      return a * b;
    case BPF_DIV:
      return b == 0 ? throw std::runtime_error("division by zero") : a / b;
    case BPF_AND:
      return a & b;
    case BPF_OR:
      return a | b;
    case BPF_XOR:
      return a ^ b;
    case BPF_LSH:
      return a << b;
    case BPF_RSH:
      return a >> b;
    case BPF_NEG:
      return 0U - a;
    default:
      throw std::runtime_error("unknown arithmetic");
  }
}

inline bool holds(unsigned test, std::uint32_t a, std::uint32_t b) {
  switch (test) {
    case BPF_JEQ:
      return a == b;
    case BPF_JGT:
      return a > b;
    case BPF_JGE:
      return a >= b;
    case BPF_JSET:
      return (a & b) != 0;
    default:
      throw std::runtime_error("unknown jump");
  }
}

inline void load(machine& m, const ::sock_filter& i, const ::seccomp_data& data) {
  const unsigned mode = BPF_MODE(i.code);
  auto& target = BPF_CLASS(i.code) == BPF_LD ? m.a : m.x;
  if (mode == BPF_ABS)
    target = load_data(data, i.k);
  else if (mode == BPF_IMM)
    target = i.k;
  else if (mode == BPF_MEM)
    target = m.memory.at(i.k);
  else
    throw std::runtime_error("unknown load");
}

/// How far a jump goes, counted from the next instruction.
inline std::size_t jump(const machine& m, const ::sock_filter& i) {
  if (BPF_OP(i.code) == BPF_JA) return i.k;
  return holds(BPF_OP(i.code), m.a, BPF_SRC(i.code) == BPF_X ? m.x : i.k) ? i.jt : i.jf;
}

/// Everything but jumps and returns.
inline void step(machine& m, const ::sock_filter& i, const ::seccomp_data& data) {
  switch (BPF_CLASS(i.code)) {
    case BPF_LD:
    case BPF_LDX:
      return load(m, i, data);
    case BPF_ST:
      m.memory.at(i.k) = m.a;
      return;
    case BPF_STX:
      m.memory.at(i.k) = m.x;
      return;
    case BPF_ALU:
      m.a = alu(BPF_OP(i.code), m.a, BPF_SRC(i.code) == BPF_X ? m.x : i.k);
      return;
    case BPF_MISC:
      (BPF_MISCOP(i.code) == BPF_TAX ? m.x = m.a : m.a = m.x);
      return;
    default:
      throw std::runtime_error("unknown instruction");
  }
}

/// What a filter says, a SECCOMP_RET_ value, and how many instructions it took to say it.
struct answer {
  std::uint32_t value = 0;
  std::size_t instructions = 0;
};

/// Throws where the kernel would have refused to load the filter.
inline answer run(std::span<const ::sock_filter> program, const ::seccomp_data& data) {
  machine m;
  std::size_t executed = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const auto& i = program[at];
    ++executed;
    if (BPF_CLASS(i.code) == BPF_RET) return {BPF_RVAL(i.code) == BPF_A ? m.a : i.k, executed};
    if (BPF_CLASS(i.code) == BPF_JMP)
      at += jump(m, i);
    else
      step(m, i, data);
  }
  throw std::runtime_error("ran past the end");
}

/// The filter's answer alone.
inline std::uint32_t evaluate(std::span<const ::sock_filter> program, const ::seccomp_data& data) {
  return run(program, data).value;
}

inline std::vector<::sock_filter> instructions(std::span<const std::byte> bytes) {
  std::vector<::sock_filter> out(bytes.size() / sizeof(::sock_filter));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

}  // namespace bpf
