// SPDX-License-Identifier: Apache-2.0
//
// The driver that shares a unit, over a manager that only takes notes, and a tree that looks like cgroup v2.
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ocikit/cgroups/systemd_slice.hpp>

#include "catch.hpp"
#include "fake_tree.hpp"
#include "noted_manager.hpp"

using namespace ocikit;
using namespace ocikit::cgroups;

namespace {

using lines = std::vector<std::string>;

const std::string shared = "cg/machine.slice/ocikit-machine.service";

struct host {
  testing::fake_tree tree;
  testing::manager_notes notes;

  host() {
    notes.on_start = [this] { return bring_up(), result<void>{}; };
  }

  void bring_up() const { tree.put(shared + "/keeper/cgroup.events", "populated 1\nfrozen 0\n"); }
};

systemd_slice_opener opener_on(host& h, bool of_user = false) {
  return {testing::connect_to_notes(h.notes), h.tree.host(), of_user};
}

std::unique_ptr<driver> opened(host& h) {
  auto made = opener_on(h).open({"c1", "machine.slice:p:c1", false, {}, {}});
  REQUIRE(made);
  return *std::move(made);
}

/// What is wrong with a place, or the place.
std::string place_of(std::string_view path) {
  const auto place = plan_shared_unit(path, "id", false);
  return place ? place->slice + " " + place->unit + " " + place->path + " " + place->container
               : place.error().message();
}

}  // namespace

TEST_CASE("containers of a slice share a unit that is called after it") {
  CHECK(place_of("machine.slice:libpod:abc") ==
        "machine.slice ocikit-machine.service machine.slice/ocikit-machine.service libpod-abc");
  CHECK(place_of("") == "system.slice ocikit-system.service system.slice/ocikit-system.service runc-id");
  CHECK(place_of("a-b.slice:p:n") == "a-b.slice ocikit-a-b.service a.slice/a-b.slice/ocikit-a-b.service p-n");
  CHECK(place_of("-.slice:p:n") == "-.slice ocikit.service ocikit.service p-n");
  CHECK(place_of("x.slice:cpu.:n") == "x.slice ocikit-x.service x.slice/ocikit-x.service _cpu.-n");
  for (const char* wrong :
       {"/a/b", "a:b", "a.slice:b:c:d", "a:b:c", "a.slice:p:x.slice", "a.slice:p:../x", "a.slice:p:a b"})
    CHECK(place_of(wrong).ends_with("(config.json#/linux/cgroupsPath)"));
}

TEST_CASE("the keeper's script is one that systemd hands on as it is") {
  const std::string_view script = keeper_script;
  CHECK(script.find("$$") == std::string_view::npos);
  CHECK(script.find("${") == std::string_view::npos);
  CHECK(script.find(std::string{" >"} + keeper_name + "/cgroup.procs") != std::string_view::npos);
}

TEST_CASE("the first container starts the unit, the next asks nobody") {
  host h;
  const auto first = opened(h);
  CHECK(first->paths() == path_map{{"", h.tree.at(shared + "/p-c1")}});
  REQUIRE(first->create());
  CHECK(h.notes.lines == lines{"start ocikit-machine.service"});
  CHECK(h.tree.has(shared + "/p-c1"));
  auto second = opener_on(h).open({"c2", "machine.slice:p:c2", false, {}, {}});
  REQUIRE((*second)->create());
  CHECK(h.notes.lines.size() == 1);
  REQUIRE((*second)->undo());
  CHECK_FALSE(h.tree.has(shared + "/p-c2"));
  CHECK(h.tree.has(shared + "/keeper"));
}

TEST_CASE("a unit that somebody else starts is waited for; one whose keeper has died is started anew") {
  host h;
  h.tree.put(shared + "/keeper/cgroup.events", "populated 0\nfrozen 0\n");
  h.notes.on_start = [&h]() -> result<void> {
    if (h.notes.lines.size() > 2) h.bring_up();
    return tl::unexpected(error::from_errno(EEXIST, "there"));
  };
  REQUIRE(opened(h)->create());
  CHECK(h.notes.lines == lines{"start ocikit-machine.service", "reset ocikit-machine.service",
                               "start ocikit-machine.service", "reset ocikit-machine.service"});
}

TEST_CASE("what systemd refuses is told, and no directory is made in its stead") {
  host h;
  h.notes.on_start = [] { return result<void>{tl::unexpected(error::state("got \"failed\""))}; };
  CHECK(opened(h)->create().error().message() == "unable to apply cgroup configuration: got \"failed\"");
  CHECK_FALSE(h.tree.has("cg/machine.slice"));
}

TEST_CASE("a process that may not be moved is moved by systemd, where that is the reason") {
  struct refusing final : below_unit_driver {
    explicit refusing(int why) : below_unit_driver{std::make_unique<no_cgroup>(), {}, {}, true}, code{why} {}
    result<void> attach(pid_t) override { return tl::unexpected(error::from_errno(code, "write")); }
    int code;
  };
  host h;
  const auto connect = testing::connect_to_notes(h.notes);
  const unit_part part{"ocikit-machine.service", "p-c1"};
  REQUIRE(below_unit_driver{std::make_unique<refusing>(EACCES), part, connect, true}.attach(17));
  CHECK(h.notes.lines == lines{"attach ocikit-machine.service /p-c1 17"});
  CHECK_FALSE(below_unit_driver{std::make_unique<refusing>(ESRCH), part, connect, true}.attach(17));
  CHECK(h.notes.lines.size() == 1);
}

TEST_CASE("a property of the unit that a container asks for is refused") {
  host h;
  const auto refused = opener_on(h).open({"c1", "", false, {}, {{"org.systemd.property.KillSignal", "37"}}});
  CHECK(refused.error().message() ==
        "the container has no unit of its own to set a property of "
        "(config.json#/annotations/org.systemd.property.KillSignal)");
}

TEST_CASE("a user's unit is below the user's manager") {
  host h;
  h.tree.put("proc/uid_map", "0 1000 1\n");
  const auto made = opener_on(h, true).open({"c1", "", true, {}, {}});
  CHECK((*made)->paths() ==
        path_map{{"", h.tree.at("cg/user.slice/user@1.service/user.slice/ocikit-user.service/runc-c1")}});
}
