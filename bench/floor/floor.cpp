// SPDX-License-Identifier: Apache-2.0
//
// The kernel's part of a `run`, and nothing else: what no runtime can be faster than.
//
//   floor minimal|engine BUNDLE ID
//
// Makes the cgroup ID, a process in it with the namespaces of the profile, its mounts, devices, masks and credentials,
// and executes the bundle's /bin/true. Nothing is parsed, checked, looked up safely or kept. It is a yardstick for
// bundles that it made itself, never a way to run a container.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

namespace {

struct file_system {
  const char* source;
  const char* target;  ///< below the root
  const char* type;
  unsigned long flags;
  const char* data;
};

struct profile {
  __u64 namespaces;
  bool read_only;
  const char* hostname;
  std::span<const file_system> mounts;
  std::span<const char* const> binds;  ///< pairs: below the bundle, below the root
  std::span<const char*const> masked_files, masked_directories, read_only_paths;
  std::uint64_t capabilities;
};

constexpr unsigned long usual = MS_NOSUID | MS_NOEXEC | MS_NODEV;
constexpr __u64 namespaces = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;

constexpr file_system minimal_mounts[] = {
    {"proc", "proc", "proc", 0, nullptr},
    {"tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"},
    {"devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"},
    {"shm", "dev/shm", "tmpfs", usual, "mode=1777,size=65536k"},
    {"mqueue", "dev/mqueue", "mqueue", usual, nullptr},
    {"sysfs", "sys", "sysfs", usual | MS_RDONLY, nullptr},
    {"cgroup", "sys/fs/cgroup", "cgroup2", usual | MS_RDONLY | MS_RELATIME, nullptr},
};
constexpr file_system engine_mounts[] = {
    {"proc", "proc", "proc", usual, nullptr},
    {"tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_STRICTATIME, "mode=755,size=65536k"},
    {"sysfs", "sys", "sysfs", usual | MS_RDONLY, nullptr},
    {"devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"},
    {"mqueue", "dev/mqueue", "mqueue", usual, nullptr},
    {"cgroup", "sys/fs/cgroup", "cgroup2", usual | MS_RDONLY | MS_RELATIME, nullptr},
};
constexpr const char* engine_binds[] = {
    "files/resolv.conf", "etc/resolv.conf",     "files/hosts",       "etc/hosts",      "files/shm",
    "dev/shm",           "files/.containerenv", "run/.containerenv", "files/hostname", "etc/hostname"};
constexpr const char* masked_files[] = {"proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list"};
constexpr const char* masked_directories[] = {"proc/acpi", "proc/scsi", "sys/firmware", "sys/dev/block"};
constexpr const char* read_only_paths[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};

constexpr std::uint64_t bit(unsigned capability) { return std::uint64_t{1} << capability; }
constexpr std::uint64_t few = bit(CAP_AUDIT_WRITE) | bit(CAP_KILL) | bit(CAP_NET_BIND_SERVICE);
constexpr std::uint64_t usual_capabilities = few | bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) |
                                             bit(CAP_FSETID) | bit(CAP_MKNOD) | bit(CAP_NET_RAW) | bit(CAP_SETFCAP) |
                                             bit(CAP_SETGID) | bit(CAP_SETPCAP) | bit(CAP_SETUID) | bit(CAP_SYS_CHROOT);

constexpr profile minimal{
    namespaces,      true, "runc", minimal_mounts, {}, masked_files, std::span{masked_directories}.first(3),
    read_only_paths, few};
constexpr profile engine{
    namespaces | CLONE_NEWCGROUP, false,           "engine",          engine_mounts, engine_binds, masked_files,
    masked_directories,           read_only_paths, usual_capabilities};

/// Ends everything when a call that must succeed does not.
void need(long outcome, const char* what) {
  if (outcome >= 0) return;
  std::perror(what);
  ::_exit(1);
}

void make_devices() {
  struct node {
    const char* path;
    unsigned major, minor;
  };
  for (const auto& [path, major, minor] : {node{"dev/null", 1, 3}, node{"dev/zero", 1, 5}, node{"dev/full", 1, 7},
                                           node{"dev/random", 1, 8}, node{"dev/urandom", 1, 9}, node{"dev/tty", 5, 0}})
    need(::mknod(path, S_IFCHR | 0666, makedev(major, minor)), path);
  struct link {
    const char *content, *path;
  };
  for (const auto& [content, path] :
       {link{"/proc/self/fd", "dev/fd"}, link{"/proc/self/fd/0", "dev/stdin"}, link{"/proc/self/fd/1", "dev/stdout"},
        link{"/proc/self/fd/2", "dev/stderr"}, link{"/proc/kcore", "dev/core"}, link{"pts/ptmx", "dev/ptmx"}})
    need(::symlink(content, path), path);
}

/// Makes the target when it is missing: for a file, which stays, at the first run of a bundle.
void bind(const std::string& source, const char* target) {
  if (std::strncmp(target, "dev/", 4) == 0) need(::mkdir(target, 0755), target);
  if (::mount(source.c_str(), target, nullptr, MS_BIND | MS_REC, nullptr) == 0) return;
  need(::mknod(target, S_IFREG | 0644, 0), target);
  need(::mount(source.c_str(), target, nullptr, MS_BIND | MS_REC, nullptr), target);
}

/// The current directory is the root to be.
void mount_all(const profile& of, const std::string& bundle) {
  for (const auto& m : of.mounts) {
    if (std::strncmp(m.target, "dev/", 4) == 0) need(::mkdir(m.target, 0755), m.target);
    need(::mount(m.source, m.target, m.type, m.flags, m.data), m.target);
  }
  for (std::size_t i = 0; i + 1 < of.binds.size(); i += 2) bind(bundle + "/" + of.binds[i], of.binds[i + 1]);
  make_devices();
  for (const char* path : of.read_only_paths)  // some kernels lack some
    if (::mount(path, path, nullptr, MS_BIND | MS_REC, nullptr) == 0)
      need(::mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), path);
  for (const char* path : of.masked_files) (void)::mount("/dev/null", path, nullptr, MS_BIND, nullptr);
  for (const char* path : of.masked_directories)
    (void)::mount("tmpfs", path, "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=2");
}

