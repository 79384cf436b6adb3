// SPDX-License-Identifier: Apache-2.0
//
// Compiled filters kept in a directory, named after everything that went into them. libseccomp needs milliseconds for
// an engine's profile, and the same profile comes with every container.
//
// A filter decides what a container may do, so a kept one is used only if nobody but root and the caller could have
// written it, and if it is whole: damage reads as absence, and the filter is compiled again.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/sha256.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/seccomp/compile.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::seccomp {

/// The name of a filter: a digest of all that decides about it.
struct cache_key {
  sha256::digest digest{};
  bool operator==(const cache_key&) const = default;
  [[nodiscard]] std::string file_name() const { return hex_text(digest); }
};

namespace detail {

/// Feeds a hash so that different values never feed the same bytes: every number in full, every length first.
class key_writer {
 public:
  void number(std::uint64_t value) noexcept {
    std::array<std::byte, 8> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(value >> (8 * i));
    hash_.update(bytes);
  }
  template <class Enum>
  void choice(Enum value) noexcept {
    number(static_cast<std::uint64_t>(value));
  }
  void text(std::string_view value) noexcept {
    number(value.size());
    hash_.update(value);
  }
  template <class T>
  void maybe(const std::optional<T>& value) noexcept {
    number(value.has_value() ? 1 : 0);
    if (value) choice(*value);
  }
  template <class List, class Write>
  void list(const List& values, Write&& write) {
    number(values.size());
    for (const auto& value : values) write(value);
  }
  [[nodiscard]] cache_key finish() noexcept { return {hash_.finish()}; }

 private:
  sha256 hash_;
};

// The bindings name every member: a new one does not compile until somebody has decided about it here.
inline void write_key(key_writer& to, const spec::seccomp_syscall& entry) {
  const auto& [names, action, errno_ret, args] = entry;
  to.list(names, [&](const auto& name) { to.text(name); });
  to.choice(action);
  to.maybe(errno_ret);
  to.list(args, [&](const spec::seccomp_arg& arg) {
    const auto& [index, value, value_two, op] = arg;
    to.number(index), to.number(value), to.number(value_two), to.choice(op);
  });
}

inline void write_key(key_writer& to, const spec::seccomp& profile) {
  const auto& [default_action, default_errno, architectures, flags, listener, metadata, syscalls] = profile;
  (void)metadata;  // for the agent; no filter depends on it
  to.maybe(default_action);
  to.maybe(default_errno);
  to.list(architectures, [&](auto arch) { to.choice(arch); });
  to.number(flags.has_value() ? 1 : 0);
  if (flags) to.list(*flags, [&](auto flag) { to.choice(flag); });
  to.number(listener.empty() ? 0 : 1);  // notify wants one; which one does not matter
  to.list(syscalls, [&](const auto& entry) { write_key(to, entry); });
}

}  // namespace detail

/// The key of a profile, for a kernel and a compiler. Pure.
///
/// `compiler` names the compiler and its version, best by the identity of its file (`file_identity`): what is kept is
/// not used by another.
[[nodiscard]] inline cache_key key_of(const spec::seccomp& profile, const kernel_facts& kernel,
                                      std::string_view compiler) {
  detail::key_writer to;
  to.text("ocikit compiled seccomp filter, format 1");
  const auto& [flags] = kernel;
  to.number(flags);
  to.number(token_of(native_arch));
  to.text(compiler);
  detail::write_key(to, profile);
  return to.finish();
}

/// Which file this is and since when: device, inode, size, change and modification time, as text.
/// Errors: system when it cannot be looked at.
[[nodiscard]] inline result<std::string> file_identity(zstring_view path) {
  struct ::statx found {};
  const auto r = sys::raw::statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS, found);
  if (sys::raw::failed(r))
    return tl::unexpected(
        error::from_errno(sys::raw::errno_of(r), sys::call_text("statx", sys::at_fdcwd, std::string_view{path})));
  const auto time = [](const auto& t) { return std::to_string(t.tv_sec) + "." + std::to_string(t.tv_nsec); };
  return std::to_string(found.stx_dev_major) + ":" + std::to_string(found.stx_dev_minor) + " " +
         std::to_string(found.stx_ino) + " " + std::to_string(found.stx_size) + " " + time(found.stx_ctime) + " " +
         time(found.stx_mtime);
}

