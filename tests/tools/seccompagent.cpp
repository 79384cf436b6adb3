// SPDX-License-Identifier: Apache-2.0
//
// seccompagent -socketfile PATH [-pid-file F]
// A seccomp notify agent. For each container it takes the state (JSON) and the notify descriptor, and answers
// mkdir: makes the directory, its name followed by "-" and the metadata, and reports success;
// chmod, fchmod, fchmodat: ENOMEDIUM; everything else goes on as if nobody had looked.
#include <getopt.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <simdjson.h>

#include "unix_socket.hpp"

namespace {
using namespace ocikit;
using namespace ocikit::tools;

struct settings {
  std::string pid_file;
  std::string socket;
};

settings parse(int argc, char** argv) {
  static constexpr option known[] = {{"pid-file", required_argument, nullptr, 'p'},
                                     {"socketfile", required_argument, nullptr, 's'},
                                     {nullptr, 0, nullptr, 0}};
  settings chosen;
  for (int key = 0; (key = ::getopt_long_only(argc, argv, "", known, nullptr)) != -1;) {
    if (key == 'p') chosen.pid_file = optarg;
    if (key == 's') chosen.socket = optarg;
    if (key == '?') std::exit(2);
  }
  if (argc != optind || chosen.socket.empty()) usage("-socketfile PATH [-pid-file F]");
  return chosen;
}

/// A container whose calls we answer.
struct listener {
  unique_fd notify;
  std::string suffix;
};

/// Reads ContainerProcessState: which descriptor is the notify one, and the metadata.
result<listener> take_listener(message got) {
  simdjson::dom::parser parser;
  const simdjson::padded_string text{got.payload};
  simdjson::dom::element state;
  if (parser.parse(text).get(state) != simdjson::SUCCESS)
    return tl::unexpected(error::state("the state is not JSON: " + got.payload));
  std::string_view metadata;
  if (state["metadata"].get(metadata) != simdjson::SUCCESS) metadata = "";
  simdjson::dom::array names;
  if (state["fds"].get(names) != simdjson::SUCCESS) return tl::unexpected(error::state("the state names no fds"));
  std::size_t index = 0;
  for (const auto name : names) {
    std::string_view is;
    if (name.get(is) == simdjson::SUCCESS && is == "seccompFd" && index < got.descriptors.size())
      return listener{std::move(got.descriptors[index]), std::string{metadata}};
    ++index;
  }
  return tl::unexpected(error::state("no descriptor is called seccompFd"));
}

/// The NUL-terminated string at `address` in another process.
result<std::string> read_string(const std::string& process, std::uint64_t address) {
  const unique_fd memory = OCIKIT_TRY(sys::openat(sys::at_fdcwd, process + "/mem", O_RDONLY));
  std::string text(4096, '\0');
  const auto size = ::pread(memory.get(), text.data(), text.size(), static_cast<off_t>(address));
  if (size < 0) return tl::unexpected(error::from_errno(errno, sys::call_text("pread", memory.view())));
  text.resize(::strnlen(text.data(), static_cast<std::size_t>(size)));
  return text;
}

/// mkdir(2) of `path` + "-" + `suffix` as the process sees it: below its root, or its working directory.
result<void> make_directory(const std::string& process, std::string path, const std::string& suffix) {
  const bool absolute = !path.empty() && path.front() == '/';
  const unique_fd base =
      OCIKIT_TRY(sys::openat(sys::at_fdcwd, process + (absolute ? "/root" : "/cwd"), O_PATH | O_DIRECTORY));
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const auto slash = path.rfind('/');
  const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1) + "-" + suffix;
  const std::string parent = slash == std::string::npos || slash == 0 ? "." : path.substr(0, slash);
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY;
  how.resolve = RESOLVE_IN_ROOT;
  const unique_fd folder = OCIKIT_TRY(sys::openat2(base, parent, how));
  return sys::mkdirat(folder, name, 0755);
}

/// The answer to one call.
seccomp_notif_resp answer(const seccomp_notif& asked, const listener& from) {
  seccomp_notif_resp reply{};
  reply.id = asked.id;
#ifdef SYS_mkdir
  if (asked.data.nr == SYS_mkdir) {
    const std::string process = "/proc/" + std::to_string(asked.pid);
    auto made = read_string(process, asked.data.args[0]).and_then([&](std::string path) {
      return make_directory(process, std::move(path), from.suffix);
    });
    if (!made) reply.error = made.error().code() != 0 ? -made.error().code() : -EINVAL;
    return reply;
  }
#endif
  bool refused = asked.data.nr == SYS_fchmod || asked.data.nr == SYS_fchmodat;
#ifdef SYS_chmod
  refused = refused || asked.data.nr == SYS_chmod;
#endif
  if (refused)
    reply.error = -ENOMEDIUM;
  else
    reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  return reply;
}

/// Answers one call; false when nobody is left to ask.
bool serve(const listener& from, short events) {
  if ((events & POLLIN) == 0) return false;
  seccomp_notif asked{};
  if (::ioctl(from.notify.get(), SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) return errno == EINTR || errno == ENOENT;
  seccomp_notif_resp reply = answer(asked, from);
  return ::ioctl(from.notify.get(), SECCOMP_IOCTL_NOTIF_SEND, &reply) == 0 || errno == ENOENT;
}

void accept_listener(fd_view socket, std::vector<listener>& listeners) {
  const unique_fd connection = or_die(accept_from(socket));
  auto taken = receive(connection).and_then(take_listener);
  if (taken)
    listeners.push_back(std::move(*taken));
  else
    std::fprintf(stderr, "seccompagent: %s\n", taken.error().message().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const settings chosen = parse(argc, argv);
  const unique_fd socket = or_die(listen_at(chosen.socket));
  or_die(write_pid_file(chosen.pid_file));
  std::vector<listener> listeners;
  for (;;) {
    std::vector<pollfd> waits{{socket.get(), POLLIN, 0}};
    for (const auto& one : listeners) waits.push_back({one.notify.get(), POLLIN, 0});
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) die(error::from_errno(errno, "poll"));
    for (std::size_t i = waits.size() - 1; i > 0; --i)
      if (waits[i].revents != 0 && !serve(listeners[i - 1], waits[i].revents))
        listeners.erase(listeners.begin() + static_cast<std::ptrdiff_t>(i) - 1);
    if (waits[0].revents != 0) accept_listener(socket, listeners);
  }
}
