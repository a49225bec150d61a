// SPDX-License-Identifier: Apache-2.0
// Points that the model cannot evaluate.
#include <gtest/gtest.h>

#include <algorithm>

#include "errors.hpp"
#include "problems.hpp"

namespace osteosome::calibrate {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Minimum at x = 0.2; below `edge` there is `instead`. From 3 the first steps overshoot: the slope falls on the way down.
std::function<Values(const Values&)> cliff(double edge, const Values& instead) {
  return [=](const Values& v) { return v[0] < edge ? instead : Values{std::atan(3 * (v[0] - 0.2)), 0.01 * (v[0] - 0.2)}; };
}

class Failing : public testing::TestWithParam<Values> {};

TEST_P(Failing, Steps_into_points_that_fail_are_taken_back) {
  Asked asked(cliff(0, GetParam()));
  const Fit found = fit_all({{"x", 3, -10, 10}}, asked);
  const auto points = asked.points();
  EXPECT_TRUE(std::any_of(points.begin(), points.end(), [](const Values& p) { return p[0] < 0; })) << "the test wants a failure";
  EXPECT_TRUE(found.converged) << found.start_outcomes[0];
  EXPECT_NEAR(found.values[0], 0.2, 1e-4);
}

TEST_P(Failing, Neighbour_is_taken_from_the_other_side) {
  // The start is a hair above the edge, and above the middle of the bounds: forward differences go down, over it.
  Asked asked([](const Values& v) { return v[0] < 0.999 ? GetParam() : Values{v[0] * v[0] - 4, 0}; });
  const Fit found = fit_all({{"x", 1, -2, 3}}, asked);
  ASSERT_GE(asked.batches.size(), 3u);
  EXPECT_LT(asked.batches[1][0][0], 0.999);
  EXPECT_DOUBLE_EQ(asked.batches[2][0][0], 1 + 2.5e-3) << "difference times half the range";
  EXPECT_NEAR(found.values[0], 2, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Residuals, Failing, testing::Values(Values{}, Values{kNaN, 0}, Values{0, -HUGE_VAL}, Values{0}));

TEST(Failures, Minimum_beyond_the_edge_ends_at_the_edge) {
  Asked asked(cliff(0.5, {}));
  Settings settings;
  settings.tolerance = 1e-8;
  const Fit found = fit_all({{"x", 3, -10, 10}}, asked, settings);
  EXPECT_GE(found.values[0], 0.5);
  EXPECT_LT(found.values[0], 0.6) << "steps shrink by up to ten a refusal";
}

TEST(Failures, Start_that_fails_leaves_the_others) {
  for (const Values& instead : {Values{}, Values{kNaN, 0}}) {
    Asked asked(cliff(0, instead));
    Settings settings;
    settings.starts = 5;
    const Fit found = fit_all({{"x", -1, -10, 10}}, asked, settings);
    EXPECT_TRUE(found.converged);
    EXPECT_NEAR(found.values[0], 0.2, 1e-4);
    EXPECT_TRUE(std::isinf(found.start_costs[0]));
    EXPECT_EQ(found.start_outcomes[0], "failed: no residuals at the start");
  }
}

TEST(Failures, Nothing_but_failures_yields_no_fit) {
  Asked asked([](const Values&) { return Values{}; });
  Settings settings;
  settings.starts = 3;
  const std::vector<Unknown> unknowns = {{"x", 1, 0.1, 10, true, Prior{0, 1}}};
  const Fit found = fit_all(unknowns, asked, settings);
  EXPECT_FALSE(found.converged);
  EXPECT_TRUE(std::isinf(found.cost));
  ASSERT_EQ(found.values.size(), 1u);
  EXPECT_NEAR(found.values[0], 1, 1e-12);
  EXPECT_EQ(found.start_outcomes, std::vector<std::string>(3, "failed: no residuals at the start"));
  EXPECT_EQ(asked.batches.size(), 1u);
  const auto error = support::error_of([&] { (void)analyse(unknowns, found); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Numerics);
  EXPECT_EQ(error.diagnostics()[0].message, "the fit has no Jacobian of these unknowns");
  EXPECT_EQ(support::error_of([&] { (void)laplace_ensemble(unknowns, found, 3, 1); }).diagnostics()[0].code, "calibrate-009");
}

}  // namespace
}  // namespace osteosome::calibrate
