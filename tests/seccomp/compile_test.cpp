// SPDX-License-Identifier: Apache-2.0
//
// What compiled filters answer, told by the interpreter; and the same in a real process.
#include <ocikit/seccomp/compile.hpp>

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <chrono>
#include <random>
#include <set>

#include <ocikit/plugin/loader.hpp>
#include <ocikit/seccomp/execute.hpp>
#include <ocikit/seccomp/from_plugin.hpp>

#include "bpf_interpreter.hpp"
#include "catch.hpp"
#include "compiler.hpp"
#include "profile.hpp"

using namespace ocikit;
using namespace ocikit::seccomp;

namespace {

constexpr kernel_facts newest_kernel{filter_flag::all};
constexpr std::uint32_t eperm = SECCOMP_RET_ERRNO | 1, enosys = SECCOMP_RET_ERRNO | 38, allowed = SECCOMP_RET_ALLOW;
constexpr arch_token i386 = token_of(spec::seccomp_arch::x86), aarch64 = token_of(spec::seccomp_arch::aarch64);

/// A compiled profile that can be asked.
class answers {
 public:
  explicit answers(const spec::seccomp& profile) {
    libseccomp_compiler with;
    auto made = compile(profile, newest_kernel, with);
    if (!made) throw std::runtime_error(made.error().message());
    filter = *std::move(made);
    program = bpf::instructions(filter.program);
  }
  explicit answers(std::string_view json) : answers{profile_from(json)} {}

  std::uint32_t ask(arch_token arch, std::int64_t number, std::array<std::uint64_t, 6> args = {}) const {
    ::seccomp_data data{};
    data.arch = arch == token_x32 ? token_x86_64 : arch;
    data.nr = static_cast<int>(number);
    std::copy(args.begin(), args.end(), data.args);
    return bpf::evaluate(program, data);
  }
  std::uint32_t ask(arch_token arch, const char* name, std::array<std::uint64_t, 6> args = {}) const {
    return ask(arch, ::seccomp_syscall_resolve_name_arch(arch, name), args);
  }

  compiled_filter filter;
  std::vector<::sock_filter> program;
};

bool condition_holds(const spec::seccomp_arg& c, std::uint64_t x) {
  switch (c.op) {
    case spec::seccomp_operator::ne:
      return x != c.value;
    case spec::seccomp_operator::lt:
      return x < c.value;
    case spec::seccomp_operator::le:
      return x <= c.value;
    case spec::seccomp_operator::eq:
      return x == c.value;
    case spec::seccomp_operator::ge:
      return x >= c.value;
    case spec::seccomp_operator::gt:
      return x > c.value;
    case spec::seccomp_operator::masked_eq:
      return (x & c.value) == c.value_two;
  }
  return false;
}

/// What the specification says about a call, read off the profile entry by entry: the slow reference.
std::uint32_t expected(const spec::seccomp& profile, std::string_view name, const std::array<std::uint64_t, 6>& args) {
  for (const auto& entry : profile.syscalls) {
    if (std::find(entry.names.begin(), entry.names.end(), name) == entry.names.end()) continue;
    const bool all = std::all_of(entry.args.begin(), entry.args.end(),
                                 [&](const auto& c) { return condition_holds(c, args[c.index]); });
    if (all) return seccomp::detail::return_value(entry.action, entry.errno_ret).value();
  }
  return seccomp::detail::return_value(*profile.default_action, profile.default_errno_ret).value();
}

/// libseccomp's own filter for all architectures of a request at once.
std::vector<::sock_filter> all_at_once(const request& wanted) {
  const std::unique_ptr<void, decltype(&::seccomp_release)> made{::seccomp_init(wanted.default_action),
                                                                 &::seccomp_release};
  for (const auto& arch : wanted.architectures) (void)::seccomp_arch_add(made.get(), arch.token);
  for (const auto& rule : wanted.rules) {
    std::vector<scmp_arg_cmp> conditions;
    for (const auto& c : rule.conditions)
      conditions.push_back({c.index, static_cast<scmp_compare>(static_cast<int>(c.op) + 1), c.value, c.value_two});
    const int number = ::seccomp_syscall_resolve_name(rule.name.c_str());
    if (number == __NR_SCMP_ERROR) continue;
    REQUIRE(::seccomp_rule_add_array(made.get(), rule.action, number, static_cast<unsigned>(conditions.size()),
                                     conditions.data()) == 0);
  }
  const unique_fd file = sys::memfd_create("reference", 0).value();
  REQUIRE(::seccomp_export_bpf(made.get(), file.get()) == 0);
  REQUIRE(sys::raw::lseek(file.get(), 0, SEEK_SET) == 0);
  const std::string bytes = sys::read_all(file, 1 << 20).value();
  return bpf::instructions(std::as_bytes(std::span{bytes}));
}

/// A compiler that says what it was told to.
class fake_compiler final : public compiler {
 public:
  assembled says;
  result<assembled> assemble(const request&) override { return says; }
};

}  // namespace

