// SPDX-License-Identifier: Apache-2.0
// What each kind of stop does, and what outputs before and after a stop of the same time show.
#include <gtest/gtest.h>

#include "solve_small_models.hpp"

namespace osteosome::support {
namespace {

using solve::StopKind;

/// At rtol 1e-9 the engines are good to 1e-10 (lanes) and 3e-8 (CVODES), see classic_test.cpp.
constexpr double kRtol = 1e-9, kAccuracy = 1e-7;

class Stops : public testing::TestWithParam<Engine> {
 protected:
  const compile::Program program = decay_model(0.5).program();  // x decays from 1, y stays at 3

  solve::SubjectResult run(const solve::SubjectPlan& plan) const {
    auto result = run_one(GetParam(), program, plan, at_rtol(kRtol));
    EXPECT_EQ(result.status, solve::Status::Completed) << result.message;
    return result;
  }
  /// One stop at t = 2, outputs at 2 before it, at 2 after it, and at 3.
  [[nodiscard]] solve::SubjectPlan around(solve::Stop stop) const {
    solve::SubjectPlan plan;
    plan.parameters = program.parameter_values;
    stop.time = 2;
    plan.stops = {stop};
    plan.outputs = {{2, 0}, {2, 1}, {3, 1}};
    return plan;
  }
  void expect(const solve::SubjectPlan& plan, const std::string& state, double at_first, double then, double later) const {
    const auto result = run(plan);
    const States x(program, result);
    EXPECT_NEAR(x(0, state), at_first, kAccuracy) << state << " before";
    EXPECT_NEAR(x(1, state), then, kAccuracy) << state << " after";
    EXPECT_NEAR(x(2, state), later, kAccuracy) << state << " later";
  }
  const double before = std::exp(-1.0), hour = std::exp(-0.5);
};

TEST_P(Stops, Add_raises_the_state) { expect(around({0, StopKind::Add, 0, 10}), "x", before, before + 10, (before + 10) * hour); }

TEST_P(Stops, Add_leaves_other_states) { expect(around({0, StopKind::Add, 0, 10}), "y", 3, 3, 3); }

TEST_P(Stops, Replace_sets_the_state) { expect(around({0, StopKind::Replace, 0, 4}), "x", before, 4, 4 * hour); }

TEST_P(Stops, Multiply_scales_the_state) { expect(around({0, StopKind::Multiply, 0, -2}), "x", before, -2 * before, -2 * before * hour); }

TEST_P(Stops, ChangeRate_does_not_jump) { expect(around({0, StopKind::ChangeRate, 1, 5}), "y", 3, 3, 8); }

TEST_P(Stops, SetParameter_changes_what_follows_only) {
  expect(around({0, StopKind::SetParameter, program.parameter_index("k").value(), 2}), "x", before, before, before * std::exp(-2.0));
}

TEST_P(Stops, SetParameter_leaves_initial_values_alone) {
  // A parameter that only sets the initial value has no effect later.
  const auto p = SmallModel{{{"x0", 5}}, {{"x", "x0", "-x", ""}}, {}}.program();
  solve::SubjectPlan plan = plan_for(p, {{1, StopKind::SetParameter, p.parameter_index("x0").value(), 50}}, {2});
  EXPECT_NEAR(run_one(GetParam(), p, plan, at_rtol(kRtol)).states[0], 5 * std::exp(-2.0), kAccuracy);
}

TEST_P(Stops, SetStates_sets_all) {
  auto plan = around({0, StopKind::SetStates, 1, 0});
  plan.vectors = {{-1, -1}, {7, 8}};
  expect(plan, "x", before, 7, 7 * hour);
  expect(plan, "y", 3, 8, 8);
}

TEST_P(Stops, AddStates_adds_to_all) {
  auto plan = around({0, StopKind::AddStates, 0, 0});
  plan.vectors = {{7, 8}};
  expect(plan, "x", before, before + 7, (before + 7) * hour);
  expect(plan, "y", 3, 11, 11);
}

TEST_P(Stops, Same_time_outputs_between_stops_see_them_one_by_one) {
  solve::SubjectPlan plan;
  plan.parameters = program.parameter_values;
  plan.stops = {{2, StopKind::Add, 1, 1}, {2, StopKind::Multiply, 1, 10}, {2, StopKind::Add, 1, 100}};
  plan.outputs = {{2, 0}, {2, 1}, {2, 2}, {2, 3}};
  const auto result = run(plan);
  const States x(program, result);
  const double expected[] = {3, 4, 40, 140};  // nothing moves y, so these are exact
  for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(x(k, "y"), expected[k]) << k;
}

TEST_P(Stops, At_the_start_output_before_shows_the_initial_value) {
  solve::SubjectPlan plan;
  plan.parameters = program.parameter_values;
  plan.stops = {{0, StopKind::Add, 1, 1}};
  plan.outputs = {{0, 0}, {0, 1}};
  const auto result = run(plan);
  const States x(program, result);
  EXPECT_EQ(x(0, "y"), 3);
  EXPECT_EQ(x(1, "y"), 4);
  EXPECT_EQ(x(1, "x"), 1);
}

TEST_P(Stops, After_the_last_output_nothing_is_simulated) {
  solve::SubjectPlan plan;
  plan.parameters = program.parameter_values;
  plan.stops = {{5, StopKind::Add, 1, 1}, {1e9, StopKind::Add, 1, 1}};
  plan.outputs = {{4, 0}};
  const auto result = run(plan);
  EXPECT_EQ(States(program, result)(0, "y"), 3);
  EXPECT_LE(result.time_reached, 5);
}

TEST_P(Stops, Plan_without_outputs_completes) {
  solve::SubjectPlan plan;
  plan.parameters = program.parameter_values;
  const auto result = run(plan);
  EXPECT_TRUE(result.states.empty());
}

TEST_P(Stops, Repeated_output_times_give_equal_values) {
  solve::SubjectPlan plan;
  plan.parameters = program.parameter_values;
  plan.outputs = {{1, 0}, {1, 0}, {2, 0}};
  const auto result = run(plan);
  const States x(program, result);
  EXPECT_EQ(x(0, "x"), x(1, "x"));
  EXPECT_LT(x(2, "x"), x(1, "x"));
}

TEST_P(Stops, Initial_overrides_replace_named_states_only) {
  solve::SubjectPlan plan;
  plan.parameters = program.parameter_values;
  plan.initial_overrides = {std::nan(""), 12};
  plan.outputs = {{0, 0}};
  const auto result = run(plan);
  const States x(program, result);
  EXPECT_EQ(x(0, "x"), 1);
  EXPECT_EQ(x(0, "y"), 12);
}

TEST_P(Stops, Stops_that_do_nothing_change_the_solution_within_tolerance) {
  std::vector<solve::Stop> idle;
  for (int i = 1; i < 100; ++i) idle.push_back({i * 0.05, StopKind::Add, 0, 0});
  const auto plain = run(plan_for(program, {}, {1, 3, 5}));
  const auto cut = run(plan_for(program, idle, {1, 3, 5}));
  for (std::size_t k = 0; k < plain.states.size(); ++k) EXPECT_NEAR(plain.states[k], cut.states[k], kAccuracy);
}

INSTANTIATE_TEST_SUITE_P(Engines, Stops, testing::ValuesIn(kEngines), [](const auto& instance) { return name_of(instance.param); });

}  // namespace
}  // namespace osteosome::support
