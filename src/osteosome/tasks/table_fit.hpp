// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "osteosome/tasks/calibration.hpp"

namespace osteosome::tasks {

/// Fits the unknowns of a plan to the observations of its table. @throws as calibrate. @pre plan.data
[[nodiscard]] Calibration fit_table(const cohort::Workspace& workspace, evidence::CalibrationPlan plan, const std::string& checkpoint,
                                    const CalibrationJob& job);

}  // namespace osteosome::tasks
