// SPDX-License-Identifier: Apache-2.0
//
// The systemd driver over a manager that only takes notes, and a tree that looks like cgroup v2.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <ocikit/cgroups/systemd.hpp>

#include "catch.hpp"
#include "noted_manager.hpp"

using namespace ocikit;
using namespace ocikit::cgroups;
namespace fs = std::filesystem;

namespace {

constexpr pid_t init = 4242;

/// A host with a systemd. Making a unit makes its cgroup, with the init in it.
struct host {
  host() {
    std::string pattern = (fs::temp_directory_path() / "ocikit-systemd-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    fs::create_directories(root / "proc");
    fs::create_directories(root / "cg/machine.slice");
    std::ofstream{root / "proc/uid_map"} << "0 0 4294967295\n";
    notes.on_start = [this]() -> result<void> {
      if (start_errors-- > 0) return tl::unexpected(start_error);
      make_cgroup(procs);
      return {};
    };
  }
  ~host() { fs::remove_all(root); }
  host(const host&) = delete;
  host& operator=(const host&) = delete;

  [[nodiscard]] fs::path scope() const { return root / "cg/machine.slice/p-c1.scope"; }
  [[nodiscard]] std::string content(const char* file) const {
    std::ifstream in{scope() / file};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  void make_cgroup(const std::string& text) const {
    fs::create_directories(scope());
    for (const char* file : {"pids.max", "cpu.max", "cgroup.kill", "cgroup.freeze"})
      std::ofstream{scope() / file} << "?";
    std::ofstream{scope() / "cgroup.procs"} << text;
  }
  [[nodiscard]] std::unique_ptr<driver> opened(spec::string_map annotations = {});
  [[nodiscard]] std::unique_ptr<driver> reopened(const std::string& below = "");

  fs::path root;
  testing::manager_notes notes;
  int start_errors = 0;  ///< how many more times starting fails
  error start_error = error::from_errno(EEXIST, "there");
  std::string procs = "4242\n";  ///< of a unit that was started
};

systemd_opener opener_on(host& h, bool of_user = false) {
  return systemd_opener{
      testing::connect_to_notes(h.notes), {(h.root / "cg").string(), (h.root / "proc").string(), false}, of_user};
}

std::unique_ptr<driver> host::opened(spec::string_map annotations) {
  request wanted{"c1", "machine.slice:p:c1", false, {}, std::move(annotations)};
  auto made = opener_on(*this).open(wanted);
  REQUIRE(made);
  return *std::move(made);
}
std::unique_ptr<driver> host::reopened(const std::string& below) {
  auto made = opener_on(*this).reopen({{"", scope().string() + below}}, false);
  REQUIRE(made);
  return *std::move(made);
}

const unit_property* find(const unit_properties& in, const std::string& name) {
  const auto found = std::find_if(in.rbegin(), in.rend(), [&](const auto& each) { return each.name == name; });
  return found != in.rend() ? &*found : nullptr;
}

spec::resources some_limits() {
  spec::resources r;
  r.pids = spec::pids{7};
  r.cpu = spec::cpu{};
  r.cpu->quota = 12345;
  return r;
}

using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a scope is started with the init, and gets its limits with it and in its files") {
  host h;
  const auto d = h.opened({{"org.systemd.property.KillMode", "'mixed'"}, {"other", "x"}});
  REQUIRE(d->create());
  REQUIRE(d->apply(some_limits(), driver::device_policy::keep));
  CHECK(std::holds_alternative<enter_by_attach>(*d->enter()));
  CHECK(h.notes.lines.empty());
  REQUIRE(d->attach(init));
  CHECK(h.notes.lines == lines{"start p-c1.scope"});
  CHECK(find(h.notes.told, "PIDs")->value == bus_value{bus_value::array{"u", {{std::uint32_t{init}}}}});
  CHECK(find(h.notes.told, "TasksMax")->value == bus_value{std::uint64_t{7}});
  CHECK(find(h.notes.told, "KillMode")->value == bus_text("mixed"));
  CHECK(find(h.notes.told, "Slice")->value == bus_text("machine.slice"));
  CHECK(h.notes.told.back().name == "KillMode");  // so that it wins
  CHECK(find(h.notes.told, "other") == nullptr);
  CHECK(h.content("pids.max").starts_with("7"));
  CHECK(h.content("cpu.max").starts_with("13000 100000"));
}

TEST_CASE("an update tells systemd and the files what is given, and nothing of devices") {
  host h;
  h.make_cgroup("4242\n");
  const auto d = h.reopened();
  spec::resources only_pids;
  only_pids.pids = spec::pids{9};
  REQUIRE(d->apply(only_pids, driver::device_policy::keep));
  CHECK(h.notes.lines == lines{"set p-c1.scope"});
  CHECK(h.notes.told == unit_properties{{"TasksMax", {std::uint64_t{9}}}});
  CHECK(h.content("pids.max").starts_with("9"));
  CHECK(h.content("cpu.max") == "?");
}

TEST_CASE("a limit below what is used is refused before systemd is told, which would have the container killed") {
  host h;
  h.make_cgroup("4242\n");
  std::ofstream{h.scope() / "memory.current"} << "65536\n";
  spec::resources low;
  low.memory = spec::memory{};
  low.memory->limit = 1024;
  low.memory->check_before_update = true;
  const auto d = h.reopened();
  const auto refused = d->apply(low, driver::device_policy::keep);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message().find("rejecting memory limit 1024 <= usage 65536") != std::string::npos);
  CHECK(h.notes.lines.empty());
}

TEST_CASE("a unit that is there is reset once, and refused when that does not help") {
  host h;
  h.start_errors = 1;
  REQUIRE(h.opened()->attach(init));
  CHECK(h.notes.lines == lines{"start p-c1.scope", "reset p-c1.scope", "start p-c1.scope"});
  host busy;
  busy.start_errors = 2;
  const auto d = busy.opened();
  CHECK_FALSE(d->attach(init));
  CHECK(busy.notes.lines == lines{"start p-c1.scope", "reset p-c1.scope", "start p-c1.scope"});
  busy.notes.lines.clear();
  busy.make_cgroup("1\n");
  CHECK(d->kill(SIGKILL));  // not ours: neither killed nor stopped
  CHECK(d->undo());
  CHECK(d->remove());
  CHECK(busy.notes.lines.empty());
  CHECK(busy.content("cgroup.kill") == "?");
}

TEST_CASE("a unit whose job fails is stopped and forgotten") {
  host h;
  h.start_errors = 1;
  h.start_error = error::state("got \"failed\"");
  const auto d = h.opened();
  CHECK(d->attach(init).error().message() == "unable to apply cgroup configuration: got \"failed\"");
  CHECK(h.notes.lines == lines{"start p-c1.scope", "stop p-c1.scope", "reset p-c1.scope"});
}

TEST_CASE("a unit that was started with others in it is let be; an empty one is started again") {
  host h;
  h.procs = "17\n";
  const auto d = h.opened();
  CHECK_FALSE(d->attach(init));
  CHECK(h.notes.lines == lines{"start p-c1.scope"});
  CHECK(h.content("cgroup.kill") == "?");
  host forgetful;
  forgetful.procs = "";
  CHECK_FALSE(forgetful.opened()->attach(init));
  CHECK(std::count(forgetful.notes.lines.begin(), forgetful.notes.lines.end(), "start p-c1.scope") == 6);
  CHECK(forgetful.notes.lines.back() == "reset p-c1.scope");
}

TEST_CASE("a user's units are below the user's manager") {
  host h;
  auto made = opener_on(h, true).open({"c1", "", true, {}, {}});
  REQUIRE(made);
  CHECK((*made)->paths() ==
        path_map{{"", (h.root / "cg/user.slice/user@1.service/user.slice/runc-c1.scope").string()}});
}

TEST_CASE("a cgroup with processes is refused before systemd is asked") {
  host h;
  h.make_cgroup("17\n18\n");
  CHECK(h.opened()->create().error().message() ==
        "container's cgroup is not empty: 2 process(es) found (config.json#/linux/cgroupsPath)");
  CHECK(h.notes.lines.empty());
}

TEST_CASE("a cgroup below the unit's is entered by its file, and is no unit to stop or to set properties of") {
  host h;
  h.make_cgroup("");
  fs::create_directories(h.scope() / "sub");
  std::ofstream{h.scope() / "sub/cgroup.procs"} << "";
  std::ofstream{h.scope() / "sub/pids.max"} << "?";
  const auto d = h.reopened("/sub");
  REQUIRE(d->attach(17));
  spec::resources only_pids;
  only_pids.pids = spec::pids{9};
  REQUIRE(d->apply(only_pids, driver::device_policy::keep));
  CHECK(h.notes.lines.empty());
}
