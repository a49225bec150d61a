// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "osteosome/evidence/mechanisms.hpp"
#include "osteosome/evidence/preclinical.hpp"

namespace osteosome::report {

/// A simulated animal study beside what it reported.
struct AnimalResult {
  const evidence::AnimalTrial* trial = nullptr;
  evidence::AnimalPrediction prediction;
  evidence::SimulatedSmd smd;
  std::optional<bool> right, inside;  ///< direction; simulated SMD within the reported interval
};

struct PreclinicalInput {
  std::vector<AnimalResult> results;
  evidence::Mechanisms mechanisms;
  std::vector<evidence::AnimalLeftOut> left_out;
};

/// Directions right, of the rows that agree in role, group and `what` (e.g. "species rat"), beside the predictor that always says "better".
struct DirectionTotal {
  std::string role, group, what;
  std::size_t right = 0, n = 0, always_better = 0;
};
[[nodiscard]] std::vector<DirectionTotal> totals(const std::vector<AnimalResult>& results);

/// Self-contained HTML page.
[[nodiscard]] std::string make_preclinical_report(const PreclinicalInput& input);

}  // namespace osteosome::report
