// SPDX-License-Identifier: Apache-2.0
// What the data say: standard errors, eigenvalues, ensembles.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>

#include "osteosome/core/random.hpp"
#include "problems.hpp"

namespace osteosome::calibrate {
namespace {

TEST(StandardErrors, Of_a_decay_match_the_closed_form) {
  const Decay decay;
  Asked asked([&](const Values& v) { return decay.residuals(v); });
  const auto unknowns = decay_unknowns();
  Settings settings;
  settings.difference = 1e-4;
  const Fit found = fit_all(unknowns, asked, settings);
  const Identifiability known = analyse(unknowns, found);
  double aa = 0, ak = 0, kk = 0;
  for (const auto& row : decay.jacobian(found.values)) aa += row[0] * row[0], ak += row[0] * row[1], kk += row[1] * row[1];
  const double determinant = aa * kk - ak * ak;
  // Central differences over h = 7.4e-3 of the logarithm are off by h^2/6 = 1e-5 for a, some times that for k.
  EXPECT_NEAR(known.standard_errors[0] / std::sqrt(kk / determinant), 1, 1e-4);
  EXPECT_NEAR(known.standard_errors[1] / std::sqrt(aa / determinant), 1, 1e-4);
  EXPECT_NEAR(known.eigenvalues[0] + known.eigenvalues[1], aa + kk, 1e-4 * (aa + kk)) << "trace";
  EXPECT_NEAR(known.eigenvalues[0] * known.eigenvalues[1], determinant, 1e-3 * determinant) << "determinant";
  const double range = std::log(1000.0);
  for (std::size_t i = 0; i < 2; ++i) {
    const double expected = 1 - known.standard_errors[i] * known.standard_errors[i] / (range * range / 12);
    EXPECT_NEAR(known.informed[i], expected, 1e-12);
  }
}

TEST(Informed, Is_the_share_of_the_prior_variance_that_the_data_remove) {
  Asked asked([](const Values& v) { return Values{(v[0] - 4) / 0.5}; });
  const std::vector<Unknown> unknowns = {{"measured", 0, -20, 20, false, Prior{2, 1}}, {"unseen", 1, 0.1, 10, true, Prior{0, 0.3}}};
  const Identifiability known = analyse(unknowns, fit_all(unknowns, asked));
  EXPECT_NEAR(known.standard_errors[0], std::sqrt(0.2), 1e-8) << "precisions 4 and 1";
  EXPECT_NEAR(known.informed[0], 0.8, 1e-8);
  EXPECT_NEAR(known.standard_errors[1], 0.3, 1e-8);
  EXPECT_NEAR(known.informed[1], 0, 1e-8);
}

TEST(Informed, Noise_of_an_integrator_does_not_inform) {
  // Twenty residuals see x, and only noise of 1e-4 from y, as from an integrator whose steps fall differently.
  Asked asked([](const Values& v) {
    Values r;
    for (int k = 0; k < 20; ++k) r.push_back(v[0] - 0.1 * k + 1e-4 * std::sin(1e9 * (k + 1) * v[1]));
    return r;
  });
  const std::vector<Unknown> unknowns = {{"x", 0, -5, 5}, {"y", 1, 0.01, 100, true, Prior{0, 0.5}}};
  const Identifiability known = analyse(unknowns, fit_all(unknowns, asked));
  // A step of 0.01 * 4.6 turns the noise into derivatives of at most 1e-4 / 0.046: twenty have the precision 1e-4, the prior 4.
  EXPECT_LT(known.informed[1], 1e-4 / 4);
  EXPECT_NEAR(known.standard_errors[0], 1 / std::sqrt(20.0), 1e-3);
}

/// Only a + b is measured, and c.
Values sum_of_two(const Values& v) { return {(v[0] + v[1] - 1) / 0.1, (v[2] - 2) / 0.2}; }

TEST(Unidentifiable, Sum_has_a_zero_eigenvalue_along_the_difference) {
  Asked asked(sum_of_two);
  const std::vector<Unknown> unknowns = {{"a", 1, -4, 6}, {"b", 1, -6, 4}, {"c", 1, -5, 5}};
  const Fit found = fit_all(unknowns, asked);
  EXPECT_NEAR(found.values[0] + found.values[1], 1, 1e-4);
  const Identifiability known = analyse(unknowns, found);
  EXPECT_NEAR(known.eigenvalues[0], 200, 1e-6);
  EXPECT_NEAR(known.eigenvalues[1], 25, 1e-6);
  EXPECT_LT(known.eigenvalues[2], 1e-15) << "the square of rounding in 10 / (difference of 1e-3)";
  EXPECT_NEAR(std::abs(known.eigenvectors[2][0] - known.eigenvectors[2][1]), std::sqrt(2.0), 1e-9);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(known.eigenvectors[0][i], std::sqrt(0.5), 1e-9) << "the largest component is positive";
  EXPECT_NEAR(known.eigenvectors[2][2], 0, 1e-9);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(std::isinf(known.standard_errors[i]));
    EXPECT_EQ(known.informed[i], 0);
  }
  EXPECT_NEAR(known.standard_errors[2], 0.2, 1e-8) << "what is determined stays so";
  EXPECT_NEAR(known.informed[2], 1 - 0.04 / (100 / 12.0), 1e-8);
}

TEST(Unidentifiable, Rounding_does_not_determine_and_weak_data_do) {
  // Only the product is measured: columns of the Jacobian differ by the rounding of logarithms.
  Asked product([](const Values& v) {
    return Values{(std::log(v[0] * v[1]) - 1) / 0.1, 1.7 * std::log(v[0] * v[1]), std::log(v[0] * v[1]) / 3 - 1, v[2] - 0.3};
  });
  const std::vector<Unknown> logarithmic = {{"a", 7, 0.01, 100, true}, {"b", 0.03, 0.001, 3, true}, {"c", 1, -5, 5}};
  const Identifiability open = analyse(logarithmic, fit_all(logarithmic, product));
  EXPECT_TRUE(std::isinf(open.standard_errors[0]));
  EXPECT_EQ(open.informed[1], 0);
  EXPECT_NEAR(open.standard_errors[2], 1, 1e-9);
  // The sum is known a million times better than the difference.
  Asked weak([](const Values& v) { return Values{(v[0] + v[1]) / 1e-7, (v[0] - v[1]) / 0.1}; });
  const std::vector<Unknown> plain = {{"a", 0.1, -1, 1}, {"b", 0, -1, 1}};
  EXPECT_NEAR(analyse(plain, fit_all(plain, weak)).standard_errors[0], 0.05, 1e-6) << "half the difference's";
}

TEST(Unidentifiable, Priors_share_what_the_sum_says) {
  Asked asked(sum_of_two);
  const std::vector<Unknown> unknowns = {{"a", 1, -5, 5, false, Prior{0, 1}}, {"b", 1, -5, 5, false, Prior{0, 1}}, {"c", 1, -5, 5}};
  const Fit found = fit_all(unknowns, asked);
  const Identifiability known = analyse(unknowns, found);
  // Precision of (a, b): 1 + 100 on the diagonal, 100 beside it.
  const double expected = 101.0 / (101.0 * 101.0 - 100.0 * 100.0);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(found.values[i], 100.0 / 201, 1e-4);
    EXPECT_NEAR(known.standard_errors[i], std::sqrt(expected), 1e-8);
    EXPECT_NEAR(known.informed[i], 1 - expected, 1e-8);
  }
}

