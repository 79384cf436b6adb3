// SPDX-License-Identifier: Apache-2.0
//
// The built init: what is in the file, and what it does with plans that nobody should have sent it. Plans here hold
// only steps that do no harm to the machine that tests, whoever runs them.
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <ocikit/container/encode.hpp>
#include <ocikit/container/init_image.hpp>
#include <ocikit/container/init_link.hpp>
#include <ocikit/container/spawn.hpp>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::container;

namespace {

std::string init_file() { return sys::read_file(sys::at_fdcwd, OCIKIT_TEST_INIT, 1 << 20).value(); }

template <class Record>
Record record_at(const std::string& file, std::size_t offset) {
  Record out{};
  REQUIRE(offset + sizeof out <= file.size());
  std::memcpy(&out, file.data() + offset, sizeof out);
  return out;
}

std::vector<Elf64_Phdr> segments_of(const std::string& file) {
  const auto head = record_at<Elf64_Ehdr>(file, 0);
  std::vector<Elf64_Phdr> out;
  for (unsigned i = 0; i < head.e_phnum; ++i)
    out.push_back(record_at<Elf64_Phdr>(file, head.e_phoff + i * sizeof(Elf64_Phdr)));
  return out;
}

/// The value of an entry of the dynamic section; 0 when it has none.
std::uint64_t dynamic_entry(const std::string& file, std::int64_t tag) {
  for (const Elf64_Phdr& segment : segments_of(file)) {
    if (segment.p_type != PT_DYNAMIC) continue;
    for (std::size_t at = 0; at < segment.p_filesz; at += sizeof(Elf64_Dyn)) {
      const auto entry = record_at<Elf64_Dyn>(file, segment.p_offset + at);
      if (entry.d_tag == tag) return entry.d_un.d_val;
    }
  }
  return 0;
}

}  // namespace

TEST_CASE(
    "the init's file needs nobody: position-independent, no loader, no library, only its own addresses to relocate") {
  const std::string file = init_file();
  CHECK(record_at<Elf64_Ehdr>(file, 0).e_type == ET_DYN);
  CHECK((dynamic_entry(file, DT_FLAGS_1) & DF_1_PIE) != 0);
  for (const std::int64_t tag : {DT_NEEDED, DT_RELSZ, DT_PLTRELSZ, 35 /* DT_RELRSZ */, DT_TEXTREL, DT_INIT_ARRAYSZ}) {
    CAPTURE(tag);
    CHECK(dynamic_entry(file, tag) == 0);
  }
  const std::uint64_t relocations = dynamic_entry(file, DT_RELASZ) / sizeof(Elf64_Rela);
  CHECK(dynamic_entry(file, 0x6ffffff9 /* DT_RELACOUNT: those that are relative */) == relocations);
  for (const Elf64_Phdr& segment : segments_of(file)) {
    CHECK(segment.p_type != PT_INTERP);
    CHECK(segment.p_type != PT_TLS);
    CHECK((segment.p_flags & (PF_W | PF_X)) != (PF_W | PF_X));
    if (segment.p_type == PT_GNU_STACK) CHECK((segment.p_flags & PF_X) == 0);
  }
}

TEST_CASE("the init has at most 48 KiB of text and data, because they are copied for every container") {
  std::uint64_t in_file = 0, zeroed = 0;
  for (const Elf64_Phdr& segment : segments_of(init_file())) {
    if (segment.p_type != PT_LOAD) continue;
    in_file += segment.p_filesz;
    zeroed += segment.p_memsz - segment.p_filesz;
  }
  CHECK(in_file > 4096);
  CHECK(in_file <= 49152);
  CHECK(zeroed <= 32768);  // of which only used pages become real
}

