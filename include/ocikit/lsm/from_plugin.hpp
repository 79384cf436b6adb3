// SPDX-License-Identifier: Apache-2.0
//
// A loaded plugin of kind "lsm" as a security module.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/plugin/lsm.h>
#include <ocikit/lsm/labels.hpp>
#include <ocikit/plugin/error_text.hpp>
#include <ocikit/plugin/loader.hpp>

namespace ocikit::lsm {

namespace detail {

inline std::string text_or_nothing(const char* text) { return text != nullptr ? text : ""; }

/// A name that stays below the directory it is looked up in.
[[nodiscard]] inline bool is_attribute_file(std::string_view file) noexcept {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789_-/";
  return file.find_first_not_of(allowed) == std::string_view::npos && !file.starts_with('/');
}

inline result<attribute> attribute_from(const ocikit_lsm_attribute& from) {
  attribute out{text_or_nothing(from.file), text_or_nothing(from.text), text_or_nothing(from.failure)};
  if (!is_attribute_file(out.file)) return tl::unexpected(error::plugin("the plugin's attribute is no file's name"));
  return out;
}

inline result<void> refuse_nul(std::string_view label) {
  if (label.find('\0') == std::string_view::npos) return {};
  return tl::unexpected(error::config("", "a label with a NUL byte"));
}

}  // namespace detail

/// A plugin's security module. Keeps the plugin loaded.
class plugin_module final : public security_module {
 public:
  plugin_module(plugin::loaded from, const ocikit_lsm_ops& ops, void* context)
      : from_{std::move(from)}, ops_{ops}, context_{context} {}
  ~plugin_module() override { ops_.close(context_); }

  [[nodiscard]] result<labels> translate(const request& wanted) override {
    OCIKIT_TRY(detail::refuse_nul(wanted.process_label));
    OCIKIT_TRY(detail::refuse_nul(wanted.mount_label));
    const ocikit_lsm_request asked{OCIKIT_HEAD(ocikit_lsm_request), wanted.process_label.c_str(),
                                   wanted.mount_label.c_str()};
    ocikit_lsm_labels made{};
    made.head = OCIKIT_HEAD(ocikit_lsm_labels);
    ocikit_errbuf err = plugin::fresh_errbuf();
    const auto returned = ops_.translate(context_, &asked, &made, &err);
    if (returned < 0) return tl::unexpected(plugin::from_errbuf(err, returned));
    return labels{OCIKIT_TRY(detail::attribute_from(made.program)), OCIKIT_TRY(detail::attribute_from(made.keyring)),
                  detail::text_or_nothing(made.mount_option)};
  }

 private:
  plugin::loaded from_;
  ocikit_lsm_ops ops_;
  void* context_;
};

/// Opens a loaded plugin of kind "lsm". Errors: plugin when its table lacks a function; what its `open` reports.
[[nodiscard]] inline result<std::unique_ptr<security_module>> from_plugin(plugin::loaded from) {
  const auto ops = plugin::table<ocikit_lsm_ops>(from);
  if (ops.open == nullptr || ops.close == nullptr || ops.translate == nullptr)
    return tl::unexpected(error::plugin("plugin " + std::string{from.info().name} + " lacks a required function"));
  ocikit_errbuf err = plugin::fresh_errbuf();
  void* context = nullptr;
  if (const auto returned = ops.open(&context, &err); returned < 0)
    return tl::unexpected(plugin::from_errbuf(err, returned));
  return std::make_unique<plugin_module>(std::move(from), ops, context);
}

}  // namespace ocikit::lsm
