// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "osteosome/cohort/workspace.hpp"

namespace osteosome::tasks {

/// Which model is to be written in another form.
struct ConvertRequest {
  std::string from;                ///< model document, SBML file, scenario, or id of a built-in model
  std::string species;             ///< overlay, or ""
  std::vector<std::string> doses;  ///< regimen texts that become events up to `until`
  std::string until;
  std::string arm, model;  ///< of a scenario: what the typical subject of this arm is given becomes events; which of its models ("": the first)
};

/// A model, and for an arm of a scenario where in model time it is looked at, and its outputs (JSON, for SED-ML).
struct Converted {
  model::Model model;
  std::optional<std::string> course;
  std::vector<std::string> notes;
};

/// @throws Error for what cannot be loaded, or does not go together.
[[nodiscard]] Converted convert(const cohort::Workspace& workspace, const ConvertRequest& request);
/// The model as TOML or SBML, as the ending of `file` says: .toml, .xml or .sbml. What libSBML warns of goes to `notes`.
/// @throws Error(Input) usage for another ending or none, Error(Model) with libSBML's findings.
[[nodiscard]] std::string text_for(const model::Model& model, const std::string& file, std::vector<std::string>& notes);

}  // namespace osteosome::tasks
