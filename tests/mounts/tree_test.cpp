// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <ocikit/mounts/plan.hpp>

#include "catch.hpp"
#include "mounts/known_facts.hpp"
#include "steps_text.hpp"

// The parts of plan.hpp around the mounts themselves: root, devices, restrictions, change of root.
using namespace ocikit;
using namespace ocikit::mounts;
using ocikit::testing::full_text;
using ocikit::testing::known_facts;

namespace {

using steps = step_list<mounts::step>;

constexpr std::pair<spec::propagation, std::uint64_t> propagations[] = {
    {spec::propagation::shared, MS_SHARED},         {spec::propagation::rshared, MS_SHARED | MS_REC},
    {spec::propagation::slave, MS_SLAVE},           {spec::propagation::rslave, MS_SLAVE | MS_REC},
    {spec::propagation::private_, MS_PRIVATE},      {spec::propagation::rprivate, MS_PRIVATE | MS_REC},
    {spec::propagation::unbindable, MS_UNBINDABLE}, {spec::propagation::runbindable, MS_UNBINDABLE | MS_REC},
};

std::string root_text(const spec::linux_platform& platform, const facts& known) {
  text_pool texts;
  return full_text(plan_root(platform, known, texts));
}

}  // namespace

TEST_CASE("the root becomes a mount of its own in a tree that no longer reaches the host") {
  const planned<mounts::step> bound{bind_root{"/b/rootfs"}, "/root/path"};
  CHECK(root_text({}, known_facts()) == full_text(steps{{set_propagation{MS_SLAVE | MS_REC}, ""}, bound}));
  for (const auto& [value, flags] : propagations) {
    CAPTURE(flags);
    const std::string where = "/linux/rootfsPropagation";
    steps wanted{{set_propagation{flags}, where}};
    // pivot_root(2) refuses a parent that others see.
    if ((flags & (MS_SHARED | MS_UNBINDABLE)) != 0) wanted.push_back({isolate_parent{"/b/rootfs"}, where});
    wanted.push_back(bound);
    CHECK(root_text({.rootfs_propagation = value}, known_facts()) == full_text(wanted));
  }
  facts shared_with_host = known_facts();
  shared_with_host.mount_namespace = false;
  CHECK(root_text({.rootfs_propagation = spec::propagation::rshared}, shared_with_host) == full_text(steps{bound}));
}

namespace {

std::string change_text(const spec::config& config, const facts& known) {
  text_pool texts;
  return full_text(plan_root_change(config, known, texts));
}

spec::config config_with(std::string cwd, bool readonly) {
  spec::config out;
  out.process = spec::process{.cwd = std::move(cwd)};
  out.root = spec::root{.path = "rootfs", .readonly = readonly};
  return out;
}

}  // namespace

TEST_CASE("the root is changed by pivot_root(2), by a move or by chroot(2), as the host and --no-pivot want it") {
  facts known = known_facts();
  known.host_kernel_mounts = {"/proc", "/sys"};
  const spec::config plain = config_with("/", false);
  CHECK(change_text(plain, known) == full_text(steps{{pivot_root{}, "/root/path"}}));
  known.no_pivot = true;
  CHECK(change_text(plain, known) ==
        full_text(steps{{hide_mount{"/proc"}, ""}, {hide_mount{"/sys"}, ""}, {move_root{}, "/root/path"}}));
  known.mount_namespace = false;
  CHECK(change_text(plain, known) == full_text(steps{{change_root{}, "/root/path"}}));
}

TEST_CASE("the working directory is made while the root can be written, and read-only comes last") {
  spec::config config = config_with("/work/here", true);
  config.platform = spec::linux_platform{.rootfs_propagation = spec::propagation::rshared};
  CHECK(change_text(config, known_facts()) ==
        full_text(steps{{make_directory{"/work/here"}, "/process/cwd"},
                        {pivot_root{}, "/root/path"},
                        {change_propagation{"/", MS_SHARED | MS_REC}, "/linux/rootfsPropagation"},
                        {change_attributes{"/", {MOUNT_ATTR_RDONLY, 0}}, "/root/readonly"}}));
}

TEST_CASE("the asked-for propagation is set again behind the new root, unless it is the private one it has") {
  for (const auto& [value, flags] : propagations) {
    CAPTURE(flags);
    spec::config config = config_with("/", false);
    config.platform = spec::linux_platform{.rootfs_propagation = value};
    steps wanted{{pivot_root{}, "/root/path"}};
    if ((flags & MS_PRIVATE) == 0) wanted.push_back({change_propagation{"/", flags}, "/linux/rootfsPropagation"});
    CHECK(change_text(config, known_facts()) == full_text(wanted));
  }
}

TEST_CASE("read-only paths come before masked ones, and a path is masked once, because masks would pile up") {
  const spec::linux_platform platform{.masked_paths = {"/proc/keys", "/proc/acpi", "/proc/keys", "/proc/acpi", "/x"},
                                      .readonly_paths = {"/proc/sys", "/proc/sys"}};
  constexpr const char* data = "nr_blocks=1,nr_inodes=2,mode=0755";
  text_pool texts;
  CHECK(full_text(plan_restrictions(platform, known_facts(), texts)) ==
        full_text(steps{{protect{"/proc/sys"}, "/linux/readonlyPaths/0"},
                        {protect{"/proc/sys"}, "/linux/readonlyPaths/1"},
                        {mask{"/proc/keys", data}, "/linux/maskedPaths/0"},
                        {mask{"/proc/acpi", data}, "/linux/maskedPaths/1"},
                        {mask{"/x", data}, "/linux/maskedPaths/4"}}));
  CHECK(plan_restrictions({}, known_facts(), texts).empty());
}

