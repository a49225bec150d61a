// SPDX-License-Identifier: Apache-2.0
#define OSTEOSOME_WIDTH 1
#define OSTEOSOME_KERNEL run_tape_scalar
#include "tape_kernel.inl"