TEST(Unidentifiable, Units_do_not_decide_what_is_determined) {
  // A millionth and a million: both measured to a tenth of their interval.
  Asked asked([](const Values& v) { return Values{v[0] / 1e-7, v[1] / 1e5}; });
  const std::vector<Unknown> unknowns = {{"small", 1e-7, -1e-6, 1e-6}, {"large", 1e5, -1e6, 1e6}};
  const Identifiability known = analyse(unknowns, fit_all(unknowns, asked));
  EXPECT_NEAR(known.standard_errors[0] / 1e-7, 1, 1e-6);
  EXPECT_NEAR(known.standard_errors[1] / 1e5, 1, 1e-6);
}

TEST(Eigenvalues, Of_any_jacobian_rebuild_its_normal_matrix) {
  EXPECT_TRUE(rc::check("sum of eigenvalue times outer product of its eigenvector is J^T J", [] {
    const auto n = *rc::gen::inRange<std::size_t>(1, 7);
    const auto rows = *rc::gen::inRange<std::size_t>(1, 10);
    core::RandomStream stream(*rc::gen::arbitrary<std::uint64_t>(), 0, "jacobian");
    std::vector<Unknown> unknowns;
    for (std::size_t i = 0; i < n; ++i) unknowns.push_back({"u" + std::to_string(i), 0, -1, 1});
    Fit made;
    made.values.assign(n, 0);
    for (std::size_t k = 0; k < rows; ++k) {
      made.jacobian.emplace_back();
      for (std::size_t i = 0; i < n; ++i) made.jacobian.back().push_back(stream.normal());
    }
    const Identifiability known = analyse(unknowns, made);
    RC_ASSERT(std::is_sorted(known.eigenvalues.rbegin(), known.eigenvalues.rend()));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        double normal = 0, rebuilt = 0, product = 0;
        for (const auto& row : made.jacobian) normal += row[i] * row[j];
        for (std::size_t k = 0; k < n; ++k) rebuilt += known.eigenvalues[k] * known.eigenvectors[k][i] * known.eigenvectors[k][j];
        for (std::size_t k = 0; k < n; ++k) product += known.eigenvectors[i][k] * known.eigenvectors[j][k];
        // Some hundred rotations of numbers up to about 50.
        RC_ASSERT(std::abs(rebuilt - normal) < 1e-11);
        RC_ASSERT(std::abs(product - (i == j ? 1 : 0)) < 1e-13);
      }
    }
    RC_ASSERT(rows >= n || known.eigenvalues.back() < 1e-12);
    RC_ASSERT(rows >= n || std::isinf(*std::max_element(known.standard_errors.begin(), known.standard_errors.end())));
  }));
}

