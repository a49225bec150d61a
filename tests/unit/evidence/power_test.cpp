// SPDX-License-Identifier: Apache-2.0
// Power by simulation, for animals of the shipped model.
#include "osteosome/evidence/power.hpp"

#include <cmath>

#include "animal_simulations.hpp"

namespace osteosome::support {
namespace {

// By hand from evidence/control-arms.csv: sqrt(sum (n - 1) CV^2 / sum (n - 1)), to the digits shown.
TEST(AnimalSpread, Is_pooled_over_control_arms_of_the_species_by_degrees_of_freedom) {
  const model::Outcomes outcomes = model::load_outcomes(library().root);
  const evidence::AnimalSpread spread(library().root, outcomes);
  const auto rat = spread.of("BVTV_tibia", "rat");
  // ORX and sham: 0.9/13.3, 1.8/17.6 (n 9); Prisby: SE 1.6/28.7, 0.9/16.3 (n 10), 1.6/33.1 (n 11), 3.7/34.4 (n 9)
  const double squares = 8 * (std::pow(0.9 / 13.3, 2) + std::pow(1.8 / 17.6, 2)) + 9 * 10 * (std::pow(1.6 / 28.7, 2) + std::pow(0.9 / 16.3, 2)) +
                         10 * 11 * std::pow(1.6 / 33.1, 2) + 8 * 9 * std::pow(3.7 / 34.4, 2);
  EXPECT_NEAR(rat.cv, std::sqrt(squares / 52), 1e-4) << "SDs of the file have four digits";
  EXPECT_EQ(rat.origin, evidence::Spread::Origin::Evidence);
  EXPECT_EQ(rat.arms, 6u);
  EXPECT_EQ(rat.studies, 2u);
  EXPECT_EQ(evidence::spread_text(rat), "18.4 %: 6 control arms of 2 studies (ORX + androgen rats; Prisby 2012)");
  EXPECT_EQ(spread.of("BVTV_vertebra", "rat").cv, rat.cv) << "sites are pooled";
  EXPECT_NEAR(spread.of("TbN_femur", "mouse").cv, std::sqrt((9 * std::pow(0.538 / 3.87, 2) + 8 * std::pow(0.48 / 4.23, 2)) / 17), 1e-12);
}

TEST(AnimalSpread, Is_assumed_aloud_where_no_study_tells) {
  const model::Outcomes outcomes = model::load_outcomes(library().root);
  const evidence::AnimalSpread spread(library().root, outcomes);
  const auto p1np = spread.of("P1NP", "rat");
  EXPECT_EQ(p1np.origin, evidence::Spread::Origin::Assumed);
  EXPECT_EQ(p1np.cv, 0.3);
  EXPECT_EQ(evidence::spread_text(p1np), "30 %, assumed: no control arm of a rat with a standard deviation of P1NP");
  EXPECT_EQ(spread.of("BFR_BS", "mouse").cv, 0.35);
  EXPECT_EQ(spread.of("no such code", "rat").cv, 0.30) << "other";
}

/// Ovariectomised rats: untreated, untreated again, and on two doses of exosomes.
cohort::Scenario scenario(const std::string& endpoints = R"(["BVTV_femur", "CTX"])", const std::string& more = "") {
  const std::string text = R"([scenario]
title = "power"
until = "4 weeks"
every = "4 weeks"
[patient]
age = "14 weeks"
ovariectomy = "2 weeks"
[models.osteosome]
species = "rat"
[arms.ovx]
regimen = "none"
[arms.nothing]
regimen = "none"
[arms.low]
regimen = "exosomes:bmsc 5 ug iv weekly x 4"
[arms.high]
regimen = "exosomes:bmsc 100 ug iv weekly x 4"
[power]
control = "ovx"
endpoints = )" + endpoints +
                           "\ntimes = [\"4 weeks\"]\nmost = 30\n" + more;
  return cohort::read_scenario(text, "power.toml", library(), units());
}

struct Study {
  explicit Study(cohort::Scenario s) : plan(std::move(s)), models(cohort::compile_models(plan, {}, library(), units())) {
    result = cohort::run_scenario(plan, models, units(), {}, {});
  }
  [[nodiscard]] std::vector<evidence::PowerRow> rows() const { return evidence::power_of(plan, models, result, library().root); }
  cohort::Scenario plan;
  std::vector<simulate::CompiledModel> models;
  cohort::ScenarioResult result;
};

const evidence::PowerRow& row_of(const std::vector<evidence::PowerRow>& rows, const std::string& arm, const std::string& endpoint) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.arm == arm && r.endpoint == endpoint; });
  if (found == rows.end()) throw std::out_of_range(arm + " " + endpoint);
  return *found;
}

