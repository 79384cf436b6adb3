// SPDX-License-Identifier: Apache-2.0
//
// remap-rootfs BUNDLE
// Gives every file of the bundle's root file system to the host ids that config.json's mappings name for its owner.
#include <ftw.h>

#include <cstdint>
#include <set>
#include <utility>

#include <simdjson.h>

#include "unix_socket.hpp"

namespace {
using namespace ocikit;
using namespace ocikit::tools;

struct range {
  std::uint64_t inside, outside, size;
};

std::uint64_t read_number(simdjson::dom::element object, const char* key) {
  std::uint64_t number = 0;
  if (object[key].get(number) != simdjson::SUCCESS) die(error::config("", std::string{"a mapping without "} + key));
  return number;
}

std::vector<range> read_mappings(simdjson::dom::element config, const char* pointer) {
  std::vector<range> found;
  simdjson::dom::array list;
  if (config.at_pointer(pointer).get(list) != simdjson::SUCCESS) return found;
  for (const auto entry : list)
    found.push_back({read_number(entry, "containerID"), read_number(entry, "hostID"), read_number(entry, "size")});
  return found;
}

/// The host's id for the container's `id`; an id that no mapping holds stays as it is.
std::uint32_t to_host(const std::vector<range>& ranges, std::uint32_t id) {
  for (const auto& one : ranges)
    if (id >= one.inside && id - one.inside < one.size)
      return static_cast<std::uint32_t>(id - one.inside + one.outside);
  return id;
}

// nftw(3) hands its visitor no context.
std::vector<range> uids, gids;
std::set<std::pair<dev_t, ino_t>> done;  // a hard link must not be moved twice

int remap_one(const char* path, const struct stat* found, int, FTW*) {
  if (!done.emplace(found->st_dev, found->st_ino).second) return 0;
  const auto to = [&](std::string_view what) { return error::from_errno(errno, sys::call_text(what, path)); };
  if (::lchown(path, to_host(uids, found->st_uid), to_host(gids, found->st_gid)) != 0) die(to("lchown"));
  // The kernel takes set-user-id bits away when the owner changes.
  if (!S_ISLNK(found->st_mode) && ::chmod(path, found->st_mode & 07777) != 0) die(to("chmod"));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) usage("BUNDLE");
  const std::string bundle = argv[1];
  simdjson::dom::parser parser;
  simdjson::dom::element config;
  if (parser.load(bundle + "/config.json").get(config) != simdjson::SUCCESS)
    die(error::config("", "cannot read " + bundle + "/config.json"));
  uids = read_mappings(config, "/linux/uidMappings");
  gids = read_mappings(config, "/linux/gidMappings");
  std::string_view root;
  if (config.at_pointer("/root/path").get(root) != simdjson::SUCCESS) root = "rootfs";
  const std::string path = root.substr(0, 1) == "/" ? std::string{root} : bundle + "/" + std::string{root};
  if (::nftw(path.c_str(), remap_one, 64, FTW_PHYS | FTW_MOUNT) != 0)
    die(error::from_errno(errno, sys::call_text("nftw", path)));
}
