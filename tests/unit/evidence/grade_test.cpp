// SPDX-License-Identifier: Apache-2.0
// Grades against numbers computed by hand.
#include "osteosome/evidence/grade.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <functional>

#include "documents.hpp"
#include "evidence_vocabulary.hpp"

namespace osteosome::evidence {
namespace {

/// A handful of operations on numbers of order 1.
constexpr double kRounding = 1e-14;

Measurement measured(const std::string& outcome, double month, double mean, const std::string& unit = "percent_change") {
  Measurement m;
  m.outcome = outcome;
  m.marker = is_marker(outcome, support::vocabulary().outcomes);
  m.unit = unit;
  m.month = month;
  m.mean = mean;
  m.count = "yes";
  return m;
}

StudyArm arm_of(const std::string& id, const std::string& trial_class, const std::string& regimen, std::vector<Measurement> rows) {
  StudyArm arm;
  arm.id = id;
  arm.trial_class = trial_class;
  arm.regimen = regimen;
  arm.runnable = "yes";
  arm.role = "calibration";
  arm.measurements = std::move(rows);
  return arm;
}

Study study_of(const std::string& id, std::vector<StudyArm> arms) { return {id, id, "clinical", "", std::move(arms)}; }

/// Studies and the points of models on them.
struct Points {
  std::deque<Study> studies;
  std::vector<GradedPoint> all;

