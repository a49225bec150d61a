// SPDX-License-Identifier: Apache-2.0
// What the texts of animal studies mean is settled once (designs.csv) and taken from there.
#include <gtest/gtest.h>

#include <filesystem>

#include "documents.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/power.hpp"
#include "osteosome/evidence/preclinical.hpp"

namespace osteosome::support {
namespace {

const std::string kStudy = R"toml([study]
id = "mine"
title = "Mine 2026"
role = "calibration"
[[rows]]
table = "preclinical"
line = 7
study = "Mine 2026"
species = "rat"
osteoporosis_model = "OVX"
therapy = "vehicle"
duration_weeks = 8
outcome = "BV/TV tibia"
direction = "down"
)toml";
const std::string kHeader =
    "study,line,species,outcome,reported,treated,control,days,n,animal_model,filled_in,why_not,treated_age_days,treated_gonadectomy_days,"
    "treated_unloaded_from,treated_unloaded_until,control_age_days,control_gonadectomy_days,control_unloaded_from,control_unloaded_until\n";

/// The rows of kStudy beside a designs.csv of these lines.
std::vector<evidence::AnimalRow> rows_with(const TemporaryFolder& folder, const std::string& designs) {
  folder.write("mine.toml", kStudy);
  folder.write("designs.csv", designs);
  return evidence::load_animal_studies(folder.path());
}

TEST(AnimalDesigns, Shipped_ones_are_what_the_texts_mean) {
  const std::string folder = library().root + "/evidence/preclinical";
  EXPECT_EQ(core::read_file(folder + "/designs.csv"), evidence::designs_csv(evidence::load_animal_studies(folder), library().root, units()))
      << "import again: evidence/preclinical/README.md";
}

TEST(AnimalDesigns, Every_shipped_row_of_animals_has_one) {
  for (const auto& row : evidence::load_animal_studies(library().root + "/evidence/preclinical"))
    EXPECT_EQ(row.design.has_value(), row.table == "preclinical") << row.study << " " << row.text("line");
}

TEST(AnimalDesigns, A_line_counts_and_not_the_text) {
  const TemporaryFolder folder;
  const auto rows = rows_with(folder, kHeader + "mine,7,mouse,TbN_femur,up,none,prednisolone 1 mg/kg po,21,5,HLU,age // n,,100,3,0,21,90,,,\n");
  std::vector<evidence::AnimalLeftOut> left_out;
  const auto trials = evidence::describe_trials(rows, library().root, units(), left_out);
  ASSERT_EQ(trials.size(), 1u);
  const auto& t = trials[0];
  EXPECT_EQ(t.species, "mouse");
  EXPECT_EQ(t.outcome, "TbN_femur");
  EXPECT_EQ(t.reported, evidence::Reported::Up);
  EXPECT_EQ(t.control, "prednisolone 1 mg/kg po");
  EXPECT_EQ(t.days, 21);
  EXPECT_EQ(t.n, 5);
  EXPECT_EQ(t.filled_in, (std::vector<std::string>{"age", "n"}));
  EXPECT_EQ(t.treated_animal.age_days, 100);
  EXPECT_EQ(t.treated_animal.days_since_gonadectomy, 3);
  EXPECT_EQ(t.treated_animal.unloading_days, std::pair(0.0, 21.0));
  EXPECT_EQ(t.control_animal.age_days, 90);
  EXPECT_FALSE(t.control_animal.days_since_gonadectomy || t.control_animal.unloading_days || t.control_animal.supplement);
  EXPECT_TRUE(t.beneficial) << "more trabeculae are wanted";
  EXPECT_EQ(t.group, "disease");
  EXPECT_EQ(t.variation.cv, 0.2) << "no hind-limb unloading of mice: assumed";
}

TEST(AnimalDesigns, A_row_without_a_line_is_read_by_its_text) {
  const TemporaryFolder folder;
  const auto rows = rows_with(folder, kHeader + "mine,8,mouse,TbN_femur,up,none,none,21,5,HLU,,,100,,,,100,,,\n");
  EXPECT_FALSE(rows[0].design.has_value());
  std::vector<evidence::AnimalLeftOut> left_out;
  EXPECT_EQ(evidence::describe_trials(rows, library().root, units(), left_out).at(0).outcome, "BVTV_tibia");
}

TEST(AnimalDesigns, A_line_may_say_why_not) {
  const TemporaryFolder folder;
  const auto rows = rows_with(folder, kHeader + "mine,7,,,,,,,,,,no place,,,,,,,,\n");
  std::vector<evidence::AnimalLeftOut> left_out;
  EXPECT_TRUE(evidence::describe_trials(rows, library().root, units(), left_out).empty());
  EXPECT_EQ(left_out.at(0).reason, "no place");
}

TEST(AnimalDesigns, Mistakes_are_refused_where_they_stand) {
  const TemporaryFolder folder;
  const auto error = error_of([&] { (void)rows_with(folder, kHeader + "mine,7,mouse,TbN_femur,upp,none,none,long,5,HLU,,,100,,,,100,,,\n"); });
  ASSERT_EQ(error.diagnostics().size(), 2u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "'long' in column 'days' is no number");
  EXPECT_EQ(error.diagnostics()[1].message, "'upp' in column 'reported' is none of up, down, ns");
  EXPECT_EQ(error.diagnostics()[1].hint, "Did you mean 'up'?");
  EXPECT_EQ(error.diagnostics()[1].where.line, 2);
  const auto column = error_of([&] { (void)rows_with(folder, "study,lines\nmine,7\n"); });
  EXPECT_EQ(column.diagnostics()[0].message, "column 'line' is missing");
  EXPECT_EQ(column.diagnostics()[0].hint, "Did you mean 'lines'?");
}

TEST(Variability, An_outcome_whose_spread_is_not_even_assumed_is_refused) {
  const model::Outcomes
      outcomes({}, {{"x", "x", "X", "x", model::OutcomeKind::Structure, "1", "", model::Good::Up, "Tb.M", {}, {}, false, {"o.toml", 3, 1}}});
  const auto error = error_of([&] { (void)evidence::AnimalSpread(library().root, outcomes); });
  EXPECT_EQ(error.diagnostics()[0].code, "outcome-006");
  EXPECT_EQ(error.diagnostics()[0].hint, "Did you mean 'Tb.N'?");
  EXPECT_EQ(error.diagnostics()[0].where.line, 3);
}

}  // namespace
}  // namespace osteosome::support
