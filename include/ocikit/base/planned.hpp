// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <ocikit/base/zstring_view.hpp>

namespace ocikit {

/// A step and the JSON pointer of the config value that asked for it; empty when the runtime itself did.
template <class Step>
struct planned {
  Step what;
  std::string where;
  bool operator==(const planned&) const = default;
};

/// Steps in the order in which they are taken.
template <class Step>
using step_list = std::vector<planned<Step>>;

/// Owns the texts and lists that planning composes, so that steps can be small values that only borrow. None moves.
class text_pool {
 public:
  text_pool() = default;
  text_pool(text_pool&&) noexcept = default;
  text_pool& operator=(text_pool&&) noexcept = default;

  /// A view of `text` that lives as long as the pool.
  zstring_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  /// A list of views that lives as long as the pool.
  const std::vector<zstring_view>& keep(std::vector<zstring_view> list) { return lists_.emplace_back(std::move(list)); }
  /// A list of numbers that lives as long as the pool.
  const std::vector<std::uint64_t>& keep(std::vector<std::uint64_t> list) {
    return numbers_.emplace_back(std::move(list));
  }

 private:
  std::deque<std::string> texts_;
  std::deque<std::vector<zstring_view>> lists_;
  std::deque<std::vector<std::uint64_t>> numbers_;
};

}  // namespace ocikit
