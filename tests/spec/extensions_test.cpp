// SPDX-License-Identifier: Apache-2.0
#include <ocikit/spec/extensions.hpp>

#include <string>
#include <vector>

#include "catch.hpp"

using namespace ocikit;

namespace {

std::string outcome_of(const std::string& key, const std::string& value) {
  const auto got = spec::read_extensions({{key, value}});
  return got ? "accepted" : got.error().message();
}

std::string text_of(const std::vector<spec::id_mapping>& maps) {
  std::string out;
  for (const auto& m : maps)
    out += (out.empty() ? "" : " ") + std::to_string(m.container_id) + "-" + std::to_string(m.host_id) + "-" +
           std::to_string(m.size);
  return out;
}

/// What becomes of a mount with this option, in a container that maps 0 to 0 and 1-1000 to 2-1001.
std::string expanded(const std::string& option, std::vector<spec::id_mapping> own = {}) {
  spec::config c;
  c.platform.emplace();
  c.platform->uid_mappings = {{0, 0, 1}, {1, 2, 1000}};
  c.mounts.push_back({.destination = "/m", .options = {{"bind", option}}, .uid_mappings = std::move(own)});
  if (const auto done = spec::expand_extensions(c); !done) return done.error().message();
  return c.mounts[0].options->at(1) + ": " + text_of(c.mounts[0].uid_mappings) + "; " +
         text_of(c.mounts[0].gid_mappings);
}

}  // namespace

TEST_CASE("annotations that nobody here knows mean nothing") {
  CHECK(spec::read_extensions({{"org.x", "1"}, {"run.oci.handler", "wasm"}}) == spec::extensions{});
  CHECK(!spec::is_strange_annotation("org.x"));
  CHECK(spec::is_strange_annotation("run.oci.handler"));
  for (const auto key : spec::annotation::all) CHECK(!spec::is_strange_annotation(key));
}

TEST_CASE("each annotation has its meaning") {
  const auto got = spec::read_extensions({{"run.oci.keep_original_groups", "1"},
                                          {"run.oci.hooks.stdout", "/o"},
                                          {"run.oci.hooks.stderr", "/e"},
                                          {"run.oci.mount_context_type", "fscontext"},
                                          {"run.oci.pidfd_receiver", "p"},
                                          {"run.oci.seccomp.receiver", "/r"},
                                          {"run.oci.delegate-cgroup", "d"}});
  CHECK(got == spec::extensions{.keep_original_groups = true,
                                .hooks_stdout = "/o",
                                .hooks_stderr = "/e",
                                .mount_context_type = "fscontext",
                                .pidfd_receiver = "p",
                                .seccomp_receiver = "/r",
                                .delegate_cgroup = "d"});
  CHECK(spec::read_extensions({{"run.oci.keep_original_groups", "0"}}) == spec::extensions{});
  const std::vector<std::byte> allow{std::byte{6}, {}, {}, {}, {}, {}, std::byte{0xff}, std::byte{0x7f}};
  CHECK(spec::read_extensions({{"run.oci.seccomp_bpf_data", "BgAAAAAA/38="}})->seccomp_program == allow);
}

