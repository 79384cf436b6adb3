/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins of the kind "cgroup": where a container's processes are counted, limited, frozen and killed.
 * In C++, write an ocikit::cgroups::driver and put it behind this with <ocikit/cgroups/as_plugin.hpp>.
 */
#ifndef OCIKIT_PLUGIN_CGROUP_H
#define OCIKIT_PLUGIN_CGROUP_H

/* NOLINTBEGIN(modernize-*): this is C. */

#include <ocikit/plugin/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- linux.resources, flat -------------------------------------------------------------------------------------
 * Every field of the runtime-spec, with its name and unit. A number counts when its bit is in `present`; a string when
 * it is not NULL; a list when its count is not 0. Element structs are frozen: what a later version adds to a list comes
 * as a list of its own. JSON pointers for errors follow from the names: /linux/resources/memory/limit,
 * /linux/resources/devices/3/access. */

#define OCIKIT_RES_MEMORY_LIMIT (UINT64_C(1) << 0)
#define OCIKIT_RES_MEMORY_RESERVATION (UINT64_C(1) << 1)
#define OCIKIT_RES_MEMORY_SWAP (UINT64_C(1) << 2)
#define OCIKIT_RES_MEMORY_KERNEL (UINT64_C(1) << 3)
#define OCIKIT_RES_MEMORY_KERNEL_TCP (UINT64_C(1) << 4)
#define OCIKIT_RES_MEMORY_SWAPPINESS (UINT64_C(1) << 5)
#define OCIKIT_RES_MEMORY_DISABLE_OOM_KILLER (UINT64_C(1) << 6)
#define OCIKIT_RES_MEMORY_USE_HIERARCHY (UINT64_C(1) << 7)
#define OCIKIT_RES_MEMORY_CHECK_BEFORE_UPDATE (UINT64_C(1) << 8)
#define OCIKIT_RES_CPU_SHARES (UINT64_C(1) << 9)
#define OCIKIT_RES_CPU_QUOTA (UINT64_C(1) << 10)
#define OCIKIT_RES_CPU_BURST (UINT64_C(1) << 11)
#define OCIKIT_RES_CPU_PERIOD (UINT64_C(1) << 12)
#define OCIKIT_RES_CPU_REALTIME_RUNTIME (UINT64_C(1) << 13)
#define OCIKIT_RES_CPU_REALTIME_PERIOD (UINT64_C(1) << 14)
#define OCIKIT_RES_CPU_IDLE (UINT64_C(1) << 15)
#define OCIKIT_RES_PIDS_LIMIT (UINT64_C(1) << 16)
#define OCIKIT_RES_BLKIO_WEIGHT (UINT64_C(1) << 17)
#define OCIKIT_RES_BLKIO_LEAF_WEIGHT (UINT64_C(1) << 18)
#define OCIKIT_RES_NETWORK_CLASS_ID (UINT64_C(1) << 19)

/** One device rule, in the order of config.json. */
struct ocikit_device_rule {
  uint32_t allow;     /**< 0 or 1 */
  uint32_t type;      /**< 'a', 'b' or 'c' */
  int64_t major;      /**< -1: any */
  int64_t minor;      /**< -1: any */
  const char* access; /**< letters out of rwm; may be empty */
};

/** blockIO.weightDevice. */
struct ocikit_weight_device {
  int64_t major, minor;
  int32_t weight;      /**< -1: absent */
  int32_t leaf_weight; /**< -1: absent */
};

/** blockIO.throttle...Device; `rate` is bytes or operations per second. */
struct ocikit_throttle_device {
  int64_t major, minor;
  uint64_t rate;
};

struct ocikit_hugepage_limit {
  const char* page_size; /**< such as "2MB" */
  uint64_t limit;        /**< bytes */
};

struct ocikit_interface_priority {
  const char* name;
  uint64_t priority;
};

/** resources.rdma, one device. -1: absent. */
struct ocikit_rdma_limit {
  const char* device;
  int64_t hca_handles, hca_objects;
};

/** A name and its value: resources.unified, and the paths of state.json. */
struct ocikit_pair {
  const char* key;
  const char* value;
};

/** linux.resources. Grows at the end. */
struct ocikit_cgroup_resources {
  struct ocikit_head head;
  uint64_t present; /**< OCIKIT_RES_... of the numbers that follow */
  /* memory: bytes; -1 unlimited */
  int64_t memory_limit, memory_reservation, memory_swap, memory_kernel, memory_kernel_tcp;
  uint64_t memory_swappiness, memory_disable_oom_killer, memory_use_hierarchy, memory_check_before_update;
  /* cpu: microseconds */
  uint64_t cpu_shares;
  int64_t cpu_quota;
  uint64_t cpu_burst, cpu_period;
  int64_t cpu_realtime_runtime;
  uint64_t cpu_realtime_period;
  int64_t cpu_idle;
  const char *cpu_cpus, *cpu_mems; /**< NULL: absent */
  int64_t pids_limit;
  uint64_t blkio_weight, blkio_leaf_weight, network_class_id;

