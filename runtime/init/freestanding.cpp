// SPDX-License-Identifier: Apache-2.0
//
// What the compiler expects of a C library even where there is none, and the entry point.
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

// The kernel puts argc, then argv, on the stack.
[[noreturn]] __attribute__((used)) void ocikit_init_start(const long* stack) {
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