TEST_CASE("an engine's default profile answers as the specification reads, on all its architectures") {
  const auto profile = profile_of_config("bench/profiles/engine.json");
  const answers filter{profile};
  std::mt19937_64 random{20220101};
  for (const arch_token arch : {token_x86_64, i386, token_x32}) {
    for (std::int64_t number = 0; number < 480; ++number) {
      const auto call = arch == token_x32 ? number | x32_bit : number;
      char* name = ::seccomp_syscall_resolve_num_arch(arch, static_cast<int>(call));
      const std::string known = name != nullptr ? name : "";
      ::free(name);
      for (int round = 0; round < 8; ++round) {
        // Values near those that the profile tests, in either half of the word.
        const std::array<std::uint64_t, 6> args = {round < 4 ? random() % 16 : random(), random() % 64, 0, 0, 0, 0};
        CAPTURE(arch, number, known, args[0]);
        REQUIRE(filter.ask(arch, call, args) == expected(profile, known, args));
      }
    }
  }
  for (const std::uint64_t persona : {0ULL, 8ULL, 0x20000ULL, 0x20008ULL, 0xffffffffULL})
    CHECK(filter.ask(token_x86_64, "personality", {persona}) == allowed);
  CHECK(filter.ask(token_x86_64, "personality", {0x100000008ULL}) == enosys);
  CHECK(filter.ask(aarch64, 1) == SECCOMP_RET_KILL_THREAD);
}

TEST_CASE("a tree gives the answers that a list of comparisons gives") {
  // More than 32 rules make libseccomp sort into a tree; the profile cut down to sixteen names stays a list.
  const auto whole = profile_of_config("bench/profiles/engine.json");
  const answers tree{whole};
  std::set<std::string> names;
  for (const auto& entry : whole.syscalls) names.insert(entry.names.begin(), entry.names.end());
  while (!names.empty()) {
    std::set<std::string> few;
    while (few.size() < 16 && !names.empty()) few.insert(names.extract(names.begin()));
    auto part = whole;
    for (auto& entry : part.syscalls) std::erase_if(entry.names, [&](const auto& name) { return !few.contains(name); });
    const answers list{part};
    for (const auto& name : few) {
      CAPTURE(name);
      for (const arch_token arch : {token_x86_64, i386, token_x32})
        CHECK(tree.ask(arch, name.c_str(), {8}) == list.ask(arch, name.c_str(), {8}));
    }
  }
}