namespace {

std::string device_text(std::vector<spec::device> devices, const facts& known, std::vector<spec::mount> mounts = {}) {
  text_pool texts;
  spec::config config{.mounts = std::move(mounts)};
  config.platform = spec::linux_platform{.devices = std::move(devices)};
  return full_text(plan_devices(config, known, texts));
}

planned<mounts::step> standard(zstring_view file, zstring_view path, std::uint32_t major, std::uint32_t minor,
                               bool bind = false) {
  return {make_node{"dev", file, path, S_IFCHR | 0666, major, minor, 0, 0, bind}, ""};
}

/// The nodes that every container has, without those named.
steps standard_nodes(const std::vector<std::string>& without = {}, bool bind = false) {
  steps out;
  const auto add = [&](zstring_view file, zstring_view path, std::uint32_t major, std::uint32_t minor) {
    for (const std::string& name : without)
      if (std::string_view{file} == name) return;
    out.push_back(standard(file, path, major, minor, bind));
  };
  add("null", "/dev/null", 1, 3);
  add("zero", "/dev/zero", 1, 5);
  add("full", "/dev/full", 1, 7);
  add("random", "/dev/random", 1, 8);
  add("urandom", "/dev/urandom", 1, 9);
  add("tty", "/dev/tty", 5, 0);
  return out;
}

std::string with_links(steps nodes, bool kcore = true) {
  steps links{{make_link{"dev", "fd", "/proc/self/fd", false}, ""},
              {make_link{"dev", "stdin", "/proc/self/fd/0", false}, ""},
              {make_link{"dev", "stdout", "/proc/self/fd/1", false}, ""},
              {make_link{"dev", "stderr", "/proc/self/fd/2", false}, ""},
              {make_link{"dev", "core", "/proc/kcore", false}, ""},
              {make_link{"dev", "ptmx", "pts/ptmx", true}, ""}};
  if (!kcore) links.erase(links.begin() + 4);
  nodes.insert(nodes.end(), links.begin(), links.end());
  return full_text(nodes);
}

}  // namespace

TEST_CASE("every container has the standard devices and links") {
  CHECK(device_text({}, known_facts()) == with_links(standard_nodes()));
}

TEST_CASE("there is no /dev/core on a kernel without /proc/kcore, because the link would lead nowhere") {
  auto known = known_facts();
  known.kcore = false;
  CHECK(device_text({}, known) == with_links(standard_nodes(), false));
}

TEST_CASE("a device of the config replaces a standard one of its path and keeps its own place") {
  steps nodes = standard_nodes({"null", "tty"});
  nodes.push_back({make_node{"dev", "null", "/dev/null", S_IFCHR | 0600, 9, 8, 7, 6, false}, "/linux/devices/0"});
  nodes.push_back(
      {make_node{"dev/a/b", "disk", "/dev/a/b/disk", S_IFBLK | 0666, 8, 1, 0, 0, false}, "/linux/devices/1"});
  nodes.push_back({make_node{"", "pipe", "/pipe", S_IFIFO | 07777, 0, 0, 0, 0, false}, "/linux/devices/2"});
  nodes.push_back({make_node{"dev", "tty", "/dev/tty", S_IFCHR | 0666, 5, 0, 0, 0, false}, "/linux/devices/4"});
  CHECK(device_text({{"/dev/null", spec::device_type::character, 9, 8, 0600, 7, 6},
                     {"/dev//a/./b/disk", spec::device_type::block, 8, 1, {}, {}, {}},
                     {"/pipe", spec::device_type::fifo, 0, 0, 0107777, {}, {}},
                     {"/dev/ptmx", spec::device_type::character, 5, 2, {}, {}, {}},  // always the link
                     {"/dev/x/../tty", spec::device_type::unbuffered, 5, 0, {}, {}, {}}},
                    known_facts()) == with_links(nodes));
}

TEST_CASE("in a user namespace the host's nodes are bound and belong to nobody else, because mknod(2) is forbidden") {
  facts known = known_facts();
  known.user_namespace = true;
  steps nodes = standard_nodes({}, true);
  nodes.push_back({make_node{"dev", "fuse", "/dev/fuse", S_IFCHR | 0600, 10, 229, 0, 0, true}, "/linux/devices/0"});
  nodes.push_back({make_node{"dev", "p", "/dev/p", S_IFIFO | 0666, 0, 0, 0, 0, false}, "/linux/devices/1"});
  CHECK(device_text({{"/dev/fuse", spec::device_type::character, 10, 229, 0600, 5, 5},
                     {"/dev/p", spec::device_type::fifo, 0, 0, {}, 5, 5}},
                    known) == with_links(nodes));
}

TEST_CASE("a /dev that is bound is the user's own: nothing is made in it") {
  const auto dev = [](const char* destination, const char* type, std::vector<std::string> options) {
    return spec::mount{.destination = destination, .type = type, .source = "/dev", .options = std::move(options)};
  };
  const std::string none = full_text(steps{});
  const std::string all = with_links(standard_nodes());
  CHECK(device_text({}, known_facts(), {dev("/dev", "none", {"ro", "rbind"})}) == none);
  CHECK(device_text({}, known_facts(), {dev("/dev/", "none", {"bind"})}) == none);
  CHECK(device_text({}, known_facts(), {dev("/dev", "tmpfs", {"ro"})}) == all);
  CHECK(device_text({}, known_facts(), {dev("/dev/shm", "none", {"bind"})}) == all);
}
