/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin in C: the header is C11, and whoever writes one needs no C++. */
#include <ocikit/plugin/seccomp.h>

static int32_t open_nothing(void** ctx, struct ocikit_errbuf* err) {
  (void)err;
  *ctx = NULL;
  return 0;
}
static void close_nothing(void* ctx) { (void)ctx; }
static int32_t refuse(void* ctx, const struct ocikit_seccomp_request* request, struct ocikit_seccomp_program* out,
                      struct ocikit_errbuf* err) {
  (void)ctx;
  (void)out;
  if (request->rule_count == 0) return ocikit_fail(err, OCIKIT_ERR_UNSUPPORTED, 0, "/linux/seccomp", "no rules");
  return ocikit_fail(err, OCIKIT_ERR_CONFIG, 0, "/linux/seccomp/syscalls/0", request->rules[0].name);
}

const struct ocikit_seccomp_ops ocikit_test_c_ops = {OCIKIT_HEAD(struct ocikit_seccomp_ops), open_nothing,
                                                     close_nothing, refuse};
