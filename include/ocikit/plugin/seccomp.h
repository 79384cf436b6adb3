/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins of kind "seccomp": they turn a flattened profile into BPF. Nothing is loaded into the kernel here.
 * Read abi.h first. The element structs (condition, rule, arch) have no head and are frozen.
 */
#ifndef OCIKIT_PLUGIN_SECCOMP_H
#define OCIKIT_PLUGIN_SECCOMP_H

/* NOLINTBEGIN(modernize-*): this is C. */

#include <ocikit/plugin/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How an argument is compared. The numbers are libseccomp's. */
enum ocikit_seccomp_op {
  OCIKIT_SECCOMP_NE = 1,
  OCIKIT_SECCOMP_LT = 2,
  OCIKIT_SECCOMP_LE = 3,
  OCIKIT_SECCOMP_EQ = 4,
  OCIKIT_SECCOMP_GE = 5,
  OCIKIT_SECCOMP_GT = 6,
  OCIKIT_SECCOMP_MASKED_EQ = 7 /**< (argument & value) == value_two */
};

/** Unsigned comparison of 64 bits: `arguments[index] op value`. Frozen. */
struct ocikit_seccomp_condition {
  uint32_t index; /**< 0 to 5 */
  uint32_t op;    /**< enum ocikit_seccomp_op */
  uint64_t value;
  uint64_t value_two; /**< MASKED_EQ only */
};

/** In place of an index: the profile does not name the thing. */
#define OCIKIT_SECCOMP_NO_ENTRY UINT32_MAX

/** What happens to a system call when all conditions hold; none: always. Frozen. */
struct ocikit_seccomp_rule {
  const char* name;
  uint32_t action; /**< SECCOMP_RET_ value with its data (linux/seccomp.h); never the default action */
  uint32_t entry;  /**< index in /linux/seccomp/syscalls, for error pointers, or OCIKIT_SECCOMP_NO_ENTRY */
  const struct ocikit_seccomp_condition* conditions; /**< no two with the same index */
  uint64_t condition_count;
};

/** Frozen. */
struct ocikit_seccomp_arch {
  uint32_t token; /**< AUDIT_ARCH_ value (linux/audit.h); x32 is 0x4000003e, as in libseccomp */
  uint32_t entry; /**< index in /linux/seccomp/architectures, or OCIKIT_SECCOMP_NO_ENTRY */
};

/** A profile. The host owns everything in it, for the length of the call. */
struct ocikit_seccomp_request {
  struct ocikit_head head;
  const struct ocikit_seccomp_arch* archs; /**< each once; the native one is among them */
  uint64_t arch_count;
  const struct ocikit_seccomp_rule* rules;
  uint64_t rule_count;
  const char* const* also_mentioned; /**< names without a rule; they count for `newest` and `unknown` */
  uint64_t also_mentioned_count;
  uint32_t default_action; /**< SECCOMP_RET_ value with its data */
  uint32_t reserved;       /**< zero */
};

/**
 * What comes out. The host zeroes it; the plugin fills it. The plugin's context owns what the pointers show, until the
 * next call with that context.
 */
struct ocikit_seccomp_program {
  struct ocikit_head head;
  const void* instructions; /**< struct sock_filter (linux/filter.h), one after the other */
  uint64_t size;            /**< in bytes */
  const int64_t* newest;    /**< one per arch of the request: the greatest number of a mentioned call; -1: none known */
  uint64_t newest_count;
  const char* const* unknown; /**< mentioned names that the plugin does not know; they are ignored */
  uint64_t unknown_count;
  const char* const* warnings; /**< one line each */
  uint64_t warning_count;
  const char* const* files; /**< absolute paths of what the result depends on besides the plugin: its libraries */
  uint64_t file_count;
};

/** The table. Functions return 0, or a negative errno with `err` filled. All are required. */
struct ocikit_seccomp_ops {
  struct ocikit_head head;
  int32_t (*open)(void** ctx, struct ocikit_errbuf* err);
  void (*close)(void* ctx);
  /** Compiles. A name nobody knows is no error. May be called again with the same context. */
  int32_t (*compile)(void* ctx, const struct ocikit_seccomp_request* request, struct ocikit_seccomp_program* out,
                     struct ocikit_errbuf* err);
};

#ifdef __cplusplus
}
#endif

/* NOLINTEND(modernize-*) */

#endif
