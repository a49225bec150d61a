// SPDX-License-Identifier: Apache-2.0
// What varies between subjects: correlations, with priors too; what a calibration left open; columns of a table.
#include <gtest/gtest.h>

#include <cmath>

#include "cohort_scenarios.hpp"

namespace osteosome::support {
namespace {

using cohort::Scenario;
using simulate::CompiledModel;

constexpr std::size_t kSubjects = 20'000;
const double kSdCL = std::sqrt(std::log(1 + 0.4 * 0.4)), kSdV = std::sqrt(std::log(1 + 0.25 * 0.25));  // of the logarithms, from the CVs

/// Clearance and volume without priors, absorption and bioavailability with.
class Clinic {
 public:
  explicit Clinic(const std::string& population) {
    const auto parameter = [](const std::string& id, const std::string& value, const std::string& unit, const std::string& more) {
      return id + " = { value = " + value + ", unit = \"" + unit + "\", kind = \"assumed\", source = \"test\", rationale = \"test\"" + more + " }\n";
    };
    (void)folder.write("drug.toml",
                       "[model]\nid = \"drug\"\ntitle = \"drug\"\ntime = \"d\"\nsource = \"test\"\n[parameters]\n" + parameter("CL", "3", "L/d", "") +
                           parameter("V", "40", "L", "") + parameter("ka", "1.1", "1/d", ", prior = { sd = 0.3 }, bounds = [0.1, 10]") +
                           parameter("F", "0.7", "1", ", prior = { sd = 0.1, scale = \"linear\" }, bounds = [0.2, 1]") +
                           "[species]\nD = { initial = 0, unit = \"mg\", rate = \"-ka*D\" }\nA = { initial = 0, unit = \"mg\", rate = "
                           "\"ka*D - CL/V*A\" }\n[doses]\nalendronate = { into = \"D\" }\n[outputs]\nC = { formula = \"F*A/V\", unit = "
                           "\"mg/L\", label = \"C\" }\n");
    text = "[scenario]\ntitle = \"t\"\nuntil = \"2 d\"\nevery = \"1 d\"\n[models.pk]\ndocument = \"" + folder.path("drug.toml") +
           "\"\n"
           "[arms.a]\nregimen = \"alendronate 70 mg\"\n[population]\n" +
           population;
  }
  /// The scenario with everything that is drawn known.
  [[nodiscard]] Scenario drawn() {
    Scenario s = cohort::read_scenario(text, folder.path("test.toml"), library(), units());
    models = cohort::compile_models(s, {}, library(), units());
    cohort::add_uncertain_constants(s, models);
    return s;
  }
  [[nodiscard]] core::Error refusal() {
    return error_of([&] { (void)drawn(); });
  }
  /// After [models.pk].
  void overlay(const std::string& line) { text.insert(text.find("[arms.a]"), line); }