namespace detail {

inline constexpr std::string_view entry_magic = "ocikit seccomp 2";
/// The longest filter takes 32 KiB; the rest is for the names in its lists.
inline constexpr std::size_t longest_entry = 128 * 1024;

/// Numbers and length-prefixed strings, one after the other, in the host's byte order: entries do not travel.
class entry_writer {
 public:
  void number(std::uint64_t value) { text_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void text(std::string_view value) {
    number(value.size());
    text_ += value;
  }
  void texts(const std::vector<std::string>& values) {
    number(values.size());
    for (const auto& value : values) text(value);
  }
  [[nodiscard]] std::string& written() noexcept { return text_; }

 private:
  std::string text_;
};

/// Reads what entry_writer wrote; once anything does not fit, everything is empty and `good` is false.
class entry_reader {
 public:
  explicit entry_reader(std::string_view from) noexcept : rest_{from} {}
  std::uint64_t number() noexcept {
    std::uint64_t value = 0;
    const auto bytes = take(sizeof value);
    if (good_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view text() noexcept { return take(number()); }
  std::vector<std::string> texts() {
    std::vector<std::string> values;
    for (auto count = number(); good_ && count > 0; --count) values.emplace_back(text());
    return values;
  }
  /// Whether everything fitted and nothing is left.
  [[nodiscard]] bool done() const noexcept { return good_ && rest_.empty(); }

 private:
  std::string_view take(std::uint64_t size) noexcept {
    if (!good_ || size > rest_.size()) {
      good_ = false;
      return {};
    }
    const auto taken = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest_;
  bool good_ = true;
};

inline std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::span<const std::byte> as_octets(std::string_view text) noexcept { return std::as_bytes(std::span{text}); }

/// Shows damage, not malice: who could write an entry is trusted. A damaged word changes it for sure, more damage all
/// but for sure, and it takes a fraction of the time of a digest.
inline std::uint64_t checksum(std::string_view text) noexcept {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;
  std::uint64_t sum = text.size();
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), sizeof sum))) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), std::min(text.size(), sizeof word));
    sum = std::rotl((sum ^ word) * odd, 29);
  }
  return sum;
}

/// An entry's bytes: magic, key, filter, the files it depends on and what they are now; the checksum of it all.
inline result<std::string> entry_text(const cache_key& key, const compiled_filter& filter) {
  entry_writer to;
  to.text(entry_magic);
  to.text(as_text(key.digest));
  to.number(filter.flags);
  to.number(filter.notify ? 1 : 0);
  to.text(as_text(filter.program));
  to.texts(filter.unknown);
  to.texts(filter.warnings);
  to.texts(filter.files);
  for (const auto& file : filter.files) to.text(OCIKIT_TRY(file_identity(file)));
  to.number(checksum(to.written()));
  if (to.written().size() > longest_entry)
    return tl::unexpected(error::state("its cache entry would have " + std::to_string(to.written().size()) + " bytes"));
  return std::move(to.written());
}

inline bool files_unchanged(const std::vector<std::string>& files, entry_reader& from) {
  for (const auto& file : files) {
    const auto kept = from.text();
    const auto now = file_identity(file);
    if (!now || *now != kept) return false;
  }
  return true;
}

inline std::optional<compiled_filter> filter_from(const cache_key& key, std::string_view text) {
  if (text.size() < sizeof(std::uint64_t)) return {};
  const auto body = text.substr(0, text.size() - sizeof(std::uint64_t));
  if (entry_reader{text.substr(body.size())}.number() != checksum(body)) return {};
  entry_reader from{body};
  if (from.text() != entry_magic || from.text() != as_text(key.digest)) return {};
  compiled_filter out;
  out.flags = static_cast<std::uint32_t>(from.number());
  out.notify = from.number() != 0;
  const auto program = as_octets(from.text());
  out.program.assign(program.begin(), program.end());
  out.unknown = from.texts();
  out.warnings = from.texts();
  out.files = from.texts();
  if (!files_unchanged(out.files, from) || !from.done()) return {};
  return out;
}

/// Whether only root and the caller could have written this.
inline bool trusted(const struct ::statx& found, mode_t kind, mode_t forbidden) noexcept {
  const bool owner = found.stx_uid == 0 || found.stx_uid == ::geteuid();
  return owner && (found.stx_mode & S_IFMT) == kind && (found.stx_mode & forbidden) == 0;
}

inline result<std::string> read_entry(fd_view dir, const std::string& name) {
  const unique_fd file = OCIKIT_TRY(sys::openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!trusted(OCIKIT_TRY(sys::statx(file)), S_IFREG, 077))
    return tl::unexpected(error::state("others could have written the cache entry " + name));
  return sys::read_all(file, longest_entry);
}

inline result<std::string> random_name() {
  std::array<std::byte, 8> bytes;
  const auto r = sys::raw::call(SYS_getrandom, bytes.data(), bytes.size(), 0);
  if (sys::raw::failed(r)) return tl::unexpected(error::from_errno(sys::raw::errno_of(r), "getrandom"));
  return "." + hex_text(bytes);
}

/// A file of the cache, and when it was written.
struct dated_entry {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  std::string name;
  auto operator<=>(const dated_entry&) const = default;
};

