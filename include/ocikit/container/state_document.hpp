// SPDX-License-Identifier: Apache-2.0
//
// state.json as text: the tables of `state`, its limits and its checks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/container/container_id.hpp>
#include <ocikit/container/state.hpp>
#include <ocikit/spec/fields.hpp>
#include <ocikit/spec/limits.hpp>
#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/tables.hpp>
#include <ocikit/spec/write.hpp>

namespace ocikit::spec {

template <>
inline constexpr auto table<container::saved_namespace> = std::tuple{
    field{"type", &container::saved_namespace::type}.required(),
    field{"path", &container::saved_namespace::path}.always(),
};

template <>
inline constexpr auto table<container::saved_cgroup> = std::tuple{
    field{"path", &container::saved_cgroup::path}.always(),
    field{"systemd", &container::saved_cgroup::systemd}.always(),
    field{"rootless", &container::saved_cgroup::rootless}.always(),
};

// A label is an annotation's key and value in one string, and there is one label more than annotations.
template <>
inline constexpr auto table<container::saved_config> = std::tuple_cat(
    std::tuple{
        field{"rootfs", &container::saved_config::rootfs}.required(),
        field{"labels", &container::saved_config::labels}
            .at_most(limits::items + 1)
            .of_bytes(2 * limits::string_bytes + 1),
        field{"namespaces", &container::saved_config::namespaces}.at_most(limits::namespaces),
        field{"cgroups", &container::saved_config::cgroups}.always(),
        field{"no_new_keyring", &container::saved_config::no_new_keyring},
    },
    table<config>);

template <>
inline constexpr auto table<container::runtime_facts> = std::tuple{
    field{"schema", &container::runtime_facts::schema}.required(),
    field{"bundle", &container::runtime_facts::bundle}.required(),
    field{"cgroup_manager", &container::runtime_facts::cgroup_manager}.always(),
    field{"owns_cgroup", &container::runtime_facts::owns_cgroup}.required(),
    field{"private_pid_namespace", &container::runtime_facts::private_pid_namespace}.required(),
    field{"owns_resctrl_group", &container::runtime_facts::owns_resctrl_group},
    field{"resctrl_monitor", &container::runtime_facts::resctrl_monitor},
};

// `ocikit` is near the front so that a file of another schema is refused for that, not for what changed behind it.
template <>
inline constexpr auto table<container::state> = std::tuple{
    field{"id", &container::state::id}.required(),
    field{"ocikit", &container::state::ocikit}.required(),
    field{"init_process_pid", &container::state::init_process_pid}.required().up_to(1U << 22U),
    field{"init_process_start", &container::state::init_process_start}.required(),
    field{"created", &container::state::created}.required().of_bytes(64),
    field{"config", &container::state::config}.required(),
    field{"rootless", &container::state::rootless}.always(),
    field{"cgroup_paths", &container::state::cgroup_paths}.always(),
    field{"namespace_paths", &container::state::namespace_paths}.always(),
    field{"external_descriptors", &container::state::external_descriptors}.always(),
    field{"intel_rdt_path", &container::state::intel_rdt_path}.always(),
};

#ifdef OCIKIT_COMPILED_DOCUMENTS  // see spec/parse.hpp
extern template result<parsed<container::state>> parse_padded<container::state>(simdjson::padded_string_view,
                                                                                const parse_options&);
extern template std::string write<container::state>(const container::state&, const write_options&);
#endif

}  // namespace ocikit::spec

namespace ocikit::container {

/// A longer file is refused, and one is never written: four times the largest config.json, whose annotations it holds
/// twice.
inline constexpr std::size_t longest_state = 4 * spec::limits::document_bytes;

/// The document as text, without a newline. Errors: state when it would be longer than `longest_state`.
[[nodiscard]] inline result<std::string> write_state_document(const state& from) {
  std::string text = spec::write(from);
  if (text.size() > longest_state) return tl::unexpected(error::state("the container's state is too large to keep"));
  return text;
}

/// The document in `text`, which must be the one of container `id`. Unknown properties are skipped: a newer runtime of
/// the same schema may add some. Errors: state, which names the place in the document.
[[nodiscard]] inline result<state> parse_state_document(std::string text, const container_id& id) {
  const auto unusable = [](std::string why) {
    return tl::unexpected(error::state("invalid state: " + std::move(why)));
  };
  auto parsed = spec::parse<state>(std::move(text), {.document = "state.json", .max_bytes = longest_state});
  if (!parsed) return unusable(parsed.error().message());
  state& got = parsed->value;
  if (got.ocikit.schema != runtime_facts::current_schema)
    return unusable("schema " + std::to_string(got.ocikit.schema) + " is not known to this version");
  if (got.id != id.text()) return unusable("it is of another container");
  if (got.init_process_pid < 0) return unusable("negative init_process_pid");
  return std::move(got);
}

}  // namespace ocikit::container
