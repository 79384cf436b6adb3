// SPDX-License-Identifier: Apache-2.0
//
// Device rules on cgroup v2: a small eBPF program, assembled by hand, that the kernel asks on every open and mknod.
#pragma once

#include <linux/bpf.h>
#include <sys/syscall.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/cgroups/device_rules.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::cgroups {

namespace detail {

/// Assembles instructions; jumps go forward to the start of the next exception.
class filter_assembler {
 public:
  /// The context is bpf_cgroup_dev_ctx {access << 16 | type, major, minor}. r2 type, r3 access, r4 major, r5 minor.
  void load_context(bool access, bool major, bool minor) {
    put(BPF_LDX | BPF_MEM | BPF_W, 2, 1, 0, 0);
    if (access) {
      put(BPF_ALU64 | BPF_MOV | BPF_X, 3, 2, 0, 0);
      put(BPF_ALU64 | BPF_RSH | BPF_K, 3, 0, 0, 16);
    }
    put(BPF_ALU64 | BPF_AND | BPF_K, 2, 0, 0, 0xffff);
    if (major) put(BPF_LDX | BPF_MEM | BPF_W, 4, 1, 4, 0);
    if (minor) put(BPF_LDX | BPF_MEM | BPF_W, 5, 1, 8, 0);
  }

  void except(const device_exception& e, bool allowed_by_default) {
    skip_unless_equal(2, e.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    if (e.access != may_all) {
      put(BPF_ALU64 | BPF_MOV | BPF_X, 1, 3, 0, 0);
      if (allowed_by_default) {  // any of the withheld bits
        put(BPF_ALU64 | BPF_AND | BPF_K, 1, 0, 0, e.access);
        skip(BPF_JMP | BPF_JEQ | BPF_K, 1, 0);
      } else {  // nothing beyond the granted bits
        put(BPF_ALU64 | BPF_AND | BPF_K, 1, 0, 0, may_all & ~e.access);
        skip(BPF_JMP | BPF_JNE | BPF_K, 1, 0);
      }
    }
    if (e.major != device_exception::any) skip_unless_equal(4, static_cast<std::int32_t>(e.major));
    if (e.minor != device_exception::any) skip_unless_equal(5, static_cast<std::int32_t>(e.minor));
    finish(!allowed_by_default);
    for (const auto jump : jumps_) code_[jump].off = static_cast<std::int16_t>(code_.size() - jump - 1);
    jumps_.clear();
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
  void skip(int code, unsigned reg, int immediate) {
    jumps_.push_back(code_.size());
    put(code, reg, 0, 0, immediate);
  }
  void skip_unless_equal(unsigned reg, int immediate) { skip(BPF_JMP | BPF_JNE | BPF_K, reg, immediate); }

  std::vector<bpf_insn> code_;
  std::vector<std::size_t> jumps_;
};

/// Whether a device with these numbers can exist: dev_t has 12 bits of major and 20 of minor. It also keeps the
/// comparisons' sign-extended immediates small.
[[nodiscard]] inline bool can_exist(const device_exception& e) { return e.major < (1 << 12) && e.minor < (1 << 20); }

}  // namespace detail

/// The program that enforces `devices`. Pure. Exceptions that a wider one implies, and those for devices that cannot
/// exist, take no instructions; nor do fields that no exception looks at.
[[nodiscard]] inline std::vector<bpf_insn> assemble_device_filter(const device_list& devices) {
  auto exceptions = without_implied(devices.exceptions());
  std::erase_if(exceptions, [](const device_exception& e) { return !detail::can_exist(e); });
  const auto any = [&](auto looks) { return std::any_of(exceptions.begin(), exceptions.end(), looks); };
  detail::filter_assembler out;
  if (!exceptions.empty())
    out.load_context(any([](const auto& e) { return e.access != may_all; }),
                     any([](const auto& e) { return e.major != device_exception::any; }),
                     any([](const auto& e) { return e.minor != device_exception::any; }));
  for (const auto& e : exceptions) out.except(e, devices.allows_by_default());
  out.finish(devices.allows_by_default());
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

[[nodiscard]] inline result<unique_fd> load_filter(const std::vector<bpf_insn>& program) {
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
