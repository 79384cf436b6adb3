// SPDX-License-Identifier: Apache-2.0
//
// A plan as bytes, from the runtime to the init, and the init's answers. Both are built together and never outlive one
// start, so the form is free to change; it is still read with every length checked.
//
//   header, `slot_count` int32 descriptors, then per step: uint32 kind, uint32 index in the plan, uint32 size, members
//   numbers 8 bytes; strings uint32 length, bytes, NUL; lists uint32 count, elements; all in the machine's byte order
//
// Freestanding: no allocation, no C++ runtime.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include <ocikit/base/members.hpp>
#include <ocikit/base/zstring_view.hpp>

namespace ocikit::container::wire {

inline constexpr std::uint32_t magic = 0x4b49434fU;  // "OCIK"
inline constexpr std::uint32_t version = 1;
inline constexpr std::size_t largest_plan = std::size_t{16} << 20;

struct header {
  std::uint32_t magic;
  std::uint32_t version;
  std::uint32_t size;        ///< of everything, header included
  std::uint32_t step_count;  ///< of those that the init takes
  std::uint32_t slot_count;
  std::uint32_t scratch;          ///< bytes that the largest step's lists need when they are read
  std::uint32_t arrives = 0;      ///< whether one of the steps is `arrive`
  std::int32_t hook_output = -1;  ///< the descriptor that hooks write to; -1: into the report
  std::int32_t hook_errors = -1;  ///< the same for their standard error
  std::uint32_t traces = 0;       ///< whether the init is to tell of each step that it has taken
};

struct step_header {
  std::uint32_t kind;
  std::uint32_t index;
  std::uint32_t size;
};

/// What the init tells the runtime. The master end of a new terminal comes with the first of them that is no failure.
enum class report_kind : std::uint32_t {
  reached,   ///< a `hand_over`, or a filter that notifies: the runtime is to do its steps and answer
  created,   ///< an `await_start`
  failed,    ///< step, errno and, for a hook, what it wrote
  terminal,  ///< nothing but the terminal, ahead of a filter that may forbid to send it; no answer
  arrived,   ///< an `arrive`: `pid` goes on as the init, and waits for an answer
  taken,     ///< the step, at `time`; `no_step`: the init has begun; no answer
};

struct report {
  report_kind kind;
  std::uint32_t step;
  std::int32_t error;         ///< errno, or 0
  std::uint32_t wait_status;  ///< of a hook, as wait4(2) gives it
  std::uint32_t detail_size;
  std::int32_t listener = -1;  ///< with `reached`: the number, in the init, of a filter's notify descriptor
  std::int32_t pid = 0;        ///< with `arrived`: of the child, as the runtime sees it
  std::int64_t time = 0;       ///< with `taken`: nanoseconds of CLOCK_REALTIME
};
inline constexpr std::uint32_t no_step = 0xffffffffU;
inline constexpr std::size_t longest_detail = 2048;

/// The runtime's one answer.
inline constexpr char go = 'g';

namespace detail {

template <class T>
struct is_span : std::false_type {};
template <class T>
struct is_span<std::span<const T>> : std::true_type {};

template <class T>
concept number = std::is_integral_v<T> || std::is_enum_v<T>;
template <class T>
concept record = requires {
  T::members;
};

}  // namespace detail

/// Reads steps out of a plan's bytes. Never beyond them: after a first impossible length `ok()` is false for good.
class reader {
 public:
  /// `scratch` holds the elements of lists of the step that is read last.
  reader(const std::byte* bytes, std::size_t size, std::byte* scratch, std::size_t scratch_size) noexcept
      : at_{bytes}, left_{size}, scratch_{scratch}, scratch_left_{scratch_size} {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }

  template <class T>
  void read_pod(T& to) noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    if (const std::byte* from = take(sizeof to)) std::memcpy(&to, from, sizeof to);
  }

  template <detail::number T>
  void read(T& to) noexcept {
    std::uint64_t wide = 0;
    read_pod(wide);
    to = static_cast<T>(wide);
  }

  void read(zstring_view& to) noexcept {
    std::uint32_t size = 0;
    read_pod(size);
    const std::byte* from = take(std::size_t{size} + 1);
    if (from == nullptr) return;
    const char* text = reinterpret_cast<const char*>(from);
    ok_ = text[size] == '\0';
    if (ok_) to = zstring_view{text, size};
  }

  void read(std::span<const std::byte>& to) noexcept {
    std::uint32_t size = 0;
    read_pod(size);
    if (const std::byte* from = take(size)) to = {from, size};
  }

  template <class T>
  void read(std::span<const T>& to) noexcept {
    std::uint32_t count = 0;
    read_pod(count);
    T* elements = count <= left_ ? allocate<T>(count) : nullptr;
    ok_ = ok_ && elements != nullptr;
    for (std::uint32_t i = 0; ok_ && i < count; ++i) {
      elements[i] = T{};
      read(elements[i]);
    }
    to = {elements, ok_ ? count : 0};
  }

  template <detail::record T>
  void read(T& to) noexcept {
    for_each_member(to, [this](auto, auto& value) { read(value); });
  }

 private:
  [[nodiscard]] const std::byte* take(std::size_t size) noexcept {
    ok_ = ok_ && size <= left_;
    if (!ok_) return nullptr;
    const std::byte* from = at_;
    at_ += size;
    left_ -= size;
    return from;
  }

  template <class T>
  [[nodiscard]] T* allocate(std::size_t count) noexcept {
    constexpr std::size_t unit = 8;
    static_assert(alignof(T) <= unit);
    const std::size_t bytes = (count * sizeof(T) + unit - 1) / unit * unit;
    if (bytes > scratch_left_) return nullptr;
    std::byte* made = scratch_;
    scratch_ += bytes;
    scratch_left_ -= bytes;
    return reinterpret_cast<T*>(made);
  }

  const std::byte* at_;
  std::size_t left_;
  std::byte* scratch_;
  std::size_t scratch_left_;
  bool ok_ = true;
};

}  // namespace ocikit::container::wire