void bring_up_loopback() {
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ::ifreq request {};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  need(::ioctl(fd, SIOCSIFFLAGS, &request), "lo");
}

void limit(const profile& of) {
  const struct ::rlimit files { 1024, 1024 };
  need(::setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
  need(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  for (unsigned capability = 0; capability <= CAP_LAST_CAP; ++capability)
    if ((of.capabilities >> capability & 1U) == 0) (void)::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = static_cast<std::uint32_t>(of.capabilities),
             high = static_cast<std::uint32_t>(of.capabilities >> 32);
  __user_cap_data_struct sets[2] = {{low, low, 0}, {high, high, 0}};
  need(::syscall(SYS_capset, &head, sets), "capset");
}

[[noreturn]] void be_the_container(const profile& of, const std::string& bundle) {
  const std::string root = bundle + "/rootfs";
  if ((of.namespaces & CLONE_NEWCGROUP) != 0) need(::unshare(CLONE_NEWCGROUP), "unshare");
  need(::setsid(), "setsid");
  bring_up_loopback();
  need(::sethostname(of.hostname, std::strlen(of.hostname)), "sethostname");
  need(::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr), "slave");
  need(::mount(root.c_str(), root.c_str(), nullptr, MS_BIND | MS_REC, nullptr), "root");
  need(::chdir(root.c_str()), "chdir");
  mount_all(of, bundle);
  need(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
  need(::umount2(".", MNT_DETACH), "umount2");
  need(::chdir("/"), "chdir");
  if (of.read_only) need(::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), "read-only");
  limit(of);
  char program[] = "/bin/true";
  char* arguments[] = {program, nullptr};
  char* environment[] = {nullptr};
  ::execve(program, arguments, environment);
  need(-1, program);
  ::_exit(1);
}

/// Makes the cgroup; yields its directory, to be born in on cgroup v2 alone.
int make_cgroup(const std::string& path) {
  need(::mkdir(path.c_str(), 0755), path.c_str());
  const int fd = ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  need(fd, path.c_str());
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    (void)std::fputs("usage: floor minimal|engine BUNDLE ID\n", stderr);
    return 2;
  }
  profile of = std::strcmp(argv[1], "engine") == 0 ? engine : minimal;
  struct ::statfs found {};
  if (::statfs("/sys/fs/cgroup", &found) != 0 || found.f_type != CGROUP2_SUPER_MAGIC) {
    (void)std::fputs("floor: it measures hosts with cgroup v2 alone\n", stderr);
    return 2;
  }
  const std::string cgroup = std::string{"/sys/fs/cgroup/"} + argv[3];
  clone_args args{};
  args.flags = (of.namespaces & ~static_cast<__u64>(CLONE_NEWCGROUP)) | CLONE_INTO_CGROUP;
  args.exit_signal = SIGCHLD;
  args.cgroup = static_cast<__u64>(make_cgroup(cgroup));
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
  need(pid, "clone3");
  if (pid == 0) be_the_container(of, argv[2]);
  int status = 0;
  need(::waitpid(pid, &status, 0), "waitpid");
  need(::rmdir(cgroup.c_str()), "rmdir");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
