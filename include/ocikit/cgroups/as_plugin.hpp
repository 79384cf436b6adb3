// SPDX-License-Identifier: Apache-2.0
//
// For authors: puts an `opener` and its `driver` behind the C table of plugin/cgroup.h.
//
//     struct my_opener : ocikit::cgroups::opener { ... };
//     OCIKIT_CGROUP_PLUGIN(my_opener, "mine", "what it does, in one line", "1.0")
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <ocikit/plugin/cgroup.h>
#include <ocikit/cgroups/driver.hpp>
#include <ocikit/cgroups/flat_resources.hpp>
#include <ocikit/plugin/error_text.hpp>

namespace ocikit::cgroups {

namespace detail {

/// Calls `work`, which returns a result<void>, and turns whatever goes wrong into the C form.
template <class Work>
std::int32_t guarded(ocikit_errbuf* err, Work work) noexcept {
  return plugin::guarded(err, [&] {
    const result<void> done = work();
    return done ? 0 : plugin::to_errbuf(done.error(), err);
  });
}

/// What a `void *ctx` is: the driver, and the descriptors handed out by `enter`.
struct plugin_context {
  std::unique_ptr<driver> it;
  std::vector<std::int32_t> procs;
};

inline driver& of(void* ctx) { return *static_cast<plugin_context*>(ctx)->it; }

[[nodiscard]] inline spec::string_map typed_pairs(const ocikit_pair* first, std::uint64_t count) {
  spec::string_map out;
  for (const auto& p : list(first, count)) out.emplace_back(text_or_empty(p.key), text_or_empty(p.value));
  return out;
}

[[nodiscard]] inline request typed_request(const ocikit_cgroup_args& args) {
  request wanted;
  wanted.id = text_or_empty(args.id);
  wanted.cgroups_path = text_or_empty(args.cgroups_path);
  wanted.rootless = (args.flags & OCIKIT_CGROUP_ROOTLESS) != 0;
  if (args.resources != nullptr) wanted.resources = typed_resources(*args.resources);
  wanted.annotations = typed_pairs(args.annotations, args.annotations_count);
  return wanted;
}

[[nodiscard]] inline result<void> refuse_unknown(const void* args, std::uint64_t known) {
  if (ocikit_args_fit(args, known) == 1) return {};
  return tl::unexpected(error::plugin("the host asks for something that this plugin is too old to know"));
}

inline void put_entrance(const entrance& way, std::vector<std::int32_t>& procs, ocikit_cgroup_entrance& to) {
  to.directory = -1;
  if (const auto* clone = std::get_if<enter_by_clone>(&way)) {
    to.way = OCIKIT_CGROUP_CLONE;
    to.directory = clone->directory.get();
  } else if (const auto* write = std::get_if<enter_by_write>(&way)) {
    procs.clear();
    for (const fd_view fd : write->procs) procs.push_back(fd.get());
    to.way = OCIKIT_CGROUP_WRITE;
    to.procs = procs.data();
    to.procs_count = procs.size();
  } else {
    to.way = std::holds_alternative<enter_by_attach>(way) ? OCIKIT_CGROUP_ATTACH : OCIKIT_CGROUP_NOTHING;
  }
}

template <class Opener>
std::int32_t table_open(const ocikit_cgroup_args* args, void** ctx, ocikit_errbuf* err) noexcept {
  return guarded(err, [&]() -> result<void> {
    OCIKIT_TRY(refuse_unknown(args, sizeof *args));
    const bool rootless = (args->flags & OCIKIT_CGROUP_ROOTLESS) != 0;
    Opener backend;
    auto made = OCIKIT_TRY(args->reopen != 0 ? backend.reopen(typed_pairs(args->paths, args->paths_count), rootless)
                                             : backend.open(typed_request(*args)));
    auto context = std::make_unique<plugin_context>();
    context->it = std::move(made);
    *ctx = context.release();
    return {};
  });
}

inline std::int32_t table_enter(void* ctx, ocikit_cgroup_entrance* how, ocikit_errbuf* err) noexcept {
  return guarded(err, [&]() -> result<void> {
    const entrance way = OCIKIT_TRY(of(ctx).enter());
    put_entrance(way, static_cast<plugin_context*>(ctx)->procs, *how);
    return {};
  });
}

inline std::int32_t table_apply(void* ctx, const ocikit_cgroup_resources* wanted, std::uint64_t flags,
                                ocikit_errbuf* err) noexcept {
  return guarded(err, [&]() -> result<void> {
    OCIKIT_TRY(refuse_unknown(wanted, sizeof *wanted));
    const bool keep = (flags & OCIKIT_CGROUP_KEEP_DEVICES) != 0;
    return of(ctx).apply(typed_resources(*wanted), keep ? driver::device_policy::keep : driver::device_policy::enforce);
  });
}

inline std::int32_t table_pids(void* ctx, ocikit_each_pid each, void* to, ocikit_errbuf* err) noexcept {
  return guarded(err, [&]() -> result<void> {
    for (const pid_t pid : OCIKIT_TRY(of(ctx).pids())) each(to, pid);
    return {};
  });
}

inline std::int32_t table_paths(void* ctx, ocikit_each_pair each, void* to, ocikit_errbuf* err) noexcept {
  return guarded(err, [&]() -> result<void> {
    for (const auto& [key, path] : of(ctx).paths()) each(to, key.c_str(), path.c_str());
    return {};
  });
}

inline std::int32_t table_frozen(void* ctx, std::uint32_t* yes, ocikit_errbuf* err) noexcept {
  return guarded(err, [&]() -> result<void> {
    *yes = OCIKIT_TRY(of(ctx).frozen()) ? 1 : 0;
    return {};
  });
}

inline void table_close(void* ctx) noexcept { delete static_cast<plugin_context*>(ctx); }

/// A driver's function without further arguments.
template <result<void> (driver::*Function)()>
std::int32_t table_call(void* ctx, ocikit_errbuf* err) noexcept {
  return guarded(err, [&] { return (of(ctx).*Function)(); });
}

/// A driver's function that takes one number.
template <result<void> (driver::*Function)(int)>
std::int32_t table_call_with(void* ctx, std::int32_t number, ocikit_errbuf* err) noexcept {
  return guarded(err, [&] { return (of(ctx).*Function)(number); });
}

}  // namespace detail

/// The C table of a backend. `Opener` is an `opener` that can be default-constructed.
template <class Opener>
inline constexpr ocikit_cgroup_ops plugin_table = {
    .head = OCIKIT_HEAD(ocikit_cgroup_ops),
    .open = &detail::table_open<Opener>,
    .close = &detail::table_close,
    .create = &detail::table_call<&driver::create>,
    .undo = &detail::table_call<&driver::undo>,
    .enter = &detail::table_enter,
    .attach = &detail::table_call_with<&driver::attach>,
    .pids = &detail::table_pids,
    .remove = &detail::table_call<&driver::remove>,
    .paths = &detail::table_paths,
    .apply = &detail::table_apply,
    .freeze = &detail::table_call<&driver::freeze>,
    .thaw = &detail::table_call<&driver::thaw>,
    .frozen = &detail::table_frozen,
    .kill = &detail::table_call_with<&driver::kill>,
};

}  // namespace ocikit::cgroups

/// Defines the plugin. Once, at file scope of the plugin's source.
#define OCIKIT_CGROUP_PLUGIN(opener_, name_, description_, version_) \
  OCIKIT_DEFINE_PLUGIN("cgroup", name_, description_, version_, &::ocikit::cgroups::plugin_table<opener_>)
