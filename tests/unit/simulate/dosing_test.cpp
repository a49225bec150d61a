// SPDX-License-Identifier: Apache-2.0
// Doses of a regimen as stops of a plan: units, body weight, continuous courses, and where outputs stand among the doses.
#include "osteosome/simulate/dosing.hpp"

#include <gtest/gtest.h>

#include "simulate_one_compartment.hpp"

namespace osteosome::support {
namespace {

using protocol::kForever;
using protocol::parse_regimen;
using simulate::AtDose;
using simulate::CompiledModel;
using simulate::DoseTranslator;
using solve::StopKind;

const protocol::DrugCatalogue& catalogue() {
  static const auto drugs = protocol::load_catalogue(OSTEOSOME_ROOT);
  return drugs;
}

const CompiledModel& compiled(const std::string& id) {
  static std::map<std::string, std::unique_ptr<CompiledModel>> models;
  auto& model = models[id];
  if (!model) model = std::make_unique<CompiledModel>(shipped(id), simulate::SolverSettings{});
  return *model;
}

solve::SubjectPlan plan_of(const CompiledModel& model, const std::string& text, double weight_kg = 0, double start = 0) {
  solve::SubjectPlan plan;
  plan.parameters = model.program().parameter_values;
  DoseTranslator(model, units()).add_doses(protocol::expand(parse_regimen(text, catalogue(), units()), kForever / 2), start, weight_kg, plan);
  return plan;
}

core::Error refusal(const CompiledModel& model, const std::string& text, double weight_kg = 0) {
  return error_of([&] { DoseTranslator(model, units()).check(parse_regimen(text, catalogue(), units()), weight_kg); });
}

/// Two conversions and a bioavailability, each correctly rounded: a few units of 1.1e-16.
void expect_same(double x, double expected) { EXPECT_NEAR(x / expected, 1, 1e-15); }

TEST(DoseTranslator, Denosumab_in_mg_becomes_available_ng) {
  const auto plan = plan_of(compiled("peterson-riggs-2010"), "denosumab 60 mg sc");
  ASSERT_EQ(plan.stops.size(), 1u);
  EXPECT_EQ(plan.stops[0].kind, StopKind::Add);
  EXPECT_EQ(compiled("peterson-riggs-2010").program().states[plan.stops[0].index], "DENSC");
  expect_same(plan.stops[0].value, 60 * 0.729e6);
}

TEST(DoseTranslator, Teriparatide_in_ug_becomes_pmol_by_its_molar_mass) {
  const auto plan = plan_of(compiled("peterson-riggs-2010"), "teriparatide 20 ug sc");
  ASSERT_EQ(plan.stops.size(), 1u);
  EXPECT_EQ(compiled("peterson-riggs-2010").program().states[plan.stops[0].index], "TERISC");
  expect_same(plan.stops[0].value, 20e6 / 4117.8);
}

TEST(DoseTranslator, Unit_of_the_text_does_not_matter) {
  const auto& model = compiled("peterson-riggs-2010");
  expect_same(plan_of(model, "denosumab 0.06 g").stops[0].value, plan_of(model, "denosumab 60 mg").stops[0].value);
}

TEST(DoseTranslator, Molar_mass_of_the_subject_counts) {
  const auto& model = compiled("peterson-riggs-2010");
  solve::SubjectPlan plan;
  plan.parameters = model.program().parameter_values;
  plan.parameters[*model.program().parameter_index("TERI_MW")] *= 2;
  DoseTranslator(model, units()).add_doses(protocol::expand(parse_regimen("teriparatide 20 ug", catalogue(), units()), kForever / 2), 0, 0, plan);
  expect_same(plan.stops[0].value, 10e6 / 4117.8);
}

TEST(DoseTranslator, Amount_of_substance_for_a_mass_is_refused) {
  const auto regimen = parse_regimen("denosumab 60 nmol", {{{"denosumab", "sc", "mol"}}, {}}, units());
  const auto error = error_of([&] { DoseTranslator(compiled("peterson-riggs-2010"), units()).check(regimen, 0); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Dosing);
  EXPECT_EQ(error.diagnostics()[0].code, "dosing-003");
  EXPECT_EQ(error.diagnostics()[0].message, "a dose of 'denosumab' in nmol does not fit");
  EXPECT_EQ(error.diagnostics()[0].hint, "Model 'peterson-riggs-2010' counts it in ng.");
}

TEST(DoseTranslator, Dose_per_kg_is_multiplied_by_the_weight) {
  const auto& model = compiled("peterson-riggs-2010");
  expect_same(plan_of(model, "denosumab 1 mg/kg", 60).stops[0].value, 60 * 0.729e6);
}

TEST(DoseTranslator, Dose_per_kg_without_a_weight_is_refused) {
  const auto error = refusal(compiled("peterson-riggs-2010"), "denosumab 1 mg/kg");
  EXPECT_EQ(error.diagnostics()[0].code, "dosing-002");
  EXPECT_EQ(error.diagnostics()[0].message, "a dose per kg needs the body weight");
  EXPECT_EQ(error.diagnostics()[0].hint, "Give [patient] weight, e.g. \"60 kg\".");
}

TEST(DoseTranslator, Drug_that_the_model_lacks_is_refused_with_its_drugs) {
  const auto error = refusal(compiled("peterson-riggs-2010"), "alendronate 70 mg weekly x 3");
  EXPECT_EQ(error.diagnostics()[0].code, "dosing-001");
  EXPECT_EQ(error.diagnostics()[0].message, "model 'peterson-riggs-2010' has no drug 'alendronate'");
  EXPECT_EQ(error.diagnostics()[0].hint, "It has: denosumab, teriparatide.");
}

TEST(DoseTranslator, Regimen_none_fits_every_model) {
  EXPECT_NO_THROW(DoseTranslator(compiled("peterson-riggs-2010"), units()).check(parse_regimen("none", catalogue(), units()), 0));
}

TEST(DoseTranslator, Daily_alendronate_of_joerg_2022_is_one_rate) {
  const auto& model = compiled("joerg-2022");
  const auto plan = plan_of(model, "alendronate 10 mg po daily x 30");
  ASSERT_EQ(plan.stops.size(), 2u) << "one long infusion";
  EXPECT_EQ(plan.stops[0].kind, StopKind::ChangeRate);
  EXPECT_EQ(plan.stops[0].time, 0);
  expect_same(plan.stops[0].value, 10 * 2.97e-5);
  EXPECT_EQ(plan.stops[1].time, 30);
  EXPECT_EQ(plan.stops[1].value, -plan.stops[0].value);
}

TEST(DoseTranslator, Weekly_alendronate_of_joerg_2022_is_a_bolus_each) {
  const auto plan = plan_of(compiled("joerg-2022"), "alendronate 70 mg po weekly x 3");
  ASSERT_EQ(plan.stops.size(), 3u);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(plan.stops[k].kind, StopKind::Add);
    EXPECT_EQ(plan.stops[k].time, 7.0 * static_cast<double>(k));
    expect_same(plan.stops[k].value, 70 * 2.97e-5);
  }
}

TEST(DoseTranslator, Missed_dose_interrupts_a_continuous_course) {
  const auto& model = compiled("joerg-2022");
  solve::SubjectPlan plan;
  plan.parameters = model.program().parameter_values;
  protocol::Adherence adherence;
  adherence.skip = {3};
  DoseTranslator(model, units())
      .add_doses(protocol::expand(parse_regimen("alendronate 10 mg daily x 5", catalogue(), units()), kForever / 2, adherence), 0, 0, plan);
  ASSERT_EQ(plan.stops.size(), 4u);
  EXPECT_EQ(plan.stops[1].time, 2);
  EXPECT_EQ(plan.stops[2].time, 3);
}

TEST(DoseTranslator, Infusion_time_of_the_text_makes_a_rate) {
  const auto plan = plan_of(one_compartment(simulate::EngineChoice::Lanes), "zoledronate 5 mg iv over 15 min", 0, 100);
  ASSERT_EQ(plan.stops.size(), 2u);
  EXPECT_EQ(plan.stops[0].time, 100);
  expect_same(plan.stops[0].value, 20);
  EXPECT_NEAR(plan.stops[1].time, 100.25, 1e-13);  // one rounding of a number near 100
}

TEST(DoseTranslator, Infusion_whose_dose_takes_a_second_after_50_years_is_not_lost) {
  const auto plan = plan_of(one_compartment(simulate::EngineChoice::Lanes), "none for 50 years then zoledronate 5 mg iv over 0.0166 min");
  ASSERT_EQ(plan.stops.size(), 2u) << "the dose is there";
}

TEST(DoseTranslator, Lag_and_bioavailability_of_the_model_apply) {
  const auto& model = one_compartment(simulate::EngineChoice::Lanes);
  solve::SubjectPlan plan;
  plan.parameters = model.program().parameter_values;
  plan.parameters[*model.program().parameter_index("lagt")] = 3;
  plan.parameters[*model.program().parameter_index("bioav")] = 0.5;
  DoseTranslator(model, units()).add_doses(protocol::expand(parse_regimen("denosumab 60 mg", catalogue(), units()), kForever / 2), 10, 0, plan);
  ASSERT_EQ(plan.stops.size(), 1u);
  EXPECT_EQ(plan.stops[0].time, 13);
  EXPECT_EQ(plan.stops[0].value, 30);
}

TEST(AddOutputs, Pre_stands_before_and_post_after_the_dose_of_the_same_time) {
  for (const auto at : {AtDose::Pre, AtDose::Post}) {
    auto plan = plan_of(one_compartment(simulate::EngineChoice::Lanes), "denosumab 60 mg q1d x 2");
    DoseTranslator::add_outputs({0, 12, 24, 30}, at, plan);
    std::vector<std::uint32_t> after;
    for (const auto& o : plan.outputs) after.push_back(o.after_stops);
    EXPECT_EQ(after, at == AtDose::Pre ? (std::vector<std::uint32_t>{0, 1, 1, 2}) : (std::vector<std::uint32_t>{1, 1, 2, 2}));
  }
}

/// 0.1 and 0.3 days are no whole numbers of hours in binary; 3 * 0.1 + lag is 0.4 on the clock, 0.4 and a unit in the last place in doubles.
TEST(AddOutputs, An_output_and_a_dose_of_the_same_instant_meet_by_whatever_route) {
  const auto& model = one_compartment(simulate::EngineChoice::Lanes);
  solve::SubjectPlan plan;
  plan.parameters = model.program().parameter_values;
  plan.parameters[*model.program().parameter_index("lagt")] = 0.1;
  DoseTranslator(model, units())
      .add_doses(protocol::expand(parse_regimen("denosumab 60 mg every 6 min x 100", catalogue(), units()), kForever / 2), 0, 0, plan);
  for (std::size_t k = 0; k < 100; ++k) EXPECT_EQ(plan.stops[k].time, static_cast<double>(k + 1) / 10);
  std::vector<double> times;
  for (int k = 1; k <= 100; ++k) times.push_back(0.1 * k);  // as another program computes them
  DoseTranslator::add_outputs(times, AtDose::Pre, plan);
  for (std::uint32_t k = 0; k < 100; ++k) {
    EXPECT_EQ(plan.outputs[k].after_stops, k);
    EXPECT_EQ(plan.outputs[k].time, plan.stops[k].time);
  }
}

/// Infusions end to end are one infusion, whatever the interval: the end of each is the beginning of the next.
TEST(DoseTranslator, Infusions_end_to_end_leave_two_stops) {
  const auto plan = plan_of(one_compartment(simulate::EngineChoice::Lanes), "denosumab 60 mg over 7 min every 7 min x 1000");
  ASSERT_EQ(plan.stops.size(), 2u);
  EXPECT_EQ(plan.stops[1].time, 7000 / 60.0);
}

TEST(EngineName, Unknown_engine_is_refused_with_a_near_match) {
  const auto error = error_of([] { (void)simulate::engine_from_name("lane"); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Input);
  EXPECT_EQ(error.diagnostics()[0].message, "unknown engine 'lane'");
  EXPECT_NE(error.diagnostics()[0].hint.find("Did you mean 'lanes'?"), std::string::npos);
}

TEST(ObservableReader, Unknown_quantities_are_refused_together_with_near_matches) {
  const auto& model = one_compartment(simulate::EngineChoice::Lanes);
  const auto error = error_of([&] { simulate::ObservableReader(model.program(), {"centrl", "cp", "depott"}); });
  ASSERT_EQ(error.diagnostics().size(), 2u);
  EXPECT_EQ(error.diagnostics()[0].message, "the model has no quantity 'centrl'");
  EXPECT_EQ(error.diagnostics()[0].hint, "Did you mean 'central'?");
  EXPECT_EQ(error.diagnostics()[1].hint, "Did you mean 'depot'?");
}

}  // namespace
}  // namespace osteosome::support
