// SPDX-License-Identifier: Apache-2.0
//
// What the tables of C++ authors have in common: a context that is an object, and structs that are looked at first.
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>

#include <ocikit/plugin/abi.h>
#include <ocikit/plugin/error_text.hpp>

namespace ocikit::plugin {

/// A table's `open`: the context is a new `Context`.
template <class Context>
std::int32_t open_context(void** ctx, ocikit_errbuf* err) noexcept {
  return guarded(err, [&] {
    *ctx = std::make_unique<Context>().release();
    return 0;
  });
}

/// A table's `close`, for what `open_context` made.
template <class Context>
void close_context(void* ctx) noexcept {
  const std::unique_ptr<Context> owned{static_cast<Context*>(ctx)};
}

/// 0 when a host's request is one that this plugin understands in full and its result has room for the answer; else a
/// negative number, with `err` filled.
template <class Request, class Result>
[[nodiscard]] std::int32_t check_structs(const Request& wanted, const Result& out, ocikit_errbuf* err) noexcept {
  if (wanted.head.struct_size < sizeof wanted || out.head.struct_size < sizeof out)
    return ocikit_fail(err, OCIKIT_ERR_PLUGIN, EINVAL, "", "the host's structs are shorter than this ABI's first");
  if (ocikit_args_fit(&wanted, sizeof wanted) == 0)
    return ocikit_fail(err, OCIKIT_ERR_UNSUPPORTED, E2BIG, "", "the host asks for what this plugin does not know");
  return 0;
}

}  // namespace ocikit::plugin
