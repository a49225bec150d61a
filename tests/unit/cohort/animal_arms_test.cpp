// SPDX-License-Identifier: Apache-2.0
// Scenarios of animals: patients of arms, species, drugs that do not work there, doses in units nobody can convert, values from outside
// within their bounds, constants drawn from their priors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "cohort_scenarios.hpp"

namespace osteosome::support {
namespace {

using simulate::Patient;

core::Error refusal(const ScenarioFolder& folder, const std::string& text) {
  return error_of([&] { (void)folder.read(text); });
}

// ---- patients of arms

TEST(ArmPatient, Is_the_scenarios_with_what_the_arm_says_otherwise) {
  const ScenarioFolder folder;
  const auto scenario = folder.read(folder.text(
      "[patient]\nage = \"25 weeks\"\novariectomy = \"12 weeks\"\nweight = \"0.3 kg\"\n[arms.ovx]\nregimen = \"none\"\n[arms.sham]\nregimen = "
      "\"none\"\npatient = { ovariectomy = \"none\" }\n[arms.heavy]\nregimen = \"none\"\npatient = { weight = \"0.4 kg\", unloading = { from = \"0 "
      "d\", "
      "until = \"14 d\" } }\n"));
  const Patient &ovx = scenario.arms[0].patient, &sham = scenario.arms[1].patient, &heavy = scenario.arms[2].patient;
  EXPECT_EQ(ovx, scenario.patient);
  EXPECT_DOUBLE_EQ(*ovx.days_since_gonadectomy, 84);
  EXPECT_FALSE(sham.days_since_gonadectomy.has_value());
  EXPECT_EQ(sham.age_days, ovx.age_days);
  EXPECT_EQ(sham.weight_kg, 0.3);
  EXPECT_EQ(heavy.weight_kg, 0.4);
  EXPECT_EQ(heavy.days_since_gonadectomy, ovx.days_since_gonadectomy);
  EXPECT_EQ(heavy.unloading_days, (std::pair{0.0, 14.0}));
}

TEST(ArmPatient, Age_of_the_scenario_serves_T_scores_of_the_arm) {
  const ScenarioFolder folder;
  const auto scenario = folder.read(folder.text("[patient]\nage = \"60 years\"\n[arms.a]\nregimen = \"none\"\npatient = { t_ls = -2.5 }\n"));
  EXPECT_TRUE(scenario.patient.t_scores.empty());
  ASSERT_EQ(scenario.arms[0].patient.t_scores.size(), 1u);
}

TEST(ArmPatient, Problems_name_the_arm) {
  const ScenarioFolder folder;
  const auto error = refusal(folder, folder.text("[arms.a]\nregimen = \"none\"\npatient = { ovariectomi = \"2 weeks\" }\n"));
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "patient of arm 'a': unknown key 'ovariectomi'");
  EXPECT_EQ(error.diagnostics()[0].hint, "Did you mean 'ovariectomy'?");
}

TEST(ArmPatient, Operation_in_the_future_and_unloading_backwards_are_refused) {
  const ScenarioFolder folder;
  const auto message = [&](const std::string& patient) {
    const auto error = refusal(folder, folder.text("[patient]\n" + patient + "[arms.a]\nregimen = \"none\"\n"));
    EXPECT_EQ(error.diagnostics().size(), 1u) << error.what();
    return error.diagnostics()[0].message;
  };
  EXPECT_EQ(message("ovariectomy = \"-1 d\"\n"), "[patient]: 'ovariectomy' should be the time since the operation, or \"none\"");
  EXPECT_EQ(message("unloading = { from = \"14 d\", until = \"14 d\" }\n"), "unloading: 'from' should come before 'until'");
}

// ---- species and drugs

std::string animal(const std::string& species, const std::string& arms, const std::string& more = "") {
  return "[scenario]\ntitle = \"t\"\nuntil = \"4 weeks\"\nevery = \"1 week\"\n[models.osteosome]\n" +
         (species.empty() ? "" : "species = \"" + species + "\"\n") + more + arms;
}
std::string arm(const std::string& regimen, const std::string& name = "a") { return "[arms." + name + "]\nregimen = \"" + regimen + "\"\n"; }

std::vector<core::Diagnostic> problems_of(const std::string& text) {
  auto scenario = cohort::read_scenario(text, "animal.toml", library(), units());
  const auto models = cohort::compile_models(scenario, {}, library(), units());
  core::Diagnostics problems;
  cohort::check_arms(scenario, models, units(), problems);
  return problems.all();
}

TEST(AnimalScenario, Unknown_species_is_refused_with_a_near_match) {
  const ScenarioFolder folder;
  const auto error = refusal(folder, animal("ratt", arm("none")));
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "model 'osteosome': no species 'ratt'");
  EXPECT_NE(error.diagnostics()[0].hint.find("Did you mean 'rat'?"), std::string::npos) << error.diagnostics()[0].hint;
}

