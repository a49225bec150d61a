// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

namespace osteosome::core {
namespace {

std::vector<double> draws(RandomStream stream, int n) {
  std::vector<double> x;
  for (int i = 0; i < n; ++i) x.push_back(stream.uniform());
  return x;
}

/// Philox4x32-10 as printed by Salmon et al. 2011, section 3.3, written independently of the library.
struct Philox {
  std::uint32_t c[4], k[2];
  void run() {
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c[0];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c[2];
      const std::uint32_t hi0 = static_cast<std::uint32_t>(p0 >> 32);
      const std::uint32_t hi1 = static_cast<std::uint32_t>(p1 >> 32);
      const std::uint32_t next[4] = {hi1 ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1), hi0 ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
      for (int i = 0; i < 4; ++i) c[i] = next[i];
      k[0] += 0x9E3779B9u;
      k[1] += 0xBB67AE85u;
    }
  }
};

// Known answers of the Random123 distribution (kat_vectors, "philox4x32 10"): they hold this file's own generator to the
// published one, and the next test holds the library to this file's.
TEST(Philox, zeroCounterAndKey_knownAnswer) {
  Philox p{{0, 0, 0, 0}, {0, 0}};
  p.run();
  EXPECT_EQ(p.c[0], 0x6627e8d5u);
  EXPECT_EQ(p.c[1], 0xe169c58du);
  EXPECT_EQ(p.c[2], 0xbc57ac4cu);
  EXPECT_EQ(p.c[3], 0x9b00dbd8u);
}

TEST(Philox, allOnes_knownAnswer) {
  const std::uint32_t f = 0xffffffffu;
  Philox p{{f, f, f, f}, {f, f}};
  p.run();
  EXPECT_EQ(p.c[0], 0x408f276du);
  EXPECT_EQ(p.c[1], 0x41c83b0eu);
  EXPECT_EQ(p.c[2], 0xa20bc7c6u);
  EXPECT_EQ(p.c[3], 0x6d5451fdu);
}

TEST(RandomStream, uniform_isPhiloxOfCounterSubjectAndKey) {
  const std::uint64_t seed = 42, subject = 0x1234567890abcdefULL;
  std::uint64_t purpose = 14695981039346656037ULL;  // FNV-1a of "size"
  for (const char c : {'s', 'i', 'z', 'e'}) purpose = (purpose ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  const std::uint64_t key = (seed * 0x9E3779B97F4A7C15ULL) ^ purpose;
  RandomStream stream(seed, subject, "size");
  for (std::uint32_t n = 0; n < 3; ++n) {
    Philox p{{n, 0, static_cast<std::uint32_t>(subject), static_cast<std::uint32_t>(subject >> 32)},
             {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)}};
    p.run();
    const std::uint64_t word = (std::uint64_t{p.c[0]} << 32) | p.c[1];
    EXPECT_EQ(stream.uniform(), (static_cast<double>(word >> 11) + 0.5) * std::ldexp(1.0, -53));
  }
}

TEST(RandomStream, sameKey_drawsTheSameNumbers) { EXPECT_EQ(draws({7, 17, "size"}, 100), draws({7, 17, "size"}, 100)); }

TEST(RandomStream, otherSeed_drawsOtherNumbers) { EXPECT_NE(draws({7, 17, "size"}, 1), draws({8, 17, "size"}, 1)); }
TEST(RandomStream, otherSubject_drawsOtherNumbers) { EXPECT_NE(draws({7, 17, "size"}, 1), draws({7, 18, "size"}, 1)); }
TEST(RandomStream, otherPurpose_drawsOtherNumbers) { EXPECT_NE(draws({7, 17, "size"}, 1), draws({7, 17, "dropout"}, 1)); }

TEST(RandomStream, thousandKeys_allDiffer) {
  std::set<double> first;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (std::uint64_t subject = 0; subject < 100; ++subject) first.insert(RandomStream(seed, subject, "x").uniform());
  }
  EXPECT_EQ(first.size(), 1000u);
}

TEST(RandomStream, uniform_liesStrictlyBetweenZeroAndOne) {
  for (const double u : draws({1, 1, "u"}, 10000)) {
    ASSERT_GT(u, 0);
    ASSERT_LT(u, 1);
  }
}

TEST(RandomStream, normals_haveTheMomentsOfAStandardNormal) {
  constexpr int n = 100000;
  RandomStream stream(2024, 1, "moments");
  double sum[5] = {};
  for (int i = 0; i < n; ++i) {
    const double x = stream.normal();
    double power = 1;
    for (double& s : sum) s += power, power *= x;
  }
  // Four standard errors of the k-th raw moment: 4*sqrt((E x^2k - (E x^k)^2)/n), with E x^2 = 1, x^4 = 3, x^6 = 15, x^8 = 105.
  const double root = std::sqrt(1.0 * n);
  EXPECT_NEAR(sum[1] / n, 0, 4 * 1 / root);
  EXPECT_NEAR(sum[2] / n, 1, 4 * std::sqrt(2.0) / root);
  EXPECT_NEAR(sum[3] / n, 0, 4 * std::sqrt(15.0) / root);
  EXPECT_NEAR(sum[4] / n, 3, 4 * std::sqrt(96.0) / root);
}

/// Root of log Phi(x) = log p by bisection and Newton steps in extended precision, for p <= 1/2.
double quantile_by_inversion(double p) {
  const auto lower_tail = [](long double x) { return erfcl(-x * 0.70710678118654752440084436L) / 2; };
  long double low = -40, high = 0;
  for (int i = 0; i < 100; ++i) {
    const long double middle = (low + high) / 2;
    (lower_tail(middle) < static_cast<long double>(p) ? low : high) = middle;
  }
  return static_cast<double>((low + high) / 2);
}

TEST(NormalQuantile, lowerHalf_invertsErfc) {
  for (const double p : {1e-300, 1e-100, 1e-20, 1e-11, 1e-10, 1e-5, 0.01, 0.0749, 0.075, 0.0751, 0.2, 0.4, 0.49}) {
    const double expected = quantile_by_inversion(p);
    // AS 241 promises 1e-16 relative; horner in double adds about fifteen roundings to each of two polynomials.
    EXPECT_NEAR(normal_quantile(p) / expected, 1, 1e-13) << "p = " << p;
  }
}

TEST(NormalQuantile, upperHalf_mirrorsTheLower) {
  for (const double p : {0.125, 0.25, 0.375, 0.03125}) EXPECT_EQ(normal_quantile(1 - p), -normal_quantile(p)) << "p = " << p;
}

TEST(NormalQuantile, half_isZero) { EXPECT_EQ(normal_quantile(0.5), 0); }

TEST(NormalProbability, quantile_returnsTheProbability) {
  for (const double p : {1e-12, 1e-3, 0.3, 0.7, 0.999}) {
    // dp/p = x*phi(x)/p dx/x is at most about x^2 = 50 at p = 1e-12; times 1e-14.
    EXPECT_NEAR(normal_probability(normal_quantile(p)) / p, 1, 5e-13);
  }
}

}  // namespace
}  // namespace osteosome::core
