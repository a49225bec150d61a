// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/evidence/trials.hpp"

namespace osteosome::evidence {

/// A graded value: a trial row and what a model predicts for it.
struct GradedPoint {
  std::string model;
  TrialRow row;
  double predicted = 0;
  [[nodiscard]] double residual() const { return row.residual(predicted); }
  /// Whether the prediction lies in the reported interval of the mean; nothing if there is none (an SD is the spread between women).
  [[nodiscard]] std::optional<bool> within() const;
  /// percent_change and percent_diff rows count in the RMSE.
  [[nodiscard]] bool counts() const;
};

/// Points of one model, arm and outcome together: the unit of the report.
struct ArmGrade {
  std::string model, study, arm, trial_class, role, outcome;
  bool marker = false;
  std::size_t n = 0;            ///< points that count
  double rmse = 0, bias = 0;    ///< percentage points, log ratio for markers; NaN without points or if a simulation failed
  std::size_t within = 0, with_interval = 0;
};

/// Pooled over points: of one model, role, class ("" = all) and outcome.
struct PooledGrade {
  std::string model, role, trial_class, outcome;
  std::size_t n = 0;
  double rmse = 0, bias = 0;
};

/// By arm and outcome, worst RMSE first: densities, then markers, whose RMSE is a log ratio.
[[nodiscard]] std::vector<ArmGrade> grade_arms(const std::vector<GradedPoint>& points);
/// Totals by role and outcome, then by class too. With `model_b` given, only points that `model_b` has as well.
[[nodiscard]] std::vector<PooledGrade> pool(const std::vector<GradedPoint>& points, const std::string& model, bool by_class,
                                            const std::string& model_b = "");

/// Spread between studies of the same thing: rows with the same outcome, month and regimen up to it, time zero 0, one mean a study.
struct BetweenTrialSpread {
  std::string outcome;
  double rms = 0;  ///< of the studies about their mean, with n - 1
  std::size_t means = 0, groups = 0;
};
[[nodiscard]] std::vector<BetweenTrialSpread> between_trial_spread(const std::vector<Study>& studies, const protocol::DrugCatalogue& catalogue,
                                                                   const core::UnitSystem& units);

}  // namespace osteosome::evidence
