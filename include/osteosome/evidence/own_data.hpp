// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "osteosome/evidence/study.hpp"

namespace osteosome::evidence {

/// A group's mean at one time, of the user's own data.
struct OwnPoint {
  std::string arm, outcome;  ///< name of the scenario's arm; code
  core::Time time;           ///< after the start of treatment
  std::string unit;          ///< "percent_change", or that of the outcome
  double mean = 0;
  std::optional<double> sd, se;
  double n = 0;              ///< 0: not known
  std::vector<double> values = {};  ///< of single animals or women, where the table has them
};

/// One table of own data (docs/reference/own-data.md).
struct OwnData {
  std::string title, file;
  std::vector<OwnPoint> points;
  std::vector<std::string> remarks;  ///< columns and rows that are not used
};

/// The table at `path`, or the tables (.csv) of that folder. @throws Error(Io) io-001 for a folder without any.
[[nodiscard]] std::vector<cohort::OwnTable> own_tables_at(const std::string& path);

/// Reads the tables that the scenario names, checks arms and outcomes, and adds their times to the scenario's times of looking. Values of single
/// animals or women become means. @throws Error(Io), Error(Input) with every problem of every table (own-001 to -003).
[[nodiscard]] std::vector<OwnData> attach_own_data(cohort::Scenario& scenario, const model::Outcomes& outcomes, const core::UnitSystem& units);

/// What of the data is not used, and why: another unit than the model's, no value at time 0, an outcome that no model has.
[[nodiscard]] std::vector<std::string> own_data_remarks(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                                                        const std::vector<OwnData>& data);

/// Own means beside the simulated ones, in percent change from time 0 unless the report shows values in their units.
[[nodiscard]] std::vector<Comparison> compare_own_data(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                                                       const cohort::ScenarioResult& result, const std::vector<OwnData>& data);

}  // namespace osteosome::evidence
