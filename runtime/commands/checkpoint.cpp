// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>

#include <ocikit/container/status.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    {"image-path", "", option_kind::text, "DIR", "./checkpoint", "the directory of the image files"},
    {"work-path", "", option_kind::text, "DIR", "",
     "the directory for logs and pid files (default: the image directory)"},
    {"parent-path", "", option_kind::text, "PATH", "", "the previous pre-dump, relative to the image directory"},
    {"leave-running", "", option_kind::flag, "", "", "let the container run on"},
    {"tcp-established", "", option_kind::flag, "", "", "allow open TCP connections"},
    {"tcp-skip-in-flight", "", option_kind::flag, "", "", "skip TCP connections that are being opened"},
    {"link-remap", "", option_kind::flag, "", "", "allow unlinked files"},
    {"ext-unix-sk", "", option_kind::flag, "", "", "allow external Unix sockets"},
    {"shell-job", "", option_kind::flag, "", "", "allow shell jobs"},
    {"lazy-pages", "", option_kind::flag, "", "", "serve memory pages on demand"},
    {"status-fd", "", option_kind::number, "N", "-1", "the descriptor that is told when the page server is ready"},
    {"page-server", "", option_kind::text, "ADDRESS:PORT", "", "the page server to send memory to"},
    {"file-locks", "", option_kind::flag, "", "", "handle file locks"},
    {"pre-dump", "", option_kind::flag, "", "", "save memory only, and let the container run on"},
    {"manage-cgroups-mode", "", option_kind::text, "MODE", "",
     "how to save cgroups: `soft`, `full`, `strict` or `ignore`"},
    {"empty-ns", "", option_kind::texts, "NAMESPACE", "", "a namespace that is made anew at restore; only `network`"},
    {"auto-dedup", "", option_kind::flag, "", "", "drop memory pages that the parent image has"},
};

/// The directory of the previous dump: relative to the images, and there.
result<void> check_parent_path(const std::filesystem::path& images, const std::filesystem::path& parent) {
  if (parent.empty()) return {};
  if (parent.is_absolute()) return tl::unexpected(error::config("", "--parent-path must be relative"));
  std::error_code failed;
  if (std::filesystem::is_directory(images / parent, failed)) return {};
  const int code = failed ? failed.value() : ENOTDIR;
  return tl::unexpected(error::from_errno(code, "invalid --parent-path: " + (images / parent).string()));
}

/// `ADDRESS:PORT`.
result<void> check_page_server(std::string_view server) {
  if (server.empty()) return {};
  const std::size_t colon = server.rfind(':');
  if (colon == 0 || colon >= server.size() - 1)
    return tl::unexpected(error::config("", "Use --page-server ADDRESS:PORT to specify page server"));
  const char* const end = server.data() + server.size();
  unsigned short port = 0;
  const auto [at, failed] = std::from_chars(server.data() + colon + 1, end, port);
  if (failed != std::errc{} || at != end) return tl::unexpected(error::config("", "Invalid port number"));
  return {};
}

result<void> check_options(const invocation& call) {
  OCIKIT_TRY(check_parent_path(call.text("image-path").c_str(), call.text("parent-path").c_str()));
  OCIKIT_TRY(check_page_server(call.text("page-server")));
  constexpr std::string_view modes[] = {"", "soft", "full", "strict", "ignore"};
  if (std::ranges::find(modes, std::string_view{call.text("manage-cgroups-mode")}) == std::end(modes))
    return tl::unexpected(error::config("", "invalid manage-cgroups-mode value"));
  for (const std::string_view name : call.texts("empty-ns"))
    if (name != "network")
      return tl::unexpected(error::config("", "namespace \"" + std::string{name} + "\" is not supported"));
  return {};
}

result<int> run(const invocation& call) {
  const auto found = OCIKIT_TRY(load_container(call, container::locking::exclusive));
  const auto status = OCIKIT_TRY(container::read_status(found));
  if (status == spec::container_status::created || status == spec::container_status::stopped)
    return tl::unexpected(
        error::state("Container cannot be checkpointed in " + std::string{container::status_name(status)} + " state"));
  OCIKIT_TRY(check_options(call));
  return tl::unexpected(error::unsupported("checkpoint is not supported yet"));
}

constexpr command self{
    .name = "checkpoint",
    .purpose = "checkpoint a running container",
    .usage = "<container-id>",
    .description = "Saves a running container to image files. Not available yet.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};

}  // namespace

const command& checkpoint_command() noexcept { return self; }

}  // namespace ocikit::runtime
