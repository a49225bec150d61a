// SPDX-License-Identifier: Apache-2.0
#define OSTEOSOME_WIDTH 4
#define OSTEOSOME_KERNEL kLaneKernels_avx2
#include "lane_kernels.inl"