TEST(AnimalScenario, Drug_that_does_not_work_is_refused_with_what_stands_in) {
  const std::string text = animal("rat", arm("denosumab 60 mg sc"));
  const auto problems = problems_of(text);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].code, "dosing-009");
  EXPECT_EQ(problems[0].message, "denosumab does not work in rat (only human)");
  EXPECT_NE(problems[0].hint.find("opg-fc"), std::string::npos) << problems[0].hint;
  EXPECT_EQ(problems[0].where.line, line_of(text, "[arms.a]"));
  EXPECT_TRUE(problems_of(animal("rat", arm("opg-fc 10 mg/kg sc"))).empty());
  const auto human = problems_of(animal("", arm("opg-fc 10 mg/kg sc")));
  ASSERT_EQ(human.size(), 1u);
  EXPECT_EQ(human[0].message, "opg-fc does not work in human (only mouse, rat)");
  EXPECT_EQ(human[0].hint, "Give denosumab in humans.");
}

TEST(AnimalScenario, Dose_a_kg_takes_the_species_mass_unless_the_patient_has_one) {
  const auto amount = [](const std::string& patient) {
    const auto scenario = cohort::read_scenario(animal("rat", arm("exosomes:bmsc 100 ug/kg iv"), patient), "animal.toml", library(), units());
    const auto models = cohort::compile_models(scenario, {}, library(), units());
    return simulate::body_mass_kg(models[0], scenario.arms[0].patient);
  };
  EXPECT_DOUBLE_EQ(amount(""), 0.25);
  EXPECT_DOUBLE_EQ(amount("[patient]\nweight = \"310 g\"\n"), 0.31);
}

// ---- particles and micrograms

/// A model with one product that has no known ratio of particles to protein, or with one.
std::vector<core::Diagnostic> problems_of_dose(const std::string& header, const std::string& regimen) {
  const TemporaryFolder folder;
  for (const char* name : {"models", "therapies"}) std::filesystem::create_directory(folder.path(name));
  (void)folder.write("models/host.toml",
                     "[model]\nid = \"host\"\ntitle = \"h\"\ntime = \"d\"\nsource = \"x\"\n[targets]\ndrive = { unit = \"1\", combine = \"product\" "
                     "}\n[products]\nvesicles = \"kin\"\n[species]\nbone = { initial = 0, unit = \"1\", rate = \"0\" }\n");
  (void)folder
      .write("models/kin.toml",
             "[model]\nid = \"kin\"\ntitle = \"k\"\ntime = \"d\"\nsource = \"x\"\n[ports]\nnowhere = { unit = \"1\", default = \"0\" "
             "}\n[parameters]\nper_ug = { value = 1000, unit = \"particle/ug\", kind = \"reported\", source = \"x\" }\n[species]\npool = { "
             "initial = 0, unit = \"particle\", rate = \"0\" }\n[doses]\nug_iv = { into = \"pool\", factor = \"per_ug\", unit = \"ug\", route = "
             "\"iv\" }\n");
  (void)folder.write("therapies/v.toml",
                     "[product]\ndrug = \"v\"\ntitle = \"v\"\nkind = \"vesicles\"\nsource = \"x\"\ncells = \"any\"\nroute = "
                     "\"iv\"\nunit = \"ug\"\nunits = [\"particles\"]\n" +
                         header);
  const model::Library shelf{folder.path()};
  auto scenario =
      cohort::read_scenario("[scenario]\ntitle = \"t\"\nuntil = \"1 d\"\nevery = \"1 d\"\n[models.host]\n" + arm(regimen), "t.toml", shelf, units());
  const auto models = cohort::compile_models(scenario, {}, shelf, units());
  core::Diagnostics problems;
  cohort::check_arms(scenario, models, units(), problems);
  return problems.all();
}