class PowerOfRats : public ::testing::Test {
 protected:
  static const std::vector<evidence::PowerRow>& rows() {
    static const auto all = Study(scenario()).rows();
    return all;
  }
};

TEST_F(PowerOfRats, Has_a_row_for_each_arm_but_the_control_and_each_endpoint) {
  EXPECT_EQ(rows().size(), 3u * 2u);
  EXPECT_THROW((void)row_of(rows(), "ovx", "CTX"), std::out_of_range);
  const auto& row = row_of(rows(), "high", "BVTV_femur");
  EXPECT_EQ(row.power.size(), 28u) << "3 to 30 animals a group";
  EXPECT_EQ(row.day, 28);
  EXPECT_NEAR(row.spread.cv, 0.184, 5e-4);
  EXPECT_EQ(row.comparisons, 3u);
  EXPECT_EQ(row.effect.low, row.effect.median) << "one subject: no spread over draws";
}

// Three arms share the 5 %: one of them points one way by chance in more than a third of a half of that and in less than the half.
TEST_F(PowerOfRats, Without_an_effect_a_share_of_a_fortieth_is_significant_in_one_direction) {
  const auto& row = row_of(rows(), "nothing", "BVTV_femur");
  EXPECT_NEAR(row.effect.median, 0, 1e-4) << "percent: the same animals";
  for (std::size_t k = 0; k < row.power.size(); ++k) {
    EXPECT_GT(row.power[k], 0.025 / 3) << k + 3 << " animals";
    EXPECT_LT(row.power[k], 0.025 / 2) << k + 3 << " animals";
  }
  EXPECT_FALSE(row.animals);
}

TEST_F(PowerOfRats, Power_rises_with_animals_and_with_the_dose) {
  for (const char* arm : {"low", "high"}) {
    const auto& row = row_of(rows(), arm, "BVTV_femur");
    EXPECT_GT(row.power.back(), row.power.front()) << arm;
    for (std::size_t k = 1; k < row.power.size(); ++k) EXPECT_GT(row.power[k], row.power[k - 1]) << arm << " " << k + 3;
  }
  EXPECT_GT(row_of(rows(), "high", "BVTV_femur").effect.median, row_of(rows(), "low", "BVTV_femur").effect.median);
  EXPECT_GT(row_of(rows(), "high", "BVTV_femur").power[5], row_of(rows(), "low", "BVTV_femur").power[5]);
}

TEST_F(PowerOfRats, Animals_are_the_least_number_that_reaches_the_wish) {
  for (const auto& row : rows()) {
    if (!row.animals) continue;
    EXPECT_GE(row.power.at(*row.animals - 3), 0.8);
    for (std::size_t n = 3; n < *row.animals; ++n) EXPECT_LT(row.power.at(n - 3), 0.8) << n;
  }
  EXPECT_TRUE(row_of(rows(), "high", "BVTV_femur").animals);
}

// A fall counts as well as a rise.
TEST_F(PowerOfRats, Falls_count_in_their_direction) {
  const auto& row = row_of(rows(), "high", "CTX");
  EXPECT_LT(row.effect.median, 0);
  EXPECT_GT(row.power.back(), 0.05);
}

TEST_F(PowerOfRats, Same_scenario_same_numbers) {
  const auto again = Study(scenario()).rows();
  ASSERT_EQ(again.size(), rows().size());
  for (std::size_t k = 0; k < again.size(); ++k) EXPECT_EQ(again[k].power, rows()[k].power);
}

/// BV/TV of 100 and 3 more for each mg, without any course in time.
cohort::Scenario steps(const std::string& arms, const std::string& more, const TemporaryFolder& folder) {
  const std::string document = R"([model]
id = "steps"
title = "steps"
time = "d"
source = "test"
[parameters]
gain = { value = 3, unit = "1/mg", kind = "assumed", rationale = "test", source = "test" }
[species]
A = { initial = 0, unit = "mg", rate = "0" }
[doses]
alendronate = { into = "A" }
[outputs]
bv = { formula = "100 + gain*A", unit = "1", observable = "BVTV_tibia", label = "BV/TV" }
)";
  return cohort::read_scenario("[scenario]\ntitle = \"steps\"\nuntil = \"10 d\"\nevery = \"10 d\"\n[models.steps]\ndocument = \"" +
                                   folder.write("steps.toml", document) + "\"\n[arms.control]\nregimen = \"none\"\n" + arms +
                                   "[power]\ncontrol = \"control\"\nendpoints = [\"BVTV_tibia\"]\ntimes = [\"10 d\"]\ncv = { BVTV_tibia = 0.2 }\n" +
                                   more,
                               folder.path("power.toml"), library(), units());
}
const std::string kTreated = "[arms.treated]\nregimen = \"alendronate 10 mg\"\n";

