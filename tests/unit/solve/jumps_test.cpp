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

/// x at `t` of infusions of `rate` over each [from, to].
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

/// How often a trigger turns true until each of `times`, and when it last did.
SmallModel counting(const std::string& trigger) {
  SmallModel m{{{"k", 0.05}}, {{"x", "1", "-k*x", ""}, {"when", "0", "zero*x", "40"}, {"count", "0", "zero*x", "1"}}, {}};
  m.events.push_back({"pulse", trigger, {{"when", "time"}, {"count", "count + 1"}}});
  return m;
}

TEST_P(Jumps, Triggers_turn_true_at_every_jump_on_the_clock) {
  struct Case {
    std::string trigger;
    double first, period;
  };
  for (const Case& c : {Case{"rem(time, 24) >= 20", 20, 24}, Case{"rem(time, 24) >= 8 && rem(time, 24) < 8.01", 8, 24},
                        Case{"floor(time/24) >= 1 && rem(time, 24) >= 20", 44, 24}, Case{"time - 24*floor(time/24) > 23.999", 23.999, 24},
                        Case{"sin(2*pi*time/24) > 0.999999", 6 - std::acos(0.999999) * 12 / std::numbers::pi, 24},
                        Case{"rem(floor(time/12), 2) == 1", 12, 24}, Case{"ceil(time/24) - floor(time/24) == 0", 24, 24}}) {
    const auto p = counting(c.trigger).program();
    const std::vector<double> times = {0, 7.99, 47, 230.001, 480.001};
    const auto result = run(p, plan_for(p, {}, times));
    const States x(p, result);
    for (std::size_t k = 0; k < times.size(); ++k) {
      const double t = times[k];
      EXPECT_EQ(std::round(x(k, "count")), t < c.first ? 0 : std::floor((t - c.first) / c.period) + 1) << c.trigger << " at " << t;
    }
    EXPECT_NEAR(x(4, "when"), c.first + c.period * std::floor((480.001 - c.first) / c.period), 1e-9) << c.trigger;
  }
}

TEST_P(Jumps, Jumps_of_states_are_crossed_one_by_one_up_and_down) {
  // x = 9.5 sin(0.1 t) rises and falls through the whole numbers: area is the integral of floor(x), held to what the crossings are located to.
  SmallModel m{
      {},
      {{"x", "0", "0.95*cos(time/10)", "10"}, {"area", "0", "floor(x)", "10"}, {"above", "0", "ceil(x)", "10"}, {"part", "0", "rem(x, 2)", "10"}},
      {}};
  const auto p = m.program();
  const double end = 55;
  const auto result = run(p, plan_for(p, {}, {end}));
  const auto integral = [&](auto f) {  // between the instants at which 9.5 sin(t/10) is whole
    std::vector<double> at = {0, end};
    for (int n = -9; n <= 9; ++n) {
      for (const double phase : {std::asin(n / 9.5), std::numbers::pi - std::asin(n / 9.5)}) {
        for (int turn = -1; turn <= 1; ++turn) at.push_back(std::clamp(10 * (phase + 2 * std::numbers::pi * turn), 0.0, end));
      }
    }
    std::sort(at.begin(), at.end());
    double sum = 0;
    for (std::size_t i = 1; i < at.size(); ++i) sum += (at[i] - at[i - 1]) * f(9.5 * std::sin((at[i] + at[i - 1]) / 20));
    return sum;
  };
  const States x(p, result);
  EXPECT_NEAR(x(0, "area"), integral([](double v) { return std::floor(v); }), 1e-5);
  EXPECT_NEAR(x(0, "above"), integral([](double v) { return std::ceil(v); }), 1e-5);
  // rem keeps the sign of x: x minus twice its whole halves
  const double wholes = 2 * integral([](double v) { return std::trunc(v / 2); });
  EXPECT_NEAR(x(0, "part"), 95 * (1 - std::cos(end / 10)) - wholes, 1e-5);
}

TEST_P(Jumps, A_state_at_a_whole_number_may_leave_it_either_way) {
  for (const double direction : {1.0, -1.0}) {
    SmallModel m{{{"v", direction}}, {{"x", "3", "v", ""}, {"area", "0", "floor(x)", "10"}}, {}};
    const auto p = m.program();
    const auto result = run(p, plan_for(p, {}, {0.5, 2.5}));
    const States x(p, result);
    EXPECT_NEAR(x(0, "area"), direction > 0 ? 1.5 : 1, 1e-6) << direction;
    EXPECT_NEAR(x(1, "area"), direction > 0 ? 3 + 4 + 2.5 : 2 + 1 + 0, 1e-6) << direction;
  }
}