TEST(Ensemble, Has_the_covariance_of_the_fit) {
  const Linear linear;
  Asked asked([&](const Values& v) { return linear.residuals(v); });
  const std::vector<Unknown> unknowns = linear_unknowns();
  const Fit found = fit_all(unknowns, asked);
  constexpr std::size_t n = 20000;
  const auto draws = laplace_ensemble(unknowns, found, n, 5);
  ASSERT_EQ(draws.size(), n);
  double mean[2] = {};
  for (const auto& d : draws) {
    for (std::size_t i = 0; i < 2; ++i) mean[i] += d[i] / n;
  }
  for (int i = 0; i < 2; ++i) {
    const double variance = linear.covariance(i, i);
    EXPECT_NEAR(mean[i], found.values[static_cast<std::size_t>(i)], 4 * std::sqrt(variance / n)) << "four standard errors";
    for (int j = 0; j <= i; ++j) {
      double covariance = 0;
      const auto a = static_cast<std::size_t>(i), b = static_cast<std::size_t>(j);
      for (const auto& d : draws) covariance += (d[a] - mean[i]) * (d[b] - mean[j]) / (n - 1);
      const double c = linear.covariance(i, j);
      EXPECT_NEAR(covariance, c, 4 * std::sqrt((c * c + variance * linear.covariance(j, j)) / n)) << "four standard errors (Wishart)";
    }
  }
}