// 100 against 130, CV 20 %: scipy.stats.nct.sf(t.ppf(0.975, 2n - 2), 2n - 2, 30/(0.2 sqrt((100^2 + 130^2)/n))).
TEST(Power, Of_one_arm_is_that_of_the_noncentral_t) {
  const TemporaryFolder folder;
  const auto rows = Study(steps(kTreated, "", folder)).rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_NEAR(rows[0].effect.median, 30, 1e-9);
  EXPECT_NEAR(rows[0].power[5 - 3], 0.436371655, 1e-6);
  EXPECT_NEAR(rows[0].power[10 - 3], 0.780853818, 1e-8);
  EXPECT_NEAR(rows[0].power[11 - 3], 0.822500675, 1e-8);
  EXPECT_EQ(rows[0].animals, 11u);
  EXPECT_EQ(evidence::spread_text(rows[0].spread), "20 %, given");
}

// The same with 4(n - 1) degrees of freedom and the critical value of three comparisons, from quadrature by SciPy.
TEST(Power, Of_several_arms_is_corrected_for_their_number) {
  const TemporaryFolder folder;
  const auto rows = Study(steps(kTreated + "[arms.b]\nregimen = \"none\"\n[arms.c]\nregimen = \"none\"\n", "", folder)).rows();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_NEAR(rows[0].power[5 - 3], 0.322776711, 1e-7);
  EXPECT_NEAR(rows[0].power[12 - 3], 0.765900513, 1e-8);
  EXPECT_EQ(rows[0].animals, 13u) << "0.8048";
}

// A gain of 1 and of 5 a mg: the mean of 110 and 150 against 100.
TEST(Power, Is_averaged_over_draws) {
  const TemporaryFolder folder;
  (void)folder.write("gains.csv", "gain\n1\n5\n");
  const auto rows = Study(steps(kTreated, "[population]\ntable = \"gains.csv\"\n", folder)).rows();
  EXPECT_NEAR(rows[0].power[10 - 3], 0.577937078, 1e-8);
  EXPECT_NEAR(rows[0].power[20 - 3], 0.655358559, 1e-8);
}

TEST(Power, Of_people_is_refused) {
  const TemporaryFolder folder;
  const Study study(steps(kTreated, "", folder));
  core::Diagnostics problems;
  evidence::check_power(study.plan, study.models, problems);
  ASSERT_EQ(problems.all().size(), 1u);
  EXPECT_EQ(problems.all()[0].code, "power-003");
  EXPECT_EQ(problems.all()[0].message, "[power] counts animals, and model 'steps' is of people");
  EXPECT_NE(problems.all()[0].hint.find("virtual trials"), std::string::npos);
}

TEST(Power, A_spread_that_makes_no_sense_is_reported) {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& cv) {
    auto text = steps(kTreated, "", folder).text;
    text.replace(text.find("cv = {"), std::string("cv = { BVTV_tibia = 0.2 }").size(), "cv = { " + cv + " }");
    return error_of([&] { (void)cohort::read_scenario(text, folder.path("power.toml"), library(), units()); }).diagnostics().front();
  };
  EXPECT_EQ(message("BVTV_tibia = 20").message, "[power] cv: 'BVTV_tibia' should be a coefficient of variation above 0 and up to 2");
  EXPECT_EQ(message("BVTV_tibai = 0.2").message, "[power] cv: 'BVTV_tibai' is no endpoint");
  EXPECT_EQ(message("BVTV_tibai = 0.2").hint, "Did you mean 'BVTV_tibia'?");
}

TEST(Power, An_endpoint_the_model_lacks_is_reported) {
  Study study(scenario());
  study.plan.power->endpoints = {"SMI"};
  const core::Error error = error_of([&] { (void)study.rows(); });
  EXPECT_EQ(error.diagnostics().front().code, "power-001");
  EXPECT_EQ(error.diagnostics().front().message, "model 'osteosome' has no endpoint 'SMI'");
}

TEST(Power, Plans_that_make_no_sense_are_reported) {
  const auto message = [](const std::string& endpoints, const std::string& more) {
    return error_of([&] { (void)scenario(endpoints, more); }).diagnostics().front().message;
  };
  EXPECT_EQ(message("[]", ""), "[power]: 'endpoints' is missing");
  EXPECT_EQ(message(R"(["CTX"])", "power = 1.2\n"), "[power]: 'power' should lie between 0.05 and 1");
}

}  // namespace
}  // namespace osteosome::support
