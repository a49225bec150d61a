// SPDX-License-Identifier: Apache-2.0
// Scenario files: what they say, what is refused, and how subjects are drawn.
#include "osteosome/cohort/scenario.hpp"

#include <gtest/gtest.h>

#include "cohort_scenarios.hpp"

namespace osteosome::support {
namespace {

using cohort::draw;
using cohort::Population;

const std::string kArm = "[arms.a]\nregimen = \"none\"\n";

core::Error refusal(const std::string& text) {
  const ScenarioFolder folder;
  return error_of([&] { (void)folder.read(text); });
}
core::Error refusal_of_body(const std::string& body) {
  const ScenarioFolder folder;
  return error_of([&] { (void)folder.read(folder.text(body)); });
}

/// `body` has exactly one problem, at the line of `marker`.
void expect_refused(const std::string& body, const std::string& code, const std::string& message, const std::string& hint,
                    const std::string& marker) {
  const ScenarioFolder folder;
  const auto text = folder.text(body);
  const auto error = error_of([&] { (void)folder.read(text); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  const auto& d = error.diagnostics()[0];
  EXPECT_EQ(d.code, code);
  EXPECT_EQ(d.message, message);
  EXPECT_NE(d.hint.find(hint), std::string::npos) << d.hint;
  EXPECT_EQ(d.where.line, line_of(text, marker)) << error.what();
}

TEST(Scenario, Shipped_scenarios_load) {
  for (const char* name : {"denosumab-and-stop", "teriparatide", "menopause"}) {
    EXPECT_NO_THROW((void)cohort::load_scenario(std::string(OSTEOSOME_ROOT) + "/scenarios/" + name + ".toml", library(), units())) << name;
  }
}

TEST(Scenario, Fields_are_read) {
  const ScenarioFolder folder;
  const auto s = folder.read(folder.text(
      "[patient]\nage = \"60 years\"\nweight = \"6e4 g\"\n[arms.a]\nlabel = \"A\"\nregimen = \"denosumab 60 mg monthly x 2\"\nevidence = [\"x\"]\n"
      "[arms.a.adherence]\nmiss_probability = 0.25\ndelay = \"1 week\"\nskip = [2]\nstop_after = \"1 month\"\n[solver]\nengine = \"reference\"\nrtol "
      "= 1e-8\n",
      "until = \"2 days\"\nevery = \"6 h\"\nseed = 9\n"));
  EXPECT_EQ(s.until_days(), 2);
  EXPECT_EQ(s.every_days(), 0.25);
  EXPECT_EQ(s.seed, 9u);
  EXPECT_DOUBLE_EQ(*s.patient.age_days, 60 * 365.25);
  EXPECT_DOUBLE_EQ(s.patient.weight_kg, 60);
  EXPECT_EQ(s.arms[0].label, "A");
  EXPECT_EQ(s.arms[0].evidence, (std::vector<std::string>{"x"}));
  EXPECT_EQ(s.arms[0].adherence.miss_probability, 0.25);
  EXPECT_EQ(s.arms[0].adherence.delay, 7 * 86'400'000'000);
  EXPECT_EQ(s.arms[0].adherence.skip, (std::vector<std::int64_t>{2}));
  EXPECT_EQ(s.arms[0].adherence.stop_after, 2'629'800'000'000);
  EXPECT_EQ(s.engine, simulate::EngineChoice::Reference);
  EXPECT_EQ(s.relative_tolerance, 1e-8);
}

TEST(Scenario, Unknown_key_is_refused_with_a_near_match) {
  expect_refused("[arms.a]\nregimen = \"none\"\nlabl = \"x\"\n", "toml-006", "arm 'a': unknown key 'labl'", "Did you mean 'label'?", "labl");
}

TEST(Scenario, Unknown_model_is_refused_with_a_near_match) {
  const auto error = refusal("[scenario]\ntitle = \"t\"\nuntil = \"1 d\"\nevery = \"1 d\"\n[models.joerg-2023]\n" + kArm);
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_NE(error.diagnostics()[0].message.find("joerg-2023"), std::string::npos);
  EXPECT_NE(error.diagnostics()[0].hint.find("joerg-2022"), std::string::npos) << error.what();
  EXPECT_EQ(error.diagnostics()[0].where.line, 5);
}

TEST(Scenario, Regimen_error_has_the_line_of_the_regimen_and_the_column_in_it) {
  expect_refused("[arms.a]\nlabel = \"x\"\nregimen = \"denosumab 60 mg evry 6 months x 3\"\n", "regimen-002",
                 "arm 'a': regimen 'denosumab 60 mg evry 6 months x 3', column 17: 'evry' does not belong here", "Did you mean 'every'?",
                 "regimen =");
}

TEST(Scenario, Missing_until_is_refused) {
  const ScenarioFolder folder;
  const auto error = error_of([&] { (void)folder.read(folder.text(kArm, "every = \"1 d\"\n")); });
  EXPECT_NE(std::string(error.what()).find("'until' is missing"), std::string::npos) << error.what();
}

TEST(Scenario, Missing_until_is_reported_once) {
  const ScenarioFolder folder;
  EXPECT_EQ(error_of([&] { (void)folder.read(folder.text(kArm, "every = \"1 d\"\n")); }).diagnostics().size(), 1u);
}

TEST(Scenario, Missing_header_models_and_arms_are_named_together) {
  const auto text = std::string(refusal("[patient]\nage = \"60 years\"\n").what());
  EXPECT_NE(text.find("the table [scenario] is missing"), std::string::npos) << text;
  EXPECT_NE(text.find("[models.NAME] is missing"), std::string::npos) << text;
  EXPECT_NE(text.find("[arms.NAME] is missing"), std::string::npos) << text;
}

TEST(Scenario, Several_problems_are_reported_in_one_go) {
  const auto error =
      refusal_of_body("[patient]\nage = \"60\"\n[arms.a]\nregimen = \"watr 3 mg\"\n[population]\nn = 0\n[solver]\nrtol = 5\nengine = \"fast\"\n");
  EXPECT_EQ(error.kind(), core::ErrorKind::Input);
  EXPECT_EQ(error.diagnostics().size(), 5u) << error.what();
}

TEST(Scenario, Duration_without_a_unit_is_refused) {
  const ScenarioFolder folder;
  const auto error = error_of([&] { (void)folder.read(folder.text(kArm, "until = \"48\"\nevery = \"1 d\"\n")); });
  EXPECT_EQ(error.diagnostics()[0].where.line, 3) << error.what();
}

TEST(Scenario, More_than_a_million_output_times_are_refused) {
  const ScenarioFolder folder;
  const auto error = error_of([&] { (void)folder.read(folder.text(kArm, "until = \"100 years\"\nevery = \"1 s\"\n")); });
  EXPECT_NE(std::string(error.what()).find("'every' gives more than a million output times"), std::string::npos) << error.what();
}

TEST(Scenario, Miss_probability_out_of_range_is_refused) {
  for (const std::string bad : {"-0.1", "1.1", "nan"}) {
    expect_refused("[arms.a]\nregimen = \"none\"\n[arms.a.adherence]\nmiss_probability = " + bad + "\n", "scenario-007",
                   "adherence of arm 'a': 'miss_probability' should lie between 0 and 1", "", "miss_probability");
  }
}

TEST(Scenario, Number_of_subjects_that_is_no_count_is_refused) {
  for (const std::string bad : {"0", "-3", "1.5", "nan"}) {
    expect_refused(kArm + "[population]\nn = " + bad + "\n", "scenario-009", "[population]: 'n' should be a whole number from 1 to 100 million", "",
                   "n = " + bad);
  }
}

TEST(Scenario, Absurd_number_of_subjects_is_refused) {
  for (const std::string bad : {"inf", "1e18"})
    EXPECT_EQ(refusal_of_body(kArm + "[population]\nn = " + bad + "\n").kind(), core::ErrorKind::Input) << bad;
}

TEST(Scenario, Model_of_a_random_quantity_that_is_not_there_is_refused_with_a_near_match) {
  const auto error = refusal_of_body(kArm + "[population]\nn = 2\n[population.parameters.pkk]\nCL = { kind = \"lognormal\", cv = 0.2 }\n");
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "[population]: [population.parameters] has no model 'pkk'");
  EXPECT_EQ(error.diagnostics()[0].hint, "Did you mean 'pk'?");
}

TEST(Scenario, Negative_standard_deviation_is_refused) {
  for (const char* kind : {"normal", "lognormal"}) {
    EXPECT_NE(
        std::string(refusal_of_body(kArm + "[population]\nn = 2\n[population.parameters.pk]\nCL = { kind = \"" + kind + "\", sd = -0.5 }\n").what())
            .find("sd"),
        std::string::npos)
        << kind;
  }
}

const std::string kThree =
    "[population]\nn = 2\ncorrelations = [ { between = [\"CL\", \"V\"], r = %1 }, { between = [\"V\", \"KA\"], r = %2 }, { between = [\"CL\", "
    "\"KA\"], r = %3 } ]\n"
    "[population.parameters.pk]\nCL = { kind = \"lognormal\", cv = 0.2 }\nV = { kind = \"lognormal\", cv = 0.2 }\nKA = { kind = \"lognormal\", cv = "
    "0.2 }\n";
std::string three(const char* a, const char* b, const char* c) {
  std::string text = kThree;
  text.replace(text.find("%1"), 2, a);
  text.replace(text.find("%2"), 2, b);
  text.replace(text.find("%3"), 2, c);
  return text;
}

TEST(Scenario, Contradictory_correlations_are_refused) {
  const auto error = refusal_of_body(kArm + three("0.9", "0.9", "-0.9"));
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].code, "scenario-011");
  EXPECT_EQ(error.diagnostics()[0].message,
            "these correlations contradict each other (no such matrix exists): CL - V: 0.9, CL - KA: -0.9, V - KA: 0.9");
}

TEST(Scenario, Possible_correlations_are_taken) {
  const ScenarioFolder folder;
  EXPECT_EQ(folder.read(folder.text(kArm + three("0.9", "0.9", "0.8"))).population.cholesky.size(), 3u);
}

TEST(Scenario, Correlation_of_an_unknown_quantity_is_refused) {
  const auto error = refusal_of_body(kArm +
                                     "[population]\nn = 2\ncorrelations = [ { between = [\"CL\", \"W\"], r = 0.5 } ]\n[population.parameters.pk]\nCL "
                                     "= { kind = \"lognormal\", cv = 0.2 }\n");
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].code, "scenario-010");
}

