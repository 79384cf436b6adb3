// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include <ocikit/container/exec.hpp>
#include <ocikit/container/foreground.hpp>
#include <ocikit/container/inherited_fds.hpp>
#include <ocikit/container/pid_file.hpp>
#include <ocikit/container/status.hpp>
#include <ocikit/process/capabilities.hpp>

#include "backends.hpp"
#include "command_line.hpp"
#include "commands.hpp"
#include "container_access.hpp"
#include "exec_process.hpp"
#include "shared_options.hpp"
#include "terminal_keeper.hpp"

namespace ocikit::runtime {
namespace {

constexpr option options[] = {
    shared::console_socket,
    shared::pidfd_socket,
    {"cwd", "", option_kind::text, "PATH", "", "the working directory in the container"},
    {"env", "e", option_kind::texts, "NAME=VALUE", "", "a variable added to the environment; repeatable"},
    {"tty", "t", option_kind::flag, "", "", "give the process a pseudo-terminal"},
    {"user", "u", option_kind::text, "UID[:GID]", "", "the user id, and the group id, as numbers"},
    {"additional-gids", "g", option_kind::numbers, "GID", "", "a supplementary group id; repeatable"},
    {"process", "p", option_kind::text, "FILE", "",
     "take the whole process object from this JSON file, and ignore the command"},
    shared::detach,
    shared::pid_file,
    {"process-label", "", option_kind::text, "LABEL", "", "the SELinux label of the process"},
    {"apparmor", "", option_kind::text, "PROFILE", "", "the AppArmor profile of the process"},
    {"no-new-privs", "", option_kind::flag, "", "", "set, or with =false clear, no_new_privs"},
    {"cap", "c", option_kind::texts, "CAP", "",
     "a capability added to the bounding, effective and permitted sets; repeatable"},
    shared::preserve_fds,
    {"cgroup", "", option_kind::texts, "[CONTROLLERS:]PATH", "",
     "a cgroup below the container's to run in, on cgroup v1 for these controllers; repeatable"},
    {"ignore-paused", "", option_kind::flag, "", "", "allow a paused container; the process starts when it is resumed"},
};

/// One exec, from the command line to the end of its process.
class exec_run {
 public:
  explicit exec_run(const invocation& call) : call_{call}, with_{make_backends(call)} {}

  result<int> run() {
    if (const zstring_view path = call_.text("pid-file"); !path.empty())
      pid_file_ = OCIKIT_TRY(container::pid_file::locate(path));
    auto in = OCIKIT_TRY(load_container(call_, container::locking::none));
    OCIKIT_TRY(check_status(in));
    container::exec_request wanted;
    wanted.process = OCIKIT_TRY(read_exec_process(call_, in.saved));
    const bool foreground = !call_.flag("detach");
    const bool terminal = wanted.process.terminal;
    OCIKIT_TRY(check_terminal(terminal, !call_.text("console-socket").empty(), foreground));
    OCIKIT_TRY(fill(wanted, in.saved));
    terminal_keeper keeper{std::string{call_.text("console-socket")}, foreground};
    OCIKIT_TRY(keeper.prepare(terminal));
    std::optional<container::signal_inbox> inbox;
    if (foreground) inbox.emplace(OCIKIT_TRY(container::signal_inbox::open()));
    call_.log.debug("nsexec container setup");
    auto process = OCIKIT_TRY(container::execution::prepare(
        in, std::move(wanted), with_, [&](unique_fd master) { return keeper.adopt(std::move(master)); }));
    tell_affinity(*process);
    call_.log.debug("child process in init()");
    OCIKIT_TRY(announce(*process));
    call_.log.debug("setns_init: about to exec");
    auto copy = OCIKIT_TRY(keeper.copy());  // before the program's first line of output
    OCIKIT_TRY(process->start());
    process->keep();
    return foreground ? attend(*process, *inbox, copy) : 0;
  }

 private:
  result<void> check_status(const container::loaded_container& in) {
    const auto status = OCIKIT_TRY(container::read_status(in));
    if (status == spec::container_status::stopped)
      return tl::unexpected(error::state("cannot exec in a stopped container"));
    if (status == spec::container_status::paused && !call_.flag("ignore-paused"))
      return tl::unexpected(error::state("cannot exec in a paused container (use --ignore-paused to override)"));
    return {};
  }

  result<void> fill(container::exec_request& to, const container::state& in) {
    const auto preserved = call_.number("preserve-fds");
    if (preserved < 0) return tl::unexpected(error::config("", "preserve-fds must not be negative"));
    const container::inherited_fds passed{0, static_cast<unsigned>(preserved)};
    OCIKIT_TRY(container::close_on_exec_from(passed.end()));
    to.preserved_fds = passed.preserved;
    to.sub_cgroups = OCIKIT_TRY(cgroups::parse_sub_cgroups(call_.texts("cgroup")));
    to.privileged = ::geteuid() == 0;
    to.rootless = in.rootless;
    to.last_capability = process::read_last_capability();
    return {};
  }

  /// In the words of runc's, which tests look for; only up to 64 CPUs.
  void tell_affinity(const container::execution& made) {
    if (!call_.log.wants(sys::log_level::debug)) return;
    const std::uint64_t cpus = made.initial_cpus();
    if (cpus == 0) return;
    char text[80];
    std::snprintf(text, sizeof text, "nsexec[%d]: affinity: 0x%llx", static_cast<int>(made.pid()),
                  static_cast<unsigned long long>(cpus));
    call_.log.debug(text);
  }

  /// Tells the outside about the process.
  result<void> announce(const container::execution& made) {
    const zstring_view socket = call_.text("pidfd-socket");
    if (!socket.empty()) OCIKIT_TRY(container::send_pidfd(socket, made.pidfd(), container::pidfd_of::joined));
    return pid_file_ ? pid_file_->write(made.pid()) : result<void>{};
  }

  static result<int> attend(const container::execution& made, container::signal_inbox& inbox,
                            container::stdio_copy& copy) {
    const container::foreground_child child{made.pid(), made.pidfd()};
    return OCIKIT_TRY(container::wait_in_foreground(inbox, child, copy, container::reaping::one_child)).status;
  }

  const invocation& call_;
  container::backends with_;
  std::optional<container::pid_file> pid_file_;
};

result<int> run(const invocation& call) { return exec_run{call}.run(); }

constexpr command self{
    .name = "exec",
    .purpose = "execute a further process in a container",
    .usage = "<container-id> <command> [arguments], or --process FILE <container-id>",
    .description =
        "Starts a program in a created or running container with the environment, user, capabilities and\n"
        "limits of the container's own process, where no option says otherwise. Everything after the\n"
        "container's id belongs to the program.\n"
        "\n"
        "The exit status is the program's (128 + N when signal N ended it), or 255 when it could not be\n"
        "started.",
    .options = options,
    .min_positionals = 1,
    .max_positionals = any_number,
    .stops_at_first_positional = true,
    .failure_prefix = "exec failed: ",
    .failure_status = 255,
    .run = run,
};

}  // namespace

const command& exec_command() noexcept { return self; }

}  // namespace ocikit::runtime
