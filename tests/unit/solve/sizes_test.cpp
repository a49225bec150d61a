// SPDX-License-Identifier: Apache-2.0
// States that start at 0 are as accurate as others, whatever unit they are counted in. Expected values are closed forms.
#include <gtest/gtest.h>

#include <cmath>

#include "solve_support.hpp"

namespace osteosome::support {
namespace {

using solve::Status;
using solve::StopKind;

constexpr double kRtol = 1e-6;
// Errors of single steps add up over a course: 200 rtol, as in classic_test.cpp.
constexpr double kRelative = 200 * kRtol;

class Sizes : public testing::TestWithParam<Engine> {};

/// Transcription, translation and decay, in amounts of `unit`.
SmallModel gene(double unit) {
  return {{{"ks", 2e-2 * unit}, {"kd", 3e-3}, {"kt", 5e-2}, {"kp", 2e-4}},
          {{"mRNA", "0", "ks - kd*mRNA", ""}, {"protein", "0", "kt*mRNA - kp*protein", ""}},
          {}};
}

TEST_P(Sizes, Amounts_in_moles_of_one_cell_and_in_molecules_are_as_accurate) {
  for (const double unit : {1e-24, 1.0, 1e24}) {
    const auto program = gene(unit).program();
    const auto plan = plan_for(program, {}, even_times(0, 20000, 10));
    const auto result = run_one(GetParam(), program, plan, at_rtol(kRtol));
    ASSERT_EQ(result.status, Status::Completed) << unit << ": " << result.message;
    const States x(program, result);
    const double ks = 2e-2 * unit, kd = 3e-3, kt = 5e-2, kp = 2e-4;
    for (std::size_t k = 1; k < plan.outputs.size(); ++k) {
      const double t = plan.outputs[k].time;
      const double protein = kt * ks / kd * ((1 - std::exp(-kp * t)) / kp - (std::exp(-kp * t) - std::exp(-kd * t)) / (kd - kp));
      EXPECT_NEAR(x(k, "mRNA") / (ks / kd * (1 - std::exp(-kd * t))), 1, kRelative) << unit << " at " << t;
      EXPECT_NEAR(x(k, "protein") / protein, 1, kRelative) << unit << " at " << t;
    }
  }
}

/// Second order: A -> B at k A^2 from A(0) = 1 unit, so B = k t/(1 + k t) units; a tolerance far above the unit makes A negative, and then infinite.
TEST_P(Sizes, Dimers_of_tiny_amounts_form_at_the_right_rate) {
  for (const double unit : {1e-22, 1e9}) {
    const SmallModel model{
        {{"k", 1 / unit}, {"feed", unit}}, {{"depot", "feed", "-1000*depot", ""}, {"a", "0", "1000*depot - k*a*a", ""}, {"b", "0", "k*a*a", ""}}, {}};
    const auto program = model.program();
    const auto plan = plan_for(program, {}, {0, 10, 100});
    const auto result = run_one(GetParam(), program, plan, at_rtol(kRtol));
    ASSERT_EQ(result.status, Status::Completed) << result.message;
    const States x(program, result);
    // While the depot empties a is 1 - e^(-1000 t), so that the integral of a^2 is behind by 1.5/1000 h; what is left out is of the order of its
    // square.
    for (std::size_t k = 1; k < 3; ++k) {
      const double t = plan.outputs[k].time - 1.5e-3;
      EXPECT_NEAR(x(k, "a") / (unit / (1 + t)), 1, kRelative) << unit;
      EXPECT_NEAR(x(k, "b") / (unit * t / (1 + t)), 1, kRelative) << unit;
    }
  }
}

TEST_P(Sizes, A_dose_of_a_thousand_million_cells_leaves_milligrams_beside_it_alone) {
  const SmallModel model{{{"ka", 0.5}, {"ke", 0.2}, {"kc", 0.01}},
                         {{"gut", "0", "-ka*gut", ""}, {"plasma", "0", "ka*gut - ke*plasma", ""}, {"cells", "0", "-kc*cells", ""}},
                         {}};
  const auto program = model.program();
  const auto index = [&](const char* name) { return static_cast<std::uint32_t>(program.state_index(name).value()); };
  const auto plan = plan_for(program, {{1, StopKind::Add, index("cells"), 1e9}, {2, StopKind::Add, index("gut"), 1e-3}}, {0, 3, 6, 12, 26});
  const auto result = run_one(GetParam(), program, plan, at_rtol(kRtol));
  ASSERT_EQ(result.status, Status::Completed) << result.message;
  const States x(program, result);
  for (std::size_t k = 1; k < plan.outputs.size(); ++k) {
    const double t = plan.outputs[k].time - 2;
    EXPECT_NEAR(x(k, "plasma") / (1e-3 * 0.5 / 0.3 * (std::exp(-0.2 * t) - std::exp(-0.5 * t))), 1, kRelative) << t;
    EXPECT_NEAR(x(k, "cells") / (1e9 * std::exp(-0.01 * (t + 1))), 1, kRelative) << t;
  }
}

/// Nine compartments in a row, x_n = D (k t)^n/n! e^(-k t): the last ones leave 0 as a power of time above the order of the method.
TEST_P(Sizes, A_long_chain_of_compartments_fills) {
  SmallModel model{{{"k", 2}}, {{"x0", "0", "-k*x0", ""}}, {}};
  for (int n = 1; n < 9; ++n) {
    const std::string id = "x" + std::to_string(n), before = "x" + std::to_string(n - 1);
    model.species.push_back({id, "0", "k*" + before + " - k*" + id, ""});
  }
  for (const double dose : {1e-20, 1.0, 1e12}) {
    const auto program = model.program();
    const auto plan = plan_for(program, {{1000, StopKind::Add, 0, dose}}, {0, 999, 1000.5, 1001, 1002, 1004, 1008});
    const auto result = run_one(GetParam(), program, plan, at_rtol(kRtol));
    ASSERT_EQ(result.status, Status::Completed) << dose << ": " << result.message;
    const States x(program, result);
    for (std::size_t n = 0; n < 9; ++n) EXPECT_EQ(x(1, "x" + std::to_string(n)), 0);
    for (std::size_t k = 2; k < plan.outputs.size(); ++k) {
      const double kt = 2 * (plan.outputs[k].time - 1000);
      for (int n = 0; n < 9; ++n) {
        const double exact = dose * std::pow(kt, n) / std::tgamma(n + 1) * std::exp(-kt);
        EXPECT_NEAR(x(k, "x" + std::to_string(n)), exact, kRelative * (exact + solve::kTypicalFraction * dose)) << dose << " x" << n;
      }
    }
    EXPECT_LT(result.statistics.steps, 3000U);  // the last compartments take some hundred steps to leave 0; nothing else is asked of them
  }
}

/// The integral of a deviation from rest stays 0 but for rounding, which no shorter step makes smaller: sum of 1e4 h of flows of 1e9 at 1e-16.
TEST_P(Sizes, Flows_that_cancel_cost_no_steps) {
  const SmallModel model{{{"kin", 3e9}, {"kout", 0.7}}, {{"r", "kin/kout", "kin - kout*r", ""}, {"deviation", "0", "kout*r - kin", ""}}, {}};
  const auto program = model.program();
  const auto result = run_one(GetParam(), program, plan_for(program, {}, {0, 5000, 1e4}), at_rtol(kRtol));
  ASSERT_EQ(result.status, Status::Completed) << result.message;
  EXPECT_LT(result.statistics.steps + result.statistics.rejected, 2500U);
  EXPECT_LE(std::abs(States(program, result)(2, "deviation")), 1e4 * 3e9 * 1e-15);
}

/// What begins late, at a time that many steps of the machine's precision make up: (t - 23.98)^2/2 up to 24, then that each day.
TEST_P(Sizes, A_state_that_leaves_0_late_and_slowly) {
  const auto program = SmallModel{{{"k", 0.01}}, {{"d", "0", "k*max(0, rem(time, 24) - 23.98)", ""}}, {}}.program();
  const auto plan = plan_for(program, {}, {23, 23.99, 24, 48});
  const auto result = run_one(GetParam(), program, plan, at_rtol(kRtol));
  ASSERT_EQ(result.status, Status::Completed) << result.message;
  const States x(program, result);
  EXPECT_EQ(x(0, "d"), 0);
  EXPECT_NEAR(x(1, "d") / (0.01 * 0.01 * 0.01 / 2), 1, kRelative);
  EXPECT_NEAR(x(2, "d") / (0.01 * 0.02 * 0.02 / 2), 1, kRelative);
  EXPECT_NEAR(x(3, "d") / (0.01 * 0.02 * 0.02), 1, kRelative);
}

/// Whole powers above those that are multiplied out: dx/dt = -x^9, x^-8 = x(0)^-8 + 8 t, and x keeps its sign.
TEST_P(Sizes, High_whole_powers_of_what_is_negative) {
  const auto program = SmallModel{{}, {{"x", "-1", "-x^9", ""}, {"y", "-1", "-y*(y^10)", ""}}, {}}.program();
  const auto result = run_one(GetParam(), program, plan_for(program, {}, {0, 1}), at_rtol(kRtol));
  ASSERT_EQ(result.status, Status::Completed) << result.message;
  const States x(program, result);
  EXPECT_NEAR(x(1, "x"), -std::pow(9, -1.0 / 8), kRelative);
  EXPECT_NEAR(x(1, "y"), -std::pow(11, -1.0 / 10), kRelative);
}

/// An activation written so that it cancels, (1 + z - 1)/(1 + z) with z = (a/K)^4, is a staircase of 1e-16 while z is small: rounding of its flow,
/// which shows in no derivative. It ends in the last resort, and says so; a = 5 (1 - e^-t), and b against the same integral without the cancelling.
TEST_P(Sizes, Formulas_that_cancel_come_to_an_end) {
  const SmallModel model{
      {{"K", 0.02}},
      {{"a", "0", "1e-3*(5 - a)", ""},
       {"b", "0", "(1 + (a/K)^4 - 1)/(1 + (a/K)^4)", ""},
       {"c", "0", "(1 + (b/K)^4 - 1)/(1 + (b/K)^4)", ""},
       {"plain", "0", "(a/K)^4/(1 + (a/K)^4)", ""}},
      {}};
  const auto program = model.program();
  const auto result = run_one(GetParam(), program, plan_for(program, {}, {0, 10}), at_rtol(kRtol));
  ASSERT_EQ(result.status, Status::Completed) << result.message;
  const States x(program, result);
  EXPECT_NEAR(x(1, "a") / (5 * -std::expm1(-0.01)), 1, kRelative);
  EXPECT_NEAR(x(1, "b") / x(1, "plain"), 1, kRelative);
  EXPECT_LT(result.statistics.steps + result.statistics.rejected, 100'000U);
}

/// Growth from a trickle, dx/dt = a + r x: x = a/r (e^(r t) - 1). What it reaches late says nothing about how accurate it must be early.
TEST_P(Sizes, A_culture_that_grows_from_nothing) {
  const auto program = SmallModel{{{"a", 1e-6}, {"r", 0.5}}, {{"x", "0", "a + r*x", ""}}, {}}.program();
  const auto plan = plan_for(program, {}, {0, 1, 60});
  const auto result = run_one(GetParam(), program, plan, at_rtol(kRtol));
  ASSERT_EQ(result.status, Status::Completed) << result.message;
  const States x(program, result);
  // Relative errors of single steps add up, over 30 time constants.
  for (std::size_t k = 1; k < 3; ++k) EXPECT_NEAR(x(k, "x") / (2e-6 * std::expm1(0.5 * plan.outputs[k].time)), 1, 3 * kRelative);
}

INSTANTIATE_TEST_SUITE_P(Engines, Sizes, testing::ValuesIn(kEngines), [](const auto& p) { return name_of(p.param); });

}  // namespace
}  // namespace osteosome::support
