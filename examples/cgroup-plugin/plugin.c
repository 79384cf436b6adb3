/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cgroup driver of one's own, in plain C, against <ocikit/plugin/cgroup.h> alone.
 *
 * It puts each container into one directory of the unified hierarchy, on a pure v2 host as well as on a hybrid one:
 * <unified>/simple-<id>. It starts containers, lists, freezes and kills them, and sets pids.max. Any other limit is
 * refused by name. It does not enforce device rules: this is a lesson, not a fence.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <ocikit/plugin/cgroup.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

struct simple {
  int root;       /* of the unified hierarchy */
  int dir;        /* the container's cgroup; -1 until it is there */
  int made;       /* by this context */
  char path[512]; /* absolute, for state.json */
  char name[256]; /* below root */
};

static int32_t failed(struct ocikit_errbuf* err, const char* what) {
  return ocikit_fail(err, OCIKIT_ERR_SYSTEM, errno, "", what);
}

/* ---- files ---- */

static int write_text(int dir, const char* file, const char* text) {
  const int fd = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return -1;
  const ssize_t written = write(fd, text, strlen(text));
  const int code = errno;
  close(fd);
  errno = code;
  return written < 0 ? -1 : 0;
}

static FILE* read_lines(int dir, const char* file) {
  const int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  return fd < 0 ? NULL : fdopen(fd, "r");
}

static int is_frozen(int dir) {
  char line[64];
  int yes = 0;
  FILE* events = read_lines(dir, "cgroup.events");
  while (events && fgets(line, sizeof line, events))
    if (strcmp(line, "frozen 1\n") == 0) yes = 1;
  if (events) fclose(events);
  return yes;
}

/* Calls `each` for every sub-cgroup of `dir`. A lesson may recurse; a tree too deep runs out of descriptors and fails.
 */
static int each_below(int dir, int (*each)(int parent, const char* name, void* to), void* to) {
  const int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = copy < 0 ? NULL : fdopendir(copy);
  int outcome = listing ? 0 : -1;
  for (struct dirent* e; listing && outcome == 0 && (e = readdir(listing));)
    if (e->d_type == DT_DIR && e->d_name[0] != '.') outcome = each(dir, e->d_name, to);
  if (listing) closedir(listing);
  return outcome;
}

/* ---- the entries of the table ---- */

static int open_unified(char* path, size_t size) {
  static const char* const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
  for (int i = 0; i < 2; ++i) {
    struct statfs fs;
    const int fd = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
      snprintf(path, size, "%s", places[i]);
      return fd;
    }
    if (fd >= 0) close(fd);
  }
  errno = ENODEV;
  return -1;
}

static void simple_close(void* ctx) {
  struct simple* s = ctx;
  if (s->dir >= 0) close(s->dir);
  if (s->root >= 0) close(s->root);
  free(s);
}

static int32_t simple_open(const struct ocikit_cgroup_args* args, void** ctx, struct ocikit_errbuf* err) {
  if (!ocikit_args_fit(args, sizeof *args))
    return ocikit_fail(err, OCIKIT_ERR_PLUGIN, 0, "", "the host asks for more than this plugin knows");
  if (args->cgroups_path[0] != '\0')
    return ocikit_fail(err, OCIKIT_ERR_UNSUPPORTED, 0, "/linux/cgroupsPath", "simple names its cgroups itself");
  struct simple* s = calloc(1, sizeof *s);
  if (!s) return failed(err, "calloc");
  char place[64] = "";
  s->dir = -1;
  s->root = open_unified(place, sizeof place);
  if (s->root < 0) {
    const int32_t outcome = failed(err, "looking for the unified hierarchy");
    simple_close(s);
    return outcome;
  }
  const char* slash = args->reopen && args->paths_count > 0 ? strrchr(args->paths[0].value, '/') : NULL;
  const char* name = slash ? slash + 1 : args->id;
  const int length = snprintf(s->name, sizeof s->name, "%s%s", slash ? "" : "simple-", name);
  if (length >= (int)sizeof s->name || strchr(name, '/') || name[0] == '.' || name[0] == '\0') {
    simple_close(s);
    return ocikit_fail(err, OCIKIT_ERR_CONFIG, 0, "", "the container's id makes no name of a cgroup");
  }
  snprintf(s->path, sizeof s->path, "%s/%s", place, s->name);
  s->dir = openat(s->root, s->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW); /* a new one is not there yet */
  *ctx = s;
  return 0;
}

