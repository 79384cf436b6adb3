// SPDX-License-Identifier: Apache-2.0
#include "global_options.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include <ocikit/sys/call.hpp>

#include "host.hpp"

namespace ocikit::runtime {
namespace {

std::string_view environment(const char* name) {
  const char* const value = ::getenv(name);
  return value == nullptr ? std::string_view{} : value;
}

/// `path` from `cwd`, with `.`, `..` and empty components taken out of the text, as Go's filepath.Abs.
std::string absolute(std::string_view path, std::string_view cwd) {
  const std::string joined = path.starts_with('/') ? std::string{path} : std::string{cwd} + '/' + std::string{path};
  std::vector<std::string_view> parts;
  std::string_view rest = joined;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string out;
  for (const std::string_view part : parts) (out += '/') += part;
  return out.empty() ? "/" : out;
}

std::string default_root(const option_values& given, const caller& who) {
  if (!state_is_below_runtime_dir(who)) return std::string{std::string_view{given.text("root")}};
  return std::string{who.xdg_runtime_dir} + "/ocirun";
}

}  // namespace

caller read_caller(std::string_view program) {
  caller who{program, environment("XDG_RUNTIME_DIR"), environment("USER"), effective_uid(), false, {}};
  if (!who.xdg_runtime_dir.empty()) who.in_user_namespace = !in_initial_user_namespace();
  char path[4096];
  if (!sys::raw::failed(sys::raw::getcwd(path, sizeof path))) who.cwd = path;
  return who;
}

bool state_is_below_runtime_dir(const caller& who) {
  return !who.xdg_runtime_dir.empty() && (who.euid != 0 || (who.in_user_namespace && who.user != "root"));
}

result<globals> decide_globals(const option_values& given, const caller& who) {
  globals out;
  out.program = who.program;
  out.root_given = given.given("root") && !given.text("root").empty();
  const std::string root =
      out.root_given ? std::string{std::string_view{given.text("root")}} : default_root(given, who);
  out.root = absolute(root, who.cwd);
  if (out.root == "/") return tl::unexpected(error::config("", "Option --root argument should not be set to /"));
  out.log = std::string_view{given.text("log")};
  const std::string_view format = given.text("log-format");
  if (format != "text" && format != "json")
    return tl::unexpected(error::config("", "invalid log-format: " + std::string{format}));
  out.log_format = format == "json" ? sys::log_format::json : sys::log_format::text;
  out.debug = given.flag("debug");
  out.systemd_cgroup = given.flag("systemd-cgroup");
  out.rootless = given.tristate("rootless");
  out.cgroup_manager = std::string_view{given.text("cgroup-manager")};
  for (const std::string_view dir : given.texts("plugin-dir")) out.plugin_dirs.push_back(absolute(dir, who.cwd));
  return out;
}

result<void> make_rootless_root(const std::string& root) {
  const auto explained = [&](error e) {
    return std::move(e).within("making the state directory below $XDG_RUNTIME_DIR, which must be writable");
  };
  const auto made = sys::raw::mkdirat(AT_FDCWD, root.c_str(), 0700);
  if (sys::raw::failed(made) && sys::raw::errno_of(made) != EEXIST)
    return tl::unexpected(explained(error::from_errno(sys::raw::errno_of(made), sys::call_text("mkdir", root))));
  const unique_fd dir =
      OCIKIT_TRY(sys::openat(sys::at_fdcwd, root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).map_error(explained));
  return sys::fchmod(dir, 01700).map_error(explained);
}

}  // namespace ocikit::runtime
