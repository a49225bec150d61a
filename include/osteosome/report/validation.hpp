// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "osteosome/evidence/grade.hpp"

namespace osteosome::report {

/// What a validation report is made of. Points refer to studies that must outlive it.
struct ValidationInput {
  std::vector<std::string> models;  ///< the graded one first
  std::vector<evidence::GradedPoint> points;
  std::vector<std::pair<std::string, evidence::TrialCurve>> curves;  ///< model, curve
  std::vector<evidence::ArmGrade> grades;
  std::vector<evidence::BetweenTrialSpread> spread;
  std::vector<std::pair<std::string, evidence::LeftOut>> left_out;  ///< model, what
  std::string chart_library;  ///< JavaScript that defines vegaEmbed; "" leaves the charts out and says so
};

/// Self-contained HTML page: spread between trials, totals per role and class beside the other models, a chart an arm and outcome (worst
/// first), and everything left out with its reason.
[[nodiscard]] std::string make_validation_report(const ValidationInput& input);

}  // namespace osteosome::report
