// SPDX-License-Identifier: Apache-2.0
//
// A compiler on libseccomp. Its filters refuse foreign architectures by killing the thread, libseccomp's default.
#pragma once

#include <dlfcn.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <ocikit/base/unique_fd.hpp>
#include <ocikit/seccomp/compiler.hpp>
#include <ocikit/sys/call.hpp>

#include "arch_switch.hpp"
#include "time_limit.hpp"

namespace ocikit::seccomp {

/// See the head of this file.
///
/// Each architecture is compiled alone and the filters are joined: libseccomp's time grows faster than the number of
/// architectures (2.5.4, an engine's profile: one takes 1.5 ms, three at once 12 ms).
class libseccomp_compiler final : public compiler {
 public:
  [[nodiscard]] result<assembled> assemble(const request& wanted) override {
    assembled out;
    out.newest = newest_numbers(wanted);
    const auto numbers = native_numbers(wanted, out.unknown);
    std::vector<arch_filter> filters;
    for (const auto& arch : wanted.architectures)
      filters.push_back({arch.token, OCIKIT_TRY(compile_for(arch, wanted, numbers))});
    const auto joined = join_filters(filters);
    const auto bytes = std::as_bytes(std::span{joined});
    out.program.assign(bytes.begin(), bytes.end());
    out.files = library_file();
    return out;
  }

 private:
  using filter = std::unique_ptr<void, decltype(&::seccomp_release)>;
  using instructions = std::vector<struct ::sock_filter>;
  static constexpr std::size_t rules_for_tree = 32;
  static constexpr std::uint32_t binary_tree = 2;
  static constexpr std::chrono::milliseconds time_limit{2000};

  /// libseccomp says EINVAL, EEXIST, EDOM... for values, not for failures of the system.
  static error refused(int code, std::string what, std::string pointer) {
    return error::config(std::move(pointer), std::move(what) + ": " + errno_text(-code));
  }

  /// For each of the request's architectures the greatest number of a mentioned call. Names that an architecture does
  /// not have get negative numbers.
  static std::vector<std::int64_t> newest_numbers(const request& wanted) {
    std::vector<std::int64_t> newest;
    for (const auto& arch : wanted.architectures) {
      std::int64_t greatest = -1;
      const auto look_at = [&](const zstring_view& name) {
        greatest = std::max<std::int64_t>(greatest, ::seccomp_syscall_resolve_name_arch(arch.token, name.c_str()));
      };
      for (const auto& rule : wanted.rules) look_at(rule.name);
      for (const auto& name : wanted.also_mentioned) look_at(name);
      newest.push_back(greatest);
    }
    return newest;
  }

  /// libseccomp's number for each rule's name; for calls of other architectures it has numbers of its own.
  static std::vector<int> native_numbers(const request& wanted, std::vector<std::string>& unknown) {
    std::vector<int> numbers;
    const auto resolve = [&](const zstring_view& name) {
      const int number = ::seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) unknown.emplace_back(name.c_str());
      return number;
    };
    for (const auto& rule : wanted.rules) numbers.push_back(resolve(rule.name));
    for (const auto& name : wanted.also_mentioned) (void)resolve(name);
    return numbers;
  }

  /// How the part that may take long ended: a negative errno, and the rule that had it.
  struct outcome {
    int code = 0;
    std::size_t rule = 0;
  };

  static result<instructions> compile_for(const wanted_arch& arch, const request& wanted,
                                          const std::vector<int>& numbers) {
    const filter made{::seccomp_init(wanted.default_action), &::seccomp_release};
    if (!made)
      return tl::unexpected(
          error::unsupported("libseccomp refuses the default action").at("/linux/seccomp/defaultAction"));
    OCIKIT_TRY(select_architecture(made.get(), arch));
    const unique_fd file = OCIKIT_TRY(sys::memfd_create("seccomp-filter", 0));
    const auto work = [&] { return write_program(made.get(), wanted, numbers, file); };
    const outcome end =
        may_take_long(wanted) ? OCIKIT_TRY(with_time_limit(time_limit, work).map_error(too_long)) : work();
    if (end.code == 0) return read_program(file);
    if (end.rule >= wanted.rules.size())
      return tl::unexpected(error::from_errno(-end.code, sys::call_text("seccomp_export_bpf", file.view())));
    const auto& rule = wanted.rules[end.rule];
    return tl::unexpected(refused(end.code,
                                  "error adding seccomp filter rule for syscall " + std::string{rule.name.c_str()},
                                  "/linux/seccomp/syscalls/" + std::to_string(rule.entry)));
  }

