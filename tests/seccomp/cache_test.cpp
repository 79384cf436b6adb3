// SPDX-License-Identifier: Apache-2.0
#include <ocikit/seccomp/cache.hpp>

#include <dirent.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "catch.hpp"
#include "profile.hpp"

using namespace ocikit;
using namespace ocikit::seccomp;

namespace {

constexpr kernel_facts newest_kernel{filter_flag::all};

/// A new directory, removed at the end with the files in it.
class scratch {
 public:
  scratch() {
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp");
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    for (const auto& name : names()) (void)::unlink((path + "/" + name).c_str());
    (void)::rmdir(path.c_str());
  }
  unique_fd open() const { return {adopt_fd, ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)}; }
  seccomp::cache cache() const { return seccomp::cache::in(open()).value(); }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    const std::unique_ptr<DIR, int (*)(DIR*)> dir{::opendir(path.c_str()), &::closedir};
    while (const dirent* entry = ::readdir(dir.get()))
      if (std::string_view name{entry->d_name}; name != "." && name != "..") found.emplace_back(name);
    return found;
  }

  std::string path = "/tmp/ocikit-cache-test.XXXXXX";
};

std::string read(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}
void write(const std::string& path, std::string_view text) { std::ofstream{path} << text; }

compiled_filter some_filter() {
  compiled_filter filter;
  filter.program.assign(80, std::byte{6});
  filter.flags = 12;
  filter.notify = true;
  filter.unknown = {"no_such_call", ""};
  filter.warnings = {"careful"};
  return filter;
}

spec::seccomp some_profile() {
  return profile_from(
      "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,'architectures':['SCMP_ARCH_X86'],'flags':[],"
      "'listenerPath':'/s','syscalls':[{'names':['read','write'],'action':'SCMP_ACT_ALLOW'},"
      "{'names':['socket'],'action':'SCMP_ACT_ERRNO','errnoRet':22,"
      "'args':[{'index':1,'value':2,'valueTwo':3,'op':'SCMP_CMP_MASKED_EQ'}]}]}");
}

/// Counts how often it is asked.
struct counting_compiler final : compiler {
  explicit counting_compiler(int& times) : asked{times} {}
  result<assembled> assemble(const request& wanted) override {
    ++asked;
    assembled made;
    made.program.resize(16);
    made.newest.resize(wanted.architectures.size(), -1);
    made.warnings = {"careful"};
    return made;
  }
  int& asked;
};

}  // namespace

TEST_CASE("every input that decides about a filter decides about its key") {
  const auto same = key_of(some_profile(), newest_kernel, "libseccomp");
  CHECK(key_of(some_profile(), newest_kernel, "libseccomp") == same);
  CHECK(key_of(some_profile(), newest_kernel, "libseccomq") != same);
  CHECK(key_of(some_profile(), {filter_flag::log}, "libseccomp") != same);
  using change = void (*)(spec::seccomp&);
  const change changes[] = {
      [](spec::seccomp& p) { p.default_action = spec::seccomp_action::kill; },
      [](spec::seccomp& p) { p.default_errno_ret = 1; },
      [](spec::seccomp& p) { p.default_errno_ret = {}; },
      [](spec::seccomp& p) { p.architectures = {}; },
      [](spec::seccomp& p) { p.architectures = {spec::seccomp_arch::x32}; },
      [](spec::seccomp& p) { p.flags = {}; },
      [](spec::seccomp& p) { p.flags->push_back(spec::seccomp_flag::log); },
      [](spec::seccomp& p) { p.listener_path.clear(); },
      [](spec::seccomp& p) { p.syscalls.pop_back(); },
      [](spec::seccomp& p) { std::swap(p.syscalls[0], p.syscalls[1]); },
      [](spec::seccomp& p) { p.syscalls[0].names = {"readwrite"}; },
      [](spec::seccomp& p) {
        p.syscalls[0].names = {"rea", "dwrite"};
      },
      [](spec::seccomp& p) { p.syscalls[0].action = spec::seccomp_action::log; },
      [](spec::seccomp& p) { p.syscalls[1].errno_ret = 23; },
      [](spec::seccomp& p) { p.syscalls[1].args[0].index = 2; },
      [](spec::seccomp& p) { p.syscalls[1].args[0].value = 3; },
      [](spec::seccomp& p) { p.syscalls[1].args[0].value_two = 2; },
      [](spec::seccomp& p) { p.syscalls[1].args[0].op = spec::seccomp_operator::eq; },
      [](spec::seccomp& p) { p.syscalls[1].args.clear(); },
  };
  std::vector<cache_key> seen{same};
  for (const auto apply : changes) {
    auto profile = some_profile();
    apply(profile);
    const auto key = key_of(profile, newest_kernel, "libseccomp");
    CAPTURE(seen.size());
    CHECK(std::find(seen.begin(), seen.end(), key) == seen.end());
    seen.push_back(key);
  }
  auto metadata = some_profile();
  metadata.listener_metadata = "for the agent";
  metadata.listener_path = "/another";
  CHECK(key_of(metadata, newest_kernel, "libseccomp") == same);
}