namespace {

unique_fd memfd_of(std::string_view bytes) {
  unique_fd out{adopt_fd, ::memfd_create("plan", MFD_CLOEXEC)};
  REQUIRE(sys::write_all(out, bytes));
  return out;
}

/// The init at work on a plan; killed when it takes too long.
class running_init {
 public:
  explicit running_init(fd_view plan) {
    const unique_fd program{adopt_fd, ::open(OCIKIT_TEST_INIT, O_PATH | O_CLOEXEC)};
    init_link link = init_link::make().value();
    birth wanted;
    wanted.executable = program.get();
    struct ::stat found {};
    REQUIRE(::fstat(plan.get(), &found) == 0);
    const std::string location = std::to_string(plan.get()) + ",0," + std::to_string(found.st_size);
    const std::string link_number = std::to_string(link.theirs.get());
    wanted.arguments = {"init", location.c_str(), link_number.c_str(), nullptr, nullptr};
    wanted.inherited = {plan.get(), link.theirs.get()};
    child_ = spawn(std::move(wanted)).value();
    ours_ = std::move(link.ours);
  }
  /// With these arguments and no descriptors.
  explicit running_init(const std::array<const char*, 5>& arguments) {
    const unique_fd program{adopt_fd, ::open(OCIKIT_TEST_INIT, O_PATH | O_CLOEXEC)};
    birth wanted;
    wanted.executable = program.get();
    wanted.arguments = arguments;
    child_ = spawn(std::move(wanted)).value();
  }

  [[nodiscard]] pid_t pid() const { return child_.pid; }
  init_word word() { return receive(ours_).value(); }
  void go() { REQUIRE(say_go(ours_)); }

  /// Its exit status; -1 when a signal or our patience ended it.
  int status() {
    using namespace std::chrono_literals;
    int status = -1;
    for (int i = 0; i < 1000; ++i) {
      if (::waitpid(child_.pid, &status, WNOHANG) == child_.pid) return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      std::this_thread::sleep_for(5ms);
    }
    (void)::kill(child_.pid, SIGKILL);
    (void)::waitpid(child_.pid, &status, 0);
    return -1;
  }

 private:
  newborn child_;
  unique_fd ours_;
};

/// What becomes of these bytes as a plan: the errno it reports, or a text.
std::string fate(fd_view plan) {
  running_init init{plan};
  const init_word word = init.word();
  const int status = init.status();
  if (status != 1) return "exit status " + std::to_string(status);
  const auto* failure = std::get_if<init_failure>(&word);
  return failure == nullptr ? "no report" : failure->code == EBADMSG ? "refused" : std::to_string(failure->code);
}
std::string fate(std::string_view bytes) { return fate(memfd_of(bytes)); }

std::string header_bytes(wire::header head) { return {reinterpret_cast<const char*>(&head), sizeof head}; }
std::string step_bytes(wire::step_header head) { return {reinterpret_cast<const char*>(&head), sizeof head}; }

/// A plan of one step with this header and body.
std::string plan_bytes(wire::step_header step, std::string_view body, std::uint32_t steps = 1) {
  std::string out = header_bytes({wire::magic, wire::version, 0, steps, 0, 0}) + step_bytes(step);
  out += body;
  const auto size = static_cast<std::uint32_t>(out.size());
  std::memcpy(out.data() + offsetof(wire::header, size), &size, sizeof size);
  return out;
}

}  // namespace

TEST_CASE("an init that somebody calls by hand ends at once") {
  CHECK(running_init{std::array<const char*, 5>{}}.status() == 1);
  CHECK(running_init{{"init"}}.status() == 1);
  CHECK(running_init{{"init", "3"}}.status() == 1);
  CHECK(running_init{{"init", "998", "999"}}.status() == 1);
  CHECK(running_init{{"init", "998", "999", "997"}}.status() == 1);
  CHECK(running_init{{"init", "-1", "x", ""}}.status() == 1);
  CHECK(running_init{{"init", "99999999999999999999", "0"}}.status() == 1);
}