  StudyArm& arm(const std::string& id, const std::string& trial_class = "denosumab", const std::string& role = "calibration") {
    studies.push_back(study_of("study of " + id, {arm_of(id, trial_class, "none", {})}));
    StudyArm& arm = studies.back().arms[0];
    arm.role = role;
    arm.measurements.reserve(16);  // points keep addresses
    return arm;
  }
  /// A row of the last arm, predicted by `model` as observed + off.
  Measurement& point(const std::string& model, const std::string& outcome, double off, double mean = 0, const std::string& unit = "percent_change") {
    Study& study = studies.back();
    StudyArm& a = study.arms[0];
    a.measurements.push_back(measured(outcome, 12, mean, unit));
    all.push_back({model, {&study, &a, &a.measurements.back()}, mean + off});
    return a.measurements.back();
  }
};

std::vector<std::string> order(const std::vector<ArmGrade>& grades) {
  std::vector<std::string> out;
  for (const auto& g : grades) out.push_back(g.arm + " " + g.outcome);
  return out;
}

// ---- one point

TEST(GradedPoint, Reported_interval_holds_its_ends) {
  Points p;
  p.arm("a");
  auto& m = p.point("m", "LS", 0, 3);
  m.interval = "CI95";
  m.low = 2;
  m.high = 4;
  GradedPoint x = p.all[0];
  for (const double inside : {2.0, 3.0, 4.0}) {
    x.predicted = inside;
    EXPECT_EQ(x.within(), true) << inside;
  }
  for (const double outside : {1.99, 4.01, -3.0}) {
    x.predicted = outside;
    EXPECT_EQ(x.within(), false) << outside;
  }
}

TEST(GradedPoint, Standard_error_gives_an_interval_of_1_96_of_it) {
  Points p;
  p.arm("a");
  auto& m = p.point("m", "LS", 0, 3);
  m.interval = "SE";
  m.error = 0.5;
  GradedPoint x = p.all[0];
  x.predicted = 3.97;
  EXPECT_EQ(x.within(), true);
  x.predicted = 2.0;
  EXPECT_EQ(x.within(), false);
}

/// The spread between women says nothing about their mean.
TEST(GradedPoint, Standard_deviation_is_no_interval_of_the_mean) {
  Points p;
  p.arm("a");
  auto& m = p.point("m", "LS", 0, 3);
  EXPECT_FALSE(p.all[0].within().has_value());
  m.error = 5;
  m.interval = "SD";
  EXPECT_FALSE(p.all[0].within().has_value());
  m.low = -2;
  m.high = 8;
  EXPECT_FALSE(p.all[0].within().has_value());
}

TEST(GradedPoint, Range_of_arms_is_no_interval_of_the_mean) {
  Points p;
  p.arm("a");
  auto& m = p.point("m", "LS", 0, 3);
  m.interval = "range_of_arms";
  m.low = 2;
  m.high = 4;
  EXPECT_FALSE(p.all[0].within().has_value());
}

TEST(GradedPoint, Only_changes_and_differences_in_percent_count) {
  for (const auto& [unit, counts] :
       {std::pair{"percent_change", true},
        {"percent_diff", true},
        {"percent_per_year", false},
        {"absolute_g_cm2", false},
        {"absolute_sBMD_mg_cm2", false},
        {"percent_of_gain_retained", false}}) {
    Points p;
    p.arm("a");
    p.point("m", "LS", 1, 3, unit);
    EXPECT_EQ(p.all[0].counts(), counts) << unit;
  }
}

// ---- by arm and outcome

TEST(GradeArms, Rmse_and_bias_of_an_arm_and_outcome) {
  Points p;
  p.arm("a", "denosumab", "validation");
  p.point("m", "LS", 1);
  p.point("m", "LS", -3);
  p.point("m", "TH", 2, 5);
  const auto grades = grade_arms(p.all);
  ASSERT_EQ(grades.size(), 2u);
  EXPECT_EQ(grades[0].model, "m");
  EXPECT_EQ(grades[0].study, "study of a");
  EXPECT_EQ(grades[0].arm, "a");
  EXPECT_EQ(grades[0].trial_class, "denosumab");
  EXPECT_EQ(grades[0].role, "validation");
  EXPECT_EQ(grades[0].outcome, "LS");
  EXPECT_EQ(grades[0].n, 2u);
  EXPECT_NEAR(grades[0].rmse, std::sqrt(5), kRounding);
  EXPECT_NEAR(grades[0].bias, -1, kRounding);
  EXPECT_EQ(grades[1].n, 1u);
  EXPECT_NEAR(grades[1].rmse, 2, kRounding);
  EXPECT_NEAR(grades[1].bias, 2, kRounding);
}

TEST(GradeArms, Markers_are_graded_in_log_ratio) {
  Points p;
  p.arm("a");
  p.point("m", "CTX", -10, -50);  // 0.4 for 0.5
  p.point("m", "CTX", 75, -50);   // 1.25 for 0.5
  const auto grades = grade_arms(p.all);
  ASSERT_EQ(grades.size(), 1u);
  const double low = std::log(0.4 / 0.5), high = std::log(1.25 / 0.5);
  EXPECT_NEAR(grades[0].rmse, std::sqrt((low * low + high * high) / 2), kRounding);
  EXPECT_NEAR(grades[0].bias, std::log(2) / 2, kRounding) << "0.4/0.5 and 1.25/0.5 together are 2";
}

TEST(GradeArms, Densities_stand_before_markers_and_the_worst_first) {
  Points p;
  p.arm("a");
  p.point("m", "TH", 0.1);
  p.point("m", "CTX", 400);
  p.point("m", "LS", -2);
  p.arm("b");
  p.point("m", "LS", 1);
  p.point("m", "P1NP", -30);
  EXPECT_EQ(order(grade_arms(p.all)), (std::vector<std::string>{"a LS", "b LS", "a TH", "a CTX", "b P1NP"}));
}

TEST(GradeArms, Failed_simulations_stand_first_and_arms_without_graded_points_last) {
  Points p;
  p.arm("graded");
  p.point("m", "LS", 8);
  p.arm("rates");
  p.point("m", "LS", 50, 0, "percent_per_year");
  p.arm("failed");
  p.point("m", "LS", 0.5);
  p.point("m", "LS", std::nan(""));
  const auto grades = grade_arms(p.all);
  EXPECT_EQ(order(grades), (std::vector<std::string>{"failed LS", "graded LS", "rates LS"}));
  EXPECT_TRUE(std::isnan(grades[0].rmse));
  EXPECT_EQ(grades[0].n, 2u);
  EXPECT_TRUE(std::isnan(grades[2].rmse));
  EXPECT_TRUE(std::isnan(grades[2].bias));
  EXPECT_EQ(grades[2].n, 0u);
}

TEST(GradeArms, Models_are_graded_apart) {
  Points p;
  p.arm("a");
  p.point("m", "LS", 1);
  p.all.push_back({"other", p.all[0].row, 5});
  const auto grades = grade_arms(p.all);
  ASSERT_EQ(grades.size(), 2u);
  EXPECT_EQ(grades[0].model, "other");
  EXPECT_NEAR(grades[0].rmse, 5, kRounding);
  EXPECT_NEAR(grades[1].rmse, 1, kRounding);
}

TEST(GradeArms, Intervals_are_counted) {
  Points p;
  p.arm("a");
  for (const double off : {0.0, 0.5, 3.0}) {
    auto& m = p.point("m", "LS", off, 2);
    m.interval = "CI95";
    m.low = 1;
    m.high = 3;
  }
  p.point("m", "LS", 0, 2);
  const auto grades = grade_arms(p.all);
  EXPECT_EQ(grades[0].n, 4u);
  EXPECT_EQ(grades[0].with_interval, 3u);
  EXPECT_EQ(grades[0].within, 2u);
}

TEST(GradeArms, Nothing_gives_nothing) { EXPECT_TRUE(grade_arms({}).empty()); }

// ---- pooled

TEST(Pool, Points_are_pooled_by_role_and_outcome) {
  Points p;
  p.arm("a", "denosumab", "calibration");
  p.point("m", "LS", 1);
  p.point("m", "LS", 1);
  p.arm("b", "placebo", "calibration");
  p.point("m", "LS", -4);
  p.point("m", "TH", 2);
  p.point("m", "LS", 100, 0, "percent_per_year");
  p.arm("c", "denosumab", "validation");
  p.point("m", "LS", 7);
  const auto pooled = pool(p.all, "m", false);
  ASSERT_EQ(pooled.size(), 3u);
  EXPECT_EQ(pooled[0].role, "calibration");
  EXPECT_EQ(pooled[0].outcome, "LS");
  EXPECT_EQ(pooled[0].trial_class, "");
  EXPECT_EQ(pooled[0].n, 3u) << "points weigh, not arms; rates do not count";
  EXPECT_NEAR(pooled[0].rmse, std::sqrt(6), kRounding);  // (1 + 1 + 16)/3
  EXPECT_NEAR(pooled[0].bias, -2.0 / 3, kRounding);
  EXPECT_EQ(pooled[1].outcome, "TH");
  EXPECT_EQ(pooled[2].role, "validation");
  EXPECT_NEAR(pooled[2].rmse, 7, kRounding);
}

TEST(Pool, By_class) {
  Points p;
  p.arm("a", "denosumab");
  p.point("m", "LS", 1);
  p.arm("b", "placebo");
  p.point("m", "LS", -3);
  const auto pooled = pool(p.all, "m", true);
  ASSERT_EQ(pooled.size(), 2u);
  EXPECT_EQ(pooled[0].trial_class, "denosumab");
  EXPECT_NEAR(pooled[0].bias, 1, kRounding);
  EXPECT_EQ(pooled[1].trial_class, "placebo");
  EXPECT_NEAR(pooled[1].bias, -3, kRounding);
}

/// Models answer for different rows; beside each other they stand on the rows both have.
TEST(Pool, With_another_model_only_rows_that_both_have) {
  Points p;
  p.arm("a");
  p.point("m", "LS", 1);
  p.all.push_back({"other", p.all[0].row, 2});
  p.point("m", "LS", 9);
  p.point("m", "TH", 9);
  EXPECT_EQ(pool(p.all, "m", false).at(0).n, 2u);
  const auto shared = pool(p.all, "m", false, "other");
  ASSERT_EQ(shared.size(), 1u);
  EXPECT_EQ(shared[0].n, 1u);
  EXPECT_NEAR(shared[0].rmse, 1, kRounding);
  const auto reverse = pool(p.all, "other", false, "m");
  ASSERT_EQ(reverse.size(), 1u);
  EXPECT_NEAR(reverse[0].rmse, 2, kRounding);
  EXPECT_TRUE(pool(p.all, "m", false, "third").empty());
}

TEST(Pool, Other_models_do_not_mix_in) {
  Points p;
  p.arm("a");
  p.point("m", "LS", 1);
  p.point("n", "LS", 50);
  EXPECT_NEAR(pool(p.all, "m", false).at(0).rmse, 1, kRounding);
  EXPECT_TRUE(pool(p.all, "k", false).empty());
}

TEST(Pool, Failed_simulation_makes_the_pool_a_failure) {
  Points p;
  p.arm("a");
  p.point("m", "LS", 1);
  p.point("m", "LS", std::nan(""));
  EXPECT_TRUE(std::isnan(pool(p.all, "m", false).at(0).rmse));
}

// ---- spread between trials

const protocol::DrugCatalogue kCatalogue = {{{"denosumab", "sc", "mg"}, {"alendronate", "po", "mg"}}, {"sc", "po"}};

std::vector<BetweenTrialSpread> spread(const std::vector<Study>& studies) { return between_trial_spread(studies, kCatalogue, support::units()); }

StudyArm denosumab(const std::string& id, int doses, std::vector<Measurement> rows) {
  return arm_of(id, "denosumab", "denosumab 60 mg sc every 6 months x " + std::to_string(doses), std::move(rows));
}

/// Month 12: studies 5 and 6, mean 5.5, squares 0.5, one degree of freedom; month 24: 8, 9 and 10, squares 2, two degrees.
TEST(Spread, Pooled_over_groups_with_n_minus_1) {
  const auto found = spread({study_of("A", {denosumab("a", 4, {measured("LS", 12, 5), measured("LS", 24, 8)})}),
                             study_of("B", {denosumab("b", 4, {measured("LS", 12, 6), measured("LS", 24, 9)})}),
                             study_of("C", {denosumab("c", 4, {measured("LS", 24, 10), measured("TH", 24, 5)})})});
  ASSERT_EQ(found.size(), 1u) << "one study alone is no spread";
  EXPECT_EQ(found[0].outcome, "LS");
  EXPECT_EQ(found[0].groups, 2u);
  EXPECT_EQ(found[0].means, 5u);
  EXPECT_NEAR(found[0].rms, std::sqrt(2.5 / 3), kRounding);
}

TEST(Spread, Arms_of_one_study_make_one_mean) {
  const auto found = spread({study_of("A", {denosumab("a1", 2, {measured("LS", 12, 4)}), denosumab("a2", 2, {measured("LS", 12, 8)})}),
                             study_of("B", {denosumab("b", 2, {measured("LS", 12, 4)})})});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].means, 2u);
  EXPECT_NEAR(found[0].rms, std::sqrt(2), kRounding);  // 6 and 4
}

