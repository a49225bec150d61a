// SPDX-License-Identifier: Apache-2.0
// Power by simulation, for animals of the shipped model.
#include "osteosome/evidence/power.hpp"

#include "animal_simulations.hpp"
#include "osteosome/core/random.hpp"

namespace osteosome::support {
namespace {

constexpr double kExperiments = 4000;  // of power.cpp, over all draws

// Tables to seven digits (Abramowitz and Stegun 1964, table 26.10, and R's qt). 0.02 at 4 degrees and 1e-4 from 20 on are what the header
// promises; the next term of the series falls as the fifth power of the degrees, so 0.02 (4/10)^5 = 2e-4 at 10.
TEST(StudentQuantile, Agrees_with_tables_within_the_stated_error) {
  EXPECT_NEAR(evidence::student_quantile(0.975, 4), 2.7764451, 0.02);
  EXPECT_NEAR(evidence::student_quantile(0.975, 10), 2.2281389, 2e-4);
  EXPECT_NEAR(evidence::student_quantile(0.975, 20), 2.0859634, 1e-4);
  EXPECT_NEAR(evidence::student_quantile(0.975, 30), 2.0422725, 1e-4);
  EXPECT_NEAR(evidence::student_quantile(0.975, 1e9), 1.9599640, 1e-6) << "normal";
}
TEST(StudentQuantile, Is_odd_and_falls_with_the_degrees) {
  for (const double v : {4., 10., 30.}) {
    EXPECT_NEAR(evidence::student_quantile(0.025, v), -evidence::student_quantile(0.975, v), 1e-9) << v;
    EXPECT_NEAR(evidence::student_quantile(0.5, v), 0, 1e-9) << v;
  }
  for (double v = 4; v < 100; ++v) EXPECT_LT(evidence::student_quantile(0.975, v + 1), evidence::student_quantile(0.975, v)) << v;
}

TEST(AnimalVariation, Names_follow_the_codes_and_unknown_ones_are_assumed) {
  const evidence::AnimalVariation variation(library().root);
  EXPECT_EQ(variation.of("BVTV_tibia", "mouse", "OVX").cv, 0.182);
  EXPECT_FALSE(variation.of("BVTV_tibia", "mouse", "OVX").assumed);
  EXPECT_EQ(variation.of("BVTV_tibia", "mouse", "none").cv, 0.088);
  EXPECT_EQ(variation.of("TbN_femur", "rat", "ORX").cv, 0.070);
  EXPECT_EQ(variation.of("BVTV_vertebra", "rat", "OVX").cv, 0.25);
  EXPECT_TRUE(variation.of("BVTV_vertebra", "rat", "OVX").assumed);
  EXPECT_EQ(variation.of("OcS", "rat", "OVX").cv, 0.35);
  EXPECT_EQ(variation.of("no such code", "rat", "OVX").cv, 0.30) << "other";
}

/// Ovariectomised rats: untreated, untreated again, and on two doses of exosomes.
simulate::Scenario scenario(const std::string& endpoints = R"(["BVTV_femur", "CTX"])", const std::string& more = "") {
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
  return simulate::read_scenario(text, "power.toml", library(), units());
}

struct Study {
  explicit Study(simulate::Scenario s) : plan(std::move(s)), models(simulate::compile_models(plan, {}, library(), units())) {
    result = simulate::run_scenario(plan, models, units(), {}, {});
  }
  [[nodiscard]] std::vector<evidence::PowerRow> rows() const { return evidence::power_of(plan, models, result, library().root); }
  simulate::Scenario plan;
  std::vector<simulate::CompiledModel> models;
  simulate::ScenarioResult result;
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
  EXPECT_EQ(row.variation.cv, 0.25);
  EXPECT_EQ(row.effect.low, row.effect.median) << "one subject: no spread over draws";
}

// A two-sided test at 5 % points one way by chance in 2.5 %: four standard errors of 4000 experiments are 1 point.
TEST_F(PowerOfRats, Without_an_effect_a_fortieth_is_significant_in_one_direction) {
  const auto& row = row_of(rows(), "nothing", "BVTV_femur");
  EXPECT_NEAR(row.effect.median, 0, 1e-4) << "percent: the same animals";
  for (std::size_t k = 0; k < row.power.size(); ++k)
    EXPECT_NEAR(row.power[k], 0.025, 4 * std::sqrt(0.025 * 0.975 / kExperiments)) << k + 3 << " animals";
  EXPECT_FALSE(row.animals);
}

TEST_F(PowerOfRats, Power_rises_with_animals_and_with_the_dose) {
  for (const char* arm : {"low", "high"}) {
    const auto& row = row_of(rows(), arm, "BVTV_femur");
    EXPECT_GT(row.power.back(), row.power.front()) << arm;
    // Each size adds an animal to the same experiments; chance makes a step back of at most four standard errors
    for (std::size_t k = 1; k < row.power.size(); ++k)
      EXPECT_GT(row.power[k], row.power[k - 1] - 4 * 0.5 / std::sqrt(kExperiments)) << arm << " " << k + 3;
  }
  EXPECT_GT(row_of(rows(), "high", "BVTV_femur").effect.median, row_of(rows(), "low", "BVTV_femur").effect.median);
  EXPECT_GT(row_of(rows(), "high", "BVTV_femur").power[5], row_of(rows(), "low", "BVTV_femur").power[5]);
}

TEST_F(PowerOfRats, Power_is_that_of_the_normal_approximation_at_thirty_animals) {
  // Noncentral: P(t > t_crit) is about Phi(delta - t_crit) with delta = difference / standard error of the two groups; the approximation is
  // good to about a point at 58 degrees of freedom, chance adds up to three.
  for (const char* arm : {"low", "high"}) {
    for (const char* endpoint : {"BVTV_femur", "CTX"}) {
      const auto& row = row_of(rows(), arm, endpoint);
      const double ratio = 1 + row.effect.median / 100, delta = std::abs(ratio - 1) / (row.variation.cv * std::sqrt((1 + ratio * ratio) / 30));
      EXPECT_NEAR(row.power.back(), core::normal_probability(delta - evidence::student_quantile(0.975, 58)), 0.04) << arm << " " << endpoint;
    }
  }
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
