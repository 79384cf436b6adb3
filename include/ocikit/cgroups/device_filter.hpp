// SPDX-License-Identifier: Apache-2.0
//
// Device rules on cgroup v2: a small eBPF program, assembled by hand, that the kernel asks on every open and mknod.
#pragma once

#include <linux/bpf.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/cgroups/device_rules.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::cgroups {

namespace detail {

/// Where a jump goes to, which is forward, always. Placed once.
using filter_label = std::size_t;

/// Assembles instructions. The registers: r2 type, r3 access, r4 major, r5 minor, r6 the device, as `number_of` has it.
class filter_assembler {
 public:
  static constexpr unsigned type = 2, access = 3, major = 4, minor = 5, device = 6;

  /// The context is bpf_cgroup_dev_ctx {access << 16 | type, major, minor}.
  void load_context(bool with_access, bool with_numbers) {
    put(BPF_LDX | BPF_MEM | BPF_W, type, 1, 0, 0);
    if (with_access) {
      put(BPF_ALU64 | BPF_MOV | BPF_X, access, type, 0, 0);
      put(BPF_ALU64 | BPF_RSH | BPF_K, access, 0, 0, 16);
    }
    put(BPF_ALU64 | BPF_AND | BPF_K, type, 0, 0, 0xffff);
    if (!with_numbers) return;
    put(BPF_LDX | BPF_MEM | BPF_W, major, 1, 4, 0);
    put(BPF_LDX | BPF_MEM | BPF_W, minor, 1, 8, 0);
    put(BPF_ALU64 | BPF_MOV | BPF_X, device, major, 0, 0);
    put(BPF_ALU64 | BPF_LSH | BPF_K, device, 0, 0, 52);
    put(BPF_ALU64 | BPF_ARSH | BPF_K, device, 0, 0, 32);  // comparisons extend the sign of their 32 bits
    put(BPF_ALU64 | BPF_OR | BPF_X, device, minor, 0, 0);
  }

  /// Major and minor in the 32 bits of one comparison.
  [[nodiscard]] static std::int32_t number_of(const device_exception& e) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(e.major) << 20U | static_cast<std::uint32_t>(e.minor));
  }

  [[nodiscard]] filter_label make_label() {
    jumps_.emplace_back();
    return jumps_.size() - 1;
  }
  void place(filter_label label) {
    for (const auto jump : jumps_[label]) code_[jump].off = static_cast<std::int16_t>(code_.size() - jump - 1);
  }

  void jump(filter_label to) { jump_if(BPF_JA, 0, 0, to); }
  /// `comparison` is BPF_JEQ, BPF_JNE or BPF_JSET.
  void jump_if(int comparison, unsigned reg, std::int32_t immediate, filter_label to) {
    jumps_[to].push_back(code_.size());
    put(BPF_JMP | comparison | BPF_K, reg, 0, 0, immediate);
  }

  void finish(bool allow) {
    put(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, allow ? 1 : 0);
    put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
  }

  [[nodiscard]] std::vector<bpf_insn> take() { return std::move(code_); }

 private:
  void put(int code, unsigned to, unsigned from, int offset, int immediate) {
    bpf_insn i{};
    i.code = static_cast<std::uint8_t>(code);
    i.dst_reg = to & 0xfU;
    i.src_reg = from & 0xfU;
    i.off = static_cast<std::int16_t>(offset);
    i.imm = immediate;
    code_.push_back(i);
  }

  std::vector<bpf_insn> code_;
  std::vector<std::vector<std::size_t>> jumps_;  ///< by label
};

/// Exceptions of one type and one access: goes to `excepted` when the device, and what is to be done with it, match
/// one.
inline void assemble_group(filter_assembler& out, std::span<const device_exception> group, bool allowed_by_default,
                           filter_label excepted) {
  using to = filter_assembler;
  const device_access access = group.front().access;
  const filter_label next = out.make_label();
  if (access != may_all && allowed_by_default) {  // any of the withheld bits
    const filter_label matches = out.make_label();
    out.jump_if(BPF_JSET, to::access, access, matches);
    out.jump(next);
    out.place(matches);
  } else if (access != may_all) {  // nothing beyond the granted bits
    out.jump_if(BPF_JSET, to::access, may_all & ~access, next);
  }
  for (const auto& e : group) {
    if (e.major != device_exception::any && e.minor != device_exception::any)
      out.jump_if(BPF_JEQ, to::device, to::number_of(e), excepted);
    else if (e.major != device_exception::any)
      out.jump_if(BPF_JEQ, to::major, static_cast<std::int32_t>(e.major), excepted);
    else if (e.minor != device_exception::any)
      out.jump_if(BPF_JEQ, to::minor, static_cast<std::int32_t>(e.minor), excepted);
    else
      out.jump(excepted);  // the only one of its group: it implies all others
  }
  out.place(next);
}

