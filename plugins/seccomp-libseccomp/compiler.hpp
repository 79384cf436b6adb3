// SPDX-License-Identifier: Apache-2.0
//
// A compiler on libseccomp. Its filters refuse foreign architectures by killing the thread, libseccomp's default.
#pragma once

#include <dlfcn.h>
#include <seccomp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include <ocikit/base/unique_fd.hpp>
#include <ocikit/seccomp/compiler.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::seccomp {

/// See the head of this file.
class libseccomp_compiler final : public compiler {
 public:
  [[nodiscard]] result<assembled> assemble(const request& wanted) override {
    const filter made{::seccomp_init(wanted.default_action), &::seccomp_release};
    if (!made) return tl::unexpected(error::unsupported("libseccomp refuses the default action").at(default_pointer));
    OCIKIT_TRY(add_architectures(made.get(), wanted));
    assembled out;
    out.newest = newest_numbers(wanted);
    OCIKIT_TRY(add_rules(made.get(), wanted, out));
    if (wanted.rules.size() > rules_for_tree &&
        ::seccomp_attr_set(made.get(), SCMP_FLTATR_CTL_OPTIMIZE, binary_tree) != 0)
      out.warnings.emplace_back("libseccomp cannot sort the seccomp filter into a tree; system calls get slower");
    out.program = OCIKIT_TRY(export_program(made.get()));
    out.files = library_file();
    return out;
  }

 private:
  using filter = std::unique_ptr<void, decltype(&::seccomp_release)>;
  static constexpr std::string_view default_pointer = "/linux/seccomp/defaultAction";
  static constexpr std::size_t rules_for_tree = 32;
  static constexpr std::uint32_t binary_tree = 2;

  static error refused(int code, std::string what, std::string pointer) {
    // libseccomp says EINVAL, EEXIST, EDOM... for values, not for failures of the system.
    return error::config(std::move(pointer), std::move(what) + ": " + errno_text(-code));
  }

  static result<void> add_architectures(scmp_filter_ctx to, const request& wanted) {
    for (const auto& arch : wanted.architectures) {
      const int code = ::seccomp_arch_add(to, arch.token);
      if (code == 0 || code == -EEXIST) continue;  // the native one is there from the start
      std::string pointer = "/linux/seccomp/architectures";
      if (arch.entry != no_entry) pointer += "/" + std::to_string(arch.entry);
      return tl::unexpected(refused(code, "error adding architecture to seccomp filter", std::move(pointer)));
    }
    return {};
  }

  /// The number of a name on an architecture; negative when it has no such call (or only a libseccomp pseudo number).
  static std::int64_t number_on(arch_token arch, const char* name) {
    return ::seccomp_syscall_resolve_name_arch(arch, name);
  }

  static std::vector<std::int64_t> newest_numbers(const request& wanted) {
    std::vector<std::int64_t> newest;
    for (const auto& arch : wanted.architectures) {
      std::int64_t greatest = -1;
      for (const auto& rule : wanted.rules) greatest = std::max(greatest, number_on(arch.token, rule.name.c_str()));
      for (const auto& name : wanted.also_mentioned) greatest = std::max(greatest, number_on(arch.token, name.c_str()));
      newest.push_back(greatest);
    }
    return newest;
  }

  static scmp_arg_cmp comparison(const condition& from) {
    static constexpr std::array operators = {SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE,       SCMP_CMP_EQ,
                                             SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};
    return {from.index, operators[static_cast<std::size_t>(from.op)], from.value, from.value_two};
  }

  static result<void> add_rules(scmp_filter_ctx to, const request& wanted, assembled& out) {
    std::vector<scmp_arg_cmp> comparisons;
    for (const auto& rule : wanted.rules) {
      const int number = ::seccomp_syscall_resolve_name(rule.name.c_str());
      if (number == __NR_SCMP_ERROR) {
        out.unknown.emplace_back(rule.name.c_str());
        continue;
      }
      comparisons.clear();
      for (const auto& one : rule.conditions) comparisons.push_back(comparison(one));
      const int code = ::seccomp_rule_add_array(to, rule.action, number, static_cast<unsigned>(comparisons.size()),
                                                comparisons.data());
      if (code != 0)
        return tl::unexpected(refused(code,
                                      "error adding seccomp filter rule for syscall " + std::string{rule.name.c_str()},
                                      "/linux/seccomp/syscalls/" + std::to_string(rule.entry)));
    }
    for (const auto& name : wanted.also_mentioned)
      if (::seccomp_syscall_resolve_name(name.c_str()) == __NR_SCMP_ERROR) out.unknown.emplace_back(name.c_str());
    return {};
  }

  /// Before 2.6 libseccomp writes a filter to a descriptor and nowhere else.
  static result<std::vector<std::byte>> export_program(scmp_filter_ctx from) {
    const unique_fd file = OCIKIT_TRY(sys::memfd_create("seccomp-filter", 0));
    if (const int code = ::seccomp_export_bpf(from, file.get()); code != 0)
      return tl::unexpected(error::from_errno(-code, sys::call_text("seccomp_export_bpf", file.view())));
    struct ::stat found {};
    if (::fstat(file.get(), &found) != 0)
      return tl::unexpected(error::from_errno(errno, sys::call_text("fstat", file.view())));
    std::vector<std::byte> program(static_cast<std::size_t>(found.st_size));
    const auto size = ::pread(file.get(), program.data(), program.size(), 0);
    if (size == found.st_size) return program;
    return tl::unexpected(error::from_errno(size < 0 ? errno : EIO, sys::call_text("pread", file.view())));
  }

  /// The library this process uses, so that a cached result dies with its upgrade.
  static std::vector<std::string> library_file() {
    Dl_info found{};
    if (::dladdr(reinterpret_cast<const void*>(&::seccomp_init), &found) == 0 || found.dli_fname == nullptr) return {};
    if (found.dli_fname[0] != '/') return {};
    return {found.dli_fname};
  }
};

}  // namespace ocikit::seccomp
