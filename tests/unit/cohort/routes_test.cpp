// SPDX-License-Identifier: Apache-2.0
// One drug by two routes: each dose goes where its route leads, in the right amount; a route nobody has is refused.
#include <gtest/gtest.h>

#include <filesystem>

#include "cohort_scenarios.hpp"
#include "osteosome/protocol/regimen.hpp"

namespace osteosome::support {
namespace {

using protocol::kForever;
using simulate::CompiledModel;
using simulate::DoseTranslator;
using solve::StopKind;

// By mouth a share F of the dose arrives in the depot, which counts mg; by vein it goes into plasma, which counts nmol.
const std::string kModel = R"toml([model]
id = "routes"
title = "Two routes"
time = "h"
source = "test"
[parameters]
F = { value = 0.25, unit = "1", source = "model", kind = "reported" }
molar_mass = { value = 500, unit = "g/mol", source = "model", kind = "reported" }
per_mg = { value = 2, unit = "nmol/mg", source = "model", kind = "reported" }
[species]
depot = { initial = 0, unit = "mg", rate = "0" }
plasma = { initial = 0, unit = "nmol", rate = "0" }
)toml";
const std::string kByMouth = "dronate = { into = \"depot\", factor = \"F\", unit = \"mg\", route = \"po\", continuous_up_to = \"1 d\" }\n";
const std::string kByVein = "dronate_iv = { drug = \"dronate\", into = \"plasma\", molar_mass = \"molar_mass\", route = \"iv\" }\n";

const CompiledModel& model() {
  static const auto compiled = compile_text(kModel + "[doses]\n" + kByMouth + kByVein, simulate::EngineChoice::Lanes);
  return *compiled;
}

protocol::Regimen parsed(const std::string& text) {
  return protocol::parse_regimen(text, {{{"dronate", "po", "mg"}, {"other", "sc", "mg"}}, {"po", "sc", "iv"}}, units());
}
std::vector<solve::Stop> stops(const CompiledModel& in, const std::string& text) {
  solve::SubjectPlan plan;
  plan.parameters = in.program().parameter_values;
  DoseTranslator(in, units()).check(parsed(text), 60);
  DoseTranslator(in, units()).add_doses(protocol::expand(parsed(text), kForever / 2), 0, 60, plan);
  return plan.stops;
}

/// Two conversions, each correctly rounded.
void expect_dose(const CompiledModel& in, const solve::Stop& stop, const std::string& into, double amount) {
  EXPECT_EQ(stop.kind, StopKind::Add);
  EXPECT_EQ(in.program().states[stop.index], into);
  EXPECT_NEAR(stop.value / amount, 1, 1e-15) << stop.value << " instead of " << amount;
}

TEST(Routes, Each_dose_goes_where_its_route_leads) {
  const auto by_mouth = stops(model(), "dronate 70 mg po"), by_vein = stops(model(), "dronate 5 mg iv");
  ASSERT_EQ(by_mouth.size(), 1u);
  expect_dose(model(), by_mouth[0], "depot", 70 * 0.25);
  ASSERT_EQ(by_vein.size(), 1u);
  expect_dose(model(), by_vein[0], "plasma", 5e-3 / 500 * 1e9);
}

TEST(Routes, Regimen_without_a_route_takes_the_usual_one) { expect_dose(model(), stops(model(), "dronate 70 mg").at(0), "depot", 17.5); }

TEST(Routes, Both_in_one_regimen_keep_their_own_amounts) {
  const auto both = stops(model(), "dronate 5 mg iv & dronate 70 mg po then dronate 3 mg iv");
  ASSERT_EQ(both.size(), 3u);
  expect_dose(model(), both[0], "plasma", 1e4);
  expect_dose(model(), both[1], "depot", 17.5);
  expect_dose(model(), both[2], "plasma", 6e3);
}

TEST(Routes, Continuous_course_of_one_route_leaves_the_other_a_bolus) {
  const auto daily = stops(model(), "dronate 8 mg po daily x 3");
  ASSERT_EQ(daily.size(), 2u);
  EXPECT_EQ(daily[0].kind, StopKind::ChangeRate);
  EXPECT_DOUBLE_EQ(daily[0].value, 2.0 / 24);
  const auto by_vein = stops(model(), "dronate 8 mg iv daily x 3");
  ASSERT_EQ(by_vein.size(), 3u);
  EXPECT_EQ(by_vein[0].kind, StopKind::Add);
}

TEST(Routes, Factor_of_each_entry_counts_in_either_order) {
  const std::string vein = "dronate_iv = { drug = \"dronate\", into = \"plasma\", factor = \"per_mg\", unit = \"mg\", route = \"iv\" }\n";
  for (const std::string& doses : {kByMouth + vein, vein + kByMouth}) {
    const auto in = compile_text(kModel + "[doses]\n" + doses, simulate::EngineChoice::Lanes);
    expect_dose(*in, stops(*in, "dronate 10 mg po").at(0), "depot", 2.5);
    expect_dose(*in, stops(*in, "dronate 10 mg iv").at(0), "plasma", 20);
  }
}

TEST(Routes, Entry_without_a_route_takes_what_the_others_do_not) {
  const auto in = compile_text(kModel + "[doses]\ndronate = { into = \"depot\" }\n" + kByVein, simulate::EngineChoice::Lanes);
  expect_dose(*in, stops(*in, "dronate 10 mg sc").at(0), "depot", 10);
  expect_dose(*in, stops(*in, "dronate 10 mg iv").at(0), "plasma", 2e4);
}

TEST(Routes, One_nobody_has_is_refused) {
  const auto error = error_of([] { DoseTranslator(model(), units()).check(parsed("dronate 5 mg iv then dronate 5 mg sc"), 0); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Dosing);
  ASSERT_EQ(error.diagnostics().size(), 1u);
  EXPECT_EQ(error.diagnostics()[0].code, "dosing-008");
  EXPECT_EQ(error.diagnostics()[0].message, "model 'model' takes dronate po or iv, not sc");
  EXPECT_EQ(error.diagnostics()[0].hint, "Its kinetics are those of that route.");
}

TEST(Routes, Drug_nobody_has_is_still_another_error) {
  const auto error = error_of([] { DoseTranslator(model(), units()).check(parsed("other 5 mg iv"), 0); });
  EXPECT_EQ(error.diagnostics()[0].code, "dosing-001");
}

TEST(Routes, Unit_that_fits_one_route_only_is_refused_by_the_other) {
  const auto in = compile_text(
      kModel + "[doses]\ndronate = { into = \"depot\", route = \"po\" }\ndronate_iv = { drug = \"dronate\", into = \"plasma\", route = \"iv\" }\n",
      simulate::EngineChoice::Lanes);
  EXPECT_NO_THROW(DoseTranslator(*in, units()).check(parsed("dronate 5 mg po"), 0));
  EXPECT_EQ(error_of([&] { DoseTranslator(*in, units()).check(parsed("dronate 5 mg iv"), 0); }).diagnostics()[0].code, "dosing-003");
}

TEST(Routes, Arm_by_a_route_the_model_lacks_is_refused_at_its_line) {
  const ScenarioFolder folder;  // its alendronate is taken by mouth
  const auto text = folder.text("[arms.good]\nregimen = \"alendronate 5 mg\"\n[arms.bad]\nregimen = \"alendronate 5 mg iv\"\n");
  auto scenario = folder.read(text);
  core::Diagnostics problems;
  cohort::check_arms(scenario, cohort::compile_models(scenario, {}, library(), units()), units(), problems);
  ASSERT_EQ(problems.all().size(), 1u);
  EXPECT_EQ(problems.all()[0].code, "dosing-008");
  EXPECT_EQ(problems.all()[0].message, "model 'onecmt' takes alendronate po, not iv");
  EXPECT_EQ(problems.all()[0].where.line, line_of(text, "[arms.bad]"));
}

// ---- the shipped therapies

const CompiledModel& osteosome() {
  static const CompiledModel compiled(shipped("osteosome"), {});
  return compiled;
}
const protocol::DrugCatalogue& catalogue() {
  static const auto drugs = protocol::load_catalogue(OSTEOSOME_ROOT);
  return drugs;
}

TEST(ShippedTherapies, Every_one_is_taken_by_its_usual_route_and_acts) {
  const auto& refused = shipped("osteosome").refused;  // opg-fc, testosterone: refused_drugs_test.cpp
  std::size_t therapies = 0;
  for (const protocol::Drug& d : catalogue().drugs) {
    if (shipped("osteosome").find_dose(d.name) == nullptr) continue;
    ++therapies;
    if (std::any_of(refused.begin(), refused.end(), [&](const auto& r) { return r.drug == d.name; })) continue;
    EXPECT_NO_THROW(DoseTranslator(osteosome(), units()).check(protocol::parse_regimen(d.name + " 1 " + d.unit, catalogue(), units()), 0)) << d.name;
  }
  const auto paths = library().therapies();
  const auto whole = std::count_if(paths.begin(), paths.end(), [](const std::string& path) {
    const core::TomlValue document = core::load_toml(path);
    return document.find("therapy") != nullptr && path.find("/dish/") == std::string::npos;
  });
  EXPECT_EQ(therapies, whole) << "products are taken in only when named, those of the dish only in a dish";
}

double own(const std::string& parameter) { return shipped("osteosome").find_parameter(parameter)->value; }

TEST(ShippedTherapies, Doses_arrive_in_the_amounts_of_the_labels) {
  struct Case {
    const char *regimen, *into;
    double amount;
  };
  // mg of bisphosphonate absorbed; nmol of an antibody, whose molar mass is in kg/mol; pg of a peptide.
  for (const Case& c :
       {Case{"alendronate 70 mg po weekly x 2", "alendronate.kinetics.plasma", 70 * own("alendronate.F")},
        Case{"alendronate 10 mg iv", "alendronate.kinetics.plasma", 10},
        Case{"ibandronate 150 mg monthly x 2", "ibandronate.kinetics.plasma", 150 * own("ibandronate.F")},
        Case{"ibandronate 3 mg iv", "ibandronate.kinetics.plasma", 3},
        Case{"risedronate 35 mg weekly x 2", "risedronate.kinetics.plasma", 35 * own("risedronate.F")},
        Case{"zoledronate 5 mg iv", "zoledronate.kinetics.plasma", 5 * own("zoledronate.F")},
        Case{"denosumab 60 mg sc", "denosumab.depot", 60e3 / own("denosumab.molar_mass")},
        Case{"romosozumab 210 mg sc", "romosozumab.depot", own("romosozumab.F") * 210e3 / own("romosozumab.molar_mass")},
        Case{"teriparatide 20 ug sc", "teriparatide.depot", 20e6}, Case{"abaloparatide 80 ug sc", "abaloparatide.depot", 80e6}}) {
    solve::SubjectPlan plan;
    plan.parameters = osteosome().program().parameter_values;
    const auto regimen = protocol::parse_regimen(c.regimen, catalogue(), units());
    DoseTranslator(osteosome(), units()).add_doses(protocol::expand(regimen, kForever / 2), 0, 0, plan);
    ASSERT_FALSE(plan.stops.empty()) << c.regimen;
    EXPECT_EQ(plan.stops[0].kind, StopKind::Add) << c.regimen;
    EXPECT_EQ(osteosome().program().states[plan.stops[0].index], c.into) << c.regimen;
    EXPECT_NEAR(plan.stops[0].value / c.amount, 1, 1e-14) << c.regimen;
  }
}

TEST(ShippedTherapies, Zoledronate_by_mouth_is_refused) {
  const auto regimen = protocol::parse_regimen("zoledronate 5 mg po", catalogue(), units());
  const auto error = error_of([&] { DoseTranslator(osteosome(), units()).check(regimen, 0); });
  EXPECT_EQ(error.diagnostics()[0].code, "dosing-008");
  EXPECT_EQ(error.diagnostics()[0].message, "model 'osteosome' takes zoledronate iv, not po");
}

// ---- a therapy that acts, simulated

const std::string kHost = R"toml([model]
id = "host"
title = "Host"
time = "d"
source = "test"
[targets]
push = { unit = "1", combine = "sum" }
[parameters]
k = { value = 1, unit = "1/d", source = "model", kind = "reported" }
[species]
moved = { initial = 0, unit = "1", rate = "k*push" }
[outputs]
moved_out = { formula = "moved", unit = "1" }
push_out = { formula = "push", unit = "1" }
)toml";

std::string therapy(const std::string& id, const std::string& drug, const std::string& route, const std::string& dose) {
  return "[model]\nid = \"" + id + "\"\ntitle = \"T\"\ntime = \"h\"\nsource = \"test\"\n[therapy]\ndrug = \"" + drug + "\"\nroute = \"" + route +
         "\"\nunit = \"mg\"\n[parameters]\nke = { value = 0.125, unit = \"1/h\", source = \"model\", kind = \"reported\" }\none = { value = 1, unit "
         "= "
         "\"mg\", source = \"model\", kind = \"reported\" }\ntwo = { value = 2, unit = \"1\", source = \"model\", kind = \"reported\" }\nthree = { "
         "value = 3, "
         "unit = \"1\", source = \"model\", kind = \"reported\" }\n[species]\nbody = { initial = 0, unit = \"mg\", rate = \"-ke*body\" }\n[doses]\n" +
         dose + "[acts]\npush = \"body/one\"\n";
}

/// A library with the host and therapies.
struct Clinic {
  explicit Clinic(const std::vector<std::string>& therapies) {
    std::filesystem::create_directories(folder.path("models"));
    std::filesystem::create_directories(folder.path("therapies"));
    path = folder.write("models/host.toml", kHost);
    for (std::size_t k = 0; k < therapies.size(); ++k) folder.write("therapies/t" + std::to_string(k) + ".toml", therapies[k]);
  }
  [[nodiscard]] model::Library shelf() const { return {folder.path()}; }
  TemporaryFolder folder;
  std::string path;
};

/// body = dose*exp(-3/d * t), push its sum over the therapies, moved its integral.
TEST(TherapyInAScenario, Acts_with_its_kinetics_in_hours_on_a_model_in_days) {
  const Clinic clinic({therapy("a", "amab", "sc", "amab = { into = \"body\", route = \"sc\" }\n"),
                       therapy("b", "bmab", "iv", "bmab = { into = \"body\", route = \"iv\" }\n")});
  const auto scenario = cohort::read_scenario(
      "[scenario]\ntitle = \"t\"\nuntil = \"2 d\"\nevery = \"6 h\"\n[models.host]\n[arms.x]\nregimen = \"amab 8 mg & bmab 2 mg\"\n[arms.y]\nregimen "
      "= "
      "\"bmab 2 mg\"\n[solver]\nrtol = 1e-9\n",
      "test.toml", clinic.shelf(), units());
  simulate::SolverSettings settings;
  settings.relative_tolerance = 1e-9;
  const auto models = cohort::compile_models(scenario, settings, clinic.shelf(), units());
  const auto result = cohort::run_scenario(scenario, models, units(), {}, {});
  for (std::size_t a = 0; a < 2; ++a) {
    const double dose = a == 0 ? 10 : 2;
    for (std::size_t k = 1; k < result.days.size(); ++k) {
      const double t = result.days[k];
      EXPECT_NEAR(result.arms[a].values[0][2 * k], dose / 3 * -std::expm1(-3 * t), dose * kAccuracy) << t;
      EXPECT_NEAR(result.arms[a].values[0][2 * k + 1], dose * std::exp(-3 * t), dose * kAccuracy) << t;
    }
  }
}

// ---- more that is refused or converted

TEST(TherapyInAScenario, Entries_of_one_name_in_two_therapies_keep_their_own_factors) {
  const Clinic clinic({therapy("a", "amab", "sc", "dose = { drug = \"amab\", into = \"body\", factor = \"two\", unit = \"mg\", route = \"sc\" }\n"),
                       therapy("b", "bmab", "iv",
                               "dose = { drug = \"bmab\", into = \"body\", factor = \"three\", unit = \"mg\", route = \"iv\" }\n")});
  const CompiledModel in(model::load_model(clinic.path, clinic.shelf(), units()), {});
  const auto drugs = protocol::load_catalogue(clinic.folder.path());
  for (const auto& [text, into, amount] : {std::tuple{"amab 5 mg", "a.body", 10.0}, std::tuple{"bmab 5 mg", "b.body", 15.0}}) {
    solve::SubjectPlan plan;
    plan.parameters = in.program().parameter_values;
    DoseTranslator(in, units()).add_doses(protocol::expand(protocol::parse_regimen(text, drugs, units()), kForever / 2), 0, 0, plan);
    expect_dose(in, plan.stops.at(0), into, amount);
  }
}

TEST(Routes, Refusal_names_every_route_there_is) {
  const auto error = error_of([] { DoseTranslator(model(), units()).check(parsed("dronate 5 mg sc"), 0); });
  const std::string text = error.what();
  EXPECT_NE(text.find("po"), std::string::npos) << text;
  EXPECT_NE(text.find("iv"), std::string::npos) << text;
}

}  // namespace
}  // namespace osteosome::support