TEST(Scenario, Table_of_subjects_is_read) {
  const ScenarioFolder folder;
  (void)folder.folder.write("subjects.csv", "CL,central\n1,5\n2,6\n3,7\n");
  const auto s = folder.read(folder.text(kArm + "[population]\ntable = \"subjects.csv\"\n"));
  EXPECT_EQ(s.population.n, 3u);
  EXPECT_EQ(s.population.table_columns, (std::vector<std::string>{"CL", "central"}));
  EXPECT_EQ(s.population.table_rows[2], (std::vector<double>{3, 7}));
}

TEST(Scenario, Cell_of_the_table_that_is_no_number_is_refused_with_its_line) {
  const ScenarioFolder folder;
  (void)folder.folder.write("subjects.csv", "CL\n1\nhigh\n");
  const auto error = error_of([&] { (void)folder.read(folder.text(kArm + "[population]\ntable = \"subjects.csv\"\n")); });
  ASSERT_EQ(error.diagnostics().size(), 1u);
  EXPECT_EQ(error.diagnostics()[0].message, "'high' is no finite number");
  EXPECT_EQ(error.diagnostics()[0].where.line, 3);
}

/// A misspelt column would otherwise be ignored, and every subject would be the typical one.
TEST(Scenario, Column_of_the_table_that_no_model_knows_is_refused) {
  const ScenarioFolder folder;
  (void)folder.folder.write("subjects.csv", "CLL\n1\n2\n");
  EXPECT_THROW((void)run(folder.read(folder.text(kArm + "[population]\ntable = \"subjects.csv\"\n"))), core::Error);
}