TEST_P(Jumps, Doses_at_the_instant_of_a_jump_count_once) {
  const auto p = driven("piecewise(1, rem(time, 24) < 0.5, 0)").program();
  const auto result = run(p, plan_for(p, {{24, StopKind::Add, 0, 5}, {49, StopKind::Add, 0, 5}, {72, StopKind::Add, 0, 5}}, {24, 72, 100}));
  const States x(p, result);
  const auto pulse = daily(0, 0.5, 5);
  const auto bolus = [](double t) { return t > 0 ? 5 * std::exp(-0.08 * t) : 0; };
  EXPECT_NEAR(x(0, "x"), driven_exact(pulse, 1, 0.08, 24), kAccuracy);
  EXPECT_NEAR(x(1, "x"), driven_exact(pulse, 1, 0.08, 72) + bolus(48) + bolus(23), 5 * kAccuracy);
  EXPECT_NEAR(x(2, "x"), driven_exact(pulse, 1, 0.08, 100) + bolus(76) + bolus(51) + bolus(28), 5 * kAccuracy);
}

TEST_P(Jumps, Period_changed_by_an_event_or_a_stop_holds_from_there) {
  SmallModel m = driven("piecewise(1, rem(time, tau) < 0.01, 0)");
  m.parameters.emplace_back("tau", 24);
  m.events.push_back({"faster", "time >= 100", {{"tau", "7"}}});
  const auto p = m.program();
  auto plan = plan_for(p, {{150, StopKind::SetParameter, *p.parameter_index("tau"), 20}}, {99, 149, 239});
  const auto result = run(p, plan);
  const States x(p, result);
  // at 0 24 48 72 96; then 105 112 119 126 133 140 147; then 160 180 200 220
  EXPECT_NEAR(x(0, "given"), 0.05, 1e-7);
  EXPECT_NEAR(x(1, "given"), 0.12, 1e-7);
  EXPECT_NEAR(x(2, "given"), 0.16, 1e-7);
}

TEST(Jumps_on_lanes, are_the_same_bits_on_every_instruction_set_and_beside_any_neighbour) {
  SmallModel m = driven("piecewise(1, rem(time, tau) < 0.05 && sin(time) < 0.9, floor(x) > 0.2, 0.1, ceil(10*x)*0.01 - 0.02)");
  m.parameters.emplace_back("tau", 24);
  const auto p = m.program();
  std::vector<solve::SubjectPlan> plans(20, plan_for(p, {{30, StopKind::Add, 0, 3}}, {25, 100, 240}));
  for (std::size_t s = 0; s < plans.size(); ++s) plans[s].parameters[*p.parameter_index("tau")] = 7 + static_cast<double>(s);
  const auto alone = [&](std::size_t s) { return run_one(Engine::Lanes, p, plans[s], at_rtol(kRtol)).states; };
  for (const auto isa : {compile::Isa::Scalar, compile::Isa::Avx2, compile::Isa::Avx512}) {
    if (!compile::has_isa(isa)) continue;
    const auto results = run_all_lanes(p, plans, at_rtol(kRtol), {isa, true, ""}, 2);
    for (std::size_t s = 0; s < plans.size(); s += 3) EXPECT_EQ(results[s].states, alone(s)) << compile::name_of(isa) << " " << s;
  }
}

/// `delay` is for the reference engine only.
TEST(Jumps_seen_with_a_delay, arrive_when_they_should) {
  const SmallModel m{{{"pause", 5.5}}, {{"x", "0", "delay(piecewise(1, rem(time + 24, 24) < 0.01, 0), pause)", "10"}}, {}};
  const auto p = m.program();
  const auto result = solve::run_reference(p, plan_for(p, {}, {5.4, 5.6, 30, 240}), at_rtol(kRtol));
  const double expected[] = {0, 0.01, 0.02, 0.1};  // pulses arrive at 5.5 + 24 k
  for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(result.states[k], expected[k], 1e-7) << k;
}

INSTANTIATE_TEST_SUITE_P(Engines, Jumps, testing::ValuesIn(kEngines), [](const auto& instance) { return name_of(instance.param); });

}  // namespace
}  // namespace osteosome::support
