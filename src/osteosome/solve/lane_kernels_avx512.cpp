// SPDX-License-Identifier: Apache-2.0
#define OSTEOSOME_WIDTH 8
#define OSTEOSOME_KERNEL kLaneKernels_avx512
#include "lane_kernels.inl"
