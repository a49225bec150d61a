// SPDX-License-Identifier: Apache-2.0
// Lane arithmetic of this translation unit's own instruction set; equal bits across instruction sets are tested with the
// evaluators (tests/unit/compile).
#include "osteosome/core/lane_math.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace osteosome::lane {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();
constexpr double kSmallestNormal = std::numeric_limits<double>::min();
constexpr double kLargest = std::numeric_limits<double>::max();

double exp1(double x) { return exp<1>(Real<1>{x})[0]; }
double log1(double x) { return log<1>(Real<1>{x})[0]; }
double tanh1(double x) { return tanh<1>(Real<1>{x})[0]; }

/// Distance of `found` from the exact value in units of the last place of the exact value's double.
double ulps(double found, long double exact) {
  const double rounded = static_cast<double>(exact);
  if (found == rounded) return 0;
  const double size = std::abs(rounded);
  const double ulp = size < kSmallestNormal ? kTiny : std::nextafter(size, kInf) - size;
  return static_cast<double>(std::abs(static_cast<long double>(found) - exact) / static_cast<long double>(ulp));
}

template <class Found, class Exact>
void expect_within(double bound, const std::vector<double>& at, Found found, Exact exact) {
  double worst = 0, where = 0;
  for (const double x : at) {
    const double error = ulps(found(x), exact(static_cast<long double>(x)));
    if (!(error <= worst)) worst = error, where = x;
  }
  EXPECT_LE(worst, bound) << "worst at x = " << where << ": " << found(where) << " against "
                          << static_cast<double>(exact(static_cast<long double>(where)));
}

std::vector<double> uniform(double low, double high, int n) {
  std::mt19937_64 generator(20240501);
  std::uniform_real_distribution<double> distribution(low, high);
  std::vector<double> x(static_cast<std::size_t>(n));
  for (double& v : x) v = distribution(generator);
  return x;
}

/// Positive doubles spread evenly over the exponents in [2^low, 2^high].
std::vector<double> over_exponents(double low, double high, int n) {
  std::vector<double> x = uniform(low, high, n);
  for (double& v : x) v = std::exp2(v);
  return x;
}

// The 2 ulp are the promise of lane_math.hpp's head.
TEST(LaneExp, normalResults_within2Ulp) {
  expect_within(2, uniform(-708.39, 709.78, 200000), exp1, [](long double x) { return expl(x); });
}
TEST(LaneExp, nearZero_within2Ulp) {
  expect_within(2, uniform(-0.5, 0.5, 50000), exp1, [](long double x) { return expl(x); });
}
TEST(LaneExp, subnormalResults_within2Ulp) {
  expect_within(2, uniform(-745.1, -708.4, 50000), exp1, [](long double x) { return expl(x); });
}
TEST(LaneExp, tinyArgument_isOne) {
  EXPECT_EQ(exp1(1e-300), 1);
  EXPECT_EQ(exp1(-kTiny), 1);
}
TEST(LaneExp, zero_isExactlyOne) {
  EXPECT_EQ(exp1(0.0), 1);
  EXPECT_EQ(exp1(-0.0), 1);
}
TEST(LaneExp, belowRange_isZero) {
  EXPECT_EQ(exp1(-746), 0);
  EXPECT_EQ(exp1(-kLargest), 0);
  EXPECT_EQ(exp1(-kInf), 0);
}
TEST(LaneExp, aboveRange_isInfinite) {
  EXPECT_EQ(exp1(709.79), kInf);
  EXPECT_EQ(exp1(kLargest), kInf);
  EXPECT_EQ(exp1(kInf), kInf);
}
TEST(LaneExp, largestArgument_isFinite) {
  const double x = 709.782712893384;  // the largest double below log(DBL_MAX)
  EXPECT_TRUE(std::isfinite(exp1(x)));
  EXPECT_LE(ulps(exp1(x), expl(static_cast<long double>(x))), 2);
}
TEST(LaneExp, notANumber_staysSo) { EXPECT_TRUE(std::isnan(exp1(kNan))); }

