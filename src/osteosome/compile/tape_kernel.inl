// SPDX-License-Identifier: Apache-2.0
// The tape interpreter, compiled once an instruction set with OSTEOSOME_WIDTH lanes a vector. No standard containers here:
// inline functions of this translation unit use instructions that other processors lack.
#include <cmath>
#include <cstddef>

#include "osteosome/compile/lane_program.hpp"
#include "osteosome/core/lane_math.hpp"
#include "tape_kernel.hpp"

namespace osteosome::compile {
namespace {

namespace L = lane;
constexpr int W = OSTEOSOME_WIDTH;
using V = lane::Real<W>;

/// `f` of three vectors at a time; what it does not use is not read.
template <int Lanes, class F>
inline void apply(double* d, const double* x, const double* y, const double* z, F f) {
  auto* out = reinterpret_cast<V*>(d);
  const auto* a = reinterpret_cast<const V*>(x);
  const auto* b = reinterpret_cast<const V*>(y);
  const auto* c = reinterpret_cast<const V*>(z);
  for (int i = 0; i < Lanes / W; ++i) out[i] = f(a[i], b[i], c[i]);
}
// NOLINTNEXTLINE(readability-identifier-naming): as operations.def writes it
inline V T(lane::Int<W> mask) { return L::select<W>(mask, L::splat<W>(1.0), L::splat<W>(0.0)); }

template <int Lanes>
void run_tape(const Instruction* code, std::size_t count, double* block) {
  for (std::size_t k = 0; k < count; ++k) {
    const Instruction& i = code[k];
    double* d = block + std::size_t{i.dst} * Lanes;
    const double* x = block + std::size_t{i.a} * Lanes;
    const double* y = block + std::size_t{i.b} * Lanes;
    const double* z = block + std::size_t{i.c} * Lanes;
    switch (i.op) {
#define TAPE_OPERATION(name, lanes) \
  case TapeOp::name: apply<Lanes>(d, x, y, z, [](V a, [[maybe_unused]] V b, [[maybe_unused]] V c) -> V { return lanes; }); break;
#define OPERATION(name, arity, value, derivative, range, lanes) TAPE_OPERATION(name, lanes)
#include "osteosome/expr/operations.def"
    }
  }
}

}  // namespace

void OSTEOSOME_KERNEL(const Instruction* code, std::size_t count, double* block, int lanes) {
  lanes == kNarrowTapeLanes ? run_tape<kNarrowTapeLanes>(code, count, block) : run_tape<kTapeLanes>(code, count, block);
}

}  // namespace osteosome::compile
