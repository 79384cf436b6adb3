// SPDX-License-Identifier: Apache-2.0
//
// Every kind of step that a container's creation is made of: those of the domains and those that tie them together.
#pragma once

#include <cstdint>
#include <span>
#include <tuple>
#include <variant>

#include <ocikit/base/members.hpp>
#include <ocikit/base/zstring_view.hpp>
#include <ocikit/lsm/steps.hpp>
#include <ocikit/mounts/steps.hpp>
#include <ocikit/namespaces/steps.hpp>
#include <ocikit/process/steps.hpp>
#include <ocikit/resctrl/steps.hpp>
#include <ocikit/seccomp/steps.hpp>

namespace ocikit::container {

// ---- taken by the runtime --------------------------------------------------------------------------------------

/// Makes the container's cgroup and sets its limits and device rules.
struct make_cgroup {
  static constexpr std::string_view name = "make the cgroup";
  zstring_view path = {};
  static constexpr auto members = std::make_tuple(member{"path", &make_cgroup::path});
  bool operator==(const make_cgroup&) const = default;
};

/// Opens a namespace of the host, for the init to join, into `slot`.
struct open_namespace {
  static constexpr std::string_view name = "open a namespace";
  zstring_view path = {};
  std::uint32_t slot = 0;
  static constexpr auto members =
      std::make_tuple(member{"path", &open_namespace::path}, member{"slot", &open_namespace::slot});
  bool operator==(const open_namespace&) const = default;
};

/// Opens the host's /proc, for the init to write to files of its own there, into `slot`.
struct open_procfs {
  static constexpr std::string_view name = "open the host's /proc";
  std::uint32_t slot = 0;
  static constexpr auto members = std::make_tuple(member{"slot", &open_procfs::slot});
  bool operator==(const open_procfs&) const = default;
};

/// Makes a user namespace that nobody is in, for its maps: those of id-mapped mounts. Its descriptor goes into `slot`.
/// Each map is lines of `inside outside size`. See: user_namespaces(7), mount_setattr(2).
struct make_id_mapping {
  static constexpr std::string_view name = "make a mapping of ids for mounts";
  zstring_view uids = {};
  zstring_view gids = {};
  std::uint32_t slot = 0;
  static constexpr auto members =
      std::make_tuple(member{"uids", &make_id_mapping::uids}, member{"gids", &make_id_mapping::gids},
                      member{"slot", &make_id_mapping::slot});
  bool operator==(const make_id_mapping&) const = default;
};

/// clone3(2) of the container's init into the namespaces of `flags` (CLONE_NEW*) and into its cgroup. The namespaces
/// at `user_namespace` and `pid_namespace` are joined first; empty: none.
struct start_init {
  static constexpr std::string_view name = "start the init";
  std::uint64_t flags = 0;
  zstring_view user_namespace = {};
  zstring_view pid_namespace = {};
  static constexpr auto members =
      std::make_tuple(member{"flags", &start_init::flags}, member{"user_namespace", &start_init::user_namespace},
                      member{"pid_namespace", &start_init::pid_namespace});
  bool operator==(const start_init&) const = default;
};

/// Writes the maps of the init's user namespace. Each is lines of `inside outside size`. See: user_namespaces(7).
struct map_ids {
  static constexpr std::string_view name = "map user and group ids";
  zstring_view uids = {};
  zstring_view gids = {};
  static constexpr auto members = std::make_tuple(member{"uids", &map_ids::uids}, member{"gids", &map_ids::gids});
  bool operator==(const map_ids&) const = default;
};

/// Runs the hooks of `kind` (the property's name in /hooks) in the runtime's namespaces.
struct call_hooks {
  static constexpr std::string_view name = "run the runtime's hooks";
  zstring_view kind = {};
  static constexpr auto members = std::make_tuple(member{"kind", &call_hooks::kind});
  bool operator==(const call_hooks&) const = default;
};

/// Writes state.json with the init's process: from here on the container exists for other commands.
struct save_state {
  static constexpr std::string_view name = "save the state";
  static constexpr auto members = std::make_tuple();
  bool operator==(const save_state&) const = default;
};

/// Makes the cgroup at `path`, below the container's, gives it to the container's root and moves the init there.
struct delegate_cgroup {
  static constexpr std::string_view name = "delegate a cgroup";
  zstring_view path = {};
  static constexpr auto members = std::make_tuple(member{"path", &delegate_cgroup::path});
  bool operator==(const delegate_cgroup&) const = default;
};

/// Gives the container's cgroup at `path` to `owner`, an id of the host's: what the kernel says may be delegated.
struct hand_over_cgroup {
  static constexpr std::string_view name = "hand over the cgroup";
  zstring_view path = {};
  std::uint32_t owner = 0;
  static constexpr auto members =
      std::make_tuple(member{"path", &hand_over_cgroup::path}, member{"owner", &hand_over_cgroup::owner});
  bool operator==(const hand_over_cgroup&) const = default;
};

/// Opens the host's file at `path` for what hooks write, into `slot`; it is made where it is missing.
struct open_hook_output {
  static constexpr std::string_view name = "open a file for the output of hooks";
  zstring_view path = {};
  std::uint32_t slot = 0;
  static constexpr auto members =
      std::make_tuple(member{"path", &open_hook_output::path}, member{"slot", &open_hook_output::slot});
  bool operator==(const open_hook_output&) const = default;
};

/// Hands the notify descriptor of the filter that the init has just loaded, and what the agent must know of the
/// process, to the agent that listens at `path`.
struct send_listener {
  static constexpr std::string_view name = "hand the seccomp notify descriptor to the agent";
  zstring_view path = {};
  zstring_view metadata = {};
  static constexpr auto members =
      std::make_tuple(member{"path", &send_listener::path}, member{"metadata", &send_listener::metadata});
  bool operator==(const send_listener&) const = default;
};

// ---- taken by the init -----------------------------------------------------------------------------------------

/// Joins namespaces that others live in, then has a child that goes on in its place: whoever sees it there sees the
/// init alone, with what the init has open. Each of `joins` is a descriptor << 32 | types (CLONE_NEW*) |
/// `join_if_allowed`; `flags` are new namespaces for the child. The runtime fills them in when it starts the init. See:
/// setns(2), clone(2).
struct arrive {
  static constexpr std::string_view name = "join the namespaces";
  static constexpr std::uint64_t join_if_allowed = 1;  ///< EPERM leaves that one for later
  std::span<const std::uint64_t> joins = {};
  std::uint64_t flags = 0;
  bool becomes_root = false;  ///< of its user namespace
  static constexpr auto members = std::make_tuple(member{"joins", &arrive::joins}, member{"flags", &arrive::flags},
                                                  member{"becomes_root", &arrive::becomes_root});
};

/// One hook of /hooks/createContainer or /hooks/startContainer, run by the init where it stands. The state that the
/// hook reads is `state_before`, the pid, `state_after`. `timeout` is seconds, 0: none. With `inherits_environment`,
/// `environment` is that of the container's process, and its HOME is added. Where its outputs go is the plan's.
struct execute_hook {
  static constexpr std::string_view name = "run a hook";
  zstring_view kind = {};
  std::uint32_t index = 0;
  zstring_view path = {};
  std::span<const zstring_view> arguments = {};
  std::span<const zstring_view> environment = {};
  bool inherits_environment = false;
  std::uint32_t timeout = 0;
  zstring_view state_before = {};
  zstring_view state_after = {};
  static constexpr auto members = std::make_tuple(
      member{"kind", &execute_hook::kind}, member{"index", &execute_hook::index}, member{"path", &execute_hook::path},
      member{"arguments", &execute_hook::arguments}, member{"environment", &execute_hook::environment},
      member{"inherits_environment", &execute_hook::inherits_environment}, member{"timeout", &execute_hook::timeout},
      member{"state_before", &execute_hook::state_before}, member{"state_after", &execute_hook::state_after});
};

/// Notes the init's pid as the runtime sees it, while the host's /proc is in view, for hooks that are told later.
struct learn_pid {
  static constexpr std::string_view name = "note the process id";
  static constexpr auto members = std::make_tuple();
  bool operator==(const learn_pid&) const = default;
};

/// From here on what is to be written to /proc goes to the one in `slot`, whatever the container has there.
struct use_procfs {
  static constexpr std::string_view name = "use the host's /proc";
  std::uint32_t slot = 0;
  static constexpr auto members = std::make_tuple(member{"slot", &use_procfs::slot});
  bool operator==(const use_procfs&) const = default;
};

/// The init has done all before this step and waits until the runtime has done what is its own. With `offers` the
/// runtime gets the descriptor in `slot` too.
struct hand_over {
  static constexpr std::string_view name = "wait for the runtime";
  bool offers = false;
  std::uint32_t slot = 0;
  static constexpr auto members =
      std::make_tuple(member{"offers", &hand_over::offers}, member{"slot", &hand_over::slot});
  bool operator==(const hand_over&) const = default;
};

/// The container is created: the init waits for its start, a byte in the container's fifo; with `by_runtime` the
/// runtime itself says go.
struct await_start {
  static constexpr std::string_view name = "wait for the start";
  bool by_runtime = false;
  static constexpr auto members = std::make_tuple(member{"by_runtime", &await_start::by_runtime});
  bool operator==(const await_start&) const = default;
};

namespace detail {
template <class... Variants>
struct joined;
template <class... A, class... B, class... Rest>
struct joined<std::variant<A...>, std::variant<B...>, Rest...> : joined<std::variant<A..., B...>, Rest...> {};
template <class... A>
struct joined<std::variant<A...>> {
  using type = std::variant<A...>;
};
}  // namespace detail

using own_step = std::variant<make_cgroup, open_namespace, open_procfs, make_id_mapping, start_init, map_ids,
                              call_hooks, save_state, delegate_cgroup, hand_over_cgroup, open_hook_output,
                              send_listener, arrive, execute_hook, learn_pid, use_procfs, hand_over, await_start>;

/// Any step. The index of its kind is also its number on the wire: runtime and init are always built together.
using step = detail::joined<own_step, namespaces::step, mounts::step, process::step, lsm::step,
                            std::variant<seccomp::load_filter>, resctrl::step>::type;

}  // namespace ocikit::container
