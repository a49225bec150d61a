// SPDX-License-Identifier: Apache-2.0
// Trial arms as simulations of a model whose solution is known: what is predicted for each unit, and what is left out why.
#include "osteosome/evidence/trials.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "evidence_vocabulary.hpp"
#include "osteosome/core/text.hpp"
#include "simulate_one_compartment.hpp"

namespace osteosome::support {
namespace {

using evidence::Measurement;
using evidence::Study;
using evidence::StudyArm;
using evidence::TrialSet;

constexpr double kDaysPerYear = 365.25;

simulate::Patient patient_of(const StudyArm& arm) {
  const protocol::DrugCatalogue catalogue = {{{"denosumab", "sc", "mg"}}, {"sc"}};
  return evidence::patient_of(arm, protocol::parse_regimen(arm.regimen, catalogue, units()));
}

// ---- the women of an arm

StudyArm women(const std::string& population) {
  StudyArm arm;
  arm.id = "arm";
  arm.trial_class = "denosumab";
  arm.regimen = "denosumab 10 mg";
  arm.population = vocabulary().populations.of(population);
  arm.runnable = "yes";
  arm.role = "calibration";
  return arm;
}

using Scores = std::vector<std::pair<std::string, double>>;

const Scores kOsteoporosis = {{"LS", -2.7}, {"TH", -1.9}, {"FN", -2.2}};
const Scores kLowDensity = {{"LS", -2.0}, {"TH", -1.3}, {"FN", -1.7}};

TEST(PatientOf, Age_that_the_source_gives) {
  for (const char* population : {"pm_osteoporosis", "pm_low_bmd", "early_pm", "natural_menopause", "surgical_menopause", ""}) {
    StudyArm arm = women(population);
    arm.age_y = 71.5;
    EXPECT_EQ(patient_of(arm).age_days, 71.5 * kDaysPerYear) << population;
  }
}

TEST(PatientOf, Age_by_population) {
  for (const auto& [population, age] :
       {std::pair{"pm_osteoporosis", 67.0},
        {"pm_low_bmd", 67.0},
        {"pm_and_men_low_bmd", 67.0},
        {"early_pm", 54.0},
        {"natural_menopause", 53.0},
        {"surgical_menopause", 48.0}}) {
    StudyArm arm = women(population);
    arm.years_since_menopause = 3;
    EXPECT_EQ(patient_of(arm).age_days, age * kDaysPerYear) << population;
  }
}

TEST(PatientOf, Years_before_menopause_are_years_younger) {
  StudyArm arm = women("natural_menopause");
  arm.years_since_menopause = -8;
  EXPECT_EQ(patient_of(arm).age_days, 42 * kDaysPerYear);
  EXPECT_EQ(patient_of(arm).years_since_menopause, -8);
}

TEST(PatientOf, Menopause_without_years_is_now) {
  EXPECT_EQ(patient_of(women("natural_menopause")).age_days, 50 * kDaysPerYear);
  EXPECT_EQ(patient_of(women("surgical_menopause")).age_days, 45 * kDaysPerYear);
}

TEST(PatientOf, Years_since_menopause_that_the_source_does_not_give) {
  EXPECT_FALSE(patient_of(women("pm_osteoporosis")).years_since_menopause.has_value());
  EXPECT_FALSE(patient_of(women("natural_menopause")).years_since_menopause.has_value());
  EXPECT_EQ(patient_of(women("early_pm")).years_since_menopause, 5.5);
  StudyArm surgical = women("surgical_menopause");
  surgical.age_y = 52;
  EXPECT_EQ(patient_of(surgical).years_since_menopause, 7) << "ovaries are removed at 45";
}

TEST(PatientOf, Only_surgical_menopause_is_surgical) {
  EXPECT_TRUE(patient_of(women("surgical_menopause")).surgical);
  EXPECT_FALSE(patient_of(women("natural_menopause")).surgical);
  EXPECT_FALSE(patient_of(women("pm_osteoporosis")).surgical);
}

/// The patient is the woman at the start of the regimen; the source describes her at month 0.
TEST(PatientOf, Time_zero_turns_the_clock_back) {
  StudyArm arm = women("pm_osteoporosis");
  arm.age_y = 70;
  arm.years_since_menopause = 20;
  arm.time_zero_month = 30;
  const auto patient = patient_of(arm);
  EXPECT_EQ(patient.age_days, 67.5 * kDaysPerYear);
  EXPECT_EQ(patient.years_since_menopause, 17.5);
}

TEST(PatientOf, Nobody_is_younger_than_30) {
  StudyArm arm = women("natural_menopause");
  arm.age_y = 35;
  arm.time_zero_month = 120;
  EXPECT_EQ(patient_of(arm).age_days, 30 * kDaysPerYear);
}

TEST(PatientOf, T_scores_that_the_source_gives) {
  StudyArm arm = women("pm_osteoporosis");
  arm.t_scores.emplace_back("LS", -3.1);
  arm.t_scores.emplace_back("TH", -1);
  arm.t_scores.emplace_back("FN", -1.5);
  EXPECT_EQ(patient_of(arm).t_scores, (Scores{{"LS", -3.1}, {"TH", -1}, {"FN", -1.5}}));
}

TEST(PatientOf, T_scores_by_population) {
  EXPECT_EQ(patient_of(women("pm_osteoporosis")).t_scores, kOsteoporosis);
  EXPECT_EQ(patient_of(women("hip_fracture_men_and_women")).t_scores, kOsteoporosis);
  EXPECT_EQ(patient_of(women("pm_low_bmd")).t_scores, kLowDensity);
  for (const char* population : {"early_pm", "natural_menopause", "surgical_menopause", "reference_population", ""}) {
    EXPECT_TRUE(patient_of(women(population)).t_scores.empty()) << population;
  }
}

TEST(PatientOf, Sites_are_filled_in_one_by_one) {
  StudyArm arm = women("pm_low_bmd");
  arm.t_scores.emplace_back("TH", -0.5);
  EXPECT_EQ(patient_of(arm).t_scores, (Scores{{"LS", -2.0}, {"TH", -0.5}, {"FN", -1.7}}));
  StudyArm early = women("early_pm");
  early.t_scores.emplace_back("LS", -1);
  EXPECT_EQ(patient_of(early).t_scores, (Scores{{"LS", -1}}));
}

/// Densities at the baseline of an extension have been treated already.
TEST(PatientOf, T_scores_after_the_first_dose_are_not_those_of_the_start) {
  StudyArm arm = women("pm_osteoporosis");
  arm.t_scores.emplace_back("LS", -1);
  arm.time_zero_month = 24;
  EXPECT_EQ(patient_of(arm).t_scores, kOsteoporosis);
  arm.population = vocabulary().populations.of("early_pm");
  EXPECT_TRUE(patient_of(arm).t_scores.empty());
}

TEST(PatientOf, T_scores_before_the_first_dose_are_those_of_the_start) {
  StudyArm arm = women("pm_osteoporosis");
  arm.t_scores.emplace_back("LS", -1);
  EXPECT_EQ(patient_of(arm).t_scores[0], (std::pair<std::string, double>{"LS", -1})) << "month 0 is the first dose";
  arm.time_zero_month = 24;
  for (const char* regimen : {"none", "none for 24 months then denosumab 10 mg"}) {
    arm.regimen = regimen;
    EXPECT_EQ(patient_of(arm).t_scores[0], (std::pair<std::string, double>{"LS", -1})) << regimen;
  }
}

TEST(PatientOf, T_scores_after_a_first_dose_that_followed_a_wait) {
  StudyArm arm = women("pm_osteoporosis");
  arm.t_scores.emplace_back("LS", -1);
  arm.time_zero_month = 24;
  arm.regimen = "none for 12 months then denosumab 10 mg";
  EXPECT_EQ(patient_of(arm).t_scores, kOsteoporosis);
}

TEST(PatientOf, Women_of_trials_take_calcium_and_vitamin_D) {
  StudyArm arm = women("pm_osteoporosis");
  EXPECT_TRUE(patient_of(arm).supplement);
  arm.trial_class = "natural_history";
  EXPECT_FALSE(patient_of(arm).supplement);
}

// ---- a model with a closed form

/// From 30 on density falls by `loss` a day, by half of it under supplement; denosumab builds at a rate for each mg given so far.
/// At rate 0 of `blow` nothing fails; else a state runs away at model day 1/blow.
const std::string kTiny = R"toml([model]
id = "tiny"
title = "Density in straight lines"
time = "d"
source = "test"
[parameters]
age_0 = { value = 30, unit = "year", kind = "assumed", rationale = "test", source = "test" }
supplement = { value = 0, unit = "1", kind = "assumed", rationale = "test", source = "test" }
scale_LS = { value = 1, unit = "1", kind = "assumed", rationale = "test", source = "test" }
scale_TH = { value = 1, unit = "1", kind = "assumed", rationale = "test", source = "test" }
one = { value = 1, unit = "g/cm^2", kind = "assumed", rationale = "test", source = "test" }
sd = { value = 0.1, unit = "g/cm^2", kind = "assumed", rationale = "test", source = "test" }
loss = { value = 1e-5, unit = "g/cm^2/d", kind = "assumed", rationale = "test", source = "test" }
build = { value = 1e-5, unit = "g/cm^2/d/mg", kind = "assumed", rationale = "test", source = "test" }
block = { value = 0.05, unit = "1/mg", kind = "assumed", rationale = "test", source = "test" }
blow = { value = 0, unit = "1/d", kind = "assumed", rationale = "test", source = "test" }
[species]
drug = { initial = "0", unit = "mg", rate = "0*drug/age_0", typical = "10" }
spine = { initial = "scale_LS*one", unit = "g/cm^2", rate = "build*drug - loss*(1 - 0.5*supplement)" }
hip = { initial = "scale_TH*one", unit = "g/cm^2", rate = "0.5*build*drug - loss*(1 - 0.5*supplement)" }
runaway = { initial = "1", unit = "1", kind = "assumed", source = "test", rationale = "test", rate = "blow*runaway*runaway" }
[doses]
denosumab = { into = "drug" }
[start]
age_at_zero = "age_0"
[patient]
supplement = "supplement"
[patient.densities]
LS = { scale = "scale_LS", t_score = "T_LS" }
TH = { scale = "scale_TH", t_score = "T_TH" }
[outputs]
LS = { formula = "spine", unit = "g/cm^2", observable = "LS", label = "spine" }
TH = { formula = "hip", unit = "g/cm^2", observable = "TH", label = "hip" }
FN = { formula = "hip/one", unit = "1", observable = "FN", label = "neck, relative" }
CTX = { formula = "(1 - block*drug)*(1 - 0.2*supplement)", unit = "1", observable = "CTX", label = "CTX" }
P1NP = { formula = "1 - block*drug", unit = "1", observable = "P1NP", label = "P1NP", when = "denosumab" }
T_LS = { formula = "(spine - one)/sd", unit = "1", label = "T-score" }
T_TH = { formula = "(hip - one)/sd", unit = "1", label = "T-score" }
)toml";

/// Straight lines are integrated exactly but for rounding; run-in and T-score scaling leave a few of them. In percent of 0.7 g/cm2.
constexpr double kNear = 1e-8;
/// Change of spine and hip density in a year [g/cm2]: what the loss takes under supplement, and what 10 mg build.
constexpr double kLoss = 0.5e-5 * kDaysPerYear, kBuilt = 1e-4 * kDaysPerYear;
constexpr double kSpineStart = 1 - 0.27, kHipStart = 1 - 0.19;  // T-scores -2.7 and -1.9

const protocol::DrugCatalogue kCatalogue = {{{"denosumab", "sc", "mg"}, {"romosozumab", "sc", "mg"}}, {"sc"}};

const simulate::CompiledModel& tiny() {
  static const auto model = compile_text(kTiny, simulate::EngineChoice::Auto);
  return *model;
}

Measurement row(const std::string& outcome, const std::string& unit, double month, double mean = 0) {
  Measurement m;
  m.outcome = outcome;
  m.marker = evidence::is_marker(outcome, vocabulary().outcomes);
  m.unit = unit;
  m.month = month;
  m.mean = mean;
  m.count = "yes";
  m.provenance = "seen";
  return m;
}

StudyArm arm_with(std::vector<Measurement> rows, const std::string& regimen = "denosumab 10 mg", const std::string& id = "arm") {
  StudyArm arm = women("pm_osteoporosis");
  arm.id = id;
  arm.regimen = regimen;
  arm.measurements = std::move(rows);
  return arm;
}

Study study(std::vector<StudyArm> arms, const std::string& id = "study") { return {id, id, "clinical", "", std::move(arms)}; }

/// Trials of `studies`; the studies live as long.
struct Trials {
  explicit Trials(std::vector<Study> given, const evidence::TrialFilter& filter = {}, const simulate::CompiledModel& model = tiny())
      : studies(std::move(given)), set(studies, filter, model, kCatalogue, units()) {}
  explicit Trials(StudyArm arm) : Trials({study({std::move(arm)})}) {}

