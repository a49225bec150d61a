// SPDX-License-Identifier: Apache-2.0
// Profiles: the cost with one unknown held.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "errors.hpp"
#include "problems.hpp"

namespace osteosome::calibrate {
namespace {

Settings tight() {
  Settings settings;
  settings.tolerance = 1e-10;
  return settings;
}

TEST(Profile, Of_a_linear_problem_is_a_parabola) {
  const Linear linear;
  Asked asked([&](const Values& v) { return linear.residuals(v); });
  const auto unknowns = linear_unknowns();
  const Fit found = fit_all(unknowns, asked, tight());
  for (std::size_t held = 0; held < 2; ++held) {
    const int i = static_cast<int>(held);
    const double sd = std::sqrt(linear.covariance(i, i));
    const auto points = profile(unknowns, asked.residuals(), found, held, 9, tight(), {});
    ASSERT_EQ(points.size(), 9u);
    for (int k = 0; k < 9; ++k) {
      const auto& p = points[static_cast<std::size_t>(k)];
      const double by = (k - 4) * sd / 2;
      // Refits end at a relative 1e-10 of a cost below 3, and start from a fit that did; steps at 1e-10 of 10 pi.
      EXPECT_NEAR(p.value, linear.solution(i) + by, 1e-5);
      EXPECT_NEAR(p.cost, found.cost + by * by / (2 * sd * sd), 1e-5) << k;
      EXPECT_EQ(p.values[held], p.value);
      const double other = linear.solution(1 - i) + linear.covariance(0, 1) / linear.covariance(i, i) * by;
      EXPECT_NEAR(p.values[1 - held], other, 1e-4) << "the other one follows";
    }
  }
}

TEST(Profile, Prior_of_the_held_unknown_goes_on_counting) {
  // Data 4 +- 0.5 and prior 2 +- 1 of x alone: standard error sqrt(1/5). y is there to be refitted.
  Asked asked([](const Values& v) { return Values{(v[0] - 4) / 0.5, v[1] - v[0]}; });
  const std::vector<Unknown> unknowns = {{"x", 0, -20, 20, false, Prior{2, 1}}, {"y", 0, -20, 20}};
  const Fit found = fit_all(unknowns, asked, tight());
  const auto points = profile(unknowns, asked.residuals(), found, 0, 5, tight(), {});
  ASSERT_EQ(points.size(), 5u);
  for (const auto& p : points) {
    EXPECT_NEAR(p.cost, 2 * (p.value - 4) * (p.value - 4) + 0.5 * (p.value - 2) * (p.value - 2), 1e-6) << p.value;
    EXPECT_NEAR(p.values[1], p.value, 1e-4);
  }
  EXPECT_NEAR(points[4].value - points[0].value, 4 * std::sqrt(0.2), 1e-6);
}

TEST(Profile, Logarithmic_grid_is_even_in_the_logarithm_and_ends_at_a_bound) {
  const Decay decay;
  Asked asked([&](const Values& v) { return decay.residuals(v); });
  auto unknowns = decay_unknowns();
  unknowns[1].high = 0.72;
  unknowns[1].start = 0.5;
  const Fit found = fit_all(unknowns, asked, tight());
  const double error = analyse(unknowns, found).standard_errors[1];
  ASSERT_GT(found.values[1] * std::exp(2 * error), 0.72) << "the test wants a bound within two standard errors";
  const auto points = profile(unknowns, asked.residuals(), found, 1, 4, tight(), {});
  ASSERT_EQ(points.size(), 4u);
  EXPECT_NEAR(points[0].value, found.values[1] * std::exp(-2 * error), 1e-9);
  EXPECT_NEAR(points[3].value, 0.72, 1e-12);
  for (int k = 0; k < 3; ++k) {
    const auto at = static_cast<std::size_t>(k);
    EXPECT_NEAR(points[at + 1].value / points[at].value, points[1].value / points[0].value, 1e-9);
    EXPECT_GE(points[at].cost, found.cost - 1e-9);
  }
}

TEST(Profile, Of_the_only_unknown_evaluates) {
  Asked asked([](const Values& v) { return Values{2 * (v[0] - 1)}; });
  const std::vector<Unknown> unknowns = {{"x", 0, -10, 10}};
  const Fit found = fit_all(unknowns, asked);
  asked.batches.clear();
  const auto points = profile(unknowns, asked.residuals(), found, 0, 5, {}, {});
  ASSERT_EQ(points.size(), 5u);
  for (int k = 0; k < 5; ++k)
    EXPECT_NEAR(points[static_cast<std::size_t>(k)].cost, 0.5 * (k - 2) * (k - 2), 1e-5) << "half the squared distance in sd";
  EXPECT_EQ(asked.points().size(), 5u);
}

TEST(Profile, Point_that_fails_is_infinite_and_the_rest_goes_on) {
  const Linear linear;
  double hole = HUGE_VAL;
  const double sd = std::sqrt(linear.covariance(0, 0));
  Asked asked([&](const Values& v) { return std::abs(v[0] - hole) < 0.2 * sd ? Values{} : linear.residuals(v); });
  auto unknowns = linear_unknowns();
  unknowns[0].prior = Prior{0, 1e6};  // says nothing, but has a row
  const Fit found = fit_all(unknowns, asked, tight());
  hole = found.values[0] - sd;
  const auto points = profile(unknowns, asked.residuals(), found, 0, 5, tight(), {});
  ASSERT_EQ(points.size(), 5u);
  EXPECT_TRUE(std::isinf(points[1].cost)) << "at -1 sd";
  EXPECT_TRUE(std::isnan(points[1].values[1]));
  EXPECT_NEAR(points[0].cost, found.cost + 2, 1e-5) << "at -2 sd";
  EXPECT_NEAR(points[4].cost, found.cost + 2, 1e-5) << "at 2 sd";
}

TEST(Profile, Refits_start_from_the_neighbour_nearer_to_the_fit) {
  const Linear linear;
  Asked asked([&](const Values& v) { return linear.residuals(v); });
  const auto unknowns = linear_unknowns();
  const Fit found = fit_all(unknowns, asked, tight());
  const auto points = profile(unknowns, asked.residuals(), found, 0, 5, tight(), {});
  for (const auto& [at, from] : {std::pair{0u, 1u}, {1u, 2u}, {3u, 2u}, {4u, 3u}}) {
    const auto all = asked.points();
    const auto first = std::find_if(all.begin(), all.end(), [&](const Values& p) { return p[0] == points[at].value; });
    ASSERT_NE(first, all.end());
    EXPECT_NEAR((*first)[1], points[from].values[1], 1e-4) << at;
    EXPECT_GT(std::abs((*first)[1] - points[at].values[1]), 0.01) << "the test wants neighbours that differ";
  }
}

TEST(Profile, Progress_names_the_point_and_all_values) {
  const Linear linear;
  Asked asked([&](const Values& v) { return linear.residuals(v); });
  const auto unknowns = linear_unknowns();
  const Fit found = fit_all(unknowns, asked);
  std::vector<std::size_t> seen(3, 0);
  std::vector<Values> last(3);
  Settings settings;
  settings.progress = [&](const Step& s) {
    ASSERT_LT(s.start_index, 3u);
    ++seen[s.start_index];
    last[s.start_index] = s.values;
  };
  const auto points = profile(unknowns, asked.residuals(), found, 1, 3, settings, {});
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_GT(seen[k], 0u);
    EXPECT_EQ(last[k], points[k].values);
  }
}

TEST(Profile, Stopped_returns_finished_points_in_order) {
  const Linear linear;
  std::stop_source source;
  Asked asked([&](const Values& v) { return linear.residuals(v); });
  const auto unknowns = linear_unknowns();
  const Fit found = fit_all(unknowns, asked);
  Settings settings;
  settings.progress = [&](const Step& s) {
    if (s.start_index == 4) source.request_stop();
  };
  const auto points = profile(unknowns, asked.residuals(), found, 0, 7, settings, source.get_token());
  // From the middle down to the first, then up from the middle: the fifth was begun.
  ASSERT_EQ(points.size(), 4u);
  for (std::size_t k = 1; k < 4; ++k) EXPECT_GT(points[k].value, points[k - 1].value);
  EXPECT_NEAR(points[3].value, found.values[0], 1e-9);
}

TEST(Profile, Index_beyond_the_unknowns_is_refused) {
  const Linear linear;
  Asked asked([&](const Values& v) { return linear.residuals(v); });
  const auto unknowns = linear_unknowns();
  const Fit found = fit_all(unknowns, asked);
  const auto error = support::error_of([&] { (void)profile(unknowns, asked.residuals(), found, 2, 3, {}, {}); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Input);
  EXPECT_EQ(error.diagnostics()[0].message, "there is no unknown to profile at that index");
}

}  // namespace
}  // namespace osteosome::calibrate
