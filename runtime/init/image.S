/* SPDX-License-Identifier: Apache-2.0 */
    .section .rodata
    .balign 16
    .globl ocikit_init_image_begin
    .hidden ocikit_init_image_begin
ocikit_init_image_begin:
    .incbin OCIKIT_INIT_FILE
    .globl ocikit_init_image_end
    .hidden ocikit_init_image_end
ocikit_init_image_end:
    .section .note.GNU-stack,"",%progbits
