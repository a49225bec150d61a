// SPDX-License-Identifier: Apache-2.0
// Events of the model and branches of its right-hand side: found where they are, fired once a rise.
#include <gtest/gtest.h>

#include <iostream>

#include "solve_small_models.hpp"

namespace osteosome::support {
namespace {

using solve::StopKind;

constexpr double kRtol = 1e-9;
/// Lanes locate a crossing to 1e-10 of a step, CVODES to 100 units in the last place of time plus step: 1e-8 h on these horizons of
/// at most 100 h. States are good to 1e-10 (lanes) and 3e-8 (CVODES), see classic_test.cpp.
constexpr double kTimeAccuracy = 1e-8, kAccuracy = 2e-7;

class Events : public testing::TestWithParam<Engine> {
 protected:
  solve::SubjectResult run(const compile::Program& program, const solve::SubjectPlan& plan) const {
    auto result = run_one(GetParam(), program, plan, at_rtol(kRtol));
    EXPECT_EQ(result.status, solve::Status::Completed) << result.message;
    return result;
  }
};

/// Outputs between steps are interpolated, so even a state that nothing moves comes out with a rounding error: EXPECT_DOUBLE_EQ for counts.
/// x decays; `when` records the time of the event [h] and `count` how often it fired.
SmallModel recording(const std::string& trigger, std::map<std::string, std::string> more = {}, bool initial_value = true) {
  SmallModel m{{{"k", 0.05}}, {{"x", "1", "-k*x", ""}, {"when", "0", "zero*x", "40"}, {"count", "0", "zero*x", "1"}}, {}};
  std::map<std::string, std::string> assign{{"when", "time"}, {"count", "count + 1"}};
  assign.merge(more);
  m.events.push_back({"pulse", trigger, assign, initial_value});
  return m;
}

TEST_P(Events, Time_trigger_fires_once_at_that_time) {
  const auto p = recording("time >= 40", {{"x", "7"}}).program();
  const auto plan = plan_for(p, {}, {39.999, 40, 40.001, 60, 100});
  const auto result = run(p, plan);
  const States x(p, result);
  EXPECT_DOUBLE_EQ(x(0, "count"), 0);
  EXPECT_NEAR(x(0, "x"), std::exp(-0.05 * 39.999), kAccuracy);
  EXPECT_DOUBLE_EQ(x(2, "count"), 1);
  EXPECT_NEAR(x(2, "when"), 40, kTimeAccuracy);
  EXPECT_NEAR(x(2, "x"), 7 * std::exp(-0.05 * 0.001), kAccuracy);
  EXPECT_NEAR(x(4, "x"), 7 * std::exp(-0.05 * 60), kAccuracy);
  EXPECT_DOUBLE_EQ(x(4, "count"), 1);
  std::cout << "  off by " << x(4, "when") - 40 << " h\n";
}

TEST_P(Events, Strict_time_trigger_fires_once) {
  const auto p = recording("time > 40").program();
  const auto result = run(p, plan_for(p, {}, {39, 41, 100}));
  const States x(p, result);
  EXPECT_DOUBLE_EQ(x(0, "count"), 0);
  EXPECT_DOUBLE_EQ(x(1, "count"), 1);
  EXPECT_DOUBLE_EQ(x(2, "count"), 1);
  EXPECT_NEAR(x(2, "when"), 40, kTimeAccuracy);
}

TEST_P(Events, Trigger_true_at_start_fires_only_if_its_initial_value_is_false) {
  for (const bool initial : {true, false}) {
    const auto p = recording("time >= 0", {}, initial).program();
    const auto result = run(p, plan_for(p, {}, {1, 10}));
    const States x(p, result);
    EXPECT_DOUBLE_EQ(x(0, "count"), initial ? 0 : 1) << initial;
    EXPECT_DOUBLE_EQ(x(1, "count"), initial ? 0 : 1) << initial;
  }
}

TEST_P(Events, State_trigger_fires_where_the_state_crosses) {
  const auto p = recording("x <= 0.3").program();
  const auto result = run(p, plan_for(p, {}, {10, 100}));
  const States x(p, result);
  EXPECT_DOUBLE_EQ(x(0, "count"), 0);
  EXPECT_DOUBLE_EQ(x(1, "count"), 1);
  // An error e of x moves the crossing by e/(k x) = 67 e.
  EXPECT_NEAR(x(1, "when"), std::log(1 / 0.3) / 0.05, 67 * kAccuracy);
}

TEST_P(Events, Dose_that_lifts_a_state_over_a_threshold_fires_at_the_dose) {
  const auto p = recording("x > 2").program();
  const auto plan = plan_for(p, {{5, StopKind::Add, 0, 3}, {80, StopKind::Add, 0, 3}}, {4, 6, 79, 81, 100});
  const auto result = run(p, plan);
  const States x(p, result);
  EXPECT_DOUBLE_EQ(x(0, "count"), 0);
  EXPECT_DOUBLE_EQ(x(1, "count"), 1);
  EXPECT_DOUBLE_EQ(x(1, "when"), 5);  // at the stop itself, not located
  EXPECT_DOUBLE_EQ(x(2, "count"), 1);
  EXPECT_DOUBLE_EQ(x(3, "count"), 2);
  EXPECT_DOUBLE_EQ(x(3, "when"), 80);
}

TEST_P(Events, Oscillation_fires_once_a_period) {
  SmallModel m = oscillator();
  m.species.push_back({"count", "0", "zero*x", "1"});
  m.events.push_back({"up", "x > 0.5", {{"count", "count + 1"}}});
  const auto p = m.program();
  const auto result = run(p, plan_for(p, {}, even_times(0, 20 * std::numbers::pi, 20)));
  const States x(p, result);
  // x = cos(t) exceeds 0.5 from the start (no rise) and again before each full period: at half periods k*pi, floor(k/2) rises.
  for (std::size_t k = 0; k <= 20; ++k) EXPECT_DOUBLE_EQ(x(k, "count"), std::floor(static_cast<double>(k) / 2)) << k;
  EXPECT_NEAR(x(20, "x"), 1, kAccuracy);
}

TEST_P(Events, Bouncing_ball_closed_form) {
  constexpr double kG = 9.81, kHeight = 10, kRestitution = 0.8;
  const SmallModel m{
      {{"g", kG}, {"e", kRestitution}}, {{"h", "10", "v", ""}, {"v", "0", "-g", "10"}}, {{"bounce", "h <= 0", {{"v", "-e*v"}, {"h", "0"}}}}};
  const auto p = m.program();
  const auto exact = [](double t) {
    double start = std::sqrt(2 * kHeight / kG), v = kRestitution * kG * start;
    if (t <= start) return kHeight - kG * t * t / 2;
    while (start + 2 * v / kG < t) {
      start += 2 * v / kG;
      v *= kRestitution;
    }
    return v * (t - start) - kG * (t - start) * (t - start) / 2;
  };
  const auto times = even_times(0.05, 9.05, 90);  // five bounces
  const auto plan = plan_for(p, {}, times);
  const auto result = run(p, plan);
  // The motion is quadratic, so a step makes rounding errors only; times of contact are located to kTimeAccuracy and the speed is 14 at most.
  for (std::size_t k = 0; k < times.size(); ++k) ASSERT_NEAR(States(p, result)(k, "h"), exact(times[k]), 50 * kTimeAccuracy) << times[k];
}

TEST_P(Events, Parameter_changed_by_event_holds_from_there_and_is_reported) {
  SmallModel m{{{"k", 0.05}}, {{"x", "1", "-k*x", ""}}, {}};
  m.events.push_back({"switch_off", "time >= 10", {{"k", "0"}}});
  const auto p = m.program();
  const auto plan = plan_for(p, {}, {5, 20, 50});
  const auto result = run(p, plan);
  EXPECT_NEAR(result.states[0], std::exp(-0.25), kAccuracy);
  EXPECT_NEAR(result.states[1], std::exp(-0.5), kAccuracy);
  EXPECT_NEAR(result.states[2], std::exp(-0.5), kAccuracy);
  const std::size_t n = p.parameters.size(), k = p.parameter_index("k").value();
  ASSERT_EQ(result.parameters.size(), 3 * n);
  EXPECT_EQ(result.parameters[k], 0.05);
  EXPECT_EQ(result.parameters[n + k], 0);
  EXPECT_EQ(result.parameters[2 * n + k], 0);
}

TEST_P(Events, Assignments_of_one_event_use_the_values_before_it) {
  SmallModel m{{}, {{"a", "1", "zero*a", ""}, {"b", "2", "zero*b", ""}}, {}};
  m.events.push_back({"swap", "time >= 3", {{"a", "b"}, {"b", "a"}}});
  const auto p = m.program();
  const auto result = run(p, plan_for(p, {}, {2, 4}));
  const States x(p, result);
  EXPECT_DOUBLE_EQ(x(1, "a"), 2);
  EXPECT_DOUBLE_EQ(x(1, "b"), 1);
}

TEST_P(Events, Event_that_makes_another_true_fires_both) {
  SmallModel m = recording("time >= 3", {{"x", "5"}});
  m.species.push_back({"other", "0", "zero*x", "1"});
  m.events.push_back({"follow", "x > 4", {{"other", "other + 1"}}});
  const auto p = m.program();
  const auto result = run(p, plan_for(p, {}, {2, 4}));
  const States x(p, result);
  EXPECT_DOUBLE_EQ(x(0, "other"), 0);
  EXPECT_DOUBLE_EQ(x(1, "count"), 1);
  EXPECT_DOUBLE_EQ(x(1, "other"), 1);
}

TEST_P(Events, Event_and_branch_on_the_same_strict_comparison_switch_together) {
  SmallModel m = recording("time > 40");
  m.species.push_back({"area", "0", "piecewise(1, time > 40, 0)", "10"});
  const auto p = m.program();
  const auto result = run(p, plan_for(p, {}, {39, 50, 100}));
  const States x(p, result);
  EXPECT_NEAR(x(0, "area"), 0, kAccuracy);
  EXPECT_NEAR(x(1, "area"), 10, 10 * kAccuracy);
  EXPECT_NEAR(x(2, "area"), 60, 60 * kAccuracy);
  EXPECT_DOUBLE_EQ(x(2, "count"), 1);
}

TEST_P(Events, Event_at_the_time_of_a_dose_fires_once) {
  const auto p = recording("time >= 40", {{"x", "7"}}).program();
  const auto plan = plan_for(p, {{40, StopKind::Add, 0, 100}}, {39, 41, 60});
  const auto result = run(p, plan);
  const States x(p, result);
  EXPECT_DOUBLE_EQ(x(1, "count"), 1);
  EXPECT_DOUBLE_EQ(x(2, "count"), 1);
  EXPECT_NEAR(x(1, "when"), 40, kTimeAccuracy);
  EXPECT_NEAR(x(1, "x") * std::exp(0.05), 7, 1e-4);  // the dose enters first
}

TEST_P(Events, Events_of_one_subject_leave_neighbours_alone) {
  const auto p = recording("x <= 0.3").program();
  std::vector<solve::SubjectPlan> plans(20, plan_for(p, {}, even_times(0, 100, 10)));
  for (std::size_t s = 0; s < plans.size(); ++s) plans[s].parameters[p.parameter_index("k").value()] = 0.001 * (1 + static_cast<double>(s) * 5);
  const auto together = run_all_lanes(p, plans, at_rtol(kRtol));
  for (std::size_t s = 0; s < plans.size(); ++s) {
    EXPECT_EQ(together[s].states, run_one(Engine::Lanes, p, plans[s], at_rtol(kRtol)).states) << s;
    const double k = 0.001 * (1 + static_cast<double>(s) * 5);
    EXPECT_DOUBLE_EQ(States(p, together[s])(10, "count"), std::log(1 / 0.3) / k < 100 ? 1 : 0) << s;
  }
}

TEST_P(Events, Branch_of_time_piecewise_rate_closed_form) {
  const SmallModel m{{}, {{"x", "0", "piecewise(1, time < 10, 3, time < 20.5, -2)", "10"}}, {}};
  const auto p = m.program();
  const auto result = run(p, plan_for(p, {}, {5, 10, 15, 20.5, 30}));
  const double expected[] = {5, 10, 25, 41.5, 22.5};
  for (std::size_t k = 0; k < 5; ++k) EXPECT_NEAR(result.states[k], expected[k], 50 * kTimeAccuracy) << k;
}

TEST_P(Events, Branch_of_state_relay_closed_form) {
  // x rises at 1 until 2, then at 0.5: a kink in the solution, located.
  const SmallModel m{{}, {{"x", "0", "piecewise(0.5, x > 2, 1)", "1"}}, {}};
  const auto p = m.program();
  const auto result = run(p, plan_for(p, {}, {1, 2, 3, 10}));
  const double expected[] = {1, 2, 2.5, 6};
  for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(result.states[k], expected[k], 50 * kTimeAccuracy) << k;
  EXPECT_EQ(result.statistics.switches, 1U);
}

INSTANTIATE_TEST_SUITE_P(Engines, Events, testing::ValuesIn(kEngines), [](const auto& instance) { return name_of(instance.param); });

}  // namespace
}  // namespace osteosome::support
