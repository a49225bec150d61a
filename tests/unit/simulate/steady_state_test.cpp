// SPDX-License-Identifier: Apache-2.0
// Steady-state doses (SS) against endless sums in closed form: by the clock, beside states without rest, and with nothing to do.
#include <gtest/gtest.h>

#include <functional>
#include <numbers>

#include "simulate_one_compartment.hpp"

namespace osteosome::support {
namespace {

using simulate::EngineChoice;

/// A model in hours from its [species] and more tables. k = 0.1/h, V = 10 L, g = 0.03/h, kt = 0.004/(mg h), unit_rate = 1 mg/h.
std::unique_ptr<simulate::CompiledModel> model_of(const std::string& tables, EngineChoice engine) {
  std::string text = "[model]\nid = \"m\"\ntitle = \"m\"\ntime = \"h\"\nsource = \"test\"\n[parameters]\n";
  for (const auto& [id, value, unit] : std::vector<std::array<std::string, 3>>{
           {"k", "0.1", "1/h"},
           {"V", "10", "L"},
           {"g", "0.03", "1/h"},
           {"kt", "0.004", "1/(mg*h)"},
           {"day", "24", "h"},
           {"peak", "9", "h"},
           {"lagt", "0", "h"},
           {"F1", "1", "1"},
           {"Vmax", "3", "mg/h"},
           {"Km", "8", "mg"},
           {"unit_rate", "1", "mg/h"}}) {
    text += id + " = { value = " + value + ", unit = \"" + unit + "\", kind = \"assumed\", rationale = \"test\", source = \"test\" }\n";
  }
  return compile_text(text + tables, engine);
}

class SteadyStates : public testing::TestWithParam<EngineChoice> {
 protected:
  [[nodiscard]] TableRun run(const std::string& tables, const std::string& csv, const std::vector<std::string>& names) const {
    return run_table(*model_of(tables, GetParam()), csv, names);
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, SteadyStates, testing::Values(EngineChoice::Reference, EngineChoice::Lanes), [](const auto& p) {
  return p.param == EngineChoice::Lanes ? "lanes" : "reference";
});

void expect_near(const TableRun& run, const std::vector<double>& wanted, double accuracy = kAccuracy, std::size_t column = 0) {
  ASSERT_EQ(run.values.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(run.values[i].at(column), wanted[i], accuracy * std::abs(wanted[i])) << "row " << i;
}

// ---- by the clock

const std::string kDaily = "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-k*(1 + 0.6*cos(2*pi*(time - peak)/day))*A\", lag = \"lagt\" }\n";

/// What is left at `to` of an amount of 1 at `from`: exp(-integral of k (1 + 0.6 cos w(t - 9))).
double daily_left(double from, double to) {
  const double w = 2 * std::numbers::pi / 24;
  return std::exp(-0.1 * (to - from + 0.6 / w * (std::sin(w * (to - 9)) - std::sin(w * (from - 9)))));
}

/// Sum over the doses at last, last - interval ... of what is left of each; 1000 h are e^100 life times.
double daily_train(double dose, double last, double interval, double at) {
  double sum = 0;
  for (int k = 0; k * interval < 1000; ++k) sum += dose * daily_left(last - k * interval, at);
  return sum;
}

/// The same for a rate from minus infinity to `until`, by Simpson's rule; steps of 0.02 h leave an error below 1e-10.
double daily_infused(double rate, double until, double at) {
  double sum = 0;
  const double h = 0.02;
  for (int k = 0; k < 25000; ++k) {
    const double b = until - 2 * k * h;
    sum += h / 3 * (daily_left(b, at) + 4 * daily_left(b - h, at) + daily_left(b - 2 * h, at));
  }
  return rate * sum;
}

/// 12 h repeats with the clock after 2 doses, 5 h after 24, 24 h at once; 7.3 h not within 200 doses: the train itself is run.
TEST_P(SteadyStates, Of_a_daily_rhythm_is_that_of_the_hour) {
  for (const double interval : {24.0, 12.0, 5.0, 7.3, 36.0}) {
    const std::string ii = std::to_string(interval);
    const auto x =
        run(kDaily, "ID,TIME,AMT,CMT,EVID,II,ADDL,SS\n1,8,50,A,1," + ii + ",2,1\n1,8,0,A,0,0,0,0\n1,10,0,A,0,0,0,0\n1,80,0,A,0,0,0,0\n", {"A"});
    SCOPED_TRACE(interval);
    expect_near(x, {daily_train(50, 8, interval, 8), daily_train(50, 8, interval, 10), daily_train(50, 8 + 2 * interval, interval, 80)}, 1e-6);
  }
}

TEST_P(SteadyStates, Of_a_daily_rhythm_with_lag_reset_and_a_later_start) {
  const auto x =
      run(kDaily, "ID,TIME,AMT,CMT,EVID,II,ADDL,SS,lagt\n1,0,500,A,1,0,0,0,3\n1,14,50,A,4,12,1,1,3\n1,14,0,A,0,0,0,0,3\n1,20,0,A,0,0,0,0,3\n", {"A"});
  expect_near(x, {daily_train(50, 5, 12, 14), daily_train(50, 17, 12, 20)});
}

TEST_P(SteadyStates, Of_a_daily_rhythm_under_a_constant_infusion) {
  const auto x = run(kDaily, "ID,TIME,AMT,CMT,EVID,RATE,SS\n1,15,0,A,1,4,1\n1,15,0,A,0,0,0\n1,19,0,A,0,0,0\n", {"A"});
  expect_near(x, {daily_infused(4, 15, 15), daily_infused(4, 15, 19)});
}

// A window of the clock: a second way out of 2/h from 3 to 4 o'clock. Whole hours a day are 21, 22 ... hours outside it, so what is left of a dose
// is exp(-0.1 t - 2 * hours within).
const std::string kWindow =
    "[species]\nA = { initial = 0, unit = \"mg\", unchecked = \"test\", rate = \"-(k + piecewise(2, rem(time, 24) >= 3 && rem(time, 24) < 4, 0))*A\" "
    "}\n";

double within(double t) { return 1 * std::floor(t / 24) + std::clamp(t - 24 * std::floor(t / 24) - 3, 0.0, 1.0); }

double window_train(double dose, double last, double interval, double at) {
  double sum = 0;
  for (int k = 0; k * interval < 400; ++k) {
    const double from = last - k * interval;
    sum += dose * std::exp(-0.1 * (at - from) - 2 * (within(at) - within(from)));
  }
  return sum;
}

/// Intervals far shorter than the day: that two neighbouring hours are alike says nothing of the next.
TEST_P(SteadyStates, Of_a_window_of_an_hour_a_day) {
  for (const double interval : {1.0, 3.0, 6.0, 8.0}) {
    SCOPED_TRACE(interval);
    const auto x =
        run(kWindow, "ID,TIME,AMT,CMT,EVID,II,SS\n1,480,50,A,1," + std::to_string(interval) + ",1\n1,480,0,A,0,0,0\n1,490,0,A,0,0,0\n", {"A"});
    expect_near(x, {window_train(50, 480, interval, 480), window_train(50, 480, interval, 490)}, 1e-6);
  }
}

/// Constant infusion of 4 mg/h: sum over whole days, each hour's part in closed form. Before the window at hour h: what came since 4 o'clock is
/// 40 (1 - e^(-0.1 (h - 4))); within it the rate of loss is 2.1; what is left of a day's amount after a day is e^(-2.4 - 2).
TEST_P(SteadyStates, Of_a_window_under_a_constant_infusion) {
  const double noon = 40 * (1 - std::exp(-0.1 * 8));                      // from 4 to 12
  const double inside = 4 / 2.1 * (1 - std::exp(-2.1)) * std::exp(-0.8);  // from 3 to 4, left at 12
  const double before = 40 * (1 - std::exp(-0.1 * 15)) * std::exp(-2.1 - 0.8);  // from 12 of yesterday to 3
  const double wanted = (noon + inside + before) / (1 - std::exp(-2.4 - 2));
  const auto x = run(kWindow, "ID,TIME,AMT,CMT,EVID,RATE,SS\n1,492,0,A,1,4,1\n1,492,0,A,0,0,0\n", {"A"});
  expect_near(x, {wanted}, 1e-6);
}

TEST_P(SteadyStates, Of_a_daily_rhythm_adds_to_what_is_there) {
  const auto x = run(kDaily, "ID,TIME,AMT,CMT,EVID,II,SS\n1,2,80,A,1,0,0\n1,8,50,A,1,24,2\n1,8,0,A,0,0,0\n", {"A"});
  expect_near(x, {80 * daily_left(2, 8) + daily_train(50, 8, 24, 8)});
}

TEST_P(SteadyStates, Without_doses_follows_the_rhythm_of_the_model) {
  // R' = unit_rate (1 + cos w t) - k R: R = r/k + r (k cos wt + w sin wt)/(k^2 + w^2).
  const std::string rhythm =
      "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-k*A\" }\n"
      "R = { initial = 0, unit = \"mg\", rate = \"unit_rate*(1 + cos(2*pi*time/day)) - k*R\" }\n";
  const auto x = run(rhythm, "ID,TIME,AMT,CMT,EVID,SS\n1,7,0,A,1,1\n1,7,0,A,0,0\n1,12,0,A,0,0\n", {"R"});
  const double w = 2 * std::numbers::pi / 24;
  const auto at = [&](double t) { return 10 + (0.1 * std::cos(w * t) + w * std::sin(w * t)) / (0.01 + w * w); };
  expect_near(x, {at(7), at(12)});
}

/// A dose that does not enter moves no clock, though its lag stands before it.
TEST_P(SteadyStates, Of_a_lagged_dose_of_nothing_is_that_of_the_hour) {
  const std::string rhythm =
      "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-k*A\", bioavailability = \"F1\", lag = \"lagt\" }\n"
      "R = { initial = 0, unit = \"mg\", rate = \"unit_rate*(1 + cos(2*pi*time/day)) - k*R\" }\n";
  const auto x = run(rhythm, "ID,TIME,AMT,CMT,EVID,II,SS,F1,lagt\n1,7,50,A,1,12,1,0,5\n1,7,0,A,0,0,0,0,5\n", {"R"});
  const double w = 2 * std::numbers::pi / 24;
  expect_near(x, {10 + (0.1 * std::cos(w * 7) + w * std::sin(w * 7)) / (0.01 + w * w)});
}

/// Elimination only from 22 h to 4 h of each day by a branch of the clock.
TEST_P(SteadyStates, Of_a_clock_with_branches) {
  const std::string night =
      "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-k*A*piecewise(1, cos(2*pi*(time - 1*day/24)/day) > sqrt(2)/2, 0)\" }\n";
  const auto x = run(night, "ID,TIME,AMT,CMT,EVID,II,SS\n1,8,50,A,1,24,1\n1,8,0,A,0,0,0\n1,25,0,A,0,0,0\n", {"A"});
  const double peak = 50 / (1 - std::exp(-0.1 * 6));
  expect_near(x, {peak, peak * std::exp(-0.1 * 3)}, 1e-6);
}

// ---- beside states that do not come to rest

const std::string kArea =
    "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-k*A\" }\n"
    "AUC = { initial = 0, unit = \"mg*h/L\", rate = \"A/V\" }\n"
    "AUMC = { initial = 0, unit = \"mg*h^2/L\", rate = \"AUC\" }\n";

TEST_P(SteadyStates, Beside_an_area_leaves_the_area_alone_and_says_so) {
  const auto x = run(kArea, "ID,TIME,AMT,CMT,EVID,II,SS,ADDL\n1,0,30,A,1,6,1,3\n1,0,0,A,0,0,0,0\n1,6,0,A,0,0,0,0\n1,24,0,A,0,0,0,0\n", {"A", "AUC"});
  const double peak = 30 / (1 - std::exp(-0.6));
  expect_near(x, {peak, peak, peak - 30});
  // Over one interval of a steady state what enters leaves: AUC = dose/(k V).
  expect_near(x, {0, 30, 4 * 30}, kAccuracy, 1);
  ASSERT_EQ(x.warnings.size(), 2u);
  EXPECT_EQ(x.warnings[0], "SS: 'AUC' does not come to rest under doses into 'A' and keeps its value");
  EXPECT_EQ(x.warnings[1], "SS: 'AUMC' does not come to rest under doses into 'A' and keeps its value");
}

TEST_P(SteadyStates, Later_in_a_table_keeps_the_area_so_far) {
  const auto x = run(kArea, "ID,TIME,AMT,CMT,EVID,II,SS\n1,0,30,A,1,0,0\n1,10,20,A,1,6,1\n1,10,0,A,0,0,0\n", {"A", "AUC"});
  expect_near(x, {20 / (1 - std::exp(-0.6))});
  expect_near(x, {30 * (1 - std::exp(-1.0))}, kAccuracy, 1);
}

/// T' = g T - kt A T grows while a mean A below g/kt = 7.5 mg kills too little: dose 2 mg every 6 h have a mean of 2/(0.1*6) = 3.3 mg.
const std::string kTumour =
    "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-k*A\" }\n"
    "T = { initial = 5, unit = \"1\", kind = \"assumed\", rationale = \"t\", source = \"t\", rate = \"g*T - kt*A*T\" }\n";

TEST_P(SteadyStates, Beside_a_growing_state_keeps_it) {
  const auto x = run(kTumour, "ID,TIME,AMT,CMT,EVID,II,SS,ADDL\n1,0,2,A,1,6,1,3\n1,0,0,A,0,0,0,0\n1,6,0,A,0,0,0,0\n", {"A", "T"});
  const double peak = 2 / (1 - std::exp(-0.6));
  expect_near(x, {peak, peak});
  expect_near(x, {5, 5 * std::exp(0.03 * 6 - 0.004 * 2 / 0.1)}, kAccuracy, 1);
  ASSERT_EQ(x.warnings.size(), 1u);
  EXPECT_EQ(x.warnings[0], "SS: 'T' does not come to rest under doses into 'A' and keeps its value");
}

TEST_P(SteadyStates, Beside_a_counter_and_what_depends_on_it_keeps_both) {
  const std::string counter =
      "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-k*A\" }\n"
      "N = { initial = 0, unit = \"1\" }\nE = { initial = 0, unit = \"1\", rate = \"k*(N - E)\" }\n"
      "[events]\ncount = { trigger = \"A > 5*unit_rate/k\", initial_value = false, assign = { N = \"N + 1\" } }\n";
  const auto x = run(counter, "ID,TIME,AMT,CMT,EVID,II,SS\n1,0,0,A,0,0,0\n1,1,30,A,1,6,1\n1,1,0,A,0,0,0\n", {"A", "E"});
  expect_near(x, {0, 30 / (1 - std::exp(-0.6))});
  EXPECT_EQ(x.values[1][1], 0);
}

/// B1 <-> B2 with a total of 3 that no dose changes: the rest is the one with that total.
TEST_P(SteadyStates, Keeps_a_conserved_total) {
  const std::string exchange =
      "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-k*A\" }\n"
      "B1 = { initial = 3, unit = \"mg\", kind = \"assumed\", rationale = \"t\", source = \"t\", rate = \"g*B2 - kt*A*B1\" }\n"
      "B2 = { initial = 0, unit = \"mg\", rate = \"kt*A*B1 - g*B2\" }\n";
  const auto x = run(exchange, "ID,TIME,AMT,CMT,EVID,RATE,SS\n1,0,0,A,1,2,1\n1,0,0,A,0,0,0\n", {"B1", "B2"});
  const double forth = 0.004 * 20;  // A = rate/k = 20 mg
  expect_near(x, {3 * 0.03 / (0.03 + forth)});
  expect_near(x, {3 * forth / (0.03 + forth)}, kAccuracy, 1);
  EXPECT_TRUE(x.warnings.empty());
}

/// B would come to rest at 2, E with it.
TEST_P(SteadyStates, Leave_out_what_the_document_names) {
  const std::string named =
      "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-k*A\" }\n"
      "B = { initial = 5, unit = \"1\", kind = \"assumed\", rationale = \"t\", source = \"t\", rate = \"k*(2 - B)\", steady_state = "
      "false }\nE = { initial = 1, unit = \"1\", kind = \"assumed\", rationale = \"t\", source = \"t\", rate = \"k*(B - E)\" }\n";
  const auto x = run(named, "ID,TIME,AMT,CMT,EVID,II,SS\n1,0,30,A,1,6,1\n1,0,0,A,0,0,0\n1,6,0,A,0,0,0\n", {"A", "B", "E"});
  expect_near(x, {30 / (1 - std::exp(-0.6)), 30 / (1 - std::exp(-0.6)) - 30});
  expect_near(x, {5, 2 + 3 * std::exp(-0.6)}, kAccuracy, 1);
  EXPECT_EQ(x.values[0][2], 1);
  EXPECT_EQ(x.warnings.size(), 2u);
  const auto error = error_of([&] { (void)run(named, "ID,TIME,AMT,CMT,EVID,II,SS\n1,0,30,E,1,6,1\n1,0,0,A,0,0,0\n", {"A"}); });
  EXPECT_EQ(error.diagnostics()[0].code, "steady-004");
  EXPECT_EQ(error.diagnostics()[0].message, "'E' takes no steady-state doses: it is or depends on a species with steady_state = false");
}

TEST(SteadyState, Key_of_a_species_is_written_as_read) {
  const auto model = load_text(
      "[model]\nid = \"m\"\ntitle = \"m\"\ntime = \"h\"\nsource = \"test\"\n[species]\n"
      "B = { initial = 0, unit = \"1\", steady_state = false }\nC = { initial = 0, unit = \"1\" }\n");
  const auto again = load_text(model::to_toml(model));
  EXPECT_FALSE(again.species.at(0).steady_state);
  EXPECT_TRUE(again.species.at(1).steady_state);
}

// ---- nothing to do, and no rest

const std::string kResting =
    "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-k*A\", bioavailability = \"F1\" }\n"
    "R = { initial = 0, unit = \"mg\", rate = \"unit_rate - k*R - kt*A*R\" }\n";

TEST_P(SteadyStates, Of_no_dose_is_the_resting_state) {
  for (const char* row : {"0,A,1,0,0,0,1", "0,A,1,0,8,0,1", "100,A,1,0,0,12,0", "100,A,1,50,0,12,0"}) {
    const auto x =
        run(kResting, std::string("ID,TIME,AMT,CMT,EVID,RATE,DUR,II,F1,SS\n1,0,") + row + ",1\n1,0,0,A,0,0,0,0,.,0\n1,7,0,A,0,0,0,0,.,0\n", {"R"});
    SCOPED_TRACE(row);
    expect_near(x, {10, 10});
  }
}

/// The mean input of 5 mg/h exceeds Vmax = 3 mg/h: A grows for ever.
TEST_P(SteadyStates, Of_doses_beyond_the_capacity_of_elimination_does_not_exist) {
  const std::string saturable = "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-Vmax*A/(Km + A)\" }\n";
  const auto error = error_of([&] { (void)run(saturable, "ID,TIME,AMT,CMT,EVID,II,SS\n1,0,60,A,1,12,1\n1,0,0,A,0,0,0\n", {"A"}); });
  EXPECT_EQ(error.diagnostics()[0].code, "steady-001");
  EXPECT_EQ(error.diagnostics()[0].message, "no steady state was found for doses into 'A': 'A' does not come to rest");
  EXPECT_EQ(error.diagnostics()[0].where.line, 2);
}

TEST_P(SteadyStates, Of_a_drug_whose_elimination_fades_for_ever_does_not_exist) {
  const std::string fading =
      "[species]\nN = { initial = 0, unit = \"1\", rate = \"k\" }\nA = { initial = 0, unit = \"mg\", rate = \"-k/(1 + N)*A\" }\n";
  const auto error = error_of([&] { (void)run(fading, "ID,TIME,AMT,CMT,EVID,II,SS\n1,0,60,A,1,12,1\n1,0,0,A,0,0,0\n", {"A"}); });
  EXPECT_EQ(error.diagnostics()[0].code, "steady-001");
  EXPECT_NE(error.diagnostics()[0].message.find("'N'"), std::string::npos) << error.what();
}

TEST_P(SteadyStates, Of_a_drug_that_grows_by_itself_does_not_exist) {
  const auto error = error_of([&] {
    (void)run("[species]\nA = { initial = 0, unit = \"mg\", rate = \"g*A\" }\n", "ID,TIME,AMT,CMT,EVID,II,SS\n1,0,60,A,1,12,1\n1,0,0,A,0,0,0\n",
              {"A"});
  });
  EXPECT_EQ(error.diagnostics()[0].code, "steady-001");
}

/// Slow kinetics: 1 - exp(-k II) is 1e-4, and a rest at 1/k = 1e6 time units. Integration is good to 3e-9 an interval, and 1e4 of them add up.
TEST_P(SteadyStates, Of_slow_kinetics) {
  const std::string slow = "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-k/1000*A\" }\n";
  expect_near(run(slow, "ID,TIME,AMT,CMT,EVID,II,SS\n1,0,60,A,1,1,1\n1,0,0,A,0,0,0\n", {"A"}), {60 / -std::expm1(-1e-4)}, 3e-5);
  const std::string slower = "[species]\nA = { initial = 0, unit = \"mg\", rate = \"-k/100000*A\" }\n";
  expect_near(run(slower, "ID,TIME,AMT,CMT,EVID,RATE,SS\n1,0,0,A,1,2,1\n1,0,0,A,0,0,0\n", {"A"}), {2e6}, 1e-6);
}

TEST(SteadyState, Of_an_infusion_at_the_models_rate_needs_that_rate) {
  const auto model = model_of(kResting, EngineChoice::Lanes);
  const auto error = error_of([&] { (void)run_table(*model, "ID,TIME,AMT,CMT,EVID,RATE,SS\n1,0,0,A,1,-1,1\n1,0,0,A,0,0,0\n", {"A"}); });
  EXPECT_EQ(error.diagnostics()[0].code, "dosing-004");
}

TEST(SteadyState, Of_no_amount_says_what_has_no_effect) {
  const auto model = model_of(kResting, EngineChoice::Lanes);
  const auto x = run_table(*model, "ID,TIME,AMT,CMT,EVID,RATE,II,SS\n1,0,0,A,1,3,12,1\n1,0,0,A,0,0,0,0\n", {"A"});
  expect_near(x, {30});
  EXPECT_EQ(x.warnings, (std::vector<std::string>{"SS with AMT 0: II and DUR have no effect"}));
}

TEST(SteadyState, Beside_an_action_is_refused) {
  const auto model = model_of(kResting, EngineChoice::Lanes);
  const auto error =
      error_of([&] { (void)run_table(*model, "ID,TIME,AMT,CMT,EVID,II,ADDL,EVENT\n1,0,5,A,1,12,3,replace\n1,0,0,A,0,0,0,\n", {"A"}); });
  EXPECT_EQ(error.diagnostics()[0].code, "dosing-014");
  EXPECT_EQ(error.diagnostics()[0].message, "EVENT is 'replace' in a row with SS, II, ADDL, RATE or DUR");
  EXPECT_EQ(error.diagnostics()[0].where.line, 2);
}

TEST(SteadyState, Of_infusions_far_longer_than_the_interval_is_refused) {
  const auto model = model_of(kResting, EngineChoice::Lanes);
  const auto error = error_of([&] { (void)run_table(*model, "ID,TIME,AMT,CMT,EVID,RATE,II,SS\n1,0,100,A,1,1e-9,1,1\n1,0,0,A,0,0,0,0\n", {"A"}); });
  EXPECT_EQ(error.diagnostics()[0].code, "dosing-013");
  EXPECT_EQ(error.diagnostics()[0].message, "SS: an infusion lasts 1e+11 intervals II");
}

}  // namespace
}  // namespace osteosome::support
