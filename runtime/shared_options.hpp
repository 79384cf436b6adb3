// SPDX-License-Identifier: Apache-2.0
//
// Rows that several commands' option tables have in common.
#pragma once

#include "option.hpp"

namespace ocikit::runtime::shared {

inline constexpr option bundle{"bundle", "b", option_kind::text,
                               "DIR",    "",  "the bundle's directory (default: the current one)"};
inline constexpr option console_socket{
    "console-socket", "", option_kind::text,
    "SOCKET",         "", "the AF_UNIX socket that is sent the master end of the container's pseudo-terminal"};
inline constexpr option pidfd_socket{
    "pidfd-socket", "", option_kind::text,
    "SOCKET",       "", "the AF_UNIX socket that is sent a pidfd of the container's process"};
inline constexpr option pid_file{"pid-file", "", option_kind::text,
                                 "FILE",     "", "the file that the container process's id is written to"};
inline constexpr option no_pivot{
    "no-pivot", "", option_kind::flag,
    "",         "", "move the root mount and chroot instead of pivot_root; for roots on a ramdisk, and less safe"};
inline constexpr option no_new_keyring{
    "no-new-keyring", "", option_kind::flag, "", "", "keep the caller's session keyring instead of a new one"};
inline constexpr option preserve_fds{"preserve-fds",
                                     "",
                                     option_kind::number,
                                     "N",
                                     "0",
                                     "pass N more descriptors to the container, after stdio and LISTEN_FDS"};
inline constexpr option detach{"detach", "d", option_kind::flag, "", "", "return once the process has been started"};
inline constexpr option no_subreaper{
    "no-subreaper", "", option_kind::flag, "", "", "do not become the subreaper of the container's orphaned processes"};
inline constexpr option table_or_json{"format", "f",     option_kind::text,
                                      "FORMAT", "table", "how to print: `table` or `json`"};

}  // namespace ocikit::runtime::shared
