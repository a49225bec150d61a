// SPDX-License-Identifier: Apache-2.0
// Measured order of the one-step methods and accuracy between steps.
#include <gtest/gtest.h>

#include <iostream>

#include "solve_small_models.hpp"

namespace osteosome::support {
namespace {

struct Problem {
  const char* name;
  SmallModel model;
  double end;
  double (*exact)(double t);
};
std::vector<Problem> problems() {
  return {{"oscillator", oscillator(), 20, [](double t) { return std::cos(t); }},
          {"nonlinear_with_explicit_time", SmallModel{{}, {{"x", "1", "x*cos(time)", ""}}, {}}, 20, [](double t) { return std::exp(std::sin(t)); }},
          {"forced", SmallModel{{}, {{"x", "0", "-x + sin(time)", "1"}}, {}}, 20,
           [](double t) { return (std::sin(t) - std::cos(t)) / 2 + 0.5 * std::exp(-t); }}};
}

/// Largest error at the steps of a run with the fixed step end/steps. A loose tolerance lets every step pass and a stop that adds nothing
/// ends each; the engine remembers the step that worked after a stop, so after a warm-up before time 0 it takes one step a stop. The stops are a
/// train, of which every period is computed.
double fixed_step_error(const Problem& problem, const compile::Program& program, const char* method, int steps) {
  constexpr int kWarmUp = 60;
  const double h = problem.end / steps;
  std::vector<solve::Stop> stops;
  std::vector<double> times;
  for (int k = 1 - kWarmUp; k <= steps; ++k) {
    if (k == 0) stops.push_back({0, solve::StopKind::SetStates, 0, 0});
    stops.push_back({k * h, solve::StopKind::Add, 0, 0});
    if (k > 0) times.push_back(k * h);
  }
  auto plan = plan_for(program, stops, times);
  plan.start = -kWarmUp * h;
  compile::Interpreter initial(program.graph, program.initial);
  plan.vectors.emplace_back(program.states.size());
  initial.prepare(plan.parameters);
  initial.evaluate(0, {}, {}, plan.vectors[0]);
  auto options = at_rtol(1e4, method);
  options.pass_over_periods = false;
  const auto result = run_one(Engine::Lanes, program, plan, options);
  EXPECT_EQ(result.status, solve::Status::Completed) << result.message;
  EXPECT_EQ(result.statistics.rejected, 0U);
  EXPECT_LT(result.statistics.steps, static_cast<std::uint64_t>(steps + 3 * kWarmUp)) << "one step a stop is what makes the step fixed";
  double worst = 0;
  const std::size_t n = program.states.size();
  for (std::size_t k = 0; k < times.size(); ++k) worst = std::max(worst, std::abs(result.states[k * n] - problem.exact(times[k])));
  return worst;
}

/// log2 of the ratio of errors at a step and at half of it; the finer pair of two.
double measured_order(const Problem& problem, const char* method) {
  const auto program = problem.model.program();
  const double e1 = fixed_step_error(problem, program, method, 100);
  const double e2 = fixed_step_error(problem, program, method, 200);
  const double e3 = fixed_step_error(problem, program, method, 400);
  std::cout << "  " << method << " on " << problem.name << ": errors " << e1 << ' ' << e2 << ' ' << e3 << ", orders " << std::log2(e1 / e2) << ' '
            << std::log2(e2 / e3) << "\n";
  return std::log2(e2 / e3);
}

// The next term of the error expansion makes the measured order differ from the true one by O(h): a tenth or two at these steps.
TEST(Order, Rodas5p_smooth_problems_fifth_order) {
  for (const auto& problem : problems()) EXPECT_GE(measured_order(problem, "rodas5p"), 4.7) << problem.name;
}

TEST(Order, Rodas4_smooth_problems_fourth_order) {
  for (const auto& problem : problems()) EXPECT_GE(measured_order(problem, "rodas4"), 3.7) << problem.name;
}

TEST(DenseOutput, Between_steps_as_accurate_as_at_steps) {
  const auto program = oscillator().program();
  for (const char* method : {"rodas5p", "rodas4"}) {
    for (const double rtol : {1e-4, 1e-6, 1e-8}) {
      const auto fine = plan_for(program, {}, even_times(0, 20, 4000));
      const auto result = run_one(Engine::Lanes, program, fine, at_rtol(rtol, method));
      double worst = 0, at_end = std::abs(result.states[4000 * 2] - std::cos(20.0));
      for (std::size_t k = 0; k <= 4000; ++k) {
        const double t = fine.outputs[k].time;
        worst = std::max({worst, std::abs(result.states[2 * k] - std::cos(t)), std::abs(result.states[2 * k + 1] + std::sin(t))});
      }
      std::cout << "  " << method << " rtol " << rtol << ": worst " << worst << ", at the end " << at_end << ", steps " << result.statistics.steps
                << "\n";
      // The interpolant is one order lower than the method. Over one step that is about the local error the controller allows, rtol, so
      // ten of them bound the sum of what the steps before left and what the interpolant adds.
      EXPECT_LE(worst, 10 * rtol) << method << " at " << rtol;
    }
  }
}

TEST(DenseOutput, Many_outputs_do_not_change_the_steps) {
  const auto program = oscillator().program();
  const auto few = run_one(Engine::Lanes, program, plan_for(program, {}, {20}), at_rtol(1e-6));
  const auto many = run_one(Engine::Lanes, program, plan_for(program, {}, even_times(0, 20, 5000)), at_rtol(1e-6));
  EXPECT_EQ(few.statistics.steps, many.statistics.steps);
  EXPECT_EQ(few.states[0], many.states[5000 * 2]);  // the same steps, hence the same bits
}

}  // namespace
}  // namespace osteosome::support