TEST_CASE("a value that cannot be is refused with the annotation's place") {
  struct row {
    std::string key, value, want;
  };
  const std::string too_long(44000, 'A');
  const row rows[] = {
      {"run.oci.hooks.stdout", "o",
       "annotation run.oci.hooks.stdout is not an absolute path: \"o\" "
       "(config.json#/annotations/run.oci.hooks.stdout)"},
      {"run.oci.hooks.stderr", "",
       "annotation run.oci.hooks.stderr is not an absolute path: \"\" (config.json#/annotations/run.oci.hooks.stderr)"},
      {"run.oci.seccomp.receiver", "r",
       "annotation run.oci.seccomp.receiver is not an absolute path: \"r\" "
       "(config.json#/annotations/run.oci.seccomp.receiver)"},
      {"run.oci.mount_context_type", "seclabel",
       "annotation run.oci.mount_context_type is none of context, fscontext, defcontext and rootcontext "
       "(config.json#/annotations/run.oci.mount_context_type)"},
      {"run.oci.pidfd_receiver", "",
       "annotation run.oci.pidfd_receiver is empty (config.json#/annotations/run.oci.pidfd_receiver)"},
      {"run.oci.seccomp_bpf_data", "!",
       "annotation run.oci.seccomp_bpf_data is not base64 (config.json#/annotations/run.oci.seccomp_bpf_data)"},
      {"run.oci.seccomp_bpf_data", "",
       "annotation run.oci.seccomp_bpf_data has 0 bytes: 1 to 4096 instructions of 8 are possible "
       "(config.json#/annotations/run.oci.seccomp_bpf_data)"},
      {"run.oci.seccomp_bpf_data", "BgAA",
       "annotation run.oci.seccomp_bpf_data has 3 bytes: 1 to 4096 instructions of 8 are possible "
       "(config.json#/annotations/run.oci.seccomp_bpf_data)"},
      {"run.oci.seccomp_bpf_data", too_long,
       "annotation run.oci.seccomp_bpf_data has 33000 bytes: 1 to 4096 instructions of 8 are possible "
       "(config.json#/annotations/run.oci.seccomp_bpf_data)"},
  };
  for (const auto& [key, value, want] : rows) CHECK(outcome_of(key, value) == want);
  for (const std::string& value :
       {std::string{}, std::string{"."}, std::string{".."}, std::string{"a/b"}, std::string{"../x"},
        std::string{"a\nb"}, std::string{"cgroup.procs"}, std::string(256, 'x')})
    CHECK(outcome_of("run.oci.delegate-cgroup", value).starts_with("annotation run.oci.delegate-cgroup is not the"));
  CHECK(spec::read_extensions({{"run.oci.seccomp_bpf_data", "BgAAAAAA/38="}, {"run.oci.seccomp.receiver", "/r"}})
            .error()
            .message() ==
        "annotation run.oci.seccomp.receiver cannot be used with run.oci.seccomp_bpf_data "
        "(config.json#/annotations/run.oci.seccomp.receiver)");
}

TEST_CASE("the receiver is the agent of a profile that names none") {
  spec::config c;
  c.annotations = {{"run.oci.seccomp.receiver", "/r"}};
  CHECK(spec::expand_extensions(c));
  c.platform.emplace().seccomp.emplace();
  CHECK(spec::expand_extensions(c));
  CHECK(c.platform->seccomp->listener_path == "/r");
  c.platform->seccomp->listener_path = "/own";
  CHECK(spec::expand_extensions(c));
  CHECK(c.platform->seccomp->listener_path == "/own");
}

TEST_CASE("id maps among the options become the mount's own") {
  CHECK(expanded("idmap") == "idmap: ; ");
  CHECK(expanded("idmap=uids=0-1-10#10-11-10;gids=0-100-10") == "idmap: 0-1-10 10-11-10; 0-100-10");
  CHECK(expanded("idmap=gids=5-6-7") == "idmap: ; 5-6-7");
  // crun(1)'s example: 3 is 4 on the host.
  CHECK(expanded("idmap=uids=@1-3-10#5-6-7") == "idmap: 1-4-10 5-6-7; ");
}

TEST_CASE("an id map that cannot be read is refused with its option") {
  for (const std::string map :
       {"", "uids", "uids=", "uids=1", "uids=1-2", "uids=1-2-3-4", "uids=1-2-x", "uids=-1-2-3", "uids=1-2-3#",
        "uids=#1-2-3", "uids=1-2-3;uids=1-2-3", "ids=1-2-3", "uids=1-2-3;x", "uids=01-2-3", "uids=1-2-4294967295",
        "uids=@1-1001-1", "gids=@0-0-1", ";", "uids=1-2-3;;"})
    CHECK(expanded("idmap=" + map) == "\"idmap=" + map +
                                          "\" is not of the form idmap=uids=0-1-10#...;gids=... "
                                          "(config.json#/mounts/0/options/1)");
  CHECK(expanded("idmap=uids=0-1-1", {{0, 1, 1}}) ==
        "the mount has another map of ids already (config.json#/mounts/0/options/1)");
}
