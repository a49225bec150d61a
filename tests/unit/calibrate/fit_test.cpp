// SPDX-License-Identifier: Apache-2.0
// Where the search ends: known minima, bounds, priors, several starts, resuming, stopping.
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "errors.hpp"
#include "problems.hpp"

namespace osteosome::calibrate {
namespace {

TEST(Fit, Rosenbrock_ends_at_the_bottom_of_the_valley) {
  Asked asked(rosenbrock);
  const Fit found = fit_all(rosenbrock_unknowns(), asked);
  EXPECT_TRUE(found.converged) << found.start_outcomes[0];
  // Residuals are 0 there, so that the error of a forward difference does not move the minimum; steps end at 1e-6 of 2 pi.
  EXPECT_NEAR(found.values[0], 1, 1e-4);
  EXPECT_NEAR(found.values[1], 1, 2e-4) << "twice the error of x";
  EXPECT_LT(found.cost, 1e-8);
}

TEST(Fit, Progress_tells_every_iteration_and_costs_fall) {
  Asked asked(rosenbrock);
  std::vector<Step> steps;
  Settings settings;
  settings.progress = [&](const Step& s) { steps.push_back(s); };
  const Fit found = fit_all(rosenbrock_unknowns(), asked, settings);
  ASSERT_GT(steps.size(), 5u);
  EXPECT_DOUBLE_EQ(steps[0].cost, 0.5 * (2.2 * 2.2 + 4.4 * 4.4)) << "at the start";
  for (std::size_t k = 0; k < steps.size(); ++k) {
    EXPECT_EQ(steps[k].iteration, static_cast<int>(k));
    if (k > 0) {
      EXPECT_LT(steps[k].cost, steps[k - 1].cost);
    }
  }
  EXPECT_EQ(steps.back().values, found.values);
  EXPECT_EQ(steps.back().cost, found.cost);
}

TEST(Fit, Decay_satisfies_the_normal_equations) {
  const Decay decay;
  Asked asked([&](const Values& v) { return decay.residuals(v); });
  Settings settings;
  settings.difference = 1e-5;
  settings.tolerance = 1e-10;
  const Fit found = fit_all(decay_unknowns(), asked, settings);
  EXPECT_TRUE(found.converged);
  const auto j = decay.jacobian(found.values);
  for (std::size_t i = 0; i < 2; ++i) {
    double gradient = 0, length = 0;
    for (std::size_t k = 0; k < j.size(); ++k) gradient += j[k][i] * found.residuals[k], length += j[k][i] * j[k][i];
    // Forward differences over 1e-5 of a half range of 3.5 are wrong by up to 2e-5 of a column; the residual's length is 2.6.
    EXPECT_LT(std::abs(gradient), 1e-4 * std::sqrt(length)) << i;
  }
  EXPECT_DOUBLE_EQ(found.cost, [&] {
    double sum = 0;
    for (const double r : decay.residuals(found.values)) sum += r * r;
    return sum / 2;
  }());
}

TEST(Fit, Jacobian_is_by_the_logarithm) {
  const Decay decay;
  Asked asked([&](const Values& v) { return decay.residuals(v); });
  Settings settings;
  settings.difference = 1e-4;
  const Fit found = fit_all(decay_unknowns(), asked, settings);
  const auto expected = decay.jacobian(found.values);
  ASSERT_EQ(found.jacobian.size(), expected.size());
  for (std::size_t k = 0; k < expected.size(); ++k) {
    // Central differences over h = 1e-4^(2/3) * ln(1000)/2 = 7.4e-3: h^2/6 times the third derivative, which is below a/sd = 62.
    for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(found.jacobian[k][i], expected[k][i], 9.2e-6 * 62) << k << " " << i;
  }
}

TEST(Fit, Each_jacobian_is_one_call) {
  const Decay decay;
  Asked asked([&](const Values& v) { return decay.residuals(v); });
  const Fit found = fit_all(decay_unknowns(), asked);
  const auto of_size = [&](std::size_t n) {
    return std::count_if(asked.batches.begin(), asked.batches.end(), [&](const auto& b) { return b.size() == n; });
  };
  EXPECT_EQ(asked.batches.front().size(), 1u) << "the start";
  EXPECT_EQ(asked.batches.back().size(), 4u) << "two neighbours an unknown at the end";
  EXPECT_EQ(of_size(4), 1);
  EXPECT_GT(of_size(2), 2);
  EXPECT_EQ(of_size(1) + of_size(2) + of_size(4), static_cast<long>(asked.batches.size()));
  EXPECT_TRUE(found.converged);
}

// Alone the minimum is at (3, -2); x may not exceed 2.
Values corner(const Values& v) { return {v[0] - 3, v[0] + v[1] - 1}; }

TEST(Bounds, Active_bound_is_reached_and_the_other_unknown_adapts) {
  Asked asked(corner);
  const std::vector<Unknown> unknowns = {{"x", 0.5, 0, 2}, {"y", 0, -10, 10}};
  Settings settings;
  settings.tolerance = 1e-9;
  const Fit found = fit_all(unknowns, asked, settings);
  EXPECT_TRUE(found.converged) << found.start_outcomes[0];
  // The cost falls by 1 a unit of x at the bound: a relative 1e-9 of the cost of 0.5 leaves little more than that of x; steps of
  // the search shrink linearly there, which costs some factors of ten.
  EXPECT_NEAR(found.values[0], 2, 1e-5);
  EXPECT_NEAR(found.values[1], -1, 1e-4);
  EXPECT_NEAR(found.cost, 0.5, 1e-5);
  const std::vector<Values> derivatives = {{1, 0}, {1, 1}};
  for (std::size_t k = 0; k < 2; ++k) {
    for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(found.jacobian[k][i], derivatives[k][i], 1e-9) << "one-sided at the bound";
  }
}

TEST(Bounds, No_point_outside_is_ever_asked_for) {
  Asked asked(corner);
  (void)fit_all({{"x", 0.5, 0.1, 2, true}, {"y", 0, -1.5, 0.5}}, asked);
  ASSERT_GT(asked.points().size(), 10u);
  for (const auto& p : asked.points()) {
    EXPECT_TRUE(p[0] >= 0.1 && p[0] <= 2) << p[0];
    EXPECT_TRUE(p[1] >= -1.5 && p[1] <= 0.5) << p[1];
  }
}

TEST(Bounds, Start_on_a_bound_leaves_it) {
  for (const double start : {-10.0, 10.0}) {
    const Linear linear;
    Asked asked([&](const Values& v) { return linear.residuals(v); });
    auto unknowns = linear_unknowns();
    for (auto& u : unknowns) u.start = start;
    const Fit found = fit_all(unknowns, asked);
    EXPECT_NEAR(std::abs(asked.batches.front()[0][0]), 10 - 20 * 1e-4, 1e-9) << "on the bound itself the angle is flat";
    EXPECT_TRUE(found.converged);
    for (int i = 0; i < 2; ++i) EXPECT_NEAR(found.values[static_cast<std::size_t>(i)], linear.solution(i), 1e-4) << start;
  }
}

TEST(Prior, Pulls_to_the_weighted_mean) {
  // 4 +- 0.5 measured, 2 +- 1 believed: the weights are 4 and 1.
  Asked asked([](const Values& v) { return Values{(v[0] - 4) / 0.5}; });
  const Fit found = fit_all({{"x", 0, -20, 20, false, Prior{2, 1}}}, asked);
  EXPECT_NEAR(found.values[0], (4 * 4 + 2) / 5.0, 1e-5);
  ASSERT_EQ(found.residuals.size(), 2u);
  EXPECT_NEAR(found.residuals[1], 1.6, 1e-5) << "the prior's row: (3.6 - 2) / 1";
  EXPECT_NEAR(found.cost, 0.5 * (0.8 * 0.8 + 1.6 * 1.6), 1e-8);
  ASSERT_EQ(found.jacobian.size(), 2u);
  EXPECT_NEAR(found.jacobian[0][0], 2, 1e-9);
  EXPECT_NEAR(found.jacobian[1][0], 1, 1e-9);
}

TEST(Prior, Of_a_logarithmic_unknown_is_of_its_logarithm) {
  Asked asked([](const Values& v) { return Values{(std::log(v[0]) - std::log(4)) / 0.5}; });
  const Fit found = fit_all({{"x", 1, 0.01, 100, true, Prior{std::log(2), 1}}}, asked);
  EXPECT_NEAR(found.values[0], std::exp((4 * std::log(4) + std::log(2)) / 5), 1e-4);
}

TEST(Prior, Holds_an_unknown_the_data_do_not_see) {
  Asked asked([](const Values& v) { return Values{v[0] - 1}; });
  const Fit found = fit_all({{"x", 0, -5, 5}, {"unseen", 4, -5, 5, false, Prior{-2, 0.5}}}, asked);
  EXPECT_NEAR(found.values[0], 1, 1e-5);
  EXPECT_NEAR(found.values[1], -2, 1e-5);
}

TEST(Starts, Several_escape_the_minimum_that_the_first_falls_into) {
  const std::vector<Unknown> unknowns = {{"x", -2, -3, 3}};
  Asked one(wells), many(wells);
  const Fit caught = fit_all(unknowns, one);
  ASSERT_TRUE(caught.converged);
  ASSERT_NEAR(caught.values[0], -0.92, 0.05);
  ASSERT_GT(caught.cost, 0.15);
  Settings settings;
  settings.starts = 6;
  const Fit found = fit_all(unknowns, many, settings);
  EXPECT_TRUE(found.converged);
  EXPECT_NEAR(found.values[0], 1, 1e-4);
  ASSERT_EQ(found.start_costs.size(), 6u);
  EXPECT_EQ(found.start_costs[0], caught.cost) << "the first start is the unknowns' own";
  EXPECT_EQ(found.cost, *std::min_element(found.start_costs.begin(), found.start_costs.end()));
  EXPECT_EQ(many.batches.front().size(), 6u) << "all starts in one call";
  EXPECT_EQ(many.batches.front()[0], Values{-2});
}

TEST(Starts, Spread_one_a_stratum_of_each_unknown) {
  Asked asked([](const Values& v) { return v; });
  const std::vector<Unknown> unknowns = {
      {"plain", 1, -2, 6},
      {"logarithmic", 1, 0.01, 100, true},
      {"prior", 0, -10, 10, false, Prior{1, 0.5}},
      {"at the edge", 0, 0, 10, false, Prior{1, 5}}};
  Settings settings;
  settings.starts = 9;
  settings.max_iterations = 0;
  (void)fit_all(unknowns, asked, settings);
  const auto& points = asked.batches.front();
  ASSERT_EQ(points.size(), 9u);
  const double low[] = {-2, std::log(0.01), 0, 0}, high[] = {6, std::log(100), 2, 10};
  std::vector<std::vector<int>> strata(4);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t k = 1; k < 9; ++k) {
      const double x = i == 1 ? std::log(points[k][i]) : points[k][i];
      strata[i].push_back(static_cast<int>(std::floor(8 * (x - low[i]) / (high[i] - low[i]))));
    }
    auto sorted = strata[i];
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(sorted, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7})) << unknowns[i].name;
  }
  EXPECT_NE(strata[0], strata[1]) << "matched at random";
}