TEST(LaneLog, wholeRange_within2Ulp) {
  expect_within(2, over_exponents(-1022, 1023.99, 200000), log1, [](long double x) { return logl(x); });
}
TEST(LaneLog, nearOne_within2Ulp) {
  expect_within(2, uniform(0.5, 2, 200000), log1, [](long double x) { return logl(x); });
}
TEST(LaneLog, besideOne_within2Ulp) {
  std::vector<double> x;
  for (double d = 1e-16; d < 1e-2; d *= 1.7) x.insert(x.end(), {1 + d, 1 - d});
  expect_within(2, x, log1, [](long double v) { return logl(v); });
}
TEST(LaneLog, subnormal_within2Ulp) {
  std::vector<double> x = over_exponents(-1073, -1022, 50000);
  x.insert(x.end(), {kTiny, 3 * kTiny, kSmallestNormal, std::nextafter(kSmallestNormal, 0.0)});
  expect_within(2, x, log1, [](long double v) { return logl(v); });
}
TEST(LaneLog, largest_within2Ulp) {
  expect_within(2, {kLargest}, log1, [](long double x) { return logl(x); });
}
TEST(LaneLog, one_isExactlyZero) { EXPECT_EQ(std::bit_cast<std::uint64_t>(log1(1.0)), 0u); }
TEST(LaneLog, zero_isMinusInfinity) {
  EXPECT_EQ(log1(0.0), -kInf);
  EXPECT_EQ(log1(-0.0), -kInf);
}
TEST(LaneLog, infinity_isInfinity) { EXPECT_EQ(log1(kInf), kInf); }
TEST(LaneLog, negative_isNotANumber) {
  EXPECT_TRUE(std::isnan(log1(-1.0)));
  EXPECT_TRUE(std::isnan(log1(-kTiny)));
  EXPECT_TRUE(std::isnan(log1(-kInf)));
}
TEST(LaneLog, notANumber_staysSo) { EXPECT_TRUE(std::isnan(log1(kNan))); }

// tanh = (1-e)/(1+e) with e = exp(-2|x|): d tanh/de = -2/(1+e)^2. Just above |x| = 0.1, e = 0.82 with an error of 2.1 * 2^-53 moves
// tanh = 0.1 by 2.1 * 2^-53 * 0.6 = 1.4e-16, which is 10 of its units of 2^-56; two more for 1+e and the quotient. Everywhere
// else it is less. The series below 0.1 omits 1.5e-3 x^15, 1.5e-17 relative, and rounds thrice.
TEST(LaneTanh, wholeRange_within12Ulp) {
  expect_within(12, uniform(-20, 20, 100000), tanh1, [](long double x) { return tanhl(x); });
}
TEST(LaneTanh, whereTheFormulasMeet_within12Ulp) {
  expect_within(12, uniform(0.05, 0.3, 100000), tanh1, [](long double x) { return tanhl(x); });
}
TEST(LaneTanh, nearZero_within2Ulp) {
  expect_within(2, uniform(-0.1, 0.1, 50000), tanh1, [](long double x) { return tanhl(x); });
}
TEST(LaneTanh, farOut_isPlusMinusOne) {
  EXPECT_EQ(tanh1(kInf), 1);
  EXPECT_EQ(tanh1(-kInf), -1);
  EXPECT_EQ(tanh1(400), 1);
}
TEST(LaneTanh, subnormal_isItself) { EXPECT_EQ(tanh1(kTiny), kTiny); }
TEST(LaneTanh, notANumber_staysSo) { EXPECT_TRUE(std::isnan(tanh1(kNan))); }

template <int W, class One, class Many>
void expect_equal_bits(One one, Many many) {
  std::vector<double> x = uniform(-720, 720, 4096);
  for (const double v : over_exponents(-1074, 1023, 4096)) x.push_back(v);
  for (std::size_t i = 0; i + W <= x.size(); i += W) {
    Real<W> in{};
    for (int k = 0; k < W; ++k) in[k] = x[i + static_cast<std::size_t>(k)];
    const Real<W> out = many(in);
    for (int k = 0; k < W; ++k) {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(double{out[k]}), std::bit_cast<std::uint64_t>(one(double{in[k]}))) << "x = " << in[k];
    }
  }
}

// Two lanes are within every x86-64 processor; W = 4 and 8 with their own instructions are compared by the evaluator tests.
TEST(LaneMath, twoLanes_giveTheBitsOfOne) {
  expect_equal_bits<2>(exp1, [](Real<2> x) { return exp<2>(x); });
  expect_equal_bits<2>(tanh1, [](Real<2> x) { return tanh<2>(x); });
}
TEST(LaneMath, twoLanesLog_giveTheBitsOfOne) {
  expect_equal_bits<2>(log1, [](Real<2> x) { return log<2>(x); });
}

TEST(LaneSelect, mixedMask_choosesLaneByLane) {
  const Real<2> x = {1.0, -1.0};
  const Real<2> r = select<2>(x < 0.0, splat<2>(5.0), splat<2>(7.0));
  EXPECT_EQ(r[0], 7.0);
  EXPECT_EQ(r[1], 5.0);
}

TEST(LaneFma, product_isRoundedOnce) {
  const double a = 1 + 0x1p-30;  // a*a - 1 - 2^-29 is exactly 2^-60, lost if the product is rounded
  EXPECT_EQ(fma<1>(Real<1>{a}, Real<1>{a}, Real<1>{-1 - 0x1p-29})[0], 0x1p-60);
}

}  // namespace
}  // namespace osteosome::lane