TEST_CASE("architectures compiled one by one answer as those that libseccomp compiles together") {
  // i386 has socketcall(2) and ipc(2) for what are calls of their own elsewhere; ARM has calls that x86 lacks.
  const auto odd = profile_from(
      "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,'architectures':['SCMP_ARCH_X86','SCMP_ARCH_X32',"
      "'SCMP_ARCH_AARCH64','SCMP_ARCH_ARM'],'syscalls':["
      "{'names':['socket','read','semget','openat2'],'action':'SCMP_ACT_ALLOW'},"
      "{'names':['bind','shmget','arm_fadvise64_64'],'action':'SCMP_ACT_LOG'},"
      "{'names':['write'],'action':'SCMP_ACT_TRAP','args':[{'index':0,'value':3,'op':'SCMP_CMP_EQ'}]},"
      "{'names':['dup3','mmap2'],'action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':4,'op':'SCMP_CMP_LE'}]}]}");
  std::mt19937_64 random{20230402};
  for (const auto& profile : {odd, profile_of_config("bench/profiles/engine.json")}) {
    const answers joined{profile};
    const auto reference = all_at_once(plan_request(profile, newest_kernel).value());
    for (const std::uint32_t arch : {token_x86_64, i386, aarch64, token_of(spec::seccomp_arch::arm), 0U, 0x1234U}) {
      for (std::uint32_t number = 0; number < 1024; ++number) {
        ::seccomp_data data{};
        data.arch = arch;
        data.nr = static_cast<int>(number < 500 ? number : (number - 500) | x32_bit);
        for (auto& argument : data.args) argument = random() % 6;
        CAPTURE(arch, data.nr, data.args[0]);
        REQUIRE(bpf::evaluate(joined.program, data) == bpf::evaluate(reference, data));
      }
    }
  }
}

TEST_CASE("every operator compares 64 bits without sign") {
  struct row {
    const char* op;
    std::uint64_t value, two, argument;
    bool holds;
  };
  constexpr std::uint64_t high = 0x8000000000000000;
  const row table[] = {
      {"NE", 5, 0, 5, false},
      {"NE", 5, 0, 5 | high, true},
      {"LT", 5, 0, 4, true},
      {"LT", 5, 0, 5, false},
      {"LT", 5, 0, 4 | high, false},
      {"LE", 5, 0, 5, true},
      {"LE", 5, 0, 6, false},
      {"LE", 5 | high, 0, 6, true},
      {"EQ", 5, 0, 5, true},
      {"EQ", 5, 0, 5 | high, false},
      {"EQ", ~0ULL, 0, ~0ULL, true},
      {"GE", 5, 0, 5, true},
      {"GE", 5, 0, 4, false},
      {"GE", 5, 0, high, true},
      {"GT", 5, 0, 5, false},
      {"GT", 5, 0, 6, true},
      {"GT", 5 | high, 0, ~0ULL, true},
      {"MASKED_EQ", 0xf0, 0x50, 0x5f, true},
      {"MASKED_EQ", 0xf0, 0x50, 0x6f, false},
      {"MASKED_EQ", high | 1, high, high | 2, true},
      {"MASKED_EQ", high | 1, high, 2, false},
  };
  for (const auto& row : table) {
    CAPTURE(row.op, row.value, row.two, row.argument);
    const answers filter{
        "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['ptrace'],'action':'SCMP_ACT_ALLOW',"
        "'args':[{'index':2,'value':" +
        std::to_string(row.value) + ",'valueTwo':" + std::to_string(row.two) + ",'op':'SCMP_CMP_" + row.op + "'}]}]}"};
    CHECK((filter.ask(token_x86_64, "ptrace", {0, 0, row.argument}) == allowed) == row.holds);
  }
}