TEST(Starts, Same_seed_same_bits_and_another_seed_other_starts) {
  std::vector<Asked> asked(3, Asked(wells));
  std::vector<Fit> found;
  for (std::size_t k = 0; k < 3; ++k) {
    Settings settings;
    settings.starts = 4;
    settings.seed = k < 2 ? 7 : 8;
    found.push_back(fit_all({{"x", -2, -3, 3}}, asked[k], settings));
  }
  EXPECT_EQ(asked[0].batches, asked[1].batches);
  EXPECT_EQ(found[0].values, found[1].values);
  EXPECT_EQ(found[0].start_costs, found[1].start_costs);
  EXPECT_EQ(found[0].jacobian, found[1].jacobian);
  EXPECT_NE(asked[0].batches.front(), asked[2].batches.front());
  EXPECT_EQ(asked[0].batches.front()[0], asked[2].batches.front()[0]) << "the first does not depend on the seed";
}

TEST(Stop, Returns_the_best_so_far_and_asks_for_nothing_more) {
  std::stop_source source;
  Asked asked(rosenbrock);
  Settings settings;
  settings.starts = 2;
  Step last;
  settings.progress = [&](const Step& s) {
    last = s;
    if (s.iteration == 3) source.request_stop();
  };
  const Fit found = fit(rosenbrock_unknowns(), asked.residuals(), settings, source.get_token());
  EXPECT_FALSE(found.converged);
  EXPECT_EQ(found.start_outcomes, (std::vector<std::string>{"stopped on request", "stopped on request"}));
  EXPECT_EQ(last.start_index, 0u);
  EXPECT_EQ(found.start_costs[0], last.cost);
  EXPECT_EQ(found.cost, std::min(found.start_costs[0], found.start_costs[1]));
  EXPECT_TRUE(found.jacobian.empty());
  // The starts, then three Jacobians and as many accepted steps; refused ones are between.
  EXPECT_EQ(std::count_if(asked.batches.begin(), asked.batches.end(), [](const auto& b) { return b.size() == 2; }), 1 + 3);
}

