/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin in C: the header is C11, and whoever writes one needs no C++. */
#include <ocikit/plugin/lsm.h>

static int32_t open_nothing(void** ctx, struct ocikit_errbuf* err) {
  (void)err;
  *ctx = NULL;
  return 0;
}
static void close_nothing(void* ctx) { (void)ctx; }
static int32_t translate(void* ctx, const struct ocikit_lsm_request* request, struct ocikit_lsm_labels* out,
                         struct ocikit_errbuf* err) {
  (void)ctx;
  if (request->process_label[0] == '\0')
    return ocikit_fail(err, OCIKIT_ERR_CONFIG, 0, "/process", "there is no label");
  out->program.file = "own/exec";
  out->program.text = request->process_label;
  return 0;
}

const struct ocikit_lsm_ops ocikit_test_c_lsm = {OCIKIT_HEAD(struct ocikit_lsm_ops), open_nothing, close_nothing,
                                                 translate};
