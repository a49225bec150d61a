// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/cohort/scenario.hpp"
#include "osteosome/evidence/preclinical.hpp"

namespace osteosome::evidence {

using cohort::Band;

/// A row of an animal study beside the arm of a scenario that it is laid over.
struct AnimalComparison {
  std::string arm;     ///< name of the scenario's arm
  AnimalTrial trial;   ///< what the row is about; its own regimen is not run here
  double day = 0;      ///< time of the scenario that is compared, after the start of treatment
  Band percent, effect;  ///< against the control arm: percent, and in standard deviations between animals
  std::optional<bool> right;
};

/// Every usable row of the animal studies that the arms name in `evidence`, against the scenario's control arm at the output time nearest
/// to the study's. Rows of outcomes that the model does not have are passed over.
[[nodiscard]] std::vector<AnimalComparison> compare_animals(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                                                            const cohort::ScenarioResult& result, const std::vector<AnimalRow>& rows,
                                                            const std::string& data_root, const core::UnitSystem& units);

/// Values of an observable at the time nearest to `day`, one a subject (NaN where it failed); empty if the model does not have it.
[[nodiscard]] std::vector<double> values_at(const cohort::ArmResult& arm, const model::Model& model, const std::string& observable,
                                            const cohort::ScenarioResult& result, double day);
/// The result of an arm of a model, or null.
[[nodiscard]] const cohort::ArmResult* arm_result(const cohort::Scenario& scenario, const cohort::ScenarioResult& result, const std::string& arm,
                                                  std::size_t model);
/// Median and 5th to 95th percentile of the finite values, over the draws of a scenario.
[[nodiscard]] Band band_of(const std::vector<double>& values);

}  // namespace osteosome::evidence