TEST(Stop, During_an_evaluation_its_result_is_not_used) {
  std::stop_source source;
  int calls = 0;
  // After the first two calls (start, Jacobian) the model gives what looks like a perfect fit, but was interrupted.
  const Residuals interrupted = [&](const std::vector<Values>& points) {
    std::vector<Values> all;
    if (++calls == 3) source.request_stop();
    for (const auto& p : points) all.push_back(calls < 3 ? rosenbrock(p) : Values{0, 0});
    return all;
  };
  const Fit found = fit(rosenbrock_unknowns(), interrupted, {}, source.get_token());
  EXPECT_EQ(calls, 3);
  EXPECT_FALSE(found.converged);
  EXPECT_NEAR(found.values[0], -1.2, 1e-12);
  EXPECT_DOUBLE_EQ(found.cost, 0.5 * (2.2 * 2.2 + 4.4 * 4.4));
}

/// A model that is interrupted in the first call for `size` points, and gives nothing from then on.
Fit interrupted_in_call_for(std::size_t size) {
  std::stop_source source;
  const Residuals residuals = [&](const std::vector<Values>& points) {
    if (points.size() == size) source.request_stop();
    std::vector<Values> all;
    for (const auto& p : points) all.push_back(source.stop_requested() ? Values{} : rosenbrock(p));
    return all;
  };
  return fit(rosenbrock_unknowns(), residuals, {}, source.get_token());
}