  const struct ocikit_device_rule* devices;
  uint64_t devices_count;
  const struct ocikit_weight_device* blkio_weight_device;
  uint64_t blkio_weight_device_count;
  const struct ocikit_throttle_device *blkio_read_bps, *blkio_write_bps, *blkio_read_iops, *blkio_write_iops;
  uint64_t blkio_read_bps_count, blkio_write_bps_count, blkio_read_iops_count, blkio_write_iops_count;
  const struct ocikit_hugepage_limit* hugepage_limits;
  uint64_t hugepage_limits_count;
  const struct ocikit_interface_priority* network_priorities;
  uint64_t network_priorities_count;
  const struct ocikit_rdma_limit* rdma;
  uint64_t rdma_count;
  const struct ocikit_pair* unified;
  uint64_t unified_count;
};

/* ---- arguments ------------------------------------------------------------------------------------------------- */

/** The container was started by somebody who is not root; missing permissions are bearable where nothing was asked. */
#define OCIKIT_CGROUP_ROOTLESS (UINT64_C(1) << 0)

/** Which cgroup: for a new container, or for an existing one when `paths_count` is not 0. */
struct ocikit_cgroup_args {
  struct ocikit_head head;
  uint64_t flags;                                  /**< OCIKIT_CGROUP_... */
  const char* id;                                  /**< the container's id; "" when reopened */
  const char* cgroups_path;                        /**< linux.cgroupsPath; "" if absent or when reopened */
  const struct ocikit_cgroup_resources* resources; /**< what `apply` will get; NULL when reopened */
  const struct ocikit_pair* paths;                 /**< what `paths` told when the container was made */
  uint64_t paths_count;
  uint32_t reopen; /**< 1: the cgroup of an existing container, also when it had no paths */
  const struct ocikit_pair* annotations; /**< the container's that drivers may heed: org.systemd.property.NAME */
  uint64_t annotations_count;
};

/** How the init gets in. */
enum ocikit_cgroup_way {
  OCIKIT_CGROUP_NOTHING = 0, /**< it does not: there is no cgroup (rootless) */
  OCIKIT_CGROUP_CLONE = 1,   /**< clone3(CLONE_INTO_CGROUP) with `directory` */
  OCIKIT_CGROUP_WRITE = 2,   /**< it writes "0" into each of `procs` before it executes anything */
  OCIKIT_CGROUP_ATTACH = 3   /**< the host calls `attach` */
};

/** Filled by the plugin. Descriptors and the array stay the plugin's, valid until `close`. */
struct ocikit_cgroup_entrance {
  struct ocikit_head head;
  uint32_t way; /**< enum ocikit_cgroup_way */
  int32_t directory;
  const int32_t* procs;
  uint64_t procs_count;
};

/** Do not touch the device rules: an update of other limits. */
#define OCIKIT_CGROUP_KEEP_DEVICES (UINT64_C(1) << 0)

/** Called once per process. */
typedef void (*ocikit_each_pid)(void* to, int32_t pid);
/** Called once per path; key "" on v2. */
typedef void (*ocikit_each_pair)(void* to, const char* key, const char* value);

/* ---- the table -------------------------------------------------------------------------------------------------
 * Each entry returns 0, or a negative number with `err` filled (see ocikit_fail). A context is used by one thread at
 * a time. The meanings are those of ocikit::cgroups::driver. */
struct ocikit_cgroup_ops {
  struct ocikit_head head;
  /* Required. */
  int32_t (*open)(const struct ocikit_cgroup_args* args, void** ctx, struct ocikit_errbuf* err); /**< makes nothing */
  void (*close)(void* ctx);                                /**< frees the context, leaves the cgroup alone */
  int32_t (*create)(void* ctx, struct ocikit_errbuf* err); /**< leaves nothing behind when it fails */
  int32_t (*undo)(void* ctx, struct ocikit_errbuf* err);   /**< removes just what this context's `create` made */
  int32_t (*enter)(void* ctx, struct ocikit_cgroup_entrance* how, struct ocikit_errbuf* err);
  int32_t (*attach)(void* ctx, int32_t pid, struct ocikit_errbuf* err);
  int32_t (*pids)(void* ctx, ocikit_each_pid each, void* to, struct ocikit_errbuf* err); /**< with sub-cgroups */
  int32_t (*remove)(void* ctx, struct ocikit_errbuf* err);                               /**< with sub-cgroups */
  int32_t (*paths)(void* ctx, ocikit_each_pair each, void* to, struct ocikit_errbuf* err);
  /* May be NULL: then a container that needs it is refused. */
  int32_t (*apply)(void* ctx, const struct ocikit_cgroup_resources* wanted, uint64_t flags, struct ocikit_errbuf* err);
  int32_t (*freeze)(void* ctx, struct ocikit_errbuf* err);
  int32_t (*thaw)(void* ctx, struct ocikit_errbuf* err);
  int32_t (*frozen)(void* ctx, uint32_t* yes, struct ocikit_errbuf* err); /**< NULL: never frozen */
  int32_t (*kill)(void* ctx, int32_t signal, struct ocikit_errbuf* err);  /**< NULL: freeze, signal each, thaw */
};

#ifdef __cplusplus
}
#endif

/* NOLINTEND(modernize-*) */

#endif