TEST(Scenario, Table_without_subjects_is_refused) {
  const ScenarioFolder folder;
  (void)folder.folder.write("subjects.csv", "CL\n");
  EXPECT_THROW((void)run(folder.read(folder.text(kArm + "[population]\ntable = \"subjects.csv\"\n"))), core::Error);
}

TEST(Scenario, Random_quantity_that_the_model_lacks_is_refused_with_a_near_match) {
  const ScenarioFolder folder;
  const auto s = folder.read(folder.text(kArm + "[population]\nn = 2\n[population.parameters.pk]\nCLL = { kind = \"lognormal\", cv = 0.2 }\n"));
  const auto error = error_of([&] { (void)run(s); });
  EXPECT_EQ(error.diagnostics()[0].message, "model 'pk' has no parameter or species 'CLL'");
  EXPECT_EQ(error.diagnostics()[0].hint, "Did you mean 'CL'?");
}

TEST(Scenario, Set_value_that_the_model_lacks_is_refused_with_a_near_match) {
  const ScenarioFolder folder;
  const auto s = folder.read(folder.text("set = { CLL = 1 }\n" + kArm));
  const auto error = error_of([&] { (void)run(s); });
  EXPECT_EQ(error.diagnostics()[0].message, "model 'pk' has no parameter or species 'CLL'");
  EXPECT_EQ(error.diagnostics()[0].hint, "Did you mean 'CL'?");
}