TEST_CASE("conditions on different arguments are ANDed, on the same argument ORed") {
  const answers both{
      "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['ftruncate'],'action':'SCMP_ACT_ALLOW','args':["
      "{'index':0,'value':7,'op':'SCMP_CMP_EQ'},{'index':1,'value':9,'op':'SCMP_CMP_EQ'}]}]}"};
  CHECK(both.ask(token_x86_64, "ftruncate", {7, 9}) == allowed);
  CHECK(both.ask(token_x86_64, "ftruncate", {7, 8}) == eperm);
  CHECK(both.ask(token_x86_64, "ftruncate", {6, 9}) == eperm);
  const answers either{
      "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['ftruncate'],'action':'SCMP_ACT_ALLOW','args':["
      "{'index':0,'value':7,'op':'SCMP_CMP_EQ'},{'index':0,'value':9,'op':'SCMP_CMP_EQ'}]}]}"};
  CHECK(either.ask(token_x86_64, "ftruncate", {7}) == allowed);
  CHECK(either.ask(token_x86_64, "ftruncate", {9}) == allowed);
  CHECK(either.ask(token_x86_64, "ftruncate", {8}) == eperm);
}

TEST_CASE("every action comes out as it went in") {
  struct row {
    const char* action;
    std::uint32_t wanted;
  };
  const row table[] = {
      {"'SCMP_ACT_KILL'", SECCOMP_RET_KILL_THREAD},
      {"'SCMP_ACT_KILL_THREAD'", SECCOMP_RET_KILL_THREAD},
      {"'SCMP_ACT_KILL_PROCESS'", SECCOMP_RET_KILL_PROCESS},
      {"'SCMP_ACT_TRAP'", SECCOMP_RET_TRAP},
      {"'SCMP_ACT_ERRNO'", eperm},
      {"'SCMP_ACT_ERRNO','errnoRet':100", SECCOMP_RET_ERRNO | 100},
      {"'SCMP_ACT_ERRNO','errnoRet':0", SECCOMP_RET_ERRNO},
      {"'SCMP_ACT_TRACE'", SECCOMP_RET_TRACE | 1},
      {"'SCMP_ACT_TRACE','errnoRet':3000", SECCOMP_RET_TRACE | 3000},
      {"'SCMP_ACT_LOG'", SECCOMP_RET_LOG},
      {"'SCMP_ACT_NOTIFY'", SECCOMP_RET_USER_NOTIF},
      {"'SCMP_ACT_ALLOW'", SECCOMP_RET_ALLOW},
  };
  for (const auto& row : table) {
    CAPTURE(row.action);
    const answers filter{
        "{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/s','syscalls':[{'names':['mkdir'],"
        "'action':" +
        std::string{row.action} + "}]}"};
    CHECK(filter.ask(token_x86_64, "mkdir") == row.wanted);
    CHECK(filter.ask(token_x86_64, "read") == allowed);
    CHECK(filter.ask(token_x86_64, 9999) == allowed);
    CHECK(filter.filter.notify == (row.wanted == SECCOMP_RET_USER_NOTIF));
  }
}

TEST_CASE("calls newer than the profile are ENOSYS, older ones that it leaves out get its default") {
  const answers filter{
      "{'defaultAction':'SCMP_ACT_KILL_PROCESS','architectures':['SCMP_ARCH_X86'],'syscalls':["
      "{'names':['read','openat2'],'action':'SCMP_ACT_ALLOW'},"
      "{'names':['faccessat2'],'action':'SCMP_ACT_KILL_PROCESS'}]}"};
  CHECK(filter.ask(token_x86_64, 437) == allowed);  // openat2
  CHECK(filter.ask(token_x86_64, 438) == SECCOMP_RET_KILL_PROCESS);
  CHECK(filter.ask(token_x86_64, 439) == SECCOMP_RET_KILL_PROCESS);  // faccessat2: mentioned, so known
  CHECK(filter.ask(token_x86_64, 440) == enosys);
  CHECK(filter.ask(token_x86_64, 100000) == enosys);
  CHECK(filter.ask(i386, 439) == SECCOMP_RET_KILL_PROCESS);
  CHECK(filter.ask(i386, 440) == enosys);
  CHECK(filter.ask(token_x86_64, x32_bit) == SECCOMP_RET_KILL_THREAD);  // an architecture that is not in the profile
  CHECK(filter.ask(aarch64, 63) == SECCOMP_RET_KILL_THREAD);
}

