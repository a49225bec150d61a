// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "osteosome/cohort/scenario.hpp"
#include "osteosome/evidence/animal_compare.hpp"
#include "osteosome/evidence/known_grades.hpp"
#include "osteosome/evidence/power.hpp"
#include "osteosome/evidence/study.hpp"
#include "osteosome/model/outcomes.hpp"

namespace osteosome::report {

/// A chart as data: a Vega-Lite specification.
struct Chart {
  std::string id;     ///< file name stem
  std::string title;
  std::string caption;
  std::string spec;   ///< JSON
};

/// Everything a report is made of.
struct ReportInput {
  const cohort::Scenario& scenario;
  const std::vector<simulate::CompiledModel>& models;
  const cohort::ScenarioResult& result;
  const std::vector<evidence::Comparison>& comparisons;
  const model::Outcomes& outcomes;
  std::string manifest;         ///< JSON text shown at the end
  std::string chart_library;    ///< JavaScript that defines vegaEmbed; "" leaves the charts out and says so
  std::vector<evidence::AnimalComparison> animals = {};
  std::vector<evidence::PowerRow> power = {};
  std::vector<evidence::KnownGrade> grades = {};
  std::vector<std::string> remarks = {};  ///< what may not be meant (evidence::prepare)
};

/// The charts of a scenario, each with its own legend: one an evidence code that any model has: curves of every model and arm, trial points with
/// their error bars over them; then dose responses and groups of own data.
[[nodiscard]] std::vector<Chart> make_charts(const ReportInput& input);

/// The JavaScript that draws charts, of a data folder; "" where it was not fetched.
[[nodiscard]] std::string chart_library(const std::string& data_root);
/// The self-contained HTML page; `charts` are those of make_charts.
[[nodiscard]] std::string make_report(const ReportInput& input, const std::vector<Chart>& charts);

}  // namespace osteosome::report
