// SPDX-License-Identifier: Apache-2.0
// [patient] of a scenario, and the overlays of its models: what is read, and what is refused.
#include <gtest/gtest.h>

#include "cohort_scenarios.hpp"

namespace osteosome::support {
namespace {

using simulate::Patient;

const std::string kArm = "[arms.a]\nregimen = \"none\"\n";

Patient read(const std::string& patient) {
  const ScenarioFolder folder;
  return folder.read(folder.text(kArm + "[patient]\n" + patient)).patient;
}

/// The keys of [patient] have one problem, at the line of `marker`.
void expect_refused(const std::string& patient, const std::string& code, const std::string& message, const std::string& hint,
                    const std::string& marker) {
  const ScenarioFolder folder;
  const auto text = folder.text(kArm + "[patient]\n" + patient);
  const auto error = error_of([&] { (void)folder.read(text); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << patient << error.what();
  EXPECT_EQ(error.kind(), core::ErrorKind::Input);
  const auto& d = error.diagnostics()[0];
  EXPECT_EQ(d.code, code);
  EXPECT_EQ(d.message, message);
  EXPECT_EQ(d.hint, hint);
  EXPECT_EQ(d.where.line, line_of(text, marker)) << error.what();
}

// ---- [patient]

TEST(ScenarioPatient, Keys_are_read) {
  const Patient p = read(
      "age = \"66.5 years\"\nweight = \"64 kg\"\nyears_since_menopause = 17\nmenopause = \"surgical\"\nturnover = 1.3\ncalcium_vitamin_d = false\n"
      "t_fn = -2.4\nt_ls = -2.75\nt_th = -1.5\n");
  EXPECT_DOUBLE_EQ(*p.age_days, 66.5 * 365.25);
  EXPECT_DOUBLE_EQ(p.weight_kg, 64);
  EXPECT_EQ(p.years_since_menopause, 17);
  EXPECT_TRUE(p.surgical);
  EXPECT_EQ(p.turnover, 1.3);
  EXPECT_FALSE(p.supplement);
  EXPECT_EQ(p.t_scores, (std::vector<std::pair<std::string, double>>{{"LS", -2.75}, {"TH", -1.5}, {"FN", -2.4}}));
}

TEST(ScenarioPatient, Keys_left_out_are_not_known_and_calcium_and_vitamin_D_are_given) {
  for (const Patient& p : {read(""), read("menopause = \"natural\"\n")}) {
    EXPECT_FALSE(p.age_days || p.years_since_menopause || p.turnover);
    EXPECT_EQ(p.weight_kg, 0);
    EXPECT_FALSE(p.surgical);
    EXPECT_TRUE(p.supplement);
    EXPECT_TRUE(p.t_scores.empty());
  }
}

TEST(ScenarioPatient, Only_the_T_scores_given_are_there) {
  EXPECT_EQ(read("age = \"60 years\"\nt_th = 0\n").t_scores, (std::vector<std::pair<std::string, double>>{{"TH", 0}}));
}

TEST(ScenarioPatient, Years_before_menopause_are_negative) {
  EXPECT_EQ(read("age = \"48 years\"\nyears_since_menopause = -1.5\n").years_since_menopause, -1.5);
}

TEST(ScenarioPatient, Age_out_of_range_is_refused) {
  for (const std::string age : {"-1 years", "131 years"}) {
    expect_refused("age = \"" + age + "\"\n", "scenario-006", "[patient]: 'age' should lie between 0 and 130 years", "", "age =");
  }
  EXPECT_NO_THROW((void)read("age = \"126 years\"\n"));  // and four years of treatment: 130
}

TEST(ScenarioPatient, Weight_that_is_not_positive_is_refused) {
  for (const std::string weight : {"0 kg", "-5 kg"}) {
    expect_refused("weight = \"" + weight + "\"\n", "scenario-006", "[patient]: 'weight' should be positive", "", "weight =");
  }
}

TEST(ScenarioPatient, Years_since_menopause_without_an_age_are_refused) {
  expect_refused("years_since_menopause = 5\n", "scenario-006", "[patient]: 'years_since_menopause' needs 'age'", "", "years_since");
}

TEST(ScenarioPatient, Unknown_menopause_is_refused) {
  for (const std::string kind : {"chemical", "Surgical", ""}) {
    expect_refused("menopause = \"" + kind + "\"\n", "scenario-006", "[patient]: unknown 'menopause' = '" + kind + "'", "'natural' or 'surgical'.",
                   "menopause =");
  }
}

TEST(ScenarioPatient, Turnover_out_of_range_is_refused) {
  for (const std::string turnover : {"0.1", "10", "0", "-1", "nan", "inf"}) {
    expect_refused("turnover = " + turnover + "\n", "scenario-006", "[patient]: 'turnover' should lie between 0.1 and 10", "1 is the typical woman.",
                   "turnover =");
  }
  EXPECT_EQ(read("turnover = 0.11\n").turnover, 0.11);
  EXPECT_EQ(read("turnover = 9.9\n").turnover, 9.9);
}

TEST(ScenarioPatient, T_score_out_of_range_is_refused) {
  const std::string age = "age = \"60 years\"\n";
  for (const std::string key : {"t_ls", "t_th", "t_fn"}) {
    for (const std::string score : {"-5.1", "5.1", "nan", "-inf"}) {
      expect_refused(age + key + " = " + score + "\n", "scenario-006", "[patient]: '" + key + "' should be a T-score between -5 and 5", "", key);
    }
    EXPECT_EQ(read(age + key + " = -5\n").t_scores[0].second, -5);
    EXPECT_EQ(read(age + key + " = 5\n").t_scores[0].second, 5);
  }
}

TEST(ScenarioPatient, T_score_without_an_age_is_refused) {
  expect_refused("t_fn = -2\n", "scenario-006", "[patient]: 't_fn' needs 'age'", "", "t_fn");
}

TEST(ScenarioPatient, Unknown_keys_are_refused_with_near_matches) {
  expect_refused("t_lss = -2\n", "toml-006", "[patient]: unknown key 't_lss'", "Did you mean 't_ls'?", "t_lss");
  expect_refused("calcium_vitamin_D = true\n", "toml-006", "[patient]: unknown key 'calcium_vitamin_D'", "Did you mean 'calcium_vitamin_d'?",
                 "calcium");
}

TEST(ScenarioPatient, Values_of_another_type_are_refused) {
  expect_refused("t_ls = \"-2\"\n", "toml-004", "[patient]: 't_ls' should be a number, but is a string", "", "t_ls");
  expect_refused("calcium_vitamin_d = 1\n", "toml-004", "[patient]: 'calcium_vitamin_d' should be true or false, but is a number", "", "calcium");
  expect_refused("age = 60\n", "toml-004", "[patient]: 'age' should be a string, but is a number", "", "age =");
  expect_refused("menopause = true\n", "toml-004", "[patient]: 'menopause' should be a string, but is true or false", "", "menopause =");
}

TEST(ScenarioPatient, Several_problems_are_reported_in_one_go) {
  const auto error = error_of([] { (void)read("age = \"-1 y\"\nmenopause = \"x\"\nturnover = 11\nt_ls = 7\nt_th = 8\n"); });
  ASSERT_EQ(error.diagnostics().size(), 5u) << error.what();
  for (const auto& d : error.diagnostics()) EXPECT_EQ(d.code, "scenario-006");
}

// ---- overlays

std::string overlay_of(const std::string& parameters, const std::string& model = "onecmt") {
  return "[overlay]\ntitle = \"Fitted\"\nof = \"" + model + "\"\nsource = \"test\"\n[parameters]\n" + parameters;
}
std::string value(const std::string& name, const std::string& number, const std::string& unit) {
  return name + " = { value = " + number + ", unit = \"" + unit + "\", kind = \"fitted\" }\n";
}

/// The one-compartment model under overlays one.toml and two.toml.
struct Fits {
  Fits() {
    one = folder.folder.write("one.toml", overlay_of(value("V", "10", "L") + value("CL", "3", "L/h")));
    two = folder.folder.write("two.toml", overlay_of(value("V", "5", "L")));
  }
  /// The compiled model of a scenario whose model has these further keys.
  [[nodiscard]] simulate::CompiledModel compile(const std::string& keys) const {
    return std::move(cohort::compile_models(folder.read(folder.text(keys + kArm)), {}, library(), units()).at(0));
  }
  [[nodiscard]] double get(const std::string& keys, const std::string& name) const {
    const simulate::CompiledModel compiled = compile(keys);
    return compiled.model().find_parameter(name)->value;
  }
  [[nodiscard]] std::string list(const std::vector<std::string>& paths) const {
    std::string text;
    for (const auto& path : paths) text += (text.empty() ? "\"" : ", \"") + path + "\"";
    return "overlays = [" + text + "]\n";
  }
  ScenarioFolder folder;
  std::string one, two;
};

TEST(ScenarioOverlays, Are_read_in_order) {
  const Fits fits;
  EXPECT_EQ(fits.folder.read(fits.folder.text(fits.list({fits.two, fits.one}) + kArm)).models[0].overlays,
            (std::vector<std::string>{fits.two, fits.one}));
  EXPECT_TRUE(fits.folder.read(fits.folder.text(kArm)).models[0].overlays.empty());
}

TEST(ScenarioOverlays, Replace_the_values_of_the_model) {
  const Fits fits;
  EXPECT_EQ(fits.get("", "V"), 20);
  EXPECT_EQ(fits.get(fits.list({fits.one}), "V"), 10);
  const auto model = fits.compile(fits.list({fits.one}));
  EXPECT_EQ(model.program().parameter_values[*model.program().parameter_index("CL")], 3);
}

TEST(ScenarioOverlays, Later_ones_win) {
  const Fits fits;
  EXPECT_EQ(fits.get(fits.list({fits.one, fits.two}), "V"), 5);
  EXPECT_EQ(fits.get(fits.list({fits.two, fits.one}), "V"), 10);
  EXPECT_EQ(fits.get(fits.list({fits.one, fits.two}), "CL"), 3);
}

TEST(ScenarioOverlays, Values_that_are_set_win_over_them) {
  const Fits fits;
  EXPECT_EQ(fits.get("set = { V = 7 }\n" + fits.list({fits.one}), "V"), 7);
}

TEST(ScenarioOverlays, Change_what_is_simulated) {
  const Fits fits;
  const std::string dosed = "[arms.a]\nregimen = \"denosumab 60 mg\"\n";
  const auto values = [&](const std::string& keys) { return run(fits.folder.read(fits.folder.text(keys + dosed))).arms[0].values[0]; };
  const auto before = values(""), after = values(fits.list({fits.two}));
  // 6 h after the dose: 60 mg/V * exp(-CL/V * 6 h). The default tolerance is 1e-6.
  EXPECT_NEAR(before[1], 60 / 20. * std::exp(-1.1 / 20 * 6), 1e-4);
  EXPECT_NEAR(after[1], 60 / 5. * std::exp(-1.1 / 5 * 6), 1e-4);
}

TEST(ScenarioOverlays, Of_one_model_leave_the_other) {
  const Fits fits;
  const auto models = cohort::compile_models(fits.folder.read(fits.folder.text(fits.list({fits.one}) + "[models.other]\ndocument = \"" +
                                                                               fits.folder.folder.path("onecmt.toml") + "\"\n" + kArm)),
                                             {}, library(), units());
  EXPECT_EQ(models[0].model().find_parameter("V")->value, 10);
  EXPECT_EQ(models[1].model().find_parameter("V")->value, 20);
}

TEST(ScenarioOverlays, Problems_in_them_are_those_of_the_overlay) {
  const Fits fits;
  const auto bad = fits.folder.folder.write("bad.toml", overlay_of(value("VV", "1", "L"), "twocmt"));
  const auto error = error_of([&] { (void)fits.compile(fits.list({bad})); });
  ASSERT_EQ(error.diagnostics().size(), 2u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].code, "overlay-004");
  EXPECT_EQ(error.diagnostics()[1].code, "overlay-001");
  EXPECT_TRUE(error.diagnostics()[0].where.file.ends_with("bad.toml"));
}

TEST(ScenarioOverlays, That_are_no_list_of_texts_are_refused) {
  const Fits fits;
  for (const auto& [keys, message] :
       {std::pair<std::string, std::string>{"overlays = \"one\"\n", "model 'pk': 'overlays' should be an array, but is a string"},
        {"overlays = [1]\n", "model 'pk': 'overlays' should hold strings only"}}) {
    const auto error = error_of([&] { (void)fits.folder.read(fits.folder.text(keys + kArm)); });
    ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
    EXPECT_EQ(error.diagnostics()[0].code, "toml-004");
    EXPECT_EQ(error.diagnostics()[0].message, message);
  }
}

TEST(ScenarioOverlays, That_are_not_there_are_refused) {
  const Fits fits;
  const auto error = error_of([&] { (void)fits.compile(fits.list({"no-such-overlay"})); });
  EXPECT_EQ(error.diagnostics()[0].code, "input-010");
  EXPECT_NE(error.diagnostics()[0].message.find("no model 'no-such-overlay'"), std::string::npos) << error.what();
}

// ---- refused

TEST(ScenarioPatient, Years_since_menopause_that_are_no_number_are_refused) {
  for (const std::string years : {"nan", "inf", "-inf"}) {
    EXPECT_THROW((void)read("age = \"60 years\"\nyears_since_menopause = " + years + "\n"), core::Error) << years;
  }
}

TEST(ScenarioPatient, Menopause_before_birth_is_refused) {
  EXPECT_THROW((void)read("age = \"60 years\"\nyears_since_menopause = 200\n"), core::Error);
}

TEST(ScenarioPatient, Age_that_is_wrong_is_not_called_missing) {
  const auto error = error_of([] { (void)read("age = \"60\"\nyears_since_menopause = 5\n"); });
  EXPECT_EQ(error.diagnostics().size(), 1u) << error.what();
}

TEST(ScenarioOverlays, That_are_not_there_are_reported_at_their_line_by_the_check_of_the_scenario) {
  const Fits fits;
  const auto text = fits.folder.text(fits.list({"no-such-overlay"}) + kArm);
  const auto error = error_of([&] { (void)fits.folder.read(text); });
  EXPECT_EQ(error.diagnostics()[0].where.line, line_of(text, "overlays")) << error.what();
}

}  // namespace
}  // namespace osteosome::support
