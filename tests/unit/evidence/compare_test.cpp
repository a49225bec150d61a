// SPDX-License-Identifier: Apache-2.0
// Simulated beside observed: identical outcomes only, from the arm's own month 0.
#include <gtest/gtest.h>

#include <algorithm>

#include "cohort_results.hpp"

namespace osteosome::support {
namespace {

/// Percent changes are a few operations on numbers near 1 and 100: 1e-12 is thousands of roundings.
constexpr double kRounding = 1e-12;

TEST(Attach, Visits_become_output_times) {
  HandMade h;
  h.measure("TH", 7, 1);
  h.study.arms[0].time_zero_month = 12;
  evidence::attach(h.scenario, {h.study});
  const auto& times = h.scenario.extra_times;
  const auto month = [](double count) { return core::Time(count, core::kSecondsPerMonth); };
  EXPECT_NE(std::find(times.begin(), times.end(), month(19)), times.end());
  EXPECT_NE(std::find(times.begin(), times.end(), month(12)), times.end()) << "the arm's month 0";
}

TEST(Attach, Unknown_arm_is_refused_with_a_near_match) {
  HandMade h;
  h.scenario.arms[0].evidence = {"onee", "defend-denosumap"};
  auto studies = evidence::load_evidence(OSTEOSOME_ROOT);
  studies.push_back(h.study);
  const auto error = error_of([&] { evidence::attach(h.scenario, studies); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Input);
  ASSERT_EQ(error.diagnostics().size(), 2u);
  EXPECT_EQ(error.diagnostics()[0].code, "scenario-016");
  EXPECT_EQ(error.diagnostics()[0].message, "arm 'a': no study has an arm 'onee'");
  EXPECT_EQ(error.diagnostics()[0].hint, "Did you mean 'one'?");
  EXPECT_EQ(error.diagnostics()[1].hint, "Did you mean 'defend-denosumab'?");
}

TEST(Attach, Evidence_of_every_shipped_scenario_exists) {
  const auto studies = evidence::load_evidence(OSTEOSOME_ROOT);
  for (const char* name : {"denosumab-and-stop", "teriparatide", "menopause"}) {
    auto s = cohort::load_scenario(std::string(OSTEOSOME_ROOT) + "/scenarios/" + name + ".toml", library(), units());
    EXPECT_NO_THROW(evidence::attach(s, studies)) << name;
  }
}

TEST(Compare, Simulated_change_stands_beside_the_observed_one) {
  HandMade h;
  h.measure("TH", 12, 3);
  const auto rows = h.compare();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_NEAR(rows[0].simulated, 1.2, kRounding);  // hip 1.012 at month 12
  EXPECT_EQ(rows[0].observed, 3);
  EXPECT_EQ(rows[0].month, 12);
  EXPECT_EQ(rows[0].model, "pk");
  EXPECT_EQ(rows[0].arm, "a");
  EXPECT_EQ(rows[0].study_arm, "one");
  EXPECT_EQ(rows[0].doi, "10.1000/trial");
  EXPECT_EQ(rows[0].role, "validation");
}

TEST(Compare, Femoral_neck_is_never_compared_with_total_hip) {
  HandMade h;
  h.measure("FN", 12, 3);
  EXPECT_TRUE(h.compare().empty());
}

TEST(Compare, Markers_are_not_swapped) {
  HandMade h;
  for (const char* code : {"BSAP", "P1NP", "LS", "th", "NTX"}) h.measure(code, 12, 3);
  EXPECT_TRUE(h.compare().empty());
}

TEST(Compare, Each_outcome_meets_its_own_curve) {
  HandMade h;
  h.measure("CTX", 12, -50);
  const auto rows = h.compare();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].outcome, "CTX");
  EXPECT_EQ(rows[0].simulated, 0);
}

TEST(Compare, Rows_that_do_not_count_are_left_out) {
  HandMade h;
  h.measure("TH", 12, 3).count = "no:duplicate";
  EXPECT_TRUE(h.compare().empty());
}

/// evidence/clinical/README.md: "Score a row only if its count and its arm's runnable are both yes."
TEST(Compare, Arm_that_cannot_be_run_is_left_out) {
  HandMade h;
  h.measure("TH", 12, 3);
  h.study.arms[0].runnable = "no: two drugs of which one is unknown";
  EXPECT_TRUE(h.compare().empty());
}

TEST(Compare, Other_units_are_left_out) {
  for (const char* unit : {"absolute_g_cm2", "percent_per_year", "hazard_ratio"}) {
    HandMade h;
    h.measure("TH", 12, 3).unit = unit;
    EXPECT_TRUE(h.compare().empty()) << unit;
  }
}

TEST(Compare, Row_without_a_mean_is_left_out) {
  HandMade h;
  h.measure("TH", 12, 3).mean.reset();
  EXPECT_TRUE(h.compare().empty());
}

TEST(Compare, Visit_after_the_end_is_left_out) {
  HandMade h;
  h.measure("TH", 36, 3);
  EXPECT_TRUE(h.compare().empty());
}

TEST(Compare, Change_counts_from_the_month_0_of_the_arm) {
  HandMade h;
  h.measure("TH", 6, 3);
  h.study.arms[0].time_zero_month = 12;
  const auto rows = h.compare();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_NEAR(rows[0].simulated, 100 * (1.018 / 1.012 - 1), kRounding);
}

TEST(Compare, Visit_at_month_0_is_no_change) {
  HandMade h;
  h.measure("TH", 0, 0);
  EXPECT_EQ(h.compare().at(0).simulated, 0);
}

TEST(Compare, Simulated_value_is_the_median_of_the_subjects) {
  HandMade h(3);
  h.measure("TH", 12, 3);
  EXPECT_NEAR(h.compare().at(0).simulated, 2.4, kRounding);  // 1.2, 2.4, 3.6
}

/// 2.4 is simulated: 1.4 and 2.0 standard errors away; then 2.0 inside, and 2.0 beside an SD, which is no interval of the mean.
TEST(Summarise, Is_inside_by_the_rule_of_validate) {
  HandMade h(3);
  for (const auto& [mean, kind] : {std::pair{1.0, "SE"}, {0.4, "SE"}, {0.4, "CI95"}, {0.4, "SD"}}) {
    auto& m = h.measure("TH", 12, mean);
    m.interval = kind;
    m.error = 1;
    if (m.interval == "CI95") m.low = mean - 2.5, m.high = mean + 2.5;
  }
  const auto s = evidence::summarise(h.compare());
  ASSERT_EQ(s.size(), 1u);
  EXPECT_EQ(s[0].outcome, "TH");
  EXPECT_EQ(s[0].n, 4u);
  EXPECT_EQ(s[0].with_interval, 3u);
  EXPECT_EQ(s[0].within, 2u);
  EXPECT_NEAR(s[0].bias, (1.4 + 3 * 2.0) / 4, 1e-9);
  EXPECT_NEAR(s[0].rmse, std::sqrt((1.4 * 1.4 + 3 * 4.0) / 4), 1e-9);
}

TEST(Compare, Failed_and_missing_subjects_do_not_count) {
  HandMade h(3);
  h.measure("TH", 12, 3);
  h.result.arms[0].values[0].clear();
  h.result.arms[0].values[1].assign(10, std::nan(""));
  EXPECT_NEAR(h.compare().at(0).simulated, 3.6, kRounding);
}

TEST(Compare, Value_is_missing_when_every_subject_failed) {
  HandMade h;
  h.measure("TH", 12, 3);
  h.result.arms[0].values[0].assign(10, std::nan(""));
  EXPECT_TRUE(std::isnan(h.compare().at(0).simulated));
}

TEST(Compare, Reported_error_becomes_an_interval_around_the_mean) {
  HandMade h;
  h.measure("TH", 12, 3).error = 0.5;
  const auto row = h.compare().at(0);
  EXPECT_EQ(*row.low, 2.5);
  EXPECT_EQ(*row.high, 3.5);
  EXPECT_EQ(*row.error(), 0.5);
}

TEST(Compare, Reported_interval_is_kept_and_its_half_width_is_the_error) {
  HandMade h;
  auto& m = h.measure("TH", 12, 3);
  m.low = 1;
  m.high = 4;
  const auto row = h.compare().at(0);
  EXPECT_EQ(*row.low, 1);
  EXPECT_EQ(*row.error(), 1.5);
}

TEST(Compare, Row_without_an_interval_has_no_error) {
  HandMade h;
  h.measure("TH", 12, 3);
  EXPECT_FALSE(h.compare().at(0).error().has_value());
}

// ---- percent change and quantiles

TEST(PercentChange, First_value_is_0_and_others_are_relative_to_it) {
  const HandMade h;
  const auto rows = evidence::percent_change(h.result.arms[0], 0, 5);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0][0], 0);
  EXPECT_NEAR(rows[0][4], 2.4, kRounding);
}

