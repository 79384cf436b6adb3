// SPDX-License-Identifier: Apache-2.0
//
// Several filters, each for one architecture, as one.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <ocikit/seccomp/architectures.hpp>

namespace ocikit::seccomp {

/// A complete filter that refuses every architecture but `token`'s.
struct arch_filter {
  arch_token token = 0;
  std::vector<struct ::sock_filter> program;
};

namespace detail {

/// The jumps at the head of a joined filter: instructions, and which of them lead to which filter.
class arch_switch {
 public:
  explicit arch_switch(std::span<const arch_filter> filters) : filters_{filters} {
    code_.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct ::seccomp_data, arch)});
    const auto x86_64 = position(token_x86_64), x32 = position(token_x32);
    const bool both = x86_64 < filters.size() && x32 < filters.size();
    if (both) append_x86_64(x86_64, x32);
    for (std::size_t i = 0; i < filters.size(); ++i) {
      if (both && (i == x86_64 || i == x32)) continue;
      const auto token = filters[i].token;
      code_.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, token == token_x32 ? token_x86_64 : token});
      append_jump(i);
    }
  }

  /// Head and filters in one. Whatever no jump takes falls into the first filter, which refuses it.
  [[nodiscard]] std::vector<struct ::sock_filter> join() && {
    std::vector<std::size_t> starts;
    std::size_t at = code_.size();
    for (const auto& filter : filters_) starts.push_back(std::exchange(at, at + filter.program.size()));
    for (const auto& [from, to] : jumps_) code_[from].k = static_cast<std::uint32_t>(starts[to] - from - 1);
    for (const auto& filter : filters_) code_.insert(code_.end(), filter.program.begin(), filter.program.end());
    return std::move(code_);
  }

 private:
  std::size_t position(arch_token token) const {
    const auto at = std::find_if(filters_.begin(), filters_.end(), [&](const auto& f) { return f.token == token; });
    return static_cast<std::size_t>(at - filters_.begin());
  }
  void append_jump(std::size_t to) {
    jumps_.emplace_back(code_.size(), to);
    code_.push_back({BPF_JMP | BPF_JA, 0, 0, 0});
  }
  /// The two share a value of `arch`; the number tells them apart.
  void append_x86_64(std::size_t x86_64, std::size_t x32) {
    code_.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 4, token_x86_64});
    code_.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct ::seccomp_data, nr)});
    code_.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, 1, x32_bit});
    append_jump(x32);
    append_jump(x86_64);
  }

  std::span<const arch_filter> filters_;
  std::vector<struct ::sock_filter> code_;
  std::vector<std::pair<std::size_t, std::size_t>> jumps_;
};

}  // namespace detail

/// One filter that hands each call to the filter of its architecture.
[[nodiscard]] inline std::vector<struct ::sock_filter> join_filters(std::span<const arch_filter> filters) {
  if (filters.size() == 1) return filters.front().program;
  return detail::arch_switch{filters}.join();
}

}  // namespace ocikit::seccomp
