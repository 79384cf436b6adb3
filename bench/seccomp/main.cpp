// SPDX-License-Identifier: Apache-2.0
//
// What the seccomp profile of a config.json costs: to compile it, to load what was compiled before, and at each system
// call. bench/seccomp.sh calls it and makes a table of its results.
//
//   seccomp CONFIG [--benchmark_...]
#include <benchmark/benchmark.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include <ocikit/seccomp/cache.hpp>
#include <ocikit/seccomp/compile.hpp>
#include <ocikit/spec/parse.hpp>

#include "compiler.hpp"
#include "filter_shape.hpp"
#include "filtered_process.hpp"

namespace {

using namespace seccomp_bench;
namespace seccomp = ocikit::seccomp;
namespace spec = ocikit::spec;

template <class T>
T must(ocikit::result<T> got) {
  if (!got) throw std::runtime_error{got.error().message()};
  return std::move(*got);
}

spec::seccomp profile_of(const char* path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) throw std::runtime_error{path + std::string{" cannot be read"}};
  const auto config = must(spec::parse_config(std::string{std::istreambuf_iterator<char>{in}, {}})).value;
  if (!config.platform || !config.platform->seccomp)
    throw std::runtime_error{path + std::string{" has no seccomp profile"}};
  return *config.platform->seccomp;
}

/// A folder for the cache, gone at the end.
class scratch {
 public:
  scratch() {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error{"mkdtemp"};
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/ocikit-bench-seccomp.XXXXXX";
};

seccomp::compiled_filter compile(const spec::seccomp& profile, const seccomp::kernel_facts& kernel) {
  seccomp::libseccomp_compiler compiler;
  return must(seccomp::compile(profile, kernel, compiler));
}

void count_shape(benchmark::State& state, const seccomp::compiled_filter& filter) {
  state.counters["instructions"] = static_cast<double>(filter.program.size() / sizeof(struct ::sock_filter));
  const auto count = [&](const std::string& name, const depth& of) {
    state.counters[name + " allowed"] = static_cast<double>(of.allowed);
    state.counters[name + " mean"] = of.mean;
    state.counters[name + " most"] = static_cast<double>(of.most);
  };
  constexpr std::uint32_t x32_bit = 0x40000000;
  count("x86_64", depth_of(filter.program, AUDIT_ARCH_X86_64));
  count("x86", depth_of(filter.program, AUDIT_ARCH_I386));
  count("x32", depth_of(filter.program, AUDIT_ARCH_X86_64, x32_bit));
  count("aarch64", depth_of(filter.program, AUDIT_ARCH_AARCH64));
}

void register_calls(const char* name, probe what, const seccomp::compiled_filter* filter) {
  benchmark::RegisterBenchmark(name,
                               [=](benchmark::State& state) {
                                 constexpr long calls = 100'000;
                                 for (auto _ : state) state.SetIterationTime(seconds_for(what, calls, filter) / calls);
                               })
      ->UseManualTime()
      ->Iterations(1);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    (void)std::fputs("usage: seccomp CONFIG [--benchmark_...]\n", stderr);
    return 2;
  }
  try {
    const auto profile = profile_of(argv[1]);
    const auto kernel = seccomp::probe_kernel();
    const scratch folder;
    const auto kept = must(seccomp::cache::open_or_create(folder.path() + "/cache"));
    const auto load = [&] {
      return must(seccomp::compile(profile, kernel, kept, "libseccomp", [] {
        return ocikit::result<std::unique_ptr<seccomp::compiler>>{std::make_unique<seccomp::libseccomp_compiler>()};
      }));
    };
    const auto filter = compile(profile, kernel);
    (void)load();
    if (const auto again = load(); !again.kept_before || again.filter != filter)
      throw std::runtime_error{"the cache gives another filter than libseccomp"};

    benchmark::RegisterBenchmark("filter/libseccomp", [&](benchmark::State& state) {
      for (auto _ : state) benchmark::DoNotOptimize(compile(profile, kernel));
      count_shape(state, filter);
    });
    benchmark::RegisterBenchmark("filter/cached", [&](benchmark::State& state) {
      for (auto _ : state) benchmark::DoNotOptimize(load());
    });
    register_calls("getppid/unfiltered", probe::getppid, nullptr);
    register_calls("getppid/filtered", probe::getppid, &filter);
    register_calls("personality/unfiltered", probe::personality, nullptr);
    register_calls("personality/filtered", probe::personality, &filter);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "seccomp: %s\n", e.what());
    return 1;
  }
}
