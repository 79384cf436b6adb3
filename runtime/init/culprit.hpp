// SPDX-License-Identifier: Apache-2.0
//
// Why execve(2) refused a file that is there: it reports the program's name even when something else is missing.
#pragma once

#include <elf.h>

#include <ocikit/sys/raw.hpp>

#include "text.hpp"

namespace ocikit::init {

namespace detail {

#if defined(__x86_64__)
inline constexpr unsigned native_machine = EM_X86_64;
inline constexpr unsigned second_machine = EM_386;
#elif defined(__aarch64__)
inline constexpr unsigned native_machine = EM_AARCH64;
inline constexpr unsigned second_machine = EM_ARM;
#endif

template <class Text>
void name_missing(Text& out, std::string_view what, const char* path) noexcept {
  const sys::raw::outcome r = sys::raw::faccessat2(AT_FDCWD, path, 1 /* X_OK */, AT_EACCESS);
  if (sys::raw::failed(r))
    out << " (" << what << " \"" << std::string_view{path} << "\": " << errno_words(sys::raw::errno_of(r)) << ")";
}

/// A script: its interpreter is what the kernel could not execute.
template <class Text>
void blame_interpreter(Text& out, char* line, std::size_t size) noexcept {
  std::size_t start = 2;
  while (start < size && (line[start] == ' ' || line[start] == '\t')) ++start;
  std::size_t end = start;
  while (end < size && line[end] != ' ' && line[end] != '\t' && line[end] != '\n' && line[end] != '\0') ++end;
  if (end == start) return;
  const bool returned = line[end - 1] == '\r';
  line[returned ? end - 1 : end] = '\0';
  if (returned) {
    out << " (interpreter \"" << std::string_view{line + start}
        << "\\r\": the carriage return at its end is part of the name; the script has Windows line endings)";
  } else {
    name_missing(out, "interpreter", line + start);
  }
}

/// An ELF file: wrong machine, or its loader is missing.
template <class Text>
void blame_loader(Text& out, int file, const char* head, std::size_t size) noexcept {
  Elf64_Ehdr header;
  if (size < sizeof header) return;
  std::memcpy(&header, head, sizeof header);
  if (header.e_machine != native_machine && header.e_machine != second_machine) {
    out << " (built for another machine: ELF machine " << std::uint64_t{header.e_machine} << ", this one is "
        << std::uint64_t{native_machine} << ")";
    return;
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr)) return;
  for (unsigned i = 0; i < header.e_phnum && i < 64; ++i) {
    Elf64_Phdr segment;
    const auto at = static_cast<long>(header.e_phoff + i * sizeof segment);
    if (sys::raw::pread(file, &segment, sizeof segment, at) != static_cast<long>(sizeof segment)) return;
    if (segment.p_type != PT_INTERP) continue;
    char path[256];
    if (segment.p_filesz == 0 || segment.p_filesz > sizeof path) return;
    const auto length = static_cast<std::size_t>(segment.p_filesz);
    if (sys::raw::pread(file, path, length, static_cast<long>(segment.p_offset)) != static_cast<long>(length)) return;
    path[length - 1] = '\0';
    name_missing(out, "ELF loader", path);
    return;
  }
}

}  // namespace detail

/// Adds to `out` what is really at fault, when that can be seen in the file `path`. See: execve(2), ERRORS.
template <class Text>
void add_culprit(Text& out, const char* path) noexcept {
  const sys::raw::outcome file = sys::raw::openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (sys::raw::failed(file)) return;
  char head[256];
  const sys::raw::outcome size = sys::raw::pread(static_cast<int>(file), head, sizeof head, 0);
  if (size == 0) out << " (the file is empty)";
  if (size >= 2 && head[0] == '#' && head[1] == '!')
    detail::blame_interpreter(out, head, static_cast<std::size_t>(size));
  if (size >= 4 && std::memcmp(head, ELFMAG, SELFMAG) == 0)
    detail::blame_loader(out, static_cast<int>(file), head, static_cast<std::size_t>(size));
  (void)sys::raw::close(static_cast<int>(file));
}

}  // namespace ocikit::init
