// SPDX-License-Identifier: Apache-2.0
// AMT is an amount whatever the species is: into a concentration it is divided by the volume of the instant. And doses by the ten thousand.
#include <gtest/gtest.h>

#include "osteosome/simulate/dosed_model.hpp"
#include "simulate_one_compartment.hpp"

namespace osteosome::support {
namespace {

using simulate::CompiledModel;
using simulate::EngineChoice;

/// Concentration C, which decays at 0.1/h, in a vessel of 4 L: for good, as a formula of time, or growing by a rate.
std::string vessel(const std::string& size, const std::string& species = "") {
  std::string text = "[model]\nid = \"m\"\ntitle = \"m\"\ntime = \"h\"\nsource = \"test\"\n[parameters]\n";
  for (const auto& [id, value, unit] : std::vector<std::array<std::string, 3>>{
           {"k", "0.1", "1/h"},
           {"v0", "4", "L"},
           {"grow", "0.5", "L/h"},
           {"F1", "0.5", "1"},
           {"rin", "20", "mg/h"},
           {"din", "2", "h"},
           {"M", "500", "g/mol"},
           {"per", "30", "mg/IU"}}) {
    text += id + " = { value = " + value + ", unit = \"" + unit + "\", kind = \"assumed\", rationale = \"t\", source = \"t\" }\n";
  }
  return text + "[compartments]\nbody = { size = 4, unit = \"L\", kind = \"assumed\", rationale = \"t\", source = \"t\"" + size +
         " }\n[species]\nC = { initial = 0, unit = \"mg/L\", compartment = \"body\"" + species +
         " }\n[reactions]\nout = { equation = \"C -> \", rate = \"k*C*body\" }\n[doses]\nalendronate = { into = \"C\", route = \"po\" }\n" +
         "romosozumab = { into = \"C\", factor = \"per\", unit = \"IU\", route = \"sc\" }\n";
}
const std::string kConstant, kFormula = ", formula = \"v0 + grow*time\"", kRate = ", rate = \"grow\"";
double size_at(const std::string& size, double t) { return size.empty() ? 4 : 4 + 0.5 * t; }

class Amounts : public testing::TestWithParam<std::tuple<std::string, EngineChoice>> {
 protected:
  const std::string size_ = std::get<0>(GetParam());
  const EngineChoice engine_ = std::get<1>(GetParam());
  [[nodiscard]] double volume(double t) const { return size_at(size_, t); }
  /// C at the one output row of the rows under the header ID,TIME,AMT,EVID,`column`; the vessel starts at time 0.
  [[nodiscard]] double run(const std::string& column, const std::string& rows, const std::string& species = "") const {
    return run_table(*compile_text(vessel(size_, species), engine_), "ID,TIME,AMT,EVID," + column + "\n1,0,0,2,.\n" + rows, {"C"}).values.at(0)[0];
  }
};
INSTANTIATE_TEST_SUITE_P(Volumes, Amounts,
                         testing::Combine(testing::Values(kConstant, kFormula, kRate),
                                          testing::Values(EngineChoice::Reference, EngineChoice::Lanes)));

TEST_P(Amounts, Of_a_bolus_are_divided_by_the_volume_of_the_instant) {
  EXPECT_NEAR(run("RATE", "1,2,100,1,0\n1,2,0,0,0\n"), 100 / volume(2), 100 * kAccuracy);
  EXPECT_NEAR(run("RATE", "1,2,100,1,0\n1,7,0,0,0\n"), 100 * std::exp(-0.5) / volume(7), 100 * kAccuracy);
}

TEST_P(Amounts, Of_an_infusion_enter_as_amounts) {
  const double left = 20 / 0.1 * (std::exp(-0.1 * 1) - std::exp(-0.1 * 6));  // of 20 mg/h from 2 h to 7 h, seen at 8 h
  EXPECT_NEAR(run("RATE", "1,2,100,1,20\n1,8,0,0,0\n"), left / volume(8), 100 * kAccuracy);
  EXPECT_NEAR(run("DUR", "1,2,100,1,5\n1,8,0,0,0\n"), left / volume(8), 100 * kAccuracy);
  EXPECT_NEAR(run("RATE", "1,2,100,1,-1\n1,8,0,0,0\n", ", infusion_rate = \"rin\""), left / volume(8), 100 * kAccuracy);
}

TEST_P(Amounts, Of_a_dose_with_bioavailability_and_duration_of_the_model) {
  const double left = 25 / 0.1 * (std::exp(-0.1 * 4) - std::exp(-0.1 * 6));  // half of 100 mg over 2 h
  EXPECT_NEAR(run("RATE", "1,2,100,1,-2\n1,8,0,0,0\n", ", bioavailability = \"F1\", infusion_duration = \"din\""), left / volume(8), 100 * kAccuracy);
}

TEST_P(Amounts, That_replace_are_amounts_too) {
  EXPECT_NEAR(run("EVENT", "1,2,100,1,\n1,3,40,1,replace\n1,3,0,0,\n"), 40 / volume(3), 100 * kAccuracy);
}

double run_text(const CompiledModel& model, const std::string& regimen, double at) {
  solve::SubjectPlan plan;
  plan.parameters = model.program().parameter_values;
  simulate::DoseTranslator translator(model, units());
  const auto parsed = protocol::parse_regimen(regimen, protocol::load_catalogue(OSTEOSOME_ROOT), units());
  translator.check(parsed, 60);
  translator.add_doses(protocol::expand(parsed, protocol::kForever / 2), 0, 60, plan);
  simulate::DoseTranslator::add_outputs({at}, simulate::AtDose::Post, plan);
  double value = 0;
  model.run(
      1, [&](std::size_t) { return plan; },
      [&](std::size_t, const solve::SubjectPlan& p, solve::SubjectResult&& r) {
        value = simulate::ObservableReader(model.program(), {"C"}).read(p, r)[0];
      });
  return value;
}

TEST_P(Amounts, Of_regimen_text_mean_the_same) {
  const auto model = compile_text(vessel(size_), engine_);
  EXPECT_NEAR(run_text(*model, "alendronate 100 mg", 5), 100 * std::exp(-0.5) / volume(5), 100 * kAccuracy);
  const double left = 20 / 0.1 * (std::exp(-0.1 * 1) - std::exp(-0.1 * 6));
  EXPECT_NEAR(run_text(*model, "alendronate 0.1 g over 5 h", 6), left / volume(6), 100 * kAccuracy);
}

/// Written as events, with doses and infusions, the model gives the same.
TEST_P(Amounts, Written_as_events_are_the_same) {
  const auto model = compile_text(vessel(size_), engine_);
  solve::SubjectPlan plan;
  plan.parameters = model->program().parameter_values;
  plan.stops = {{1, solve::StopKind::Add, 0, 100 / (size_.empty() ? 4.0 : 1.0)},
                {2, solve::StopKind::ChangeRate, 0, 20 / (size_.empty() ? 4.0 : 1.0)},
                {7, solve::StopKind::ChangeRate, 0, -20 / (size_.empty() ? 4.0 : 1.0)}};
  simulate::SolverSettings settings;
  settings.engine = engine_;
  settings.relative_tolerance = kRelativeTolerance;
  const CompiledModel written(simulate::dosed_model(*model, plan), settings);
  const double left = 100 * std::exp(-0.7) + 20 / 0.1 * (std::exp(-0.1 * 1) - std::exp(-0.1 * 6));
  EXPECT_NEAR(run_table(written, "ID,TIME,EVID\n1,0,0\n1,8,0\n", {"C"}).values.at(1)[0], left / volume(8), 100 * kAccuracy);
}

TEST(DoseAmounts, By_molar_mass_are_divided_by_the_volume) {
  std::string text = vessel("");
  text.replace(text.find("unit = \"mg/L\""), 13, "unit = \"umol/L\"");
  text.replace(text.find("romosozumab"), std::string::npos, "denosumab = { into = \"C\", molar_mass = \"M\", route = \"sc\" }\n");
  EXPECT_NEAR(run_text(*compile_text(text, EngineChoice::Lanes), "denosumab 10 mg", 0), 10.0 / 500 * 1000 / 4, 1e-12);
}

/// A text names its unit: a concentration raises the concentration, as long as the volume stays.
TEST(DoseAmounts, As_a_concentration_need_a_volume_that_stays) {
  for (const auto& size : {kConstant, kRate}) {
    const auto model = compile_text(vessel(size), EngineChoice::Lanes);
    solve::SubjectPlan plan;
    plan.parameters = model->program().parameter_values;
    const std::vector<protocol::DoseRecord> dose = {
        {0, std::make_shared<const protocol::DoseRecord::Given>(protocol::DoseRecord::Given{"alendronate", 3, "ug/mL", "po", 0, 0, 0})}};
    simulate::DoseTranslator translator(*model, units());
    if (size.empty()) {
      translator.add_doses(dose, 0, 0, plan);
      EXPECT_NEAR(plan.stops.at(0).value, 3, 1e-15);
      continue;
    }
    const auto error = error_of([&] { translator.add_doses(dose, 0, 0, plan); });
    EXPECT_EQ(error.diagnostics()[0].code, "dosing-012");
    EXPECT_EQ(error.diagnostics()[0].message, "a dose of 'alendronate' in ug/mL is a concentration, and the size of 'body' changes");
  }
}

TEST(DoseAmounts, Rates_and_factors_of_a_concentration_are_checked_as_amounts) {
  std::string text = vessel("", ", infusion_rate = \"rin/v0\"");
  const auto error = error_of([&] { (void)load_text(text); });
  EXPECT_NE(std::string(error.what()).find("infusion_rate"), std::string::npos) << error.what();
  EXPECT_NE(std::string(error.what()).find("mg/L times L per h"), std::string::npos) << error.what();
}

TEST(DoseAmounts, Into_a_vessel_without_size_are_refused) {
  std::string text = vessel("");
  text.replace(text.find("size = 4"), 8, "size = 0");
  const auto error = error_of([&] { (void)run_table(*compile_text(text, EngineChoice::Lanes), "ID,TIME,AMT,EVID\n1,2,100,1\n1,2,0,0\n", {"C"}); });
  EXPECT_EQ(error.diagnostics()[0].code, "dosing-010");
}

// ---- many doses: work grows with their number, not with its square (100 000 took minutes)

/// Pulses every 0.1 h into first-order elimination: a geometric sum.
TEST(ManyDoses, Of_a_table_add_up) {
  const double decay = std::exp(-0.1 * kCL / kV);
  const auto x = run_central(*compile_text(one_compartment_document(), EngineChoice::Lanes, 1e-6),
                             "ID,TIME,AMT,CMT,EVID,II,ADDL\n1,0,2,2,1,0.1,99999\n1,9999.95,0,2,0,0,0\n");
  EXPECT_NEAR(x.at(0), 2 * std::sqrt(decay) / (1 - decay), 1e-4 * 2 / (1 - decay));
}

/// Two series and the covariate that halves the bioavailability of what enters after 5000 h.
TEST(ManyDoses, Of_two_series_keep_their_covariates) {
  const auto x = run_central(*compile_text(one_compartment_document(), EngineChoice::Lanes, 1e-6),
                             "ID,TIME,AMT,CMT,EVID,II,ADDL,RATE,bioav\n1,0,2,2,1,0.2,49999,0,1\n1,0,1,2,1,0.5,19999,10,1\n1,5000.05,0,2,0,0,0,0,1\n"
                             "1,9999.95,0,2,0,0,0,0,0.5\n");
  const double k = kCL / kV;
  // Boluses of 1 mg at 9999.8, 9999.6 ...; infusions of 0.5 mg over 0.05 h from 9999.5, 9999.0 ... on.
  const double boluses = std::exp(-0.15 * k) / (1 - std::exp(-0.2 * k));
  const double infusions = 10 / k * (std::exp(-0.40 * k) - std::exp(-0.45 * k)) / (1 - std::exp(-0.5 * k));
  EXPECT_NEAR(x.at(1), boluses + infusions, 1e-4 * (boluses + infusions));
}

TEST(ManyDoses, Of_a_text_add_up) {
  const auto model = compile_text(vessel(""), EngineChoice::Lanes, 1e-6);
  const double decay = std::exp(-0.1 * 0.1);
  EXPECT_NEAR(run_text(*model, "alendronate 4 mg every 0.1 h x 100000", 9999.95), std::sqrt(decay) / (1 - decay), 1e-4 / (1 - decay));
}

}  // namespace
}  // namespace osteosome::support