static int32_t simple_create(void* ctx, struct ocikit_errbuf* err) {
  struct simple* s = ctx;
  if (mkdirat(s->root, s->name, 0755) != 0) {
    if (errno == EEXIST) return ocikit_fail(err, OCIKIT_ERR_STATE, 0, "", "there is a cgroup of this name already");
    return failed(err, s->path);
  }
  s->made = 1;
  s->dir = openat(s->root, s->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (s->dir >= 0) return 0;
  const int32_t outcome = failed(err, s->path);
  unlinkat(s->root, s->name, AT_REMOVEDIR);
  s->made = 0;
  return outcome;
}

static int remove_below(int parent, const char* name, void* to) {
  const int dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (dir < 0) return errno == ENOENT ? 0 : -1;
  const int below = each_below(dir, remove_below, to);
  close(dir);
  if (below != 0) return -1;
  for (int tries = 0; tries < 10; ++tries) { /* the kernel may still be busy with dead processes */
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
    if (errno != EBUSY) return -1;
    usleep(1000u << tries);
  }
  return -1;
}

static int32_t simple_remove(void* ctx, struct ocikit_errbuf* err) {
  struct simple* s = ctx;
  return remove_below(s->root, s->name, NULL) == 0 ? 0 : failed(err, s->path);
}

static int32_t simple_undo(void* ctx, struct ocikit_errbuf* err) {
  return ((struct simple*)ctx)->made ? simple_remove(ctx, err) : 0;
}

static int32_t simple_enter(void* ctx, struct ocikit_cgroup_entrance* how, struct ocikit_errbuf* err) {
  (void)err;
  how->way = OCIKIT_CGROUP_CLONE;
  how->directory = ((struct simple*)ctx)->dir;
  return 0;
}

static int32_t simple_attach(void* ctx, int32_t pid, struct ocikit_errbuf* err) {
  char text[16];
  snprintf(text, sizeof text, "%d", (int)pid);
  return write_text(((struct simple*)ctx)->dir, "cgroup.procs", text) == 0 ? 0 : failed(err, "cgroup.procs");
}

struct pid_sink {
  ocikit_each_pid each;
  void* to;
};

static int pids_of(int parent, const char* name, void* to) {
  const int dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (dir < 0) return errno == ENOENT ? 0 : -1;
  const struct pid_sink* sink = to;
  FILE* procs = read_lines(dir, "cgroup.procs");
  int pid = 0;
  while (procs && fscanf(procs, "%d", &pid) == 1) sink->each(sink->to, pid);
  if (procs) fclose(procs);
  const int outcome = each_below(dir, pids_of, to);
  close(dir);
  return outcome;
}

static int32_t simple_pids(void* ctx, ocikit_each_pid each, void* to, struct ocikit_errbuf* err) {
  struct simple* s = ctx;
  struct pid_sink sink = {each, to};
  return pids_of(s->root, s->name, &sink) == 0 ? 0 : failed(err, s->path);
}

static int32_t simple_paths(void* ctx, ocikit_each_pair each, void* to, struct ocikit_errbuf* err) {
  (void)err;
  each(to, "", ((struct simple*)ctx)->path);
  return 0;
}

static int32_t simple_apply(void* ctx, const struct ocikit_cgroup_resources* wanted, uint64_t flags,
                            struct ocikit_errbuf* err) {
  (void)flags;
  const uint64_t lists = wanted->blkio_weight_device_count + wanted->blkio_read_bps_count +
                         wanted->blkio_write_bps_count + wanted->blkio_read_iops_count +
                         wanted->blkio_write_iops_count + wanted->hugepage_limits_count +
                         wanted->network_priorities_count + wanted->rdma_count + wanted->unified_count;
  if (wanted->present & ~OCIKIT_RES_PIDS_LIMIT || lists || wanted->cpu_cpus || wanted->cpu_mems)
    return ocikit_fail(err, OCIKIT_ERR_UNSUPPORTED, 0, "/linux/resources", "simple limits nothing but pids");
  if (!(wanted->present & OCIKIT_RES_PIDS_LIMIT)) return 0;
  char text[24] = "max";
  if (wanted->pids_limit >= 0) snprintf(text, sizeof text, "%lld", (long long)wanted->pids_limit);
  if (write_text(((struct simple*)ctx)->dir, "pids.max", text) == 0) return 0;
  return ocikit_fail(err, OCIKIT_ERR_SYSTEM, errno, "/linux/resources/pids/limit", "pids.max");
}

static int32_t set_frozen(struct simple* s, const char* wish, struct ocikit_errbuf* err) {
  if (write_text(s->dir, "cgroup.freeze", wish) != 0) return failed(err, "cgroup.freeze");
  for (int tries = 0; tries < 1000; ++tries) {
    if (is_frozen(s->dir) == (wish[0] == '1')) return 0;
    usleep(10000);
  }
  return ocikit_fail(err, OCIKIT_ERR_STATE, 0, "", "the cgroup does not come to a stop");
}

static int32_t simple_freeze(void* ctx, struct ocikit_errbuf* err) { return set_frozen(ctx, "1", err); }
static int32_t simple_thaw(void* ctx, struct ocikit_errbuf* err) { return set_frozen(ctx, "0", err); }

static int32_t simple_frozen(void* ctx, uint32_t* yes, struct ocikit_errbuf* err) {
  (void)err;
  *yes = (uint32_t)is_frozen(((struct simple*)ctx)->dir);
  return 0;
}

/* `kill` is left out: the host then freezes, signals each process, and thaws. */
static const struct ocikit_cgroup_ops table = {
    .head = OCIKIT_HEAD(struct ocikit_cgroup_ops),
    .open = simple_open,
    .close = simple_close,
    .create = simple_create,
    .undo = simple_undo,
    .enter = simple_enter,
    .attach = simple_attach,
    .pids = simple_pids,
    .remove = simple_remove,
    .paths = simple_paths,
    .apply = simple_apply,
    .freeze = simple_freeze,
    .thaw = simple_thaw,
    .frozen = simple_frozen,
};

OCIKIT_DEFINE_PLUGIN("cgroup", "simple", "an example: one directory of the unified hierarchy a container", "1.0",
                     &table)
