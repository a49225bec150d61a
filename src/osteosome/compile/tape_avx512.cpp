// SPDX-License-Identifier: Apache-2.0
#define OSTEOSOME_WIDTH 8
#define OSTEOSOME_KERNEL run_tape_avx512
#include "tape_kernel.inl"