inline result<std::vector<dated_entry>> read_entries(fd_view dir) {
  unique_fd listed = OCIKIT_TRY(sys::openat(dir, ".", O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, int (*)(DIR*)> entries{::fdopendir(listed.get()), &::closedir};
  if (!entries) return tl::unexpected(error::from_errno(errno, sys::call_text("fdopendir", listed)));
  (void)listed.release();  // closedir(3) closes it
  std::vector<dated_entry> out;
  while (const ::dirent* entry = ::readdir(entries.get())) {
    struct ::statx found {};
    const auto r = sys::raw::statx(dir.get(), entry->d_name, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MTIME, found);
    if (sys::raw::failed(r) || S_ISDIR(found.stx_mode)) continue;
    out.push_back({found.stx_mtime.tv_sec, found.stx_mtime.tv_nsec, entry->d_name});
  }
  return out;
}

}  // namespace detail

/// A directory of compiled filters. Several processes may use it at once.
class cache {
 public:
  /// More filters than this are not kept: the oldest go. A host has a handful of profiles, and whoever may make
  /// containers shall not fill the disk with others.
  static constexpr std::size_t most_entries = 64;

  /// Opens the directory at `path`, which must be no symbolic link, and makes it, 0700, where it is missing; its parent
  /// must exist. Errors: as `in`; system.
  [[nodiscard]] static result<cache> open_or_create(zstring_view path) {
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    auto directory = sys::openat(sys::at_fdcwd, path, flags);
    if (!directory && directory.error().code() == ENOENT) {
      const auto made = sys::mkdirat(sys::at_fdcwd, path, 0700);
      if (!made && made.error().code() != EEXIST) return tl::unexpected(made.error());
      directory = sys::openat(sys::at_fdcwd, path, flags);
    }
    return in(OCIKIT_TRY(std::move(directory)));
  }

  /// Takes the directory. Errors: state when it belongs to somebody else or others can write to it; system.
  [[nodiscard]] static result<cache> in(unique_fd directory) {
    const auto found = OCIKIT_TRY(sys::statx(directory));
    if (!detail::trusted(found, S_IFDIR, S_IWGRP | S_IWOTH))
      return tl::unexpected(error::state("others could write to the seccomp cache"));
    return cache{std::move(directory)};
  }

  /// The filter of that name. Nothing when there is none, or when it is damaged, untrusted, or made with a library that
  /// has changed since.
  [[nodiscard]] std::optional<compiled_filter> find(const cache_key& key) const {
    const auto text = detail::read_entry(directory_, key.file_name());
    if (!text) return {};
    return detail::filter_from(key, *text);
  }

  /// Keeps a filter, replacing what is there. Readers see the old entry or the new one, never half of one. Not synced:
  /// what a power cut leaves is recognised as damage.
  /// Errors: system; state for a filter whose lists are too long to be kept.
  [[nodiscard]] result<void> store(const cache_key& key, const compiled_filter& filter) const {
    const auto text = OCIKIT_TRY(detail::entry_text(key, filter));
    const auto partial = OCIKIT_TRY(detail::random_name());
    auto written =
        write_new(partial, text).and_then([&] { return sys::rename_within(directory_, partial, key.file_name()); });
    if (!written) (void)sys::unlinkat(directory_, partial);  // it may not exist
    return written.and_then([&] { return forget_oldest(); });
  }

 private:
  explicit cache(unique_fd directory) : directory_{std::move(directory)} {}

  [[nodiscard]] result<void> write_new(const std::string& name, std::string_view text) const {
    const unique_fd file = OCIKIT_TRY(sys::openat(directory_, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    return sys::write_all(file, text);
  }

  [[nodiscard]] result<void> forget_oldest() const {
    auto entries = OCIKIT_TRY(detail::read_entries(directory_));
    if (entries.size() <= most_entries) return {};
    std::sort(entries.begin(), entries.end());
    entries.resize(entries.size() - most_entries);
    for (const auto& one : entries) (void)sys::unlinkat(directory_, one.name);  // somebody else may have been first
    return {};
  }

  unique_fd directory_;
};

/// What `compile` with a cache gives.
struct cached_filter {
  compiled_filter filter;
  bool kept_before = false;       ///< it came out of the cache: no compiler was asked
  std::optional<error> not_kept;  ///< why a new filter could not be kept: nothing that a user must know
};

/// Compiles a profile, or takes what `kept` has under its key. `make` opens the compiler (`result<std::unique_ptr<
/// compiler>>`) and is called only when it is needed.
///
/// Errors: as `compile`, and what `make` reports. Only success is kept.
template <class MakeCompiler>
[[nodiscard]] result<cached_filter> compile(const spec::seccomp& profile, const kernel_facts& kernel, const cache& kept,
                                            std::string_view compiler_name, MakeCompiler&& make) {
  cached_filter out;
  if (!wants_filter(profile)) return out;
  const auto key = key_of(profile, kernel, compiler_name);
  if (auto found = kept.find(key)) {
    out.filter = *std::move(found);
    out.kept_before = true;
    return out;
  }
  const auto with = OCIKIT_TRY(make());
  out.filter = OCIKIT_TRY(compile(profile, kernel, *with));
  if (auto stored = kept.store(key, out.filter); !stored) out.not_kept = std::move(stored).error();
  return out;
}

}  // namespace ocikit::seccomp
