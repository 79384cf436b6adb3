// SPDX-License-Identifier: Apache-2.0
//
// A look at the file before the dynamic linker maps it.
#pragma once

#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>

namespace ocikit::plugin {

namespace detail {

/// The start of a shared object: its header and program headers, which linkers put into the first kilobyte.
struct image_start {
  unsigned char bytes[2048];
  std::uint64_t size = 0;
};

[[nodiscard]] inline result<void> check_segments(const image_start& start, const ElfW(Ehdr) & header,
                                                 std::uint64_t file_size) {
  if (header.e_phentsize != sizeof(ElfW(Phdr)) || header.e_phnum == 0 || header.e_phoff > start.size ||
      header.e_phnum > (start.size - header.e_phoff) / sizeof(ElfW(Phdr)))
    return tl::unexpected(error::plugin("not a shared object: its program headers are out of place"));
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) segment;
    std::memcpy(&segment, start.bytes + header.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_offset > file_size || segment.p_filesz > file_size - segment.p_offset)
      return tl::unexpected(error::plugin("truncated: a segment ends behind the end of the file"));
    if (segment.p_type == PT_GNU_STACK && (segment.p_flags & PF_X) != 0)
      return tl::unexpected(error::plugin("asks for an executable stack"));
  }
  return {};
}

}  // namespace detail

/// Checks that the file is a whole shared object of this architecture. The dynamic linker maps a truncated one happily
/// and the process dies of SIGBUS when it touches the missing part, so this must come first. One pread(2).
///
/// Errors: plugin, with the reason; the caller adds the path.
[[nodiscard]] inline result<void> check_image(fd_view file, std::uint64_t file_size) {
  detail::image_start start;
  const auto got = ::pread(file.get(), start.bytes, sizeof start.bytes, 0);
  if (got < 0) return tl::unexpected(error::plugin("read: " + errno_text(errno)));
  start.size = static_cast<std::uint64_t>(got);
  ElfW(Ehdr) header;
  if (start.size < sizeof header || std::memcmp(start.bytes, ELFMAG, SELFMAG) != 0)
    return tl::unexpected(error::plugin("not a shared object: no ELF header"));
  std::memcpy(&header, start.bytes, sizeof header);
#if defined(__x86_64__)
  constexpr unsigned ours = EM_X86_64;
#elif defined(__aarch64__)
  constexpr unsigned ours = EM_AARCH64;
#else
#error "ocikit: name this architecture's ELF machine here"
#endif
  if (header.e_type != ET_DYN || header.e_machine != ours)
    return tl::unexpected(error::plugin("not a shared object for this machine"));
  return detail::check_segments(start, header, file_size);
}

}  // namespace ocikit::plugin
