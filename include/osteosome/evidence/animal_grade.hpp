// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "osteosome/evidence/preclinical.hpp"

namespace osteosome::evidence {

/// A simulated animal study beside what it reported.
struct AnimalResult {
  const AnimalTrial* trial = nullptr;
  AnimalPrediction prediction;
  SimulatedSmd smd;
  std::optional<bool> right, inside;  ///< direction; simulated SMD within the reported interval
};
/// Grades of trials, which must outlive them; `predictions` in their order. Experiments are drawn anew for each trial, the same in every run.
[[nodiscard]] std::vector<AnimalResult> grade_trials(const std::vector<AnimalTrial>& trials, const std::vector<AnimalPrediction>& predictions);

/// Directions right, of the rows that agree in role, group and `what` (e.g. "species rat"), beside the predictor that always says "better".
struct DirectionTotal {
  std::string role, group, what;
  std::size_t right = 0, n = 0, always_better = 0;
};
[[nodiscard]] std::vector<DirectionTotal> totals(const std::vector<AnimalResult>& results);

}  // namespace osteosome::evidence
