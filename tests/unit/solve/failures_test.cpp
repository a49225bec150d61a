// SPDX-License-Identifier: Apache-2.0
// A run that fails says how and where, keeps what it reached, and disturbs nobody.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "solve_small_models.hpp"

namespace osteosome::support {
namespace {

using solve::Status;

/// dx/dt = k x^2, x(0) = 1: x = 1/(1 - k t), gone at t = 1/k. y decays.
SmallModel explosive() { return {{{"k", 1}}, {{"x", "1", "k*x*x", ""}, {"y", "1", "-0.1*y", ""}}, {}}; }

constexpr unsigned kPatienceSeconds = 5;  // these runs take milliseconds

/// True if `work` returns within kPatienceSeconds in a process of its own: an engine that never gives up must not hang the tests.
template <class Work>
bool comes_back(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kPatienceSeconds);
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class Failures : public testing::TestWithParam<Engine> {};

TEST_P(Failures, Blow_up_keeps_what_was_reached) {
  const auto program = explosive().program();
  const auto plan = plan_for(program, {}, {0, 0.25, 0.5, 0.75, 2, 3});
  ASSERT_TRUE(comes_back([&] { (void)run_one(GetParam(), program, plan, at_rtol(1e-8)); })) << "the engine never gives up";
  const auto result = run_one(GetParam(), program, plan, at_rtol(1e-8));
  EXPECT_EQ(result.status, Status::StepSizeTooSmall) << solve::name_of(result.status) << ": " << result.message;
  EXPECT_FALSE(result.message.empty());
  // x = 1/(1 - t) reaches 1e15 where the step can shrink no further.
  EXPECT_NEAR(result.time_reached, 1, 1e-6);
  const States x(program, result);
  // The relative error of 1/(1 - t) grows as 1/(1 - t): 4 at 0.75; CVODES keeps 200 rtol elsewhere (classic_test.cpp).
  for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(x(k, "x") * (1 - plan.outputs[k].time), 1, 4 * 200 * 1e-8) << k;
  for (std::size_t k = 4; k < 6; ++k) {
    EXPECT_TRUE(std::isnan(x(k, "x")));
    EXPECT_TRUE(std::isnan(x(k, "y")));
  }
}

TEST_P(Failures, Initial_value_not_a_number_is_reported_at_once) {
  const auto program = SmallModel{{{"q", -1}}, {{"fine", "1", "-fine", ""}, {"bad", "sqrt(q)", "-bad", "1"}}, {}}.program();
  const auto result = run_one(GetParam(), program, plan_for(program, {}, {0, 1}), at_rtol(1e-6));
  EXPECT_EQ(result.status, Status::NotFinite) << solve::name_of(result.status);
  EXPECT_FALSE(result.message.empty());
  EXPECT_EQ(result.time_reached, 0);
  ASSERT_EQ(result.states.size(), 4U);
  for (const double v : result.states) EXPECT_TRUE(std::isnan(v));
}

TEST_P(Failures, Infinite_initial_override_is_reported) {
  const auto program = explosive().program();
  auto plan = plan_for(program, {}, {0, 1});
  plan.initial_overrides = {std::nan(""), HUGE_VAL};
  EXPECT_EQ(run_one(GetParam(), program, plan, at_rtol(1e-6)).status, Status::NotFinite);
}

TEST_P(Failures, Derivative_not_a_number_fails_and_says_so) {
  // sqrt(1 - time) ends at time 1.
  const auto program = SmallModel{{}, {{"x", "0", "sqrt(1 - time)", "1"}}, {}}.program();
  const auto plan = plan_for(program, {}, {0.5, 2});
  ASSERT_TRUE(comes_back([&] { (void)run_one(GetParam(), program, plan, at_rtol(1e-6)); })) << "the engine never gives up";
  const auto result = run_one(GetParam(), program, plan, at_rtol(1e-6));
  EXPECT_NE(result.status, Status::Completed);
  EXPECT_LE(result.time_reached, 1);
  EXPECT_NEAR(result.states[0], 2.0 / 3 * (1 - std::pow(0.5, 1.5)), 1e-4);
  EXPECT_TRUE(std::isnan(result.states[1]));
}

TEST_P(Failures, Max_steps_without_a_rejection_is_enforced) {
  // A straight line has no error, so no step is ever rejected; a stop a step makes a thousand of them.
  const auto program = SmallModel{{}, {{"x", "0", "1", "1"}}, {}}.program();
  std::vector<solve::Stop> stops;
  for (int i = 1; i < 1000; ++i) stops.push_back({static_cast<double>(i), solve::StopKind::Add, 0, 0.5});
  auto options = at_rtol(1e-8);
  options.max_steps = 100;
  const auto result = run_one(GetParam(), program, plan_for(program, stops, {1000}), options);
  EXPECT_EQ(result.status, Status::TooManySteps) << solve::name_of(result.status) << " after " << result.statistics.steps << " steps";
  EXPECT_LT(result.time_reached, 1000);
}

TEST_P(Failures, Max_steps_within_one_long_stretch_is_enforced) {
  const auto program = oscillator().program();
  auto options = at_rtol(1e-8);
  options.max_steps = 200;
  const auto result = run_one(GetParam(), program, plan_for(program, {}, {1, 1000}), options);  // needs about 10 steps an hour
  EXPECT_EQ(result.status, Status::TooManySteps) << solve::name_of(result.status) << " after " << result.statistics.steps << " steps";
  EXPECT_FALSE(result.message.empty());
  EXPECT_LT(result.time_reached, 1000);
  EXPECT_NEAR(result.states[0], std::cos(1.0), 1e-5);
  EXPECT_TRUE(std::isnan(result.states[2]));
}

TEST_P(Failures, Max_steps_over_many_restarts_is_enforced) {
  const auto program = oscillator().program();
  std::vector<solve::Stop> stops;
  for (int i = 1; i < 1000; ++i) stops.push_back({static_cast<double>(i), solve::StopKind::Add, 0, 0.001});
  auto options = at_rtol(1e-8);
  options.max_steps = 500;
  const auto result = run_one(GetParam(), program, plan_for(program, stops, {1, 1000}), options);
  EXPECT_EQ(result.status, Status::TooManySteps) << solve::name_of(result.status) << " after " << result.statistics.steps << " steps";
  EXPECT_LT(result.time_reached, 1000);
}

TEST_P(Failures, Statistics_count_the_steps_of_an_ordinary_run) {
  const auto program = oscillator().program();
  const auto result = run_one(GetParam(), program, plan_for(program, {}, {5, 20}), at_rtol(1e-6));
  EXPECT_EQ(result.status, Status::Completed);
  EXPECT_GT(result.statistics.steps, 20U);
  EXPECT_LT(result.statistics.steps, 20000U);
  EXPECT_EQ(result.time_reached, 20);
}

INSTANTIATE_TEST_SUITE_P(Engines, Failures, testing::ValuesIn(kEngines), [](const auto& instance) { return name_of(instance.param); });

TEST(FailuresInABatch, Neighbours_of_failing_subjects_keep_their_bits) {
  const auto program = explosive().program();
  const auto k = program.parameter_index("k").value();
  std::vector<solve::SubjectPlan> plans;
  for (int s = 0; s < 80; ++s) {  // more than two blocks of 32 lanes
    plans.push_back(plan_for(program, {{1, solve::StopKind::Add, 1, 0.5}}, even_times(0, 5, 20)));
    plans.back().parameters[k] = 0.001 * (s + 1);
  }
  const auto healthy = run_all_lanes(program, plans, at_rtol(1e-6));
  for (const auto& r : healthy) ASSERT_EQ(r.status, Status::Completed) << r.message;
  auto mixed_plans = plans;
  for (const std::size_t bad : {5U, 6U, 40U}) mixed_plans[bad].parameters[k] = 1;
  mixed_plans[9].initial_overrides = {HUGE_VAL, std::nan("")};
  for (const unsigned threads : {1U, 2U}) {
    const auto mixed = run_all_lanes(program, mixed_plans, at_rtol(1e-6), {}, threads);
    for (std::size_t s = 0; s < plans.size(); ++s) {
      if (s == 5 || s == 6 || s == 40) {
        EXPECT_EQ(mixed[s].status, Status::StepSizeTooSmall) << s;
        EXPECT_FALSE(std::isnan(mixed[s].states[2 * 3])) << "t = 0.75 was reached";
        EXPECT_TRUE(std::isnan(mixed[s].states[2 * 4 + 2])) << "t = 1.25 was not";
      } else if (s == 9) {
        EXPECT_EQ(mixed[s].status, Status::NotFinite);
      } else {
        EXPECT_EQ(mixed[s].status, Status::Completed) << s;
        EXPECT_EQ(mixed[s].states, healthy[s].states) << s;
      }
    }
  }
}

class Cancelling : public testing::TestWithParam<unsigned> {};

TEST_P(Cancelling, Lanes_stop_request_ends_started_subjects_and_starts_no_more) {
  const auto program = oscillator().program();
  constexpr std::size_t kSubjects = 5000;
  solve::LaneCode code(program, {});
  std::stop_source source;
  std::atomic<std::size_t> started{0};
  std::size_t completed = 0, cancelled = 0;
  solve::run_lanes(
      program, code, kSubjects,
      [&](std::size_t s) {
        ++started;
        return plan_for(program, {}, {1, s == 0 ? 2.0 : 2000.0 + static_cast<double>(s)});
      },
      [&](std::size_t, const solve::SubjectPlan&, solve::SubjectResult&& r) {
        source.request_stop();  // at the first result
        if (r.status == Status::Completed) ++completed;
        if (r.status != Status::Cancelled) return;
        ++cancelled;
        EXPECT_LT(r.time_reached, 2000);
        EXPECT_TRUE(std::isnan(r.states[2]));
      },
      at_rtol(1e-6), GetParam(), source.get_token());
  EXPECT_GE(completed, 1U);
  EXPECT_GE(cancelled, 1U);
  EXPECT_EQ(completed + cancelled, started.load()) << "every started subject is delivered once";
  EXPECT_LT(started.load(), 200U);
}

TEST_P(Cancelling, Lanes_stop_requested_before_the_start_runs_nothing) {
  const auto program = oscillator().program();
  solve::LaneCode code(program, {});
  std::stop_source source;
  source.request_stop();
  std::size_t completed = 0;
  solve::run_lanes(
      program, code, 100, [&](std::size_t) { return plan_for(program, {}, {1}); },
      [&](std::size_t, const solve::SubjectPlan&, solve::SubjectResult&& r) { completed += r.status == Status::Completed; }, at_rtol(1e-6),
      GetParam(), source.get_token());
  EXPECT_EQ(completed, 0U);
}

TEST_P(Cancelling, Reference_stop_request_starts_no_more) {
  const auto program = oscillator().program();
  std::stop_source source;
  std::size_t delivered = 0;
  solve::run_reference_ensemble(
      program, 100, [&](std::size_t) { return plan_for(program, {}, {1}); },
      [&](std::size_t, const solve::SubjectPlan&, solve::SubjectResult&&) {
        ++delivered;
        source.request_stop();
      },
      at_rtol(1e-6), GetParam(), source.get_token());
  EXPECT_GE(delivered, 1U);
  EXPECT_LE(delivered, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Threads, Cancelling, testing::Values(1U, 2U), [](const auto& instance) { return std::to_string(instance.param); });

}  // namespace
}  // namespace osteosome::support
