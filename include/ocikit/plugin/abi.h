/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boundary between ocikit and its plugins: C11 and C++20, the same for every kind of plugin.
 *
 * A plugin is a shared object that exports one symbol, `ocikit_plugin`: a constant descriptor that points at the table
 * of its kind (`cgroup.h`, ...). Nothing is called until the host has read and accepted both heads.
 *
 * Rules that keep an old plugin loading after an upgrade:
 *  - Every struct begins with a head. Head and descriptor are frozen; all other structs only ever grow at their end.
 *  - Same `abi_major` or no deal. `abi_minor` may differ either way: a table shorter than the host's is read as if the
 *    missing entries were null, a longer one is cut. An argument struct longer than the plugin's may be ignored
 *    beyond what the plugin knows only where the extra bytes are zero (see `ocikit_args_fit`).
 *  - Only fixed-width integers, descriptors, `const char *` and these structs cross. Nothing is thrown across.
 *  - Who passes a pointer owns what it points to; it is valid for the call only, unless its comment says otherwise.
 */
#ifndef OCIKIT_PLUGIN_ABI_H
#define OCIKIT_PLUGIN_ABI_H

/* NOLINTBEGIN(modernize-*): this is C. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OCIKIT_ABI_MAJOR 1u
#define OCIKIT_ABI_MINOR 0u

/** Frozen: read before anything else of the struct that it begins. */
struct ocikit_head {
  uint64_t struct_size; /**< sizeof the struct, as its author compiled it */
  uint32_t abi_major;   /**< OCIKIT_ABI_MAJOR, as its author compiled it */
  uint32_t abi_minor;
};

/** The head of a struct of type `type`. */
#define OCIKIT_HEAD(type) \
  { sizeof(type), OCIKIT_ABI_MAJOR, OCIKIT_ABI_MINOR }

/** What kind of failure it is; the host branches on it. Frozen values; an unknown one is read as OCIKIT_ERR_PLUGIN. */
enum ocikit_err_kind {
  OCIKIT_ERR_CONFIG = 1,      /**< a value of config.json cannot be honoured */
  OCIKIT_ERR_UNSUPPORTED = 2, /**< this kernel or this plugin cannot do it */
  OCIKIT_ERR_SYSTEM = 3,      /**< a system call failed; `code` is its errno */
  OCIKIT_ERR_STATE = 4,       /**< the state of the container, or of its cgroup, forbids it */
  OCIKIT_ERR_PLUGIN = 5       /**< the plugin itself misbehaved */
};

/** A failure in words. The host allocates and zeroes it; the plugin fills it whenever it returns a negative errno. */
struct ocikit_errbuf {
  struct ocikit_head head;
  int32_t code;      /**< errno of the failed call, 0 if none */
  uint32_t kind;     /**< enum ocikit_err_kind; 0: SYSTEM if `code` is set, else PLUGIN */
  char pointer[256]; /**< JSON pointer into config.json of the value at fault, NUL-terminated; empty: none */
  char text[1024];   /**< one line without the errno's text, lower case, no full stop, NUL-terminated */
};

/** What `ocikit_plugin` is. Frozen. Everything it points to lives as long as the plugin is loaded. */
struct ocikit_plugin_info {
  struct ocikit_head head;
  const char* kind;        /**< "cgroup", "seccomp" or "lsm" */
  const char* name;        /**< what a user selects; the file is called <name>.so */
  const char* description; /**< one line for `ocirun plugins` */
  const char* version;     /**< the plugin's own version */
  const void* ops;         /**< the table of its kind, e.g. struct ocikit_cgroup_ops; begins with an ocikit_head */
};

/* A static build links several plugins into one program and gives each descriptor a name of its own. */
#ifndef OCIKIT_PLUGIN_SYMBOL
#define OCIKIT_PLUGIN_SYMBOL ocikit_plugin
#endif
/** The name the loader looks for. */
#define OCIKIT_PLUGIN_SYMBOL_NAME "ocikit_plugin"

#ifdef __cplusplus
#define OCIKIT_PLUGIN_C extern "C"
#else
#define OCIKIT_PLUGIN_C extern
#endif

/**
 * Defines the one exported symbol. Write it once, at file scope:
 *     OCIKIT_DEFINE_PLUGIN("cgroup", "mine", "what it does, in one line", "1.0", &my_ops)
 */
#define OCIKIT_DEFINE_PLUGIN(kind_, name_, description_, version_, ops_)                                       \
  OCIKIT_PLUGIN_C __attribute__((visibility("default"))) const struct ocikit_plugin_info OCIKIT_PLUGIN_SYMBOL; \
  const struct ocikit_plugin_info OCIKIT_PLUGIN_SYMBOL = {                                                     \
      OCIKIT_HEAD(struct ocikit_plugin_info), kind_, name_, description_, version_, ops_};

/**
 * For plugins: whether the bytes that a newer host appended to a struct beyond the `known` ones are all zero, so that
 * ignoring them loses nothing. The rule of openat2(2). Returns 1 or 0.
 */
static inline int ocikit_args_fit(const void* args, uint64_t known) {
  const unsigned char* bytes = (const unsigned char*)args;
  const uint64_t size = ((const struct ocikit_head*)args)->struct_size;
  uint64_t i;
  for (i = known; i < size; ++i)
    if (bytes[i] != 0) return 0;
  return 1;
}

/**
 * For plugins: fills `err` (may be NULL) and returns -code, or -1 when `code` is 0, so that a failure is one line:
 *     return ocikit_fail(err, OCIKIT_ERR_SYSTEM, errno, "", "mkdir \"c1\"");
 */
static inline int32_t ocikit_fail(struct ocikit_errbuf* err, uint32_t kind, int32_t code, const char* pointer,
                                  const char* text) {
  if (err) {
    err->kind = kind;
    err->code = code;
    (void)snprintf(err->pointer, sizeof err->pointer, "%s", pointer);
    (void)snprintf(err->text, sizeof err->text, "%s", text);
  }
  return code > 0 ? -code : -1;
}

#ifdef __cplusplus
}
#endif

/* NOLINTEND(modernize-*) */

#endif
