// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/core/table.hpp"
#include "osteosome/evidence/power.hpp"
#include "osteosome/evidence/prepare.hpp"

namespace osteosome::tasks {

/// What goes before [power] of the scenario.
struct PowerRequest {
  double wished = 0;                 ///< power, 0: the scenario's
  std::vector<std::string> spreads;  ///< ENDPOINT=CV: coefficient of variation between animals
  simulate::SolverSettings solver;
};

/// How many animals the next study needs, and what that rests on.
struct Power {
  evidence::PreparedScenario prepared;
  cohort::ScenarioResult result;
  std::vector<evidence::PowerRow> rows;  ///< none if cancelled
};

/// Simulates the arms of a scenario with [power] and counts animals a group (docs/reference/power.md). Evidence is not laid over.
/// @throws Error(Input) power-002 without [power], power-004 with everything that is wrong with the spreads; else as `prepare`.
[[nodiscard]] Power power(const cohort::Workspace& workspace, cohort::Scenario scenario, const PowerRequest& request, const cohort::Job& job = {});
/// What `osteosome power` prints: animals a group by arm, endpoint and time, and what that rests on.
[[nodiscard]] std::string power_text(const Power& power);
/// Endpoints whose spread rests on little.
[[nodiscard]] std::vector<std::string> power_remarks(const Power& power);
/// power.html.
[[nodiscard]] std::string power_page(const Power& power, const cohort::Workspace& workspace);
/// power.csv: a row an arm, endpoint, time and number of animals.
[[nodiscard]] core::Table power_table(const std::vector<evidence::PowerRow>& rows);

}  // namespace osteosome::tasks
