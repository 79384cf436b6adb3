// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "command.hpp"

namespace ocikit::runtime {

const command& checkpoint_command() noexcept;
const command& create_command() noexcept;
const command& delete_command() noexcept;
const command& events_command() noexcept;
const command& exec_command() noexcept;
const command& explain_command() noexcept;
const command& features_command() noexcept;
const command& kill_command() noexcept;
const command& list_command() noexcept;
const command& pause_command() noexcept;
const command& plugins_command() noexcept;
const command& ps_command() noexcept;
const command& restore_command() noexcept;
const command& resume_command() noexcept;
const command& run_command() noexcept;
const command& spec_command() noexcept;
const command& start_command() noexcept;
const command& state_command() noexcept;
const command& update_command() noexcept;

/// Every command, in the order in which help lists them. `help` is not among them: it is about them.
inline constexpr const command& (*all_commands[])() noexcept = {
    checkpoint_command, create_command,   delete_command,  events_command, exec_command,
    explain_command,    features_command, kill_command,    list_command,   pause_command,
    plugins_command,    ps_command,       restore_command, resume_command, run_command,
    spec_command,       start_command,    state_command,   update_command,
};

}  // namespace ocikit::runtime
