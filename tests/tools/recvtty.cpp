// SPDX-License-Identifier: Apache-2.0
//
// recvtty [--pid-file F] [--mode single|null] [--no-stdin] SOCKET
// The far end of --console-socket. single: takes one terminal and relays it to stdio until the container ends.
// null: takes any number of terminals, reads what they say and forgets it.
#include <getopt.h>
#include <poll.h>
#include <termios.h>

#include "unix_socket.hpp"

namespace {
using namespace ocikit;
using namespace ocikit::tools;

struct settings {
  std::string pid_file;
  std::string mode = "single";
  bool relay_stdin = true;
  std::string socket;
};

settings parse(int argc, char** argv) {
  static constexpr option known[] = {{"pid-file", required_argument, nullptr, 'p'},
                                     {"mode", required_argument, nullptr, 'm'},
                                     {"no-stdin", no_argument, nullptr, 'n'},
                                     {nullptr, 0, nullptr, 0}};
  settings chosen;
  for (int key = 0; (key = ::getopt_long_only(argc, argv, "", known, nullptr)) != -1;) {
    if (key == 'p') chosen.pid_file = optarg;
    if (key == 'm') chosen.mode = optarg;
    if (key == 'n') chosen.relay_stdin = false;
    if (key == '?') std::exit(2);
  }
  if (argc - optind != 1 || (chosen.mode != "single" && chosen.mode != "null"))
    usage("[--pid-file F] [--mode single|null] [--no-stdin] SOCKET");
  chosen.socket = argv[optind];
  return chosen;
}

/// Moves what is there from one descriptor to the other; false at the end of the file or of the terminal (EIO).
bool relay(fd_view from, fd_view to) {
  char buffer[4096];
  const auto size = ::read(from.get(), buffer, sizeof buffer);
  if (size <= 0) return size < 0 && errno == EINTR;
  return static_cast<bool>(sys::write_all(to, {buffer, static_cast<std::size_t>(size)}));
}

/// Our stdout is no terminal: a line should end in "\n", not in the "\r\n" of one.
void stop_adding_returns(fd_view terminal) {
  termios state{};
  if (::tcgetattr(terminal.get(), &state) != 0) return;
  state.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
  (void)::tcsetattr(terminal.get(), TCSANOW, &state);  // cosmetic
}

result<void> serve_single(fd_view listener, bool relay_stdin) {
  const unique_fd connection = OCIKIT_TRY(accept_from(listener));
  const unique_fd terminal = OCIKIT_TRY(receive_descriptor(connection));
  stop_adding_returns(terminal);
  pollfd waits[2] = {{terminal.get(), POLLIN, 0}, {relay_stdin ? STDIN_FILENO : -1, POLLIN, 0}};
  for (;;) {
    if (::poll(waits, 2, -1) < 0 && errno != EINTR) return tl::unexpected(error::from_errno(errno, "poll"));
    if (waits[0].revents != 0 && !relay(terminal, fd_view{STDOUT_FILENO})) return {};
    if (waits[1].revents != 0 && !relay(fd_view{STDIN_FILENO}, terminal)) waits[1].fd = -1;
  }
}

/// Reads and forgets; false when the terminal is gone.
bool drop_output(int terminal) {
  char buffer[4096];
  const auto size = ::read(terminal, buffer, sizeof buffer);
  return size > 0 || (size < 0 && errno == EINTR);
}

result<void> serve_null(fd_view listener) {
  std::vector<unique_fd> terminals;
  for (;;) {
    std::vector<pollfd> waits{{listener.get(), POLLIN, 0}};
    for (const auto& terminal : terminals) waits.push_back({terminal.get(), POLLIN, 0});
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR)
      return tl::unexpected(error::from_errno(errno, "poll"));
    for (std::size_t i = waits.size() - 1; i > 0; --i)
      if (waits[i].revents != 0 && !drop_output(waits[i].fd))
        terminals.erase(terminals.begin() + static_cast<std::ptrdiff_t>(i) - 1);
    if (waits[0].revents == 0) continue;
    const unique_fd connection = OCIKIT_TRY(accept_from(listener));
    if (auto terminal = receive_descriptor(connection)) terminals.push_back(std::move(*terminal));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const settings chosen = parse(argc, argv);
  const unique_fd listener = or_die(listen_at(chosen.socket));
  or_die(write_pid_file(chosen.pid_file));
  or_die(chosen.mode == "null" ? serve_null(listener) : serve_single(listener, chosen.relay_stdin));
}