TEST(Conversion, Micrograms_of_a_product_without_a_ratio_are_refused_and_particles_are_not) {
  const auto problems = problems_of_dose("conversion = false\n", "v 100 ug iv");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].code, "dosing-003");
  EXPECT_EQ(problems[0].message, "a dose of 'v' in ug does not fit");
  EXPECT_NE(problems[0].hint.find("particle"), std::string::npos) << problems[0].hint;
  EXPECT_TRUE(problems_of_dose("conversion = false\n", "v 1e9 particles iv").empty());
  EXPECT_TRUE(problems_of_dose("", "v 100 ug iv & v 1e9 particles iv").empty());
}

// ---- values from outside

core::Error refused_models(const cohort::Scenario& scenario) {
  return error_of([&] { (void)cohort::compile_models(scenario, {}, library(), units()); });
}

TEST(Bounds, Value_set_by_a_scenario_outside_of_them_is_refused_where_the_model_stands) {
  const std::string text = animal("rat", arm("none"), "set = { body_mass = 1000 }\n");
  const auto error = refused_models(cohort::read_scenario(text, "animal.toml", library(), units()));
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].code, "value-001");
  EXPECT_EQ(error.diagnostics()[0].message, "'body_mass' = 1000 is outside its bounds");
  EXPECT_EQ(error.diagnostics()[0].hint, "They are 0.005 and 300 kg.");
  EXPECT_EQ(error.diagnostics()[0].where.line, line_of(text, "[models.osteosome]"));
}

TEST(Bounds, Value_set_within_them_changes_its_provenance) {
  const auto scenario = cohort::read_scenario(animal("", arm("none"), "set = { load_power = 2 }\n"), "animal.toml", library(), units());
  const auto models = cohort::compile_models(scenario, {}, library(), units());
  const auto& p = *models[0].model().find_parameter("load_power");
  EXPECT_EQ(p.value, 2);
  EXPECT_EQ(p.provenance.source, "set by the scenario");
  EXPECT_EQ(models[0].program().parameter_values[models[0].program().parameter_index("load_power").value()], 2);
}

TEST(Bounds, Value_of_a_subject_table_outside_of_them_is_refused_at_its_line) {
  const ScenarioFolder folder;
  (void)folder.folder.write("table.csv", "id,load_power\n1,2\n2,7\n");
  const auto scenario = folder.read(animal("", arm("none"), "[population]\ntable = \"table.csv\"\n"));
  const auto error = refused_models(scenario);
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "'load_power' = 7 is outside its bounds");
  EXPECT_TRUE(error.diagnostics()[0].where.file.ends_with("table.csv"));
  EXPECT_EQ(error.diagnostics()[0].where.line, 3);
}

TEST(Bounds, Column_of_another_product_is_passed_over_and_a_misspelt_one_is_not) {
  const ScenarioFolder folder;
  const auto scenario_with = [&](const std::string& column) {
    (void)folder.folder.write("table.csv", "id," + column + "\n1,2\n");
    return folder.read(animal("", arm("none"), "[population]\ntable = \"table.csv\"\n"));
  };
  EXPECT_NO_THROW((void)cohort::compile_models(scenario_with("exosomes_adsc.activity"), {}, library(), units()));
  const auto error = refused_models(scenario_with("load_powr"));
  EXPECT_EQ(error.diagnostics()[0].code, "scenario-018") << error.what();
  EXPECT_EQ(error.diagnostics()[0].hint, "Did you mean 'load_power'?");
}

// ---- priors

struct Drawn {
  cohort::Scenario scenario;
  std::vector<simulate::CompiledModel> models;
};