TEST(Spread, Only_doses_before_the_visit_make_a_regimen_another) {
  const Study a = study_of("A", {denosumab("a", 2, {measured("LS", 12, 5)})});
  EXPECT_EQ(spread({a, study_of("B", {denosumab("b", 6, {measured("LS", 12, 7)})})}).size(), 1u);
  EXPECT_TRUE(spread({a, study_of("B", {denosumab("b", 1, {measured("LS", 12, 7)})})}).empty());
  EXPECT_TRUE(spread({a, study_of("B", {arm_of("b", "denosumab", "denosumab 30 mg every 6 months x 2", {measured("LS", 12, 7)})})}).empty());
  EXPECT_TRUE(spread({a, study_of("B", {denosumab("b", 2, {measured("LS", 9, 7)})})}).empty()) << "another month";
}

TEST(Spread, Markers_in_log_ratio) {
  const auto found =
      spread({study_of("A", {denosumab("a", 2, {measured("CTX", 1, -50)})}), study_of("B", {denosumab("b", 2, {measured("CTX", 1, -60)})})});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(found[0].rms, std::log(1.25) / std::sqrt(2), kRounding);
}

TEST(Spread, Placebo_arms_are_a_treatment_too) {
  EXPECT_EQ(spread({study_of("A", {arm_of("a", "placebo", "none", {measured("LS", 12, 0)})}),
                    study_of("B", {arm_of("b", "placebo", "none", {measured("LS", 12, 1)})})})
                .size(),
            1u);
}

TEST(Spread, Rows_that_are_not_of_the_kind_are_left_out) {
  const Study a = study_of("A", {denosumab("a", 2, {measured("LS", 12, 5)})});
  const auto with = [&](const std::function<void(StudyArm&)>& change) {
    Study b = study_of("B", {denosumab("b", 2, {measured("LS", 12, 7)})});
    change(b.arms[0]);
    return spread({a, b});
  };
  EXPECT_EQ(with([](StudyArm&) {}).size(), 1u);
  EXPECT_TRUE(with([](StudyArm& x) { x.time_zero_month = 12; }).empty());
  EXPECT_TRUE(with([](StudyArm& x) { x.trial_class = "natural_history"; }).empty());
  EXPECT_TRUE(with([](StudyArm& x) { x.runnable = "no: two doses"; }).empty());
  EXPECT_TRUE(with([](StudyArm& x) { x.measurements[0].count = "no:duplicate"; }).empty());
  EXPECT_TRUE(with([](StudyArm& x) { x.measurements[0].unit = "percent_diff"; }).empty());
  EXPECT_TRUE(with([](StudyArm& x) { x.measurements[0].mean.reset(); }).empty());
}

}  // namespace
}  // namespace osteosome::evidence