TEST_CASE("unknown names are ignored and listed") {
  const answers filter{
      "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['no_such_call','read'],'action':'SCMP_ACT_ALLOW'},"
      "{'names':['nor_this'],'action':'SCMP_ACT_ERRNO'}]}"};
  CHECK(filter.ask(token_x86_64, "read") == allowed);
  CHECK(filter.filter.unknown == std::vector<std::string>{"no_such_call", "nor_this"});
}

TEST_CASE("no default action and no system calls is no filter") {
  libseccomp_compiler with;
  const auto made = compile(spec::seccomp{}, newest_kernel, with);
  REQUIRE(made);
  CHECK(made->program.empty());
}

TEST_CASE("what libseccomp refuses is told with its place in the profile") {
  libseccomp_compiler with;
  const auto twice = profile_from(
      "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':["
      "{'names':['mkdir'],'action':'SCMP_ACT_ERRNO','args':[{'index':0,'value':1,'op':'SCMP_CMP_EQ'}]},"
      "{'names':['mkdir'],'action':'SCMP_ACT_KILL','args':[{'index':0,'value':1,'op':'SCMP_CMP_EQ'}]}]}");
  const auto conflict = compile(twice, newest_kernel, with);
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error().message() ==
        "compiling the seccomp profile: error adding seccomp filter rule for syscall mkdir: file exists "
        "(config.json#/linux/seccomp/syscalls/1)");
  const auto foreign =
      profile_from("{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86','SCMP_ARCH_S390X']}");
  const auto mixed = compile(foreign, newest_kernel, with);
  REQUIRE_FALSE(mixed);
  CHECK(mixed.error().kind() == errc::config);
  CHECK(mixed.error().where() == "/linux/seccomp/architectures/1");
}

TEST_CASE("what a compiler returns is checked before the kernel sees it") {
  const auto profile = profile_from("{'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X86_64']}");
  fake_compiler with;
  const auto kind_of = [&] {
    const auto made = compile(profile, newest_kernel, with);
    return made ? std::string{"fine"} : made.error().message();
  };
  CHECK(kind_of() == "the seccomp compiler made a program of 0 bytes");
  with.says.program.resize(12);
  CHECK(kind_of() == "the seccomp compiler made a program of 12 bytes");
  with.says.program.resize(4096 * 8);
  CHECK(kind_of() == "the seccomp compiler named the newest call of 0 architectures, not of 1");
  with.says.newest = {-1};
  CHECK(kind_of() == "fine");
  with.says.newest = {300};  // the prologue takes the program over the kernel's limit
  CHECK(kind_of() == "the filter has 4103 instructions, the kernel takes 4096 (config.json#/linux/seccomp)");
}

TEST_CASE("the plugin compiles what its class compiles") {
  const plugin::search where{{}, {OCIKIT_TEST_PLUGIN_DIR}, {}};
  auto loaded = plugin::load(where, "seccomp", "seccomp-libseccomp");
  if (!loaded) FAIL(loaded.error().message());
  auto with = from_plugin(std::move(*loaded));
  REQUIRE(with);
  for (const char* path : {"bench/profiles/engine.json"}) {
    const auto profile = profile_of_config(path);
    const auto through = compile(profile, newest_kernel, **with);
    if (!through) FAIL(through.error().message());
    libseccomp_compiler direct;
    CHECK(*through == *compile(profile, newest_kernel, direct));
    REQUIRE(through->files.size() == 1);
    CHECK(through->files[0].find("libseccomp.so") != std::string::npos);
  }
  const auto bad =
      profile_from("{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86','SCMP_ARCH_S390X']}");
  const auto refused = compile(bad, newest_kernel, **with);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message() ==
        "compiling the seccomp profile: error adding architecture to seccomp filter: numerical argument out of domain "
        "(config.json#/linux/seccomp/architectures/1)");
}

