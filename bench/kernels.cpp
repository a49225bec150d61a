// SPDX-License-Identifier: Apache-2.0
// Where a step spends its time: nanoseconds a lane of every phase, tape and native, beside the number of operations; and what the machine can do.
#include <fmt/format.h>
#include <immintrin.h>

#include <cstdlib>

#include "problems.hpp"

namespace {

using namespace osteosome;
constexpr const char* kNames[] = {"prologue", "derivative", "derivative+jacobian", "factor", "solve", "gaps"};

void measure(const compile::LaneProgram& program, const compile::Evaluator& evaluator, const char* isa) {
  const auto lanes = static_cast<std::size_t>(evaluator.lanes());
  auto* block = static_cast<double*>(std::aligned_alloc(64, program.layout.total * lanes * sizeof(double) + 64));
  for (std::size_t i = 0; i < program.layout.total * lanes; ++i) block[i] = 1.0;
  for (std::size_t c = 0; c < program.constants.size(); ++c) std::fill_n(block + c * lanes, lanes, program.constants[c]);
  for (int p = 0; p < compile::kPhases; ++p) {
    const int repeats = static_cast<int>(4'000'000 / (program.phases[p].size() + 10));
    const double begin = bench::cpu_seconds();
    for (int r = 0; r < repeats; ++r) evaluator.run(static_cast<compile::Phase>(p), block);
    const double ns = (bench::cpu_seconds() - begin) * 1e9 / repeats / static_cast<double>(lanes);
    fmt::print("{},{},{},{:.1f},{},{}\n", evaluator.tier(), isa, kNames[p], ns, program.phases[p].size(),
               compile::transcendental_count(program, static_cast<compile::Phase>(p)));
  }
  std::free(block);
}

constexpr int kChains = 10, kRounds = 20'000'000;  // more chains than latency times units

/// Fused multiply-adds on vectors in registers: floating-point operations a nanosecond of one core.
__attribute__((target("avx2,fma"))) double peak_avx2() {
  __m256d x[kChains];
  for (int k = 0; k < kChains; ++k) x[k] = _mm256_set1_pd(k);
  const __m256d a = _mm256_set1_pd(0.999), b = _mm256_set1_pd(0.001);
  const double begin = bench::cpu_seconds();
  for (int r = 0; r < kRounds; ++r) {
#pragma GCC unroll 10
    for (int k = 0; k < kChains; ++k) x[k] = _mm256_fmadd_pd(x[k], a, b);
  }
  const double ns = (bench::cpu_seconds() - begin) * 1e9;
  for (int k = 1; k < kChains; ++k) x[0] = _mm256_add_pd(x[0], x[k]);
  return _mm256_cvtsd_f64(x[0]) > 0 ? 2.0 * 4 * kChains * kRounds / ns : 0;
}
__attribute__((target("avx512f"))) double peak_avx512() {
  __m512d x[kChains];
  for (int k = 0; k < kChains; ++k) x[k] = _mm512_set1_pd(k);
  const __m512d a = _mm512_set1_pd(0.999), b = _mm512_set1_pd(0.001);
  const double begin = bench::cpu_seconds();
  for (int r = 0; r < kRounds; ++r) {
#pragma GCC unroll 10
    for (int k = 0; k < kChains; ++k) x[k] = _mm512_fmadd_pd(x[k], a, b);
  }
  const double ns = (bench::cpu_seconds() - begin) * 1e9;
  for (int k = 1; k < kChains; ++k) x[0] = _mm512_add_pd(x[0], x[k]);
  return _mm512_cvtsd_f64(x[0]) > 0 ? 2.0 * 8 * kChains * kRounds / ns : 0;
}

}  // namespace

int main() {
  const auto program = bench::load_bone().program;
  const auto lane_program = std::make_shared<compile::LaneProgram>(compile::build_lane_program(program));
  fmt::print("tier,isa,phase,ns_per_lane,operations,transcendental\n");
  for (const auto isa : {compile::Isa::Avx2, compile::Isa::Avx512}) {
    if (!compile::has_isa(isa)) continue;
    fmt::print("peak of one core,{},fused multiply-add,,{:.1f} operations a ns,\n", compile::name_of(isa),
               isa == compile::Isa::Avx512 ? peak_avx512() : peak_avx2());
    measure(*lane_program, *compile::make_tape(lane_program, isa), compile::name_of(isa));
    if (const auto native = compile::find_builtin_native(*lane_program, isa)) measure(*lane_program, *native, compile::name_of(isa));
  }
}