TEST_CASE("what is kept comes back whole, under its own key only") {
  const scratch place;
  const auto kept = place.cache();
  const cache_key key = key_of(some_profile(), newest_kernel, "a"), other = key_of(some_profile(), newest_kernel, "b");
  CHECK_FALSE(kept.find(key));
  REQUIRE(kept.store(key, some_filter()));
  REQUIRE(kept.find(key));
  CHECK(*kept.find(key) == some_filter());
  CHECK_FALSE(kept.find(other));
  CHECK(place.names() == std::vector<std::string>{key.file_name()});  // no partial file stays
  struct ::stat found {};
  REQUIRE(::stat((place.path + "/" + key.file_name()).c_str(), &found) == 0);
  CHECK((found.st_mode & 07777) == 0600);
  // Under another name the entry is a stranger's: it says whose it is.
  REQUIRE(::rename((place.path + "/" + key.file_name()).c_str(), (place.path + "/" + other.file_name()).c_str()) == 0);
  CHECK_FALSE(kept.find(other));
}

TEST_CASE("a damaged entry is no entry, whichever byte is hurt") {
  const scratch place;
  const auto kept = place.cache();
  const auto key = key_of(some_profile(), newest_kernel, "a");
  REQUIRE(kept.store(key, some_filter()));
  const auto path = place.path + "/" + key.file_name();
  const auto whole = read(path);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto hurt = whole;
    hurt[i] = static_cast<char>(hurt[i] ^ 1);
    write(path, hurt);
    CAPTURE(i);
    REQUIRE_FALSE(kept.find(key));
  }
  for (std::size_t size = 0; size < whole.size(); size += 5) {
    write(path, whole.substr(0, size));
    CAPTURE(size);
    REQUIRE_FALSE(kept.find(key));
  }
  write(path, whole + '\0');
  CHECK_FALSE(kept.find(key));
  write(path, whole);
  CHECK(kept.find(key));
}

TEST_CASE("lengths that lie are caught even behind a right checksum") {
  const auto key = key_of(some_profile(), newest_kernel, "a");
  seccomp::detail::entry_writer to;
  to.text(seccomp::detail::entry_magic);
  to.text(seccomp::detail::as_text(key.digest));
  to.number(0), to.number(0);
  to.number(~0ULL);  // a program as long as everything
  auto& text = to.written();
  to.number(seccomp::detail::checksum(text));
  CHECK_FALSE(seccomp::detail::filter_from(key, text));
}

TEST_CASE("an entry or directory that others could have written is not used") {
  const scratch place;
  const auto kept = place.cache();
  const auto key = key_of(some_profile(), newest_kernel, "a");
  REQUIRE(kept.store(key, some_filter()));
  const auto path = place.path + "/" + key.file_name();
  for (const mode_t mode : {0660U, 0602U, 0604U}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    CHECK_FALSE(kept.find(key));
  }
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
  CHECK(kept.find(key));
  if (::geteuid() == 0) {
    REQUIRE(::chown(path.c_str(), 1, 1) == 0);
    CHECK_FALSE(kept.find(key));
    REQUIRE(::chown(path.c_str(), 0, 0) == 0);
  } else {
    WARN("skipped: only root can give the entry to somebody else");
  }
  // A link to a good entry is still a link that somebody made.
  REQUIRE(::rename(path.c_str(), (place.path + "/elsewhere").c_str()) == 0);
  REQUIRE(::symlink("elsewhere", path.c_str()) == 0);
  CHECK_FALSE(kept.find(key));
  REQUIRE(::chmod(place.path.c_str(), 0777) == 0);
  const auto refused = seccomp::cache::in(place.open());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind() == errc::state);
}

TEST_CASE("an entry dies when a file it depends on changes") {
  const scratch place;
  const scratch libraries;
  const auto kept = place.cache();
  const auto key = key_of(some_profile(), newest_kernel, "a");
  const auto library = libraries.path + "/libx.so";
  write(library, "one");
  auto filter = some_filter();
  filter.files = {library};
  REQUIRE(kept.store(key, filter));
  CHECK(kept.find(key));
  write(library, "two!");
  CHECK_FALSE(kept.find(key));
  REQUIRE(kept.store(key, filter));
  CHECK(kept.find(key));
  REQUIRE(::unlink(library.c_str()) == 0);
  CHECK_FALSE(kept.find(key));
  CHECK_FALSE(kept.store(key, filter));
}