TEST_CASE("a plan that is no regular file, or an empty one, is refused") {
  int ends[2] = {-1, -1};
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const unique_fd reading{adopt_fd, ends[0]}, writing{adopt_fd, ends[1]};
  const unique_fd directory{adopt_fd, ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const unique_fd null{adopt_fd, ::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const unique_fd huge{adopt_fd, ::memfd_create("huge", MFD_CLOEXEC)};
  REQUIRE(::ftruncate(huge.get(), 1LL << 40) == 0);
  for (const fd_view plan : {reading.view(), directory.view(), null.view(), huge.view()})
    CHECK(fate(plan) == "refused");
  CHECK(fate("") == "refused");
}

TEST_CASE("garbage is refused") {
  std::mt19937 random{7};  // NOLINT(cert-msc51-cpp): the same every time, on purpose
  for (const std::size_t size : {1UL, 23UL, 24UL, 25UL, 4096UL, 70000UL}) {
    std::string bytes(size, '\0');
    CHECK(fate(bytes) == "refused");
    for (char& c : bytes) c = static_cast<char>(random());
    CHECK(fate(bytes) == "refused");
  }
}

TEST_CASE("a plan with one wrong number is refused") {
  const auto exact = static_cast<std::uint32_t>(sizeof(wire::header));
  const wire::header table[] = {
      {wire::magic + 1, wire::version, exact, 0, 0, 0},      {wire::magic, wire::version + 1, exact, 0, 0, 0},
      {wire::magic, wire::version, exact + 1, 0, 0, 0},      {wire::magic, wire::version, exact - 1, 0, 0, 0},
      {wire::magic, wire::version, exact, 1, 0, 0},          {wire::magic, wire::version, exact, 0, 1, 0},
      {wire::magic, wire::version, exact, 0, 0x40000000, 0}, {wire::magic, wire::version, exact, 0, 0xffffffff, 0},
      {wire::magic, wire::version, exact, 1, 0, 0xffffffff},
  };
  for (const wire::header& head : table) CHECK(fate(header_bytes(head)) == "refused");

  constexpr std::uint32_t kinds = std::variant_size_v<step>;
  const auto mask = static_cast<std::uint32_t>(step{mounts::mask{}}.index());
  CHECK(fate(plan_bytes({kinds, 0, 0}, "")) == "refused");
  CHECK(fate(plan_bytes({0xffffffff, 0, 0}, "")) == "refused");
  CHECK(fate(plan_bytes({mask, 0, 100}, "short")) == "refused");
  CHECK(fate(plan_bytes({mask, 0, 0xffffffff}, "short")) == "refused");
  CHECK(fate(plan_bytes({mask, 0, 4}, std::string_view{"\xff\xff\xff\xff", 4})) == "refused");
  CHECK(fate(plan_bytes({mask, 0, 6}, std::string_view{"\x01\0\0\0ab", 6})) == "refused");  // no NUL
}

TEST_CASE("the runtime's own steps are none of the init's") {
  for (const step& one : {step{make_cgroup{"/c"}}, step{open_namespace{"/n", 0}}, step{start_init{}}, step{map_ids{}},
                          step{call_hooks{"prestart"}}, step{save_state{}}, step{send_listener{"/s", "m"}}}) {
    plan of;
    of.add(actor::init, one);
    CHECK(fate(wire::encode(of, {})) == "refused");
  }
}

TEST_CASE("a plan without an end in a program ends in failure, and without a word") {
  running_init init{memfd_of(header_bytes({wire::magic, wire::version, sizeof(wire::header), 0, 0, 0}))};
  CHECK(std::holds_alternative<init_silence>(init.word()));
  CHECK(init.status() == 1);
}

TEST_CASE("a good plan is taken step by step: it waits where it shall and becomes the program at last") {
  plan of;
  of.add(actor::runtime, save_state{});
  of.add(actor::init, process::set_umask{027});
  of.add(actor::init, hand_over{});
  of.add(actor::init, process::find_program{"sh", "/nowhere:/bin:/usr/bin"});
  of.add(actor::init, process::close_descriptors{0});
  of.add(actor::init, await_start{true});
  const std::vector<zstring_view> arguments{"sh", "-c", "[ \"$(umask):$A\" = 0027:b ] && exit 42"}, environment{"A=b"};
  of.add(actor::init, process::execute_program{arguments, environment, false});
  const unique_fd bytes = sealed_memfd("plan", {wire::encode(of, {})}, false).value();
  running_init init{bytes};
  CHECK(std::get<init_progress>(init.word()).step == 2);
  init.go();
  CHECK(std::get<init_progress>(init.word()).step == 5);
  init.go();
  CHECK(std::holds_alternative<init_silence>(init.word()));
  CHECK(init.status() == 42);
}

TEST_CASE("an init that joins namespaces goes on as another child of ours, when it is told to") {
  if (::geteuid() != 0) {
    WARN("skipped: joining a namespace takes CAP_SYS_ADMIN");
    return;
  }
  const unique_fd uts{adopt_fd, ::open("/proc/self/ns/uts", O_RDONLY)};  // to be inherited
  const auto join = static_cast<std::uint64_t>(uts.get()) << 32U | CLONE_NEWUTS;
  plan of;
  of.add(actor::init, arrive{{&join, 1}, 0, false});
  of.add(actor::init, process::find_program{"/bin/sh", ""});
  const std::string script = "[ ! -e /proc/self/fd/" + std::to_string(uts.get()) + " ] && exit 42";
  const std::vector<zstring_view> arguments{"sh", "-c", script};
  of.add(actor::init, process::execute_program{arguments, {}, false});
  running_init init{memfd_of(wire::encode(of, {}))};
  const pid_t pid = std::get<init_arrival>(init.word()).pid;
  CHECK(pid != init.pid());
  CHECK(init.status() == 0);
  int status = -1;
  CHECK(::waitpid(pid, &status, WNOHANG) == 0);
  init.go();
  CHECK(::waitpid(pid, &status, 0) == pid);
  CHECK(WEXITSTATUS(status) == 42);
}

TEST_CASE("a namespace that cannot be joined is a failure of that step, unless it may be left for later") {
  for (const std::uint64_t flags : {std::uint64_t{0}, arrive::join_if_allowed}) {
    const unique_fd none{adopt_fd, ::open("/dev/null", O_RDONLY)};
    const auto join = static_cast<std::uint64_t>(none.get()) << 32U | CLONE_NEWUTS | flags;
    plan of;
    of.add(actor::init, arrive{{&join, 1}, 0, false});
    running_init init{memfd_of(wire::encode(of, {}))};
    const init_word word = init.word();
    if (flags == 0) {
      CHECK(explain(std::get<init_failure>(word), of).message() == "join the namespaces: invalid argument");
    } else {
      const pid_t pid = std::get<init_arrival>(word).pid;
      init.go();
      CHECK(::waitpid(pid, nullptr, 0) == pid);
    }
    CHECK(init.status() == (flags == 0 ? 1 : 0));
  }
}

TEST_CASE("the step that fails is named, and nothing after it happens") {
  plan of;
  of.add(actor::init, process::find_program{"/nosuch", ""}, "/process/args/0");
  of.add(actor::init, hand_over{});
  running_init init{memfd_of(wire::encode(of, {}))};
  const init_word word = init.word();
  CHECK(explain(std::get<init_failure>(word), of).message() ==
        "exec: \"/nosuch\": stat /nosuch: no such file or directory (config.json#/process/args/0)");
  CHECK(init.status() == 1);
}

TEST_CASE("a runtime that is gone takes its init along") {
  plan of;
  of.add(actor::init, hand_over{});
  const unique_fd bytes = memfd_of(wire::encode(of, {}));
  const unique_fd program{adopt_fd, ::open(OCIKIT_TEST_INIT, O_PATH | O_CLOEXEC)};
  init_link link = init_link::make().value();
  birth wanted;
  wanted.executable = program.get();
  const std::string plan_number = std::to_string(bytes.get()), link_number = std::to_string(link.theirs.get());
  wanted.arguments = {"init", plan_number.c_str(), link_number.c_str(), nullptr, nullptr};
  wanted.inherited = {bytes.get(), link.theirs.get()};
  const newborn child = spawn(std::move(wanted)).value();
  REQUIRE(receive(link.ours));
  link.ours.reset();
  link.theirs.reset();
  int status = -1;
  CHECK(::waitpid(child.pid, &status, 0) == child.pid);
  CHECK(WEXITSTATUS(status) == 1);
}
