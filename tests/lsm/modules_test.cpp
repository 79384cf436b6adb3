// SPDX-License-Identifier: Apache-2.0
//
// The security modules on kernels that have them or not: trees of files with the kernel's own text.
#include <ocikit/lsm/apparmor.hpp>
#include <ocikit/lsm/selinux.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::lsm;
namespace fs = std::filesystem;

namespace {

/// A directory with files, gone at its end.
class tree {
 public:
  tree() {
    std::string path = fs::temp_directory_path() / "ocikit-lsm-XXXXXX";
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    root_ = path;
  }
  tree(const tree&) = delete;
  tree& operator=(const tree&) = delete;
  ~tree() { fs::remove_all(root_); }

  void write(const std::string& path, std::string_view text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream{root_ / path, std::ios::binary} << text;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return root_ / name; }

 private:
  fs::path root_;
};

/// The message of a refusal, or "accepted".
std::string outcome_of(security_module& with, const request& wanted) {
  const auto got = with.translate(wanted);
  return got ? "accepted" : got.error().message();
}

constexpr std::string_view file_systems = "nodev\tsysfs\nnodev\tproc\nnodev\tselinuxfs\n\text4\n";

}  // namespace

TEST_CASE("a profile goes to AppArmor's own file, on kernels before 5.8 to the one that modules share") {
  tree host;
  host.write("sys/module/apparmor/parameters/enabled", "Y\n");
  host.write("proc/thread-self/attr/exec", "");
  apparmor module{host.path("sys"), host.path("proc")};
  labels wanted;
  wanted.program = {"exec", "exec engine-default",
                    "unable to apply apparmor profile: apparmor failed to apply profile"};
  CHECK(module.translate({"engine-default", ""}).value() == wanted);
  host.write("proc/thread-self/attr/apparmor/exec", "");
  wanted.program.file = "apparmor/exec";
  CHECK(module.translate({"engine-default", ""}).value() == wanted);
}

TEST_CASE("a profile on a kernel without AppArmor, or with it off, is refused: it would not confine anything") {
  const std::string refusal =
      "apparmor failed to apply profile: apparmor is disabled or not supported "
      "(config.json#/process/apparmorProfile)";
  tree host;
  host.write("proc/thread-self/attr/exec", "");  // which is another module's then
  apparmor module{host.path("sys"), host.path("proc")};
  CHECK(outcome_of(module, {"p", ""}) == refusal);
  host.write("sys/module/apparmor/parameters/enabled", "N\n");
  CHECK(outcome_of(module, {"p", ""}) == refusal);
  CHECK(outcome_of(module, {"", ""}) == "accepted");
  host.write("sys/module/apparmor/parameters/enabled", "Y\n");
  CHECK(outcome_of(module, {"p", ""}) == "accepted");
  CHECK(outcome_of(module, {"", "m"}) == "AppArmor knows no labels of mounts (config.json#/linux/mountLabel)");
}

TEST_CASE("a context goes to the program and its keyring, a mount's into quotes because levels hold commas") {
  tree host;
  host.write("filesystems", file_systems);
  host.write("thread-self/attr/current", std::string_view{"u:r:runtime_t:s0\0", 17});
  selinux module{host.path("")};
  labels wanted;
  wanted.program = {"exec", "u:r:c_t:s0:c1,c2", "can't set process label"};
  wanted.keyring = {"keycreate", "u:r:c_t:s0:c1,c2", "can't set the label of the session keyring"};
  CHECK(module.translate({"u:r:c_t:s0:c1,c2", ""}).value() == wanted);
  wanted.mount_option = "context=\"u:object_r:f_t:s0:c1,c2\"";
  CHECK(module.translate({"u:r:c_t:s0:c1,c2", "u:object_r:f_t:s0:c1,c2"}).value() == wanted);
  wanted.program = wanted.keyring = {};
  CHECK(module.translate({"", "u:object_r:f_t:s0:c1,c2"}).value() == wanted);
}

TEST_CASE("a context on a kernel without SELinux, or before it has a policy, is refused") {
  const std::string program =
      "selinux label is specified in config, but selinux is disabled or not supported "
      "(config.json#/process/selinuxLabel)";
  const std::string mount =
      "selinux mount label is specified in config, but selinux is disabled or not supported "
      "(config.json#/linux/mountLabel)";
  tree host;
  selinux module{host.path("")};
  const auto refused = [&] {
    CHECK(outcome_of(module, {"l", ""}) == program);
    CHECK(outcome_of(module, {"", "m"}) == mount);
  };
  refused();
  host.write("filesystems", "nodev\tsysfs\n\text4\n");
  host.write("thread-self/attr/current", "unconfined\n");  // AppArmor's
  refused();
  host.write("filesystems", file_systems);
  host.write("thread-self/attr/current", std::string_view{"kernel\0", 7});
  refused();
  host.write("thread-self/attr/current", "");
  refused();
  host.write("thread-self/attr/current", "u:r:kernel_t:s0");
  CHECK(outcome_of(module, {"l", "m"}) == "accepted");
  CHECK(outcome_of(module, {"", ""}) == "accepted");
}

TEST_CASE("labels that the kernel could only misunderstand are refused, whatever it supports") {
  tree host;
  apparmor profiles{host.path("sys"), host.path("proc")};
  selinux contexts{host.path("")};
  CHECK(outcome_of(profiles, {"a\nb", ""}) == "a label with control characters (config.json#/process/apparmorProfile)");
  CHECK(outcome_of(contexts, {"a\x7f", ""}) == "a label with control characters (config.json#/process/selinuxLabel)");
  CHECK(outcome_of(contexts, {"", std::string(1, '\0')}) ==
        "a label with control characters (config.json#/linux/mountLabel)");
  CHECK(outcome_of(contexts, {"", "x\",size=1,y=\""}) ==
        "a label with a quotation mark (config.json#/linux/mountLabel)");
  CHECK(outcome_of(profiles, {std::string(4001, 'a'), ""}) ==
        "a label of more than 4000 bytes (config.json#/process/apparmorProfile)");
}
