// SPDX-License-Identifier: Apache-2.0
//
// Tests a cgroup driver, whoever wrote it: loads its .so as ocirun does and prints TAP.
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include <ocikit/cgroups/from_plugin.hpp>
#include <ocikit/plugin/loader.hpp>

#include "cases.hpp"
#include "report.hpp"

namespace {

using namespace ocikit;
using namespace driver_suite;

constexpr const char* usage = R"(usage: cgroup-driver-suite [OPTION...] PLUGIN.so

Loads the cgroup driver, takes it through the life of cgroups with real processes, and prints TAP. Needs root.
Exit status: 0 when no test failed, 1 when one did, 2 when it could not begin.

  --cgroups-path PATH   linux.cgroupsPath of the cgroups, with % for a name of their own (default: /%)
  --no-cgroups-path     none, for a driver that names its cgroups itself
  --no-devices          the driver does not enforce device rules
)";

struct choice {
  std::string plugin;
  std::string cgroups_path = "/%";
  bool devices = true;
};

/// Yields false for a command line that makes no sense.
bool parse(int argc, char** argv, choice& to) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word{argv[i]};
    if (word == "--no-devices")
      to.devices = false;
    else if (word == "--no-cgroups-path")
      to.cgroups_path.clear();
    else if (word == "--cgroups-path" && i + 1 < argc)
      to.cgroups_path = argv[++i];
    else if (word.starts_with('-') || !to.plugin.empty())
      return false;
    else
      to.plugin = word;
  }
  return !to.plugin.empty();
}

/// PLUGIN.so, with all the checks that ocirun makes.
result<plugin::loaded> load(const std::string& file) {
  const auto slash = file.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : file.substr(0, slash + 1);
  std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
  if (name.ends_with(".so")) name.resize(name.size() - 3);
  return plugin::load({{}, {directory}, {}}, "cgroup", name);
}

/// Runs one test and prints its line. Yields whether it failed.
bool failed(const test_case& one, std::size_t number, const subject& driver) {
  try {
    one.run(driver);
    std::printf("ok %zu %s\n", number, one.name);
    return false;
  } catch (const skipped& s) {
    std::printf("ok %zu %s # skip %s\n", number, one.name, s.why.c_str());
    return false;
  } catch (const failure& f) {
    std::printf("not ok %zu %s\n# %s\n", number, one.name, f.what.c_str());
  } catch (const std::exception& e) {
    std::printf("not ok %zu %s\n# %s\n", number, one.name, e.what());
  }
  return true;
}

int cannot_begin(const std::string& why) {
  std::fprintf(stderr, "cgroup-driver-suite: %s\n", why.c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  choice wanted;
  if (!parse(argc, argv, wanted)) {
    (void)std::fputs(usage, stderr);
    return 2;
  }
  if (::geteuid() != 0) return cannot_begin("needs root");
  auto loaded = load(wanted.plugin);
  if (!loaded) return cannot_begin(loaded.error().message());
  const auto table = plugin::table<ocikit_cgroup_ops>(*loaded);
  auto backend = cgroups::plugin_opener::from(*std::move(loaded));
  if (!backend) return cannot_begin(backend.error().message());

  (void)::setvbuf(stdout, nullptr, _IOLBF, 0);
  const subject driver{**backend, table, wanted.cgroups_path, wanted.devices};
  const auto cases = all_cases();
  std::printf("1..%zu\n", cases.size());
  std::size_t failures = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) failures += failed(cases[i], i + 1, driver) ? 1U : 0U;
  return failures == 0 ? 0 : 1;
}
