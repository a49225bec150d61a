// SPDX-License-Identifier: Apache-2.0
#define OSTEOSOME_WIDTH 4
#define OSTEOSOME_KERNEL run_tape_avx2
#include "tape_kernel.inl"
