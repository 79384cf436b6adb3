// SPDX-License-Identifier: Apache-2.0
//
// Times reading and writing config.json by several libraries, after it has made sure that they agree. bench/parse.sh
// calls it and makes a table of its results.
//
//   spec_parse CONFIG... [--benchmark_...]
//
// Each CONFIG is a document to measure with; one of 1 MiB is grown out of the last.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <exception>
#include <stdexcept>
#include <string>

#include "documents.hpp"
#include "library.hpp"

namespace {

using namespace spec_parse;
namespace spec = ocikit::spec;

/// Objects whose keys are data keep the order of the document in ocikit, RapidJSON and json-c, but not in
/// nlohmann-json.
spec::config in_order_of_keys(spec::config of) {
  const auto sort = [](auto& map) { std::ranges::sort(map, {}, [](const auto& entry) { return entry.first; }); };
  sort(of.annotations);
  if (!of.platform) return of;
  sort(of.platform->sysctl);
  sort(of.platform->net_devices);
  if (!of.platform->resources) return of;
  sort(of.platform->resources->rdma);
  sort(of.platform->resources->unified);
  return of;
}

/// Every library must read from the document what the first reads, and write what all can read as that.
void check_agreement(const document& of) {
  const auto expected = in_order_of_keys(libraries[0].read(of));
  for (const auto& one : libraries) {
    const auto got = one.read(of);
    if (in_order_of_keys(got) != expected) throw std::runtime_error{one.name + (" reads another " + of.name())};
    const document back{of.name(), one.write(got)};
    for (const auto& other : libraries)
      if (in_order_of_keys(other.read(back)) != expected)
        throw std::runtime_error{other.name + (" reads another " + of.name() + " from what " + one.name + " writes")};
  }
}

void count_bytes(benchmark::State& state, std::size_t each) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(each));
}

void register_for(const document& of) {
  for (const auto& one : libraries) {
    benchmark::RegisterBenchmark(("read/" + of.name() + "/" + one.name).c_str(), [&](benchmark::State& state) {
      for (auto _ : state) benchmark::DoNotOptimize(one.read(of));
      count_bytes(state, of.text().size());
    });
    benchmark::RegisterBenchmark(("write/" + of.name() + "/" + one.name).c_str(), [&](benchmark::State& state) {
      const auto config = one.read(of);
      for (auto _ : state) benchmark::DoNotOptimize(one.write(config));
      count_bytes(state, one.write(config).size());
    });
  }
  for (const auto& one : scans)
    benchmark::RegisterBenchmark(("read/" + of.name() + "/" + one.name).c_str(), [&](benchmark::State& state) {
      for (auto _ : state) benchmark::DoNotOptimize(one.through(of));
      count_bytes(state, of.text().size());
    });
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc < 2) {
    (void)std::fputs("usage: spec_parse CONFIG... [--benchmark_...]\n", stderr);
    return 2;
  }
  try {
    std::deque<document> documents;
    for (int i = 1; i < argc; ++i) documents.push_back(document_of_file(argv[i]));
    documents.push_back(large_document(libraries[0].read(documents.back())));
    for (const auto& each : documents) check_agreement(each);
    for (const auto& each : documents) register_for(each);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "spec_parse: %s\n", e.what());
    return 1;
  }
}