  TemporaryFolder folder;
  std::string text;
  std::vector<CompiledModel> models;
};

const std::string kTwo = "[population.parameters.pk]\nCL = { kind = \"lognormal\", cv = 0.4 }\nV = { kind = \"lognormal\", cv = 0.25 }\n";

struct Sample {
  std::vector<std::vector<double>> values;  ///< by quantity
  Sample(const Scenario& s, const CompiledModel& model, std::size_t n = kSubjects) : values(s.population.quantities.size()) {
    const auto& p = model.program();
    for (std::size_t subject = 0; subject < n; ++subject) {
      const auto v = cohort::draw(s.population, s.seed, subject, [&](std::size_t k) {
        return p.parameter_values[p.parameter_index(s.population.quantities[k].name).value()];
      });
      for (std::size_t k = 0; k < v.size(); ++k) values[k].push_back(v[k]);
    }
  }
  [[nodiscard]] double mean(std::size_t k) const {
    double sum = 0;
    for (const double x : values[k]) sum += x;
    return sum / static_cast<double>(values[k].size());
  }
  [[nodiscard]] double correlation_of_logs(std::size_t a, std::size_t b) const {
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    const auto n = static_cast<double>(values[a].size());
    for (std::size_t s = 0; s < values[a].size(); ++s) {
      const double x = std::log(values[a][s]), y = std::log(values[b][s]);
      sx += x, sy += y, sxx += x * x, syy += y * y, sxy += x * y;
    }
    return (sxy - sx * sy / n) / std::sqrt((sxx - sx * sx / n) * (syy - sy * sy / n));
  }
};

// ---- values

TEST(DrawnValues, Outside_signs_and_bounds_are_refused_with_the_subject) {
  for (const auto& [line, what] : std::vector<std::pair<std::string, std::string>>{
           {"CL = { kind = \"uniform\", low = -5, high = -3 }", "'CL' = "},
           {"CL = { kind = \"normal\", mean = 3, sd = 3 }", "is a flow or a volume below zero"},
           {"ka = { kind = \"uniform\", low = 20, high = 30 }", "is outside its bounds"},
           {"A = { kind = \"uniform\", low = -5, high = -1 }", "is less than nothing"}}) {
    Clinic clinic("n = 40\n[population.parameters.pk]\n" + line + "\n");
    Scenario s = clinic.drawn();
    core::Diagnostics problems;
    cohort::check_arms(s, clinic.models, units(), problems);
    ASSERT_EQ(problems.all().size(), 1u) << line;
    EXPECT_EQ(problems.all()[0].code, "value-001");
    EXPECT_NE(problems.all()[0].message.find(what), std::string::npos) << problems.all()[0].message;
    EXPECT_TRUE(problems.all()[0].message.starts_with("subject ")) << problems.all()[0].message;
  }
}

TEST(DrawnValues, Within_bounds_pass) {
  Clinic clinic("n = 40\n[population.parameters.pk]\nCL = { kind = \"normal\", mean = 3, sd = 3, low = 0.1, high = 20 }\n");
  Scenario s = clinic.drawn();
  core::Diagnostics problems;
  cohort::check_arms(s, clinic.models, units(), problems);
  EXPECT_TRUE(problems.all().empty());
}

// ---- correlations

/// Log-normal about medians 3 and 40: means 3 sqrt(1 + 0.4^2) and 40 sqrt(1 + 0.25^2), standard errors CV mean/sqrt(n). Of r: (1 - r^2)/sqrt(n).
/// Five standard errors.
TEST(Correlations, Sample_beside_priors_has_the_moments_of_its_distributions) {
  Clinic clinic("n = 10\npriors = true\ncorrelations = [ { between = [\"CL\", \"V\"], r = 0.6 } ]\n" + kTwo);
  const Scenario s = clinic.drawn();
  ASSERT_EQ(s.population.quantities.size(), 4u) << "CL, V and the two priors";
  ASSERT_EQ(s.population.cholesky.size(), 4u);
  const Sample sample(s, clinic.models[0]);
  const double root = std::sqrt(static_cast<double>(kSubjects));
  EXPECT_NEAR(sample.mean(0) / (3 * std::sqrt(1.16)), 1, 5 * 0.4 / root);
  EXPECT_NEAR(sample.mean(1) / (40 * std::sqrt(1.0625)), 1, 5 * 0.25 / root);
  EXPECT_NEAR(sample.mean(2) / (1.1 * std::exp(0.3 * 0.3 / 2)), 1, 5 * 0.307 / root) << "bounds lie seven SDs away";
  EXPECT_NEAR(sample.correlation_of_logs(0, 1), 0.6, 5 * 0.64 / root);
  EXPECT_NEAR(sample.correlation_of_logs(0, 2), 0, 5 / root);
  EXPECT_NEAR(sample.correlation_of_logs(2, 3), 0, 5 / root);
}

TEST(Correlations, Column_and_prior_go_together_when_asked) {
  Clinic clinic("n = 10\npriors = true\ncorrelations = [ { between = [\"CL\", \"ka\"], r = -0.8 } ]\n" + kTwo);
  const Scenario s = clinic.drawn();
  const Sample sample(s, clinic.models[0]);
  EXPECT_NEAR(sample.correlation_of_logs(0, 2), -0.8, 5 * 0.36 / std::sqrt(static_cast<double>(kSubjects)));
}

TEST(Correlations, Do_not_change_what_the_first_quantity_and_the_priors_are) {
  Clinic with("n = 10\npriors = true\ncorrelations = [ { between = [\"CL\", \"V\"], r = 0.6 } ]\n" + kTwo), without("n = 10\npriors = true\n" + kTwo);
  const Scenario a = with.drawn(), b = without.drawn();
  const Sample x(a, with.models[0], 100), y(b, without.models[0], 100);
  for (const std::size_t k : {0u, 2u, 3u}) EXPECT_EQ(x.values[k], y.values[k]) << k;
}

// Scores are the same or opposite: ln(CL/3)/sd and ln(V/40)/sd, to rounding.
TEST(Correlations, Of_one_and_minus_one_tie_quantities_together) {
  for (const int r : {1, -1}) {
    Clinic clinic("n = 10\ncorrelations = [ { between = [\"CL\", \"V\"], r = " + std::to_string(r) + " } ]\n" + kTwo);
    const Scenario s = clinic.drawn();
    const Sample sample(s, clinic.models[0], 200);
    for (std::size_t i = 0; i < 200; ++i)
      EXPECT_NEAR(std::log(sample.values[0][i] / 3) / kSdCL, r * std::log(sample.values[1][i] / 40) / kSdV, 1e-12) << i;
  }
}

const std::string kThree = kTwo + "ka = { kind = \"lognormal\", sd = 0.3 }\n";
std::string triangle(const std::string& a, const std::string& b, const std::string& c) {
  return "n = 10\ncorrelations = [ { between = [\"CL\", \"V\"], r = " + a + " }, { between = [\"V\", \"ka\"], r = " + b +
         " }, { between = [\"CL\", \"ka\"], r = " + c + " } ]\n" + kThree;
}

// 1 + 2abc - a^2 - b^2 - c^2 is the determinant: 0 at 0.6, 0.8, 0 and at 1, 1, 1; below 0 at 0.9, 0.9, -0.9 and at 1, 0.5, 0.6.
TEST(Correlations, On_the_edge_of_what_can_be_are_taken_and_beyond_it_are_named) {
  for (const auto& ok : {triangle("0.6", "0.8", "0"), triangle("1", "1", "1"), triangle("1", "0.5", "0.5")})
    EXPECT_EQ(Clinic(ok).drawn().population.cholesky.size(), 3u) << ok;
  for (const auto& bad : {triangle("0.9", "0.9", "-0.9"), triangle("1", "0.5", "0.6"), triangle("-1", "-1", "-1")}) {
    const auto error = Clinic(bad).refusal();
    ASSERT_EQ(error.diagnostics().size(), 1u) << bad;
    EXPECT_EQ(error.kind(), core::ErrorKind::Input);
    EXPECT_EQ(error.diagnostics()[0].code, "scenario-011");
  }
  EXPECT_EQ(Clinic(triangle("0.9", "0.9", "-0.9")).refusal().diagnostics()[0].message,
            "these correlations contradict each other (no such matrix exists): CL - V: 0.9, CL - ka: -0.9, V - ka: 0.9");
}

TEST(Correlations, Only_those_that_contradict_each_other_are_named) {
  const auto error =
      Clinic(
          "n = 10\npriors = true\ncorrelations = [ { between = [\"V\", \"F\"], r = 0.1 }, { between = [\"CL\", \"V\"], r = 1 }, { "
          "between = [\"V\", \"ka\"], r = 0.5 }, { between = [\"CL\", \"ka\"], r = 0.6 } ]\n" +
          kTwo)
          .refusal();
  EXPECT_EQ(error.diagnostics()[0].message, "these correlations contradict each other (no such matrix exists): CL - V: 1, CL - ka: 0.6, V - ka: 0.5");
}

TEST(Correlations, Given_twice_are_refused_whatever_the_order_and_the_value) {
  for (const std::string second : {"[\"V\", \"CL\"], r = 0.2", "[\"CL\", \"pk.V\"], r = 0.6"}) {
    Clinic clinic("n = 10\ncorrelations = [ { between = [\"CL\", \"V\"], r = 0.6 }, { between = " + second + " } ]\n" + kTwo);
    const auto error = clinic.refusal();
    ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
    EXPECT_EQ(error.diagnostics()[0].code, "scenario-010");
    EXPECT_NE(error.diagnostics()[0].message.find("is given twice"), std::string::npos) << error.what();
    const std::string line = std::to_string(line_of(clinic.text, "correlations"));
    EXPECT_EQ(error.diagnostics()[0].hint, "It was 0.6 in line " + line + ".");
  }
}

TEST(Correlations, Of_what_is_not_random_or_with_itself_are_refused_together) {
  const auto error =
      Clinic("n = 10\ncorrelations = [ { between = [\"CL\", \"Vv\"], r = 0.6 }, { between = [\"CL\", \"CL\"], r = 1 } ]\n" + kTwo).refusal();
  ASSERT_EQ(error.diagnostics().size(), 2u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "'Vv' of a correlation is no random quantity of this population");
  EXPECT_EQ(error.diagnostics()[1].message, "'CL' cannot have a correlation with itself");
}

// ---- uncertain constants

/// ka and V fitted; V has no prior. Two draws.
std::string overlay_text(const std::string& more = "ensemble = \"draws.csv\"\n") {
  return "[overlay]\ntitle = \"a fit\"\nof = \"drug\"\nsource = \"test\"\n" + more +
         "[parameters]\nka = { value = 2, unit = \"1/d\", kind = \"fitted\", standard_error = 0.1 }\n"
         "V = { value = 50, unit = \"L\", kind = \"fitted\", standard_error = 0.1 }\n";
}

class Calibrated : public Clinic {
 public:
  explicit Calibrated(const std::string& population, const std::string& header = "ensemble = \"draws.csv\"\n") : Clinic(population) {
    (void)folder.write("draws.csv", "ka,V\n1.9,45\n2.1,55\n");
    overlay("overlays = [\"" + folder.write("fit.toml", overlay_text(header)) + "\"]\n");
  }
};

TEST(UncertainConstants, Come_from_the_calibration_where_there_is_one_and_from_priors_where_there_is_none) {
  Calibrated clinic("n = 2\nuncertain_constants = true\n");
  const Scenario s = clinic.drawn();
  ASSERT_EQ(s.population.calibrations.size(), 1u);
  EXPECT_EQ(s.population.calibrations[0].columns, (std::vector<std::string>{"ka", "V"}));
  EXPECT_EQ(s.population.calibrations[0].rows, (std::vector<std::vector<double>>{{1.9, 45}, {2.1, 55}}));
  ASSERT_EQ(s.population.quantities.size(), 1u);
  EXPECT_EQ(s.population.quantities[0].name, "F");
  EXPECT_EQ(cohort::uncertainty_text(s, clinic.models),
            "Uncertain constants are drawn: 2 from the calibration 'a fit' (2 draws), 1 from their priors.");
}

/// F A/V after a dose of 70 mg: one-compartment, first order in and out.
TEST(UncertainConstants, Reach_the_subjects_row_by_row) {
  Calibrated clinic("n = 3\nuncertain_constants = true\n");
  clinic.overlay("set = { F = 1 }\n");
  const Scenario s = clinic.drawn();
  EXPECT_TRUE(s.population.quantities.empty()) << "what is set stays as set";
  const auto remarks = cohort::population_remarks(s, clinic.models);
  ASSERT_EQ(remarks.size(), 1u);
  EXPECT_EQ(remarks[0].message, "3 subjects share the 2 draws of the calibration 'a fit'");
  const auto result = cohort::run_scenario(s, clinic.models, units(), {}, {});
  for (std::size_t subject = 0; subject < 3; ++subject) {
    const double ka = subject == 1 ? 2.1 : 1.9, v = subject == 1 ? 55 : 45, k = 3 / v;
    const double expected = 70 * ka / (v * (ka - k)) * (std::exp(-k) - std::exp(-ka));
    EXPECT_NEAR(result.arms[0].values[subject][1] / expected, 1, 1e-5) << subject << ": ten times the tolerance of a step";
  }
}

TEST(UncertainConstants, Priors_that_would_throw_a_calibration_away_are_refused) {
  const auto error = Calibrated("n = 2\npriors = true\n").refusal();
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].code, "scenario-026");
  EXPECT_EQ(error.diagnostics()[0].message, "'priors' would throw away what the calibration 'a fit' has found of ka, V in model 'pk'");
  EXPECT_NE(error.diagnostics()[0].hint.find("uncertain_constants = true"), std::string::npos);
}