TEST(Ensemble, Of_a_logarithmic_unknown_is_lognormal) {
  Asked asked([](const Values& v) { return Values{(std::log(v[0]) - 1) / 0.3}; });
  const std::vector<Unknown> unknowns = {{"x", 1, 0.01, 1000, true}};
  const auto draws = laplace_ensemble(unknowns, fit_all(unknowns, asked), 20000, 5);
  double sum = 0, squares = 0;
  for (const auto& d : draws) sum += std::log(d[0]), squares += (std::log(d[0]) - 1) * (std::log(d[0]) - 1);
  EXPECT_NEAR(sum / 20000, 1, 4 * 0.3 / std::sqrt(20000.0));
  EXPECT_NEAR(squares / 20000, 0.09, 4 * 0.09 * std::sqrt(2 / 20000.0));
}

TEST(Ensemble, Draw_depends_on_seed_and_number_only) {
  const Linear linear;
  Asked asked([&](const Values& v) { return linear.residuals(v); });
  const auto unknowns = linear_unknowns();
  const Fit found = fit_all(unknowns, asked);
  const auto few = laplace_ensemble(unknowns, found, 3, 9), many = laplace_ensemble(unknowns, found, 50, 9);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  EXPECT_NE(laplace_ensemble(unknowns, found, 3, 10), few);
  EXPECT_NE(few[0], few[1]);
}

TEST(Ensemble, Is_clipped_to_the_bounds) {
  // sd 1 about 0, the bounds at -1.5 and 0.5: the tails of the normal gather on them.
  Asked asked([](const Values& v) { return Values{v[0]}; });
  const std::vector<Unknown> unknowns = {{"x", 0.3, -2.5, 0.5}};
  constexpr std::size_t n = 20000;
  const Fit found = fit_all(unknowns, asked);
  const auto draws = laplace_ensemble(unknowns, found, n, 3);
  const double spread = 1.5 / std::sqrt(3.0);  // a uniform over the bounds spreads less than the data's 1
  std::size_t above = 0;
  for (const auto& d : draws) {
    ASSERT_TRUE(d[0] >= -2.5 && d[0] <= 0.5);
    above += d[0] == 0.5 ? 1u : 0u;
  }
  const double expected = 1 - core::normal_probability((0.5 - found.values[0]) / spread);
  EXPECT_NEAR(static_cast<double>(above) / n, expected, 4 * std::sqrt(expected * (1 - expected) / n));
}

TEST(Ensemble, Along_an_open_direction_spreads_like_a_uniform) {
  Asked asked(sum_of_two);
  const std::vector<Unknown> unknowns = {{"a", 0.5, -20, 20}, {"b", 0.5, -20, 20}, {"c", 1, -5, 5}};
  const Fit found = fit_all(unknowns, asked);
  double sums = 0, inside = 0;
  const auto draws = laplace_ensemble(unknowns, found, 5000, 2);
  for (const auto& d : draws) {
    if (std::max(std::abs(d[0]), std::abs(d[1])) == 20) continue;
    const double off = d[0] + d[1] - found.values[0] - found.values[1];
    sums += off * off;
    ++inside;
  }
  EXPECT_GT(inside, 4500);
  EXPECT_NEAR(sums / inside, 0.01, 4 * 0.01 * std::sqrt(2 / inside)) << "the sum keeps its standard deviation of 0.1";
  std::vector<double> a;
  for (const auto& d : draws) a.push_back(std::abs(d[0] - found.values[0]));
  std::nth_element(a.begin(), a.begin() + 2500, a.end());
  // Half of a normal lies within 0.6745 sd; sd of a uniform over 40 is 11.5, shared by a and b. The median's standard error is
  // sqrt(0.25/n) / density = 0.007 / (2 * 0.318 / sd), below 0.1.
  EXPECT_NEAR(a[2500], 0.6745 * 20 / std::sqrt(3.0) / std::sqrt(2.0), 0.4);
}

}  // namespace
}  // namespace osteosome::calibrate
