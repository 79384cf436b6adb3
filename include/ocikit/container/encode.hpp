// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <ocikit/container/plan.hpp>
#include <ocikit/container/wire.hpp>
#include <ocikit/sys/trace.hpp>

namespace ocikit::container::wire {

namespace detail {

/// Writes what `reader` reads, and counts the scratch that reading will need.
class writer {
 public:
  explicit writer(std::string& to) : to_{to} {}

  template <class T>
  void write_pod(const T& value) {
    to_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <number T>
  void write(T value) {
    write_pod(static_cast<std::uint64_t>(value));
  }
  void write(zstring_view text) {
    write_pod(static_cast<std::uint32_t>(text.size()));
    to_.append(text.c_str(), text.size() + 1);
  }
  void write(std::span<const std::byte> bytes) {
    write_pod(static_cast<std::uint32_t>(bytes.size()));
    to_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  template <class T>
  void write(std::span<const T> list) {
    write_pod(static_cast<std::uint32_t>(list.size()));
    scratch_ += (list.size() * sizeof(T) + 7) / 8 * 8;
    for (const T& element : list) write(element);
  }
  template <record T>
  void write(const T& object) {
    for_each_member(object, [this](auto, const auto& value) { write(value); });
  }

  [[nodiscard]] std::size_t scratch() const { return scratch_; }

 private:
  std::string& to_;
  std::size_t scratch_ = 0;
};

}  // namespace detail

/// The init's steps of `from` as bytes. `slots` are the descriptors, by slot, that the init inherits; -1: none.
/// `arrival` stands for the plan's own `arrive`.
[[nodiscard]] inline std::string encode(const plan& from, std::span<const int> slots, const arrive* arrival = nullptr) {
  std::string out(sizeof(header), '\0');
  out.reserve(16384);
  const auto before = [&](std::uint32_t number) { return number == 0 ? -1 : slots[number - 1]; };
  header head{magic,
              version,
              0,
              0,
              static_cast<std::uint32_t>(slots.size()),
              0,
              0,
              before(from.hook_output),
              before(from.hook_errors),
              sys::active_trace != nullptr ? 1U : 0U};
  detail::writer fixed{out};
  for (const int slot : slots) fixed.write_pod(static_cast<std::int32_t>(slot));
  for (std::size_t i = 0; i < from.steps.size(); ++i) {
    const plan_step& one = from.steps[i];
    if (one.by != actor::init) continue;
    const std::size_t start = out.size();
    out.append(sizeof(step_header), '\0');
    detail::writer writer{out};
    const bool arrives = std::holds_alternative<arrive>(one.what);
    if (arrives && arrival != nullptr)
      writer.write(*arrival);
    else
      std::visit([&](const auto& what) { writer.write(what); }, one.what);
    if (arrives) head.arrives = 1;
    const step_header own{static_cast<std::uint32_t>(one.what.index()), static_cast<std::uint32_t>(i),
                          static_cast<std::uint32_t>(out.size() - start - sizeof(step_header))};
    std::memcpy(out.data() + start, &own, sizeof own);
    head.step_count += 1;
    head.scratch = std::max(head.scratch, static_cast<std::uint32_t>(writer.scratch()));
  }
  head.size = static_cast<std::uint32_t>(out.size());
  std::memcpy(out.data(), &head, sizeof head);
  return out;
}

}  // namespace ocikit::container::wire