/// Whether a device with these numbers can exist: dev_t has 12 bits of major and 20 of minor.
[[nodiscard]] inline bool can_exist(const device_exception& e) { return e.major < (1 << 12) && e.minor < (1 << 20); }

}  // namespace detail

/// The program that enforces `devices`. Pure. Exceptions that a wider one implies, and those for devices that cannot
/// exist, take no instructions; nor do fields that no exception looks at.
///
/// The kernel's verifier walks every path through it, with what each comparison tells it. So each path compares the
/// type once, the access once a group, and one register once with each device: a chain of rules that compare all fields
/// each anew takes it several times as long, which is most of the time that setting device rules takes.
[[nodiscard]] inline std::vector<bpf_insn> assemble_device_filter(const device_list& devices) {
  auto exceptions = without_implied(devices.exceptions());
  std::erase_if(exceptions, [](const device_exception& e) { return !detail::can_exist(e); });
  detail::filter_assembler out;
  if (exceptions.empty()) {
    out.finish(devices.allows_by_default());
    return out.take();
  }
  const auto group_of = [](const device_exception& e) { return std::pair{e.type, e.access}; };
  std::ranges::stable_sort(exceptions, std::ranges::greater{}, group_of);  // character devices first: the usual ones
  out.load_context(std::ranges::any_of(exceptions, [](const auto& e) { return e.access != may_all; }),
                   std::ranges::any_of(exceptions, [](const auto& e) { return !e.is_whole_type(); }));
  const auto excepted = out.make_label(), standard = out.make_label();
  for (const char type : {'c', 'b'}) {
    const auto other_type = out.make_label();
    const auto of_type = std::ranges::equal_range(exceptions, type, std::ranges::greater{}, &device_exception::type);
    if (of_type.empty()) continue;
    out.jump_if(BPF_JNE, out.type, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, other_type);
    const bool undecided = !of_type.front().is_whole_type() || of_type.front().access != may_all;
    for (auto at = of_type.begin(); at != of_type.end();) {
      const auto end = std::find_if(at, of_type.end(), [&](const auto& e) { return e.access != at->access; });
      detail::assemble_group(out, {at, end}, devices.allows_by_default(), excepted);
      at = end;
    }
    if (undecided) out.jump(standard);  // the verifier refuses what cannot be reached
    out.place(other_type);
  }
  out.place(standard);
  out.finish(devices.allows_by_default());
  out.place(excepted);
  out.finish(!devices.allows_by_default());
  return out.take();
}

