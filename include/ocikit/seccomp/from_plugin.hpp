// SPDX-License-Identifier: Apache-2.0
//
// A loaded plugin of kind "seccomp" as a compiler.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ocikit/plugin/seccomp.h>
#include <ocikit/plugin/error_text.hpp>
#include <ocikit/plugin/loader.hpp>
#include <ocikit/seccomp/compiler.hpp>

namespace ocikit::seccomp {

namespace detail {

/// A plugin's list may be no longer than this; a longer one is a broken plugin.
inline constexpr std::uint64_t longest_list = 65536;
inline constexpr std::uint64_t largest_program = 1 << 20;

constexpr std::uint32_t c_operator(spec::seccomp_operator op) noexcept {
  switch (op) {
    case spec::seccomp_operator::ne:
      return OCIKIT_SECCOMP_NE;
    case spec::seccomp_operator::lt:
      return OCIKIT_SECCOMP_LT;
    case spec::seccomp_operator::le:
      return OCIKIT_SECCOMP_LE;
    case spec::seccomp_operator::eq:
      return OCIKIT_SECCOMP_EQ;
    case spec::seccomp_operator::ge:
      return OCIKIT_SECCOMP_GE;
    case spec::seccomp_operator::gt:
      return OCIKIT_SECCOMP_GT;
    case spec::seccomp_operator::masked_eq:
      return OCIKIT_SECCOMP_MASKED_EQ;
  }
  return 0;
}

/// A request in C structs; it borrows the request's strings and lives as long as the call.
class c_request {
 public:
  explicit c_request(const request& from) {
    for (const auto& arch : from.architectures) archs_.push_back({arch.token, arch.entry});
    for (const auto& name : from.also_mentioned) mentioned_.push_back(name.c_str());
    conditions_.reserve(from.rules.size());  // the rules point into it
    for (const auto& one : from.rules) append(one);
    c_.head = OCIKIT_HEAD(ocikit_seccomp_request);
    c_.archs = archs_.data();
    c_.arch_count = archs_.size();
    c_.rules = rules_.data();
    c_.rule_count = rules_.size();
    c_.also_mentioned = mentioned_.data();
    c_.also_mentioned_count = mentioned_.size();
    c_.default_action = from.default_action;
  }
  c_request(const c_request&) = delete;
  c_request& operator=(const c_request&) = delete;
  [[nodiscard]] const ocikit_seccomp_request& get() const noexcept { return c_; }

 private:
  void append(const rule& one) {
    auto& list = conditions_.emplace_back();
    for (const auto& c : one.conditions) list.push_back({c.index, c_operator(c.op), c.value, c.value_two});
    rules_.push_back({one.name.c_str(), one.action, one.entry, list.data(), list.size()});
  }

  ocikit_seccomp_request c_{};
  std::vector<ocikit_seccomp_arch> archs_;
  std::vector<ocikit_seccomp_rule> rules_;
  std::vector<std::vector<ocikit_seccomp_condition>> conditions_;
  std::vector<const char*> mentioned_;
};

inline result<std::vector<std::string>> copy_strings(const char* const* list, std::uint64_t count) {
  if (count > longest_list || (count > 0 && list == nullptr))
    return tl::unexpected(error::plugin("the plugin gave a list of " + std::to_string(count) + " strings"));
  std::vector<std::string> out;
  for (std::uint64_t i = 0; i < count; ++i) out.emplace_back(list[i] != nullptr ? list[i] : "");
  return out;
}

inline result<assembled> copy_program(const ocikit_seccomp_program& from) {
  if (from.size > largest_program || from.newest_count > longest_list)
    return tl::unexpected(error::plugin("the plugin's program is too large"));
  if ((from.size > 0 && from.instructions == nullptr) || (from.newest_count > 0 && from.newest == nullptr))
    return tl::unexpected(error::plugin("the plugin's program is missing"));
  assembled out;
  const auto* bytes = static_cast<const std::byte*>(from.instructions);
  out.program.assign(bytes, bytes + from.size);
  out.newest.assign(from.newest, from.newest + from.newest_count);
  out.unknown = OCIKIT_TRY(copy_strings(from.unknown, from.unknown_count));
  out.warnings = OCIKIT_TRY(copy_strings(from.warnings, from.warning_count));
  out.files = OCIKIT_TRY(copy_strings(from.files, from.file_count));
  return out;
}

}  // namespace detail

/// A plugin's compiler. Keeps the plugin loaded.
class plugin_compiler final : public compiler {
 public:
  plugin_compiler(plugin::loaded from, const ocikit_seccomp_ops& ops, void* context)
      : from_{std::move(from)}, ops_{ops}, context_{context} {}
  ~plugin_compiler() override { ops_.close(context_); }

  [[nodiscard]] result<assembled> assemble(const request& wanted) override {
    const detail::c_request asked{wanted};
    ocikit_seccomp_program made{};
    made.head = OCIKIT_HEAD(ocikit_seccomp_program);
    ocikit_errbuf err = plugin::fresh_errbuf();
    const auto returned = ops_.compile(context_, &asked.get(), &made, &err);
    if (returned < 0) return tl::unexpected(plugin::from_errbuf(err, returned));
    return detail::copy_program(made);
  }

 private:
  plugin::loaded from_;
  ocikit_seccomp_ops ops_;
  void* context_;
};

/// Opens a loaded plugin of kind "seccomp". Errors: plugin when its table lacks a function; what its `open` reports.
[[nodiscard]] inline result<std::unique_ptr<compiler>> from_plugin(plugin::loaded from) {
  const auto ops = plugin::table<ocikit_seccomp_ops>(from);
  if (ops.open == nullptr || ops.close == nullptr || ops.compile == nullptr)
    return tl::unexpected(error::plugin("plugin " + std::string{from.info().name} + " lacks a required function"));
  ocikit_errbuf err = plugin::fresh_errbuf();
  void* context = nullptr;
  if (const auto returned = ops.open(&context, &err); returned < 0)
    return tl::unexpected(plugin::from_errbuf(err, returned));
  return std::make_unique<plugin_compiler>(std::move(from), ops, context);
}

}  // namespace ocikit::seccomp
