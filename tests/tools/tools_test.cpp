// SPDX-License-Identifier: Apache-2.0
//
// The helper programs, with this test in the place of the runtime and its container.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <span>
#include <stdexcept>

#include "catch.hpp"
#include "unix_socket.hpp"

using namespace ocikit;

namespace {

class scratch {
 public:
  scratch() {
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp");
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { (void)!std::system(("rm -rf " + path).c_str()); }
  std::string operator/(std::string_view name) const { return path + "/" + std::string{name}; }
  std::string path = "/tmp/ocikit-tools-test.XXXXXX";
};

std::string read(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// A tool at work; killed at the end if it still is. `output` is the file its stdout goes to.
class tool {
 public:
  tool(const std::string& name, std::vector<std::string> arguments, const std::string& output = "/dev/null") {
    arguments.insert(arguments.begin(), OCIKIT_TEST_TOOLS_DIR "/" + name);
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT, 0600);
    const int code = ::posix_spawn(&pid_, pointers[0], &files, nullptr, pointers.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    if (code != 0) throw std::runtime_error("cannot start " + arguments[0]);
  }
  tool(const tool&) = delete;
  tool& operator=(const tool&) = delete;
  ~tool() {
    if (pid_ > 0) (void)::kill(pid_, SIGKILL);
    (void)wait();
  }
  void signal(int number) const { (void)::kill(pid_, number); }
  /// The wait status.
  int wait() {
    int status = -1;
    if (pid_ > 0) (void)::waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

/// Until it holds, or five seconds.
template <class Condition>
bool eventually(Condition&& holds) {
  for (int i = 0; i < 500; ++i) {
    if (holds()) return true;
    (void)::usleep(10000);
  }
  return false;
}

/// What a runtime does at the end of a console socket.
void send(const std::string& path, std::string payload, int descriptor) {
  const unique_fd socket{adopt_fd, ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec bytes{payload.data(), payload.size()};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  cmsghdr* part = CMSG_FIRSTHDR(&header);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
  REQUIRE(::sendmsg(socket.get(), &header, 0) == static_cast<ssize_t>(payload.size()));
}

struct terminal {
  unique_fd master{adopt_fd, ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  unique_fd slave;
  terminal() {
    char name[64];
    if (::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 || ::ptsname_r(master.get(), name, 64) != 0)
      throw std::runtime_error("no terminal to be had");
    slave = unique_fd{adopt_fd, ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)};
  }
};

#ifdef SYS_mkdir  // newer architectures have mkdirat alone, which the agent leaves be
/// A child that asks an agent about mkdir and fchmod, and the notify descriptor.
struct asking_child {
  pid_t pid = -1;
  unique_fd notify;
};

[[noreturn]] void ask(int to_parent, const std::string& folder) {
  static constexpr ::sock_filter filter[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(::seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 2, 0, SYS_mkdir},
      {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SYS_fchmod},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_getppid},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  const ::sock_fprog program{std::size(filter), const_cast<::sock_filter*>(filter)};
  (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const auto notify = sys::raw::seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  const auto number = static_cast<int>(notify);
  (void)sys::raw::write(to_parent, &number, sizeof number);
  if (sys::raw::call(SYS_mkdir, (folder + "/one").c_str(), 0700) != 0) sys::raw::exit_group(1);
  if (::chdir(folder.c_str()) != 0 || sys::raw::call(SYS_mkdir, "two", 0700) != 0) sys::raw::exit_group(2);
  if (sys::raw::call(SYS_mkdir, "no/such", 0700) != -ENOENT) sys::raw::exit_group(3);
  if (sys::raw::fchmod(0, 0) != -ENOMEDIUM) sys::raw::exit_group(4);
  if (sys::raw::getppid() <= 0) sys::raw::exit_group(5);
  sys::raw::exit_group(0);
}

asking_child start_asking(const std::string& folder) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  asking_child child;
  child.pid = ::fork();
  if (child.pid == 0) ask(ends[1], folder);
  int number = -1;
  REQUIRE(::read(ends[0], &number, sizeof number) == sizeof number);
  REQUIRE(number >= 0);
  const auto pidfd = sys::pidfd_open(child.pid).value();
  child.notify = unique_fd{adopt_fd, static_cast<int>(sys::raw::call(SYS_pidfd_getfd, pidfd.get(), number, 0))};
  (void)::close(ends[0]), (void)::close(ends[1]);
  return child;
}
#endif

}  // namespace

TEST_CASE("pidfd-kill sends its signal when it is told to") {
  const scratch place;
  tool killer{"pidfd-kill", {"--pid-file", place / "pid", "--signal", "SIGUSR1", place / "socket"}};
  REQUIRE(eventually([&] { return read(place / "pid") == std::to_string(killer.pid()); }));
  tool victim{"pidfd-kill", {"--signal", "KILL", place / "never"}};
  const auto pidfd = sys::pidfd_open(victim.pid()).value();
  send(place / "socket", "standard", pidfd.get());
  killer.signal(SIGTERM);
  CHECK(killer.wait() == 0);
  const int status = victim.wait();
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1));
}

TEST_CASE("recvtty relays one terminal to its stdout") {
  const scratch place;
  tool reader{"recvtty", {"--no-stdin", "--pid-file", place / "pid", place / "socket"}, place / "output"};
  REQUIRE(eventually([&] { return !read(place / "pid").empty(); }));
  {
    terminal one;
    send(place / "socket", "/dev/pts/0", one.master.get());
    one.master.reset();
    (void)::usleep(50000);  // until recvtty has made the terminal's line ends ours
    REQUIRE(sys::write_all(one.slave, "hello\n"));
    REQUIRE(eventually([&] { return !read(place / "output").empty(); }));
  }
  CHECK(reader.wait() == 0);
  CHECK(read(place / "output") == "hello\n");
}

TEST_CASE("recvtty --mode null drains any number of terminals") {
  const scratch place;
  tool reader{"recvtty", {"--mode", "null", "--pid-file", place / "pid", place / "socket"}, place / "output"};
  REQUIRE(eventually([&] { return !read(place / "pid").empty(); }));
  for (int i = 0; i < 3; ++i) {
    terminal one;
    send(place / "socket", "x", one.master.get());
    one.master.reset();
    REQUIRE(sys::write_all(one.slave, std::string(100000, 'x')));  // more than a terminal holds
  }
  CHECK(::kill(reader.pid(), 0) == 0);
  CHECK(read(place / "output").empty());
}

#ifdef SYS_mkdir
TEST_CASE("seccompagent makes directories with the suffix and refuses modes") {
  const scratch place;
  tool agent{"seccompagent", {"-socketfile=" + (place / "socket"), "-pid-file", place / "pid"}};
  REQUIRE(eventually([&] { return !read(place / "pid").empty(); }));
  for (const char* suffix : {"bar", "foo"}) {
    auto child = start_asking(place.path);
    if (!child.notify) {
      WARN("skipped: this kernel has no pidfd_getfd");
      return;
    }
    send(place / "socket", "{\"fds\":[\"seccompFd\"],\"metadata\":\"" + std::string{suffix} + "\"}",
         child.notify.get());
    child.notify.reset();
    int status = -1;
    (void)::waitpid(child.pid, &status, 0);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    for (const char* name : {"one-", "two-"})
      CHECK(::access((place / (name + std::string{suffix})).c_str(), F_OK) == 0);
  }
}
#endif

TEST_CASE("remap-rootfs moves each file once and keeps its mode") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can give files away");
    return;
  }
  const scratch bundle;
  std::ofstream{bundle / "config.json"}
      << R"({"root":{"path":"rootfs"},"linux":{"uidMappings":[{"containerID":0,"hostID":1000,"size":2000}],)"
      << R"("gidMappings":[{"containerID":0,"hostID":5,"size":1}]}})";
  REQUIRE(::mkdir((bundle / "rootfs").c_str(), 0755) == 0);
  std::ofstream{bundle / "rootfs/su"} << "x";
  REQUIRE(::link((bundle / "rootfs/su").c_str(), (bundle / "rootfs/sudo").c_str()) == 0);
  REQUIRE(::chown((bundle / "rootfs/su").c_str(), 7, 9) == 0);
  REQUIRE(::chmod((bundle / "rootfs/su").c_str(), 04755) == 0);
  REQUIRE(::symlink("/etc/passwd", (bundle / "rootfs/link").c_str()) == 0);
  tool remap{"remap-rootfs", {bundle.path}};
  CHECK(remap.wait() == 0);
  struct ::stat found {};
  REQUIRE(::lstat((bundle / "rootfs/su").c_str(), &found) == 0);
  CHECK(found.st_uid == 1007);  // with the second link moved again: 2007
  CHECK(found.st_gid == 9);     // no mapping holds it
  CHECK((found.st_mode & 07777) == 04755);
  REQUIRE(::lstat((bundle / "rootfs/link").c_str(), &found) == 0);
  CHECK(found.st_uid == 1000);
  CHECK(found.st_gid == 5);
  REQUIRE(::stat("/etc/passwd", &found) == 0);
  CHECK(found.st_uid == 0);
}
