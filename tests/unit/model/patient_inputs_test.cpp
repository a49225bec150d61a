// SPDX-License-Identifier: Apache-2.0
// [patient] of a model document names parameters and outputs that are there; [doses] give one drug several routes.
#include <gtest/gtest.h>

#include <string>

#include "documents.hpp"

namespace osteosome::model {
namespace {

using support::error_of;
using support::expect_problem;
using support::load_text;

const std::string kModel = R"toml([model]
id = "woman"
title = "A woman"
time = "d"
source = "doi:10.1000/woman"

[parameters]
menopause = { value = 50, unit = "year", source = "model", kind = "reported" }
ovaries_out = { value = 0, unit = "1", source = "model", kind = "reported" }
pace = { value = 1, unit = "1", source = "model", kind = "reported" }
calcium = { value = 0, unit = "1", source = "model", kind = "reported" }
spine_scale = { value = 1, unit = "1", source = "model", kind = "reported" }
hip_scale = { value = 1, unit = "1", source = "model", kind = "reported" }

[species]
depot = { initial = 0, unit = "mg", rate = "0" }
plasma = { initial = 0, unit = "mg", rate = "0" }

[outputs]
T_spine = { formula = "spine_scale", unit = "1" }
T_hip = { formula = "hip_scale", unit = "1" }
)toml";

const std::string kPatient = R"toml(
[patient]
age_at_menopause = "menopause"
surgical = "ovaries_out"
turnover = "pace"
supplement = "calcium"
[patient.densities]
LS = { scale = "spine_scale", t_score = "T_spine" }
TH = { scale = "hip_scale", t_score = "T_hip" }
)toml";

std::string patient_with(const std::string& from, const std::string& to) {
  std::string text = kModel + kPatient;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  EXPECT_EQ(text.find(from, at + 1), std::string::npos) << "'" << from << "' is not unique";
  return text.replace(at, from.size(), to);
}