namespace detail {

inline sys::raw::outcome bpf(int command, union bpf_attr& attributes) noexcept {
  return sys::raw::call(SYS_bpf, command, &attributes, sizeof attributes);
}

[[nodiscard]] inline union bpf_attr blank_bpf() {
  union bpf_attr a;
  std::memset(&a, 0, sizeof a);
  return a;
}

[[nodiscard]] inline error bpf_error(sys::raw::outcome r, std::string_view what) {
  return error::from_errno(sys::raw::errno_of(r), "bpf(" + std::string{what} + ")");
}

inline constexpr std::size_t most_instructions = std::numeric_limits<std::int16_t>::max();  // that a jump can pass

[[nodiscard]] inline result<unique_fd> load_filter(const std::vector<bpf_insn>& program) {
  if (program.size() > most_instructions)
    return tl::unexpected(error::unsupported("device rules of " + std::to_string(program.size()) +
                                             " instructions, of which an eBPF program can have " +
                                             std::to_string(most_instructions)));
  auto a = blank_bpf();
  static constexpr char license[] = "Apache";
  a.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  a.insns = reinterpret_cast<std::uintptr_t>(program.data());
  a.insn_cnt = static_cast<std::uint32_t>(program.size());
  a.license = reinterpret_cast<std::uintptr_t>(license);
  const auto r = bpf(BPF_PROG_LOAD, a);
  if (sys::raw::failed(r))
    return tl::unexpected(
        bpf_error(r, "BPF_PROG_LOAD, cgroup device, " + std::to_string(program.size()) + " instructions"));
  return unique_fd{adopt_fd, static_cast<int>(r)};
}

inline constexpr std::uint32_t most_filters = 64;  // the kernel's own limit a cgroup

/// The device programs attached to this very cgroup.
[[nodiscard]] inline result<std::vector<unique_fd>> attached_filters(fd_view cgroup) {
  std::uint32_t ids[most_filters];
  auto a = blank_bpf();
  a.query.target_fd = static_cast<std::uint32_t>(cgroup.get());
  a.query.attach_type = BPF_CGROUP_DEVICE;
  a.query.prog_ids = reinterpret_cast<std::uintptr_t>(ids);
  a.query.prog_cnt = most_filters;
  const auto r = bpf(BPF_PROG_QUERY, a);
  if (sys::raw::failed(r)) return tl::unexpected(bpf_error(r, "BPF_PROG_QUERY"));
  std::vector<unique_fd> out;
  for (std::uint32_t i = 0; i < a.query.prog_cnt; ++i) {
    auto by_id = blank_bpf();
    by_id.prog_id = ids[i];
    const auto fd = bpf(BPF_PROG_GET_FD_BY_ID, by_id);
    if (!sys::raw::failed(fd)) out.emplace_back(adopt_fd, static_cast<int>(fd));  // gone meanwhile is as good
  }
  return out;
}

[[nodiscard]] inline result<void> attach_filter(fd_view cgroup, fd_view program, fd_view replaced) {
  auto a = blank_bpf();
  a.target_fd = static_cast<std::uint32_t>(cgroup.get());
  a.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
  a.attach_type = BPF_CGROUP_DEVICE;
  a.attach_flags = BPF_F_ALLOW_MULTI;
  if (replaced) {
    a.attach_flags |= BPF_F_REPLACE;
    a.replace_bpf_fd = static_cast<std::uint32_t>(replaced.get());
  }
  const auto r = bpf(BPF_PROG_ATTACH, a);
  if (sys::raw::failed(r)) return tl::unexpected(bpf_error(r, "BPF_PROG_ATTACH"));
  return {};
}

[[nodiscard]] inline result<void> detach_filter(fd_view cgroup, fd_view program) {
  auto a = blank_bpf();
  a.target_fd = static_cast<std::uint32_t>(cgroup.get());
  a.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
  a.attach_type = BPF_CGROUP_DEVICE;
  const auto r = bpf(BPF_PROG_DETACH, a);
  if (sys::raw::failed(r)) return tl::unexpected(bpf_error(r, "BPF_PROG_DETACH"));
  return {};
}

}  // namespace detail

/// Enforces `devices` in the cgroup. `fresh`: the cgroup was made a moment ago, so no older filter needs to go.
///
/// An only older filter is replaced in one step, so that there is no moment without; several are detached after the new
/// one is in force, since all of a cgroup's filters must agree. A list that allows everything needs none.
/// Errors: system. Since: Linux 4.15; replacing since 5.6.
/// See: bpf(2), kernel admin-guide/cgroup-v2.rst, "Device controller".
[[nodiscard]] inline result<void> enforce_devices(fd_view cgroup, const device_list& devices, bool fresh) {
  std::vector<unique_fd> old;
  if (!fresh) old = OCIKIT_TRY(detail::attached_filters(cgroup));
  if (!devices.allows_everything()) {
    const unique_fd program = OCIKIT_TRY(detail::load_filter(assemble_device_filter(devices)));
    const bool one = old.size() == 1;
    OCIKIT_TRY(detail::attach_filter(cgroup, program, one ? old.front().view() : fd_view{}));
    if (one) return {};
  }
  for (const auto& program : old) OCIKIT_TRY(detail::detach_filter(cgroup, program));
  return {};
}

}  // namespace ocikit::cgroups
