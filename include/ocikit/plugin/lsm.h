/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins of kind "lsm": they turn a label into what the kernel is to be told. Nothing is labelled here.
 * Read abi.h first. The element struct (attribute) has no head and is frozen.
 */
#ifndef OCIKIT_PLUGIN_LSM_H
#define OCIKIT_PLUGIN_LSM_H

/* NOLINTBEGIN(modernize-*): this is C. */

#include <ocikit/plugin/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One write to a file of the process's own, below /proc/thread-self/attr. Frozen. */
struct ocikit_lsm_attribute {
  const char* file;    /**< relative: "exec", "apparmor/exec"; NULL or empty: nothing is to be written */
  const char* text;    /**< what to write, with one write(2) and without its NUL */
  const char* failure; /**< what the kernel's refusal means, for people: lower case, no full stop */
};

/** What is asked for. The host owns it, for the length of the call. */
struct ocikit_lsm_request {
  struct ocikit_head head;
  const char* process_label; /**< of the program and its session keyring; empty: none */
  const char* mount_label;   /**< of the container's new file systems; empty: none */
};

/** What comes out. The host zeroes it; the plugin's context owns what the pointers show, until its next call. */
struct ocikit_lsm_labels {
  struct ocikit_head head;
  struct ocikit_lsm_attribute program; /**< written once, for the executions from then on */
  struct ocikit_lsm_attribute keyring; /**< written before a keyring is made; an empty write takes it back */
  const char* mount_option;            /**< an option for mount(2); NULL or empty: none */
};

/** The table. Functions return 0, or a negative errno with `err` filled. All are required. */
struct ocikit_lsm_ops {
  struct ocikit_head head;
  int32_t (*open)(void** ctx, struct ocikit_errbuf* err);
  void (*close)(void* ctx);
  /** A label that this kernel, or this module, cannot give is an error. May be called again with the same context. */
  int32_t (*translate)(void* ctx, const struct ocikit_lsm_request* request, struct ocikit_lsm_labels* out,
                       struct ocikit_errbuf* err);
};

#ifdef __cplusplus
}
#endif

/* NOLINTEND(modernize-*) */

#endif
