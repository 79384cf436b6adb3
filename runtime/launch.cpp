// SPDX-License-Identifier: Apache-2.0
#include "launch.hpp"

#include <linux/prctl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <ocikit/cgroups/plan_v2.hpp>
#include <ocikit/cgroups/tree.hpp>
#include <ocikit/container/console.hpp>
#include <ocikit/container/create.hpp>
#include <ocikit/container/foreground.hpp>
#include <ocikit/container/inherited_fds.hpp>
#include <ocikit/container/pid_file.hpp>
#include <ocikit/process/capabilities.hpp>
#include <ocikit/sys/trace.hpp>

#include "backends.hpp"
#include "bundle.hpp"
#include "host.hpp"
#include "plugin_files.hpp"
#include "readiness.hpp"
#include "terminal_keeper.hpp"

namespace ocikit::runtime {
namespace {

/// Whether the runtime stays with the container.
enum class manner { created, detached, foreground };

/// One launch of a container, from the command line to its end.
class launch {
 public:
  launch(const invocation& call, manner how) : call_{call}, how_{how}, with_{make_backends(call)} {}

  result<int> run() {
    const auto id = OCIKIT_TRY(container::container_id::parse(std::string_view{call_.positionals.front()}));
    container::create_request wanted{.id = id};
    OCIKIT_TRY(choose_cgroup_driver(wanted));
    OCIKIT_TRY(locate_pid_file());
    OCIKIT_TRY(read_bundle(wanted));
    OCIKIT_TRY(pass_descriptors(wanted));
    terminal_keeper terminal{std::string{call_.text("console-socket")}, how_ == manner::foreground};
    OCIKIT_TRY(terminal.prepare(wanted.config.process->terminal));
    if (how_ == manner::foreground) inbox_.emplace(OCIKIT_TRY(container::signal_inbox::open()));
    become_subreaper();
    root_.emplace(OCIKIT_TRY(container::state_root::open_or_create(call_.globals.root)));
    call_.log.debug("nsexec container setup");
    made_ = OCIKIT_TRY(container::creation::create(
        *root_, std::move(wanted), with_, [&](unique_fd master) { return terminal.adopt(std::move(master)); }));
    auto status = see_off(terminal);
    if (!status) made_.reset();  // which undoes what is not kept
    return status;
  }

 private:
  /// Comes first, because it may begin the command anew.
  result<void> choose_cgroup_driver(container::create_request& to) {
    to.unified_cgroups = cgroups::host_is_unified();
    to.cgroup_manager = OCIKIT_TRY(choose_cgroup_manager(call_.globals, to.unified_cgroups));
    return become_able_to_load(call_.globals, to.cgroup_manager);
  }

  result<void> locate_pid_file() {
    const zstring_view path = call_.text("pid-file");
    if (!path.empty()) pid_file_ = OCIKIT_TRY(container::pid_file::locate(path));
    return {};
  }

  result<void> read_bundle(container::create_request& to) {
    to.last_capability = process::read_last_capability();
    to.no_pivot = call_.flag("no-pivot");
    bundle from =
        OCIKIT_TRY(load_bundle(call_, call_.text("bundle"), read_validation_facts(to.no_pivot, to.last_capability)));
    for (const spec::warning& one : from.warnings) call_.log.warning(one.text);
    OCIKIT_TRY(check_rootfs(from.rootfs));
    OCIKIT_TRY(check_terminal(from.config.process->terminal, !call_.text("console-socket").empty(),
                              how_ == manner::foreground));
    to.config = std::move(from.config);
    to.bundle = std::move(from.directory);
    to.rootfs = std::move(from.rootfs);
    to.resctrl_root = std::move(from.resctrl.root);
    if (to.unified_cgroups) warn_of_what_v2_lacks(to.config);
    to.rootless = is_rootless(call_.globals);
    to.privileged = effective_uid() == 0;
    to.new_keyring = !call_.flag("no-new-keyring");
    to.notifies = !manager_.empty();
    to.started_by_runtime = how_ != manner::created;
    if (to.no_pivot) to.host_kernel_mounts = OCIKIT_TRY(read_kernel_mounts());
    return {};
  }

  /// In one line, so that a document with all of them is not a page of warnings.
  void warn_of_what_v2_lacks(const spec::config& config) {
    if (!config.platform || !config.platform->resources) return;
    std::string names;
    for (const auto& name : cgroups::without_effect_on_v2(*config.platform->resources))
      names += (names.empty() ? "" : ", ") + name;
    if (!names.empty()) call_.log.warning("cgroup v2 has nothing for " + names + " (/linux/resources): ignored");
    if (cgroups::loses_weight_to_idle(*config.platform->resources))
      call_.log.warning(std::string{cgroups::weight_lost_to_idle});
  }

