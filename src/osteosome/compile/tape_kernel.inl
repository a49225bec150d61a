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

constexpr int W = OSTEOSOME_WIDTH;
using V = lane::Real<W>;

template <int Lanes, class F>
inline void unary(double* d, const double* a, F f) {
  auto* out = reinterpret_cast<V*>(d);
  const auto* x = reinterpret_cast<const V*>(a);
  for (int i = 0; i < Lanes / W; ++i) out[i] = f(x[i]);
}
template <int Lanes, class F>
inline void binary(double* d, const double* a, const double* b, F f) {
  auto* out = reinterpret_cast<V*>(d);
  const auto* x = reinterpret_cast<const V*>(a);
  const auto* y = reinterpret_cast<const V*>(b);
  for (int i = 0; i < Lanes / W; ++i) out[i] = f(x[i], y[i]);
}
template <int Lanes, class F>
inline void ternary(double* d, const double* a, const double* b, const double* c, F f) {
  auto* out = reinterpret_cast<V*>(d);
  const auto* x = reinterpret_cast<const V*>(a);
  const auto* y = reinterpret_cast<const V*>(b);
  const auto* z = reinterpret_cast<const V*>(c);
  for (int i = 0; i < Lanes / W; ++i) out[i] = f(x[i], y[i], z[i]);
}
inline V truth(lane::Int<W> mask) { return lane::select<W>(mask, lane::splat<W>(1.0), lane::splat<W>(0.0)); }

template <int Lanes>
void run_tape(const Instruction* code, std::size_t count, double* block) {
  for (std::size_t k = 0; k < count; ++k) {
    const Instruction& i = code[k];
    double* d = block + std::size_t{i.dst} * Lanes;
    const double* a = block + std::size_t{i.a} * Lanes;
    const double* b = block + std::size_t{i.b} * Lanes;
    const double* c = block + std::size_t{i.c} * Lanes;
    switch (i.op) {
      case TapeOp::Add: binary<Lanes>(d, a, b, [](V x, V y) { return x + y; }); break;
      case TapeOp::Sub: binary<Lanes>(d, a, b, [](V x, V y) { return x - y; }); break;
      case TapeOp::Mul: binary<Lanes>(d, a, b, [](V x, V y) { return x * y; }); break;
      case TapeOp::Div: binary<Lanes>(d, a, b, [](V x, V y) { return x / y; }); break;
      case TapeOp::Neg: unary<Lanes>(d, a, [](V x) { return -x; }); break;
      case TapeOp::Fma: ternary<Lanes>(d, a, b, c, [](V x, V y, V z) { return lane::fma<W>(x, y, z); }); break;
      case TapeOp::Fnma: ternary<Lanes>(d, a, b, c, [](V x, V y, V z) { return lane::fma<W>(-x, y, z); }); break;
      case TapeOp::Fms: ternary<Lanes>(d, a, b, c, [](V x, V y, V z) { return lane::fma<W>(x, y, -z); }); break;
      case TapeOp::Exp: unary<Lanes>(d, a, [](V x) { return lane::exp<W>(x); }); break;
      case TapeOp::Log: unary<Lanes>(d, a, [](V x) { return lane::log<W>(x); }); break;
      case TapeOp::Sqrt: unary<Lanes>(d, a, [](V x) { return lane::sqrt<W>(x); }); break;
      case TapeOp::Tanh: unary<Lanes>(d, a, [](V x) { return lane::tanh<W>(x); }); break;
      case TapeOp::Sin: unary<Lanes>(d, a, [](V x) { return lane::each<W>(x, ::sin); }); break;
      case TapeOp::Cos: unary<Lanes>(d, a, [](V x) { return lane::each<W>(x, ::cos); }); break;
      case TapeOp::Tan: unary<Lanes>(d, a, [](V x) { return lane::each<W>(x, ::tan); }); break;
      case TapeOp::Asin: unary<Lanes>(d, a, [](V x) { return lane::each<W>(x, ::asin); }); break;
      case TapeOp::Acos: unary<Lanes>(d, a, [](V x) { return lane::each<W>(x, ::acos); }); break;
      case TapeOp::Atan: unary<Lanes>(d, a, [](V x) { return lane::each<W>(x, ::atan); }); break;
      case TapeOp::Sinh: unary<Lanes>(d, a, [](V x) { return lane::each<W>(x, ::sinh); }); break;
      case TapeOp::Cosh: unary<Lanes>(d, a, [](V x) { return lane::each<W>(x, ::cosh); }); break;
      case TapeOp::Floor: unary<Lanes>(d, a, [](V x) { return lane::each<W>(x, ::floor); }); break;
      case TapeOp::Ceil: unary<Lanes>(d, a, [](V x) { return lane::each<W>(x, ::ceil); }); break;
      case TapeOp::Less: binary<Lanes>(d, a, b, [](V x, V y) { return truth(x < y); }); break;
      case TapeOp::LessEqual: binary<Lanes>(d, a, b, [](V x, V y) { return truth(x <= y); }); break;
      case TapeOp::Equal: binary<Lanes>(d, a, b, [](V x, V y) { return truth(x == y); }); break;
      case TapeOp::And: binary<Lanes>(d, a, b, [](V x, V y) { return truth((x != 0.0) & (y != 0.0)); }); break;
      case TapeOp::Or: binary<Lanes>(d, a, b, [](V x, V y) { return truth((x != 0.0) | (y != 0.0)); }); break;
      case TapeOp::Not: unary<Lanes>(d, a, [](V x) { return truth(x == 0.0); }); break;
      case TapeOp::Select: ternary<Lanes>(d, a, b, c, [](V x, V y, V z) { return lane::select<W>(x != 0.0, y, z); }); break;
    }
  }
}

}  // namespace

void OSTEOSOME_KERNEL(const Instruction* code, std::size_t count, double* block, int lanes) {
  lanes == kNarrowTapeLanes ? run_tape<kNarrowTapeLanes>(code, count, block) : run_tape<kTapeLanes>(code, count, block);
}

}  // namespace osteosome::compile
