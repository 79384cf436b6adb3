// SPDX-License-Identifier: Apache-2.0
#include "experiments.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace compare {

namespace fs = std::filesystem;

namespace {

constexpr int warm_up = 3;  ///< rounds that do not count

std::string log_of(const bench& b) { return b.work + "/log"; }

std::string text_of(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// A failure ends the comparison: a time of it would mean nothing.
const measure& must(const measure& taken, const bench& b, const words& command) {
  if (taken.status == 0) return taken;
  std::string line;
  for (const auto& word : command) line += word + " ";
  throw std::runtime_error{line + "ended with " + std::to_string(taken.status) + ":\n" + text_of(log_of(b))};
}
measure must_run(const bench& b, const words& command) {
  std::ofstream{log_of(b)};
  return must(compare::run(command, log_of(b)), b, command);
}

std::string new_id() {
  static unsigned count = 0;
  return "ocikit-bench-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

std::string bundle_of(const bench& b, const std::string& profile) { return b.bundles + "/" + profile; }

/// One round for each runtime, some of them not counted. `one(runtime, counts)`.
template <class Round>
void alternate(const bench& b, Round one) {
  for (int round = -warm_up; round < b.rounds; ++round)
    for (const auto& rt : b.runtimes) one(rt, round >= 0);
}

void add(findings& to, const std::string& what, const std::string& who, double milliseconds, bool counts) {
  if (counts) to.times[what][who].add(milliseconds);
}

/// A created container, deleted at the end.
class created {
 public:
  created(const bench& b, const runtime& rt, const std::string& bundle) : b_{b}, rt_{rt}, id_{new_id()} {
    took_ = must_run(b, rt.create(bundle, id_, b.work + "/pid"));
    pid_ = std::stoi(text_of(b.work + "/pid"));
    pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  }
  created(const created&) = delete;
  created& operator=(const created&) = delete;
  ~created() {
    if (!id_.empty()) (void)compare::run(rt_.remove(id_), log_of(b_));
    (void)::close(pidfd_);
  }
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const measure& took() const { return took_; }
  void wait_for_its_end() const {
    struct ::pollfd end {
      pidfd_, POLLIN, 0
    };
    while (::poll(&end, 1, -1) < 0 && errno == EINTR) {
    }
  }
  /// Deletes it now.
  measure remove() { return must_run(b_, rt_.remove(std::exchange(id_, {}))); }

 private:
  const bench& b_;
  const runtime& rt_;
  std::string id_;
  measure took_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
};

/// A number from a line `KEY: 123 kB` of /proc/PID/status.
long status_value(pid_t pid, std::string_view key) {
  std::istringstream lines{text_of("/proc/" + std::to_string(pid) + "/status")};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(key)) return std::stol(line.substr(key.size() + 1));
  return 0;
}

/// What the memory controller charges the cgroup of `pid` with, in KiB; -1 without one.
long charged_kib(pid_t pid) {
  std::istringstream lines{text_of("/proc/" + std::to_string(pid) + "/cgroup")};
  for (std::string line; std::getline(lines, line);) {
    const auto path = line.substr(line.find(':', line.find(':') + 1) + 1);
    const bool v1 = line.find(":memory:") != std::string::npos;
    if (!v1 && !line.starts_with("0::")) continue;
    const auto text = text_of(v1 ? "/sys/fs/cgroup/memory" + path + "/memory.usage_in_bytes"
                                 : "/sys/fs/cgroup" + path + "/memory.current");
    if (!text.empty()) return std::stol(text) / 1024;
  }
  return -1;
}

/// A copy of a bundle with another config.json. The root file system is the same.
std::string variant(const bench& b, const std::string& profile, const std::string& name, const std::string& jq_filter) {
  const std::string made = b.work + "/" + name;
  fs::create_directories(made);
  for (const auto& entry : fs::directory_iterator{bundle_of(b, profile)})
    if (entry.path().filename() != "config.json" && !fs::exists(made + "/" + entry.path().filename().string()))
      fs::create_directory_symlink(fs::absolute(entry.path()), made + "/" + entry.path().filename().string());
  const words command{"/bin/sh",
                      "-c",
                      "jq \"$1\" \"$2\" >\"$3\"",
                      "sh",
                      jq_filter,
                      bundle_of(b, profile) + "/config.json",
                      made + "/config.json"};
  must_run(b, command);
  return made;
}

/// For `variant`: a container that waits, and whose cgroup has its id.
constexpr const char* asleep = ".process.args = [\"/bin/sleep\", \"100000\"] | del(.linux.cgroupsPath) | ";

std::string absolute_root(const bench& b, const std::string& profile) {
  return ".root.path = \"" + fs::absolute(bundle_of(b, profile) + "/rootfs").string() + "\"";
}

}  // namespace

void run(const bench& b, const std::string& profile, findings& to) {
  const std::string what = "run " + profile;
  for (int round = -warm_up; round < b.rounds; ++round) {
    for (const auto& rt : b.runtimes)
      add(to, what, rt.name, must_run(b, rt.run(bundle_of(b, profile), new_id())).milliseconds, round >= 0);
    if (!b.floor.empty() && (profile == "minimal" || profile == "engine"))
      add(to, what, "floor", must_run(b, {b.floor, profile, bundle_of(b, profile), new_id()}).milliseconds, round >= 0);
  }
}

void life(const bench& b, const std::string& profile, findings& to) {
  alternate(b, [&](const runtime& rt, bool counts) {
    created one{b, rt, bundle_of(b, profile)};
    const double start = must_run(b, rt.start(one.id())).milliseconds;
    one.wait_for_its_end();
    const double create = one.took().milliseconds, remove = one.remove().milliseconds;
    add(to, "create " + profile, rt.name, create, counts);
    add(to, "start " + profile, rt.name, start, counts);
    add(to, "delete " + profile, rt.name, remove, counts);
    add(to, "create, start and delete " + profile, rt.name, create + start + remove, counts);
  });
}

void visits(const bench& b, findings& to) {
  const auto bundle = variant(b, "engine", "sleeping", asleep + absolute_root(b, "engine"));
  std::vector<std::unique_ptr<created>> hosts;
  for (const auto& rt : b.runtimes) {
    hosts.push_back(std::make_unique<created>(b, rt, bundle));
    must_run(b, rt.start(hosts.back()->id()));
  }
  for (int round = -warm_up; round < b.rounds; ++round)
    for (std::size_t i = 0; i < b.runtimes.size(); ++i) {
      const auto& rt = b.runtimes[i];
      add(to, "exec", rt.name, must_run(b, rt.exec(hosts[i]->id())).milliseconds, round >= 0);
      add(to, "state", rt.name, must_run(b, rt.state(hosts[i]->id())).milliseconds, round >= 0);
    }
}

void parallel(const bench& b, int at_once, findings& to) {
  const std::string what = "run minimal, " + std::to_string(at_once) + " at once";
  const int batches = std::max(1, b.rounds / at_once);
  for (int batch = 0; batch < batches; ++batch)
    for (const auto& rt : b.runtimes) {
      std::vector<running> all;
      const words shown = rt.run(bundle_of(b, "minimal"), "...");
      for (int i = 0; i < at_once; ++i) all.push_back(spawn(rt.run(bundle_of(b, "minimal"), new_id()), log_of(b)));
      while (!all.empty()) to.times[what][rt.name].add(must(wait_for_any(all), b, shown).milliseconds);
    }
}

void crowded(const bench& b, int alive, findings& to) {
  const auto bundle = variant(b, "minimal", "alive", asleep + absolute_root(b, "minimal"));
  const std::string what = "run minimal, " + std::to_string(alive) + " alive";
  for (const auto& rt : b.runtimes) {  // not in alternation: each has its crowd
    std::vector<std::unique_ptr<created>> crowd;
    for (int i = 0; i < alive; ++i) {
      crowd.push_back(std::make_unique<created>(b, rt, bundle));
      must_run(b, rt.start(crowd.back()->id()));
    }
    for (int round = -warm_up; round < b.rounds; ++round)
      add(to, what, rt.name, must_run(b, rt.run(bundle_of(b, "minimal"), new_id())).milliseconds, round >= 0);
  }
}

void cold_filter(const bench& b, findings& to) {
  alternate(b, [&](runtime rt, bool counts) {
    rt.root = b.work + "/cold-" + new_id();
    add(to, "run engine, filter not cached", rt.name,
        must_run(b, rt.run(bundle_of(b, "engine"), new_id())).milliseconds, counts);
    fs::remove_all(rt.root);
    fs::remove_all(rt.root + ".seccomp");
  });
}

void system_calls(const bench& b, const std::string& profile, findings& to) {
  if (::access("/usr/bin/strace", X_OK) != 0) {
    std::cerr << "skipped: system calls of " << profile << ": there is no strace here\n";
    return;
  }
  for (const auto& rt : b.runtimes) {
    const std::string table = b.work + "/calls";
    words command{"/usr/bin/strace", "-f", "-c", "-o", table};
    for (const auto& word : rt.run(bundle_of(b, profile), new_id())) command.push_back(word);
    must_run(b, command);
    std::istringstream lines{text_of(table)};
    for (std::string line; std::getline(lines, line);) {
      std::istringstream in{line};
      const std::vector<std::string> columns{std::istream_iterator<std::string>{in}, {}};
      if (columns.size() >= 4 && columns.back() == "total")
        to.counts["system calls of run " + profile][rt.name] = std::stol(columns[3]);
    }
  }
}

void memory(const bench& b, const std::string& profile, findings& to) {
  for (const auto& rt : b.runtimes) {
    to.counts["peak KiB of run " + profile][rt.name] = must_run(b, rt.run(bundle_of(b, profile), new_id())).peak_kib;
    const created one{b, rt, bundle_of(b, profile)};
    to.counts["resident KiB of a created init, " + profile][rt.name] = status_value(one.pid(), "VmRSS:");
    to.counts["anonymous KiB of a created init, " + profile][rt.name] = status_value(one.pid(), "RssAnon:");
    if (const long charged = charged_kib(one.pid()); charged >= 0)
      to.counts["KiB charged before the program starts, " + profile][rt.name] = charged;
  }
}

void smallest_limit(const bench& b, findings& to) {
  const auto runs = [&](const runtime& rt, long kib) {
    const auto bundle = variant(
        b, "minimal", "limited",
        ".linux.resources.memory = {limit: " + std::to_string(kib * 1024) + "} | " + absolute_root(b, "minimal"));
    const auto id = new_id();
    const bool good = compare::run(rt.run(bundle, id), "/dev/null").status == 0;
    if (!good) (void)compare::run(rt.remove(id), "/dev/null");
    return good;
  };
  for (const auto& rt : b.runtimes) {
    constexpr long most = 64 * 1024, page = 4;
    if (!runs(rt, most)) {
      std::cerr << "skipped: smallest memory limit of " << rt.name << ": it takes none here\n";
      continue;
    }
    long fails = 0, good = most;
    while (good - fails > page) {
      const long middle = (good + fails) / 2 / page * page;
      if (middle == fails) break;
      (runs(rt, middle) ? good : fails) = middle;
    }
    to.counts["smallest memory limit of minimal, KiB"][rt.name] = good;
  }
}

}  // namespace compare
