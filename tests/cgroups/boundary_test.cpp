// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <string>
#include <vector>

#include <ocikit/cgroups/as_plugin.hpp>
#include <ocikit/cgroups/from_plugin.hpp>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::cgroups;

namespace {

/// What the recording driver was asked last, and what it is to answer.
struct {
  request opened;
  path_map reopened;
  spec::resources applied;
  driver::device_policy devices = driver::device_policy::enforce;
  result<void> answer;
  bool throws = false;
  entrance way = enter_nothing{};
  int closed = 0;
} stage;

class recording final : public driver {
 public:
  ~recording() override { ++stage.closed; }
  result<void> create() override {
    if (stage.throws) throw std::runtime_error{"thrown inside"};
    return stage.answer;
  }
  result<void> undo() override { return {}; }
  result<void> apply(const spec::resources& wanted, device_policy devices) override {
    stage.applied = wanted;
    stage.devices = devices;
    return {};
  }
  result<entrance> enter() override { return stage.way; }
  result<void> attach(pid_t pid) override { return pid == 42 ? stage.answer : result<void>{}; }
  result<void> freeze() override { return {}; }
  result<void> thaw() override { return {}; }
  result<bool> frozen() override { return true; }
  result<std::vector<pid_t>> pids() override { return std::vector<pid_t>{7, 8, 9}; }
  result<void> kill(int) override { return {}; }
  result<void> remove() override { return {}; }
  [[nodiscard]] path_map paths() const override { return {{"", "/a"}, {"cpu", "/b"}}; }
};

struct recording_opener final : opener {
  result<std::unique_ptr<driver>> open(const request& wanted) override {
    stage.opened = wanted;
    return std::make_unique<recording>();
  }
  result<std::unique_ptr<driver>> reopen(const path_map& saved, bool) override {
    stage.reopened = saved;
    return std::make_unique<recording>();
  }
};

const ocikit_plugin_info info{OCIKIT_HEAD(ocikit_plugin_info), "cgroup", "recording", "", "1",
                              &plugin_table<recording_opener>};

std::unique_ptr<driver> opened(const request& wanted = {}) {
  const ocikit_plugin_info* const all[] = {&info};
  auto there = load_opener({all, {}, {}}, "recording");
  REQUIRE(there);
  auto made = (*there)->open(wanted);
  REQUIRE(made);
  return *std::move(made);
}

spec::resources everything() {
  spec::resources r;
  r.devices = {{true, spec::device_rule_type::character, 1, 3, "rwm"},
               {false, spec::device_rule_type::all, {}, {}, ""}};
  r.memory = spec::memory{-1, 2, 3, 4, 5, 6, true, false, true};
  r.cpu = spec::cpu{1, -2, 3, 4, -5, 6, "0-1", "0", -7};
  r.pids = spec::pids{-1};
  r.block_io =
      spec::block_io{10, 20, {{8, 0, 30, {}}, {8, 16, {}, 40}}, {{8, 0, 50}}, {{8, 1, 60}}, {{8, 2, 70}}, {{8, 3, 80}}};
  r.hugepage_limits = {{"2MB", 90}, {"1GB", ~0ULL}};
  r.network = spec::network{100, {{"eth0", 110}}};
  r.rdma = {{"mlx", {120, {}}}, {"mly", {{}, 130}}};
  r.unified = {{"memory.high", "140"}, {"x", ""}};
  return r;
}

}  // namespace

TEST_CASE("every field of linux.resources crosses the boundary unchanged") {
  const auto wanted = everything();
  CHECK(typed_resources(flat_resources{wanted}.get()) == wanted);
  CHECK(typed_resources(flat_resources{spec::resources{}}.get()) == spec::resources{});
  const auto it = opened({"c1", "/a/b", true, wanted, {{"org.systemd.property.X", "1"}}});
  CHECK(stage.opened.id == "c1");
  CHECK(stage.opened.cgroups_path == "/a/b");
  CHECK(stage.opened.rootless);
  CHECK(stage.opened.resources == wanted);
  CHECK(stage.opened.annotations == spec::string_map{{"org.systemd.property.X", "1"}});
  REQUIRE(it->apply(wanted, driver::device_policy::keep));
  CHECK(stage.applied == wanted);
  CHECK(stage.devices == driver::device_policy::keep);
}