namespace {

/// Ends the child by one system call and nothing else. Not marked noreturn: sanitizers put calls of their own before
/// those, which the filter refuses.
void end_child(int status) {
  for (;;) (void)sys::raw::call(SYS_exit_group, status);
}

/// Runs `body` in a child under the filter and returns its wait status; `body` returns the exit code.
template <class Body>
int under(const answers& filter, Body&& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) end_child(101);
    if (sys::raw::failed(execute(filter.filter.step()))) end_child(102);
    end_child(body());
  }
  int status = 0;
  (void)::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("a loaded filter does for real what the interpreter says") {
  const answers errors{
      "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':["
      "{'names':['mkdir','mkdirat'],'action':'SCMP_ACT_ERRNO'},"
      "{'names':['getppid'],'action':'SCMP_ACT_ERRNO','errnoRet':100},"
      "{'names':['socket'],'action':'SCMP_ACT_ERRNO','errnoRet':22,"
      "'args':[{'index':0,'value':16,'op':'SCMP_CMP_EQ'}]}]}"};
  const int status = under(errors, [] {
    if (sys::raw::mkdirat(AT_FDCWD, "/tmp/never", 0700) != -EPERM) return 1;
    if (sys::raw::getppid() != -100) return 2;
    if (sys::raw::socket(AF_NETLINK, SOCK_RAW, 0) != -EINVAL) return 3;
    if (sys::raw::socket(AF_UNIX, SOCK_STREAM, 0) < 0) return 4;
    return 0;
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a list of allowed calls answers ENOSYS to calls from the future, and kills where it says so") {
  const answers allow{
      "{'defaultAction':'SCMP_ACT_ERRNO','flags':[],'syscalls':["
      "{'names':['exit_group','read','write','openat2'],'action':'SCMP_ACT_ALLOW'},"
      "{'names':['getppid'],'action':'SCMP_ACT_KILL_PROCESS'}]}"};
  CHECK(allow.filter.flags == 0);  // the prctl(2) way
  const int fine = under(allow, [] {
    if (sys::raw::call(1000) != -ENOSYS) return 1;
    if (sys::raw::getpid() != -EPERM) return 2;
    return 0;
  });
  CHECK((WIFEXITED(fine) && WEXITSTATUS(fine) == 0));
  const int killed = under(allow, [] { return static_cast<int>(sys::raw::getppid()); });
  REQUIRE(WIFSIGNALED(killed));
  CHECK(WTERMSIG(killed) == SIGSYS);
}

TEST_CASE("a filter with a notify rule yields its descriptor") {
  const answers notify{
      "{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/s','syscalls':[{'names':['mkdir'],'action':"
      "'SCMP_ACT_NOTIFY'}]}"};
  const auto facts = probe_kernel();
  if (api_level(facts) < 6) {
    WARN("skipped: this kernel has no usable seccomp notify");
    return;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    auto step = notify.filter.step();
    const auto fd = execute(step);
    end_child(fd > 2 && ::fcntl(static_cast<int>(fd), F_GETFD) == FD_CLOEXEC ? 0 : 1);
  }
  int status = 0;
  (void)::waitpid(child, &status, 0);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

TEST_CASE("a program that the kernel's struct cannot hold is refused, not cut") {
  const std::vector<std::byte> nothing;
  const std::vector<std::byte> crooked(12);
  const std::vector<std::byte> long_one((65536 + 1) * sizeof(::sock_filter));
  for (const auto* program : {&nothing, &crooked, &long_one}) CHECK(execute({*program, 0, false}) == -EINVAL);
}

TEST_CASE("how long an engine's profile takes to compile", "[.timing]") {
  const auto profile = profile_of_config("bench/profiles/engine.json");
  libseccomp_compiler with;
  (void)compile(profile, newest_kernel, with);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) (void)compile(profile, newest_kernel, with);
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  const auto made = compile(profile, newest_kernel, with);
  WARN(took.count() / 50 << " us, " << made->program.size() / 8 << " instructions");
}
