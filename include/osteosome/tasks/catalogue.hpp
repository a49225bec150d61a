// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/cohort/workspace.hpp"

namespace osteosome::tasks {

/// What can be listed: drugs, products, species, strains, outcomes, sites, scenarios, studies.
[[nodiscard]] const std::vector<std::string>& listed();
/// The words of one kind that regimen texts, scenarios and studies may name, each with what it means. @pre `what` is one of listed()
/// @throws Error for a document that cannot be read.
[[nodiscard]] core::Table list(const cohort::Workspace& workspace, const std::string& what);

/// What can be begun from a template, in the order of the data folder's templates/: clinical, drug, model, product, rat-study.
[[nodiscard]] std::vector<std::string> templates(const cohort::Workspace& workspace);
/// A commented document to start from, written to `path`. @throws Error(Io) for a file that is there already, Error(Input) for an unknown kind.
void begin(const cohort::Workspace& workspace, const std::string& kind, const std::string& path);

}  // namespace osteosome::tasks
