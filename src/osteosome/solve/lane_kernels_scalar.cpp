// SPDX-License-Identifier: Apache-2.0
#define OSTEOSOME_WIDTH 1
#define OSTEOSOME_KERNEL kLaneKernels_scalar
#include "lane_kernels.inl"
