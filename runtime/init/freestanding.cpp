// SPDX-License-Identifier: Apache-2.0
//
// What the compiler expects of a C library even where there is none, and the entry point.
#include <elf.h>

#include <cstddef>

#include "interpreter.hpp"

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) {
  auto* t = static_cast<unsigned char*>(to);
  const auto* f = static_cast<const unsigned char*>(from);
  while (size-- != 0) *t++ = *f++;
  return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
  auto* t = static_cast<unsigned char*>(to);
  const auto* f = static_cast<const unsigned char*>(from);
  if (t <= f) return memcpy(to, from, size);
  while (size-- != 0) t[size] = f[size];
  return to;
}

void* memset(void* to, int value, std::size_t size) {
  auto* t = static_cast<unsigned char*>(to);
  while (size-- != 0) *t++ = static_cast<unsigned char>(value);
  return to;
}

int memcmp(const void* a, const void* b, std::size_t size) {
  const auto* x = static_cast<const unsigned char*>(a);
  const auto* y = static_cast<const unsigned char*>(b);
  for (; size != 0; --size, ++x, ++y)
    if (*x != *y) return *x < *y ? -1 : 1;
  return 0;
}

std::size_t strlen(const char* text) {
  std::size_t size = 0;
  while (text[size] != '\0') ++size;
  return size;
}

void* memchr(const void* in, int value, std::size_t size) {
  auto* at = static_cast<unsigned char*>(const_cast<void*>(in));
  for (; size != 0; --size, ++at)
    if (*at == static_cast<unsigned char>(value)) return at;
  return nullptr;
}

// The linker's: the first byte of the loaded file, and its dynamic section. Hidden, so that they are reached without
// a relocation.
extern __attribute__((visibility("hidden"))) char __ehdr_start[];
extern __attribute__((visibility("hidden"))) const Elf64_Dyn _DYNAMIC[];

}  // extern "C"

namespace {

#if defined(__x86_64__)
constexpr auto relative = R_X86_64_RELATIVE;
#elif defined(__aarch64__)
constexpr auto relative = R_AARCH64_RELATIVE;
#endif

/// What a dynamic loader does for a program without symbols: adds the load address to each pointer of constant data.
/// Nothing that needs it may have run before. Source: ELF-64 object file format, "relocation".
void relocate() noexcept {
  const Elf64_Rela* entries = nullptr;
  std::size_t size = 0;
  for (const Elf64_Dyn* entry = _DYNAMIC; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == DT_RELA) entries = reinterpret_cast<const Elf64_Rela*>(__ehdr_start + entry->d_un.d_ptr);
    if (entry->d_tag == DT_RELASZ) size = entry->d_un.d_val;
  }
  const auto base = reinterpret_cast<Elf64_Addr>(__ehdr_start);
  for (const Elf64_Rela* entry = entries; entry != entries + size / sizeof(Elf64_Rela); ++entry) {
    if (ELF64_R_TYPE(entry->r_info) != relative) __builtin_trap();
    *reinterpret_cast<Elf64_Addr*>(base + entry->r_offset) = base + static_cast<Elf64_Addr>(entry->r_addend);
  }
}

}  // namespace

extern "C" {

// The kernel puts argc, then argv, on the stack.
[[noreturn]] __attribute__((used)) void ocikit_init_start(const long* stack) {
  relocate();
  ocikit::init::interpret(static_cast<int>(stack[0]), reinterpret_cast<const char* const*>(stack + 1));
}

}  // extern "C"

#if defined(__x86_64__)
__asm__(
    ".globl _start\n.hidden _start\n_start:\n"
    "  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call ocikit_init_start\n  hlt\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n.hidden _start\n_start:\n  mov x29, #0\n  mov x0, sp\n  bl ocikit_init_start\n  brk #1\n");
#endif
