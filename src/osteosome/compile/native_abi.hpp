// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What generated code hands over: one function a phase, each working on a block of slots in place.
struct OsteosomeNative {
  const char* hash;
  int lanes;
  void (*phases[6])(double* block);
};