TEST(Scenario, Problems_of_file_regimen_and_models_come_together) {
  const ScenarioFolder folder;
  std::string broken = one_compartment_document();
  broken.replace(broken.find("formula = \""), 11, "formula = \"nobody + ");
  (void)folder.folder.write("broken.toml", broken);
  const std::string text = folder.text("[models.other]\ndocument = \"" + folder.folder.path("broken.toml") +
                                       "\"\n[arms.a]\nregimen = \"denosumab 60 mg wekly\"\n[solver]\nrtoll = 1\n");
  const auto error = error_of([&] { (void)folder.read(text); });
  std::vector<std::string> codes;
  for (const auto& d : error.diagnostics()) codes.push_back(d.code);
  std::sort(codes.begin(), codes.end());
  EXPECT_EQ(codes, (std::vector<std::string>{"model-021", "regimen-002", "toml-006"})) << error.what();
}

TEST(Scenario, A_document_that_cannot_be_read_hides_neither_set_values_nor_the_other_document) {
  const ScenarioFolder folder;
  std::string broken = one_compartment_document();
  broken.replace(broken.find("formula = \""), 11, "formula = \"nobody + ");
  (void)folder.folder.write("broken.toml", broken);
  const std::string other = "[models.other]\ndocument = \"" + folder.folder.path("broken.toml") + "\"\n";
  const auto error = error_of([&] { (void)run(folder.read(folder.text("set = { CLL = 1 }\n" + other + kArm))); });
  ASSERT_EQ(error.diagnostics().size(), 2u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].code, "model-021");
  EXPECT_EQ(error.diagnostics()[1].code, "value-003");
}

TEST(Scenario, Empty_file_is_refused) {
  const TemporaryFolder folder;
  EXPECT_EQ(error_of([&] { (void)cohort::load_scenario(folder.write("s.toml", ""), library(), units()); }).diagnostics()[0].message,
            "the file is empty");
}

// ---- draws

Population population(const std::vector<model::Distribution>& distributions) {
  Population p;
  for (std::size_t k = 0; k < distributions.size(); ++k) p.quantities.push_back({"m", "q" + std::to_string(k), distributions[k], {}});
  return p;
}
double typical(std::size_t) { return 10; }

/// 4000 subjects. Bounds below are five standard errors: of a mean sd/sqrt(n), of a standard deviation sd/sqrt(2n).
constexpr std::size_t kSubjects = 4000;
struct Moments {
  double mean = 0, sd = 0, low = HUGE_VAL, high = -HUGE_VAL;
};
template <class Transform>
Moments moments(const model::Distribution& d, Transform transform) {
  const auto p = population({d});
  Moments m;
  double sum = 0, square = 0;
  for (std::size_t s = 0; s < kSubjects; ++s) {
    const double x = draw(p, 1, s, typical)[0], y = transform(x);
    sum += y;
    square += y * y;
    m.low = std::min(m.low, x);
    m.high = std::max(m.high, x);
  }
  m.mean = sum / kSubjects;
  m.sd = std::sqrt(square / kSubjects - m.mean * m.mean);
  return m;
}
constexpr double kMeanError = 5 / 63.2, kSdError = 5 / 89.4;  // of the standard deviation

TEST(Draw, Lognormal_has_the_median_and_spread_of_its_logarithm) {
  const auto m = moments({"lognormal", 8, 0.3, {}, {}}, [](double x) { return std::log(x); });
  EXPECT_NEAR(m.mean, std::log(8), 0.3 * kMeanError);
  EXPECT_NEAR(m.sd, 0.3, 0.3 * kSdError);
}

TEST(Draw, Median_left_out_is_the_value_of_the_model) {
  EXPECT_NEAR(moments({"lognormal", std::nan(""), 0.3, {}, {}}, [](double x) { return std::log(x); }).mean, std::log(10), 0.3 * kMeanError);
}