TEST(UncertainConstants, Two_words_for_it_are_one_too_many) {
  EXPECT_EQ(Clinic("n = 2\npriors = true\nuncertain_constants = true\n").refusal().diagnostics()[0].message,
            "[population]: 'priors' and 'uncertain_constants' are the same question");
}

TEST(UncertainConstants, A_calibration_without_draws_is_an_error_only_when_they_are_wanted) {
  const auto error = Calibrated("n = 2\nuncertain_constants = true\n", "").refusal();
  EXPECT_EQ(error.diagnostics()[0].code, "scenario-027") << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "the calibration 'a fit' of ka, V names no draws");
  EXPECT_NO_THROW((void)Calibrated("n = 2\n", "").drawn());
}

TEST(UncertainConstants, A_later_overlay_ends_what_an_earlier_one_had_fitted) {
  Calibrated clinic("n = 2\nuncertain_constants = true\n");
  const std::string later =
      clinic.folder.write("later.toml",
                          "[overlay]\ntitle = \"by hand\"\nof = \"drug\"\nsource = \"test\"\n[parameters]\nV = { value = "
                          "60, unit = \"L\", kind = \"reported\" }\n");
  const std::size_t end = clinic.text.find("\"]\n", clinic.text.find("overlays")) + 1;
  clinic.text.insert(end, ", \"" + later + "\"");
  EXPECT_EQ(clinic.drawn().population.calibrations[0].columns, std::vector<std::string>{"ka"});
}

