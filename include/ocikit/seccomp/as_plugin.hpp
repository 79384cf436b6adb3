// SPDX-License-Identifier: Apache-2.0
//
// An author's compiler class as a plugin of kind "seccomp":
//     OCIKIT_DEFINE_PLUGIN("seccomp", "mine", "what it does", "1.0", &ocikit::seccomp::as_plugin<my_compiler>)
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <ocikit/plugin/seccomp.h>
#include <ocikit/plugin/context.hpp>
#include <ocikit/plugin/error_text.hpp>
#include <ocikit/seccomp/compiler.hpp>

namespace ocikit::seccomp {

namespace detail {

/// What a plugin's context owns: the compiler, and the last result in the form that crosses the boundary.
template <class Compiler>
struct plugin_context {
  Compiler compiler;
  assembled made;
  std::vector<const char*> unknown, warnings, files;
};

inline request request_from(const ocikit_seccomp_request& from) {
  static constexpr spec::seccomp_operator operators[] = {spec::seccomp_operator::eq, spec::seccomp_operator::ne,
                                                         spec::seccomp_operator::lt, spec::seccomp_operator::le,
                                                         spec::seccomp_operator::eq, spec::seccomp_operator::ge,
                                                         spec::seccomp_operator::gt, spec::seccomp_operator::masked_eq};
  request out;
  out.default_action = from.default_action;
  for (std::uint64_t i = 0; i < from.arch_count; ++i)
    out.architectures.push_back({from.archs[i].token, from.archs[i].entry});
  for (std::uint64_t i = 0; i < from.also_mentioned_count; ++i) out.also_mentioned.emplace_back(from.also_mentioned[i]);
  out.rules.reserve(from.rule_count);
  for (std::uint64_t i = 0; i < from.rule_count; ++i) {
    const auto& c = from.rules[i];
    auto& one = out.rules.emplace_back(rule{zstring_view{c.name}, c.action, c.entry, {}});
    for (std::uint64_t j = 0; j < c.condition_count; ++j) {
      const auto& x = c.conditions[j];
      one.conditions.push_back({x.index, operators[x.op & 7], x.value, x.value_two});
    }
  }
  return out;
}

inline void point_at(const std::vector<std::string>& strings, std::vector<const char*>& pointers) {
  pointers.clear();
  for (const auto& s : strings) pointers.push_back(s.c_str());
}

template <class Compiler>
void fill(plugin_context<Compiler>& context, ocikit_seccomp_program& out) {
  const auto& made = context.made;
  point_at(made.unknown, context.unknown);
  point_at(made.warnings, context.warnings);
  point_at(made.files, context.files);
  out.instructions = made.program.data();
  out.size = made.program.size();
  out.newest = made.newest.data();
  out.newest_count = made.newest.size();
  out.unknown = context.unknown.data();
  out.unknown_count = context.unknown.size();
  out.warnings = context.warnings.data();
  out.warning_count = context.warnings.size();
  out.files = context.files.data();
  out.file_count = context.files.size();
}

template <class Compiler>
std::int32_t plugin_compile(void* ctx, const ocikit_seccomp_request* wanted, ocikit_seccomp_program* out,
                            ocikit_errbuf* err) noexcept {
  return plugin::guarded(err, [&] {
    if (const auto unfit = plugin::check_structs(*wanted, *out, err); unfit != 0) return unfit;
    auto& context = *static_cast<plugin_context<Compiler>*>(ctx);
    auto made = context.compiler.assemble(request_from(*wanted));
    if (!made) return plugin::to_errbuf(made.error(), err);
    context.made = *std::move(made);
    fill(context, *out);
    return 0;
  });
}

}  // namespace detail

/// The table of a plugin whose work `Compiler` does: a default-constructible class with `compiler`'s `assemble`.
template <class Compiler>
inline constexpr ocikit_seccomp_ops as_plugin = {
    OCIKIT_HEAD(ocikit_seccomp_ops), &plugin::open_context<detail::plugin_context<Compiler>>,
    &plugin::close_context<detail::plugin_context<Compiler>>, &detail::plugin_compile<Compiler>};

}  // namespace ocikit::seccomp
