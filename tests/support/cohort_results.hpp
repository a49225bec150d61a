// SPDX-License-Identifier: Apache-2.0
// A scenario whose values and evidence are set by hand: nothing is integrated.
#pragma once

#include "cohort_scenarios.hpp"
#include "osteosome/evidence/study.hpp"

namespace osteosome::support {

/// One model with outputs TH ("hip") and CTX ("ctx"), two arms, `subjects` subjects; output months 0, 6, 12, 18, 24.
/// Hip of subject s in the first arm: 1 + (s + 1)*month/1000; in the second constant 1. CTX is 2 throughout.
struct HandMade {
  explicit HandMade(std::size_t subjects = 1, const std::string& title = "test", const std::string& label = "drug") {
    std::string document = one_compartment_document();
    const std::string output = "cp = {";
    document.replace(document.find(output), std::string::npos,
                     "hip = { formula = \"central/V\", unit = \"mg/L\", observable = \"TH\", label = \"hip\" }\nctx = { formula = \"central/V\", "
                     "unit = \"mg/L\", observable = \"CTX\", label = \"ctx\" }\n");
    (void)folder.folder.write("onecmt.toml", document);
    std::string text = folder.text(
        "[arms.a]\nregimen = \"denosumab 60 mg\"\nevidence = [\"one\"]\n[arms.b]\nlabel = \"placebo\"\nregimen = \"none\"\n[population]\nn = " +
            std::to_string(subjects) + "\n",
        "question = \"Does it work?\"\nuntil = \"24 months\"\nevery = \"6 months\"\n");
    scenario = folder.read(text);
    scenario.title = title;
    scenario.arms[0].label = label;
    models = cohort::compile_models(scenario, {}, library(), units());
    for (int k = 0; k <= 4; ++k) result.days.push_back(k * 6 * core::kDaysPerMonth);
    for (std::size_t a = 0; a < 2; ++a) {
      cohort::ArmResult arm;
      arm.arm = a;
      arm.outputs = {"hip", "ctx"};
      for (std::size_t s = 0; s < subjects; ++s) {
        std::vector<double> values;
        for (int k = 0; k <= 4; ++k) {
          values.push_back(1 + (a == 0 ? static_cast<double>(s + 1) * 6 * k / 1000 : 0));
          values.push_back(2);
        }
        arm.values.push_back(values);
      }
      arm.status.assign(subjects, solve::Status::Completed);
      arm.message.assign(subjects, "");
      arm.time_reached_days.assign(subjects, result.days.back());
      result.arms.push_back(arm);
    }
    result.engines = {"lanes"};
    study.id = "trial";
    study.title = "Trial (Author 2020)";
    study.doi = "10.1000/trial";
    evidence::StudyArm arm;
    arm.id = "one";
    arm.label = "drug";
    arm.trial_class = "denosumab";
    arm.regimen = "denosumab 60 mg";
    arm.role = "validation";
    arm.runnable = "yes";
    study.arms.push_back(arm);
  }

  evidence::Measurement& measure(const std::string& outcome, double month, double mean) {
    evidence::Measurement m;
    m.outcome = outcome;
    m.unit = "percent_change";
    m.month = month;
    m.mean = mean;
    m.count = "yes";
    m.provenance = "seen";
    study.arms[0].measurements.push_back(m);
    return study.arms[0].measurements.back();
  }
  [[nodiscard]] std::vector<evidence::Comparison> compare() const { return evidence::compare(scenario, models, result, {study}); }

  ScenarioFolder folder;
  cohort::Scenario scenario;
  std::vector<simulate::CompiledModel> models;
  cohort::ScenarioResult result;
  evidence::Study study;
};

}  // namespace osteosome::support
