// SPDX-License-Identifier: Apache-2.0
#include "documents.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <ocikit/spec/write.hpp>

namespace spec_parse {

namespace spec = ocikit::spec;

namespace {

constexpr std::size_t padding = 64;
constexpr std::size_t large_bytes = 1UL << 20;

std::string numbered(std::string_view text, std::size_t i) { return std::string{text} + std::to_string(i); }

void add_mount(spec::config& to, std::size_t i) {
  to.mounts.push_back({.destination = numbered("/var/run/secrets/kubernetes.io/projected/volume-", i),
                       .type = "bind",
                       .source = numbered("/var/lib/kubelet/pods/5f1c6d3e/volumes/kubernetes.io~projected/volume-", i),
                       .options = {{"rbind", "rprivate", i % 2 == 0 ? "ro" : "rw", "nosuid", "nodev"}}});
}

void add_variable(spec::config& to, std::size_t i) {
  to.process.value().env.value().push_back(numbered("BACKEND_", i) + "_SERVICE_HOST=10.96." + std::to_string(i % 256) +
                                           ".17");
}

void add_annotation(spec::config& to, std::size_t i) {
  const auto key = numbered("io.kubernetes.container.note-", i);
  if (i % 4 == 0)
    to.annotations.emplace_back(key, "{\"containers\":[{\"name\":\"" + numbered("web-", i) + "\",\"ready\":true}]}\n");
  else
    to.annotations.emplace_back(key, numbered("sha256:9b2a7c0d5e41f38866aa03bd1470c15b2299e9f7d1c8a1d0f4e2b7c35d6", i));
}

void add_device(spec::linux_platform& to, std::size_t i) {
  const auto minor = static_cast<std::int64_t>(i);
  to.devices.push_back({.path = numbered("/dev/accelerator/card", i),
                        .type = spec::device_type::character,
                        .major = 226,
                        .minor = minor,
                        .file_mode = 0660,
                        .uid = 0,
                        .gid = 44});
  to.resources.value().devices.push_back(
      {.allow = true, .type = spec::device_rule_type::character, .major = 226, .minor = minor, .access = "rwm"});
}

void add_rule(spec::seccomp& to, std::size_t i) {
  to.syscalls.push_back({.names = {"personality", "clone", "socket", "keyctl"},
                         .action = spec::seccomp_action::allow,
                         .args = {{.index = static_cast<std::uint32_t>(i % 6),
                                   .value = 0x20000 + i,
                                   .value_two = i,
                                   .op = spec::seccomp_operator::masked_eq}}});
}

}  // namespace

document::document(std::string name, std::string text)
    : name_{std::move(name)}, size_{text.size()}, padded_{std::move(text) + std::string(padding, '\0')} {}

document document_of_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) throw std::runtime_error{path + " cannot be read"};
  return {std::filesystem::path{path}.stem(), {std::istreambuf_iterator<char>{in}, {}}};
}

document large_document(spec::config from) {
  auto& linux_part = from.platform.value();
  std::string text;
  for (std::size_t i = 0; text.size() < large_bytes; ++i) {
    add_mount(from, i);
    add_variable(from, 2 * i);
    add_variable(from, 2 * i + 1);
    add_annotation(from, i);
    if (i % 2 == 0) add_device(linux_part, i);
    if (i % 2 == 0) add_rule(linux_part.seccomp.value(), i);
    if (i % 16 == 0) text = spec::write(from);
  }
  return {"1 MiB", std::move(text)};
}

}  // namespace spec_parse
