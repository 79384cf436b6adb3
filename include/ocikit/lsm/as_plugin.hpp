// SPDX-License-Identifier: Apache-2.0
//
// An author's module class as a plugin of kind "lsm":
//     OCIKIT_DEFINE_PLUGIN("lsm", "mine", "what it does", "1.0", &ocikit::lsm::as_plugin<my_module>)
#pragma once

#include <string>
#include <utility>

#include <ocikit/plugin/lsm.h>
#include <ocikit/lsm/labels.hpp>
#include <ocikit/plugin/context.hpp>
#include <ocikit/plugin/error_text.hpp>

namespace ocikit::lsm {

namespace detail {

/// What a plugin's context owns: the module, and the last result, which the pointers that crossed show.
template <class Module>
struct plugin_context {
  Module author;
  labels made;
};

inline ocikit_lsm_attribute to_c(const attribute& from) noexcept {
  return {from.file.c_str(), from.text.c_str(), from.failure.c_str()};
}

template <class Module>
std::int32_t plugin_translate(void* ctx, const ocikit_lsm_request* wanted, ocikit_lsm_labels* out,
                              ocikit_errbuf* err) noexcept {
  return plugin::guarded(err, [&] {
    if (const auto unfit = plugin::check_structs(*wanted, *out, err); unfit != 0) return unfit;
    auto& context = *static_cast<plugin_context<Module>*>(ctx);
    auto made = context.author.translate({wanted->process_label, wanted->mount_label});
    if (!made) return plugin::to_errbuf(made.error(), err);
    context.made = *std::move(made);
    out->program = to_c(context.made.program);
    out->keyring = to_c(context.made.keyring);
    out->mount_option = context.made.mount_option.c_str();
    return 0;
  });
}

}  // namespace detail

/// The table of a plugin whose work `Module` does: a default-constructible class with `security_module`'s `translate`.
template <class Module>
inline constexpr ocikit_lsm_ops as_plugin = {
    OCIKIT_HEAD(ocikit_lsm_ops), &plugin::open_context<detail::plugin_context<Module>>,
    &plugin::close_context<detail::plugin_context<Module>>, &detail::plugin_translate<Module>};

}  // namespace ocikit::lsm
