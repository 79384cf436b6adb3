// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/container/listing.hpp>
#include <ocikit/container/status.hpp>
#include <ocikit/sys/call.hpp>
#include <ocikit/sys/quoted_text.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"
#include "shared_options.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    shared::table_or_json,
    {"quiet", "q", option_kind::flag, "", "", "print the ids alone"},
};

using summaries = std::vector<container::summary>;

result<container::summary> summary_of(const container::state_root& root, const std::string& name,
                                      const container::reopen_cgroup& reopen) {
  const auto id = OCIKIT_TRY(container::container_id::parse(name));
  const auto found = OCIKIT_TRY(container::load(root, id, container::locking::none, reopen));
  auto made = container::summarize(found.saved, OCIKIT_TRY(container::read_status(found)));
  made.owner = OCIKIT_TRY(container::owner_of(found.directory.directory()));
  return made;
}

/// One that cannot be read must not hide the others. Nothing is printed before all are read: to read one, the command
/// may have to begin anew.
result<summaries> summaries_of(const container::state_root& root, const runtime::globals& globals) {
  const container::reopen_cgroup reopen = cgroup_reopener{globals};
  summaries all;
  std::string unreadable;
  for (const std::string& name : OCIKIT_TRY(root.names())) {
    auto one = summary_of(root, name, reopen);
    if (one) {
      all.push_back(*std::move(one));
      continue;
    }
    unreadable += "load container " + sys::one_line(name) + ": " + sys::one_line(one.error().message()) + '\n';
  }
  (void)sys::write_all(fd_view{2}, unreadable);
  return all;
}

result<summaries> read_all(const runtime::globals& globals) {
  const auto root = container::state_root::open(globals.root);
  if (root) return summaries_of(*root, globals);
  if (root.error().code() == ENOENT && !globals.root_given) return summaries{};
  return tl::unexpected(root.error());
}

result<int> run(const invocation& call) {
  const auto all = OCIKIT_TRY(read_all(call.globals));
  const std::string_view format = call.text("format");
  std::string text;
  if (call.flag("quiet")) {
    text = container::list_as_ids(all);
  } else if (format == "table") {
    text = container::list_as_table(all);
  } else if (format == "json") {
    text = container::list_as_json(all);
  } else {
    return tl::unexpected(error::config("", "invalid format option"));
  }
  OCIKIT_TRY(sys::write_all(fd_view{1}, text));
  return 0;
}

constexpr command self{
    .name = "list",
    .purpose = "list containers",
    .description = "Lists the containers whose state is kept under --root, whatever their status.",
    .options = options,
    .run = run,
};

}  // namespace

const command& list_command() noexcept { return self; }

}  // namespace ocikit::runtime
