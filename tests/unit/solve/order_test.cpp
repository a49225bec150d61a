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
/// Smooth problems whose steps stay nearly even, so that steps count as 1/h.
std::vector<Problem> problems() {
  return {{"oscillator", oscillator(), 20, [](double t) { return std::cos(t); }},
          {"nonlinear_with_explicit_time", SmallModel{{}, {{"x", "1", "x*cos(time)", ""}}, {}}, 20, [](double t) { return std::exp(std::sin(t)); }},
          {"forced", SmallModel{{}, {{"x", "0", "-x + sin(time)", "1"}}, {}}, 20,
           [](double t) { return (std::sin(t) - std::cos(t)) / 2 + 0.5 * std::exp(-t); }}};
}

/// Slope of log(error at the end) over log(steps), least squares over tolerances.
double measured_order(const Problem& problem, const char* method) {
  const auto program = problem.model.program();
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  // From few steps a quarter period down to where rounding (1e-14) is still a hundredth of the error.
  for (double rtol = 1e-4; rtol > 0.9e-10; rtol /= std::sqrt(10.0)) {
    const auto plan = plan_for(program, {}, {problem.end});
    const auto result = run_one(Engine::Lanes, program, plan, at_rtol(rtol, method));
    EXPECT_EQ(result.status, solve::Status::Completed);
    const double x = std::log(static_cast<double>(result.statistics.steps));
    const double y = std::log(std::abs(result.states[0] - problem.exact(problem.end)));
    n += 1;
    sx += x;
    sy += y;
    sxx += x * x;
    sxy += x * y;
  }
  const double slope = -(n * sxy - sx * sy) / (n * sxx - sx * sx);
  std::cout << "  " << method << " on " << problem.name << ": order " << slope << "\n";
  return slope;
}

TEST(Order, Rodas5p_smooth_problems_fifth_order) {
  // 4.7: the step count has jitter (first steps, last step), which moves the slope by 0.1 to 0.2.
  for (const auto& problem : problems()) EXPECT_GE(measured_order(problem, "rodas5p"), 4.7) << problem.name;
}

TEST(Order, Rodas4_smooth_problems_fourth_order) {
  for (const auto& problem : problems()) EXPECT_GE(measured_order(problem, "rodas4"), 3.7) << problem.name;
}

TEST(Order, Unknown_method_is_refused) {
  const auto program = oscillator().program();
  EXPECT_THROW(run_one(Engine::Lanes, program, plan_for(program, {}, {1}), at_rtol(1e-6, "rodas6")), std::exception);
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
      std::cout << "  " << method << " rtol " << rtol << ": worst " << worst << ", at the end " << at_end << ", steps " << result.statistics.steps << "\n";
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
