// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/core/table.hpp"
#include "osteosome/tasks/simulation.hpp"

namespace osteosome::tasks {

/// A quantity that takes several values: a parameter or an initial value of the model, or a word in braces of the regimen
/// texts ("{dose} mg") or of age, menopause, ovariectomy, weight and T-scores.
struct ScanAxis {
  std::string name;
  std::vector<double> values;  ///< ascending or as listed
  bool logarithmic = false;
};

/// What becomes of a course over time: its last, largest or smallest value, or the change from the first look to the last [percent].
enum class ScanValue { End, Max, Min, Change };

struct ScanRequest {
  SimulationRequest simulation;   ///< without an event table
  std::vector<std::string> over;  ///< one or two of NAME=1,2,5, NAME=LOW:HIGH:N or NAME=LOW:HIGH:N:log
  ScanValue value = ScanValue::End;
};

struct Scan {
  std::vector<ScanAxis> axes;
  std::vector<std::string> axis_units;  ///< "" for words of regimens
  std::vector<Quantity> quantities;
  std::vector<double> values;           ///< [point x quantity], the last axis fastest; NaN where a simulation failed
  std::vector<std::string> statuses;    ///< of each point: completed, or how it failed
  std::vector<std::string> warnings, notes;
  std::size_t failed = 0;
  bool cancelled = false;
  [[nodiscard]] std::vector<std::size_t> place(std::size_t point) const;  ///< index on each axis
};

/// Simulates every point of the grid. @throws Error with every problem of axes, model and regimens; at most 100 000 points.
[[nodiscard]] Scan scan(const cohort::Workspace& workspace, const ScanRequest& request, const cohort::Job& job = {});
/// A row a point: the axes, the quantities, status.
[[nodiscard]] core::Table scan_table(const Scan& scan);
/// The page with a chart for each quantity.
[[nodiscard]] std::string scan_page(const Scan& scan, const ScanRequest& request, const cohort::Workspace& workspace);

}  // namespace osteosome::tasks
