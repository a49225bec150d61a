// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "osteosome/evidence/preclinical.hpp"

namespace osteosome::evidence {

/// Size of a reported difference: treated over control, or the model of disease over sham where nothing was given, in percent.
struct ReportedSize {
  double percent = 0;
  std::optional<double> low, high;  ///< 95 % interval of the ratio, by the SDs and the fewest animals a group as reported, on the scale of its
                                    ///< logarithm (Hedges et al. 1999, doi:10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2)
};
/// Of the means of the row, else of its percent_change; nothing without either, or for means that are not positive.
[[nodiscard]] std::optional<ReportedSize> reported_size(const AnimalTrial& trial);

/// A simulated animal study beside what it reported.
struct AnimalResult {
  const AnimalTrial* trial = nullptr;
  AnimalPrediction prediction;
  SimulatedSmd smd;
  std::optional<bool> right, inside;  ///< direction; simulated SMD within the reported interval
  std::optional<ReportedSize> size = {};
  std::optional<bool> size_right = {};  ///< the simulated ratio lies in the interval of `size`
};
/// Grades of trials, which must outlive them; `predictions` in their order. Experiments are drawn anew for each trial, the same in every run.
[[nodiscard]] std::vector<AnimalResult> grade_trials(const std::vector<AnimalTrial>& trials, const std::vector<AnimalPrediction>& predictions);

/// Directions right, of the rows that agree in role, group and `what` (e.g. "species rat"), beside the predictor that always says "better".
struct DirectionTotal {
  std::string role, group, what;
  std::size_t right = 0, n = 0, always_better = 0;
};
[[nodiscard]] std::vector<DirectionTotal> totals(const std::vector<AnimalResult>& results);

/// Sizes of the rows of one role that have them.
struct SizeTotal {
  std::string role;
  std::size_t right = 0, with_interval = 0, n = 0;
  double factor = 1;  ///< exp of the median absolute difference of ln(treated / control), simulated and reported
};
[[nodiscard]] std::vector<SizeTotal> size_totals(const std::vector<AnimalResult>& results);
/// "sizes (calibration): within the study's 95 % interval in 3 of 12 rows with SDs; ..."
[[nodiscard]] std::string size_text(const SizeTotal& total);

}  // namespace osteosome::evidence
