// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/cohort/scenario.hpp"
#include "osteosome/cohort/workspace.hpp"
#include "osteosome/evidence/own_data.hpp"
#include "osteosome/evidence/preclinical.hpp"
#include "osteosome/evidence/study.hpp"

namespace osteosome::evidence {

/// A scenario with everything it needs, checked as a whole: nothing that can be known beforehand goes wrong while it runs.
struct PreparedScenario {
  cohort::Scenario scenario;  ///< with the visits of its trials and the uncertain constants added
  std::vector<simulate::CompiledModel> models;
  std::vector<Study> studies;      ///< all there are
  std::vector<AnimalRow> animals;  ///< of the animal studies, where the scenario lays something over
  std::vector<OwnData> own;          ///< tables of the user's
  std::vector<std::string> remarks;  ///< what has no effect, or not the one that may be meant: for stderr and the report
};

/// `settings` are those of the command; where they leave the choice, the scenario has it.
/// @throws Error with every problem of the scenario, of its models and of its population in one go.
[[nodiscard]] PreparedScenario prepare(const cohort::Workspace& workspace, cohort::Scenario scenario, const simulate::SolverSettings& settings);

/// @throws Error(Input) culture-001 for every model that is no culture.
void require_cultures(const PreparedScenario& prepared);

}  // namespace osteosome::evidence
