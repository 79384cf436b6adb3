// SPDX-License-Identifier: Apache-2.0
//
// Compares container runtimes and writes what it found as JSON. bench/run.sh calls it.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include "experiments.hpp"

namespace {

using namespace compare;

constexpr const char* usage = R"(usage: compare [OPTION...] NAME=PATH...

  --bundles DIR   bundles of the profiles, each by its name
  --work DIR      an empty folder for the runtimes' state
  --floor PATH    the bare program, on hosts with cgroup v2 alone
  --rounds N      samples of each time (default: 50)
  --quick         leave out what takes minutes: crowds, memory limits
  --out FILE      where the JSON goes
)";

struct choice {
  bench what;
  std::string out;
  bool quick = false;
};

bool parse(int argc, char** argv, choice& to) {
  to.what.rounds = 50;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word{argv[i]};
    const auto equals = word.find('=');
    if (word == "--quick") {
      to.quick = true;
    } else if (word.starts_with("--") && i + 1 < argc) {
      const std::string value{argv[++i]};
      if (word == "--bundles")
        to.what.bundles = value;
      else if (word == "--work")
        to.what.work = value;
      else if (word == "--floor")
        to.what.floor = value;
      else if (word == "--rounds")
        to.what.rounds = std::atoi(value.c_str());
      else if (word == "--out")
        to.out = value;
      else
        return false;
    } else if (equals != std::string_view::npos) {
      to.what.runtimes.push_back({std::string{word.substr(0, equals)}, std::string{word.substr(equals + 1)}, {}});
    } else {
      return false;
    }
  }
  for (auto& rt : to.what.runtimes) rt.root = to.what.work + "/root-" + rt.name;
  return !to.what.runtimes.empty() && !to.what.bundles.empty() && !to.what.work.empty() && !to.out.empty() &&
         to.what.rounds > 0;
}

void write_times(std::ostream& to, const samples& of) {
  to << "{\"min\":" << of.quantile(0) << ",\"median\":" << of.quantile(0.5) << ",\"p99\":" << of.quantile(0.99)
     << ",\"all\":[";
  for (std::size_t i = 0; i < of.all().size(); ++i) to << (i == 0 ? "" : ",") << of.all()[i];
  to << "]}";
}
void write_value(std::ostream& to, const samples& of) { write_times(to, of); }
void write_value(std::ostream& to, long of) { to << of; }

/// Names are our own words and hold nothing that JSON would have to escape.
template <class Table>
void write_table(std::ostream& to, const Table& table) {
  to << '{';
  for (const char* separator = ""; const auto& [what, by_runtime] : table) {
    to << std::exchange(separator, ",") << "\n  \"" << what << "\":{";
    for (const char* comma = ""; const auto& [who, value] : by_runtime) {
      to << std::exchange(comma, ",") << '"' << who << "\":";
      write_value(to, value);
    }
    to << '}';
  }
  to << '}';
}

void write(std::ostream& to, const bench& b, const findings& found) {
  to << "{\"runtimes\":[";
  for (std::size_t i = 0; i < b.runtimes.size(); ++i) to << (i == 0 ? "" : ",") << '"' << b.runtimes[i].name << '"';
  to << "],\"rounds\":" << b.rounds << ",\n\"milliseconds\":";
  write_table(to, found.times);
  to << ",\n\"counts\":";
  write_table(to, found.counts);
  to << "}\n";
}

void experiment(const choice& wanted, findings& found) {
  const bench& b = wanted.what;
  for (const char* profile : {"minimal", "engine"}) {
    std::cerr << profile << "\n";
    system_calls(b, profile, found);
    memory(b, profile, found);
    run(b, profile, found);
    life(b, profile, found);
  }
  std::cerr << "exec, state, cold filters, several at once\n";
  visits(b, found);
  cold_filter(b, found);
  for (const int at_once : {1, 2, 8, 32}) parallel(b, at_once, found);
  if (wanted.quick) return;
  std::cerr << "crowds, memory limits\n";
  for (const int alive : {0, 100, 500}) crowded(b, alive, found);
  smallest_limit(b, found);
}

}  // namespace

int main(int argc, char** argv) {
  choice wanted;
  if (!parse(argc, argv, wanted)) {
    (void)std::fputs(usage, stderr);
    return 2;
  }
  try {
    findings found;
    experiment(wanted, found);
    std::ofstream out{wanted.out};
    write(out, wanted.what, found);
    return out.good() ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "compare: %s\n", e.what());
    return 1;
  }
}
