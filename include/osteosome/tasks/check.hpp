// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/cohort/workspace.hpp"

namespace osteosome::tasks {

/// Checks one file of any kind (model, module, therapy, product, overlay, scenario, study, calibration, catalogue, SBML) and says in a few words what
/// it is. What may not be meant goes to `remarks`. @throws Error with every problem.
[[nodiscard]] std::string check(const cohort::Workspace& workspace, const std::string& path, std::vector<std::string>& remarks);

/// A part of an installation: whether it is there, and where, or what it can do.
struct Part {
  std::string what;
  bool there = true;
  std::string detail;
};

/// What an installation with this data folder and cache has and lacks. @throws Error for a model that cannot be read.
[[nodiscard]] std::vector<Part> inspect(const std::string& data_root, const std::string& cache_dir);

}  // namespace osteosome::tasks
