// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace osteosome::report {

struct ScanInput {
  struct Axis {
    std::string name, unit;
    std::vector<double> values;
    bool logarithmic = false;
  };
  struct Quantity {
    std::string name, unit, label;
  };
  std::string title, measure;  ///< what of each course is shown
  std::vector<Axis> axes;      ///< one or two
  std::vector<Quantity> quantities;
  std::vector<double> values;  ///< [point x quantity], the last axis fastest
  std::vector<std::string> notes;
  std::string chart_library;   ///< JavaScript that defines vegaEmbed; "" leaves the charts out and says so
};

/// Self-contained HTML page with a chart for each quantity: lines over the first axis, one for each value of a second one of up to seven values, else
/// a map of both.
[[nodiscard]] std::string make_scan_report(const ScanInput& input);

}  // namespace osteosome::report
