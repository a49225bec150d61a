// SPDX-License-Identifier: Apache-2.0
// Studies from arms.csv and measurements.csv: what a cell becomes, what is left out with file and line, and what is refused.
#include <gtest/gtest.h>

#include <cmath>

#include "errors.hpp"
#include "evidence_vocabulary.hpp"
#include "osteosome/evidence/study.hpp"

namespace osteosome::evidence {
namespace {

using support::error_of;

const std::string kArms =
    "arm_id,study,doi,arm,class,regimen,time_zero_month,comparator_regimen,age_y,years_since_menopause,t_ls,t_th,t_fn,sex_or_disease,runnable,role,"
    "remark\n"
    "one,\"Trial, first (A 2020)\",10.1/x,drug 60 mg,denosumab,denosumab 60 mg,12,none,64.5,15,-2.5,-1.5,-1.9,pm_low_bmd,yes,validation,as planned\n"
    "two,Other (B 2021),10.1/y,placebo,placebo,none,,,,,,,,pm_osteoporosis,yes,calibration,\n"
    "three,\"Trial, first (A 2020)\",10.1/z,control,placebo,none,0,,,,,,,,no: unknown doses,validation,\n";
const std::string kRows =
    "arm_id,site_or_marker,unit,month,mean,sd_or_se,ci_low,ci_high,which,n,count,provenance,note\n"
    "one,TH,percent_change,6,2.5,0.4,1,4,CI95,10,yes,seen,table 2\n"
    "two,LS,percent_change,-3,-0.6,,,,,,no:duplicate,recalled,\n"
    "one,VFX,relative_risk,36,0.32,,0.26,0.41,CI95,,yes,seen,\n";

StudyTables both(const std::string& arms, const std::string& rows) {
  const support::TemporaryFolder folder;
  (void)folder.write("arms.csv", arms);
  (void)folder.write("measurements.csv", rows);
  return load_study_tables(folder.path(), support::vocabulary());
}

std::vector<Study> tables(const std::string& arms, const std::string& rows) { return both(arms, rows).studies; }

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) ADD_FAILURE() << "the test's own text lacks '" << from << "'";
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// Exactly one problem, in `file` at `line`.
void expect_refused(const std::string& arms, const std::string& rows, const std::string& code, const std::string& message, const std::string& hint,
                    const std::string& file, int line) {
  const auto error = error_of([&] { (void)tables(arms, rows); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Input);
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  const auto& d = error.diagnostics()[0];
  EXPECT_EQ(d.code, code);
  EXPECT_EQ(d.message, message);
  EXPECT_EQ(d.hint, hint);
  EXPECT_TRUE(d.where.file.ends_with("/" + file)) << d.where.file;
  EXPECT_EQ(d.where.line, line);
}

TEST(StudyTables, A_study_is_a_text_of_column_study) {
  const auto studies = tables(kArms, kRows);
  ASSERT_EQ(studies.size(), 2u);
  EXPECT_EQ(studies[0].id, "Trial, first (A 2020)");
  EXPECT_EQ(studies[0].title, studies[0].id);
  EXPECT_EQ(studies[0].domain, "clinical");
  EXPECT_EQ(studies[0].doi, "10.1/x");
  ASSERT_EQ(studies[0].arms.size(), 2u) << "arms of one study need not stand together";
  EXPECT_EQ(studies[0].arms[1].id, "three");
  EXPECT_EQ(studies[1].arms.at(0).id, "two");
}

TEST(StudyTables, Cells_of_an_arm) {
  const StudyArm arm = tables(kArms, kRows)[0].arms[0];
  EXPECT_EQ(arm.label, "drug 60 mg");
  EXPECT_EQ(arm.trial_class, "denosumab");
  EXPECT_EQ(arm.regimen, "denosumab 60 mg");
  EXPECT_EQ(arm.comparator_regimen, "none");
  EXPECT_EQ(arm.time_zero_month, 12);
  EXPECT_EQ(arm.age_y, 64.5);
  EXPECT_EQ(arm.years_since_menopause, 15);
  const std::vector<std::pair<std::string, double>> scores = {{"LS", -2.5}, {"TH", -1.5}, {"FN", -1.9}};
  EXPECT_EQ(arm.t_scores, scores);
  EXPECT_EQ(arm.population.code, "pm_low_bmd");
  EXPECT_EQ(arm.runnable, "yes");
  EXPECT_EQ(arm.role, "validation");
  EXPECT_EQ(arm.remark, "as planned");
}

TEST(StudyTables, Cells_of_a_measurement) {
  const auto studies = tables(kArms, kRows);
  ASSERT_EQ(studies[0].arms[0].measurements.size(), 2u);
  const Measurement& m = studies[0].arms[0].measurements[0];
  EXPECT_EQ(m.outcome, "TH");
  EXPECT_EQ(m.unit, "percent_change");
  EXPECT_EQ(m.month, 6);
  EXPECT_EQ(m.mean, 2.5);
  EXPECT_EQ(m.error, 0.4);
  EXPECT_EQ(m.low, 1);
  EXPECT_EQ(m.high, 4);
  EXPECT_EQ(m.interval, "CI95");
  EXPECT_EQ(m.count, "yes");
  EXPECT_EQ(m.provenance, "seen");
  EXPECT_EQ(m.note, "table 2");
  EXPECT_EQ(studies[0].arms[0].measurements[1].outcome, "VFX");
  EXPECT_EQ(studies[1].arms[0].measurements.at(0).month, -3);
}

TEST(StudyTables, Empty_cells_are_values_that_are_not_known) {
  const auto studies = tables(kArms, kRows);
  const StudyArm& arm = studies[1].arms[0];
  EXPECT_EQ(arm.time_zero_month, 0);
  for (const auto& x : {arm.age_y, arm.years_since_menopause}) EXPECT_FALSE(x.has_value());
  EXPECT_TRUE(arm.t_scores.empty());
  EXPECT_EQ(arm.comparator_regimen, "");
  const Measurement& m = arm.measurements.at(0);
  for (const auto& x : {m.error, m.low, m.high}) EXPECT_FALSE(x.has_value());
  EXPECT_EQ(m.interval, "");
}

TEST(StudyTables, Row_without_month_or_mean_is_kept_without_them) {
  const auto studies = tables(kArms, replaced(kRows, "TH,percent_change,6,2.5", "TH,percent_change,,"));
  const Measurement& m = studies[0].arms[0].measurements.at(0);
  EXPECT_TRUE(std::isnan(m.month));
  EXPECT_FALSE(m.mean.has_value());
}

TEST(StudyTables, Further_columns_are_ignored_and_optional_ones_may_be_missing) {
  const auto studies = tables("role,arm_id,study,regimen,time_zero_month,runnable,colour\ncalibration,a,S,none,0,yes,red\n",
                              "arm_id,site_or_marker,unit,month,mean,count\na,TH,percent_change,12,1,yes\n");
  ASSERT_EQ(studies.size(), 1u);
  EXPECT_EQ(studies[0].doi, "");
  EXPECT_EQ(studies[0].arms.at(0).population.code, "mixed");
  EXPECT_EQ(studies[0].arms[0].measurements.at(0).mean, 1);
  EXPECT_FALSE(studies[0].arms[0].measurements[0].low.has_value());
}

TEST(StudyTables, Arm_without_measurements_is_an_arm) {
  const auto studies = tables(kArms, kRows);
  EXPECT_TRUE(studies[0].arms[1].measurements.empty());
}

// ---- refused

TEST(StudyTables, Missing_file_is_named) {
  const support::TemporaryFolder folder;
  (void)folder.write("arms.csv", kArms);
  const auto error = error_of([&] { (void)load_study_tables(folder.path(), support::vocabulary()); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Io);
  EXPECT_NE(std::string(error.what()).find("measurements.csv"), std::string::npos) << error.what();
}

TEST(StudyTables, Missing_column_of_the_arms_is_refused_with_a_near_match) {
  expect_refused(replaced(kArms, "regimen,", "regimens,"), kRows, "table-001", "column 'regimen' is missing", "Did you mean 'regimens'?", "arms.csv",
                 1);
}

TEST(StudyTables, Missing_column_of_the_measurements_is_refused_with_a_near_match) {
  expect_refused(kArms, replaced(kRows, "site_or_marker", "site_or_maker"), "table-001", "column 'site_or_marker' is missing",
                 "Did you mean 'site_or_maker'?", "measurements.csv", 1);
}

TEST(StudyTables, Misspelt_optional_column_is_refused_with_a_near_match) {
  expect_refused(kArms, replaced(kRows, "ci_low", "ci_lo"), "table-002", "column 'ci_lo' is not used", "Did you mean 'ci_low'?", "measurements.csv",
                 1);
}

TEST(StudyTables, Every_missing_column_is_reported_at_once) {
  const auto error = error_of([&] { (void)tables("arm_id\na\n", kRows); });
  EXPECT_EQ(error.diagnostics().size(), 5u) << error.what();  // study, regimen, time_zero_month, runnable, role
}

// ---- left out

/// "study/arm/outcome: reason" of everything that is left out.
std::vector<std::string> left_out(const std::string& arms, const std::string& rows) {
  std::vector<std::string> out;
  for (const auto& x : both(arms, rows).left_out) out.push_back(x.study + "/" + x.arm + "/" + x.outcome + ": " + x.reason);
  return out;
}

using Texts = std::vector<std::string>;

TEST(StudyTables, Nothing_is_left_out_of_good_tables) { EXPECT_EQ(left_out(kArms, kRows), Texts{}); }

TEST(StudyTables, Arm_with_text_in_a_number_is_left_out_with_its_rows) {
  const std::string arms = replaced(kArms, ",64.5,", ",64.5 y,");
  EXPECT_EQ(left_out(arms, kRows), Texts{"Trial, first (A 2020)/one/: arms.csv:2: '64.5 y' in column 'age_y' is no number"});
  const auto studies = tables(arms, kRows);
  ASSERT_EQ(studies.size(), 2u);
  ASSERT_EQ(studies[0].arms.size(), 1u);
  EXPECT_EQ(studies[0].arms[0].id, "three");
  EXPECT_EQ(studies[1].arms.at(0).measurements.size(), 1u);
}

TEST(StudyTables, Measurement_with_text_in_a_number_is_left_out) {
  for (const char* text : {"nan", "inf", "2,5", "n/a"}) {
    const std::string cell = std::string(text) == "2,5" ? "\"2,5\"" : text;
    const std::string rows = replaced(kRows, "6,2.5,0.4", "6," + cell + ",0.4");
    const Texts found = left_out(kArms, rows);
    ASSERT_EQ(found.size(), 1u);
    const std::string said = "Trial, first (A 2020)/one/TH: measurements.csv:2: '" + std::string(text) + "' in column 'mean' is no number";
    EXPECT_TRUE(found[0].starts_with(said)) << found[0];
    EXPECT_EQ(tables(kArms, rows)[0].arms[0].measurements.size(), 1u) << "the other row of the arm stays";
  }
}

/// Which of the two a measurement is of cannot be told.
TEST(StudyTables, Arms_of_one_name_are_left_out) {
  const std::string arms = replaced(kArms, "three,", "one,");
  EXPECT_EQ(left_out(arms, kRows), (Texts{"Trial, first (A 2020)/one/: arms.csv:2: arm 'one' stands twice",
                                          "Trial, first (A 2020)/one/: arms.csv:4: arm 'one' stands twice"}));
  EXPECT_EQ(tables(arms, kRows)[1].arms.size(), 1u);
}

TEST(StudyTables, Measurement_of_an_unknown_arm_is_left_out_with_a_near_match) {
  EXPECT_EQ(left_out(kArms, replaced(kRows, "two,LS", "twoo,LS")),
            Texts{"/twoo/LS: measurements.csv:3: no arm 'twoo' in arms.csv; Did you mean 'two'?"});
}

TEST(StudyTables, Row_of_another_number_of_cells_is_left_out) {
  EXPECT_EQ(left_out(kArms, replaced(kRows, "table 2", "table 2, left")), Texts{"//?: measurements.csv:2: the row has 14 cells, the header 13"});
  EXPECT_EQ(left_out(replaced(kArms, "calibration,\n", "calibration\n"), kRows),
            (Texts{"//: arms.csv:3: the row has 16 cells, the header 17", "/two/LS: measurements.csv:3: no arm 'two' in arms.csv"}));
}

TEST(StudyTables, Line_is_that_of_the_row_in_the_file) {
  const std::string arms = replaced(kArms, "as planned", "\"as\nplanned\"");  // a cell over two lines
  EXPECT_EQ(left_out(arms + "four,S,,x,,none,soon,,,,,,,,yes,validation,\n", kRows),
            Texts{"S/four/: arms.csv:6: 'soon' in column 'time_zero_month' is no number"});
}

}  // namespace
}  // namespace osteosome::evidence