Drawn with_priors(const std::string& more = "") {
  Drawn d;
  d.scenario = cohort::read_scenario(animal("rat", arm("exosomes:bmsc 100 ug iv"), "[population]\nn = 50\nuncertain_constants = true\n" + more),
                                     "animal.toml", library(), units());
  d.models = cohort::compile_models(d.scenario, {}, library(), units());
  cohort::add_uncertain_constants(d.scenario, d.models);
  return d;
}
std::vector<double> values(const Drawn& d, std::size_t subject, std::uint64_t seed = 1) {
  const auto& program = d.models[0].program();
  return cohort::draw(d.scenario.population, seed, subject, [&](std::size_t k) {
    return program.parameter_values[program.parameter_index(d.scenario.population.quantities[k].name).value()];
  });
}

TEST(Priors, Every_constant_with_one_and_without_a_calibration_is_drawn_once) {
  const Drawn d = with_priors();
  std::vector<std::string> expected, drawn;
  for (const auto& p : d.models[0].model().parameters) {
    const auto& calibrated = d.models[0].model().calibrations.at(0).constants;
    if (p.prior && std::find(calibrated.begin(), calibrated.end(), p.id) == calibrated.end()) expected.push_back(p.id);
  }
  for (const auto& q : d.scenario.population.quantities) drawn.push_back(q.name);
  EXPECT_EQ(drawn, expected);
  EXPECT_GE(drawn.size(), 20u);
  EXPECT_NE(std::find(drawn.begin(), drawn.end(), "exosomes_bmsc.particles_per_ug"), drawn.end()) << "those of the product too";
}

TEST(Priors, Without_the_switch_nothing_is_drawn) {
  auto scenario = cohort::read_scenario(animal("rat", arm("none"), "[population]\nn = 2\n"), "animal.toml", library(), units());
  const auto models = cohort::compile_models(scenario, {}, library(), units());
  cohort::add_uncertain_constants(scenario, models);
  EXPECT_TRUE(scenario.population.quantities.empty());
}

TEST(Priors, Distribution_of_the_scenario_goes_first) {
  const Drawn d = with_priors("[population.parameters.osteosome]\nunloading_rankl = { kind = \"uniform\", low = 1, high = 2 }\n");
  const auto& q = d.scenario.population.quantities;
  EXPECT_EQ(std::count_if(q.begin(), q.end(), [](const auto& x) { return x.name == "unloading_rankl"; }), 1);
  EXPECT_EQ(q[0].distribution.kind, "uniform");
}

TEST(Priors, Draws_are_within_bounds_vary_and_repeat) {
  const Drawn d = with_priors();
  const auto first = values(d, 0);
  for (std::size_t subject = 0; subject < 50; ++subject) {
    const auto v = values(d, subject);
    EXPECT_EQ(v, values(d, subject));
    if (subject > 0) {
      EXPECT_NE(v, first);
    }
    for (std::size_t k = 0; k < v.size(); ++k) {
      const auto& p = *d.models[0].model().find_parameter(d.scenario.population.quantities[k].name);
      EXPECT_TRUE(std::isfinite(v[k])) << p.id;
      if (!p.bounds) continue;
      EXPECT_GE(v[k], p.bounds->first) << p.id;
      EXPECT_LE(v[k], p.bounds->second) << p.id;
    }
  }
  EXPECT_NE(values(d, 0, 2), first) << "another seed";
}

/// Of 400 values about half lie below the median; the standard error of the share is 2.5 %.
TEST(Priors, Medians_are_the_values_of_the_priors) {
  const Drawn d = with_priors();
  const auto& q = d.scenario.population.quantities;
  const auto k = static_cast<std::size_t>(std::find_if(q.begin(), q.end(), [](const auto& x) { return x.name == "exosomes_bmsc.particles_per_ug"; }) -
                                          q.begin());
  ASSERT_LT(k, q.size());
  int below = 0;
  for (std::size_t subject = 0; subject < 400; ++subject) below += values(d, subject)[k] < q[k].distribution.mean ? 1 : 0;
  EXPECT_NEAR(below / 400.0, 0.5, 0.1);
}

}  // namespace
}  // namespace osteosome::support
