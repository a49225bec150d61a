// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/core/table.hpp"

namespace osteosome::report {

/// What was observed.
struct FitQuantity {
  std::string name, unit;
  bool logarithmic = false;  ///< fitted on its logarithms
  std::string error = {};    ///< its kind, in words
};
/// One observation beside its prediction.
struct FitPoint {
  std::string subject;
  double time = 0, observed = 0, predicted = 0, weighted = 0;
  std::size_t quantity = 0;
};
struct FitInput {
  std::string title, file, time_unit;
  std::vector<FitQuantity> quantities;
  std::vector<FitPoint> points;
  core::Table parameters;
  std::vector<std::string> summary, notes;  ///< what came out; what may not be meant
  std::string chart_library;  ///< JavaScript that defines vegaEmbed; "" leaves the charts out and says so
};

/// Self-contained HTML page of a fit to a table: estimates, and for each quantity its course, observed against predicted, and weighted residuals by
/// time and prediction.
[[nodiscard]] std::string make_fit_report(const FitInput& input);

}  // namespace osteosome::report