TEST_CASE("a profile is compiled once, and its warnings are said each time") {
  const scratch place;
  const auto kept = place.cache();
  int asked = 0, opened = 0;
  const auto make = [&]() -> result<std::unique_ptr<compiler>> {
    ++opened;
    return std::make_unique<counting_compiler>(asked);
  };
  const auto first = compile(some_profile(), newest_kernel, kept, "fake 1", make);
  const auto second = compile(some_profile(), newest_kernel, kept, "fake 1", make);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->filter == second->filter);
  CHECK_FALSE(first->kept_before);
  CHECK(second->kept_before);
  CHECK(second->filter.warnings == std::vector<std::string>{"careful"});
  CHECK(asked == 1);
  CHECK(opened == 1);
  write(place.path + "/" + key_of(some_profile(), newest_kernel, "fake 1").file_name(), "damage");
  const auto third = compile(some_profile(), newest_kernel, kept, "fake 1", make);
  REQUIRE(third);
  CHECK(third->filter == first->filter);
  CHECK_FALSE(third->kept_before);
  CHECK(asked == 2);
  REQUIRE(compile(some_profile(), newest_kernel, kept, "fake 1", make));
  CHECK(asked == 2);  // the damaged entry was replaced
}

TEST_CASE("a filter that cannot be kept is good all the same, an error is not kept") {
  int asked = 0;
  const auto make = [&]() -> result<std::unique_ptr<compiler>> { return std::make_unique<counting_compiler>(asked); };
  unique_fd gone;
  {
    const scratch place;
    gone = place.open();
  }
  const auto kept = seccomp::cache::in(std::move(gone)).value();
  const auto made = compile(some_profile(), newest_kernel, kept, "fake 1", make);
  REQUIRE(made);
  CHECK(made->filter.warnings == std::vector<std::string>{"careful"});
  REQUIRE(made->not_kept);
  CHECK(made->not_kept->message().find("openat(") == 0);
  auto bad = some_profile();
  bad.syscalls[0].names = {""};
  CHECK_FALSE(compile(bad, newest_kernel, kept, "fake 1", make));
}

TEST_CASE("the cache makes its directory, for its user alone, and takes none from a stranger or through a link") {
  const scratch place;
  const auto path = place.path + "/kept";
  REQUIRE(seccomp::cache::open_or_create(path));
  struct ::stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  CHECK((found.st_mode & 07777) == 0700);
  REQUIRE(seccomp::cache::open_or_create(path));
  REQUIRE(::chmod(path.c_str(), 0720) == 0);
  CHECK_FALSE(seccomp::cache::open_or_create(path));
  if (::geteuid() == 0) {
    REQUIRE(::chmod(path.c_str(), 0700) == 0);
    REQUIRE(::chown(path.c_str(), 1, 1) == 0);
    CHECK_FALSE(seccomp::cache::open_or_create(path));
  } else {
    WARN("skipped: only root can give the directory to somebody else");
  }
  REQUIRE(::symlink("kept", (place.path + "/link").c_str()) == 0);
  CHECK_FALSE(seccomp::cache::open_or_create(place.path + "/link"));
  CHECK_FALSE(seccomp::cache::open_or_create(place.path + "/none/kept"));
  REQUIRE(::rmdir(path.c_str()) == 0);
}

TEST_CASE("the oldest filters are forgotten, because each profile that somebody thinks of is one more") {
  const scratch place;
  const auto kept = place.cache();
  const auto key = [](std::size_t i) { return key_of(some_profile(), newest_kernel, std::to_string(i)); };
  const std::size_t count = seccomp::cache::most_entries + 3;
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(kept.store(key(i), some_filter()));
    // Their times may be the same otherwise: the clock of file times ticks every few milliseconds.
    const ::timespec times[2] = {{0, UTIME_OMIT}, {static_cast<time_t>(1000 + i), 0}};
    REQUIRE(::utimensat(AT_FDCWD, (place.path + "/" + key(i).file_name()).c_str(), times, 0) == 0);
  }
  CHECK(place.names().size() == seccomp::cache::most_entries);
  CHECK_FALSE(kept.find(key(0)));
  CHECK_FALSE(kept.find(key(2)));
  CHECK(kept.find(key(3)));
  CHECK(kept.find(key(count - 1)));
}

TEST_CASE("a filter whose lists are too long is not kept, because nobody would read it") {
  const scratch place;
  const auto kept = place.cache();
  auto filter = some_filter();
  filter.unknown.assign(1, std::string(200'000, 'x'));
  const auto stored = kept.store(key_of(some_profile(), newest_kernel, "a"), filter);
  REQUIRE_FALSE(stored);
  CHECK(stored.error().message().find("its cache entry would have 200") == 0);
  CHECK(place.names().empty());
}

TEST_CASE("how long a kept filter takes", "[.timing]") {
  const scratch place;
  const auto kept = place.cache();
  const auto profile = profile_of_config("bench/profiles/engine.json");
  auto filter = some_filter();
  filter.program.resize(1408 * 8);
  filter.files = {"/lib/x86_64-linux-gnu/libc.so.6"};
  REQUIRE(kept.store(key_of(profile, newest_kernel, "x"), filter));
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i)
    if (!kept.find(key_of(profile, newest_kernel, "x"))) FAIL("lost");
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  WARN(took.count() / 200 << " us");
}