/// One problem with this code, message and hint.
void expect_refused(const std::string& text, const std::string& code, const std::string& message, const std::string& hint) {
  const core::Error error = error_of([&] { (void)load_text(text); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.kind(), core::ErrorKind::Model);
  EXPECT_EQ(error.diagnostics().front().code, code);
  EXPECT_EQ(error.diagnostics().front().message, message);
  EXPECT_EQ(error.diagnostics().front().hint, hint);
  EXPECT_TRUE(error.diagnostics().front().where.file.ends_with("model.toml"));
}

TEST(PatientInputs, Are_read) {
  const PatientInputs p = load_text(kModel + kPatient).patient;
  EXPECT_EQ(p.age_at_menopause, "menopause");
  EXPECT_EQ(p.surgical, "ovaries_out");
  EXPECT_EQ(p.turnover, "pace");
  EXPECT_EQ(p.supplement, "calcium");
  ASSERT_EQ(p.densities.size(), 2u);
  EXPECT_EQ(p.densities[0].site, "LS");
  EXPECT_EQ(p.densities[0].scale, "spine_scale");
  EXPECT_EQ(p.densities[0].t_score, "T_spine");
  EXPECT_EQ(p.densities[1].site, "TH");
  EXPECT_EQ(p.densities[1].scale, "hip_scale");
}

TEST(PatientInputs, Are_empty_where_the_model_names_none) {
  const PatientInputs none = load_text(kModel).patient;
  EXPECT_EQ(none.age_at_menopause + none.surgical + none.turnover + none.supplement, "");
  EXPECT_TRUE(none.densities.empty());
  EXPECT_EQ(load_text(kModel + "[patient]\nturnover = \"pace\"\n").patient.surgical, "");
}

TEST(PatientInputs, Unknown_parameters_are_refused_with_near_matches) {
  expect_refused(patient_with("= \"menopause\"", "= \"menopaus\""), "model-021", "[patient]: unknown name 'menopaus'", "Did you mean 'menopause'?");
  expect_refused(patient_with("= \"ovaries_out\"", "= \"ovaries\""), "model-021", "[patient]: unknown name 'ovaries'", "Did you mean 'ovaries_out'?");
  expect_refused(patient_with("= \"pace\"", "= \"pac\""), "model-021", "[patient]: unknown name 'pac'", "Did you mean 'pace'?");
  expect_refused(patient_with("= \"calcium\"", "= \"calcum\""), "model-021", "[patient]: unknown name 'calcum'", "Did you mean 'calcium'?");
}

TEST(PatientInputs, Species_is_no_parameter) {
  const core::Error error = error_of([] { (void)load_text(patient_with("= \"pace\"", "= \"plasma\"")); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics().front().message, "[patient]: unknown name 'plasma'");
}

TEST(PatientInputs, Scale_that_is_no_parameter_is_refused) {
  expect_refused(patient_with("scale = \"hip_scale\"", "scale = \"hip_scal\""), "model-021", "[patient]: unknown name 'hip_scal'",
                 "Did you mean 'hip_scale'?");
}

TEST(PatientInputs, T_score_that_is_no_output_is_refused) {
  const core::Error error = error_of([] { (void)load_text(patient_with("t_score = \"T_hip\"", "t_score = \"pace\"")); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics().front().code, "model-021");
  EXPECT_EQ(error.diagnostics().front().message, "[patient] densities: unknown name 'pace'");
}

TEST(PatientInputs, Missing_scale_is_refused) {
  expect_refused(patient_with("scale = \"hip_scale\", ", ""), "toml-005", "density of 'TH': 'scale' is missing", "");
}

TEST(PatientInputs, Unknown_keys_are_refused_with_near_matches) {
  const auto text = patient_with("supplement = ", "suplement = ");
  expect_problem(text, "toml-006", "[patient]: unknown key 'suplement'", "Did you mean 'supplement'?", "suplement");
  const auto density = patient_with("scale = \"hip_scale\"", "scales = 1, scale = \"hip_scale\"");
  expect_problem(density, "toml-006", "density of 'TH': unknown key 'scales'", "Did you mean 'scale'?", "TH = {");
}

TEST(PatientInputs, Several_problems_are_reported_together) {
  auto text = patient_with("= \"menopause\"", "= \"menopaus\"");
  text.replace(text.find("\"T_hip\" }"), 7, "\"T_hop\"");
  const core::Error error = error_of([&] { (void)load_text(text); });
  EXPECT_EQ(error.diagnostics().size(), 2u) << error.what();
}

TEST(PatientInputs, Of_the_shipped_model_are_all_there) {
  const Model& m = support::shipped("osteosome");
  for (const std::string& name : {m.patient.age_at_menopause, m.patient.surgical, m.patient.turnover, m.patient.supplement}) {
    EXPECT_NE(m.find_parameter(name), nullptr) << name;
  }
  EXPECT_EQ(m.find_parameter(m.patient.supplement)->value, 0) << "untreated up to the start";
  EXPECT_EQ(m.patient.densities.size(), 3u);
}

// ---- doses by several routes

const std::string kRoutes = R"toml(
[doses]
dronate = { into = "depot", route = "po" }
dronate_iv = { drug = "dronate", into = "plasma", route = "iv" }
other = { into = "plasma" }
)toml";

TEST(FindDose, Entry_of_the_route_is_found) {
  const Model m = load_text(kModel + kRoutes);
  ASSERT_NE(m.find_dose("dronate", "po"), nullptr);
  EXPECT_EQ(m.find_dose("dronate", "po")->into, "depot");
  ASSERT_NE(m.find_dose("dronate", "iv"), nullptr);
  EXPECT_EQ(m.find_dose("dronate", "iv")->into, "plasma");
  EXPECT_EQ(m.find_dose("dronate", "iv")->id, "dronate_iv");
}

TEST(FindDose, Drug_is_the_key_unless_it_is_named) {
  const Model m = load_text(kModel + kRoutes);
  EXPECT_EQ(m.find_dose("dronate", "po")->drug, "dronate");
  EXPECT_EQ(m.find_dose("dronate_iv", "iv"), nullptr);
  EXPECT_EQ(m.find_dose("dronate_iv"), nullptr);
}

TEST(FindDose, Route_nobody_has_is_not_found) {
  const Model m = load_text(kModel + kRoutes);
  EXPECT_EQ(m.find_dose("dronate", "sc"), nullptr);
  EXPECT_NE(m.find_dose("dronate"), nullptr) << "though there is the drug";
}

TEST(FindDose, Entry_without_a_route_serves_every_route) {
  const Model m = load_text(kModel + kRoutes);
  for (const char* route : {"sc", "po", ""}) {
    ASSERT_NE(m.find_dose("other", route), nullptr) << route;
    EXPECT_EQ(m.find_dose("other", route)->into, "plasma");
  }
}

TEST(FindDose, Entry_of_the_route_goes_before_one_that_serves_every_route_in_either_order) {
  const std::string any = "dronate = { into = \"depot\" }\n", iv = "dronate_iv = { drug = \"dronate\", into = \"plasma\", route = \"iv\" }\n";
  for (const std::string& doses : {any + iv, iv + any}) {
    const Model m = load_text(kModel + "[doses]\n" + doses);
    EXPECT_EQ(m.find_dose("dronate", "iv")->into, "plasma");
    EXPECT_EQ(m.find_dose("dronate", "po")->into, "depot");
  }
}

TEST(FindDose, Into_an_unknown_species_names_the_drug) {
  const auto text = kModel + "[doses]\ndronate_iv = { drug = \"dronate\", into = \"plasm\", route = \"iv\" }\n";
  expect_problem(text, "model-021", "dose 'dronate': unknown name 'plasm'", "Did you mean 'plasma'?", "dronate_iv = {");
}

// ---- more that is refused or converted

TEST(PatientInputs, Misspelt_output_is_refused_with_a_near_match) {
  expect_refused(patient_with("t_score = \"T_hip\"", "t_score = \"T_hipp\""), "model-021", "[patient] densities: unknown name 'T_hipp'",
                 "Did you mean 'T_hip'?");
}

TEST(PatientInputs, Missing_t_score_is_reported_once) {
  expect_refused(patient_with(", t_score = \"T_hip\"", ""), "toml-005", "density of 'TH': 't_score' is missing", "");
}

TEST(PatientInputs, Unknown_parameter_is_reported_at_its_line) {
  const auto text = patient_with("= \"pace\"", "= \"pac\"");
  expect_problem(text, "model-021", "[patient]: unknown name 'pac'", "Did you mean 'pace'?", "= \"pac\"");
}

TEST(PatientInputs, Age_at_menopause_should_be_a_time) {
  EXPECT_THROW((void)load_text(patient_with("age_at_menopause = \"menopause\"", "age_at_menopause = \"pace\"")), core::Error);
}

TEST(PatientInputs, Age_at_zero_should_be_a_time) { EXPECT_THROW((void)load_text(kModel + "[start]\nage_at_zero = \"pace\"\n"), core::Error); }

TEST(FindDose, Two_entries_of_one_drug_and_route_are_refused) {
  EXPECT_THROW((void)load_text(kModel +
                               "[doses]\nx = { into = \"depot\", route = \"po\" }\ny = { drug = \"x\", into = \"plasma\", route = \"po\" }\n"),
               core::Error);
}

}  // namespace
}  // namespace osteosome::model
