// SPDX-License-Identifier: Apache-2.0
// Arithmetic over W lanes with the same bits for every W and instruction set: only correctly rounded operations
// (+ - * / sqrt fma), integer operations and selects. Self-contained, because it is also pasted into generated code.
// exp: Cody-Waite reduction and Taylor polynomial of degree 13; log: the atanh series with the minimax coefficients of
// fdlibm's e_log (Sun, 1993). Both are within 2 ulp over the whole range (tests/unit/core/lane_math_test.cpp).
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace osteosome::lane {

template <int W>
struct Vector {
  typedef double Real __attribute__((vector_size(8 * W)));
  typedef long long Int __attribute__((vector_size(8 * W)));
};
template <int W>
using Real = typename Vector<W>::Real;
template <int W>
using Int = typename Vector<W>::Int;

template <int W>
inline Real<W> splat(double x) {
  return Real<W>{} + x;
}
template <int W>
inline Int<W> bits(Real<W> x) {
  return reinterpret_cast<Int<W>>(x);
}
template <int W>
inline Real<W> real(Int<W> x) {
  return reinterpret_cast<Real<W>>(x);
}
/// mask is all ones (true) or all zeros (false) in each lane.
template <int W>
inline Real<W> select(Int<W> mask, Real<W> yes, Real<W> no) {
  return real<W>((bits<W>(yes) & mask) | (bits<W>(no) & ~mask));
}

template <int W>
inline Real<W> fma(Real<W> a, Real<W> b, Real<W> c) {
#if defined(__AVX512F__)
  if constexpr (W == 8) return reinterpret_cast<Real<W>>(_mm512_fmadd_pd(__m512d(a), __m512d(b), __m512d(c)));
#endif
#if defined(__FMA__)
  if constexpr (W == 4) return reinterpret_cast<Real<W>>(_mm256_fmadd_pd(__m256d(a), __m256d(b), __m256d(c)));
#endif
  Real<W> r{};
  for (int i = 0; i < W; ++i) r[i] = __builtin_fma(a[i], b[i], c[i]);
  return r;
}

template <int W>
inline Real<W> sqrt(Real<W> a) {
#if defined(__AVX512F__)
  if constexpr (W == 8) return reinterpret_cast<Real<W>>(_mm512_sqrt_pd(__m512d(a)));
#endif
#if defined(__AVX2__)
  if constexpr (W == 4) return reinterpret_cast<Real<W>>(_mm256_sqrt_pd(__m256d(a)));
#endif
  Real<W> r{};
  for (int i = 0; i < W; ++i) r[i] = __builtin_sqrt(a[i]);
  return r;
}

template <int W>
inline Real<W> exp(Real<W> x) {
  constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
  x = select<W>(x > 710.0, splat<W>(710.0), x);
  x = select<W>(x < -746.0, splat<W>(-746.0), x);
  const Real<W> k = (x * 1.4426950408889634 + kMagic) - kMagic;
  Real<W> r = fma<W>(k, splat<W>(-6.93147180369123816490e-01), x);
  r = fma<W>(k, splat<W>(-1.90821492927058770002e-10), r);
  const Real<W> r2 = r * r;
  const Real<W> r4 = r2 * r2;
  const Real<W> r8 = r4 * r4;
  const auto pair = [&](double c1, double c0) { return fma<W>(r, splat<W>(c1), splat<W>(c0)); };
  const Real<W> q0 = fma<W>(r2, pair(1.0 / 6, 0.5), r);
  const Real<W> q1 = fma<W>(r2, pair(1.0 / 5040, 1.0 / 720), pair(1.0 / 120, 1.0 / 24));
  const Real<W> q2 = fma<W>(r2, pair(1.0 / 39916800, 1.0 / 3628800), pair(1.0 / 362880, 1.0 / 40320));
  const Real<W> q3 = pair(1.0 / 6227020800.0, 1.0 / 479001600);
  const Real<W> p = fma<W>(r8, fma<W>(r4, q3, q2), fma<W>(r4, q1, q0)) + 1.0;
  // 2^k in two factors, so that results near overflow and subnormal results come out right.
  const Real<W> k1 = (k * 0.5 + kMagic) - kMagic;
  const Int<W> e1 = bits<W>(k1 + (kMagic + 1023)) << 52;
  const Int<W> e2 = bits<W>((k - k1) + (kMagic + 1023)) << 52;
  return p * real<W>(e1) * real<W>(e2);
}

template <int W>
inline Real<W> log(Real<W> x) {
  typedef unsigned long long UInt __attribute__((vector_size(8 * W)));
  const Int<W> tiny = x < 2.2250738585072014e-308;
  const Real<W> scaled = select<W>(tiny, x * 18014398509481984.0, x);
  const UInt b = reinterpret_cast<UInt>(scaled);  // unsigned: NaN bits may wrap around
  constexpr unsigned long long kSqrtHalf = 0x3fe6a09e667f3bcd;
  constexpr unsigned long long kOne = 0x3ff0000000000000;
  const UInt exponent = (b - kSqrtHalf + kOne) >> 52;  // k + 1023
  const Real<W> m = reinterpret_cast<Real<W>>(b - (exponent << 52) + kOne);
  const Real<W> biased = reinterpret_cast<Real<W>>(exponent | 0x4330000000000000ULL) - 4503599627370496.0;
  const Real<W> k = biased - select<W>(tiny, splat<W>(1023.0 + 54.0), splat<W>(1023.0));
  const Real<W> f = m - 1.0;
  const Real<W> s = f / (f + 2.0);
  const Real<W> z = s * s;
  const Real<W> w = z * z;
  const auto c = [](double v) { return splat<W>(v); };
  const Real<W> t1 = w * fma<W>(w, fma<W>(w, c(1.531383769920937332e-01), c(2.222219843214978396e-01)), c(3.999999999940941908e-01));
  const Real<W> t2 = z * fma<W>(w, fma<W>(w, fma<W>(w, c(1.479819860511658591e-01), c(1.818357216161805012e-01)), c(2.857142874366239149e-01)),
                                c(6.666666666666735130e-01));
  const Real<W> half = f * f * 0.5;
  const Real<W> low = fma<W>(k, c(1.90821492927058770002e-10), s * (half + (t1 + t2)));
  Real<W> result = k * 6.93147180369123816490e-01 - ((half - low) - f);
  constexpr double kInf = __builtin_inf();
  result = select<W>(x == kInf, splat<W>(kInf), result);
  result = select<W>(x == 0.0, splat<W>(-kInf), result);
  const Int<W> bad = (x < 0.0) | (x != x);
  return select<W>(bad, splat<W>(__builtin_nan("")), result);
}

template <int W>
inline Real<W> tanh(Real<W> x) {
  const Real<W> magnitude = select<W>(x < 0.0, -x, x);
  const Real<W> e = exp<W>(magnitude * -2.0);
  const Real<W> far = (1.0 - e) / (1.0 + e);
  const Real<W> z = x * x;
  const auto c = [](double v) { return splat<W>(v); };
  Real<W> p = fma<W>(z, c(21844.0 / 6081075), c(-1382.0 / 155925));
  p = fma<W>(z, p, c(62.0 / 2835));
  p = fma<W>(z, p, c(-17.0 / 315));
  p = fma<W>(z, p, c(2.0 / 15));
  p = fma<W>(z, p, c(-1.0 / 3));
  const Real<W> near = fma<W>(z * p, x, x);
  const Real<W> signed_far = select<W>(x < 0.0, -far, far);
  return select<W>(magnitude < 0.1, near, signed_far);
}

/// A function of the C library, lane by lane: the same bits on one machine, not across C libraries.
template <int W, class F>
inline Real<W> each(Real<W> x, F function) {
  Real<W> r{};
  for (int i = 0; i < W; ++i) r[i] = function(x[i]);
  return r;
}

}  // namespace osteosome::lane