TEST_CASE("an error keeps its kind, errno, pointer and words on the way through the C form") {
  const auto it = opened();
  const error rows[] = {
      error::from_errno(EBUSY, "write(3, \"x\")").within("setting a limit").at("/linux/resources/memory/limit"),
      error::from_errno(EIO, ""),
      error::config("/linux/cgroupsPath", "bad"),
      error::unsupported("no freezer"),
      error::state("container's cgroup is not empty: 3 process(es) found"),
      error::plugin("odd"),
  };
  for (const auto& e : rows) {
    stage.answer = tl::unexpected(e);
    const auto got = it->create();
    REQUIRE(!got);
    CHECK(got.error().kind() == e.kind());
    CHECK(got.error().code() == e.code());
    CHECK(got.error().where() == e.where());
    CHECK(got.error().message() == e.message());
  }
  stage.answer = tl::unexpected(error::state(std::string(70000, 'x')));
  CHECK(it->create().error().message().size() < 1024);
  stage.answer = {};
}

TEST_CASE("nothing is thrown across the boundary") {
  const auto it = opened();
  stage.throws = true;
  const auto got = it->create();
  stage.throws = false;
  REQUIRE(!got);
  CHECK(got.error().kind() == errc::plugin);
  CHECK(got.error().message() == "thrown inside");
}

TEST_CASE("entrances, processes and paths come back as the driver gave them") {
  const auto it = opened();
  stage.way = enter_by_clone{fd_view{5}};
  CHECK(std::get<enter_by_clone>(*it->enter()).directory == fd_view{5});
  stage.way = enter_by_write{{fd_view{6}, fd_view{7}}};
  CHECK(std::get<enter_by_write>(*it->enter()).procs == std::vector{fd_view{6}, fd_view{7}});
  stage.way = enter_by_attach{};
  CHECK(std::holds_alternative<enter_by_attach>(*it->enter()));
  stage.way = enter_nothing{};
  CHECK(std::holds_alternative<enter_nothing>(*it->enter()));
  CHECK(*it->pids() == std::vector<pid_t>{7, 8, 9});
  CHECK(it->paths() == path_map{{"", "/a"}, {"cpu", "/b"}});
  CHECK(*it->frozen());
  stage.answer = tl::unexpected(error::state("attach"));
  CHECK(it->attach(41));
  CHECK(!it->attach(42));
  stage.answer = {};
}

TEST_CASE("a container is found again by the paths that were saved") {
  const ocikit_plugin_info* const all[] = {&info};
  const auto there = load_opener({all, {}, {}}, "recording");
  REQUIRE(there);
  const path_map saved{{"", "/a"}, {"cpu", "/b"}};
  const int closed = stage.closed;
  {
    const auto it = (*there)->reopen(saved, false);
    REQUIRE(it);
  }
  CHECK(stage.reopened == saved);
  CHECK(stage.closed == closed + 1);
}

TEST_CASE("a NUL byte is refused before it would cut a string short in C") {
  const ocikit_plugin_info* const all[] = {&info};
  const auto there = load_opener({all, {}, {}}, "recording");
  REQUIRE(there);
  const auto bad_path = (*there)->open({"c1", std::string{"/a\0b", 4}, false, {}});
  REQUIRE(!bad_path);
  CHECK(bad_path.error().where() == "/linux/cgroupsPath");
  const auto it = opened();
  spec::resources r;
  r.cpu.emplace().cpus = std::string{"0\0", 2};
  CHECK(it->apply(r, driver::device_policy::keep).error().where() == "/linux/resources/cpu/cpus");
}

TEST_CASE("a table that lacks a required entry is refused, an optional one makes its feature unsupported") {
  auto table = plugin_table<recording_opener>;
  table.freeze = nullptr;
  table.apply = nullptr;
  table.frozen = nullptr;
  ocikit_plugin_info other = info;
  other.ops = &table;
  const ocikit_plugin_info* const all[] = {&other};
  {
    const auto there = load_opener({all, {}, {}}, "recording");
    REQUIRE(there);
    const auto it = (*there)->open({});
    REQUIRE(it);
    CHECK((*it)->freeze().error().message() == "the cgroup driver recording cannot freeze");
    CHECK(*(*it)->frozen() == false);
    CHECK((*it)->apply({}, driver::device_policy::enforce));
    CHECK((*it)->apply(everything(), driver::device_policy::enforce).error().kind() == errc::unsupported);
  }
  table.attach = nullptr;
  CHECK(load_opener({all, {}, {}}, "recording").error().message() ==
        "plugin recording refused: its table has no entry attach");
}

TEST_CASE("a newer host's wish is refused by an older plugin, not ignored") {
  struct {
    ocikit_cgroup_args known;
    std::uint64_t later;
  } args{};
  args.known.head = {sizeof args, OCIKIT_ABI_MAJOR, 9};
  args.known.id = args.known.cgroups_path = "";
  void* ctx = nullptr;
  auto err = plugin::fresh_errbuf();
  CHECK(plugin_table<recording_opener>.open(&args.known, &ctx, &err) == 0);
  plugin_table<recording_opener>.close(ctx);
  args.later = 1;
  CHECK(plugin_table<recording_opener>.open(&args.known, &ctx, &err) != 0);
}
