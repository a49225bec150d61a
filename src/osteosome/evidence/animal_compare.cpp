// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/animal_compare.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/evidence/study.hpp"

namespace osteosome::evidence {

const cohort::ArmResult* arm_result(const cohort::Scenario& scenario, const cohort::ScenarioResult& result, const std::string& arm,
                                    std::size_t model) {
  for (const auto& a : result.arms) {
    if (a.model == model && scenario.arms[a.arm].name == arm) return &a;
  }
  return nullptr;
}

std::vector<double> values_at(const cohort::ArmResult& arm, const model::Model& model, const std::string& observable,
                              const cohort::ScenarioResult& result, double day) {
  const auto time =
      std::min_element(result.days.begin(), result.days.end(), [&](double a, double b) { return std::abs(a - day) < std::abs(b - day); });
  const auto k = static_cast<std::size_t>(time - result.days.begin());
  for (std::size_t o = 0; o < arm.outputs.size(); ++o) {
    const auto output = std::find_if(model.outputs.begin(), model.outputs.end(), [&](const auto& x) { return x.id == arm.outputs[o]; });
    if (output->observable != observable) continue;
    std::vector<double> values;
    for (const auto& subject : arm.values) values.push_back(subject.empty() ? std::nan("") : subject[k * arm.outputs.size() + o]);
    return values;
  }
  return {};
}

Band band_of(const std::vector<double>& values) {
  std::vector<std::vector<double>> rows;
  for (const double x : values) rows.push_back({x});
  return {quantile(rows, 0.05, 1)[0], quantile(rows, 0.5, 1)[0], quantile(rows, 0.95, 1)[0]};
}

std::vector<AnimalComparison> compare_animals(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                                              const cohort::ScenarioResult& result, const std::vector<AnimalRow>& rows, const std::string& data_root,
                                              const core::UnitSystem& units) {
  std::vector<AnimalComparison> out;
  std::vector<AnimalLeftOut> left_out;
  const auto trials = describe_trials(rows, data_root, units, left_out);
  for (const auto& arm : result.arms) {
    const auto& named = scenario.arms[arm.arm].evidence;
    const auto* control = arm_result(scenario, result, scenario.control, arm.model);
    for (const AnimalTrial& trial : trials) {
      if (control == nullptr || std::find(named.begin(), named.end(), trial.row->study) == named.end()) continue;
      const double day = std::min(trial.days, scenario.until_days());
      const auto& model = models[arm.model].model();
      const auto treated = values_at(arm, model, trial.outcome, result, day), base = values_at(*control, model, trial.outcome, result, day);
      if (treated.empty() || base.empty()) continue;
      std::vector<double> percent, effect;
      for (std::size_t s = 0; s < treated.size(); ++s) {
        const AnimalPrediction p{base[s], treated[s]};
        percent.push_back(p.percent());
        effect.push_back(p.effect(trial));
      }
      AnimalComparison c{scenario.arms[arm.arm].name, trial, day, band_of(percent), band_of(effect), std::nullopt};
      if (trial.reported) c.right = right(trial, c.effect.median);
      out.push_back(std::move(c));
    }
  }
  return out;
}

}  // namespace osteosome::evidence
