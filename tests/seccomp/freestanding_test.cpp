// SPDX-License-Identifier: Apache-2.0
//
// The step without any library: linked with -nostdlib, so that a symbol of the C or C++ runtime fails the build. Loads
// a filter that makes getppid(2) ENODEV and exits 0 when that is what getppid says.
#include <sys/prctl.h>

#include <ocikit/seccomp/execute.hpp>

namespace {
constexpr unsigned enodev = 19;
constexpr struct ::sock_filter filter[] = {
    {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
    {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_getppid},
    {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | enodev},
    {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
};
}  // namespace

extern "C" [[noreturn]] void _start() {
  using namespace ocikit;
  if (sys::raw::failed(sys::raw::prctl(PR_SET_NO_NEW_PRIVS, 1))) sys::raw::exit_group(1);
  seccomp::load_filter step;
  step.program = std::as_bytes(std::span{filter});
  std::size_t words = 0;
  for_each_member(step, [&](std::string_view name, const auto&) { words += name.size(); });
  if (words != sizeof "program" + sizeof "flags" + sizeof "notify" - 3) sys::raw::exit_group(2);
  if (sys::raw::failed(seccomp::execute(step))) sys::raw::exit_group(3);
  sys::raw::exit_group(sys::raw::getppid() == -static_cast<long>(enodev) ? 0 : 4);
}