// ---- the table

TEST(Table, A_column_that_is_also_set_or_drawn_is_refused) {
  for (const std::string& twice : {std::string("[population.parameters.pk]\nCL = { kind = \"lognormal\", cv = 0.4 }\n"), std::string()}) {
    Clinic clinic("table = \"t.csv\"\n" + twice);
    (void)clinic.folder.write("t.csv", "CL\n2\n");
    if (twice.empty()) clinic.overlay("set = { CL = 5 }\n");
    const auto error = clinic.refusal();
    ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
    EXPECT_EQ(error.diagnostics()[0].message, "'CL' of model 'pk' is given by the scenario and by the table");
  }
}

TEST(Table, Columns_that_nothing_has_are_named_with_the_near_match_also_behind_the_name_of_a_drug) {
  Clinic clinic("table = \"t.csv\"\n");
  (void)clinic.folder.write("t.csv", "denosumab.foo,Cl\n1,2\n");
  const auto error = clinic.refusal();
  ASSERT_EQ(error.diagnostics().size(), 2u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "no model has a parameter or species 'denosumab.foo'");
  EXPECT_EQ(error.diagnostics()[1].hint, "Did you mean 'CL'?");
}

TEST(Table, What_has_no_effect_is_remarked) {
  Clinic clinic("table = \"t.csv\"\n");
  (void)clinic.folder.write("t.csv", "ID,CL\n7,2\n");
  const Scenario s = clinic.drawn();
  const auto remarks = cohort::population_remarks(s, clinic.models);
  ASSERT_EQ(remarks.size(), 2u);
  EXPECT_EQ(remarks[0].message, "column 'ID' has no effect");
  EXPECT_EQ(remarks[1].message, "2 uncertain constants count as known: ka, F");
}

TEST(Table, A_column_that_is_there_twice_is_refused) {
  Clinic clinic("table = \"t.csv\"\n");
  (void)clinic.folder.write("t.csv", "CL,CL\n2,3\n");
  EXPECT_EQ(clinic.refusal().diagnostics()[0].message, "column 'CL' is there twice");
}

}  // namespace
}  // namespace osteosome::support
