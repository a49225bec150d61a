// SPDX-License-Identifier: Apache-2.0
// Decisions on the way (docs/decisions/0030-resumable-subjects.md): what changes nothing keeps every bit, what changes the regimen equals the regimen
// written in advance, and a state goes on as if it had never been taken.
#include <gtest/gtest.h>

#include <cstring>
#include <mutex>

#include "osteosome/core/diagnostics.hpp"
#include "solve_small_models.hpp"

namespace osteosome::support {
namespace {

using solve::Change;
using solve::Snapshot;
using solve::Stop;
using solve::StopKind;

constexpr double kRtol = 1e-7;

/// Depot and central; where central comes to exceed 4 a delayed event takes half of it, by the value of when it was triggered; at 31 h, by the clock,
/// some is added. Doses every 12 h, an infusion from 20 to 43 h.
compile::Program busy_model(bool delayed) {
  const std::string back = delayed ? " + 0.02*delay(central, 6.5)" : "";
  SmallModel m{{{"ka", 0.9}, {"ke", 0.11}},
               {{"depot", "0", "-ka*depot", ""}, {"central", "0.5", "ka*depot - ke*central" + back, ""}, {"count", "0", "zero*depot", "1"}},
               {}};
  m.events.push_back({"halve", "central > 4", {{"central", "central/2"}, {"count", "count + 1"}}, true, "7"});
  m.events.push_back({"extra", "time >= 31", {{"depot", "depot + 1"}}});
  return m.program();
}
solve::SubjectPlan busy_plan(const compile::Program& p, double dose = 5) {
  std::vector<Stop> stops;
  for (int k = 0; k < 6; ++k) stops.push_back({12.0 * k, StopKind::Add, 0, dose});
  stops.push_back({20, StopKind::ChangeRate, 1, 0.3});
  stops.push_back({43, StopKind::ChangeRate, 1, -0.3});
  stops.push_back({52, StopKind::SetParameter, p.parameter_index("ke").value(), 0.07});
  return plan_for(p, stops, even_times(0, 80, 16));
}

struct Ran {
  solve::SubjectPlan plan;
  solve::SubjectResult result;
};

std::vector<Ran> run_all(Engine engine, const compile::Program& program, const std::vector<solve::SubjectPlan>& plans, const solve::Decide& decide,
                         unsigned threads = 1) {
  std::vector<Ran> runs(plans.size());
  const auto source = [&](std::size_t s) { return plans[s]; };
  const auto sink = [&](std::size_t s, const solve::SubjectPlan& plan, solve::SubjectResult&& r) { runs[s] = {plan, std::move(r)}; };
  if (engine == Engine::Reference) {
    solve::run_reference_ensemble(program, plans.size(), source, sink, at_rtol(kRtol), threads, {}, decide);
  } else {
    solve::LaneCode code(program, {});
    solve::run_lanes(program, code, plans.size(), source, sink, at_rtol(kRtol), threads, {}, decide);
  }
  return runs;
}
Ran run(Engine engine, const compile::Program& program, const solve::SubjectPlan& plan, const solve::Decide& decide = {}) {
  return std::move(run_all(engine, program, {plan}, decide).front());
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}
void expect_same(const Ran& expected, const Ran& found, const std::string& what = "") {
  EXPECT_EQ(expected.result.status, found.result.status) << what << " " << found.result.message;
  EXPECT_TRUE(same_bits(expected.result.states, found.result.states)) << what;
  EXPECT_TRUE(same_bits(expected.result.parameters, found.result.parameters)) << what;
  EXPECT_TRUE(same_bits(expected.result.delayed, found.result.delayed)) << what;
  EXPECT_EQ(expected.result.remarks, found.result.remarks) << what;
  EXPECT_EQ(expected.result.statistics.steps, found.result.statistics.steps) << what;
  EXPECT_EQ(expected.result.statistics.switches, found.result.statistics.switches) << what;
}

std::vector<Stop> sorted(std::vector<Stop> stops) {
  std::stable_sort(stops.begin(), stops.end(), [](const Stop& a, const Stop& b) { return a.time < b.time; });
  return stops;
}
/// The pending stops and `more` after them where times are equal.
std::vector<Stop> with(std::span<const Stop> pending, const std::vector<Stop>& more) {
  std::vector<Stop> all(pending.begin(), pending.end());
  all.insert(all.end(), more.begin(), more.end());
  return sorted(all);
}

/// On, before and after doses, events and outputs; at the start and the end; several in one step.
const std::vector<double> kDecisions = {0, 0.1, 3, 11.99, 12, 12.01, 15, 20, 25, 30, 31, 31.5, 36, 43, 47, 52, 60, 60, 66, 70.1, 70.2, 77.7, 80};

/// An engine on a model with or without delays, which lanes do not take.
struct Kind {
  Engine engine;
  bool delayed;
};
constexpr Kind kKinds[] = {{Engine::Lanes, false}, {Engine::Reference, false}, {Engine::Reference, true}};
void PrintTo(const Kind& kind, std::ostream* out) { *out << name_of(kind.engine) << (kind.delayed ? "_delays" : ""); }

class Decisions : public testing::TestWithParam<Kind> {
 protected:
  const compile::Program p = busy_model(GetParam().delayed);
  const Engine engine = GetParam().engine;
};

TEST_P(Decisions, That_change_nothing_keep_every_bit) {
  auto plan = busy_plan(p);
  const Ran plain = run(engine, p, plan);
  ASSERT_EQ(plain.result.status, solve::Status::Completed) << plain.result.message;
  ASSERT_GT(States(p, plain.result)(16, "count"), 2.5) << "events are to happen in this test";
  plan.decisions = kDecisions;
  std::vector<double> asked;
  const Ran cut = run(engine, p, plan, [&](const Snapshot& at) {
    asked.push_back(at.time);
    return std::nullopt;
  });
  EXPECT_EQ(asked, kDecisions);
  expect_same(plain, cut);
}

TEST_P(Decisions, See_the_subject_as_it_is_before_the_doses_of_the_time) {
  auto plan = busy_plan(p);
  plan.decisions = kDecisions;
  std::vector<std::vector<double>> states;
  std::vector<double> clearance, rate;
  std::vector<std::size_t> pending;
  (void)run(engine, p, plan, [&](const Snapshot& at) {
    states.emplace_back(at.states.begin(), at.states.end());
    clearance.push_back(at.parameters[p.parameter_index("ke").value()]);
    rate.push_back(at.rates[1]);
    pending.push_back(at.pending.size());
    return std::nullopt;
  });
  plan.decisions.clear();
  set_outputs_before_stops(plan, kDecisions);
  const Ran looked = run(engine, p, plan);
  for (std::size_t k = 0; k < kDecisions.size(); ++k) {
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(states[k][i], looked.result.states[3 * k + i], 1e-4) << kDecisions[k] << " " << p.states[i];
    EXPECT_EQ(clearance[k], kDecisions[k] <= 52 ? 0.11 : 0.07) << kDecisions[k];
    EXPECT_EQ(rate[k], kDecisions[k] > 20 && kDecisions[k] <= 43 ? 0.3 : 0) << kDecisions[k];
    EXPECT_EQ(pending[k], std::count_if(plan.stops.begin(), plan.stops.end(), [&](const Stop& s) { return s.time >= kDecisions[k]; }));
  }
}

TEST_P(Decisions, Dose_that_is_decided_superposes) {
  const double ka = 0.9, ke = 0.11;
  const auto oral = one_compartment(ka, ke).program();
  auto plan = plan_for(oral, {{2, StopKind::Add, 0, 3}}, {1, 10, 20, 30});
  plan.decisions = {5, 12.5};
  const Ran found =
      run(engine, oral, plan, [&](const Snapshot& at) { return Change{with(at.pending, {{at.time + 1, StopKind::Add, 0, 10 * at.time}})}; });
  for (std::size_t k = 0; k < 4; ++k) {
    const double t = plan.outputs[k].time;
    const double expected =
        3 * central_after_oral(ka, ke, t - 2) + 50 * central_after_oral(ka, ke, t - 6) + 125 * central_after_oral(ka, ke, t - 13.5);
    EXPECT_NEAR(States(oral, found.result)(k, "central"), expected, 1e-4) << t;
  }
}

/// What is decided at a time, and the plan that says so from the beginning.
struct Choice {
  std::string name;
  std::function<std::vector<Stop>(double time, std::span<const Stop> pending)> stops;
};
const std::vector<Choice> kChoices = {
    {"dose now", [](double t, auto pending) { return with(pending, {{t, StopKind::Add, 0, 7}}); }},
    {"dose later", [](double t, auto pending) { return with(pending, {{t + 0.7, StopKind::Add, 0, 7}}); }},
    {"nothing more", [](double, auto) { return std::vector<Stop>{}; }},
    {"one far dose", [](double t, auto) { return std::vector<Stop>{{t + 25, StopKind::Add, 1, 3}}; }},
    {"infusion and clearance", [](double t, auto) {
       return std::vector<Stop>{{t, StopKind::ChangeRate, 1, 0.2}, {t, StopKind::SetParameter, 1, 0.2}, {t + 4, StopKind::ChangeRate, 1, -0.2}};
     }}};

TEST_P(Decisions, Equal_the_regimen_written_in_advance) {
  const auto plain = busy_plan(p);
  for (const Choice& choice : kChoices) {
    for (const double time : kDecisions) {
      auto plan = plain, written = plain;
      std::vector<double> times;
      for (const auto& o : plain.outputs) times.push_back(o.time);
      plan.decisions = kDecisions;
      const auto first = std::find_if(written.stops.begin(), written.stops.end(), [&](const Stop& s) { return s.time >= time; });
      const std::vector<Stop> pending(first, written.stops.end());
      written.stops.erase(first, written.stops.end());
      for (const Stop& s : choice.stops(time, pending)) written.stops.push_back(s);
      set_outputs_before_stops(written, times);
      bool done = false;
      const Ran found = run(engine, p, plan, [&](const Snapshot& at) -> std::optional<Change> {
        if (at.time != time || std::exchange(done, true)) return std::nullopt;
        return Change{choice.stops(time, at.pending)};
      });
      expect_same(run(engine, p, written), found, choice.name + " at " + std::to_string(time));
      ASSERT_EQ(found.plan.stops.size(), written.stops.size());
    }
  }
}

TEST_P(Decisions, One_after_the_other_equal_the_regimen_written_in_advance) {
  auto plan = plan_for(p, {{0, StopKind::Add, 0, 5}}, even_times(0, 80, 16)), written = plan;
  for (int k = 0; k < 20; ++k) {
    plan.decisions.push_back(3.7 * k + 1);
    if (k % 3 == 0) written.stops.push_back({3.7 * k + 1 + 0.5 * (k % 2), StopKind::Add, 0, 1.0 + k % 5});
  }
  set_outputs_before_stops(written, even_times(0, 80, 16));
  const Ran found = run(engine, p, plan, [](const Snapshot& at) -> std::optional<Change> {
    const auto k = static_cast<int>(at.decision);
    if (k % 3 != 0) return std::nullopt;
    return Change{with(at.pending, {{at.time + 0.5 * (k % 2), StopKind::Add, 0, 1.0 + k % 5}})};
  });
  expect_same(run(engine, p, written), found);
}

TEST_P(Decisions, Outputs_stand_before_or_after_new_doses_as_asked) {
  const auto decay = decay_model(0.5).program();
  for (const bool before : {true, false}) {
    auto plan = plan_for(decay, {}, {1, 2, 3});
    plan.decisions = {2};
    const Ran found = run(engine, decay, plan, [&](const Snapshot& at) { return Change{{{at.time + 1, StopKind::Add, 1, 4}}, before}; });
    EXPECT_EQ(States(decay, found.result)(1, "y"), 3);
    EXPECT_EQ(States(decay, found.result)(2, "y"), before ? 3 : 7);
  }
}

TEST_P(Decisions, State_goes_on_elsewhere_with_the_same_bits) {
  std::vector<solve::SubjectPlan> plans;
  for (int s = 0; s < 11; ++s) {
    plans.push_back(busy_plan(p, 4 + 0.5 * s));
    plans.back().decisions = kDecisions;
    plans.back().seed = 5;
    plans.back().subject = static_cast<std::uint64_t>(s);
  }
  std::vector<std::vector<solve::SubjectState>> taken(plans.size());
  std::mutex mutex;
  const auto whole = run_all(engine, p, plans, [&](const Snapshot& at) {
    const std::scoped_lock lock(mutex);
    taken[at.subject].push_back(at.state());
    return std::nullopt;
  });
  std::vector<solve::SubjectPlan> rest;
  std::vector<std::size_t> subject;
  for (std::size_t d = kDecisions.size(); d-- > 0;) {
    for (std::size_t s = 0; s < plans.size(); ++s) {
      ASSERT_EQ(taken[s].size(), kDecisions.size());
      EXPECT_EQ(taken[s][d].time(), kDecisions[d]);
      for (const bool bytes : {false, true}) {
        solve::SubjectPlan plan;
        plan.from = std::make_shared<const solve::SubjectState>(bytes ? solve::SubjectState::from_bytes(p, taken[s][d].to_bytes()) : taken[s][d]);
        rest.push_back(plan);
        subject.push_back(s);
      }
    }
  }
  std::vector<std::size_t> first(rest.size(), kDecisions.size());
  const auto found = run_all(
      engine, p, rest,
      [&](const Snapshot& at) {
        first[at.subject] = std::min(first[at.subject], at.decision);
        return std::nullopt;
      },
      2);
  for (std::size_t k = 0; k < rest.size(); ++k) {
    EXPECT_EQ(first[k], rest[k].from->decision()) << "the decision that the state was taken at is asked again";
    expect_same(whole[subject[k]], found[k], "subject " + std::to_string(subject[k]) + " from " + std::to_string(rest[k].from->time()));
  }
}

TEST_P(Decisions, Suspended_subject_goes_on_with_another_answer) {
  auto plan = busy_plan(p);
  const auto dose = [](const Snapshot& at) { return Change{with(at.pending, {{at.time, StopKind::Add, 0, 7}})}; };
  plan.decisions = {33.3};
  const Ran whole = run(engine, p, plan, dose);
  const Ran begun = run(engine, p, plan, [](const Snapshot&) { return Change{{}, true, true}; });
  EXPECT_EQ(begun.result.status, solve::Status::Suspended);
  EXPECT_EQ(begun.result.time_reached, 33.3);
  EXPECT_FALSE(std::isnan(begun.result.states[3 * 6]));  // 30 h
  EXPECT_TRUE(std::isnan(begun.result.states[3 * 7]));  // 35 h
  ASSERT_NE(begun.result.state, nullptr);
  solve::SubjectPlan rest;
  rest.from = begun.result.state;
  expect_same(whole, run(engine, p, rest, dose));
}

TEST_P(Decisions, State_of_another_program_or_engine_is_refused) {
  const auto other = decay_model(0.5).program();
  auto plan = busy_plan(p);
  plan.decisions = {10};
  std::optional<solve::SubjectState> state;
  (void)run(engine, p, plan, [&](const Snapshot& at) {
    state = at.state();
    return std::nullopt;
  });
  const auto code_of = [](auto&& what) {
    try {
      what();
    } catch (const core::Error& e) {
      return e.diagnostics().front().code;
    }
    return std::string("no error");
  };
  const std::string bytes = state->to_bytes();
  using solve::SubjectState;
  EXPECT_EQ(code_of([&] { (void)SubjectState::from_bytes(p, bytes); }), "no error");
  EXPECT_EQ(code_of([&] { (void)SubjectState::from_bytes(other, bytes); }), "state-002");
  EXPECT_EQ(code_of([&] { (void)SubjectState::from_bytes(p, "no state"); }), "state-001");
  EXPECT_EQ(code_of([&] { (void)SubjectState::from_bytes(p, bytes + "x"); }), "state-001");
  for (std::size_t size = 0; size < bytes.size(); size += 97) {
    EXPECT_EQ(code_of([&] { (void)SubjectState::from_bytes(p, std::string_view(bytes).substr(0, size)); }), "state-001") << size;
  }
  solve::SubjectPlan rest;
  rest.from = std::make_shared<const SubjectState>(*state);
  EXPECT_EQ(code_of([&] { (void)run(engine, other, rest); }), "state-002");
  if (GetParam().delayed) return;  // no lanes for it
  const Engine wrong = engine == Engine::Lanes ? Engine::Reference : Engine::Lanes;
  EXPECT_EQ(code_of([&] { (void)run(wrong, p, rest); }), "state-003");
}

INSTANTIATE_TEST_SUITE_P(Engines, Decisions, testing::ValuesIn(kKinds), [](const auto& instance) {
  return std::string(name_of(instance.param.engine)) + (instance.param.delayed ? "_delays" : "");
});

}  // namespace
}  // namespace osteosome::support
