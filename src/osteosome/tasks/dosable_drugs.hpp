// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/cohort/workspace.hpp"

namespace osteosome::tasks {

/// What doses may name: the drugs of the library, and those in [doses] of the model where a text or the event table `data` ("": none) names another.
/// @throws Error for what is no regimen, and for a model or table that cannot be read.
[[nodiscard]] protocol::DrugCatalogue dosable_drugs(const cohort::Workspace& workspace, const cohort::ModelRequest& model,
                                                    const std::vector<std::string>& doses, const std::string& data = "");

}  // namespace osteosome::tasks
