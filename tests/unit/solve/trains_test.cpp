// SPDX-License-Identifier: Apache-2.0
// Trains of equal doses (docs/decisions/0035-trains-of-doses.md): periods that are passed over leave what computing them would have left, and a state
// that is not looked at is as accurate as those that are can tell.
#include <gtest/gtest.h>

#include <cstring>
#include <numbers>
#include <random>

#include "solve_openbonemin.hpp"
#include "solve_small_models.hpp"

namespace osteosome::support {
namespace {

using solve::Stop;
using solve::StopKind;

solve::Options throughout(double rtol) {
  auto options = at_rtol(rtol);
  options.pass_over_periods = false;
  return options;
}

std::vector<Stop> doses(double first, double interval, int count, std::uint32_t state, double amount) {
  std::vector<Stop> stops;
  for (int k = 0; k < count; ++k) stops.push_back({first + interval * k, StopKind::Add, state, amount});
  return stops;
}
std::vector<Stop> together(std::vector<Stop> a, const std::vector<Stop>& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::stable_sort(a.begin(), a.end(), [](const Stop& x, const Stop& y) { return x.time < y.time; });
  return a;
}

/// Drug that bone takes up, and cells that it holds back: fast, slow and nonlinear, like a bisphosphonate in hours and days.
compile::Program turnover_model() {
  return SmallModel{
      {{"ka", 1.1}, {"ke", 0.2}, {"kin", 0.004}, {"kout", 0.001}, {"kc", 0.005}, {"kb", 0.0002}},
      {{"gut", "0", "-ka*gut", "1"},
       {"plasma", "0", "ka*gut - (ke + kin*cells^0.3)*plasma", "1"},
       {"surface", "0", "kin*cells^0.3*plasma - kout*surface", "1"},
       {"cells", "1", "kc*(1/(1 + 3*surface + 0.2*plasma) - cells)", ""},
       {"bone", "1", "kb*(1 - cells*bone)", ""}},
      {}}
      .program();
}

class Trains : public testing::Test {
 protected:
  /// Passing over is at most `may` off what 1e-11 gives throughout, and takes at most `share` of the steps.
  static void expect_right(const compile::Program& p, const solve::SubjectPlan& plan, double may, double share, double rtol = 1e-7) {
    const auto exact = run_one(Engine::Lanes, p, plan, throughout(1e-11));
    const auto computed = run_one(Engine::Lanes, p, plan, throughout(rtol)), passed = run_one(Engine::Lanes, p, plan, at_rtol(rtol));
    ASSERT_EQ(passed.status, solve::Status::Completed) << passed.message;
    EXPECT_LE(achieved_error(passed.states, exact.states, p.states.size()), may)
        << "throughout: " << achieved_error(computed.states, exact.states, p.states.size());
    EXPECT_LE(static_cast<double>(passed.statistics.steps), share * static_cast<double>(computed.statistics.steps)) << computed.statistics.steps;
  }
};

TEST_F(Trains, Superpose_in_linear_kinetics) {
  const TwoCompartments kinetics;
  const auto p = kinetics.model().program();
  for (const double every : {7.3, 24.0, 100.0}) {
    const auto plan = plan_for(p, doses(5, every, 400, 0, 3), even_times(0, 401.5 * every, 37));
    const auto found = run_one(Engine::Lanes, p, plan, at_rtol(1e-7));
    ASSERT_EQ(found.status, solve::Status::Completed);
    EXPECT_LT(found.statistics.steps, 9000U) << "a few of 400 periods are computed";
    for (std::size_t k = 0; k < plan.outputs.size(); ++k) {
      double expected = 0;
      for (const Stop& s : plan.stops) expected += 3 * kinetics.central_after_oral(plan.outputs[k].time - s.time);
      EXPECT_NEAR(States(p, found)(k, "central"), expected, 2e-6 * expected + 1e-8) << plan.outputs[k].time;
    }
  }
}

TEST_F(Trains, Agree_with_the_reference_where_slow_states_answer) {
  const auto p = turnover_model();
  const auto plan = plan_for(p, doses(100, 24, 700, 0, 2), even_times(0, 17490, 25));
  const auto reference = run_one(Engine::Reference, p, plan, at_rtol(1e-9)), found = run_one(Engine::Lanes, p, plan, at_rtol(1e-7));
  EXPECT_LE(achieved_error(found.states, reference.states, p.states.size()), 3e-6);
  expect_right(p, plan, 2e-6, 0.3);
}

TEST_F(Trains, Of_many_kinds) {
  const auto p = turnover_model();
  const auto times = even_times(0, 8990, 30);
  std::vector<Stop> infusions, unequal = doses(0, 24, 350, 0, 2), missed = doses(0, 24, 350, 0, 2);
  for (int k = 0; k < 360; ++k) {
    infusions.push_back({25.0 * k, StopKind::ChangeRate, 1, 2});
    infusions.push_back({25.0 * k + 1.5, StopKind::ChangeRate, 1, -2});
  }
  for (std::size_t k = 170; k < unequal.size(); ++k) unequal[k].value = 5;
  missed.erase(missed.begin() + 100);
  missed.erase(missed.begin() + 220, missed.begin() + 223);
  expect_right(p, plan_for(p, infusions, times), 2e-6, 0.5);
  expect_right(p, plan_for(p, unequal, times), 2e-6, 0.5);
  expect_right(p, plan_for(p, missed, times), 2e-6, 0.5);
  expect_right(p, plan_for(p, together(doses(0, 24, 370, 0, 2), doses(6, 24, 370, 1, 1)), times), 2e-6, 0.5);
  expect_right(p, plan_for(p, together(doses(0, 24, 370, 0, 2), doses(0, 24, 370, 1, 1)), times), 2e-6, 0.5);
  expect_right(p, plan_for(p, together(doses(0, 24, 370, 0, 2), doses(6, 24 * 30, 12, 1, 1)), times), 2e-6, 0.9);
  auto changed = together(doses(0, 24, 370, 0, 2), {{4001, StopKind::SetParameter, p.parameter_index("kout").value(), 0.01}});
  expect_right(p, plan_for(p, changed, times), 2e-6, 0.5);
}

/// Infusions that overlap: the input goes up with each of the first ten, and down again after the last.
TEST_F(Trains, Of_infusions_longer_than_their_distance) {
  const double ke = 0.02, rate = 0.3, length = 480;
  const auto p = SmallModel{{{"ke", ke}}, {{"x", "0", "-ke*x", "1"}}, {}}.program();
  std::vector<Stop> stops;
  for (int k = 0; k < 60; ++k) {
    stops.push_back({24.0 * k, StopKind::ChangeRate, 0, rate});
    stops.push_back({24.0 * k + length, StopKind::ChangeRate, 0, -rate});
  }
  const auto plan = plan_for(p, together(stops, {}), even_times(0, 2700, 9));
  const auto found = run_one(Engine::Lanes, p, plan, at_rtol(1e-8));
  for (std::size_t m = 0; m < plan.outputs.size(); ++m) {
    const double t = plan.outputs[m].time;
    double expected = 0;
    for (int k = 0; k < 60; ++k) {
      const double since = std::max(0.0, t - 24.0 * k), running = std::min(since, length);
      expected += rate / ke * (std::exp(-ke * (since - running)) - std::exp(-ke * since));
    }
    EXPECT_NEAR(States(p, found)(m, "x"), expected, 1e-6 * (1 + expected)) << t;
  }
}

TEST_F(Trains, Outputs_stand_wherever_they_are_asked_for) {
  const auto p = turnover_model();
  std::vector<double> times = {0, 24, 24 * 100.0, 24 * 100 + 0.5, 24 * 200 - 1e-6, 24 * 201.0, 24 * 201 + 1e-6};
  for (int k = 0; k < 20; ++k) times.push_back(24 * 210 + 0.01 * k * k * k);  // on every side of a pulse
  for (int k = 1; k < 60; ++k) times.push_back(24 * 215 + 61.7 * k);
  std::sort(times.begin(), times.end());
  auto plan = plan_for(p, doses(0, 24, 400, 0, 2), times);
  expect_right(p, plan, 2e-6, 0.6);
  std::uint32_t stops = 0;
  for (auto& output : plan.outputs) {  // after the doses of their time
    while (stops < plan.stops.size() && plan.stops[stops].time <= output.time) ++stops;
    output.after_stops = stops;
  }
  expect_right(p, plan, 2e-6, 0.6);
}

TEST_F(Trains, Where_the_clock_drives_the_model) {
  for (const double rhythm : {24.0, 168.0, 24 * std::numbers::e}) {
    const SmallModel m{
        {{"ka", 1.1}, {"ke", 0.2}, {"k", 0.003}, {"w", 2 * std::numbers::pi / rhythm}},
        {{"gut", "0", "-ka*gut", "1"}, {"plasma", "0", "ka*gut - ke*plasma", "1"}, {"cells", "1", "k*(1 + 0.5*sin(w*time) + plasma - cells)", ""}},
        {}};
    const auto p = m.program();
    expect_right(p, plan_for(p, doses(0, 24, 300, 0, 2), even_times(3, 7183, 20)), 2e-6, 1.2);
  }
}

/// Loss jumps while the drug is above a level that falls with the cells: crossed twice a day at first, then no more.
TEST_F(Trains, See_crossings_begin_and_end) {
  const SmallModel m{{{"ka", 1.1}, {"ke", 0.2}, {"k", 0.003}},
                     {{"gut", "0", "-ka*gut", "1"},
                      {"plasma", "0", "ka*gut - ke*plasma", "1"},
                      {"cells", "1", "k*(0.2 - cells*piecewise(1, plasma > 2*cells, 0.3))", ""}},
                     {}};
  const auto p = m.program();
  for (const double dose : {0.7, 1.0, 1.5, 3.0}) expect_right(p, plan_for(p, doses(0, 24, 300, 0, dose), even_times(3, 7183, 20)), 5e-6, 1.05);
  const SmallModel clock{
      {{"ka", 1.1}, {"ke", 0.2}, {"k", 0.003}},
      {{"gut", "0", "-ka*gut", "1"},
       {"plasma", "0", "ka*gut - ke*plasma", "1"},
       {"cells", "1", "k*(plasma - cells*piecewise(1, time > 3001 && time < 3004, 0.3, time > 5000, 0.6))", ""}},
      {}};
  const auto q = clock.program();
  expect_right(q, plan_for(q, doses(0, 24, 300, 0, 1), even_times(3, 7183, 20)), 5e-6, 0.7);
}

TEST_F(Trains, Of_linear_kinetics_drawn_at_random_superpose) {
  std::mt19937_64 bits(20261130);
  const auto uniform = [&](double low, double high) { return low + (high - low) * static_cast<double>(bits() >> 11) * 0x1p-53; };
  for (int trial = 0; trial < 25; ++trial) {
    const double ka = std::exp(uniform(-2, 2)), ke = std::exp(uniform(-5, 0)), every = std::exp(uniform(1, 5));
    const auto p = one_compartment(ka, ke).program();
    const auto plan = plan_for(p, doses(uniform(0, 9), every, 200, 0, 10), even_times(0, uniform(50, 210) * every, 1 + trial));
    const auto found = run_one(Engine::Lanes, p, plan, at_rtol(1e-7));
    ASSERT_EQ(found.status, solve::Status::Completed);
    for (std::size_t k = 0; k < plan.outputs.size(); ++k) {
      double expected = 0, largest = 0;
      for (const Stop& s : plan.stops) {
        expected += 10 * central_after_oral(ka, ke, plan.outputs[k].time - s.time);
        largest += 10 * std::exp(-ke * std::max(0.0, plan.outputs[k].time - s.time)) * (s.time < plan.outputs[k].time ? 1 : 0);
      }
      EXPECT_NEAR(States(p, found)(k, "central"), expected, 3e-6 * expected + 1e-9 * largest + 1e-9)
          << "ka " << ka << " ke " << ke << " every " << every << " output " << k << " of " << plan.outputs.size() << " period "
          << (plan.outputs[k].time - plan.stops[0].time) / every;
    }
  }
}

/// What is looked at keeps its accuracy, though the states that feed it need fewer steps; a drug that is looked at stays right however low it gets.
TEST_F(Trains, What_is_not_looked_at_is_weighed_by_what_it_feeds) {
  const auto p = turnover_model();
  const auto plan = plan_for(p, doses(0, 400, 10, 0, 2), even_times(0, 4000, 77));
  auto bone = at_rtol(1e-6), plasma = at_rtol(1e-6);
  bone.observed = {{p.state_index("bone").value(), p.state_index("cells").value()}};
  plasma.observed = {{p.state_index("plasma").value()}};
  const auto exact = run_one(Engine::Lanes, p, plan, throughout(1e-11)), all = run_one(Engine::Lanes, p, plan, at_rtol(1e-6));
  const auto of_bone = run_one(Engine::Lanes, p, plan, bone), of_plasma = run_one(Engine::Lanes, p, plan, plasma);
  EXPECT_LT(static_cast<double>(of_bone.statistics.steps), 0.7 * static_cast<double>(all.statistics.steps));
  for (std::size_t k = 0; k < plan.outputs.size(); ++k) {
    for (const char* name : {"bone", "cells"}) {
      EXPECT_NEAR(States(p, of_bone)(k, name), States(p, exact)(k, name), 2e-6 * States(p, exact)(k, name)) << name << " " << k;
    }
    const double drug = States(p, exact)(k, "plasma");
    EXPECT_NEAR(States(p, of_plasma)(k, "plasma"), drug, 1e-5 * drug + 2e-9) << k;
  }
}

/// Decisions in periods that are passed over: asking changes no bit, and a change equals the regimen written in advance.
TEST_F(Trains, Decisions_on_the_way) {
  const auto p = turnover_model();
  const auto times = even_times(0, 9000, 11);
  const auto plain = plan_for(p, doses(10, 24, 370, 0, 2), times);
  const std::vector<double> visits = {0, 10, 100, 298, 1000, 2000.5, 3000, 3010, 4066, 5000, 7000, 8999};
  solve::LaneCode code(p, {});
  const auto run = [&](const solve::SubjectPlan& plan, const solve::Decide& decide) {
    solve::SubjectResult result;
    solve::run_lanes(
        p, code, 1, [&](std::size_t) { return plan; },
        [&](std::size_t, const solve::SubjectPlan&, solve::SubjectResult&& r) { result = std::move(r); }, at_rtol(1e-7), 1, {}, decide);
    return result;
  };
  const auto same = [](const solve::SubjectResult& a, const solve::SubjectResult& b) {
    return a.states.size() == b.states.size() && std::memcmp(a.states.data(), b.states.data(), a.states.size() * sizeof(double)) == 0;
  };
  const auto unasked = run(plain, {});
  const auto exact = run_one(Engine::Lanes, p, plan_for(p, plain.stops, visits), throughout(1e-11));
  ASSERT_LT(unasked.statistics.steps, 10000U) << "periods are passed over in this test";
  auto asked = plain;
  asked.decisions = visits;
  std::vector<double> when;
  std::vector<solve::SubjectState> states;
  const auto cut = run(asked, [&](const solve::Snapshot& at) {
    for (std::size_t i = 0; i < p.states.size(); ++i) {
      const double right = exact.states[when.size() * p.states.size() + i];
      EXPECT_NEAR(at.states[i], right, 1e-5 * std::abs(right) + 1e-8) << p.states[i] << " at " << at.time;
    }
    when.push_back(at.time);
    states.push_back(at.state());
    return std::nullopt;
  });
  EXPECT_EQ(when, visits);
  EXPECT_TRUE(same(unasked, cut));
  EXPECT_EQ(unasked.statistics.steps, cut.statistics.steps);
  for (const auto& state : states) {
    solve::SubjectPlan rest;
    rest.from = std::make_shared<const solve::SubjectState>(solve::SubjectState::from_bytes(p, state.to_bytes()));
    EXPECT_TRUE(same(unasked, run(rest, [](const solve::Snapshot&) { return std::nullopt; }))) << state.time();
  }
  for (const double visit : visits) {
    for (const double dose : {0.0, 5.0}) {
      auto written = plain;
      std::erase_if(written.stops, [&](const Stop& s) { return s.time >= visit; });
      std::vector<Stop> change;
      for (int k = 0; dose > 0 && visit + 24 * k < 8900; ++k) change.push_back({visit + 24 * k, StopKind::Add, 0, dose});
      written.stops.insert(written.stops.end(), change.begin(), change.end());
      set_outputs_before_stops(written, times);
      bool done = false;
      const auto changed = run(asked, [&](const solve::Snapshot& at) -> std::optional<solve::Change> {
        if (at.time != visit || std::exchange(done, true)) return std::nullopt;
        return solve::Change{change};
      });
      EXPECT_TRUE(same(run(written, {}), changed)) << "at " << visit << ", then " << dose;
    }
  }
}

TEST_F(Trains, Same_bits_whoever_shares_the_block) {
  const auto p = published("peterson-riggs-2010");
  std::vector<solve::SubjectPlan> plans;
  for (std::size_t s = 0; s < 40; ++s) {
    std::vector<Stop> stops;
    add_teriparatide(p, stops, s % 2 == 0 ? 20 : 40, 0, s % 3 == 0 ? 5 : 120);
    plans.push_back(plan_for(p, stops, even_times(0, 130 * 24, 5)));
    plans.back().parameters[p.parameter_index("kb").value()] *= 1 + 0.01 * static_cast<double>(s);
    if (s % 5 == 0) plans.back().stops.insert(plans.back().stops.begin(), {0, StopKind::SetParameter, p.parameter_index("koutL").value(), 0.003});
    if (s % 5 == 0) set_outputs_before_stops(plans.back(), even_times(0, 130 * 24, 5));
  }
  const auto options = at_rtol(1e-5);
  const auto one = run_all_lanes(p, plans, options), two = run_all_lanes(p, plans, options, {}, 2);
  solve::LaneCode::Settings scalar_tape{compile::Isa::Scalar, true, {}};
  const auto plain = run_all_lanes(p, plans, options, scalar_tape);
  for (std::size_t s = 0; s < plans.size(); ++s) {
    const auto alone = run_one(Engine::Lanes, p, plans[s], options);
    for (const auto* other : {&two[s], &plain[s], &alone}) {
      EXPECT_EQ(std::memcmp(one[s].states.data(), other->states.data(), one[s].states.size() * sizeof(double)), 0) << s;
      EXPECT_EQ(one[s].statistics.steps, other->statistics.steps) << s;
    }
  }
}

}  // namespace
}  // namespace osteosome::support