  [[nodiscard]] std::vector<double> predicted() const { return set.predict({tiny().program().parameter_values}).front(); }
  [[nodiscard]] std::vector<std::string> reasons() const {
    std::vector<std::string> out;
    for (const auto& x : set.left_out()) out.push_back(x.arm + "/" + x.outcome + ": " + x.reason);
    return out;
  }

  std::vector<Study> studies;
  TrialSet set;
};

double only(const StudyArm& arm) {
  const Trials trials(arm);
  const auto values = trials.predicted();
  EXPECT_EQ(values.size(), 1u);
  return values.empty() ? std::nan("") : values[0];
}

std::vector<double> changed_parameter(const std::string& name, double value) {
  auto values = tiny().program().parameter_values;
  values[*tiny().program().parameter_index(name)] = value;
  return values;
}

// ---- the unit of each row

TEST(TrialSet, Percent_change_of_density) {
  EXPECT_NEAR(only(arm_with({row("LS", "percent_change", 12)})), 100 * (kBuilt - kLoss) / kSpineStart, kNear);
  EXPECT_NEAR(only(arm_with({row("TH", "percent_change", 24)})), 100 * (kBuilt - 2 * kLoss) / kHipStart, kNear);
  EXPECT_NEAR(only(arm_with({row("LS", "percent_change", 12)}, "none")), -100 * kLoss / kSpineStart, kNear);
}

TEST(TrialSet, Percent_change_counts_from_the_month_0_of_the_arm) {
  StudyArm arm = arm_with({row("LS", "percent_change", 12)}, "denosumab 10 mg every 12 months x 2");
  arm.time_zero_month = 12;
  const double first = kBuilt - kLoss, second = 2 * kBuilt - kLoss;
  EXPECT_NEAR(only(arm), 100 * second / (kSpineStart + first), kNear);
}

TEST(TrialSet, Percent_change_of_a_marker) { EXPECT_NEAR(only(arm_with({row("CTX", "percent_change", 6)})), 100 * (0.5 * 0.8 - 1), kNear); }

TEST(TrialSet, T_score_of_the_arm_is_met) {
  StudyArm arm = arm_with({row("LS", "absolute_g_cm2", 0)});
  arm.t_scores.emplace_back("LS", -3.5);
  EXPECT_NEAR(only(arm), 0.65, kNear);
}

TEST(TrialSet, Women_of_natural_history_take_no_supplement) {
  StudyArm arm = arm_with({row("LS", "percent_change", 12)}, "none");
  arm.trial_class = "natural_history";
  EXPECT_NEAR(only(arm), -100 * 2 * kLoss / kSpineStart, kNear);
}

TEST(TrialSet, Women_without_a_T_score_are_as_old_as_they_are) {
  StudyArm arm = arm_with({row("LS", "absolute_g_cm2", 0)}, "none");
  arm.population = vocabulary().populations.of("natural_menopause");
  arm.age_y = 50;
  EXPECT_NEAR(only(arm), 1 - 1e-5 * 20 * kDaysPerYear, kNear);
}

TEST(TrialSet, Percent_diff_of_density_in_percentage_points) {
  StudyArm arm = arm_with({row("LS", "percent_diff", 12)});
  arm.comparator_regimen = "none";
  EXPECT_NEAR(only(arm), 100 * kBuilt / kSpineStart, kNear);
}

TEST(TrialSet, Percent_diff_of_a_marker_is_a_ratio) {
  StudyArm arm = arm_with({row("CTX", "percent_diff", 6)});
  arm.comparator_regimen = "none";
  EXPECT_NEAR(only(arm), -50, kNear) << "0.4 over 0.8, not -60 less -20";
}

TEST(TrialSet, Percent_diff_counts_from_the_month_0_of_both_arms) {
  StudyArm arm = arm_with({row("LS", "percent_diff", 12)}, "denosumab 10 mg every 12 months x 2");
  arm.comparator_regimen = "denosumab 10 mg";
  arm.time_zero_month = 12;
  EXPECT_NEAR(only(arm), 100 * kBuilt / (kSpineStart + kBuilt - kLoss), kNear);
}

TEST(TrialSet, Percent_per_year_is_the_mean_rate) {
  EXPECT_NEAR(only(arm_with({row("LS", "percent_per_year", 36)}, "none")), -100 * kLoss / kSpineStart, kNear);
  EXPECT_NEAR(only(arm_with({row("LS", "percent_per_year", 6)})), 100 * (kBuilt - kLoss) / kSpineStart, kNear);
}

TEST(TrialSet, Density_itself) { EXPECT_NEAR(only(arm_with({row("LS", "absolute_g_cm2", 12)})), kSpineStart + kBuilt - kLoss, kNear); }

TEST(TrialSet, Standardised_density_of_the_hip) {
  const double hologic = kHipStart + 0.5 * kBuilt - kLoss;
  EXPECT_NEAR(only(arm_with({row("TH", "absolute_sBMD_mg_cm2", 12)})), 1000 * (1.008 * hologic + 0.006), 1000 * kNear);
}

TEST(TrialSet, Density_a_year) { EXPECT_NEAR(only(arm_with({row("LS", "absolute_g_cm2_per_year", 18)})), kBuilt - kLoss, kNear); }

/// Month 0 is the end of treatment: what is there later, of what had been gained then.
TEST(TrialSet, Percent_of_gain_retained) {
  StudyArm arm = arm_with({row("LS", "percent_of_gain_retained", 12)}, "denosumab 10 mg every 12 months x 2");
  arm.time_zero_month = 12;
  const double first = kBuilt - kLoss, second = 2 * kBuilt - kLoss;
  EXPECT_NEAR(only(arm), 100 * (first + second) / first, 100 * kNear);
}

TEST(TrialSet, Visit_on_the_day_of_a_dose_is_before_it) {
  const Trials trials(arm_with({row("CTX", "percent_change", 6), row("CTX", "percent_change", 5)}, "denosumab 5 mg every 6 months x 2"));
  const auto values = trials.predicted();
  EXPECT_NEAR(values[0], 100 * (0.75 * 0.8 - 1), kNear);
  EXPECT_NEAR(values[1], values[0], kNear);
}

TEST(TrialSet, Rows_keep_their_own_values_whatever_their_order) {
  const std::vector<double> months = {24, 3, 0, 12, 6};
  std::vector<Measurement> rows;
  for (const double month : months) rows.push_back(row("LS", "percent_change", month));
  const Trials trials(arm_with(rows));
  const auto values = trials.predicted();
  ASSERT_EQ(values.size(), months.size());
  for (std::size_t k = 0; k < months.size(); ++k) {
    EXPECT_EQ(trials.set.rows()[k].measurement->month, months[k]);
    EXPECT_NEAR(values[k], 100 * months[k] / 12 * (kBuilt - kLoss) / kSpineStart, kNear) << months[k];
  }
}

// ---- what is simulated

TEST(TrialSet, Same_women_on_the_same_regimen_are_simulated_once) {
  StudyArm drug = arm_with({row("LS", "percent_diff", 12)}, "denosumab 10 mg", "drug"),
           placebo = arm_with({row("LS", "percent_change", 12)}, "none", "placebo");
  drug.comparator_regimen = "none";
  EXPECT_EQ(Trials({study({drug, placebo})}).set.simulations(), 2u);
  placebo.age_y = 75;
  EXPECT_EQ(Trials({study({drug, placebo})}).set.simulations(), 3u);
}

TEST(TrialSet, Filter_of_studies_roles_and_domains) {
  StudyArm fitted = arm_with({row("LS", "percent_change", 12)}, "denosumab 10 mg", "fitted"), kept = fitted;
  kept.id = "kept";
  kept.role = "validation";
  Study animals = study({arm_with({row("TH", "percent_change", 1)}, "none", "mouse")}, "animals");
  animals.domain = "mouse";
  const std::vector<Study> all = {study({fitted, kept}, "a"), study({fitted}, "b"), animals};
  const auto taken = [&](const evidence::TrialFilter& filter) {
    const Trials trials(all, filter);
    std::string out;
    for (const auto& r : trials.set.rows()) out += r.study->id + ":" + r.arm->id + " ";
    return out;
  };
  EXPECT_EQ(taken({}), "a:fitted a:kept b:fitted ");
  EXPECT_EQ(taken({{"b"}, "clinical", ""}), "b:fitted ");
  EXPECT_EQ(taken({{}, "clinical", "validation"}), "a:kept ");
  EXPECT_EQ(taken({{}, "clinical", "calibration"}), "a:fitted b:fitted ");
  EXPECT_EQ(taken({{}, "mouse", ""}), "animals:mouse ");
  EXPECT_EQ(taken({{}, "", ""}), "a:fitted a:kept b:fitted animals:mouse ");
}

TEST(TrialSet, Rows_refer_to_the_study_they_come_from) {
  const Trials trials(arm_with({row("LS", "percent_change", 12, 3)}));
  const auto& r = trials.set.rows().at(0);
  EXPECT_EQ(r.study, &trials.studies[0]);
  EXPECT_EQ(r.arm, &trials.studies[0].arms[0]);
  EXPECT_EQ(r.measurement, &trials.studies[0].arms[0].measurements[0]);
}

TEST(TrialSet, Several_sets_of_parameters_at_once_are_as_one_at_a_time) {
  StudyArm drug =
      arm_with({row("LS", "percent_diff", 12), row("CTX", "percent_change", 6), row("TH", "absolute_g_cm2", 24)}, "denosumab 10 mg", "drug");
  drug.comparator_regimen = "none";
  StudyArm old = arm_with({row("LS", "percent_change", 24)}, "none", "old");
  old.age_y = 80;
  const Trials trials({study({drug, old})});
  const std::vector<std::vector<double>> sets = {
      tiny().program().parameter_values, changed_parameter("build", 3e-5), changed_parameter("loss", 2e-5), changed_parameter("block", 0.01)};
  const auto together = trials.set.predict(sets);
  ASSERT_EQ(together.size(), sets.size());
  for (std::size_t s = 0; s < sets.size(); ++s) EXPECT_EQ(together[s], trials.set.predict({sets[s]}).front()) << s;
  EXPECT_NEAR(together[1][0], 3 * together[0][0], kNear);
  EXPECT_NEAR(together[2][3], 2 * together[0][3], kNear);
  EXPECT_EQ(together[3][0], together[0][0]);
  EXPECT_NEAR(together[3][1], 100 * (0.9 * 0.8 - 1), kNear);
}

TEST(TrialSet, No_set_gives_nothing) { EXPECT_TRUE(Trials(arm_with({row("LS", "percent_change", 12)})).set.predict({}).empty()); }

/// The women are 67: their start is model day 13514.25. A state runs away 200 days later.
TEST(TrialSet, Failed_simulation_is_not_a_number_from_where_it_failed) {
  const Trials trials(arm_with({row("LS", "percent_change", 3), row("LS", "percent_change", 12)}));
  const auto together = trials.set.predict({changed_parameter("blow", 1 / (37 * kDaysPerYear + 200)), tiny().program().parameter_values});
  EXPECT_TRUE(std::isnan(together[0][1]));
  EXPECT_TRUE(std::isfinite(together[1][1])) << "the other set is not touched";
  EXPECT_EQ(together[1], trials.predicted());
}

TEST(TrialSet, Women_who_do_not_reach_the_start_are_not_a_number) {
  const Trials trials(arm_with({row("LS", "percent_change", 3), row("CTX", "percent_change", 12)}));
  const auto values = trials.set.predict({changed_parameter("blow", 1e-3)}).front();
  ASSERT_EQ(values.size(), 2u);
  for (const double value : values) EXPECT_TRUE(std::isnan(value));
}

// ---- what is left out

TEST(LeftOut, Rows_that_do_not_count_are_not_mentioned) {
  StudyArm arm = arm_with({row("LS", "percent_change", 12), row("RAD33", "percent_change", 12)});
  for (auto& m : arm.measurements) m.count = "no:duplicate";
  const Trials trials(arm);
  EXPECT_TRUE(trials.set.rows().empty());
  EXPECT_TRUE(trials.set.left_out().empty());
}

TEST(LeftOut, Fractures) {
  std::vector<Measurement> rows;
  for (const char* unit :
       {"relative_risk", "risk_ratio", "odds_ratio", "hazard_ratio", "rate_ratio", "rate_per_100py", "cumulative_incidence_percent"})
    rows.push_back(row("VFX", unit, 36, 0.3));
  const Trials trials(arm_with(rows));
  EXPECT_TRUE(trials.set.rows().empty());
  EXPECT_EQ(trials.reasons(), std::vector<std::string>(rows.size(), "arm/VFX: fractures are not modelled"));
}

TEST(LeftOut, Outcome_that_the_model_lacks) {
  const Trials trials(arm_with({row("RAD33", "percent_change", 12), row("LS", "percent_change", 12), row("BSAP", "percent_change", 12)}));
  EXPECT_EQ(trials.set.rows().size(), 1u);
  EXPECT_EQ(trials.reasons(), (std::vector<std::string>{"arm/RAD33: the model has no RAD33", "arm/BSAP: the model has no BSAP"}));
}

TEST(LeftOut, Outcome_that_the_model_has_for_another_drug) {
  const Trials trials(arm_with({row("P1NP", "percent_change", 12)}, "none"));
  EXPECT_EQ(trials.reasons(), std::vector<std::string>{"arm/P1NP: the model has no P1NP"});
}

TEST(LeftOut, Outcome_that_the_model_lacks_for_the_comparator) {
  StudyArm arm = arm_with({row("P1NP", "percent_diff", 12), row("P1NP", "percent_change", 12)});
  arm.comparator_regimen = "none";
  const Trials trials(arm);
  EXPECT_EQ(trials.reasons(), std::vector<std::string>{"arm/P1NP: the model has no P1NP for the comparator"});
  EXPECT_EQ(trials.set.rows().size(), 1u);
}

TEST(LeftOut, Unit_without_a_rule) {
  const Trials trials(arm_with({row("LS", "percent_risk_reduction", 12)}));
  EXPECT_EQ(trials.reasons(), std::vector<std::string>{"arm/LS: no rule for unit 'percent_risk_reduction'"});
}

TEST(LeftOut, Difference_without_a_comparator) {
  const Trials trials(arm_with({row("LS", "percent_diff", 12)}));
  EXPECT_EQ(trials.reasons(), std::vector<std::string>{"arm/LS: a difference without a comparator"});
}

TEST(LeftOut, Row_without_month_or_mean) {
  std::vector<Measurement> rows = {row("LS", "percent_change", std::nan("")), row("TH", "percent_change", 12)};
  rows[1].mean.reset();
  EXPECT_EQ(Trials(arm_with(rows)).reasons(), (std::vector<std::string>{"arm/LS: no mean or no month", "arm/TH: no mean or no month"}));
}

TEST(LeftOut, Absolute_density_of_a_model_with_relative_density) {
  const Trials trials(arm_with({row("FN", "absolute_g_cm2", 12), row("FN", "absolute_sBMD_mg_cm2", 12), row("FN", "absolute_g_cm2_per_year", 12),
                                row("FN", "percent_change", 12)}));
  EXPECT_EQ(trials.reasons(), std::vector<std::string>(3, "arm/FN: the model has relative density only"));
  EXPECT_EQ(trials.set.rows().size(), 1u);
}

TEST(LeftOut, Arm_whose_drug_the_model_lacks) {
  const Trials trials(arm_with({row("LS", "percent_change", 12), row("TH", "percent_change", 12)}, "denosumab 10 mg then romosozumab 210 mg"));
  EXPECT_TRUE(trials.set.rows().empty());
  ASSERT_EQ(trials.set.left_out().size(), 1u) << "the arm, not each row";
  const auto& x = trials.set.left_out()[0];
  EXPECT_EQ(x.study, "study");
  EXPECT_EQ(x.outcome, "");
  EXPECT_NE(x.reason.find("has no drug 'romosozumab'"), std::string::npos) << x.reason;
}

TEST(LeftOut, Arm_whose_comparator_the_model_lacks) {
  StudyArm arm = arm_with({row("LS", "percent_change", 12)});
  arm.comparator_regimen = "romosozumab 210 mg";
  const Trials trials(arm);
  ASSERT_EQ(trials.set.left_out().size(), 1u);
  EXPECT_NE(trials.set.left_out()[0].reason.find("'romosozumab'"), std::string::npos);
}

TEST(LeftOut, Arm_whose_regimen_cannot_be_read) {
  const Trials trials(arm_with({row("LS", "percent_change", 12)}, "denosumap 10 mg"));
  ASSERT_EQ(trials.set.left_out().size(), 1u);
  EXPECT_NE(trials.set.left_out()[0].reason.find("'denosumap'"), std::string::npos) << trials.set.left_out()[0].reason;
}

TEST(LeftOut, Arm_that_cannot_be_run) {
  StudyArm arm = arm_with({row("LS", "percent_change", 12)});
  arm.runnable = "no: two doses in one arm";
  EXPECT_EQ(Trials(arm).reasons(), std::vector<std::string>{"arm/: two doses in one arm"});
}

std::string only_reason(const StudyArm& arm) {
  const auto reasons = Trials(arm).reasons();
  return reasons.size() == 1 ? reasons[0] : std::to_string(reasons.size()) + " reasons";
}

TEST(LeftOut, Arm_that_nobody_says_can_be_run) {
  StudyArm arm = arm_with({row("LS", "percent_change", 12)});
  for (const char* text : {"", "maybe", "Yes", "not yet"}) {
    arm.runnable = text;
    EXPECT_EQ(only_reason(arm), "arm/: 'runnable' is '" + std::string(text) + "', neither 'yes' nor 'no: reason'");
  }
}

TEST(LeftOut, Arm_of_women_of_an_implausible_age) {
  StudyArm arm = arm_with({row("LS", "percent_change", 12)});
  for (const double age : {-5.0, 17.9, 110.1, 670.0}) {
    arm.age_y = age;
    EXPECT_EQ(only_reason(arm), "arm/: an age of " + core::format_double(age) + " years");
  }
  for (const double age : {18.0, 110.0}) {
    arm.age_y = age;
    EXPECT_TRUE(Trials(arm).reasons().empty()) << age;
  }
}

TEST(LeftOut, Arm_of_women_with_an_implausible_T_score) {
  for (const char* site : {"LS", "TH", "FN"}) {
    StudyArm arm = arm_with({row("LS", "percent_change", 12)});
    arm.t_scores = {{site, -25}};
    EXPECT_EQ(only_reason(arm), "arm/: a T-score of -25");
    arm.t_scores = {{site, 6.1}};
    EXPECT_EQ(only_reason(arm), "arm/: a T-score of 6.1");
  }
}

TEST(LeftOut, Arm_with_an_implausible_month_0) {
  StudyArm arm = arm_with({row("LS", "percent_change", 12)});
  for (const double month : {-1.0, 1e9, std::nan("")}) {
    arm.time_zero_month = month;
    EXPECT_EQ(only_reason(arm), "arm/: month 0 at month " + core::format_double(month) + " of the regimen");
  }
}

TEST(LeftOut, Row_of_a_marker_that_falls_below_nothing) {
  EXPECT_EQ(only_reason(arm_with({row("CTX", "percent_change", 6, -100), row("CTX", "percent_change", 12, -50)})),
            "arm/CTX: a marker that changes by -100 %");
  EXPECT_EQ(only_reason(arm_with({row("P1NP", "percent_change", 6, -450)})), "arm/P1NP: a marker that changes by -450 %");
}

TEST(LeftOut, Row_that_nobody_says_counts) {
  for (const char* text : {"", "YES", "1"}) {
    Measurement m = row("LS", "percent_change", 12);
    m.count = text;
    EXPECT_EQ(only_reason(arm_with({m})), "arm/LS: 'count' is '" + std::string(text) + "', neither 'yes' nor 'no: reason'");
  }
}

TEST(LeftOut, Row_that_says_that_it_does_not_count_is_not_mentioned) {
  for (const char* text : {"no", "no:duplicate", "no: duplicate"}) {
    Measurement m = row("LS", "percent_change", 12);
    m.count = text;
    EXPECT_TRUE(Trials(arm_with({m})).reasons().empty()) << text;
  }
}

TEST(LeftOut, Row_at_an_implausible_month) {
  EXPECT_EQ(only_reason(arm_with({row("LS", "percent_change", -3)})), "arm/LS: a visit at month -3 of the regimen");
  EXPECT_EQ(only_reason(arm_with({row("LS", "percent_change", 1e9)})), "arm/LS: a visit at month 1e+09 of the regimen");
  EXPECT_EQ(only_reason(arm_with({row("LS", "percent_per_year", 0)})), "arm/LS: a rate over no time");
  EXPECT_EQ(only_reason(arm_with({row("LS", "percent_of_gain_retained", 12)})), "arm/LS: no gain before month 0");
}

TEST(LeftOut, Odd_rows_leave_the_others_alone) {
  StudyArm odd = arm_with({row("LS", "percent_change", 12)}, "none", "odd"), good = arm_with({row("LS", "percent_change", 12)}, "none", "good");
  odd.age_y = 6;
  good.role = "my own";
  const Trials trials({study({odd, good})});
  ASSERT_EQ(trials.set.rows().size(), 1u);
  EXPECT_EQ(trials.set.rows()[0].arm->id, "good");
  EXPECT_EQ(trials.set.rows()[0].arm->role, "my own");
}

TEST(LeftOut, Women_younger_than_the_model_starts) {
  std::string old = kTiny;
  old.replace(old.find("value = 30"), 10, "value = 70");
  const auto model = compile_text(old, simulate::EngineChoice::Auto);
  const Trials trials({study({arm_with({row("LS", "percent_change", 12)})})}, {}, *model);
  ASSERT_EQ(trials.set.left_out().size(), 1u);
  EXPECT_NE(trials.set.left_out()[0].reason.find("starts at age 70"), std::string::npos) << trials.set.left_out()[0].reason;
}

// ---- residuals

TEST(TrialRow, Residual_of_density_is_in_percentage_points) {
  const Measurement m = row("LS", "percent_change", 12, 6);
  const evidence::TrialRow r{nullptr, nullptr, &m};
  EXPECT_FALSE(r.marker());
  EXPECT_EQ(r.residual(7.5), 1.5);
  EXPECT_EQ(r.residual(4), -2);
}

TEST(TrialRow, Residual_of_a_marker_is_a_log_ratio) {
  for (const char* outcome : {"CTX", "uCTX", "P1NP", "BSAP", "OC"}) {
    const Measurement m = row(outcome, "percent_change", 12, -50);
    const evidence::TrialRow r{nullptr, nullptr, &m};
    EXPECT_TRUE(r.marker()) << outcome;
    EXPECT_NEAR(r.residual(-75), -std::log(2), 1e-15) << outcome;
    EXPECT_NEAR(r.residual(0), std::log(2), 1e-15) << outcome;
    EXPECT_EQ(r.residual(-50), 0) << outcome;
  }
}

TEST(TrialRow, Residual_of_other_rows_is_in_their_unit) {
  const Measurement m = row("TH", "absolute_sBMD_mg_cm2", 12, 800);
  const evidence::TrialRow r{nullptr, nullptr, &m};
  EXPECT_EQ(r.residual(790), -10);
}

TEST(TrialRow, Residual_of_a_failed_simulation_is_not_a_number) {
  for (const char* outcome : {"LS", "CTX"}) {
    const Measurement m = row(outcome, "percent_change", 12, 1);
    EXPECT_TRUE(std::isnan((evidence::TrialRow{nullptr, nullptr, &m}.residual(std::nan(""))))) << outcome;
  }
}

}  // namespace
}  // namespace osteosome::support
