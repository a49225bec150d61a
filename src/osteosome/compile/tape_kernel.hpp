// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace osteosome::compile {

struct Instruction;
inline constexpr int kTapeLanes = 32;
inline constexpr int kNarrowTapeLanes = 8;  ///< for a few subjects, where most lanes of a wide block would idle

void run_tape_scalar(const Instruction* code, std::size_t count, double* block, int lanes);
void run_tape_avx2(const Instruction* code, std::size_t count, double* block, int lanes);
void run_tape_avx512(const Instruction* code, std::size_t count, double* block, int lanes);

}  // namespace osteosome::compile
