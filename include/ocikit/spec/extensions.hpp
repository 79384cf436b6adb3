// SPDX-License-Identifier: Apache-2.0
//
// What crun adds to the specification and its users rely on: annotations, and id maps among the options of a mount.
// See: crun(1), "Extensions to OCI"; docs/annotations.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/base64.hpp>
#include <ocikit/base/error.hpp>
#include <ocikit/spec/ids.hpp>
#include <ocikit/spec/syntax.hpp>
#include <ocikit/spec/types.hpp>

namespace ocikit::spec {

namespace annotation {
inline constexpr std::string_view delegate_cgroup = "run.oci.delegate-cgroup";
inline constexpr std::string_view hooks_stderr = "run.oci.hooks.stderr";
inline constexpr std::string_view hooks_stdout = "run.oci.hooks.stdout";
inline constexpr std::string_view keep_original_groups = "run.oci.keep_original_groups";
inline constexpr std::string_view mount_context_type = "run.oci.mount_context_type";
inline constexpr std::string_view pidfd_receiver = "run.oci.pidfd_receiver";
inline constexpr std::string_view seccomp_receiver = "run.oci.seccomp.receiver";
inline constexpr std::string_view seccomp_bpf_data = "run.oci.seccomp_bpf_data";

/// Each of them, sorted.
inline constexpr std::array all{delegate_cgroup,    hooks_stderr,   hooks_stdout,     keep_original_groups,
                                mount_context_type, pidfd_receiver, seccomp_receiver, seccomp_bpf_data};
}  // namespace annotation

/// What the annotations say. Empty: not asked for.
struct extensions {
  bool keep_original_groups = false;            ///< the process keeps the runtime's supplementary groups
  std::string hooks_stdout = {};                ///< absolute path of a file that hooks write to
  std::string hooks_stderr = {};                ///< ... and their errors
  std::string mount_context_type = {};          ///< which of SELinux' mount options /linux/mountLabel is for
  std::string pidfd_receiver = {};              ///< socket that gets the init's pidfd
  std::string seccomp_receiver = {};            ///< absolute path of the agent's socket
  std::vector<std::byte> seccomp_program = {};  ///< struct sock_filter, one after the other; replaces /linux/seccomp
  std::string delegate_cgroup = {};             ///< name of a cgroup below the container's, for its processes
  bool operator==(const extensions&) const = default;
};

namespace detail {

[[nodiscard]] inline tl::unexpected<error> refuse_annotation(std::string_view key, const std::string& why) {
  return tl::unexpected(error::config("/annotations/" + std::string{key}, "annotation " + std::string{key} + why));
}

[[nodiscard]] inline result<std::vector<std::byte>> decode_seccomp_program(const std::string& value) {
  constexpr std::size_t instruction = 8, most_instructions = 4096;  // struct sock_filter, BPF_MAXINSNS
  auto bytes = decode_base64(value);
  if (!bytes) return refuse_annotation(annotation::seccomp_bpf_data, " is not base64");
  if (bytes->empty() || bytes->size() % instruction != 0 || bytes->size() > instruction * most_instructions)
    return refuse_annotation(annotation::seccomp_bpf_data, " has " + std::to_string(bytes->size()) +
                                                               " bytes: 1 to 4096 instructions of 8 are possible");
  return *std::move(bytes);
}

[[nodiscard]] inline result<void> read_annotation(extensions& to, const std::string& key, const std::string& value) {
  const auto set_path = [&](std::string& path) -> result<void> {
    if (!value.starts_with('/')) return refuse_annotation(key, " is not an absolute path: \"" + shown(value) + "\"");
    path = value;
    return {};
  };
  if (key == annotation::keep_original_groups) to.keep_original_groups = value != "0";
  if (key == annotation::hooks_stdout) return set_path(to.hooks_stdout);
  if (key == annotation::hooks_stderr) return set_path(to.hooks_stderr);
  if (key == annotation::seccomp_receiver) return set_path(to.seccomp_receiver);
  if (key == annotation::seccomp_bpf_data) to.seccomp_program = OCIKIT_TRY(decode_seccomp_program(value));
  if (key == annotation::mount_context_type) {
    constexpr std::string_view types[] = {"context", "fscontext", "defcontext", "rootcontext"};
    if (std::ranges::find(types, value) == std::end(types))
      return refuse_annotation(key, " is none of context, fscontext, defcontext and rootcontext");
    to.mount_context_type = value;
  }
  if (key == annotation::pidfd_receiver) {
    if (value.empty()) return refuse_annotation(key, " is empty");
    to.pidfd_receiver = value;
  }
  if (key == annotation::delegate_cgroup) {
    const bool is_name = !value.empty() && value != "." && value != ".." && value.size() < 256 &&
                         value.find_first_of("/\n") == std::string::npos && !value.starts_with("cgroup.");
    if (!is_name) return refuse_annotation(key, " is not the name of a cgroup: \"" + shown(value) + "\"");
    to.delegate_cgroup = value;
  }
  return {};
}

}  // namespace detail

/// Reads the annotations that mean something. Pure. Errors: config, with the annotation's pointer.
[[nodiscard]] inline result<extensions> read_extensions(const string_map& annotations) {
  extensions out;
  for (const auto& [key, value] : annotations) OCIKIT_TRY(detail::read_annotation(out, key, value));
  if (!out.seccomp_program.empty() && !out.seccomp_receiver.empty())
    return detail::refuse_annotation(annotation::seccomp_receiver, " cannot be used with run.oci.seccomp_bpf_data");
  return out;
}

/// Whether crun knows an annotation of that family which has no meaning here. Pure.
[[nodiscard]] inline bool is_strange_annotation(std::string_view key) noexcept {
  return key.starts_with("run.oci.") && std::ranges::find(annotation::all, key) == annotation::all.end();
}

namespace detail {

/// `C-H-N`, or `@C-H-N` with H counted in the container's user namespace, whose map is `container`.
[[nodiscard]] inline std::optional<id_mapping> parse_inline_mapping(std::string_view text,
                                                                    const std::vector<id_mapping>& container) {
  const bool relative = text.starts_with('@');
  if (relative) text.remove_prefix(1);
  const auto first = text.find('-');
  const auto second = first == std::string_view::npos ? first : text.find('-', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto inside = parse_id(text.substr(0, first));
  const auto outside = parse_id(text.substr(first + 1, second - first - 1));
  const auto size = parse_id(text.substr(second + 1));
  if (!inside || !outside || !size) return std::nullopt;
  if (!relative) return id_mapping{*inside, *outside, *size};
  for (const id_mapping& range : container)
    if (*outside >= range.container_id && *outside - range.container_id < range.size)
      return id_mapping{*inside, range.host_id + (*outside - range.container_id), *size};
  return std::nullopt;
}

/// `uids=C-H-N#C-H-N;gids=...` into the mount's maps; false for what is not of that form.
[[nodiscard]] inline bool read_inline_maps(std::string_view text, const linux_platform& platform, mount& to) {
  while (!text.empty()) {
    std::string_view part = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const bool uids = part.starts_with("uids=");
    if (!uids && !part.starts_with("gids=")) return false;
    part.remove_prefix(5);
    auto& list = uids ? to.uid_mappings : to.gid_mappings;
    if (!list.empty()) return false;
    for (bool more = true; more;) {
      const auto end = part.find('#');
      more = end != std::string_view::npos;
      const auto mapping =
          parse_inline_mapping(part.substr(0, end), uids ? platform.uid_mappings : platform.gid_mappings);
      if (!mapping) return false;
      list.push_back(*mapping);
      part.remove_prefix(more ? end + 1 : part.size());
    }
  }
  return !to.uid_mappings.empty() || !to.gid_mappings.empty();
}

[[nodiscard]] inline result<void> expand_mount(mount& m, const linux_platform& platform, const std::string& pointer) {
  if (!m.options) return {};
  for (std::size_t i = 0; i < m.options->size(); ++i) {
    std::string& option = (*m.options)[i];
    if (!option.starts_with("idmap=")) continue;
    const std::string here = pointer + "/options/" + std::to_string(i);
    if (!m.uid_mappings.empty() || !m.gid_mappings.empty())
      return tl::unexpected(error::config(here, "the mount has another map of ids already"));
    if (!read_inline_maps(std::string_view{option}.substr(6), platform, m))
      return tl::unexpected(
          error::config(here, "\"" + shown(option) + "\" is not of the form idmap=uids=0-1-10#...;gids=..."));
    option = "idmap";
  }
  return {};
}

}  // namespace detail

/// Puts into the specification's own properties what was said in crun's way: `idmap=uids=0-1-10;gids=0-1-10` among a
/// mount's options becomes `idmap` and the mount's uidMappings and gidMappings; `run.oci.seccomp.receiver` becomes the
/// listenerPath of a profile that has none. Pure. Errors: config.
[[nodiscard]] inline result<void> expand_extensions(config& c) {
  static const linux_platform no_platform;
  for (std::size_t i = 0; i < c.mounts.size(); ++i)
    OCIKIT_TRY(
        detail::expand_mount(c.mounts[i], c.platform ? *c.platform : no_platform, "/mounts/" + std::to_string(i)));
  const auto said = OCIKIT_TRY(read_extensions(c.annotations));
  if (c.platform && c.platform->seccomp && c.platform->seccomp->listener_path.empty())
    c.platform->seccomp->listener_path = said.seccomp_receiver;
  return {};
}

}  // namespace ocikit::spec
