// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace ocikit {

/// SHA-256, for names of content: who controls the content cannot make two with one name. Allocates nothing.
/// See: FIPS 180-4.
class sha256 {
 public:
  using digest = std::array<std::byte, 32>;

  sha256& update(std::span<const std::byte> data) noexcept {
    length_ += data.size();
    while (!data.empty()) {
      const auto taken = std::min(data.size(), block_.size() - used_);
      std::memcpy(block_.data() + used_, data.data(), taken);
      used_ += taken;
      data = data.subspan(taken);
      if (used_ == block_.size()) compress();
    }
    return *this;
  }
  sha256& update(std::string_view text) noexcept { return update(std::as_bytes(std::span{text})); }

  /// The digest of everything so far. Call it once.
  [[nodiscard]] digest finish() noexcept {
    const std::uint64_t bits = length_ * 8;
    block_[used_++] = std::byte{0x80};
    if (used_ > block_.size() - sizeof bits) pad_and_compress();
    std::fill(block_.begin() + static_cast<std::ptrdiff_t>(used_), block_.end(), std::byte{0});
    for (std::size_t i = 0; i < sizeof bits; ++i)
      block_[block_.size() - 1 - i] = static_cast<std::byte>(bits >> (8 * i));
    compress();
    digest out;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(state_[i / 4] >> (24 - 8 * (i % 4)));
    return out;
  }

  /// The digest of one piece.
  [[nodiscard]] static digest of(std::span<const std::byte> data) noexcept { return sha256{}.update(data).finish(); }

 private:
  static constexpr std::array<std::uint32_t, 64> rounds = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

  void pad_and_compress() noexcept {
    std::fill(block_.begin() + static_cast<std::ptrdiff_t>(used_), block_.end(), std::byte{0});
    compress();
  }

  [[nodiscard]] std::array<std::uint32_t, 64> schedule() const noexcept {
    std::array<std::uint32_t, 64> w;
    for (std::size_t i = 0; i < 16; ++i) {
      w[i] = 0;
      for (std::size_t b = 0; b < 4; ++b) w[i] = w[i] << 8 | std::to_integer<std::uint32_t>(block_[4 * i + b]);
    }
    for (std::size_t i = 16; i < w.size(); ++i) {
      const auto small0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
      const auto small1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + small0 + w[i - 7] + small1;
    }
    return w;
  }

  void compress() noexcept {
    const auto w = schedule();
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t i = 0; i < w.size(); ++i) {
      const auto big1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const auto t1 = h + big1 + ((e & f) ^ (~e & g)) + rounds[i] + w[i];
      const auto big0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const auto t2 = big0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<std::uint32_t, 8> add = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < state_.size(); ++i) state_[i] += add[i];
    used_ = 0;
  }

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> block_{};
  std::size_t used_ = 0;
  std::uint64_t length_ = 0;
};

/// `e3b0c442...`
[[nodiscard]] inline std::string hex_text(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const auto byte : bytes) {
    out += digits[std::to_integer<std::size_t>(byte >> 4)];
    out += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return out;
}

}  // namespace ocikit