  result<void> pass_descriptors(container::create_request& to) {
    const auto preserved = call_.number("preserve-fds");
    if (preserved < 0) return tl::unexpected(error::config("", "preserve-fds must not be negative"));
    const auto passed = OCIKIT_TRY(container::find_inherited_fds(static_cast<unsigned>(preserved)));
    to.preserved_fds = passed.end() - container::inherited_fds::first;
    to.environment = container::listen_environment(passed.listen);
    return container::close_on_exec_from(passed.end());
  }

  void become_subreaper() {
    const bool unwanted = how_ != manner::created && call_.flag("no-subreaper");
    if (how_ == manner::foreground && !unwanted) (void)sys::raw::prctl(PR_SET_CHILD_SUBREAPER, 1);  // a comfort
  }

  result<int> see_off(terminal_keeper& terminal) {
    call_.log.debug("child process in init()");
    if (made_->may_leave_processes())
      call_.log.warning(
          "the container has neither a cgroup nor a pid namespace of its own. Such configuration is strongly "
          "discouraged: processes that its program leaves behind cannot be found");
    OCIKIT_TRY(announce(*made_));
    if (how_ == manner::created) return made_->keep(), 0;
    call_.log.debug("init: closing the pipe to signal completion");
    auto copy = OCIKIT_TRY(terminal.copy());  // before the program's first line of output
    std::optional<container::notify_socket> notify;
    if (!manager_.empty()) notify = OCIKIT_TRY(container::notify_socket::listen(made_->directory()));
    OCIKIT_TRY(made_->start());
    if (how_ == manner::foreground) return attend(copy, notify);
    made_->keep();
    made_->unlock();
    if (notify) OCIKIT_TRY(tell_manager(call_, *notify, manager_, made_->pid(), made_->pidfd()));
    return 0;
  }

  /// Tells the outside about the created container.
  result<void> announce(const container::creation& made) {
    const zstring_view socket = call_.text("pidfd-socket");
    if (!socket.empty()) OCIKIT_TRY(container::send_pidfd(socket, made.pidfd(), container::pidfd_of::init));
    const auto said = OCIKIT_TRY(spec::read_extensions(made.saved().config.annotations));
    if (!said.pidfd_receiver.empty())
      OCIKIT_TRY(
          container::send_pidfd(said.pidfd_receiver, made.pidfd(), container::pidfd_of::init).map_error([](error e) {
            return std::move(e).at("/annotations/run.oci.pidfd_receiver");
          }));
    return pid_file_ ? pid_file_->write(made.pid()) : result<void>{};
  }

  result<int> attend(container::stdio_copy& copy, const std::optional<container::notify_socket>& notify) {
    const auto reaping = call_.flag("no-subreaper") ? container::reaping::one_child : container::reaping::every_child;
    container::watched_descriptor readiness;
    if (notify) readiness = {notify->fd(), [&] { return !pass_on(*notify); }};
    const container::foreground_child child{made_->pid(), made_->pidfd()};
    std::optional<sys::traced> running{[] { return "wait for the container's end"; }};
    const auto end = OCIKIT_TRY(container::wait_in_foreground(*inbox_, child, copy, reaping, std::move(readiness)));
    running.reset();
    made_->ended();
    if (call_.flag("keep")) {
      made_->keep();
      return end.status;
    }
    OCIKIT_TRY(made_->destroy());
    return end.status;
  }

  /// The service's main process is this one: it ends when the container does. True once the manager was told; there
  /// is no need to wait until it has read that, since this process stays.
  bool pass_on(const container::notify_socket& notify) {
    const auto line = notify.take();
    if (!line) return false;
    const auto self = static_cast<pid_t>(sys::raw::getpid());
    if (const auto told = container::pass_on_readiness(manager_, *line, self, std::chrono::milliseconds{0}); !told)
      call_.log.warning("telling the service manager: " + told.error().message());
    return true;
  }

  const invocation& call_;
  manner how_;
  container::backends with_;
  zstring_view manager_ = service_manager();
  std::optional<container::pid_file> pid_file_;
  std::optional<container::signal_inbox> inbox_;
  std::optional<container::state_root> root_;
  std::unique_ptr<container::creation> made_;
};

/// A launch is the last thing that the program does: its descriptors are left for the kernel to close.
result<int> launch_to_the_end(const invocation& call, manner how) {
  static launch* the_last = nullptr;
  the_last = new launch{call, how};
  return the_last->run();
}

}  // namespace

result<int> create_container(const invocation& call) { return launch_to_the_end(call, manner::created); }

result<int> run_container(const invocation& call) {
  return launch_to_the_end(call, call.flag("detach") ? manner::detached : manner::foreground);
}

}  // namespace ocikit::runtime
