// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ocikit/base/zstring_view.hpp>
#include <ocikit/mounts/copy_up.hpp>
#include <ocikit/sys/rooted.hpp>

namespace ocikit::mounts {

/// What the steps share: descriptors that one makes and a later one needs.
struct workspace {
  int root = -1;                  ///< the container's root, a mount of its own
  int* slots = nullptr;           ///< sources of bind mounts by slot
  bool by_path = false;           ///< no open_tree(2) or move_mount(2) here: see bind.hpp
  bool no_tree_attr = false;      ///< no open_tree_attr(2) here
  int descriptors = -1;           ///< then: this process's directory of them in the host's /proc
  int terminal = -1;              ///< slave end of the container's terminal
  int null = -1;                  ///< the host's /dev/null, verified
  zstring_view first_mask{};      ///< where the empty directory was mounted first,
  int empty = -1;                 ///< and, once there is a second place for it, itself
  zstring_view last_directory{};  ///< of the devices made last,
  int last_directory_fd = -1;     ///< and its descriptor
  zstring_view last_target{};     ///< of the mount before, when its target was made for it,
  int last_parent_fd = -1;        ///< in this directory,
  sys::raw::links last_follow = sys::raw::links::scoped;  ///< which was looked up like this
  file_name* culprit = nullptr;                           ///< where a step notes which file of many it failed at
};

}  // namespace ocikit::mounts
