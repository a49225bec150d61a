// SPDX-License-Identifier: Apache-2.0
// What happens at one instant, in this order: outputs before, doses, triggers, events, outputs after (docs/reference/event-table.md).
#include <gtest/gtest.h>

#include "solve_small_models.hpp"

namespace osteosome::support {
namespace {

using solve::StopKind;

constexpr double kRtol = 1e-9;
constexpr double kAccuracy = 2e-7;  // of states up to 100, see classic_test.cpp

/// x decays at 0.1/h; where it comes to exceed 40, half of it is lost.
SmallModel vomiting(bool initial_value = true) {
  SmallModel m{{{"k", 0.1}}, {{"x", "0", "-k*x", "50"}, {"lost", "0", "zero*x", "50"}}, {}};
  m.events.push_back({"vomit", "x > 40", {{"lost", "lost + x/2"}, {"x", "x/2"}}, initial_value});
  return m;
}

class Instants : public testing::TestWithParam<Engine> {
 protected:
  solve::SubjectResult run(const compile::Program& program, const solve::SubjectPlan& plan) const {
    auto result = run_one(GetParam(), program, plan, at_rtol(kRtol));
    EXPECT_EQ(result.status, solve::Status::Completed) << result.message;
    return result;
  }
};

TEST_P(Instants, Dose_at_the_start_turns_a_trigger_true) {
  for (const bool initial : {true, false}) {
    const auto p = vomiting(initial).program();
    auto plan = plan_for(p, {{0, StopKind::Add, 0, 50}}, {});
    plan.outputs = {{0, 0}, {0, 1}, {2, 1}};
    const auto result = run(p, plan);
    const States x(p, result);
    EXPECT_EQ(x(0, "x"), 0) << initial;
    EXPECT_EQ(x(1, "x"), 25) << initial;
    EXPECT_EQ(x(1, "lost"), 25) << initial;
    EXPECT_NEAR(x(2, "x"), 25 * std::exp(-0.2), 25 * kAccuracy) << initial;
  }
}

TEST_P(Instants, Trigger_that_holds_before_the_dose_at_the_start_does_not_turn_true) {
  const auto p = vomiting().program();
  auto plan = plan_for(p, {{0, StopKind::Add, 0, 50}}, {});
  plan.initial_overrides = {45, std::nan("")};
  plan.outputs = {{0, 1}};
  EXPECT_EQ(run(p, plan).states[0], 95);
}

TEST_P(Instants, Output_after_a_dose_shows_the_event_that_it_causes) {
  const auto p = vomiting().program();
  auto plan = plan_for(p, {{0, StopKind::Add, 0, 30}, {4, StopKind::Add, 0, 30}, {8, StopKind::Add, 0, 30}}, {});
  plan.outputs = {{4, 1}, {4, 2}, {8, 2}, {8, 3}};
  const auto result = run(p, plan);
  const double before = 30 * std::exp(-0.4), after = (before + 30) / 2, later = after * std::exp(-0.4);
  const double expected[] = {before, after, later, later + 30 > 40 ? (later + 30) / 2 : later + 30};
  for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(States(p, result)(k, "x"), expected[k], 60 * kAccuracy) << k;
}

TEST_P(Instants, Outputs_between_doses_of_one_time_alter_nothing) {
  const auto p = vomiting().program();
  for (const bool looking : {false, true}) {
    auto plan = plan_for(p, {{3, StopKind::Add, 0, 50}, {3, StopKind::Add, 0, 30}}, {});
    if (looking) plan.outputs.push_back({3, 1});
    plan.outputs.push_back({3, 2});
    const auto result = run(p, plan);
    const States x(p, result);
    EXPECT_EQ(x(0, "x"), looking ? 50 : 40);
    EXPECT_EQ(x(plan.outputs.size() - 1, "x"), 40) << looking;
  }
}

TEST_P(Instants, Doses_come_before_an_event_on_the_clock_at_the_same_time) {
  for (const std::string trigger : {"time >= 40", "time > 40", "rem(time, 24) >= 16"}) {
    SmallModel m{{{"k", 0.05}}, {{"x", "1", "-k*x", ""}, {"count", "0", "zero*x", "1"}}, {}};
    m.events.push_back({"halve", trigger, {{"x", "x/2"}, {"count", "count + 1"}}});
    const auto p = m.program();
    auto plan = plan_for(p, {{40, StopKind::Add, 0, 100}, {40, StopKind::Multiply, 0, 2}}, {});
    plan.outputs = {{39, 0}, {40, 0}, {40, 2}, {60, 2}};
    const auto result = run(p, plan);
    const double before = std::exp(-2.0), fires_earlier = trigger.front() == 'r' ? 0.5 : 1;  // at 16 h too
    EXPECT_NEAR(States(p, result)(1, "x"), before * fires_earlier, kAccuracy) << trigger;
    EXPECT_NEAR(States(p, result)(2, "x"), trigger == "time > 40" ? 2 * (before + 100) : before * fires_earlier + 100, 1e-4) << trigger;
    EXPECT_NEAR(States(p, result)(3, "x"), (before * fires_earlier + 100) * std::exp(-1.0), 1e-4) << trigger;
  }
}

TEST_P(Instants, Event_whose_delay_ends_at_a_dose_comes_after_it) {
  SmallModel m{{{"k", 0.05}}, {{"x", "8", "-k*x", ""}}, {}};
  m.events.push_back({"halve", "time >= 10", {{"x", "x/2"}}, true, "30"});
  const auto p = m.program();
  auto plan = plan_for(p, {{40, StopKind::Add, 0, 100}}, {});
  plan.outputs = {{40, 0}, {40, 1}};
  const auto result = run(p, plan);
  EXPECT_NEAR(result.states[0], 8 * std::exp(-2.0), 1e-5);
  EXPECT_NEAR(result.states[1], 8 * std::exp(-0.5) / 2, 1e-5);  // the value of when it was triggered, whatever the dose
}

TEST_P(Instants, States_that_are_set_turn_no_trigger_true_but_a_dose_does) {
  const auto p = vomiting().program();
  auto plan = plan_for(p, {{5, StopKind::SetStates, 0, 0}, {6, StopKind::SetStates, 1, 0}, {6, StopKind::Add, 0, 20}}, {});
  plan.vectors = {{50, 0}, {30, 0}};
  plan.outputs = {{5, 1}, {6, 1}, {6, 3}};
  const auto result = run(p, plan);
  const States x(p, result);
  EXPECT_EQ(x(0, "x"), 50);
  EXPECT_NEAR(x(1, "x"), 50 * std::exp(-0.1), 50 * kAccuracy);
  EXPECT_EQ(x(2, "x"), 25);
}

TEST_P(Instants, States_that_are_set_drop_events_that_wait) {
  SmallModel m{{{"k", 0.05}}, {{"x", "8", "-k*x", ""}}, {}};
  m.events.push_back({"halve", "time >= 10", {{"x", "x/2"}}, true, "5"});
  const auto p = m.program();
  auto plan = plan_for(p, {{12, StopKind::SetStates, 0, 0}}, {20});
  plan.vectors = {{4}};
  EXPECT_NEAR(run(p, plan).states[0], 4 * std::exp(-0.4), 4 * kAccuracy);
}

TEST_P(Instants, Start_of_a_longer_course_turns_no_trigger_true) {
  const auto p = vomiting(false).program();
  for (const bool resumes : {false, true}) {
    auto plan = plan_for(p, {}, {0, 1});
    plan.initial_overrides = {50, std::nan("")};
    plan.resumes = resumes;
    EXPECT_EQ(run(p, plan).states[0], resumes ? 50 : 25);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, Instants, testing::ValuesIn(kEngines), [](const auto& instance) { return name_of(instance.param); });

}  // namespace
}  // namespace osteosome::support