TEST(PercentChange, Subject_that_was_not_run_is_missing) {
  HandMade h(2);
  h.result.arms[0].values[1].clear();
  const auto rows = evidence::percent_change(h.result.arms[0], 0, 5);
  ASSERT_EQ(rows.size(), 2u);
  for (const double x : rows[1]) EXPECT_TRUE(std::isnan(x));
}

TEST(Quantile, Values_between_are_interpolated) {
  const std::vector<std::vector<double>> rows = {{4}, {1}, {2}, {3}};
  EXPECT_EQ(evidence::quantile(rows, 0, 1)[0], 1);
  EXPECT_EQ(evidence::quantile(rows, 0.5, 1)[0], 2.5);
  EXPECT_EQ(evidence::quantile(rows, 1, 1)[0], 4);
  EXPECT_NEAR(evidence::quantile(rows, 0.05, 1)[0], 1.15, kRounding);
}

TEST(Quantile, Missing_values_are_left_out) {
  const double nan = std::nan("");
  const auto q = evidence::quantile({{nan, nan}, {5, nan}, {HUGE_VAL, nan}}, 0.5, 2);
  EXPECT_EQ(q[0], 5);
  EXPECT_TRUE(std::isnan(q[1]));
}

}  // namespace
}  // namespace osteosome::support
