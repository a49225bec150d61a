// SPDX-License-Identifier: Apache-2.0
// Event tables with NONMEM's rules, on both engines, against sums of closed-form responses.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <functional>

#include "simulate_one_compartment.hpp"

namespace osteosome::support {
namespace {

using simulate::EngineChoice;

/// A regimen after the nmtest data set: dose rows, values that stand on every row, and the doses that really happen.
struct Regimen {
  std::string name;
  struct Row {
    double time;
    std::string cells;  // AMT,CMT,EVID,II,ADDL,SS,RATE
  };
  std::vector<Row> rows;
  std::string values;  // lagt,bioav,rat2,dur2
  std::vector<Input> inputs;
  /// A few values of cp [ug/L] = 50 * central. NONMEM 7.4.3 output of nmtest, nlmixr2/nmtests; printed with 5 digits.
  std::vector<std::pair<double, double>> golden;
};

std::string table_of(const Regimen& r, double last = 130) {
  std::string csv = "ID,TIME,AMT,CMT,EVID,II,ADDL,SS,RATE,lagt,bioav,rat2,dur2\n";
  for (int t = 0; t <= static_cast<int>(last); ++t) {
    for (const auto& row : r.rows) {
      if (row.time == t) csv += "1," + std::to_string(t) + "," + row.cells + "," + r.values + "\n";
    }
    csv += "1," + std::to_string(t) + ",0,2,0,0,0,0,0," + r.values + "\n";
  }
  return csv;
}

/// Doses into the depot and the central compartment; bioavailability is already in the amount.
Input depot(double time, double amount, double duration = 0) { return {time, 1, amount, duration}; }
Input central(double time, double amount, double duration = 0) { return {time, 2, amount, duration}; }

/// Steady state at record time `at` of a train whose next dose (the record's own) arrives at next.time, then additional doses.
std::vector<Input> steady(const Input& next, double interval, int additional, double at) {
  return past(next, interval, at) + series(next, interval, additional);
}

std::vector<Regimen> regimens() {
  const std::string plain = "0,1,0,0";
  return {
      {"oral_bolus_repeated", {{0, "100,1,1,24,3,0,0"}}, plain, series(depot(0, 100), 24, 3), {{1, 3754.4}, {25, 5066.8}}},
      {"bolus_with_lag_and_F_above_1", {{0, "100,2,1,24,3,0,0"}}, "12.13,2.23,0,0", series(central(12.13, 223), 24, 3), {}},
      {"infusion_repeated", {{0, "100,2,1,24,3,0,10"}}, plain, series(central(0, 100, 10), 24, 3), {{34, 4873.3}}},
      {"F_halves_the_duration_at_a_given_rate", {{0, "480,2,1,0,0,0,10"}}, "0,0.5,0,0", {central(0, 240, 24)}, {{24, 6662.4}}},
      {"F_halves_the_rate_at_a_duration_of_the_model", {{0, "480,2,1,0,0,0,-2"}}, "0,0.5,0,48", {central(0, 240, 48)}, {}},
      {"F_halves_the_duration_at_a_rate_of_the_model", {{0, "100,2,1,24,2,0,-1"}}, "0,0.5,10,0", series(central(0, 50, 5), 24, 2), {}},
      {"infusion_into_the_depot", {{0, "100,1,1,24,3,0,8.333333333333334"}}, plain, series(depot(0, 100, 12), 24, 3), {}},
      {"infusion_with_lag", {{0, "100,2,1,24,3,0,10"}}, "4.15,1,0,0", series(central(4.15, 100, 10), 24, 3), {}},
      {"infusion_with_lag_and_F", {{0, "100,2,1,24,3,0,10"}}, "3.25,0.412,0,0", series(central(3.25, 41.2, 4.12), 24, 3), {{28, 960.05}}},
      {"steady_infusion_with_lag_and_F",
       {{0, "100,2,1,24,3,1,10"}},
       "3.16,0.412,0,0",
       steady(central(3.16, 41.2, 4.12), 24, 3, 0),
       {{0, 1002.7}, {4, 1215.2}, {8, 2417.5}}},
      {"steady_infusion_longer_than_three_intervals",
       {{0, "100,2,1,12,4,1,2"}},
       "0,0.812,0,0",
       steady(central(0, 81.2, 40.6), 12, 4, 0),
       {{0, 6014.5}, {5, 6277.4}, {65, 5840.3}, {89, 3286.6}}},
      {"steady_infusion_longer_than_four_intervals", {{0, "100,2,1,12,3,1,2"}}, plain, steady(central(0, 100, 50), 12, 3, 0), {{51, 7367.2}}},
      {"steady_infusion_of_two_whole_intervals",
       {{0, "100,2,1,6,12,1,8.333333333333334"}},
       plain,
       steady(central(0, 100, 12), 6, 12, 0),
       {{0, 15152}, {78, 15152}, {79, 14746}}},
      {"steady_infusion_as_long_as_the_interval_with_F", {{0, "100,2,1,10,8,1,4.12"}}, "0,0.412,0,0", steady(central(0, 41.2, 10), 10, 8, 0), {}},
      {"steady_infusion_as_long_as_the_interval", {{0, "100,2,1,10,8,1,10"}}, plain, steady(central(0, 100, 10), 10, 8, 0), {}},
      {"steady_infusion_shorter_than_the_interval", {{0, "100,2,1,24,2,1,25"}}, plain, steady(central(0, 100, 4), 24, 2, 0), {}},
      {"steady_bolus_with_lag_and_F",
       {{0, "100,2,1,24,3,1,0"}},
       "4,0.412,0,0",
       steady(central(4, 41.2), 24, 3, 0),
       {{0, 935.66}, {3, 793.34}, {4, 2810.9}, {28, 2810.9}}},
      {"bolus_with_lag_and_F", {{0, "100,2,1,24,3,0,0"}}, "5,0.412,0,0", series(central(5, 41.2), 24, 3), {{5, 2060.0}, {29, 2610.3}}},
      {"late_infusion_into_the_depot_has_no_lag",
       {{0, "100,2,1,0,0,0,0"}, {13, "50,1,1,24,2,0,24"}},
       "1,1,0,0",
       series(depot(13, 50, 50.0 / 24), 24, 2) + std::vector<Input>{central(1, 100)},
       {}},
      {"duration_of_the_model_with_lag_and_F", {{0, "100,2,1,24,3,0,-2"}}, "5,0.61,0,9", series(central(5, 61, 9), 24, 3), {{14, 2405.7}}},
      {"steady_duration_of_the_model", {{0, "100,2,1,24,3,1,-2"}}, "0,0.61,0,9", steady(central(0, 61, 9), 24, 3, 0), {{0, 1438.5}, {9, 3282.6}}},
      {"steady_rate_of_the_model", {{0, "100,2,1,24,3,1,-1"}}, "0,0.5,10,0", steady(central(0, 50, 5), 24, 3, 0), {}},
      {"reset_with_dose_drops_the_infusion",
       {{0, "100,1,1,12,2,0,50"}, {50, "120,1,4,12,3,0,0"}},
       plain,
       until(series(depot(0, 100, 2), 12, 2), 50) + series(depot(50, 120), 12, 3),
       {{50, 0}, {51, 4505.3}, {63, 7552.2}, {87, 9940.9}}},
      {"reset_with_a_steady_dose",
       {{0, "100,2,1,0,0,0,0"}, {6, "100,1,4,12,2,1,0"}},
       plain,
       until({central(0, 100)}, 6) + steady(depot(6, 100), 12, 2, 6),
       {}},
      {"reset_drops_additional_doses",
       {{0, "100,1,1,12,6,0,50"}, {50, "0,1,3,0,0,0,0"}, {54, "120,1,1,16,2,0,0"}},
       plain,
       until(series(depot(0, 100, 2), 12, 6), 50) + series(depot(54, 120), 16, 2),
       {}},
      {"reset_drops_a_running_infusion", {{0, "100,2,1,0,0,0,5"}, {10, "0,2,3,0,0,0,0"}}, plain, until({central(0, 100, 20)}, 10), {}},
      {"reset_drops_a_lagged_dose", {{9, "100,2,1,0,0,0,0"}, {10, "0,2,3,0,0,0,0"}}, "2,1,0,0", {}, {}},
      {"lagged_dose_due_at_the_reset_is_dropped", {{8, "100,2,1,0,0,0,0"}, {10, "0,2,3,0,0,0,0"}}, "2,1,0,0", {}, {}},
      {"steady_state_2_adds",
       {{0, "100,1,1,24,3,1,0"}, {12, "50,1,1,24,3,2,0"}},
       plain,
       steady(depot(0, 100), 24, 3, 0) + steady(depot(12, 50), 24, 3, 12),
       {{12, 4606.4}, {25, 7277.4}}},
      {"steady_constant_infusion_ends_at_the_record",
       {{0, "0,1,1,0,0,1,100"}},
       plain,
       {{-5000, 1, 100 * 5000.0, 5000, 0}},
       {{0, 90909}, {1, 88547}, {2, 84367}}},
      {"steady_infusion_still_running_at_the_record",
       {{0, "100,2,1,24,3,1,10"}},
       "22,0.412,0,0",
       steady(central(22, 41.2, 4.12), 24, 3, 0),
       {{0, 1701.9}, {2, 2471.6}}},
      {"steady_overlapping_infusions_with_lag", {{0, "100,2,1,12,4,1,2"}}, "5,0.812,0,0", steady(central(5, 81.2, 40.6), 12, 4, 0), {}},
      {"steady_bolus_with_lag_above_the_interval", {{0, "100,2,1,24,2,1,0"}}, "28,0.412,0,0", steady(central(28, 41.2), 24, 2, 0), {}},
      {"steady_infusion_with_lag_above_the_interval",
       {{0, "100,2,1,24,1,1,10"}},
       "46,0.412,0,0",
       steady(central(46, 41.2, 4.12), 24, 1, 0),
       {{22, 842.77}, {26, 2471.6}}},
      {"steady_states_1_and_2_in_turn",
       {{0, "100,1,1,24,0,1,0"}, {12, "50,1,1,24,0,2,0"}, {24, "100,1,1,24,2,1,0"}, {36, "50,1,1,24,2,2,0"}},
       plain,
       until(steady(depot(0, 100), 24, 0, 0) + steady(depot(12, 50), 24, 0, 12), 24) + steady(depot(24, 100), 24, 2, 24) +
           steady(depot(36, 50), 24, 2, 36),
       {{24, 1891.9}, {48, 3722.1}}},
      {"steady_state_1_cancels_a_lagged_dose_and_2_none",
       {{0, "100,2,1,24,0,1,25"}, {12, "50,2,1,24,0,2,12.5"}, {24, "100,2,1,24,2,1,25"}, {36, "50,2,1,24,2,2,12.5"}},
       "20,1,0,0",
       until(steady(central(20, 100, 4), 24, 0, 0) + steady(central(32, 50, 4), 24, 0, 12), 24) + steady(central(44, 100, 4), 24, 2, 24) +
           steady(central(56, 50, 4), 24, 2, 36),
       {{12, 6227.4}, {20, 4010.7}, {32, 3944.2}}},
  };
}

class Regimens : public testing::TestWithParam<std::tuple<std::size_t, EngineChoice>> {
 protected:
  const Regimen regimen_ = regimens()[std::get<0>(GetParam())];
  const std::vector<double> values_ = run_central(one_compartment(std::get<1>(GetParam())), table_of(regimen_));
};

TEST_P(Regimens, Central_amount_equals_the_closed_form) {
  ASSERT_EQ(values_.size(), 131u);
  double size = 0;
  for (int t = 0; t <= 130; ++t) size = std::max(size, central_of(regimen_.inputs, t));
  for (int t = 0; t <= 130; ++t)
    EXPECT_NEAR(values_[static_cast<std::size_t>(t)], central_of(regimen_.inputs, t), kAccuracy * size) << "at " << t << " h";
}

/// The tolerance is half a unit of the fifth printed digit; 0 is printed exactly.
TEST_P(Regimens, Concentration_equals_NONMEM_to_its_printed_digits) {
  for (const auto& [t, printed] : regimen_.golden) {
    const double half_unit = printed > 0 ? 0.5 * std::pow(10, std::floor(std::log10(printed)) - 4) : 0;
    EXPECT_NEAR(50 * values_.at(static_cast<std::size_t>(t)), printed, half_unit + kAccuracy * printed) << "at " << t << " h";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Nmtest, Regimens,
    testing::Combine(testing::Range<std::size_t>(0, regimens().size()), testing::Values(EngineChoice::Reference, EngineChoice::Lanes)),
    [](const auto& p) { return regimens()[std::get<0>(p.param)].name + (std::get<1>(p.param) == EngineChoice::Lanes ? "_lanes" : "_reference"); });

// ---- single rules

class Events : public testing::TestWithParam<EngineChoice> {
 protected:
  [[nodiscard]] std::vector<double> run(const std::string& csv, const std::string& time_unit = "h") const {
    return run_central(one_compartment(GetParam()), csv, time_unit);
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, Events, testing::Values(EngineChoice::Reference, EngineChoice::Lanes), [](const auto& p) {
  return p.param == EngineChoice::Lanes ? "lanes" : "reference";
});

constexpr double kK = kCL / kV;
/// Of amounts of about 100.
constexpr double kNear = 100 * kAccuracy;

TEST_P(Events, Observation_row_before_the_dose_row_shows_the_state_before) {
  const auto x = run("ID,TIME,AMT,CMT,EVID\n1,0,0,2,0\n1,0,100,2,1\n1,0,0,2,0\n");
  EXPECT_EQ(x, (std::vector<double>{0, 100}));
}

TEST_P(Events, Observation_at_an_additional_dose_shows_the_state_after) {
  const auto x = run("ID,TIME,AMT,CMT,EVID,II,ADDL\n1,0,100,2,1,10,1\n1,10,0,2,0,0,0\n");
  EXPECT_NEAR(x[0], 100 * (1 + std::exp(-10 * kK)), kNear);
}

TEST_P(Events, Additional_dose_enters_before_a_dose_row_that_replaces) {
  const auto x = run("ID,TIME,AMT,CMT,EVID,II,ADDL,EVENT\n1,0,100,2,1,10,1,\n1,10,7,2,1,0,0,replace\n1,10,0,2,0,0,0,\n");
  EXPECT_EQ(x[0], 7);
}

TEST_P(Events, Multiply_scales_the_amount) {
  const auto x = run("ID,TIME,AMT,CMT,EVID,EVENT\n1,0,100,2,1,\n1,10,0.5,2,1,multiply\n1,10,0,2,0,\n1,20,0,2,0,\n");
  EXPECT_NEAR(x[0], 50 * std::exp(-10 * kK), kNear);
  EXPECT_NEAR(x[1], 50 * std::exp(-20 * kK), kNear);
}

TEST_P(Events, Replace_leaves_other_compartments) {
  const auto run_both =
      run_table(one_compartment(GetParam()), "ID,TIME,AMT,CMT,EVID,EVENT\n1,0,100,1,1,\n1,0,30,2,1,replace\n1,0,0,2,0,\n", {"depot", "central"});
  EXPECT_EQ(run_both.values[0], (std::vector<double>{100, 30}));
}

TEST_P(Events, Values_of_a_row_hold_from_the_row_before_it) {
  const auto x = run("ID,TIME,AMT,CMT,EVID,CL\n1,0,100,2,1,9\n1,2,0,2,0,1.1\n1,4,0,2,0,2.2\n1,6,0,2,0,0.55\n");
  EXPECT_NEAR(x[0], 100 * std::exp(-2 * 1.1 / 20), kNear);
  EXPECT_NEAR(x[1], 100 * std::exp(-(2 * 1.1 + 2 * 2.2) / 20), kNear);
  EXPECT_NEAR(x[2], 100 * std::exp(-(2 * 1.1 + 2 * 2.2 + 2 * 0.55) / 20), kNear);
}

TEST_P(Events, Row_of_EVID_2_breaks_the_interval) {
  const auto x = run("ID,TIME,AMT,CMT,EVID,CL\n1,0,100,2,1,1.1\n1,3,0,2,2,4.4\n1,5,0,2,0,1.1\n");
  ASSERT_EQ(x.size(), 1u);
  EXPECT_NEAR(x[0], 100 * std::exp(-(3 * 4.4 + 2 * 1.1) / 20), kNear);
}

TEST_P(Events, Missing_value_keeps_the_last_one) {
  const auto x = run("ID,TIME,AMT,CMT,EVID,CL\n1,0,100,2,1,2.2\n1,3,0,2,0,.\n");
  EXPECT_NEAR(x[0], 100 * std::exp(-3 * 2.2 / 20), kNear);
}

TEST_P(Events, Output_formula_uses_the_values_of_its_row) {
  const auto r = run_table(one_compartment(GetParam()), "ID,TIME,AMT,CMT,EVID,V\n1,0,100,2,1,20\n1,0,0,2,0,20\n1,1,0,2,0,40\n", {"cp"});
  EXPECT_DOUBLE_EQ(r.values[0][0], 100.0 / 20);
  EXPECT_NEAR(r.values[1][0], 100 * std::exp(-1.1 / 40) / 40, kNear / 40);
}

TEST_P(Events, Bioavailability_of_an_additional_dose_is_that_of_the_next_record) {
  const auto x = run("ID,TIME,AMT,CMT,EVID,II,ADDL,bioav\n1,0,100,2,1,10,1,1\n1,5,0,2,0,0,0,1\n1,12,0,2,0,0,0,0.5\n");
  EXPECT_NEAR(x[1], 100 * std::exp(-12 * kK) + 50 * std::exp(-2 * kK), kNear);
}

TEST_P(Events, Lag_of_additional_doses_is_that_of_the_dose_record) {
  const auto x = run("ID,TIME,AMT,CMT,EVID,II,ADDL,lagt\n1,0,100,2,1,10,1,3\n1,5,0,2,0,0,0,0\n1,12,0,2,0,0,0,0\n1,14,0,2,0,0,0,0\n");
  EXPECT_NEAR(x[1], 100 * std::exp(-9 * kK), kNear) << "the second dose arrives at 13 h, not at 10 h";
  EXPECT_NEAR(x[2], 100 * (std::exp(-11 * kK) + std::exp(-1 * kK)), kNear);
}

TEST_P(Events, Time_may_start_again_after_a_reset) {
  const auto x = run("ID,TIME,AMT,CMT,EVID\n1,0,100,2,1\n1,50,0,2,0\n1,0,0,2,3\n1,0,0,2,0\n1,1,40,2,1\n1,3,0,2,0\n");
  ASSERT_EQ(x.size(), 3u);
  EXPECT_NEAR(x[0], 100 * std::exp(-50 * kK), kNear);
  EXPECT_EQ(x[1], 0);
  EXPECT_NEAR(x[2], 40 * std::exp(-2 * kK), kNear);
}

TEST_P(Events, Values_after_a_reset_are_those_of_its_own_rows) {
  const auto x = run("ID,TIME,AMT,CMT,EVID,CL\n1,0,100,2,1,1.1\n1,5,0,2,0,1.1\n1,0,100,2,4,2.2\n1,5,0,2,0,2.2\n");
  EXPECT_NEAR(x[1], 100 * std::exp(-5 * 2.2 / 20), kNear);
}

TEST_P(Events, Reset_after_a_dose_of_the_same_time_wipes_it_and_before_it_does_not) {
  EXPECT_EQ(run("ID,TIME,AMT,CMT,EVID\n1,0,100,2,1\n1,0,0,2,3\n1,0,0,2,0\n"), (std::vector<double>{0}));
  EXPECT_EQ(run("ID,TIME,AMT,CMT,EVID\n1,0,0,2,3\n1,0,100,2,1\n1,0,0,2,0\n"), (std::vector<double>{100}));
}

TEST_P(Events, First_species_is_the_default_compartment) {
  const auto r = run_table(one_compartment(GetParam()), "ID,TIME,AMT,EVID\n1,0,100,1\n1,0,0,0\n", {"depot", "central"});
  EXPECT_EQ(r.values[0], (std::vector<double>{100, 0}));
}

TEST_P(Events, Infusion_by_duration_keeps_the_duration_whatever_F) {
  const auto x = run("ID,TIME,AMT,CMT,EVID,DUR,bioav\n1,0,100,2,1,10,0.5\n1,10,0,2,0,0,0.5\n1,15,0,2,0,0,0.5\n");
  const std::vector<Input> inputs = {{0, 2, 50, 10}};
  EXPECT_NEAR(x[0], central_of(inputs, 10), kNear);
  EXPECT_NEAR(x[1], central_of(inputs, 15), kNear);
}

TEST_P(Events, Table_in_days_gives_the_same_values_as_in_hours) {
  // rate 240 mg/d = 10 mg/h, II 1 d
  const auto days = run("ID,TIME,AMT,CMT,EVID,RATE,II,ADDL\n1,0,100,2,1,240,1,2\n1,0.25,0,2,0,0,0,0\n1,2.5,0,2,0,0,0,0\n", "d");
  const auto inputs = series({0, 2, 100, 10}, 24, 2);
  EXPECT_NEAR(days[0], central_of(inputs, 6), kNear);
  EXPECT_NEAR(days[1], central_of(inputs, 60), kNear);
}

TEST_P(Events, Subjects_do_not_share_anything) {
  const auto x = run("ID,TIME,AMT,CMT,EVID,II,ADDL\n1,0,100,2,1,10,5\n1,4,0,2,0,0,0\n2,0,50,2,1,0,0\n2,30,0,2,0,0,0\n");
  EXPECT_NEAR(x[0], 100 * std::exp(-4 * kK), kNear);
  EXPECT_NEAR(x[1], 50 * std::exp(-30 * kK), kNear);
}

TEST_P(Events, Reset_restores_the_initial_values_of_the_model) {
  const auto model =
      compile_text(one_compartment_document("pool = { initial = 5, unit = \"mg\", kind = \"reported\", source = \"test\", rate = \"-CL/V*pool\" }"),
                   GetParam());
  const auto r = run_table(*model, "ID,TIME,AMT,EVID\n1,0,0,0\n1,10,0,0\n1,10,0,3\n1,10,0,0\n", {"pool"});
  EXPECT_EQ(r.values[0][0], 5);
  EXPECT_NEAR(r.values[1][0], 5 * std::exp(-10 * kK), 5 * kAccuracy);
  EXPECT_EQ(r.values[2][0], 5);
}

TEST_P(Events, Steady_state_2_adds_only_what_the_doses_add) {
  // A pool that rests at 5: production 5*CL/V. SS=2 must not add the resting amount again.
  const auto model =
      compile_text(one_compartment_document(
                       "pool = { initial = 5, unit = \"mg\", kind = \"reported\", source = \"test\", rate = \"CL/V*(5*unit_amount - pool)\" }"),
                   GetParam());
  const auto r = run_table(*model, "ID,TIME,AMT,CMT,EVID,II,SS\n1,0,100,pool,1,24,2\n1,0,0,pool,0,0,0\n", {"pool"});
  EXPECT_NEAR(r.values[0][0], 5 + 100 / (1 - std::exp(-24 * kK)), 200 * kAccuracy);
  ASSERT_EQ(r.warnings.size(), 1u);
  EXPECT_NE(r.warnings[0].find("SS=2 in a model that is not at 0 without doses"), std::string::npos);
}

// ---- warnings and refusals

TEST(EventPlan, Lag_above_the_interval_at_steady_state_warns) {
  const auto r =
      run_table(one_compartment(EngineChoice::Lanes), "ID,TIME,AMT,CMT,EVID,II,SS,lagt\n1,0,100,2,1,24,1,28\n1,1,0,2,0,0,0,28\n", {"central"});
  ASSERT_EQ(r.warnings.size(), 1u);
  EXPECT_NE(r.warnings[0].find("lag longer than the interval"), std::string::npos);
}

TEST(EventPlan, Lag_below_the_interval_does_not_warn) {
  EXPECT_TRUE(run_table(one_compartment(EngineChoice::Lanes), "ID,TIME,AMT,CMT,EVID,II,SS,lagt\n1,0,100,2,1,24,1,4\n1,1,0,2,0,0,0,4\n", {"central"})
                  .warnings.empty());
}

void expect_plan_refused(const std::string& csv, const std::string& code, int line, const std::string& message) {
  const auto error = error_of([&] { (void)run_central(one_compartment(EngineChoice::Lanes), csv); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Dosing);
  ASSERT_EQ(error.diagnostics().size(), 1u);
  EXPECT_EQ(error.diagnostics()[0].code, code);
  EXPECT_EQ(error.diagnostics()[0].where.line, line);
  EXPECT_EQ(error.diagnostics()[0].where.file, "events.csv");
  EXPECT_EQ(error.diagnostics()[0].message, message);
}

TEST(EventPlan, Every_row_of_every_subject_that_cannot_be_given_is_told) {
  const std::string csv = "ID,TIME,AMT,CMT,EVID,RATE\n1,0,100,2,1,-1\n1,1,0,2,0,0\n1,2,100,2,1,-2\n2,0,100,2,1,-1\n2,1,0,2,0,0\n";
  const auto error = error_of([&] { (void)run_central(one_compartment(EngineChoice::Lanes), csv); });
  std::vector<int> lines;
  for (const auto& d : error.diagnostics()) lines.push_back(d.where.line);
  EXPECT_EQ(lines, (std::vector<int>{2, 4, 5})) << error.what();
}

TEST(EventPlan, Rate_of_the_model_that_is_0_is_refused) {
  expect_plan_refused("ID,TIME,AMT,CMT,EVID,RATE\n1,0,100,2,1,-1\n1,1,0,2,0,0\n", "dosing-005", 2, "infusion rate of 'central' is 0, not positive");
}
TEST(EventPlan, Duration_of_the_model_that_is_0_is_refused) {
  expect_plan_refused("ID,TIME,AMT,CMT,EVID,RATE\n1,0,100,2,1,-2\n1,1,0,2,0,0\n", "dosing-005", 2,
                      "infusion duration of 'central' is 0, not positive");
}
TEST(EventPlan, Rate_of_the_model_where_it_has_none_is_refused) {
  expect_plan_refused("ID,TIME,AMT,CMT,EVID,RATE\n1,0,100,1,1,-1\n1,1,0,2,0,0\n", "dosing-004", 2,
                      "RATE is -1, but species 'depot' has no 'infusion_rate'");
}
TEST(EventPlan, Negative_lag_is_refused) {
  expect_plan_refused("ID,TIME,AMT,CMT,EVID,lagt\n1,0,100,2,1,-3\n1,1,0,2,0,-3\n", "dosing-006", 2, "the lag is -3");
}

/// Bioavailability below 0 would remove drug; it has no meaning and must not run in silence.
TEST(EventPlan, Negative_bioavailability_is_refused) {
  EXPECT_THROW((void)run_central(one_compartment(EngineChoice::Lanes), "ID,TIME,AMT,CMT,EVID,bioav\n1,0,100,2,1,-1\n1,1,0,2,0,-1\n"), core::Error);
}

// ---- properties of linear kinetics

struct RandomDose {
  int time, amount, compartment, rate, interval, additional;
};
rc::Gen<RandomDose> random_dose() {
  return rc::gen::construct<RandomDose>(rc::gen::inRange(0, 40), rc::gen::inRange(1, 200), rc::gen::inRange(1, 3), rc::gen::element(0, 5, 20),
                                        rc::gen::inRange(1, 30), rc::gen::inRange(0, 5));
}
/// Dose rows in order of time, then observations from 1000 h on would be empty: they stand at every 7 h in between.
std::string table_of(std::vector<RandomDose> doses, double scale, bool explicit_doses) {
  std::vector<RandomDose> rows;
  for (const RandomDose& d : doses) {
    for (int n = 0; n <= (explicit_doses ? d.additional : 0); ++n) {
      RandomDose one = d;
      one.time += n * d.interval;
      if (explicit_doses) one.additional = 0;
      rows.push_back(one);
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  std::string csv = "ID,TIME,AMT,CMT,EVID,RATE,II,ADDL\n";
  std::size_t next = 0;
  for (double t = 3.5; t < 200; t += 7) {  // never at a dosing time, which are whole
    for (; next < rows.size() && rows[next].time < t; ++next) {
      const auto& d = rows[next];
      csv += "1," + std::to_string(d.time) + "," + std::to_string(scale * d.amount) + "," + std::to_string(d.compartment) + ",1," +
             std::to_string(d.rate > 0 ? scale * d.rate : 0) + "," + (d.additional > 0 ? std::to_string(d.interval) : "0") + "," +
             std::to_string(d.additional) + "\n";
    }
    csv += "1," + std::to_string(t) + ",0,2,0,0,0,0\n";
  }
  return csv;
}
double largest(const std::vector<double>& x) { return *std::max_element(x.begin(), x.end()); }

TEST(LinearKinetics, Additional_doses_equal_explicit_doses) {
  const auto& model = one_compartment(EngineChoice::Lanes);
  EXPECT_TRUE(rc::check("ADDL expansion", [&] {
    const auto doses = *rc::gen::nonEmpty(rc::gen::container<std::vector<RandomDose>>(random_dose()));
    const auto a = run_central(model, table_of(doses, 1, false)), b = run_central(model, table_of(doses, 1, true));
    RC_ASSERT(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) RC_ASSERT(std::abs(a[i] - b[i]) <= kAccuracy * largest(b));
  }));
}

TEST(LinearKinetics, Doses_together_equal_the_sum_of_each_alone) {
  const auto& model = one_compartment(EngineChoice::Lanes);
  EXPECT_TRUE(rc::check("superposition", [&] {
    const auto first = *random_dose(), second = *random_dose();
    const auto a = run_central(model, table_of({first}, 1, false)), b = run_central(model, table_of({second}, 1, false)),
               both = run_central(model, table_of({first, second}, 1, false));
    for (std::size_t i = 0; i < a.size(); ++i) RC_ASSERT(std::abs(a[i] + b[i] - both[i]) <= kAccuracy * largest(both));
  }));
}

TEST(LinearKinetics, Amounts_are_proportional_to_the_dose) {
  const auto& model = one_compartment(EngineChoice::Lanes);
  EXPECT_TRUE(rc::check("proportionality (amounts and rates times 4)", [&] {
    const auto doses = *rc::gen::nonEmpty(rc::gen::container<std::vector<RandomDose>>(random_dose()));
    const auto a = run_central(model, table_of(doses, 1, false)), b = run_central(model, table_of(doses, 4, false));
    for (std::size_t i = 0; i < a.size(); ++i) RC_ASSERT(std::abs(4 * a[i] - b[i]) <= kAccuracy * largest(b));
  }));
}

}  // namespace
}  // namespace osteosome::support
