// SPDX-License-Identifier: Apache-2.0
#include <ocikit/spec/write.hpp>
#include <ocikit/sys/call.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "plugin_files.hpp"
#include "plugin_search.hpp"
#include "supported.hpp"

namespace ocikit::runtime {
namespace {

result<int> run(const invocation& call) {
  if (const auto able = become_able_to_load_any(call.globals); !able) call.log.warning(able.error().message());
  const spec::features supported = probe_features(plugin_search(call.globals));
  OCIKIT_TRY(sys::write_all(fd_view{1}, spec::write(supported, {.indent = "    "}) + '\n'));
  return 0;
}

constexpr command self{
    .name = "features",
    .purpose = "print what this runtime supports",
    .description = "Prints the features object of the OCI runtime specification as JSON.",
    .stateless = true,
    .run = run,
};

}  // namespace

const command& features_command() noexcept { return self; }

}  // namespace ocikit::runtime