TEST(Draw, Normal_has_its_mean_and_spread) {
  const auto m = moments({"normal", 5, 2, {}, {}}, [](double x) { return x; });
  EXPECT_NEAR(m.mean, 5, 2 * kMeanError);
  EXPECT_NEAR(m.sd, 2, 2 * kSdError);
}

TEST(Draw, Normal_with_a_coefficient_of_variation_is_relative_to_its_mean) {
  EXPECT_NEAR(moments({"normal", std::nan(""), -0.2, {}, {}}, [](double x) { return x; }).sd, 2, 2 * kSdError);
}

TEST(Draw, Uniform_fills_its_bounds) {
  const auto m = moments({"uniform", 0, 0, 2, 6}, [](double x) { return x; });
  EXPECT_NEAR(m.mean, 4, 4 / std::sqrt(12) * kMeanError);
  EXPECT_GE(m.low, 2);
  EXPECT_LE(m.high, 6);
  EXPECT_LT(m.low, 2.02);  // the least of 4000 lies above 2.02 with probability (1 - 0.005)^4000 = 2e-9
  EXPECT_GT(m.high, 5.98);
}

/// A standard normal cut at +-1 has variance 1 - 2 phi(1) / (2 Phi(1) - 1) = 0.2911.
TEST(Draw, Truncated_normal_stays_within_its_bounds_and_has_the_truncated_spread) {
  const auto m = moments({"normal", 5, 2, 3, 7}, [](double x) { return x; });
  EXPECT_GE(m.low, 3);
  EXPECT_LE(m.high, 7);
  EXPECT_NEAR(m.mean, 5, 2 * std::sqrt(0.2911) * kMeanError);
  EXPECT_NEAR(m.sd, 2 * std::sqrt(0.2911), 2 * std::sqrt(0.2911) * kSdError);
}

TEST(Draw, Lognormal_truncated_below_0_is_not_truncated_below) {
  const auto p = population({{"lognormal", 8, 0.3, -1, {}}});
  for (std::size_t s = 0; s < 100; ++s) ASSERT_GT(draw(p, 1, s, typical)[0], 0) << s;
}

TEST(Draw, Truncation_far_in_the_tail_stays_within_its_bounds) {
  const auto p = population({{"normal", 0, 1, 9, 10}});
  for (std::size_t s = 0; s < 100; ++s) {
    const double x = draw(p, 1, s, typical)[0];
    ASSERT_GE(x, 9) << s;
    ASSERT_LE(x, 10) << s;
  }
}

TEST(Draw, Subject_17_is_the_same_whatever_else_is_drawn) {
  const model::Distribution d{"lognormal", 8, 0.3, {}, {}};
  auto two = population({d, d});
  std::swap(two.quantities[0], two.quantities[1]);
  EXPECT_EQ(draw(population({d}), 1, 17, typical)[0], draw(two, 1, 17, typical)[1]);
}

TEST(Draw, Seed_and_subject_change_the_values) {
  const auto p = population({{"lognormal", 8, 0.3, {}, {}}});
  EXPECT_NE(draw(p, 1, 17, typical), draw(p, 2, 17, typical));
  EXPECT_NE(draw(p, 1, 17, typical), draw(p, 1, 18, typical));
}

double correlation(const Population& p) {
  double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
  for (std::size_t s = 0; s < kSubjects; ++s) {
    const auto v = draw(p, 1, s, typical);
    const double x = std::log(v[0]), y = std::log(v[1]);
    sx += x, sy += y, sxx += x * x, syy += y * y, sxy += x * y;
  }
  const double n = kSubjects;
  return (sxy - sx * sy / n) / std::sqrt((sxx - sx * sx / n) * (syy - sy * sy / n));
}

/// The standard error of r is (1 - r^2)/sqrt(n): 0.012 for 0.5, 0.016 for 0.
TEST(Draw, Correlation_of_two_quantities_is_as_asked) {
  const ScenarioFolder folder;
  const auto text = [&](const std::string& list) {
    return folder.text(kArm + "[population]\nn = 4\n" + list +
                       "[population.parameters.pk]\nCL = { kind = \"lognormal\", cv = 0.3 }\nV = { kind = \"lognormal\", cv = 0.2 }\n");
  };
  EXPECT_NEAR(correlation(folder.read(text("correlations = [ { between = [\"CL\", \"pk.V\"], r = 0.5 } ]\n")).population), 0.5, 5 * 0.012);
  EXPECT_NEAR(correlation(folder.read(text("")).population), 0, 5 * 0.016);
}

}  // namespace
}  // namespace osteosome::support
