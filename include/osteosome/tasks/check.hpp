// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/cohort/workspace.hpp"

namespace osteosome::tasks {

/// Checks one file of any kind (model, module, therapy, product, overlay, scenario, study, calibration, catalogue, SBML) and says in a few words what
/// it is. What may not be meant goes to `remarks`. @throws Error with every problem.
[[nodiscard]] std::string check(const cohort::Workspace& workspace, const std::string& path, std::vector<std::string>& remarks);

}  // namespace osteosome::tasks