TEST(Stop, During_a_jacobian_is_no_convergence) {
  const Fit found = interrupted_in_call_for(2);
  EXPECT_FALSE(found.converged);
  EXPECT_EQ(found.start_outcomes, std::vector<std::string>{"stopped on request"});
}

TEST(Stop, During_the_last_jacobian_leaves_it_out) {
  const Fit found = interrupted_in_call_for(4);
  EXPECT_LT(found.cost, 1e-8) << "the search itself was over";
  EXPECT_FALSE(found.converged);
  EXPECT_TRUE(found.jacobian.empty());
}

TEST(Stop, Before_the_first_call_makes_none) {
  std::stop_source source;
  source.request_stop();
  Asked asked(rosenbrock);
  const Fit found = fit(rosenbrock_unknowns(), asked.residuals(), {}, source.get_token());
  EXPECT_TRUE(asked.batches.empty());
  EXPECT_FALSE(found.converged);
  EXPECT_EQ(found.start_outcomes, std::vector<std::string>{"stopped on request"});
  EXPECT_TRUE(std::isinf(found.cost));
}

TEST(Outcome, Names_why_the_search_ended) {
  Asked rising(wells);
  EXPECT_EQ(fit_all({{"x", -2, -3, 3}}, rising).start_outcomes, std::vector<std::string>{"converged: the cost changes by less than the tolerance"});
  Asked flat([](const Values&) { return Values{1, 2}; });
  const Fit nowhere = fit_all(linear_unknowns(), flat);
  EXPECT_EQ(nowhere.start_outcomes, std::vector<std::string>{"converged: no direction lowers the cost"});
  EXPECT_EQ(nowhere.cost, 2.5);
}

TEST(Errors, All_problems_are_reported_at_once) {
  Settings settings;
  settings.starts = 1;
  settings.tolerance = 0;
  const std::vector<Unknown> unknowns = {
      {"upside down", 1, 2, 0}, {"outside", 3, 0, 2}, {"negative", 1, -1, 2, true}, {"sure", 1, 0, 2, false, Prior{1, 0}}};
  Asked asked(rosenbrock);
  const auto error = support::error_of([&] { (void)fit_all(unknowns, asked, settings); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Input);
  std::vector<std::string> messages;
  for (const auto& d : error.diagnostics()) messages.push_back(d.code + " " + d.message);
  const std::vector<std::string> expected = {
      "calibrate-002 unknown 'upside down': the bounds are 2 to 0", "calibrate-003 unknown 'outside': the start 3 is outside 0 to 2",
      "calibrate-002 unknown 'negative': the bounds are -1 to 2", "calibrate-004 unknown 'sure': the prior has mean 1 and sd 0",
      "calibrate-005 the tolerance is 0, the difference 0.001"};
  EXPECT_TRUE(std::is_permutation(messages.begin(), messages.end(), expected.begin(), expected.end())) << error.what();
  EXPECT_TRUE(asked.batches.empty());
}

TEST(Errors, Nothing_to_fit_is_refused) {
  Asked asked(rosenbrock);
  EXPECT_EQ(support::error_of([&] { (void)fit_all({}, asked); }).diagnostics()[0].message, "there is no unknown to fit");
}

TEST(Errors, Thrown_by_the_residuals_arrive) {
  int calls = 0;
  const Residuals broken = [&](const std::vector<Values>& points) {
    if (++calls == 3) throw std::runtime_error("the disk is full");
    std::vector<Values> all;
    for (const auto& p : points) all.push_back(rosenbrock(p));
    return all;
  };
  try {
    (void)fit(rosenbrock_unknowns(), broken, {}, {});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "the disk is full");
  }
  EXPECT_EQ(calls, 3);
}

TEST(Errors, Residuals_of_too_few_points_are_our_mistake) {
  const Residuals short_of_one = [](const std::vector<Values>& points) { return std::vector<Values>(points.size() - 1, Values{0}); };
  const auto error = support::error_of([&] { (void)fit(rosenbrock_unknowns(), short_of_one, {}, {}); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Internal);
  EXPECT_EQ(error.diagnostics()[0].message, "residuals of another number of points than was asked for");
}

}  // namespace
}  // namespace osteosome::calibrate
