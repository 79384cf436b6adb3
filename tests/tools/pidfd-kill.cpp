// SPDX-License-Identifier: Apache-2.0
//
// pidfd-kill [--pid-file F] --signal SIG SOCKET
// The far end of --pidfd-socket: takes one pidfd, and when SIGTERM comes sends SIG through it and ends.
#include <getopt.h>
#include <signal.h>

#include "unix_socket.hpp"

namespace {
using namespace ocikit;
using namespace ocikit::tools;

struct settings {
  std::string pid_file;
  int signal = SIGKILL;
  std::string socket;
};

/// The number of "SIGTERM", "TERM" or "15"; 0 for what is none of these.
int signal_number(std::string_view name) {
  if (name.substr(0, 3) == "SIG") name.remove_prefix(3);
  for (int number = 1; number < NSIG; ++number) {
    const char* known = ::sigabbrev_np(number);
    if (known != nullptr && name == known) return number;
  }
  return std::atoi(std::string{name}.c_str());
}

settings parse(int argc, char** argv) {
  static constexpr option known[] = {{"pid-file", required_argument, nullptr, 'p'},
                                     {"signal", required_argument, nullptr, 's'},
                                     {nullptr, 0, nullptr, 0}};
  settings chosen;
  for (int key = 0; (key = ::getopt_long_only(argc, argv, "", known, nullptr)) != -1;) {
    if (key == 'p') chosen.pid_file = optarg;
    if (key == 's') chosen.signal = signal_number(optarg);
    if (key == '?') std::exit(2);
  }
  if (argc - optind != 1 || chosen.signal <= 0) usage("[--pid-file F] --signal SIG SOCKET");
  chosen.socket = argv[optind];
  return chosen;
}

}  // namespace

int main(int argc, char** argv) {
  const settings chosen = parse(argc, argv);
  sigset_t term;  // blocked first: a SIGTERM that comes before the pidfd waits for it
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  (void)::sigprocmask(SIG_BLOCK, &term, nullptr);

  const unique_fd listener = or_die(listen_at(chosen.socket));
  or_die(write_pid_file(chosen.pid_file));
  const unique_fd connection = or_die(accept_from(listener));
  const unique_fd process = or_die(receive_descriptor(connection));
  int came = 0;
  (void)::sigwait(&term, &came);
  or_die(sys::pidfd_send_signal(process, chosen.signal));
}
