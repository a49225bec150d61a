// SPDX-License-Identifier: Apache-2.0
// Jumps of floor, ceil, rem and quotient, and pulses on the clock: found where they are, however short, in formulas and in triggers.
#include <gtest/gtest.h>

#include "solve_small_models.hpp"

namespace osteosome::support {
namespace {

using solve::StopKind;

constexpr double kRtol = 1e-9;
/// Instants on the clock are known to rounding, crossings of states as in events_test.cpp; states are good to 2e-7 (classic_test.cpp).
constexpr double kAccuracy = 2e-7;

/// x' = rate - k x from 0 and the integral of the rate.
SmallModel driven(const std::string& rate, double k = 0.08) {
  return {{{"k", k}}, {{"x", "0", rate + " - k*x", "10"}, {"given", "0", rate, "100"}}, {}};
}

/// x after boluses and infusions of `rate` over each [from, to] up to `t`.
double driven_exact(const std::vector<std::pair<double, double>>& pulses, double rate, double k, double t) {
  double x = 0;
  for (const auto& [from, to] : pulses) {
    if (t <= from) continue;
    const double end = std::min(to, t);
    x += rate / k * (std::exp(-k * (t - end)) - std::exp(-k * (t - from)));
  }
  return x;
}

std::vector<std::pair<double, double>> daily(double from, double to, int days, double period = 24) {
  std::vector<std::pair<double, double>> pulses;
  for (int d = 0; d < days; ++d) pulses.emplace_back(period * d + from, period * d + to);
  return pulses;
}

/// A model and the pulses of height 1 that its rate consists of over 240 h.
struct Pulse {
  std::string name, rate;
  std::vector<std::pair<double, double>> pulses;
};

/// Where sin(2 pi t / 24) exceeds `level`.
std::vector<std::pair<double, double>> waves(double level) {
  const double half = std::acos(level) * 24 / (2 * std::numbers::pi);
  return daily(6 - half, 6 + half, 10);
}

std::vector<Pulse> pulses() {
  return {
      {"rem_of_half_an_hour", "piecewise(1, rem(time, 24) < 0.5, 0)", daily(0, 0.5, 10)},
      {"rem_of_three_minutes", "piecewise(1, rem(time, 24) < 0.05, 0)", daily(0, 0.05, 10)},
      {"rem_of_a_second_amid_the_day", "piecewise(1, rem(time, 24) >= 8 && rem(time, 24) < 8.000278, 0)", daily(8, 8.000278, 10)},
      {"floor_by_hand", "piecewise(1, time - floor(time/24)*24 < 0.05, 0)", daily(0, 0.05, 10)},
      {"ceil_by_hand", "piecewise(1, ceil(time/24)*24 - time < 0.05, 0)", daily(23.95, 24, 10)},
      {"difference_of_quotients", "quotient(time + 0.25, 24) - quotient(time, 24)", daily(23.75, 24, 10)},
      {"difference_of_floors", "floor((time + 0.25)/24) - floor(time/24)", daily(23.75, 24, 10)},
      {"rem_of_falling_argument", "piecewise(1, rem(480 - time, 24) > 23.95, 0)", daily(0, 0.05, 10)},
      {"max_of_a_saw_tooth", "piecewise(1, max(rem(time, 24), 1) > 23.9, 0)", daily(23.9, 24, 10)},
      {"abs_of_a_saw_tooth", "piecewise(1, abs(rem(time, 24) - 12) < 0.02, 0)", daily(11.98, 12.02, 10)},
      {"window_of_comparisons", "piecewise(1, time >= 100 && time < 100.01, 0)", {{100, 100.01}}},
      {"narrow_sine", "piecewise(1, sin(2*pi*time/24) > 0.9999, 0)", waves(0.9999)},
      {"needle_of_a_sine", "piecewise(1, sin(2*pi*time/24) > 0.99999999, 0)", waves(0.99999999)},
      {"wide_sine", "piecewise(1, sin(2*pi*time/24) > 0, 0)", daily(0, 12, 10)},
      {"parabola", "piecewise(1, (time - 100)^2 < 1e-4, 0)", {{99.99, 100.01}}},
  };
}

class Jumps : public testing::TestWithParam<Engine> {
 protected:
  solve::SubjectResult run(const compile::Program& program, const solve::SubjectPlan& plan) const {
    auto result = run_one(GetParam(), program, plan, at_rtol(kRtol));
    EXPECT_EQ(result.status, solve::Status::Completed) << result.message;
    return result;
  }
};

TEST_P(Jumps, Pulses_on_the_clock_are_seen_however_short) {
  const std::vector<double> times = {0, 30, 60, 120.001, 240};
  for (const Pulse& pulse : pulses()) {
    const auto p = driven(pulse.rate).program();
    const auto result = run(p, plan_for(p, {}, times));
    const States x(p, result);
    double length = 0;
    for (const auto& [from, to] : pulse.pulses) length += to - from;
    for (std::size_t k = 0; k < times.size(); ++k) {
      EXPECT_NEAR(x(k, "x"), driven_exact(pulse.pulses, 1, 0.08, times[k]), 1e-6 * length + 1e-9) << pulse.name << " at " << times[k];
    }
    EXPECT_NEAR(x(4, "given"), length, 1e-6 * length + 1e-9) << pulse.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, Jumps, testing::ValuesIn(kEngines), [](const auto& instance) { return name_of(instance.param); });

}  // namespace
}  // namespace osteosome::support