  /// libseccomp merges the conditions on one call into a tree that can double with each (2.5.4: 48 mixed conditions
  /// took more than half a minute). Real profiles have a handful and are not made to wait for a process.
  static bool may_take_long(const request& wanted) {
    std::size_t conditions = 0, entangled = 0;
    for (const auto& rule : wanted.rules) {
      conditions += rule.conditions.size();
      const bool plain = rule.conditions.size() <= 1 &&
                         (rule.conditions.empty() || rule.conditions[0].op == spec::seccomp_operator::eq);
      if (!plain) entangled += rule.conditions.size();
    }
    return conditions > 256 || entangled > 12;
  }

  static error too_long(error why) {
    if (why.code() != ETIME) return why;
    return error::config("/linux/seccomp/syscalls", "libseccomp needs more than " + std::to_string(time_limit.count()) +
                                                        " ms for these argument rules");
  }

  /// The native architecture is there from the start.
  static result<void> select_architecture(scmp_filter_ctx to, const wanted_arch& arch) {
    const auto native = ::seccomp_arch_native();
    if (arch.token == native) return {};
    int code = ::seccomp_arch_add(to, arch.token);
    if (code == 0) code = ::seccomp_arch_remove(to, native);
    if (code == 0) return {};
    std::string pointer = "/linux/seccomp/architectures";
    if (arch.entry != no_entry) pointer += "/" + std::to_string(arch.entry);
    return tl::unexpected(refused(code, "error adding architecture to seccomp filter", std::move(pointer)));
  }

  static scmp_arg_cmp comparison(const condition& from) {
    static constexpr std::array operators = {SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE,       SCMP_CMP_EQ,
                                             SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};
    return {from.index, operators[static_cast<std::size_t>(from.op)], from.value, from.value_two};
  }

  static outcome write_program(scmp_filter_ctx to, const request& wanted, const std::vector<int>& numbers,
                               fd_view file) {
    std::vector<scmp_arg_cmp> comparisons;
    for (std::size_t i = 0; i < wanted.rules.size(); ++i) {
      if (numbers[i] == __NR_SCMP_ERROR) continue;
      const auto& rule = wanted.rules[i];
      comparisons.clear();
      for (const auto& one : rule.conditions) comparisons.push_back(comparison(one));
      const int code = ::seccomp_rule_add_array(to, rule.action, numbers[i], static_cast<unsigned>(comparisons.size()),
                                                comparisons.data());
      if (code != 0) return {code, i};
    }
    // A library that cannot sort makes a slower filter, no other one.
    if (wanted.rules.size() > rules_for_tree) (void)::seccomp_attr_set(to, SCMP_FLTATR_CTL_OPTIMIZE, binary_tree);
    // Before 2.6 libseccomp writes a filter to a descriptor and nowhere else.
    return {::seccomp_export_bpf(to, file.get()), wanted.rules.size()};
  }

  static result<instructions> read_program(fd_view file) {
    const auto size = sys::raw::lseek(file.get(), 0, SEEK_END);
    if (sys::raw::failed(size))
      return tl::unexpected(error::from_errno(sys::raw::errno_of(size), sys::call_text("lseek", file)));
    instructions program(static_cast<std::size_t>(size) / sizeof(struct ::sock_filter));
    const auto got = sys::raw::pread(file.get(), program.data(), program.size() * sizeof(struct ::sock_filter), 0);
    if (got == size) return program;
    return tl::unexpected(
        error::from_errno(sys::raw::failed(got) ? sys::raw::errno_of(got) : EIO, sys::call_text("pread", file, size)));
  }

  /// The library this process uses, so that a cached result dies with its upgrade. None when it is linked into the
  /// same file as this code: whoever keeps the result knows that file.
  static std::vector<std::string> library_file() {
    Dl_info ours{}, found{};
    if (::dladdr(reinterpret_cast<const void*>(&library_file), &ours) == 0) return {};
    if (::dladdr(reinterpret_cast<const void*>(&::seccomp_init), &found) == 0 || found.dli_fname == nullptr) return {};
    if (found.dli_fbase == ours.dli_fbase) return {};
    if (found.dli_fname[0] != '/') return {};
    return {found.dli_fname};
  }
};

}  // namespace ocikit::seccomp
