/* SPDX-License-Identifier: Apache-2.0 */
/* One source, several specimens: what is wrong with each comes from its definitions. */
#include <ocikit/plugin/cgroup.h>

#ifndef SPECIMEN_NAME
#define SPECIMEN_NAME "good"
#endif
#ifndef SPECIMEN_MAJOR
#define SPECIMEN_MAJOR OCIKIT_ABI_MAJOR
#endif
#ifndef SPECIMEN_MINOR
#define SPECIMEN_MINOR 0
#endif
#ifndef SPECIMEN_TABLE_SIZE
#define SPECIMEN_TABLE_SIZE sizeof(struct specimen_table)
#endif

/* A table of a later minor version: it has an entry more. */
struct specimen_table {
  struct ocikit_cgroup_ops known;
  void (*later)(void);
};

static void specimen_close(void* ctx) { (void)ctx; }
static int32_t specimen_call(void* ctx, struct ocikit_errbuf* err) {
  (void)ctx;
  (void)err;
  return 0;
}

static const struct specimen_table table = {
    .known = {.head = {SPECIMEN_TABLE_SIZE, SPECIMEN_MAJOR, SPECIMEN_MINOR},
              .close = specimen_close,
              .create = specimen_call,
              .thaw = specimen_call},
};

#ifndef SPECIMEN_WITHOUT_SYMBOL
__attribute__((visibility("default"))) extern const struct ocikit_plugin_info ocikit_plugin;
const struct ocikit_plugin_info ocikit_plugin = {{sizeof(struct ocikit_plugin_info), SPECIMEN_MAJOR, SPECIMEN_MINOR},
                                                 "cgroup",
                                                 SPECIMEN_NAME,
                                                 "a specimen for tests",
                                                 "1.0",
                                                 &table};
#else
__attribute__((visibility("default"))) extern const void* const unused;
const void* const unused = &table;
#endif
